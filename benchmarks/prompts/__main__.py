"""`python -m benchmarks.prompts [--attempts 60] [--before TREE]`: how SmolLM2 follows the prompts of shipped recipes,
those of this checkout and of another one, how it answers checks, and whether hostile rows make it do what they say.

Every cell is `--attempts` slots with one attempt each: nothing is mended, no check asks, near copies of examples and of
one another are no records. Label kept is told by a classifier trained on real AG News where `../shared/data` is there.
Each figure is printed, and appended to `--out`, when it is known. An hour or two on one free core at the default.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.prompts.asked import CHECKS, checker, injection
from benchmarks.prompts.cells import ROOT, Cell, LabelOf, Machine
from benchmarks.prompts.measure import Figures, pages
from datagen_cli.pipeline.engines.local import LocalEngine

NEWS = ROOT.parent / "shared" / "data" / "ag_news" / "train.jsonl"
SETS = ("truthfulqa", "mmlu", "ag_news", "tickets")
LABELLED = 100
"""Attempts on AG News, whose labels are told."""
Job = tuple[str, str, Callable[[], Awaitable[dict[str, Any]]]]


def main() -> None:
    """Measures what is asked for and prints the tables."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--attempts", type=int, default=60)
    asked.add_argument("--before", type=Path, help="a checkout whose prompts are measured beside these")
    asked.add_argument("--only", nargs="*", help="parts: sets, checks, fence, turn, before, now, ag_news/before")
    asked.add_argument("--model", default="gguf/smollm2")
    asked.add_argument("--servers", type=int, default=1, help="servers of the model side by side")
    asked.add_argument("--threads", type=int, default=1, help="threads and calls at once of each server")
    asked.add_argument("--news", type=Path, default=NEWS, help="labelled news for the classifier")
    asked.add_argument("--out", type=Path, help="a file for every figure, a JSON line each")
    asked.add_argument("--keep", type=Path, help="a folder for the runs")
    options = asked.parse_args()
    engine = LocalEngine()
    with tempfile.TemporaryDirectory() as folder:
        if options.keep is not None:
            options.keep.mkdir(parents=True, exist_ok=True)
        found = engine.run(lambda: measured(options, options.keep or Path(folder), engine))
    sys.stdout.write(pages(found) + "\n")


async def measured(options: argparse.Namespace, folder: Path, engine: LocalEngine) -> list[Figures]:
    """All figures, in the order of the jobs; so many jobs at a time as there are servers."""
    machine = Machine(options.model, options.threads, options.threads)
    todo = [job for job in jobs(options, machine, folder, engine) if wanted(job, options.only)]
    found: dict[int, Figures] = {}
    places = iter(range(len(todo)))

    async def some() -> None:
        for place in places:
            name, design, run = todo[place]
            started = time.monotonic()
            try:
                figures = await run()
            except SystemExit as error:
                sys.stderr.write(f"{name} {design}: {error}\n")
                continue
            found[place] = (name, design, {**figures, "seconds": round(time.monotonic() - started)})
            line = json.dumps(found[place])
            sys.stderr.write(f"{line}\n")
            if options.out is not None:
                with options.out.open("a") as file:
                    file.write(f"{line}\n")

    await asyncio.gather(*(some() for _ in range(options.servers)))
    return [found[place] for place in sorted(found)]


def jobs(options: argparse.Namespace, machine: Machine, folder: Path, engine: LocalEngine) -> list[Job]:
    """Everything that there is to measure, what takes longest first."""
    label_of = news_classifier(options.news)
    cells = []
    trees = [("before", options.before.resolve())] if options.before else []
    for design, tree in (("now", None), *trees):
        for name in SETS:
            attempts = (
                max(options.attempts, LABELLED) if name == "ag_news" and options.attempts >= 60 else options.attempts
            )
            cells.append(Cell(name, design, attempts if tree is None else options.attempts, tree))
        if tree is None:
            cells.append(Cell("ag_news", "now, 5 a call", options.attempts, None, ("records_per_call=5",)))
    found: list[Job] = [(cell.recipe, cell.design, partial(cell.measured, machine, folder, label_of)) for cell in cells]
    for name in CHECKS:
        found.append((name, "check", partial(checker, name, machine, options.attempts, engine)))
    for way in ("fence", "turn"):
        found.append((way, "hostile", partial(injection, way, machine)))
    return found


def wanted(job: Job, only: list[str] | None) -> bool:
    """Whether a job is among the parts asked for: by its name, by its design, or by `name/design`."""
    return not only or not {job[0], job[1], f"{job[0]}/{job[1]}"}.isdisjoint(only)


def news_classifier(file: Path) -> LabelOf | None:
    """What tells the label of a news item, trained on real ones; None where they are not there."""
    if not file.is_file():
        sys.stderr.write("label kept is left out: no ../shared/data\n")
        return None
    from datagen_cli.students.linear import Linear

    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return Linear().fit([line["text"] for line in lines], [line["label"] for line in lines]).predict


if __name__ == "__main__":
    main()
