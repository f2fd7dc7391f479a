"""`datagen eval`: measures any JSONL or run folder, holds it against gates, compares it with another."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_cli.cli import console
from datagen_cli.cli import eval_options as own
from datagen_cli.cli import options as given
from datagen_cli.cli.eval_outputs import Outputs
from datagen_cli.cli.invocation import Invocation, same_command
from datagen_cli.cli.outputs import STANDARD
from datagen_cli.cli.under_way import under_way
from datagen_cli.config.environment import read_environment
from datagen_cli.core.errors import EXIT_DONE, EXIT_SHORT, DataError, Place, UsageError
from datagen_cli.evaluation.compare import compare as compare_sides
from datagen_cli.evaluation.control import control_of
from datagen_cli.evaluation.correctness import Correctness, against_gold
from datagen_cli.evaluation.embedding import open_for_eval
from datagen_cli.evaluation.evaluate import Evaluation, FeatureViews, choose, evaluate
from datagen_cli.evaluation.gates import (
    check_gates,
    idle,
    parse_gate,
    read_gates,
    refuse_unnamed_embedder,
    refuse_without_other,
    words_alone,
)
from datagen_cli.evaluation.load import (
    Loaded,
    Wanted,
    base_of,
    embedder_of_run,
    load_dataset,
    load_other,
    load_reference,
    refuse_empty,
    refuse_second_stdin,
    table_form,
)
from datagen_cli.evaluation.reviewed import by_people
from datagen_cli.evaluation.run_facts import RUNNING, UNENDED
from datagen_cli.metrics.measure import Measure
from datagen_cli.pipeline.connect import engine_at
from datagen_cli.text.embed import Embedder

if TYPE_CHECKING:
    from datagen_cli.evaluation.recheck import RecheckOptions

NOT_FOR_A_PAGE = {
    **dict.fromkeys(("--json", "--strict", "--recheck", "--trust-lock"), False),
    **dict.fromkeys(("--table", "--detail", "--summary", "--junit", "--figures", "--gate", "--gates"), True),
    **dict.fromkeys(("-m", "--model", "--max-cost", "--allow-host"), True),
}
"""What the command that writes the page leaves out: other outputs, gates, and a recheck, which would be paid again."""
EXAMPLES = (
    "datagen eval runs/quickstart",
    "datagen eval mine.jsonl --reference real.csv --text question --gate 'self_bleu<=reference*1.2'",
    "datagen eval runs/a runs/b --metrics self_bleu,leakage --table latex",
    "datagen eval runs/tonight --compare runs/last-night --gate 'compare.self_bleu.worse<=0' --junit gates.xml",
)


def command(
    datasets: own.Datasets,
    reference: own.Reference = None,
    metrics: own.Metrics = None,
    embedder: given.EmbedderName = None,
    text: given.Text = None,
    reference_text: given.ReferenceText = None,
    label: given.LabelField = None,
    csv: given.Table = None,
    recipe: own.LabelRecipe = None,
    gold: own.Gold = None,
    recheck: own.Recheck = False,
    model: own.RecheckModel = None,
    max_cost: own.RecheckCost = None,
    dry_run: own.RecheckDryRun = False,
    trust_lock: own.TrustLock = False,
    allow_host: given.AllowHost = None,
    engine: given.Engine = "local",
    ray_address: given.RayAddress = None,
    gate: own.GateLines = None,
    gates: own.GateFile = None,
    compare: own.Compare = None,
    strict: own.Strict = False,
    detail: given.Detail = None,
    html: own.Html = None,
    figures: own.Figures = None,
    table: own.Table = None,
    summary: own.Summary = None,
    junit: own.Junit = None,
    quiet: given.Quiet = False,
    json_: given.Json = False,
) -> int:
    """Measure datasets: diversity, leakage, correctness, safety.

    Ends with 3 when a gate of any dataset fails, and with 4 when --max-cost stopped a recheck.
    """
    beside = [reference, compare, gold]
    outputs = Outputs(detail, html, table, summary, junit, json_, quiet, figures)
    outputs.refuse([*datasets, *beside, recipe, gates])
    where = engine_at(engine, ray_address)
    _refuse(datasets, beside, recheck=recheck, metrics=metrics, gates=gates)
    held = [parse_gate(line) for line in gate or []] + (read_gates(Path(gates)) if gates is not None else [])
    wanted = choose(metrics, [item.measure for item in held])
    embedder = embedder or _locked_embedder(datasets)
    refuse_unnamed_embedder(held, embedder)
    refuse_without_other(held, compare)
    alone = words_alone(held, embedder)
    again = _again(recipe, model or [], max_cost, trust_lock, allow_host or []) if recheck else None
    form = table_form(csv or [])
    columns = Wanted(tuple(text or ()), label, _recipe_label(recipe), csv=form)
    if dry_run:
        return _estimated(datasets, columns, again, as_json=json_)
    theirs = Wanted(tuple(reference_text or ()), label, csv=form)
    side_by_side = len(datasets) > 1 and (table is not None or summary is not None)
    ready = {name: load_dataset(name, columns) for name in datasets} if side_by_side else {}
    sizes = {len(one.dataset) for one in ready.values()}
    outputs.equal_n = min(sizes) if len(sizes) > 1 else 0
    failed, stopped = False, EXIT_DONE
    empty: list[str] = []
    with under_way(quiet=quiet) as say, closing(open_for_eval(embedder, say, where)) as opened:
        for said in idle(held):
            outputs.note(f"--gate: {said}")
        if alone:
            outputs.note(f"{', '.join(alone)}: measured without embeddings for the gate; --embedder NAME adds them")
        measurer = _Measurer(
            reference, compare, gold, wanted, columns, theirs, again, opened, say, outputs.note, not alone, ready
        )
        for name in datasets:
            found, extra, problems = measurer.measure(name)
            empty += [] if len(found.views.loaded.dataset) else [name]
            stopped = max(stopped, _stopped(found) if recheck else EXIT_DONE)
            checked = check_gates(held, found, extra.get("compare"))
            if strict:
                extra["problems"] = [*problems, *_asked_and_missing(metrics, found)]
            failed = failed or not all(item["passed"] for item in checked) or bool(extra.get("problems"))
            outputs.add(found, checked, extra, say)
        outputs.write(say)
    if not failed and not stopped and not quiet:
        console.next_step(_next([*datasets, *beside], html, empty))
    return stopped or (EXIT_SHORT if failed else EXIT_DONE)


def _estimated(datasets: Sequence[str], columns: Wanted, again: RecheckOptions | None, *, as_json: bool) -> int:
    """`--dry-run`: what checking every dataset again would take; without `--recheck` nothing would be sent."""
    from datagen_cli.evaluation.recheck import recheck_estimate

    rows = []
    for name in datasets:
        loaded = load_dataset(name, columns)
        found = recheck_estimate(loaded.dataset, loaded.run.folder if loaded.run else None, again) if again else None
        if as_json:
            console.emit_json({"dataset": name, "n": loaded.total, "recheck": found})
        elif found is not None:
            hosts = ", ".join(found["hosts"]) or "none"
            rows.append((name, f"{found['rows']:,}", *console.estimated(found), hosts))
    if rows:
        console.table("nothing was sent", ("dataset", "rows to check", "calls", "tokens", "cost", "hosts"), rows)
    elif not as_json:
        console.paragraph("nothing would be sent: no model is asked without --recheck")
    console.next_step(shlex.join(["datagen", "eval", *datasets, *(again.words if again else ())]))
    return EXIT_DONE


def _stopped(found: Evaluation) -> int:
    from datagen_cli.evaluation.recheck import stopped_with

    return stopped_with(found.measures.get(Correctness.name))


def _asked_and_missing(metrics: str | None, found: Evaluation) -> list[str]:
    """What `--metrics` asks for by name and has no value."""
    asked = {name.strip() for name in (metrics or "").split(",")}
    missing = {name: one.reason for name, one in found.measures.items() if name in asked and one.value is None}
    return [f"{name} is missing: {reason}" for name, reason in missing.items()]


def _refuse(
    datasets: Sequence[str], beside: list[str | None], *, recheck: bool, metrics: str | None, gates: str | None
) -> None:
    """What makes no sense is said before anything is computed. The files `beside` are read anew for every dataset."""
    gold = beside[-1]
    if recheck and gold is not None:
        raise UsageError("--recheck and --gold both measure correctness", hint="name one of them")
    if metrics is not None and not metrics.replace(",", " ").strip():
        raise UsageError("--metrics names no measure", hint="such as --metrics length,self_bleu; all without it")
    refuse_second_stdin([*datasets, gates, *beside * len(datasets)])
    refuse_empty("--gold", gold)


def _again(
    recipe: str | None, models: Sequence[str], max_cost: float | None, trust_lock: bool, hosts: Sequence[str]
) -> RecheckOptions:
    from datagen_cli.evaluation.recheck import RecheckOptions

    return RecheckOptions(recipe, models, max_cost, read_environment(os.environ, Path.cwd()), trust_lock, hosts)


def _locked_embedder(datasets: Sequence[str]) -> str | None:
    """The embedder that the run folders among the datasets were made with, where all of them name the same one."""
    found = {embedder_of_run(name) for name in datasets}
    return found.pop() if len(found) == 1 else None


def _recipe_label(recipe: str | None) -> str | None:
    """The label field of `--recipe`."""
    if recipe is None:
        return None
    options = Invocation(recipe).load().options
    return options.label.field if options.label else None


@dataclass(frozen=True, slots=True)
class _Measurer:
    """Measures one dataset after the other, all in the same way."""

    reference: str | None
    compare: str | None
    gold: str | None
    metrics: Sequence[str]
    columns: Wanted
    reference_columns: Wanted
    again: RecheckOptions | None
    embedder: Embedder
    say: Any
    note: Callable[[str], None]
    cosines: bool
    ready: dict[str, Loaded]
    """Datasets that were read before, each until it is measured."""

    def measure(self, name: str) -> tuple[Evaluation, dict[str, Any], list[str]]:
        """The measures of one dataset, under `control` (None without one) and `compare` what stands beside them, and
        what could hide a problem."""
        problems: list[str] = []
        self.say(f"reading {name}")
        loaded = self.ready.pop(name, None) or load_dataset(name, self.columns)
        if loaded.run is not None and not loaded.total and loaded.run.manifest.state == RUNNING:
            raise DataError(
                f"{UNENDED}: nothing to measure", hint=f"datagen status {shlex.quote(name)}", place=Place(name)
            )
        reference = self._reference(loaded)
        self._say(loaded, problems)
        self._say(reference, problems)
        measured = self._correctness(loaded, problems)
        given = {} if measured is None else {Correctness.name: measured}
        embedder, say = self.embedder, self.say
        found = evaluate(loaded, reference, self.metrics, embedder=embedder, given=given, say=say, cosines=self.cosines)
        beside = control_of(loaded, reference, self.metrics, columns=self.columns, embedder=embedder, say=say)
        extra: dict[str, Any] = {"control": beside}
        if self.compare is None:
            return found, extra, problems
        theirs = load_other(self.compare, loaded.dataset, self.columns)
        self._say(theirs, problems)
        other = FeatureViews(theirs, embedder, cosines=self.cosines)
        compared = compare_sides(found.views, other, found.reference, self.metrics, say)
        return found, extra | {"compare": compared}, problems

    def _say(self, loaded: Loaded | None, problems: list[str]) -> None:
        """Says what was noticed of a file, once where it is read for every dataset."""
        for text in loaded.notes if loaded is not None else ():
            self.note(text)
        problems += loaded.problems if loaded is not None else []

    def _reference(self, loaded: Loaded) -> Loaded | None:
        """The file that `--reference` names, else the base of a run folder."""
        if self.reference is not None:
            return load_reference(self.reference, loaded.dataset, self.reference_columns)
        return base_of(loaded.run, loaded.dataset) if loaded.run is not None else None

    def _correctness(self, loaded: Loaded, problems: list[str]) -> Measure | None:
        """Correctness by gold labels, by checking again, else by the reviews of a run folder; None when nobody asks."""
        if Correctness.name not in self.metrics:
            if self.again is not None or self.gold is not None:
                option = "--recheck" if self.again is not None else "--gold"
                self.note(f"{option} does nothing: correctness is not among --metrics")
                problems.append(f"{option} does nothing: correctness is not among --metrics")
            return None
        if self.gold is not None:
            gold = load_reference(self.gold, loaded.dataset, Wanted((), None, csv=self.columns.csv))
            self._say(gold, problems)
            return against_gold(loaded.dataset, gold.dataset)
        if self.again is not None:
            from datagen_cli.evaluation.recheck import Reporter, recheck

            folder = loaded.run.folder if loaded.run else None
            return recheck(loaded.dataset, folder, self.again, Reporter(self.say, self.note))
        if loaded.run is not None:
            return by_people(loaded.run.folder, loaded.dataset, self.note)
        return None


def _next(files: Sequence[str | None], html: str | None, empty: Sequence[str]) -> str:
    """What to do after this: the same as a page, else the rows or the measures that there are; a run without rows
    (`empty`) has its state to look at first."""
    if runs := [name for name in empty if Path(name).is_dir()]:
        return f"datagen status {shlex.quote(runs[0])}"
    if html is None and STANDARD not in files:
        return same_command(NOT_FOR_A_PAGE, "--html", "report.html")
    first = str(files[0])
    return f"datagen show {shlex.quote(first)}" if Path(first).is_dir() else "datagen list metrics"
