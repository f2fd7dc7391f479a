"""Runs of the experiment: `datagen generate` on the recipe of this folder, and what each run made and took."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.corrsynth.news import Item
from benchmarks.corrsynth.variants import Variant
from datagen_cli.cli import app
from datagen_cli.core.errors import EXIT_DONE

RECIPE = Path(__file__).with_name("news.yaml")


class RunFailed(Exception):
    """A run that did not make what was asked for; the message is its last words."""


@dataclass(frozen=True, slots=True)
class Run:
    """The accepted texts, and what they took: tokens written (those of rejected texts too), rows forwarded through
    the model (a row a token; negatives are rows too), texts rejected by reason, seconds."""

    items: Sequence[Item]
    tokens: int
    forward_rows: int
    rejected: Mapping[str, int]
    seconds: float


def generate(variant: Variant, seed: int, count: int, teacher: Path, folder: Path, more: Sequence[str] = ()) -> Run:
    """One run of the recipe into `folder`; one that is there already goes on or is read. `more`: further arguments.

    Runs of one seed have one plan and the same examples in every prompt, whatever the variant. Raises `RunFailed`.
    """
    settings = {"model.name": f"local/{teacher.resolve()}", **variant.settings}
    command = ["generate", str(RECIPE), "-o", str(folder), "-n", str(count), "--seed", str(seed), "--quiet", "--json"]
    command += [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    said, words = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(words):
        code = app.run([*command, *more])
    if code != EXIT_DONE:
        raise RunFailed(f"{variant.name}, seed {seed}: exit {code}: {(words.getvalue() or said.getvalue()).strip()}")
    return read_run(folder)


def read_run(folder: Path) -> Run:
    """What a finished run folder holds. The dataset is taken in its order."""
    facts = json.loads((folder / "run.json").read_text("utf-8"))
    rows = _lines(folder / "dataset.jsonl")
    return Run(
        items=[Item(row["text"], row["label"]) for row in rows],
        tokens=int(facts["tokens"]["out"]),
        forward_rows=sum(_forwarded(line) for line in _lines(folder / "checkpoints" / "3-generate.jsonl")),
        rejected=facts["rejected"],
        seconds=float(facts["seconds"]),
    )


def _forwarded(unit: Mapping[str, Any]) -> int:
    """Rows forwarded for one unit: every record of it carries the count of the whole batch."""
    counts = [record["lineage"]["forward_rows"] for record in unit.get("records", []) if record.get("lineage")]
    return int(counts[0] or 0) if counts else 0


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
