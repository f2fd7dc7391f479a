"""`datagen bench`: generators, ready datasets and variants of a recipe in one table, with intervals and money."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_cli.bench.plan import Bench
from datagen_cli.cli import bench_options as chosen
from datagen_cli.cli import complete, console
from datagen_cli.cli import options as given
from datagen_cli.cli.invocation import same_command
from datagen_cli.cli.progress import Progress
from datagen_cli.core.errors import EXIT_CAP, UsageError
from datagen_cli.core.jsonl import write_aside
from datagen_cli.metrics.wording import usd
from datagen_cli.pipeline.estimate import contacted, estimate

if TYPE_CHECKING:
    from datagen_cli.bench.options import BenchOptions
    from datagen_cli.bench.plan import Bench
    from datagen_cli.bench.settings import Cell

ENDS = ("low", "high")
EXAMPLES = (
    "datagen bench agora-mini",
    "datagen bench my.yaml --model openai/gpt-4o-mini --model claude-haiku.yaml --test real.jsonl --max-cost 5",
    "datagen bench my.yaml --model offline --vary examples.strategy=random,clusters --seed 1 --seed 2",
    "datagen bench --dataset a=one.jsonl --dataset b=other.jsonl --test real.jsonl",
)


def command(
    recipes: chosen.Recipes = None,
    model: chosen.Generators = None,
    dataset: chosen.Datasets = None,
    vary: chosen.Vary = None,
    count: given.Count = None,
    seed: chosen.Seeds = None,
    set_: given.Set = None,
    test: chosen.Test = None,
    train: chosen.Train = None,
    student: chosen.Students = None,
    student_model: chosen.StudentModel = None,
    fine_tune: chosen.Tuned = None,
    sizes: chosen.Sizes = None,
    judge: chosen.Judge = None,
    perplexity: chosen.Perplexity = None,
    metrics: chosen.Metrics = None,
    text: given.Text = None,
    test_text: chosen.TestText = None,
    label: given.LabelField = None,
    out: chosen.Out = None,
    max_cost: chosen.MaxCost = None,
    dry_run: given.DryRun = False,
    concurrency: given.Concurrency = None,
    allow_host: given.AllowHost = None,
    engine: given.Engine = "local",
    ray_address: given.RayAddress = None,
    unsafe_exec: given.UnsafeExec = False,
    quiet: given.Quiet = False,
    json_: given.Json = False,
) -> int:
    """Compare generators, ready datasets and variants of a recipe.

    All else is fixed: the same demonstrations, labels and number of records for all. Writes the leaderboard and a run
    folder for each cell; the same command again resumes.
    """
    from datagen_cli.bench.options import read_datasets, read_models, read_vary
    from datagen_cli.bench.plan import plan_bench
    from datagen_cli.bench.settings import BenchRunOptions
    from datagen_cli.config.environment import read_environment
    from datagen_cli.pipeline.connect import engine_at

    options, named = _from_files(recipes or [])
    models, roles = read_models(model or [])
    changed: dict[str, Any] = {
        "models": models, "roles": {**options.roles, **roles} if roles else None,
        "datasets": read_datasets(dataset or []), "vary": read_vary(vary or []),
        "seeds": seed, "count": count, "test": test, "train": train, "judge": judge, "students": student,
        "student_model": student_model, "tuned": fine_tune, "perplexity": perplexity,
        "sizes": _sizes(sizes), "measures": _measures(metrics),
        "text": text, "test_text": test_text, "label": label,
    }  # fmt: skip
    options = _merged(options, {key: value for key, value in changed.items() if value not in (None, [], {})})
    way = BenchRunOptions(
        Path(out or f"runs/bench-{options.name or named}"),
        read_environment(os.environ, Path.cwd()),
        tuple(allow_host or ()),
        {"max_cost": max_cost, "concurrency": concurrency},
        tuple(set_ or ()),
        unsafe_exec,
        own_folder=out is None and options.name is None,
        where=engine_at(engine, ray_address),
    )
    if max_cost is not None and max_cost <= 0:
        raise UsageError("--max-cost: must be above 0", hint="leave it out for no cap")
    bench = plan_bench(options, way)
    line = same_command(dict.fromkeys(("--dry-run", "--quiet", "--json"), False))
    if dry_run:
        return show_estimate(bench, line, as_json=json_)
    return _carry_out(bench, line, quiet=quiet or json_, as_json=json_)


def _from_files(sources: Sequence[str]) -> tuple[BenchOptions, str]:
    """The options of a bench file, or recipes to compare on; and what to call the bench."""
    from datagen_cli.bench.options import BenchOptions, read_bench

    found = [(source, read_bench(source, Path.cwd())) for source in sources]
    files = [(source, options) for source, options in found if options is not None]
    if files and len(found) > 1:
        raise UsageError(f"{files[0][0]} is a bench file and stands alone", hint="list recipes in it")
    if files and files[0][1] is not None:
        return files[0][1], Path(files[0][0]).stem
    for source in sources:
        if source == "-":
            raise UsageError("a bench reads its recipes for every cell: - cannot be one", hint="write it to a file")
        if Path(source).is_dir() or source.endswith(complete.DATA_SUFFIXES):
            raise UsageError(f"{source}: a dataset is no recipe", hint=f"--dataset NAME={source}")
    name = "-".join(Path(source).stem for source in sources[:3]) or "datasets"
    return BenchOptions(recipes=list(sources)), name


def _merged(options: BenchOptions, changed: dict[str, Any]) -> BenchOptions:
    from pydantic import ValidationError

    from datagen_cli.bench.options import BenchOptions

    try:
        return BenchOptions.model_validate({**options.model_dump(), **changed})
    except ValidationError as error:
        first = error.errors()[0]
        where = "--student" if first["loc"][0] == "students" else f"--{first['loc'][0]}"
        raise UsageError(f"{where}: {str(first['msg']).lower()}", hint="see datagen bench --help") from error


def _sizes(listed: str | None) -> list[int] | None:
    try:
        return None if listed is None else [int(part) for part in listed.split(",")]
    except ValueError as error:
        raise UsageError(f"--sizes {listed}: expected numbers", hint="such as --sizes 50,100,200") from error


def _measures(listed: str | None) -> list[str] | None:
    from datagen_cli.evaluation.evaluate import choose

    return None if listed is None else choose(listed)


def _carry_out(bench: Bench, command: str, *, quiet: bool, as_json: bool) -> int:
    from datagen_cli.bench.run import run_bench
    from datagen_cli.core.errors import Stopped
    from datagen_cli.report.leaderboard import leaderboard_page

    if bench.simulated:
        console.say("simulated: the offline model writes these records; nothing is sent anywhere")
    try:
        done = run_bench(bench, _Watch(quiet), command)
    except Stopped:
        console.command_line("resume with:", command)
        raise
    page = bench.way.out / "leaderboard.html"
    write_aside(page, [leaderboard_page(done.document).encode()])
    if as_json:
        problems = {name: str(error) for name, error in done.errors.items()}
        console.emit_json({**done.document, "exit_code": done.exit_code, **({"errors": problems} if problems else {})})
    else:
        _show(done.document)
        _show_work(done.cells)
    for name, error in done.errors.items():
        console.note(f"{name}: {error}" + (f" ({error.advice})" if error.advice else ""))
    if done.exit_code:
        console.command_line(console.resuming(raised=done.exit_code == EXIT_CAP), command)
    else:
        made = next((cell.folder for cell in bench.cells if not cell.candidate.dataset), None)
        console.say(f"page: {page}")
        ready = [shlex.quote(one.dataset) for one in bench.candidates if one.dataset][:2]
        console.next_step(
            f"datagen show {shlex.quote(str(made))}" if made else f"datagen eval {' --compare '.join(ready)}"
        )
    return done.exit_code


class _Watch:
    """Says which cell is under way; each shows its own progress."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def cell(self, cell: Cell, number: int, of: int, count: int) -> Progress:
        self.say(f"[{number}/{of}] {cell.name}")
        return Progress(count, quiet=self._quiet)

    def say(self, text: str) -> None:
        if not self._quiet:
            console.say(text)

    def note(self, text: str) -> None:
        console.note(text)


