"""`python -m tests.bench.metrics`: what the measures cost, as figures and ratios of one run.

Self-BLEU beside nltk's loop (a slice of it, extrapolated, and said so), its growth with the number of texts, and every
measure that needs no embeddings together on 100,000 texts. The texts are GSM8K questions of the sample data, and for
the large sets new texts from their sentences with other numbers. Seconds are CPU seconds of one thread, so that other
work on the machine does not count. Exit code 0: every bar is kept.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import re
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen_cli.catalog import CATALOG
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.self_bleu import bleu_scores, self_bleu

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "data"
EMBEDDING = ("remote_clique", "aps", "vendi", "mauve")
QUESTIONS, SLICE = 2000, 4
LARGE = 100_000
FASTER, GROWTH, SELF_BLEU_S, ALL_S, ALL_GB = 1000, 2.6, 15, 60, 2.0
TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Figure:
    """A measured number; `bar` is what it must not exceed (`at_least`: must reach), None when it is only shown."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False

    @property
    def kept(self) -> bool:
        return self.bar is None or (self.value >= self.bar if self.at_least else self.value <= self.bar)

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        verdict = "" if self.bar is None else f"   {sign} {self.bar:g}  {'pass' if self.kept else 'FAIL'}"
        return f"{self.name:<58}{self.value:>10.3g} {self.unit:<3}{verdict}"


def timed(work: Callable[[], object], rounds: int = 1) -> float:
    """The shortest of some runs, in CPU seconds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def questions(count: int) -> list[str]:
    """GSM8K questions, as many as are asked for."""
    names = (("gsm8k/train", "question"), ("gsm8k/test", "question"), ("synthetic/unigen/seed_gsm8k", "text"))
    found = [
        json.loads(line)[field]
        for name, field in names
        for line in (SAMPLES / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    return found[:count]


def recombined(texts: Sequence[str], count: int) -> list[str]:
    """New texts of two to five sentences of the given ones, the numbers changed; always the same."""
    rng = random.Random(0)
    sentences = [part for text in texts for part in re.split(r"(?<=[.?!])\s+", text) if part]

    def one() -> str:
        text = " ".join(rng.choice(sentences) for _ in range(rng.randint(2, 5)))
        return re.sub(r"\d+", lambda _: str(rng.randint(2, 999)), text)

    return [one() for _ in range(count)]


def nltk_loop_s(texts: Sequence[str], size: int) -> float:
    """Seconds of nltk's loop over all texts, extrapolated from `size` of them against all others."""
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    tokens = [TOKEN.findall(text) for text in texts]
    smooth = SmoothingFunction().method1

    def part() -> None:
        for place in range(size):
            others = tokens[:place] + tokens[place + 1 :]
            sentence_bleu(others, tokens[place], weights=(0.25,) * 4, smoothing_function=smooth)

    return timed(part) * len(texts) / size


def self_bleu_figures(large: Sequence[str]) -> list[Figure]:
    """Beside nltk, and at n / 4, n / 2 and n texts."""
    texts = questions(QUESTIONS)
    ours, theirs = timed(lambda: self_bleu(texts), rounds=3), nltk_loop_s(texts, SLICE)
    figures = [
        Figure(f"self_bleu of {len(texts)} GSM8K questions", ours, "s"),
        Figure(f"nltk's loop over them, extrapolated from {SLICE} of them", theirs, "s"),
        Figure("ratio", theirs / ours, "x", FASTER, at_least=True),
    ]
    seconds = [timed(lambda size=size: self_bleu(large[:size])) for size in _sizes(large)]  # type: ignore[misc]
    for size, value in zip(_sizes(large), seconds, strict=True):
        figures.append(Figure(f"self_bleu of {size} texts", value, "s", SELF_BLEU_S if size == LARGE else None))
    figures.append(Figure("self_bleu, twice the texts take (times as long)", seconds[2] / seconds[1], "x", GROWTH))
    return figures


def _sizes(texts: Sequence[str]) -> tuple[int, int, int]:
    return len(texts) // 4, len(texts) // 2, len(texts)


def all_figures(large: Sequence[str]) -> list[Figure]:
    """Every measure without embeddings, sharing features as `eval` does, against a reference of a tenth the size."""
    rows = [{"text": text, "label": str(place % 4)} for place, text in enumerate(large)]
    features = Features(Dataset("large", rows, ["text"], "label"))
    reference = Features(Dataset("reference", rows[: len(rows) // 10], ["text"], "label"))
    figures = []

    def shared() -> None:
        bleu_scores([features.ngrams(n) for n in range(1, 6)])
        for one in (features, reference):
            _ = one.words, one.entities

    figures.append(Figure("tokens, words, n-grams and entities", timed(shared), "s"))
    for name, target in CATALOG["metrics"].items():
        if name not in EMBEDDING:
            module, _, cls = target.partition(":")
            metric = getattr(importlib.import_module(module), cls)()
            seconds = timed(lambda metric=metric: metric.compute(features, reference))  # type: ignore[misc]
            figures.append(Figure(f"  {name}", seconds, "s"))
    full = len(large) == LARGE
    figures.append(
        Figure(f"all on {len(large)} texts", sum(one.value for one in figures), "s", ALL_S if full else None)
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    figures.append(Figure("peak memory of this process", peak, "GB", ALL_GB))
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.metrics", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the texts: do the pieces work")
    options = parser.parse_args(arguments)
    if not SAMPLES.is_dir():
        print("error: the sample data is not here: shared/data", file=sys.stderr)
        return 2
    large = recombined(questions(QUESTIONS), LARGE // 10 if options.quick else LARGE)
    figures = []
    for part in (self_bleu_figures, all_figures):
        for figure in part(large):
            print(figure, flush=True)
            figures.append(figure)
    return 0 if all(figure.kept for figure in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
