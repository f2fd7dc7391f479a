"""The experiment: every variant at several seeds, measured beside FewGen, its control and real items of equal number.

The report is a JSON object: `{"count", "seeds", "teacher", "judge_accuracy", "rows": [{"name", "figures": {name:
{"mean", "low", "high", "n"}}, "values": {name: {seed: value}}, "tokens_a_text", "forward_rows", "rejected",
"seconds", "against": {other: {figure: {"mean", "low", "high", "verdict"}}}}]}`. Differences are taken seed by seed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.corrsynth.measure import FIGURES, Truth, difference, estimate, figures, verdict
from benchmarks.corrsynth.news import Item
from benchmarks.corrsynth.runs import Run, generate
from benchmarks.corrsynth.variants import Variant

REAL = "real items"
COMPARED = tuple(name for name, kind in FIGURES.items() if kind.better)


@dataclass
class Line:
    """The runs of one variant: figures by name and seed, and what the runs took."""

    name: str
    controls: tuple[str, ...] = ()
    values: dict[str, dict[int, float]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)

    def add(self, seed: int, found: Mapping[str, float | None]) -> None:
        """The figures of one seed; what has no value is left out."""
        for name, value in found.items():
            if value is not None:
                self.values.setdefault(name, {})[seed] = value


@dataclass(frozen=True)
class Experiment:
    """What is run: texts a run, ascending seeds, the teacher's folder, where runs are kept, real items to compare with,
    further arguments of `generate`."""

    count: int
    seeds: Sequence[int]
    teacher: Path
    folder: Path
    truth: Truth
    say: Callable[[str], None] = lambda text: None
    more: Sequence[str] = ()

    def run(self, variants: Sequence[Variant]) -> Iterator[dict[str, Any]]:
        """Makes and measures everything; after every seed the report of the seeds so far."""
        lines = {REAL: Line(REAL)} | {one.name: Line(one.name, one.controls) for one in variants}
        for seed in self.seeds:
            lines[REAL].add(seed, self._real(seed))
            for variant in variants:
                place = self.folder / f"{_slug(variant.name)}-{seed}"
                run = generate(variant, seed, self.count, self.teacher, place, self.more)
                line = lines[variant.name]
                line.runs.append(run)
                line.add(seed, figures(run.items, self.truth))
                self.say(f"seed {seed}: {variant.name}: {run.seconds:.0f} s, {_short(line, seed)}")
            yield self._report(lines, [one for one in self.seeds if one <= seed])

    def _real(self, seed: int) -> dict[str, float | None]:
        """The figures of real training items. The judge knows these: what it keeps is said of test items, once."""
        found = figures(drawn(self.truth.train, self.count, seed), self.truth) | {"copied": None, "label_kept": None}
        return found | ({"label_kept": self.truth.judge_accuracy} if seed == self.seeds[0] else {})

    def _report(self, lines: Mapping[str, Line], seeds: Sequence[int]) -> dict[str, Any]:
        training = self.teacher / "training.json"
        return {
            "count": self.count,
            "seeds": list(seeds),
            "teacher": json.loads(training.read_text("utf-8")) if training.is_file() else None,
            "judge_accuracy": self.truth.judge_accuracy,
            "rows": [row(line, lines) for line in lines.values()],
        }


def drawn(items: Sequence[Item], count: int, seed: int) -> list[Item]:
    """Real items, as many of each label as a run has, drawn by the seed."""
    rng = random.Random(seed)
    labels = sorted({item.label for item in items})
    share, over = divmod(count, len(labels))
    found: list[Item] = []
    for place, label in enumerate(labels):
        found += rng.sample([item for item in items if item.label == label], share + (place < over))
    return found


def row(line: Line, lines: Mapping[str, Line]) -> dict[str, Any]:
    """A line of the report."""
    others = [name for name in line.controls if name in lines]
    runs = line.runs
    texts = sum(len(run.items) for run in runs)
    rejected: dict[str, int] = {}
    for run in runs:
        for reason, count in run.rejected.items():
            rejected[reason] = rejected.get(reason, 0) + count
    return {
        "name": line.name,
        "figures": {name: asdict(estimate(list(values.values()))) for name, values in line.values.items()},
        "values": line.values,
        "tokens_a_text": sum(run.tokens for run in runs) / texts if texts else None,
        "forward_rows": sum(run.forward_rows for run in runs) / len(runs) if runs else None,
        "rejected": rejected,
        "seconds": sum(run.seconds for run in runs) / len(runs) if runs else None,
        "against": {name: against(line, lines[name]) for name in others},
    }


def against(line: Line, other: Line) -> dict[str, Any]:
    """The differences of one line from another, figure by figure."""
    found = {}
    for name in COMPARED:
        gap = difference(line.values.get(name, {}), other.values.get(name, {}))
        if gap is not None:
            found[name] = {**asdict(gap), "verdict": verdict(gap, FIGURES[name].better)}
    return found


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter == "." else "_" for letter in name)


def _short(line: Line, seed: int) -> str:
    shown = [(FIGURES[name].title, line.values[name][seed]) for name in FIGURES if seed in line.values.get(name, {})]
    return ", ".join(f"{title} {value:.3f}" for title, value in shown)