def _show_work(cells: Sequence[dict[str, Any]]) -> None:
    """What the runs took, by candidate: tokens of all calls, seconds of the last time that each was run."""
    sums: dict[str, list[float]] = {}
    for cell in cells:
        mine = sums.setdefault(f"{cell['setting']} · {cell['generator']}", [0, 0, 0])
        for place, value in enumerate((cell["tokens"]["in"], cell["tokens"]["out"], cell["seconds"])):
            mine[place] += value
    rows = [(name, f"{into:,.0f}", f"{out:,.0f}", f"{seconds:,.1f}") for name, (into, out, seconds) in sums.items()]
    if rows:
        console.table("", ("took", "tokens in", "tokens out", "seconds"), rows)


def _show(document: dict[str, Any]) -> None:
    from datagen_cli.bench.tables import GRID, cells, grid_cells, heads, shown_first

    names = shown_first(document)
    console.table("", heads(document, names), cells(document, names))
    if sizes := grid_cells(document):
        console.table("students of fewer records", GRID, sizes)
    for item in document["short"]:
        console.paragraph(f"short, and not ranked: {item['setting']} · {item['generator']}: {item['reason']}")
    for text in document["verdict"]:
        console.paragraph(text)
    for text in document["notes"]:
        console.say(text)
    console.say("(95 %; #1 is a rank, = one that is shared; all measures: leaderboard.md, .csv, .json, .html)")


