"""A bench carried out: cell after cell as ordinary runs, then everything measured, then the leaderboard.

Every cell resumes at every call; a finished one asks nobody. One cap holds for the whole table: each run may spend what
the others have left of it. A candidate that is short of records is shown as that and not ranked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from datagen_cli.bench.examine import allowance, examine, within
from datagen_cli.bench.grid import Point
from datagen_cli.bench.judge import NAMES, family, judged, kin, mark_cells
from datagen_cli.bench.leaderboard import LeaderboardRow, documented
from datagen_cli.bench.measured import Measured, at_once, correctness, default_measures, diversity, estimate_of, work_of
from datagen_cli.bench.options import Candidate
from datagen_cli.bench.perplexity import local_name, perplexities
from datagen_cli.bench.plan import Bench, about_of, claim
from datagen_cli.bench.settings import Cell, Setting
from datagen_cli.bench.tables import as_csv, as_markdown
from datagen_cli.core.errors import (
    EXIT_CAP,
    EXIT_PROVIDER,
    EXIT_SHORT,
    CapReached,
    DatagenError,
    ProviderError,
    Stopped,
    UsageError,
)
from datagen_cli.core.jsonl import write_aside, write_json
from datagen_cli.core.ports import Observer
from datagen_cli.evaluation.correctness import Correctness
from datagen_cli.evaluation.evaluate import metric
from datagen_cli.evaluation.load import Loaded
from datagen_cli.metrics.constraints import Constraints
from datagen_cli.metrics.verified import Verified
from datagen_cli.pipeline.connect import RunOptions, refuse_unconfined
from datagen_cli.pipeline.questions import named_model
from datagen_cli.pipeline.session import Session
from datagen_cli.pipeline.whole_run import run_whole
from datagen_cli.runs.folder import RunFolder, dataset_files
from datagen_cli.runs.manifest import Manifest
from datagen_cli.runs.reader import RunReader

WORST = (EXIT_PROVIDER, EXIT_CAP, EXIT_SHORT)


class Watching(Observer, AbstractContextManager[object], Protocol):
    """An observer of one cell, entered while it runs."""


class BenchObserver(Protocol):
    """Told how a bench goes on."""

    def cell(self, cell: Cell, number: int, of: int, count: int) -> Watching:
        """The observer of a cell, the `number`th (from 1) `of` all."""

    def say(self, text: str) -> None:
        """What is under way."""

    def note(self, text: str) -> None:
        """What must not be missed."""


@dataclass
class Done:
    """What a bench came to: the leaderboard's content, what each run took (`cells`), and why it is not whole: `errors`
    of cells and judges, by name."""

    document: dict[str, Any] = field(default_factory=dict)
    cells: list[dict[str, Any]] = field(default_factory=list)
    errors: dict[str, DatagenError] = field(default_factory=dict)
    exit_code: int = 0

    def stop(self, what: str, error: DatagenError) -> None:
        """Notes what was left undone for lack of money or answers."""
        self.errors[what] = error


def run_bench(bench: Bench, watch: BenchObserver, command: str) -> Done:
    """Runs what is left to run, measures, and writes the leaderboard. `command` is what resumes it.

    Raises `Stopped` when the user stops it, `UsageError` for what makes going on pointless (a full disk, a lock).
    """
    _refuse_unconfined(bench)
    claim(bench)
    done = Done()
    _run_cells(bench, watch, command, done)
    rows, head = _measured(bench, watch, done)
    done.document = documented(rows, head)
    write_json(bench.way.out / "leaderboard.json", done.document)
    write_aside(bench.way.out / "leaderboard.csv", [as_csv(done.document).encode()])
    write_aside(bench.way.out / "leaderboard.md", [as_markdown(done.document).encode()])
    done.cells = _cell_facts(bench)
    write_json(bench.way.out / "cells.json", done.cells)
    codes = {error.exit_code for error in done.errors.values()} | ({EXIT_SHORT} if done.document["short"] else set())
    done.exit_code = next((code for code in WORST if code in codes), max(codes, default=0))
    return done


def _refuse_unconfined(bench: Bench) -> None:
    """Raises `UsageError` where the programs of any cell cannot run here, before the first cell is paid for."""
    first = {(cell.setting.name, cell.candidate.name): cell for cell in reversed(bench.cells)}
    for cell in first.values():
        if not cell.candidate.dataset:
            recipe = cell.build(bench.options, bench.way).recipe
            refuse_unconfined(recipe, unsafe_exec=bench.way.unsafe_exec)


def _run_cells(bench: Bench, watch: BenchObserver, command: str, done: Done) -> None:
    cells = [cell for cell in bench.cells if not cell.candidate.dataset]
    total = bench.way.limits.get("max_cost")
    for number, cell in enumerate(cells, start=1):
        cap = allowance(bench, cell.folder)
        if cap is not None and cap <= 0:
            done.errors[cell.name] = CapReached(f"max_cost ${total:g} is used up", hint="raise --max-cost; all is kept")
            continue
        built = cell.build(bench.options, bench.way, max_cost=cap)
        options = RunOptions(
            bench.way.environ,
            bench.way.allow_hosts,
            command=command,
            unsafe_exec=bench.way.unsafe_exec,
            where=bench.way.where,
        )
        observer = watch.cell(cell, number, len(cells), built.recipe.options.count)
        _, error = run_whole(Session(built, RunFolder(cell.folder), options, observer), observer)
        if error is None:
            continue
        if isinstance(error, Stopped | UsageError):
            raise error
        done.errors[cell.name] = error
        watch.note(f"{cell.name}: {error}")


def _measured(bench: Bench, watch: BenchObserver, done: Done) -> tuple[list[LeaderboardRow], dict[str, Any]]:
    """The rows, and what stands before them."""
    rows: dict[tuple[str, str], LeaderboardRow] = {}
    notes: list[str] = []
    curve: list[Point] = []
    asked = bench.options.count or 0
    for candidate in bench.candidates:
        if candidate.dataset and (has := bench.ready[candidate.dataset].total) < asked:
            notes.append(f"{candidate.name} has {has:,} rows, {asked:,} were asked for")
    for setting in bench.settings:
        loaded = {one.name: _loaded(bench, setting, one) for one in bench.candidates}
        own = {one.name: _row(bench, setting, one, loaded[one.name]) for one in bench.candidates}
        ranked = [name for name, row in own.items() if not row.short] or list(own)
        sizes = {len(cell.dataset) for name in ranked for cell in loaded[name]}
        for name, row in own.items():
            watch.say(f"measuring {setting.name} · {name}")
            if loaded[name] and sizes:
                row.measured |= diversity(_wanted(bench), loaded[name], min(sizes))
            rows[setting.name, name] = row
        notes += _at_equal_n(bench, setting, sizes)
        whole = {row.generator: row for (name, _), row in rows.items() if name == setting.name and not row.short}
        if setting.name in bench.exams and len(whole) > 1:
            watch.say(f"training students: {setting.name}")
            remarks, points = examine(bench, setting, whole, watch.note, done.stop)
            notes, curve = notes + remarks, curve + points
        if bench.options.perplexity and whole:
            watch.say(f"reading with {bench.options.perplexity}: {setting.name}")
            _read(bench, setting, whole)
    if pretended := _simulations_among(bench):
        notes.append(f"simulated, so their rank says nothing: {', '.join(pretended)}")
    judge = _judge(bench, watch, rows, done, notes) if bench.judge else None
    head: dict[str, Any] = {"settings": bench.digest, "simulated": bench.simulated, "name": bench.options.name}
    test = bench.options.test
    head |= {"test": None if test is None else Path(test).name, "judge": judge, "notes": notes}
    head |= {"grid": curve} if curve else {}
    return list(rows.values()), head


def _read(bench: Bench, setting: Setting, whole: Mapping[str, LeaderboardRow]) -> None:
    """Puts into the rows how usual a local model finds their texts."""
    cells = {
        one.name: [bench.read(cell).dataset for cell in bench.of(setting, one)[: 1 if one.dataset else None]]
        for one in bench.candidates
        if one.name in whole
    }
    for name, found in perplexities(local_name(str(bench.options.perplexity)), cells).items():
        whole[name].measured["perplexity"] = found


def _simulations_among(bench: Bench) -> list[str]:
    """The candidates that are simulations, where others are not."""
    found = {candidate.name: _is_simulated(bench, bench.settings[0], candidate) for candidate in bench.candidates}
    return [name for name, simulated in found.items() if simulated] if len(set(found.values())) > 1 else []


def _is_simulated(bench: Bench, setting: Setting, candidate: Candidate) -> bool:
    """Whether the offline model writes, or wrote, what a candidate is judged by."""
    if candidate.dataset:
        return bench.ready[candidate.dataset].dataset.simulated
    if candidate.model is None:
        return bool(setting.built and setting.built.simulated)
    return named_model(candidate.model, "generator", bench.way.environ).provider.simulated


def _loaded(bench: Bench, setting: Setting, candidate: Candidate) -> list[Loaded]:
    """The records of a candidate, of each cell that has any."""
    if candidate.dataset:
        return [bench.ready[candidate.dataset]]
    return [bench.read(cell) for cell in bench.of(setting, candidate) if _has_records(cell.folder)]


def _has_records(folder: Path) -> bool:
    return (folder / "run.json").exists() and bool(dataset_files(folder) and RunReader(folder).manifest.accepted)


def _row(bench: Bench, setting: Setting, candidate: Candidate, loaded: Sequence[Loaded]) -> LeaderboardRow:
    """What is known of a candidate without students, judges and measures of its texts."""
    cells, simulated = bench.of(setting, candidate), _is_simulated(bench, setting, candidate)
    if candidate.dataset:
        (one,) = loaded
        return LeaderboardRow(candidate.name, setting.name, one.total, 1, simulated=simulated)
    work = work_of([cell.folder for cell in cells if (cell.folder / "run.json").exists()])
    short = _short(setting, cells)
    row = LeaderboardRow(
        candidate.name, setting.name, work.accepted, len(cells), work, candidate.varied, simulated, short
    )
    if loaded:
        row.measured[Correctness.name] = correctness([one.run.folder for one in loaded if one.run])
        row.measured[Constraints.name] = at_once(loaded, constraints=True)
        row.measured[Verified.name] = at_once(loaded, constraints=False)
    return row


def _at_equal_n(bench: Bench, setting: Setting, sizes: Collection[int]) -> list[str]:
    """Says so where some of the rows of a candidate are left out of measures that grow with their number."""
    grow = [name for name in _wanted(bench) if metric(name).grows_with_n]
    if len(sizes) < 2 or not grow:
        return []
    return [f"{setting.name}: {', '.join(grow)}: on {min(sizes):,} rows of each, as they grow with the number of texts"]


def _wanted(bench: Bench) -> list[str]:
    return default_measures() if bench.options.measures is None else bench.options.measures


def _short(setting: Setting, cells: list[Cell]) -> str:
    """Which cells lack records; empty where all are whole."""
    lacking = []
    for cell in cells:
        if not (cell.folder / "run.json").exists():
            lacking.append(f"seed {cell.seed} was not begun")
        elif (accepted := RunReader(cell.folder).manifest.accepted) < setting.count:
            lacking.append(f"seed {cell.seed} has {accepted:,} of {setting.count:,} records")
    return "; ".join(lacking)


def _judge(
    bench: Bench, watch: BenchObserver, rows: Mapping[tuple[str, str], LeaderboardRow], done: Done, notes: list[str]
) -> dict[str, Any]:
    """Lets the judge mark a sample of every cell, and puts the marks into the rows."""
    desk = bench.judge
    assert desk is not None
    cells = {}
    for setting in bench.settings:
        for candidate in bench.candidates:
            for cell in bench.of(setting, candidate)[: 1 if candidate.dataset else None]:
                if setting.built and (candidate.dataset or dataset_files(cell.folder)):
                    cells[setting.name, candidate.name, cell.seed] = (bench.read(cell).dataset, about_of(setting.built))
    allowed = within(bench, desk)
    if allowed is None:
        done.stop("judge", CapReached("max_cost leaves nothing for the judge", hint="raise --max-cost"))
        return {"model": desk.model.name}
    watch.say(f"judging {len(cells)} cells")
    try:
        marks, answers = mark_cells(allowed, cells, bench.options.judged, watch.note, lambda number: None)
    except ProviderError as error:
        done.stop("judge", error)
        return {"model": desk.model.name}
    if answers.stopped:
        done.stop("judge", answers.stopped)
    simulated = desk.model.provider.simulated
    for (setting_name, name), row in rows.items():
        for aspect, called in NAMES.items():
            by_seed = [found[aspect] for key, found in marks.items() if key[:2] == (setting_name, name)]
            pooled = [mark for one in by_seed for mark in one]
            measure = judged(pooled, f"judge={desk.model.name}|1 to 5")
            estimate = estimate_of(by_seed) if by_seed else None
            row.measured[called] = Measured(measure, estimate, simulated, "judge")
    named = [models for row in bench.candidates if (models := _called(bench, row))]
    if related := kin(desk.model.name, [name for name in named if name != desk.model.name]):
        notes.append(f"the judge {desk.model.name} is of the family of {', '.join(related)}: judges favour their kin")
    return {"model": desk.model.name, "family": family(desk.model.name), "simulated": simulated}


def _called(bench: Bench, candidate: Candidate) -> str:
    """The name of the model that writes for a candidate; empty for a ready dataset."""
    model = candidate.model
    return "" if candidate.dataset else str(model.get("name")) if isinstance(model, Mapping) else str(model or "")


def _cell_facts(bench: Bench) -> list[dict[str, Any]]:
    """What each run took: this is not the same after an interruption."""
    found = []
    for cell in bench.cells:
        if cell.candidate.dataset or not (cell.folder / "run.json").exists():
            continue
        manifest: Manifest = RunReader(cell.folder).manifest
        found.append(
            {
                "setting": cell.setting.name, "generator": cell.candidate.name, "seed": cell.seed,
                "run": str(cell.folder), "state": manifest.state, "accepted": manifest.accepted,
                "tokens": manifest.tokens, "cost_usd": manifest.cost_usd, "seconds": manifest.seconds,
                "calls": manifest.calls, "cached_calls": manifest.cached_calls,
            }
        )  # fmt: skip
    return found
