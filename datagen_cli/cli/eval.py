"""`datagen eval`: measures any JSONL or run folder, holds it against gates, compares it with another."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli.outputs import refuse_outputs, write_output
from datagen_cli.config.environment import read_environment
from datagen_cli.core.errors import EXIT_CAP, EXIT_DONE, EXIT_SHORT, UsageError
from datagen_cli.core.jsonl import dump
from datagen_cli.evaluation.compare import compare
from datagen_cli.evaluation.control import control_line, control_of
from datagen_cli.evaluation.correctness import REVIEW, Correctness, against_gold, reviewed
from datagen_cli.evaluation.document import document
from datagen_cli.evaluation.embedding import open_for_eval
from datagen_cli.evaluation.evaluate import Evaluation, FeatureViews, choose, evaluate
from datagen_cli.evaluation.gates import check_gates, parse_gate, read_gates
from datagen_cli.evaluation.load import (
    Loaded,
    Wanted,
    base_of,
    load_dataset,
    load_reference,
    refuse_empty,
    refuse_second_stdin,
)
from datagen_cli.evaluation.reading import readings
from datagen_cli.metrics.measure import Measure
from datagen_cli.metrics.wording import number, span
from datagen_cli.report.evaluation import Sheet, evaluation_page, sheet_of
from datagen_cli.text.embed import Embedder

SAY_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Flags:
    """The options of the command line as given."""

    datasets: Sequence[str]
    reference: str | None = None
    texts: Sequence[str] = ()
    reference_texts: Sequence[str] = ()
    label: str | None = None
    recipe: str | None = None
    gold: str | None = None
    recheck: bool = False
    models: Sequence[str] = ()
    max_cost: float | None = None
    metrics: str | None = None
    gates: Sequence[str] = ()
    gates_file: str | None = None
    embedder: str | None = None
    compare: str | None = None
    detail: str | None = None
    html: str | None = None
    as_json: bool = False


def run(flags: Flags) -> int:
    """Runs the command. Returns the exit code: 4 when a cap stopped a recheck, 3 when a gate of any dataset failed."""
    _refuse(flags)
    gates = [parse_gate(text) for text in flags.gates]
    if flags.gates_file is not None:
        gates += read_gates(Path(flags.gates_file))
    wanted = choose(flags.metrics, [gate.metric for gate in gates])
    wholes: list[dict[str, Any]] = []
    sheets: list[Sheet] = []
    failed = capped = False
    with _progress() as say:
        embedder = open_for_eval(flags.embedder, say)
        try:
            for name in flags.datasets:
                found, extra = _measure(name, flags, wanted, embedder, say)
                capped = capped or (flags.recheck and _capped(found))
                checked = check_gates(gates, found)
                failed = failed or not all(gate["passed"] for gate in checked)
                result = document(found, checked) | extra
                if "-" not in (flags.detail, flags.html):
                    _show(flags, found, result)
                if flags.detail is not None:
                    wholes.append(document(found, checked, shown=None) | extra)
                if flags.html is not None:
                    sheets.append(sheet_of(found, result))
        finally:
            embedder.close()
    if flags.detail is not None:
        write_output(flags.detail, b"".join(dump(whole) + b"\n" for whole in wholes))
    if flags.html is not None:
        write_output(flags.html, evaluation_page(sheets).encode("utf-8"))
    if not failed and not capped:
        console.next_step(_next(flags, found.reference is not None))
    return EXIT_CAP if capped else EXIT_SHORT if failed else EXIT_DONE


def _capped(found: Evaluation) -> bool:
    from datagen_cli.evaluation.recheck import stopped_by_cap

    return stopped_by_cap(found.measures.get(Correctness.name))


def _refuse(flags: Flags) -> None:
    """What is not built yet, or makes no sense, is said before anything is computed."""
    if flags.recheck and flags.gold is not None:
        raise UsageError("--recheck and --gold both measure correctness", hint="name one of them")
    to_stdout = [name for name, file in (("--detail", flags.detail), ("--html", flags.html)) if file == "-"]
    if len(to_stdout) + flags.as_json > 1:
        raise UsageError("only one of --json, --detail - and --html - can go to standard output", hint="name a file")
    inputs = [*flags.datasets, flags.reference, flags.gold, flags.compare, flags.recipe, flags.gates_file]
    refuse_outputs({"--detail": flags.detail, "--html": flags.html}, inputs)
    if flags.metrics is not None and not flags.metrics.replace(",", " ").strip():
        raise UsageError("--metrics names no measure", hint="such as --metrics length,self_bleu; all without it")
    beside = [flags.reference, flags.compare, flags.gold] * len(flags.datasets)  # read anew for every dataset
    refuse_second_stdin([*flags.datasets, flags.gates_file, *beside])
    refuse_empty("--gold", flags.gold)


def _measure(
    name: str, flags: Flags, wanted: Sequence[str], embedder: Embedder, say: Any
) -> tuple[Evaluation, dict[str, Any]]:
    """The measures of one dataset, and the comparison where one was asked for."""
    say(f"reading {name}")
    columns = Wanted(tuple(flags.texts), flags.label, _recipe_label(flags.recipe))
    loaded = load_dataset(name, columns)
    reference = _reference(flags, loaded)
    for note in [*loaded.notes, *(reference.notes if reference else ())]:
        console.note(note)
    measured = _correctness(flags, loaded, wanted, say)
    given = {} if measured is None else {Correctness.name: measured}
    found = evaluate(loaded, reference, wanted, embedder=embedder, given=given, say=say)
    beside = control_of(loaded, reference, wanted, columns=columns, embedder=embedder, say=say)
    extra: dict[str, Any] = {} if beside is None else {"control": beside}
    if flags.compare is None:
        return found, extra
    other = load_dataset(flags.compare, columns)
    theirs = FeatureViews(other, embedder)
    return found, extra | {"compare": compare(found.views, theirs, found.reference, wanted, say)}


def _recipe_label(recipe: str | None) -> str | None:
    """The label field of `--recipe`."""
    if recipe is None:
        return None
    from datagen_cli.config.load import load_recipe

    loaded = load_recipe(recipe, environ=read_environment(os.environ, Path.cwd()), cwd=Path.cwd())
    return loaded.options.label.field if loaded.options.label else None


def _reference(flags: Flags, loaded: Loaded) -> Loaded | None:
    """The file that `--reference` names, else the base of a run folder."""
    if flags.reference is not None:
        return load_reference(flags.reference, loaded.dataset, Wanted(tuple(flags.reference_texts), flags.label))
    return base_of(loaded.run, loaded.dataset) if loaded.run is not None else None


def _correctness(flags: Flags, loaded: Loaded, wanted: Sequence[str], say: Any) -> Measure | None:
    """Correctness by gold labels, by checking again, else by the reviews of a run folder; None when nobody asks."""
    if Correctness.name not in wanted:
        if flags.recheck or flags.gold is not None:
            option = "--recheck" if flags.recheck else "--gold"
            console.note(f"{option} does nothing: correctness is not among --metrics")
        return None
    if flags.gold is not None:
        gold = load_reference(flags.gold, loaded.dataset, Wanted((), None))
        return against_gold(loaded.dataset, gold.dataset)
    if flags.recheck:
        from datagen_cli.evaluation.recheck import Again, Reporter, recheck

        again = Again(flags.recipe, flags.models, flags.max_cost, read_environment(os.environ, Path.cwd()))
        return recheck(loaded.dataset, loaded.run.folder if loaded.run else None, again, Reporter(say, console.note))
    if loaded.run is not None:
        return reviewed(loaded.run.folder / REVIEW, loaded.dataset, console.note)
    return None


@contextmanager
def _progress() -> Iterator[Any]:
    """What is under way, on stderr, every few seconds."""
    last = time.monotonic()

    def say(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= SAY_EVERY_S:
            last = time.monotonic()
            console.say(text)

    yield say


def _show(flags: Flags, found: Evaluation, result: dict[str, Any]) -> None:
    if flags.as_json:
        console.emit_json(result)
        return
    data = found.views.loaded
    what = f"{data.dataset.name}: {data.total:,} {'row' if data.total == 1 else 'rows'}"
    fields = ", ".join(data.dataset.text_fields) or "none"
    simulated = " · simulated (offline model)" if data.dataset.simulated else ""
    console.paragraph(f"{what} · text: {fields} · label: {data.dataset.label_field or 'none'}{simulated}")
    words = readings(found)
    rows = [
        (name, number(measure.value), span(measure.interval), words[name])
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
            "missing: " + "; ".join(f"{', '.join(names)} ({reason})" for reason, names in reasons.items())
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
            console.out(f"FAILED: {gate['gate']} ({gate.get('reason') or number(gate['value'])})")


def _next(flags: Flags, beside: bool) -> str:
    """What to do after this; `beside`: a reference was there, named or a run's base."""
    name = shlex.quote(flags.datasets[0])
    if not beside:
        return f"datagen eval {name} --reference FILE, to compare with real data"
    if not flags.gates and flags.gates_file is None:
        named = f" --reference {shlex.quote(flags.reference)}" if flags.reference is not None else ""
        return f"datagen eval {name}{named} --gate 'self_bleu<=reference*1.2'"
    return f"datagen student {name} --test FILE, to see what it teaches"
