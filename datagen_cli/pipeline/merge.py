"""Joins several runs into one: rows in order, repeats left out and named, and where every row came from.

The result is a run folder to `show`, `eval` and `export`; it has no checkpoints, so that it cannot be resumed.
`lineage.jsonl` names for every row the run and the id that it had there. A row keeps its id unless an earlier run's row
has it already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datagen_cli.config.fields import RESERVED
from datagen_cli.core.digest import digest
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.fields import describe_type
from datagen_cli.core.jsonl import dump, put_by, write_aside
from datagen_cli.core.telling import telling
from datagen_cli.pipeline.outcome import write_dataset
from datagen_cli.pipeline.sift import RepeatRule, Sifted
from datagen_cli.runs.card import write_card
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.manifest import Manifest, now, write_lock
from datagen_cli.runs.reader import RunReader
from datagen_cli.runs.shape import Shape

LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Mergeable:
    """Runs that can be joined: `first` is the first that has rows, `fields` are the columns that records are made
    of."""

    runs: Sequence[RunReader]
    first: RunReader
    fields: tuple[str, ...]


@dataclass(slots=True)
class Merged:
    """What came of it: kept rows by run, left-out ones by reason."""

    kept: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def merge_runs(
    mergeable: Mergeable, folder: RunFolder, sieve: RepeatRule, command: str, say: Callable[[str], None]
) -> Merged:
    """Writes the joined run into an empty folder. `command` is the command that does it again, `say` is told how far it
    is."""
    runs, first = mergeable.runs, mergeable.first
    found = Merged()
    total = sum(run.manifest.accepted for run in runs)
    names = [str(run.folder) for run in runs]
    labels: Counter[str] = Counter()

    def rows() -> Iterator[dict[str, Any]]:
        taken: set[str] = set()
        for sifted, number in telling(_sifted(runs, sieve), lambda done: say(f"{done:,} of {total:,} rows compared")):
            if sifted.rejection is not None:
                found.left_out[sifted.rejection.reason] += 1
                refused.write(dump(_refused(sifted)) + b"\n")
                continue
            own = str(sifted.row["id"])
            new = _free_id(own, names[number], taken)
            taken.add(new)
            found.kept[names[number]] += 1
            lineage.write(dump({"id": new, "run": names[number], "from": own}) + b"\n")
            if first.label is not None:
                labels[str(sifted.row.get(first.label))] += 1
            yield {**sifted.row, "id": new}

    manifest = _manifest(runs, folder, command)
    with folder, put_by() as lineage, put_by() as refused:
        manifest.shards = write_dataset(folder, rows())
        for lines, name in ((lineage, "lineage.jsonl"), (refused, "rejected.jsonl")):
            lines.seek(0)
            write_aside(folder.file(name), lines)
        manifest.dataset = str(folder.file(manifest.shards[0]))
        manifest.accepted = manifest.count = manifest.new_records = sum(found.kept.values())
        manifest.rejected = dict(found.left_out)
        manifest.notes = [f"{count:,} rows of {name}" for name, count in found.kept.items()]
        shape = Shape((), (), (), (), manifest.simulated, "")
        about = (
            f"Merged from {', '.join(Path(name).name for name in names)}; lineage.jsonl says where each row is from."
        )
        write_card(folder, manifest.recipe["name"], about, manifest, shape, dict(sorted(labels.items())))
        whole = {name: value for name, value in first.recipe.items() if name != LOCKED}
        write_lock(folder.path, whole, {"merged": [{"run": name, "rows": found.kept[name]} for name in names]})
        folder.write_state(manifest.document())
    return found


def _sifted(runs: Sequence[RunReader], sieve: RepeatRule) -> Iterator[tuple[Sifted, int]]:
    """Every row of every run in order, judged, with the number of its run."""
    numbers: list[int] = []

    def named() -> Iterator[tuple[str, Mapping[str, Any]]]:
        for number, run in enumerate(runs):
            for row in run.rows():
                numbers.append(number)
                yield f"{row.get('id')} of {run.folder}", row

    for place, sifted in enumerate(sieve.sift(named())):
        yield sifted, numbers[place]


def _columns_of(run: RunReader) -> dict[str, str | None]:
    """The columns of a run's rows in their order, with the JSON type of each; None where all are null."""
    kinds: dict[str, str | None] = {}
    for row in run.rows():
        for name, value in row.items():
            kinds[name] = kinds.get(name) or (None if value is None else describe_type(value))
    return kinds


