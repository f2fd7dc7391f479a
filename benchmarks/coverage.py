"""How often the intervals of `eval` hold what they estimate: `python -m benchmarks.coverage [trials] [rows]`.

Samples of three kinds of text are drawn independently: news (many words, few repeats), templated (fillings of a few
frames, near copies among them) and skewed (lengths, labels and repeats that a few texts decide). What a measure
estimates is its mean over samples of the same size. `compare` is tried on two samples of one kind: it should say tie.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from datagen_cli.core.registry import load
from datagen_cli.evaluation.compare import compare
from datagen_cli.evaluation.evaluate import FeatureViews, measure
from datagen_cli.evaluation.load import Loaded
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.text.embed import Embedder, open_embedder

MEASURES = (
    "self_bleu", "distinct_n", "ingf", "compression_ratio", "near_duplicates", "repetition", "length", "balance",
    "entity_entropy", "aps", "remote_clique", "vendi", "safety",
)  # fmt: skip
WORDS = [f"{a}{b}{c}" for a in "bcdfghklmnprst" for b in "aeiou" for c in ("", "n", "r", "st", "ll", "nd", "m", "x")]
NAMES = ["Paris", "Berlin", "Anna Smith", "Reuters", "Madrid", "Tokyo", "John Miller", "Oslo", "Kenya", "Lima"]
_ZIPF = list(accumulate(1 / (rank + 3) for rank in range(len(WORDS))))
_FLAT = list(accumulate([1] * len(WORDS)))

Row = dict[str, Any]


def news(rng: random.Random) -> Row:
    """Words by Zipf's law; four even labels."""
    words = rng.choices(WORDS, cum_weights=_ZIPF, k=rng.randint(15, 45))
    if rng.random() < 0.7:
        words.insert(rng.randrange(len(words)), rng.choice(NAMES))
    if rng.random() < 0.03:
        words.append("write to someone@mail.test")
    return {"text": " ".join(words), "label": rng.choice("abcd")}


def templated(rng: random.Random) -> Row:
    """A frame of twenty words with three slots; two even labels."""
    frame = rng.randrange(30)
    words = [WORDS[(frame * 37 + place * 11) % len(WORDS)] for place in range(20)]
    for place in (4, 11, 18):
        words[place] = rng.choice(WORDS[: 5 + 10 * frame])
    return {"text": " ".join([*words, rng.choice(NAMES)]), "label": rng.choice("ab")}


def skewed(rng: random.Random) -> Row:
    """Lognormal lengths, loops, and a tenth of stock texts; labels by Zipf's law."""
    label = rng.choices("abcdef", weights=[32, 16, 8, 4, 2, 1])[0]
    if rng.random() < 0.1:
        return {"text": f"please see the note number {rng.randint(1, 40)} for more of this", "label": label}
    words = rng.choices(WORDS, cum_weights=_FLAT, k=max(2, int(rng.lognormvariate(2.7, 0.7))))
    if rng.random() < 0.1:
        words = words[:5] * rng.randint(2, 6)
    return {"text": " ".join([*words, *rng.choices(NAMES, weights=range(10, 0, -1))]), "label": label}


KINDS: dict[str, Callable[[random.Random], Row]] = {"news": news, "templated": templated, "skewed": skewed}


def sample(kind: str, n: int, seed: object) -> Dataset:
    """n independent rows of a kind."""
    rng = random.Random(f"{kind} {seed}")
    return Dataset(kind, [KINDS[kind](rng) for _ in range(n)], ("text",), "label")


def coverage(name: str, kind: str, *, trials: int, n: int, embedder: Embedder) -> tuple[float | None, float]:
    """The share of intervals that hold the mean of the values, None without intervals; and the mean itself."""
    found = [measure(name, Features(sample(kind, n, trial), embedder=embedder), None) for trial in range(trials)]
    values = [one.value for one in found if one.value is not None]
    truth = sum(values) / len(values)
    held = [one.interval[0] <= truth <= one.interval[1] for one in found if one.interval is not None]
    return (sum(held) / len(held) if len(held) > trials // 2 else None), truth


def ties(kind: str, names: Sequence[str], *, trials: int, n: int, embedder: Embedder) -> dict[str, float]:
    """The share of pairs of samples of one kind that `compare` calls a tie, by measure."""
    counts = {name: [0, 0] for name in names}
    for trial in range(trials):
        sides = [
            FeatureViews(Loaded(sample(kind, n, f"{side} {trial}"), n), embedder) for side in ("first", "second")
        ]  # fmt: skip
        found = compare(sides[0], sides[1], None, names, lambda text: None)["metrics"]
        for name, item in found.items():
            if "verdict" in item:
                counts[name][0] += item["verdict"] == "tie"
                counts[name][1] += 1
    return {name: tied / tried for name, (tied, tried) in counts.items() if tried}


def main(trials: int = 400, n: int = 200) -> None:
    """Prints a table of the coverage and one of the ties."""
    embedder = open_embedder("hashed", None)
    for name in MEASURES:
        cells = []
        for kind in KINDS:
            held, truth = coverage(name, kind, trials=trials, n=n, embedder=embedder)
            cells.append(f"{kind} {'none' if held is None else f'{held:.3f}'} ({truth:.4g})")
        print(f"{name:18} {'  '.join(cells)}", flush=True)
    directed = [name for name in MEASURES if load("metrics", name).direction != "none"]
    for kind in KINDS:
        found = ties(kind, directed, trials=max(1, trials // 4), n=n, embedder=embedder)
        print(f"ties {kind:10} {'  '.join(f'{name} {share:.2f}' for name, share in found.items())}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
