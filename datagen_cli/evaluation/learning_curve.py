"""`datagen student`: students of real, synthetic, and real + synthetic rows at several sizes, on the same test rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from datagen_cli.core.errors import DataError
from datagen_cli.evaluation.student import (
    Labelled,
    Score,
    Student,
    draw,
    gap,
    labelled,
    map_of,
    split_half,
    train_and_score,
    unfit,
    without,
)
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.students.linear import Linear
from datagen_cli.text.linear import Embed


def default_sizes(synthetic: int, real: int) -> list[int]:
    """A quarter, a half and all of the smaller side."""
    n = min(synthetic, real)
    return sorted({size for size in (n // 4, n // 2, n) if size >= 2})


def learning_curve(
    synthetic: Dataset,
    test: Dataset,
    real: Dataset | None,
    *,
    sizes: Sequence[int],
    seeds: int,
    embed: Embed | None,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """What each student scores. Without `real` half of the test rows are the real training rows.

    Rows: `{"train", "n", "n_real", "n_synthetic", "accuracy", "macro_f1"}`, each score with its interval, and
    `gap` to real rows of the same number. Sizes above what there is are cut. Raises `DataError` where nothing can be
    trained.
    """
    ours, examined = labelled(synthetic), labelled(test)
    if real is None:
        genuine, examined = split_half(examined)
    else:
        genuine = without(labelled(real), examined)
    given, ours = len(ours), without(ours, examined)
    if reason := unfit(ours, examined) or unfit(genuine, examined):
        told = "test on other rows than those that the set was made from, or name others with --reference"
        in_test = genuine.in_test or ours.in_test
        raise DataError(
            reason, hint=told if in_test else "--label names the label field, --reference real rows to train on"
        )
    most = min(len(ours), len(genuine))
    rows = []
    for size in sorted({min(size, most) for size in sizes} if sizes else default_sizes(len(ours), len(genuine))):
        say(f"students of {size:,} rows")
        rows += _of_size(size, ours, genuine, examined, seeds, embed)
    if len(ours) > most:
        say(f"student of all {len(ours):,} synthetic rows")
        rows.append(_row("synthetic", 0, len(ours), train_and_score([ours] * seeds, examined, embed)))
    return {
        Student.name: Linear(embed=embed).signature,
        "seeds": seeds,
        "n_test": len(examined),
        "left_out": given - len(ours),
        "real_from": "half of the test rows" if real is None else real.name,
        "labels": sorted(set(examined.labels)),
        "rows": rows,
        "cartography": map_of(ours, embed),
    }


def _of_size(
    size: int, ours: Labelled, genuine: Labelled, test: Labelled, seeds: int, embed: Embed | None
) -> list[dict[str, Any]]:
    """Students of `size` real rows, `size` synthetic ones, and both together."""
    reals = [draw(genuine, size, seed) for seed in range(seeds)]
    synthetics = [draw(ours, size, seed) for seed in range(seeds)]
    both = [first.plus(second) for first, second in zip(reals, synthetics, strict=True)]
    real = train_and_score(reals, test, embed)
    synthetic = train_and_score(synthetics, test, embed)
    mixed = train_and_score(both, test, embed)
    return [
        _row("real", size, 0, real),
        _row("synthetic", 0, size, synthetic) | _gap(test, synthetic, real),
        _row("real+synthetic", size, size, mixed) | _gap(test, mixed, real),
    ]


def _row(train: str, n_real: int, n_synthetic: int, score: Score) -> dict[str, Any]:
    return {
        "train": train,
        "n": n_real + n_synthetic,
        "n_real": n_real,
        "n_synthetic": n_synthetic,
        "accuracy": {"value": score.accuracy, "interval": list(score.accuracy_interval)},
        "macro_f1": {"value": score.macro_f1, "interval": list(score.macro_f1_interval)},
    }


def _gap(test: Labelled, score: Score, real: Score) -> dict[str, Any]:
    value, interval = gap(test, score, real)
    low, high = interval
    verdict = "tie" if low <= 0 <= high else "better" if low > 0 else "worse"
    return {"gap": {"value": value, "interval": list(interval), "verdict": verdict}}
