"""The columns of a run's files: every row has the same keys in the same order, whatever became of its record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Record, Rejection, Slot, record_id


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a dataset: fields in order, emitted attributes, check names, and whether a model was simulated."""

    specs: tuple[FieldSpec, ...]
    emitted: tuple[str, ...]
    attributes: tuple[str, ...]
    checks: tuple[str, ...]
    simulated: bool
    prefix: str

    def row(self, record: Record, slot: Slot) -> dict[str, Any]:
        """A row of `dataset.jsonl`."""
        row: dict[str, Any] = {"id": slot.id}
        row.update({spec.name: record.fields.get(spec.name) for spec in self.specs if spec.keep})
        row.update({name: slot.attributes.get(name) for name in self.emitted})
        row["attributes"] = {name: slot.attributes.get(name) for name in self.attributes}
        row["verdicts"] = {name: record.verdicts.get(name, "unknown") for name in self.checks}
        row["simulated"] = self.simulated
        return row

    def rejected_row(self, record: Record, rejection: Rejection) -> dict[str, Any]:
        """A row of `rejected.jsonl`."""
        peer = record.lineage.get("peer") if record.lineage else None
        own = record_id(self.prefix, record.slot, record.attempt)
        row: dict[str, Any] = {"id": own if peer is None else f"{own}/{peer}"}
        row.update({spec.name: record.fields.get(spec.name) for spec in self.specs})
        row.update(stage=rejection.stage, reason=rejection.reason, detail=rejection.detail, repeats=rejection.repeats)
        return row