def show_estimate(bench: Bench, command: str, *, as_json: bool) -> int:
    """Prints the estimate of a bench that is ready to run; `command` runs it."""
    result = estimated(bench)
    if as_json:
        console.emit_json(result)
        return 0
    rows = [(cell["setting"], cell["generator"], f"{cell['cells']:,}", *_figures(cell)) for cell in result["cells"]]
    total = ("all", "", f"{sum(cell['cells'] for cell in result['cells']):,}")
    rows.append((*total, *_figures(result)))
    console.table("nothing was sent", ("setting", "generator", "runs", "calls", "tokens", "cost"), rows)
    if result["judge_calls"]:
        console.paragraph(f"and at most {console.counted(result['judge_calls'], 'call')} to the judge")
    console.paragraph(f"hosts contacted: {', '.join(result['hosts']) or 'none'}")
    console.next_step(command)
    return 0


def estimated(bench: Bench) -> dict[str, Any]:
    """`{"cells", "calls", "tokens", "cost_usd", "judge_calls", "hosts", "settings"}`; a cost of None is not known."""
    found: list[dict[str, Any]] = []
    hosts: set[str] = set()
    for setting in bench.settings:
        for candidate in bench.candidates:
            cells = [cell for cell in bench.of(setting, candidate) if not candidate.dataset]
            if not cells:
                continue
            built = cells[0].build(bench.options, bench.way)
            one = next(
                item for item in estimate(built, bench.way.environ, bench.way.allow_hosts)["estimates"] if item["yours"]
            )
            hosts |= set(contacted(built, bench.way.environ))
            tokens = {end: sum(one["tokens"][end].values()) for end in ENDS}
            found.append(
                {
                    "setting": setting.name,
                    "generator": candidate.name,
                    "cells": len(cells),
                    **{
                        name: {end: _sum([values[end]] * len(cells)) for end in ENDS}
                        for name, values in (("calls", one["calls"]), ("tokens", tokens), ("cost_usd", one["cost_usd"]))
                    },
                }
            )
    sums = {
        name: {end: _sum([cell[name][end] for cell in found]) for end in ENDS}
        for name in ("calls", "tokens", "cost_usd")
    }
    judged = 2 * bench.options.judged * sum(cell["cells"] for cell in found) if bench.judge else 0
    return {"settings": bench.digest, "cells": found, **sums, "judge_calls": 2 * judged, "hosts": sorted(hosts)}


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _figures(found: Mapping[str, Any]) -> tuple[str, str, str]:
    """Calls, tokens and cost as they are shown."""
    calls, tokens = (console.span(found[name], "{:,.0f}".format) for name in ("calls", "tokens"))
    return calls, tokens, console.span(found["cost_usd"], usd)
