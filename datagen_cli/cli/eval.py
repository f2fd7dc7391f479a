"""`datagen eval`: measures any JSONL or run folder, holds it against gates, compares it with another."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datagen_cli.cli import complete, console
from datagen_cli.cli import correctness_options as correctness
from datagen_cli.cli import options as given
from datagen_cli.cli.invocation import Invocation
from datagen_cli.cli.outputs import refuse_outputs, write_output
from datagen_cli.config.environment import read_environment
from datagen_cli.core.errors import EXIT_CAP, EXIT_DONE, EXIT_SHORT, UsageError
from datagen_cli.core.jsonl import dump
from datagen_cli.evaluation.compare import compare as compare_sides
from datagen_cli.evaluation.control import control_line, control_of
from datagen_cli.evaluation.correctness import REVIEW, Correctness, against_gold, reviewed
from datagen_cli.evaluation.document import document
from datagen_cli.evaluation.embedding import open_for_eval
from datagen_cli.evaluation.evaluate import Evaluation, FeatureViews, choose, evaluate, metric
from datagen_cli.evaluation.gates import check_gates, parse_gate, read_gates, refuse_unnamed_embedder
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
from datagen_cli.evaluation.reading import readings
from datagen_cli.metrics.measure import Measure
from datagen_cli.metrics.wording import number, span
from datagen_cli.report.evaluation import evaluation_page
from datagen_cli.report.sheet import Sheet, sheet_of
from datagen_cli.text.embed import Embedder

if TYPE_CHECKING:
    from datagen_cli.evaluation.recheck import Again

SAY_EVERY_S = 2.0
SAY_EVERY_TO_A_FILE_S = 30.0
EXAMPLES = (
    "datagen eval runs/quickstart",
    "datagen eval mine.jsonl --reference real.csv --text question --gate 'self_bleu<=reference*1.2'",
    "datagen eval runs/a runs/b --metrics self_bleu,leakage --json",
)
GATES = "Gates and comparisons"

Datasets = Annotated[
    list[str],
    typer.Argument(
        metavar="DATASET",
        help="JSONL files or run folders; - is stdin.",
        autocompletion=complete.datasets,
    ),
]
Reference = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Real data to compare with; a run's own base without it.",
        autocompletion=complete.datasets,
    ),
]
Metrics = Annotated[
    str | None, typer.Option(metavar="NAMES", help="Only these measures: a,b.", autocompletion=complete.metrics)
]
LabelRecipe = Annotated[
    str | None,
    typer.Option(
        metavar="RECIPE",
        help="A recipe that names the label field.",
        rich_help_panel=given.COLUMNS,
        autocompletion=complete.recipes,
    ),
]
GateLines = Annotated[
    list[str] | None,
    typer.Option(
        "--gate",
        metavar="GATE",
        help="METRIC[.detail][@low|@high] OP NUMBER; exit 3 if it fails.",
        rich_help_panel=GATES,
    ),
]
GateFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="A file of gates, one a line.", rich_help_panel=GATES)
]
Compare = Annotated[
    str | None,
    typer.Option(
        metavar="DATASET",
        help="Another dataset: better, worse or tie.",
        rich_help_panel=GATES,
        autocompletion=complete.datasets,
    ),
]
Html = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="A page to write: one file, no scripts, no requests.", rich_help_panel=given.OUTPUT
    ),
]


def command(
    datasets: Datasets,
    reference: Reference = None,
    metrics: Metrics = None,
    embedder: given.EmbedderName = None,
    text: given.Text = None,
    reference_text: given.ReferenceText = None,
    label: given.LabelField = None,
    csv: given.Table = None,
    recipe: LabelRecipe = None,
    gold: correctness.Gold = None,
    recheck: correctness.Recheck = False,
    model: correctness.RecheckModel = None,
    max_cost: correctness.RecheckCost = None,
    trust_lock: correctness.TrustLock = False,
    allow_host: given.AllowHost = None,
    gate: GateLines = None,
    gates: GateFile = None,
    compare: Compare = None,
    detail: given.Detail = None,
    html: Html = None,
    json_: given.Json = False,
) -> int:
    """Measure datasets: diversity, leakage, correctness, safety.

    Ends with 3 when a gate of any dataset fails, and with 4 when --max-cost stopped a recheck.
    """
    files = _Files(datasets, reference, compare, gold)
    _refuse_standard_output({"--detail": detail, "--html": html}, json_)
    refuse_outputs({"--detail": detail, "--html": html}, [*files.all, recipe, gates])
    _refuse(files, recheck=recheck, metrics=metrics, gates=gates)
    held = [parse_gate(line) for line in gate or []] + (read_gates(Path(gates)) if gates is not None else [])
    wanted = choose(metrics, [item.metric for item in held])
    embedder = embedder or _locked_embedder(datasets)
    refuse_unnamed_embedder(held, embedder)
    again = _again(recipe, model or [], max_cost, trust_lock, allow_host or []) if recheck else None
    form = table_form(csv or [])
    columns = Wanted(tuple(text or ()), label, _recipe_label(recipe), csv=form)
    theirs = Wanted(tuple(reference_text or ()), label, csv=form)
    wholes: list[dict[str, Any]] = []
    sheets: list[Sheet] = []
    failed = capped = False
    with _progress() as say, closing(open_for_eval(embedder, say)) as opened:
        measurer = _Measurer(files, wanted, columns, theirs, again, opened, say)
        for name in datasets:
            found, extra = measurer.measure(name)
            capped = capped or (recheck and _capped(found))
            checked = check_gates(held, found)
            failed = failed or not all(item["passed"] for item in checked)
            result = document(found, checked) | extra
            if json_:
                console.emit_json(result)
                for line in _failed(checked):
                    console.note(f"{console.named(name)}: {line}")
            elif "-" not in (detail, html):
                _show(found, result)
            if detail is not None:
                wholes.append(document(found, checked, shown=None) | extra)
            if html is not None:
                sheets.append(sheet_of(found, result))
    if detail is not None:
        write_output(detail, b"".join(dump(whole) + b"\n" for whole in wholes))
    if html is not None:
        write_output(html, evaluation_page(sheets).encode("utf-8"))
    if not failed and not capped:
        console.next_step(_next(files, html))
    return EXIT_CAP if capped else EXIT_SHORT if failed else EXIT_DONE


@dataclass(frozen=True, slots=True)
class _Files:
    """The rows that the command line names."""

    datasets: Sequence[str]
    reference: str | None
    compare: str | None
    gold: str | None

    @property
    def beside(self) -> list[str | None]:
        """What is read anew for every dataset."""
        return [self.reference, self.compare, self.gold]

    @property
    def all(self) -> list[str | None]:
        """Every file, once."""
        return [*self.datasets, *self.beside]


def _capped(found: Evaluation) -> bool:
    from datagen_cli.evaluation.recheck import stopped_by_cap

    return stopped_by_cap(found.measures.get(Correctness.name))


def _refuse_standard_output(outputs: Mapping[str, str | None], as_json: bool) -> None:
    """Raises `UsageError` when two things would be written to standard output."""
    if sum(file == "-" for file in outputs.values()) + as_json > 1:
        raise UsageError("only one of --json, --detail - and --html - can go to standard output", hint="name a file")


def _refuse(files: _Files, *, recheck: bool, metrics: str | None, gates: str | None) -> None:
    """What makes no sense is said before anything is computed."""
    if recheck and files.gold is not None:
        raise UsageError("--recheck and --gold both measure correctness", hint="name one of them")
    if metrics is not None and not metrics.replace(",", " ").strip():
        raise UsageError("--metrics names no measure", hint="such as --metrics length,self_bleu; all without it")
    refuse_second_stdin([*files.datasets, gates, *files.beside * len(files.datasets)])
    refuse_empty("--gold", files.gold)


def _again(
    recipe: str | None, models: Sequence[str], max_cost: float | None, trust_lock: bool, hosts: Sequence[str]
) -> Again:
    from datagen_cli.evaluation.recheck import Again

    return Again(recipe, models, max_cost, read_environment(os.environ, Path.cwd()), trust_lock, hosts)


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

    files: _Files
    metrics: Sequence[str]
    columns: Wanted
    reference_columns: Wanted
    again: Again | None
    embedder: Embedder
    say: Any

    def measure(self, name: str) -> tuple[Evaluation, dict[str, Any]]:
        """The measures of one dataset, and under `control` and `compare` what stands beside them."""
        self.say(f"reading {name}")
        loaded = load_dataset(name, self.columns)
        reference = self._reference(loaded)
        for note in [*loaded.notes, *(reference.notes if reference else ())]:
            console.note(console.named(note))
        measured = self._correctness(loaded)
        given = {} if measured is None else {Correctness.name: measured}
        embedder, say = self.embedder, self.say
        found = evaluate(loaded, reference, self.metrics, embedder=embedder, given=given, say=say)
        beside = control_of(loaded, reference, self.metrics, columns=self.columns, embedder=embedder, say=say)
        extra: dict[str, Any] = {} if beside is None else {"control": beside}
        if self.files.compare is None:
            return found, extra
        other = FeatureViews(load_other(self.files.compare, loaded.dataset, self.columns), embedder)
        return found, extra | {"compare": compare_sides(found.views, other, found.reference, self.metrics, say)}

    def _reference(self, loaded: Loaded) -> Loaded | None:
        """The file that `--reference` names, else the base of a run folder."""
        if self.files.reference is not None:
            return load_reference(self.files.reference, loaded.dataset, self.reference_columns)
        return base_of(loaded.run, loaded.dataset) if loaded.run is not None else None

    def _correctness(self, loaded: Loaded) -> Measure | None:
        """Correctness by gold labels, by checking again, else by the reviews of a run folder; None when nobody asks."""
        if Correctness.name not in self.metrics:
            if self.again is not None or self.files.gold is not None:
                option = "--recheck" if self.again is not None else "--gold"
                console.note(f"{option} does nothing: correctness is not among --metrics")
            return None
        if self.files.gold is not None:
            gold = load_reference(self.files.gold, loaded.dataset, Wanted((), None, csv=self.columns.csv))
            return against_gold(loaded.dataset, gold.dataset)
        if self.again is not None:
            from datagen_cli.evaluation.recheck import Reporter, recheck

            folder = loaded.run.folder if loaded.run else None
            return recheck(loaded.dataset, folder, self.again, Reporter(self.say, console.note))
        if loaded.run is not None:
            return reviewed(loaded.run.folder / REVIEW, loaded.dataset, console.note)
        return None


@contextmanager
def _progress() -> Iterator[Any]:
    """What is under way, on stderr, every few seconds."""
    last = time.monotonic()
    every = SAY_EVERY_S if console.is_terminal(sys.stderr) else SAY_EVERY_TO_A_FILE_S

    def say(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= every:
            last = time.monotonic()
            console.say(text)

    yield say


def _show(found: Evaluation, result: dict[str, Any]) -> None:
    data = found.views.loaded
    what = f"{data.dataset.name}: {data.total:,} {'row' if data.total == 1 else 'rows'}"
    fields = ", ".join(data.dataset.text_fields) or "none"
    simulated = " · simulated (offline model)" if data.dataset.simulated else ""
    label = data.dataset.label_field or "none"
    console.paragraph(console.named(f"{what} · text: {fields} · label: {label}{simulated}"))
    by = f" (embedder: {found.views.embedder_name})"
    words = {name: said + by * metric(name).needs_vectors for name, said in readings(found).items()}
    rows = [
        (name, number(measure.value), span(measure.interval), console.named(words[name]))
        for name, measure in found.measures.items()
        if measure.value is not None
    ]
    if rows:
        console.table("", ("measure", "value", "95 %", "reading"), rows)
    reasons: dict[str, list[str]] = {}
    for name, measure in found.measures.items():
        if measure.value is None:
            reasons.setdefault(measure.reason, []).append(name)
    if reasons:
        console.paragraph(
            "missing: "
            + "; ".join(f"{', '.join(names)} ({console.named(reason)})" for reason, names in reasons.items())
        )
    if "control" in result:
        console.out(control_line(result["control"]))
    _show_compared(result.get("compare"))
    _show_gates(result["gates"])


def _show_compared(compared: Mapping[str, Any] | None) -> None:
    if compared is None:
        return
    rows = []
    for name, item in compared["metrics"].items():
        if "difference" in item:
            interval = span(item["interval"]) if "interval" in item else item.get("reason", "–")
            verdict = item.get("verdict", "–")
            rows.append((name, number(item["value"]), number(item["other"]), interval, verdict))
    if rows:
        title = f"\ncompared with {compared['with']}, {compared['n']:,} rows of each"
        console.table(title, ("measure", "this", "that", "difference", "verdict"), rows)


def _show_gates(gates: Sequence[Mapping[str, Any]]) -> None:
    if gates:
        console.out("")
    for gate in gates:
        if gate["passed"]:
            console.out(f"passed: {gate['gate']} ({number(gate['value'])})")
        else:
            console.out(next(iter(_failed([gate]))))


def _failed(gates: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each gate that failed: its value and bound, or why it has none."""
    return [
        f"FAILED: {gate['gate']} ({gate.get('reason') or _beside_bound(gate)})" for gate in gates if not gate["passed"]
    ]


def _beside_bound(gate: Mapping[str, Any]) -> str:
    return f"{number(gate['value'])}, bound {number(gate['bound'])}"


def _next(files: _Files, html: str | None) -> str:
    """What to do after this: the page, else the rows or the measures that there are."""
    name = shlex.quote(files.datasets[0])
    if html is not None:
        return f"datagen show {name}" if Path(files.datasets[0]).is_dir() else "datagen list metrics"
    reference = f" --reference {shlex.quote(files.reference)}" if files.reference is not None else ""
    return f"datagen eval {name}{reference} --html report.html"
