"""What a run leaves: `dataset.jsonl` and `rejected.jsonl`, written aside from the checkpoints, in slot order.

Where rows were sampled together, `lineage.jsonl` says so. Every row has the same keys and each field one JSON type
throughout, so that pandas and `datasets` read the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from datagen_cli.core.below import replace, unlink
from datagen_cli.core.flow import REVIEW
from datagen_cli.core.jsonl import dump, write_aside
from datagen_cli.core.record import Record, Rejection
from datagen_cli.pipeline.cut import Cut
from datagen_cli.runs.checkpoint import Checkpoint
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.lines import content_digest, from_line
from datagen_cli.runs.shape import Shape

SHARD_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class OutcomeReader:
    """Reads a run's checkpoints back: the accepted record of a slot, and every attempt that was turned away."""

    checkpoints: Mapping[str, Checkpoint]
    steps: Sequence[str]
    cut: Cut
    most_attempts: Callable[[int], int]

    def generated(self, slot: int, attempt: int) -> tuple[dict[str, Any], int] | None:
        """The generation line that holds an attempt, and the record's position in it."""
        first = self.cut.start(slot) if attempt == 1 else slot
        line = self.checkpoints["generate"].line(first, attempt)
        position = slot - first
        return (line, position) if line is not None and position < len(line["records"]) else None

    def history(self, slot: int, attempt: int) -> list[tuple[str, dict[str, Any]]]:
        """The attempt's line of every stage that it reached, in stage order; the generation line as it is."""
        found = self.generated(slot, attempt)
        if found is None:
            return []
        line, position = found
        record = from_line(line["records"][position])
        lines = [("generate", {**line, "position": position})]
        for stage in self.steps:
            if record.rejection is not None:
                return lines
            step = self.checkpoints[stage].find(slot, attempt, content_digest(record))
            if step is None:
                return lines
            lines.append((stage, step))
            record = from_line(step)
        judged = self.checkpoints["dedup"].line(slot, attempt)
        if record.rejection is None and judged is not None:
            lines.append(("dedup", judged))
            reviewed = self._reviewed(judged)
            lines += [(REVIEW, reviewed)] if reviewed is not None else []
        return lines

    def final(self, slot: int, attempt: int) -> Record | None:
        """The attempt as the last stage that it reached left it."""
        lines = self.history(slot, attempt)
        if not lines:
            return None
        stage, line = lines[-1]
        return from_line(line["records"][line["position"]] if stage == "generate" else line)

    def accepted(self, slot: int, attempt: int) -> Record:
        """An accepted record."""
        line = self.checkpoints["dedup"].line(slot, attempt)
        assert line is not None
        return from_line(self._reviewed(line) or line)

    def _reviewed(self, judged: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a person made of an accepted record."""
        checkpoint = self.checkpoints.get(REVIEW)
        if checkpoint is None or "rejection" in judged:
            return None
        return checkpoint.line(judged["slot"], judged["attempt"])

    def rejected(self, slots: Iterable[int], accepted: bytes | bytearray) -> Iterator[Record]:
        """Every rejected attempt of these slots, in slot order."""
        for slot in sorted(slots):
            last = accepted[slot] - 1 if accepted[slot] else self.most_attempts(slot)
            for attempt in range(1, last + 1):
                record = self.final(slot, attempt)
                if record is None or record.rejection is None:
                    break
                yield record

    def surplus(self, count: int, accepted: bytes | bytearray) -> Iterator[Record]:
        """Records that came beside those asked for, or for slots beyond the count. Reads the whole generation file.

        Attempts after the accepted one were made when that had been refused for a repeat that is gone; they are passed
        over.
        """
        beyond = Rejection("generate", "surplus", "its slot is beyond the count; a larger count uses it")
        for first, attempt in self.checkpoints["generate"].index.units():
            if attempt > 1 and accepted[first] and attempt > accepted[first]:
                continue
            line = self.checkpoints["generate"].line(first, attempt) or {"records": []}
            for item in line["records"]:
                record = from_line(item)
                if record.slot >= count:
                    yield record if record.rejection is not None else record.rejected(beyond)
                elif record.rejection is not None and record.rejection.reason == "surplus":
                    yield record


def write_dataset(folder: RunFolder, rows: Iterable[dict[str, Any]]) -> list[str]:
    """Writes `dataset.jsonl`, or shards above a size. Returns the file names."""
    names: list[str] = []
    try:
        for number, chunk in enumerate(_shards(dump(row) + b"\n" for row in rows)):
            name = f".dataset-{number:05d}.new"
            write_aside(folder.file(name), chunk)
            names.append(name)
    except BaseException:  # the disk is full, or whoever waits has had enough: half a dataset helps nobody
        for name in names:
            unlink(folder.file(name), missing_ok=True)
        raise
    if not names:
        write_aside(folder.file("dataset.jsonl"), [])
        return ["dataset.jsonl"]
    final = (
        ["dataset.jsonl"]
        if len(names) == 1
        else [f"dataset-{i:05d}-of-{len(names):05d}.jsonl" for i in range(len(names))]
    )
    for old in [*folder.path.glob("dataset-*-of-*.jsonl"), folder.file("dataset.jsonl")]:
        if old.name not in final:
            unlink(old, missing_ok=True)
    for aside, name in zip(names, final, strict=True):
        replace(folder.file(aside), folder.file(name))
    return final


def write_lineage(folder: RunFolder, rows: Iterable[dict[str, Any]]) -> None:
    """Writes `lineage.jsonl`: a line for every row of the dataset, in its order.

    Of a correlated run `{"id", "group", "row", "label", "variant", ...parameters, "steps", "finish", "batch_rows",
    "forward_rows"}`; rows of one group were sampled together and are not independent of each other. Of records written
    for base rows `{"id", "parent", "method"}`. Where a difficulty operator was tried `"operator"`, `"harder"`, and what
    the fields were `"before"`, or `"why_not"`; with `measure` also `"pass_rate"`. Rows of which nothing is told have no
    line.
    """
    write_aside(folder.file("lineage.jsonl"), (dump(row) + b"\n" for row in rows))


def _shards(lines: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
    """Groups of lines of at most `SHARD_BYTES` each; every group must be read before the next is asked for."""
    number = size = 0

    def shard(line: bytes) -> int:
        nonlocal number, size
        full = size > 0 and size + len(line) > SHARD_BYTES
        number, size = (number + 1, len(line)) if full else (number, size + len(line))
        return number

    return (group for _, group in groupby(lines, shard))


def write_rejected(folder: RunFolder, shape: Shape, records: Iterable[Record]) -> dict[str, int]:
    """Writes `rejected.jsonl`. Returns the counts by reason, `surplus` among them."""
    counts: dict[str, int] = {}

    def lines() -> Iterator[bytes]:
        for record in records:
            assert record.rejection is not None
            counts[record.rejection.reason] = counts.get(record.rejection.reason, 0) + 1
            yield dump(shape.rejected_row(record, record.rejection)) + b"\n"

    write_aside(folder.file("rejected.jsonl"), lines())
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
