"""The end of a run, whole or not: dataset, rejected attempts, card, lock and `run.json` from the checkpoints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from datagen_cli.core.citation import ATTRPROMPT, CORRSYNTH, DATAGEN, Citation
from datagen_cli.core.fields import plain
from datagen_cli.core.flow import STEPS
from datagen_cli.core.record import Record
from datagen_cli.core.telling import telling
from datagen_cli.pipeline.adherence import Adherence
from datagen_cli.pipeline.known_bad import kept_found
from datagen_cli.pipeline.outcome import OutcomeReader, write_dataset, write_lineage, write_rejected
from datagen_cli.pipeline.session import Session
from datagen_cli.pipeline.settle import settle
from datagen_cli.pipeline.shift import Coverage, Shift
from datagen_cli.pipeline.worth import Worth
from datagen_cli.runs.card import write_card
from datagen_cli.runs.integrity import make_seal
from datagen_cli.runs.manifest import Manifest, now, write_lock
from datagen_cli.runs.planted import Fates, Plants
from datagen_cli.runs.review import to_take_up

T = TypeVar("T")
LABELS_SHOWN = 50
AGAIN = "records that people rejected or edited stand as they were: {:,}; the same command once more takes that up"


def finish(session: Session) -> Manifest:
    """Writes what a run leaves and returns its manifest. Works on a run that was stopped, too."""
    runner, built, manifest = session.runner, session.built, session.manifest
    session.update()
    if session.complete:
        manifest.finished = now()
        session.folder.write_state(manifest.document())
        return manifest
    assert runner is not None
    shape = built.shape
    options = built.recipe.options
    ledger = OutcomeReader(session.checkpoints, STEPS, built.cut, runner.refills.most)
    adherence, shift = Adherence(shape.checks), Shift()
    plants = Plants(session.folder.file("plants.jsonl") if built.simulated else None, built.per_call)
    fates, worth = Fates(plants), Worth(built.recipe.checks, plants)
    coverage = Coverage()
    labels: Counter[str] = Counter()
    label_field = built.base.label.field if built.base.label else ""

    def rows() -> Iterator[dict[str, Any]]:
        within = (slot for slot in session.plan if slot.index < manifest.count)
        for slot in _told(session, "writing the dataset", within, manifest.count):
            coverage.count(slot, accepted=bool(runner.accepted[slot.index]))
            if not runner.accepted[slot.index]:
                continue
            record = ledger.accepted(slot.index, runner.accepted[slot.index])
            adherence.count(record, accepted=True)
            fates.count(record)
            worth.count(record, accepted=True)
            shift.count(record, slot, accepted=True)
            if label_field:
                label = record.fields.get(label_field)
                labels[label if isinstance(label, str) else plain(label)] += 1
            yield shape.row(record, slot)

    def lineages() -> Iterator[dict[str, Any]]:
        for slot in session.plan:
            attempt = runner.accepted[slot.index] if slot.index < manifest.count else 0
            if attempt and (lineage := ledger.accepted(slot.index, attempt).lineage):
                yield {"id": slot.id, **lineage}

    def refused() -> Iterator[Record]:
        found = ledger.rejected((slot for slot in runner.touched if slot < manifest.count), runner.accepted)
        for record in _told(session, "writing what was not kept", found, sum(manifest.rejected.values())):
            adherence.count(record, accepted=False)
            fates.count(record)
            worth.count(record, accepted=False)
            shift.count(record, session.plan.slot(record.slot), accepted=False)
            yield record
        if runner.surplus:
            yield from ledger.surplus(manifest.count, runner.accepted)

    manifest.shards = write_dataset(session.folder, rows())
    manifest.dataset = str(session.folder.file(manifest.shards[0]))
    if built.groups or built.plan.parents is not None or built.operators is not None:
        write_lineage(session.folder, lineages())
    manifest.rejected = write_rejected(session.folder, shape, refused())
    manifest.surplus = manifest.rejected.pop("surplus", 0)
    manifest.checks = adherence.table
    manifest.planted = fates.table
    manifest.probed = kept_found(session.folder.path, built.fingerprints["validate"])
    manifest.shift = shift.table
    manifest.modules = worth.table(manifest.spent, manifest.accepted)
    manifest.coverage = coverage.table
    beyond = manifest.count - built.plan.most(manifest.count)
    for note in settle(
        manifest, runner, prefix=shape.prefix, attempts=options.limits.attempts_per_record, beyond=beyond
    ):
        session.observer.event("note", text=note)
    manifest.remarks = list(adherence.remarks(built.recipe.checks))
    for note in manifest.remarks:
        session.observer.event("note", text=note)
    if left := to_take_up(session.folder.path, {"state": manifest.state}):
        session.observer.event("note", text=AGAIN.format(len(left)))
    shown = dict(sorted(labels.items())) if len(labels) <= LABELS_SHOWN else {}
    write_card(session.folder, options.name, options.description, manifest, shape, shown, _works(session))
    write_lock(session.folder.path, built.recipe.source, _locked(session))
    manifest.seal = make_seal(session.folder, manifest) if manifest.state == "done" else {}
    session.folder.write_state(manifest.document())
    return manifest


def _told(session: Session, what: str, items: Iterable[T], of: int) -> Iterator[T]:
    """The items; the observer hears how far they are."""

    def tell(done: int) -> None:
        if done < of:
            session.observer.event("step", text=what, done=done, of=of)

    return telling(items, tell)


def _works(session: Session) -> list[Citation]:
    """The works whose methods the run uses."""
    options = session.built.recipe.options
    beside = ((ATTRPROMPT, options.attributes), (CORRSYNTH, session.built.groups))
    return [DATAGEN, *(work for work, used in beside if used)]


def _locked(session: Session) -> dict[str, Any]:
    """What the recipe's names stood for in this run."""
    built = session.built
    prices = session.client.prices() if session.client else {}
    return {
        "recipe_digest": session.manifest.recipe["digest"],
        "fingerprints": dict(built.fingerprints),
        "base": session.manifest.base,
        "compared_with": [
            {"file": file.shown, "rows": len(file.rows), "sha256": file.digest} for file in built.comparison.files
        ],
        "embedder": built.embedder.signature if built.embedder is not None else None,
        "label": [[value, share] for value, share in built.plan.labels],
        "models": dict(built.identities),
        "model_ids": session.manifest.model_ids,
        "prices_usd_per_million": prices,
    }
