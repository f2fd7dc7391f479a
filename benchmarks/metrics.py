"""`python -m benchmarks.metrics PART [TEXTS]`: what the measures cost, measured in this process and printed as JSON.

PART is `self_bleu`: Self-BLEU beside nltk's loop (a slice of it, extrapolated, and said so), and its growth with the
number of texts; or `measures`: every measure that needs no embeddings, together. The texts are GSM8K questions of the
sample data, and for the large sets new texts from their sentences with other numbers. Seconds are CPU seconds of this
process, so that other work on the machine does not count. `benchmarks` runs it, holds the figures against their bars
and prints the table: `python -m benchmarks self_bleu measures`.
"""

from __future__ import annotations

import json
import random
import re
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from datagen_cli.catalog import CATALOG
from datagen_cli.core.registry import load
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.self_bleu import bleu_scores, self_bleu

SAMPLES = Path(__file__).resolve().parents[1].parent / "shared" / "data"
EMBEDDING = ("remote_clique", "aps", "vendi", "mauve")
QUESTIONS, SLICE = 2000, 4
LARGE = 100_000
TOKEN = re.compile(r"\w+|[^\w\s]")


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


def self_bleu_costs(count: int) -> dict[str, Any]:
    """Seconds of `QUESTIONS` questions, of nltk's loop over them, and of count / 4, count / 2 and count texts."""
    texts = questions(QUESTIONS)
    large = recombined(texts, count)
    ours, theirs = timed(lambda: self_bleu(texts), rounds=3), nltk_loop_s(texts, SLICE)
    sizes = (count // 4, count // 2, count)
    growth = {size: timed(lambda size=size: self_bleu(large[:size]), rounds=2) for size in sizes}  # type: ignore[misc]
    return {"questions": len(texts), "slice": SLICE, "self_bleu_s": ours, "nltk_s": theirs, "growth": growth}


def all_costs(count: int) -> dict[str, Any]:
    """Seconds of every measure without embeddings, and the peak memory of this process in GB.

    They share features as in `eval`; the reference has a tenth of the texts.
    """
    large = recombined(questions(QUESTIONS), count)
    rows = [{"text": text, "label": str(place % 4)} for place, text in enumerate(large)]
    features = Features(Dataset("large", rows, ["text"], "label"))
    reference = Features(Dataset("reference", rows[: len(rows) // 10], ["text"], "label"))

    def shared() -> None:
        bleu_scores([features.ngrams(n) for n in range(1, 6)])
        for one in (features, reference):
            _ = one.terms, one.entities

    seconds = {"tokens, words, n-grams, entities": timed(shared)}
    for name in CATALOG["metrics"]:
        if name not in EMBEDDING:
            metric = load("metrics", name)()
            seconds[name] = timed(lambda metric=metric: metric.compute(features, reference))  # type: ignore[misc]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    return {"seconds": seconds, "peak_gb": peak}


PARTS: dict[str, Callable[[int], dict[str, Any]]] = {"self_bleu": self_bleu_costs, "measures": all_costs}


if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](int(sys.argv[2]) if len(sys.argv) > 2 else LARGE)))
