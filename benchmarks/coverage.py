"""How often the intervals of `eval` hold what they estimate: `python -m benchmarks.coverage`.

Arguments: trials, rows, processes, the number of the first trial and a file. What the file holds of an earlier run is
not done again, so that a table can be made in several goes. Samples of four kinds of text are drawn independently: news
(many words, few repeats), templated (fillings of a few frames, near copies among them), skewed (lengths, labels and
repeats that a few texts decide) and forms (fewer frames, used unevenly). What a measure estimates is its mean over
samples of the same size. `compare` is tried on two samples of one kind: it should say tie. A trial takes about 0.4 CPU
seconds a kind with OPENBLAS_NUM_THREADS=1; where other work runs, the threads of BLAS multiply that.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from math import nan
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from datagen_cli.evaluation.compare import compare
from datagen_cli.evaluation.evaluate import FeatureViews, measure
from datagen_cli.evaluation.load import Loaded
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.text.embed import open_embedder

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


def forms(rng: random.Random) -> Row:
    """Eight frames of 8 to 26 words that are used unevenly, each with one to five slots of one to three words."""
    frame = rng.choices(range(8), weights=[1 / (rank + 1) for rank in range(8)])[0]
    drawn = random.Random(f"form {frame}")
    words = drawn.choices(WORDS, k=drawn.randint(8, 26))
    for place in drawn.sample(range(len(words)), drawn.randint(1, 5)):
        most = drawn.choice((3, 10, 40, 200))
        words[place] = " ".join(WORDS[place * 13 + rng.randrange(most)] for _ in range(rng.randint(1, 3)))
    return {"text": " ".join(words), "label": rng.choice("abc")}


KINDS: dict[str, Callable[[random.Random], Row]] = {
    "news": news, "templated": templated, "skewed": skewed, "forms": forms,
}  # fmt: skip


def sample(kind: str, n: int, seed: object) -> Dataset:
    """n independent rows of a kind."""
    rng = random.Random(f"{kind} {seed}")
    return Dataset(kind, [KINDS[kind](rng) for _ in range(n)], ("text",), "label")


def intervals(kind: str, trial: int, n: int) -> dict[str, tuple[float | None, tuple[float, float] | None]]:
    """The value and the interval of each measure of one sample."""
    features = Features(sample(kind, n, trial), embedder=open_embedder("hashed", None))
    found = {name: measure(name, features, None) for name in MEASURES}
    return {name: (one.value, one.interval) for name, one in found.items()}


def verdicts(kind: str, trial: int, n: int) -> dict[str, str | None]:
    """Whether `compare` finds the two samples different, by measure; None where they are equal to the last digit."""
    embedder = open_embedder("hashed", None)
    sides = [FeatureViews(Loaded(sample(kind, n, f"{side} {trial}"), n), embedder) for side in ("first", "second")]
    found = compare(sides[0], sides[1], None, MEASURES, lambda text: None)["metrics"]
    return {name: _said(item) for name, item in found.items()}


def _said(item: Mapping[str, Any]) -> str | None:
    if "interval" not in item or item["value"] == item["other"]:
        return None
    return "tie" if item["interval"][0] <= 0 <= item["interval"][1] else "differs"


TABLES: dict[str, Callable[[str, int, int], dict[str, Any]]] = {"held": intervals, "ties": verdicts}


def held(found: Sequence[tuple[float | None, tuple[float, float] | None]]) -> tuple[float | None, float]:
    """The share of intervals that hold the mean of the values, None where few have one; and the mean itself."""
    values = [value for value, _ in found if value is not None]
    truth = sum(values) / len(values) if values else nan
    inside = [interval[0] <= truth <= interval[1] for _, interval in found if interval is not None]
    return (sum(inside) / len(inside) if len(inside) > len(found) // 2 else None), truth


def main(count: int = 400, n: int = 200, processes: int = 2, first: int = 0, kept: Path | None = None) -> None:
    """Prints a table of the coverage and one of the ties, with their means; `kept`: what earlier runs found."""
    trials = range(first, first + count)
    jobs = [(title, kind, trial, n) for title in TABLES for trial in trials for kind in KINDS]
    done: dict[tuple[Any, ...], dict[str, Any]] = {}
    if kept is not None and kept.exists():
        done = {tuple(job): found for job, found in map(json.loads, kept.read_text("utf-8").splitlines())}
    with Pool(processes) as pool, open(kept or os.devnull, "a", encoding="utf-8") as file:
        for job, found in pool.imap_unordered(_done, [job for job in jobs if job not in done]):
            done[job] = found
            file.write(json.dumps([job, found]) + "\n")
            file.flush()
    for title in TABLES:
        shares = []
        for kind in KINDS:
            of_kind = [done[title, kind, trial, n] for trial in trials]
            for name in MEASURES:
                share, shown = _share([item.get(name) for item in of_kind], title)
                shares += [] if share is None else [share]
                print(f"{title} {kind:10} {name:18} {shown}", flush=True)
        print(f"{title} {min(shares):.3f} to {max(shares):.3f}, mean {sum(shares) / len(shares):.3f}", flush=True)


def _done(job: tuple[str, str, int, int]) -> tuple[tuple[str, str, int, int], dict[str, Any]]:
    return job, TABLES[job[0]](*job[1:])


def _share(found: Sequence[Any], title: str) -> tuple[float | None, str]:
    if title == "held":
        share, truth = held(found)
        return share, f"{'none' if share is None else f'{share:.3f}'} ({truth:.4g})"
    said = [item for item in found if item is not None]
    share = said.count("tie") / len(said) if said else None
    return share, "none" if share is None else f"{share:.3f}"


if __name__ == "__main__":
    numbers = dict(zip(("count", "n", "processes", "first"), map(int, sys.argv[1:5]), strict=False))
    main(**numbers, kept=Path(sys.argv[5]) if len(sys.argv) > 5 else None)
