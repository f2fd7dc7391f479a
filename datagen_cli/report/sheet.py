"""What a page shows of one dataset: its measures, its rows, their points on a plane, and the run that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.evaluation.document import entry
from datagen_cli.evaluation.evaluate import Evaluation, metric
from datagen_cli.evaluation.projection import Projection, project
from datagen_cli.evaluation.reading import readings
from datagen_cli.report.evidence import ShownExhibit, exhibited
from datagen_cli.report.records import Records, as_text, records_of_rows, records_of_run
from datagen_cli.runs.reader import RunReader

BASE_TEXT = 240


@dataclass(frozen=True, slots=True)
class Sheet:
    """One dataset as a page shows it: the JSON of `eval`, its measures in words, and what its rows show.

    `equal` has the measures that grow with n on as many rows as the reference's own were taken on, where the dataset
    has more. `records` and `plane` (the island's part, and the projection) are there where one dataset has the page to
    itself, `run` for a run folder.
    """

    result: Mapping[str, Any]
    readings: Mapping[str, str]
    shown: Sequence[ShownExhibit] = ()
    records: Records | None = None
    projection: Projection | None = None
    plane: Mapping[str, Any] = field(default_factory=dict)
    run: RunReader | None = None
    equal: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """The summary of the run, with as many accepted records as the page knows: `run.json` of a run that goes on is
        behind its checkpoints."""
        assert self.run is not None
        known = {} if self.records is None else {"accepted": self.records.accepted}
        return {**self.run.summary(), **known}

    @property
    def name(self) -> str:
        """What the dataset was called on the command line."""
        return str(self.result["dataset"])


def sheet_of(found: Evaluation, result: Mapping[str, Any]) -> Sheet:
    """The sheet of an evaluation and its JSON."""
    loaded = found.views.loaded
    data, run = loaded.dataset, loaded.run
    exhibits = exhibited(result, dict(zip(data.ids, data.texts, strict=True)))
    records = records_of_run(run) if run else records_of_rows(data.rows, data.ids, data.label_field, loaded.total)
    projection = project(found.views, found.reference)
    plane = _plane(found, projection, records) if projection is not None else {}
    return Sheet(result, readings(found), exhibits, records, projection, plane, run, _equal(found))


def _equal(found: Evaluation) -> dict[str, dict[str, Any]]:
    grow = [name for name in found.reference_measures if name in found.measures and metric(name).grows_with_n]
    sized = {name: found.at_reference_size(name) for name in grow if found.measures[name].value is not None}
    return {name: entry(one) for name, one in sized.items() if one is not found.measures[name]}


def sheet_of_run(run: RunReader) -> Sheet:
    """The sheet of a run of which nothing is measured yet."""
    result = {
        "dataset": str(run.folder), "n": run.manifest.accepted, "text_fields": [], "label_field": run.label,
        "reference": None, "simulated": run.manifest.simulated, "metrics": {}, "reference_metrics": {}, "gates": [],
    }  # fmt: skip
    return Sheet(result, {}, records=records_of_run(run), run=run)


def _plane(found: Evaluation, projection: Projection, records: Records) -> dict[str, Any]:
    """The points as the script reads them: `[row of the table, x, y]`, of the reference `[x, y, text, label]`."""
    features = found.views.few
    place_of = {row["i"]: place for place, row in enumerate(records.rows) if "r" not in row}  # refused ones share ids
    ids = features.dataset.ids
    pairs = zip(projection.own.rows, projection.own.places, strict=True)
    own = [[place_of[ids[row]], x, y] for row, (x, y) in pairs if ids[row] in place_of]
    base: list[list[Any]] = []
    if projection.reference is not None and found.reference is not None:
        other = found.reference.few
        labels = other.dataset.labels
        for row, (x, y) in zip(projection.reference.rows, projection.reference.places, strict=True):
            base.append([x, y, other.texts[row][:BASE_TEXT], as_text(labels[row])[:60] if labels else ""])
    return {"own": own, "base": base}