def mergeable(runs: Sequence[RunReader], say: Callable[[str], None]) -> Mergeable:
    """The runs, ready to be joined.

    Raises `UsageError` where they cannot be: simulated and real rows, other columns or types, a run under way, no rows.
    """
    own: dict[str, str | None] = {}
    first: RunReader | None = None
    for run in runs:
        place = Place(str(run.folder))
        say(f"reading {run.folder}")
        if run.state == "running":
            raise UsageError("the run is under way", hint="wait until it has ended", place=place)
        if run.manifest.simulated != runs[0].manifest.simulated:
            raise UsageError(
                "simulated and real rows never share a dataset", hint="merge runs of one kind", place=place
            )
        kinds = _columns_of(run)
        if first is None and kinds:
            first, own = run, kinds
        for name in (name for name in dict.fromkeys((*own, *kinds)) if kinds and name not in RESERVED):
            if (name in own) != (name in kinds):
                hint = f"its columns are {', '.join(kinds)}; those before have {', '.join(own)}"
                raise UsageError(f"column {name} is not in all runs", hint=hint, place=place)
            if own[name] and kinds[name] and own[name] != kinds[name]:
                raise UsageError(f"column {name} is a {kinds[name]} here and a {own[name]} before", place=place)
            own[name] = own[name] or kinds[name]
    if first is None:
        raise UsageError("no run has an accepted record", hint="datagen status says what became of a run")
    return Mergeable(runs, first, tuple(name for name in own if name not in RESERVED))


def _free_id(own: str, run: str, taken: set[str]) -> str:
    """The row's id, with another prefix where an earlier run has a row of this id."""
    number, new = 0, own
    while new in taken:
        _, _, rest = own.partition("-")
        new = f"{digest(own, run, number, length=6)}-{rest or own}"
        number += 1
    return new


def _refused(sifted: Sifted) -> dict[str, Any]:
    """A row of `rejected.jsonl`."""
    assert sifted.rejection is not None
    fields = {name: value for name, value in sifted.row.items() if name not in RESERVED}
    told = {"stage": "merge", "reason": sifted.rejection.reason, "detail": sifted.rejection.detail}
    return {"id": sifted.row.get("id"), **fields, **told, "repeats": sifted.repeats}


def _manifest(runs: Sequence[RunReader], folder: RunFolder, command: str) -> Manifest:
    """`run.json` of the joined run: what its parts cost and which models wrote them."""
    names = [str(run.folder) for run in runs]
    costs = [run.manifest.cost_usd for run in runs]
    tokens = Counter[str]()
    models: dict[str, list[str]] = {}
    for run in runs:
        tokens.update(run.manifest.tokens)
        for role, several in run.manifest.models.items():
            models[role] = list(dict.fromkeys([*models.get(role, ()), *several]))
    stamp = now()
    return Manifest(
        run=str(folder.path),
        recipe={"name": folder.path.name, "digest": digest(names)},
        count=0,
        seed=0,
        simulated=runs[0].manifest.simulated,
        fingerprints={},
        resume_command=command,
        state="done",
        tokens={name: tokens[name] for name in ("in", "out", "cached")},
        cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
        models=models,
        licences={name: licence for run in runs for name, licence in run.manifest.licences.items()},
        model_ids=sorted({name for run in runs for name in run.manifest.model_ids}),
        started=stamp,
        finished=stamp,
        exit_code=0,
    )
