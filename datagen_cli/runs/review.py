"""What people say of a run's records: `review.jsonl`, a line a decision, the last one for an id counts.

A line is `{"id", "decision": "keep" | "reject" | "edit", "reason", "fields", "of", "verdicts"}`. `fields` holds the
new values of an edit, and is null otherwise. `of` is the digest of the record that was looked at: an id stays with its
slot, so that a record which takes the place of a rejected one is not taken for the one that was judged. `verdicts` are
those of the record's checks. Lines that a script wrote may leave out everything but the id and the decision.

A decision is one append, taking it back cuts the last line off. Terminal, browser and scripts may write at once.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from datagen_cli.core.digest import digest, seed_of
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.fields import unreadable
from datagen_cli.core.files import open_regular, parse_object, raw_lines
from datagen_cli.core.jsonl import MODE, dump, write_aside, write_errors
from datagen_cli.core.record import Outcome
from datagen_cli.core.registry import suggest
from datagen_cli.core.system import open_own, read_at, try_lock, write_at
from datagen_cli.runs.lock import is_at

FILE = "review.jsonl"
Kind = Literal["keep", "reject", "edit"]
KINDS: tuple[str, ...] = get_args(Kind)
NOT_JUDGED = ("id", "attributes", "verdicts", "simulated")
"""Columns of a row that are no part of what a person judges."""
REASON_CHARACTERS = 1000
WAIT_S, PAUSE_S = 5.0, 0.01
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
Row = Mapping[str, Any]


def row_digest(row: Row) -> str:
    """Digest of the fields of a dataset's row."""
    return digest([[name, value] for name, value in row.items() if name not in NOT_JUDGED])


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of one record; see the module for the parts."""

    id: str
    decision: Kind
    reason: str = ""
    fields: Row | None = None
    of: str = ""
    verdicts: Mapping[str, Outcome] = field(default_factory=dict)

    def is_on(self, row: Row) -> bool:
        """Whether this was said of the row as it stands, or the row is what an edit made of it."""
        if self.of in ("", row_digest(row)):
            return True
        return self.fields is not None and all(row.get(name) == value for name, value in self.fields.items())

    def asks_for_change(self, row: Row) -> bool:
        """Whether the row is not yet what this asks for: still there, or not edited."""
        return self.decision != "keep" and self.of in ("", row_digest(row))

    def bound(self, row: Row) -> Decision:
        """This decision, said of a row."""
        return replace(self, of=row_digest(row), verdicts=row.get("verdicts") or {})

    def line(self) -> dict[str, Any]:
        """The line of the file."""
        return asdict(self)


@dataclass(frozen=True)
class Review:
    """All decisions in the order of their lines, and the numbers of the lines that hold none."""

    decisions: Sequence[Decision] = ()
    damaged: Sequence[int] = ()

    @cached_property
    def last(self) -> Mapping[str, Decision]:
        """The decision that counts, by id; looked up for every row, and made once."""
        return {decision.id: decision for decision in self.decisions}

    @property
    def damage(self) -> str:
        """A sentence on the lines that hold no decision that can be used; empty where there is none."""
        if not self.damaged:
            return ""
        first = f"line {self.damaged[0]:,}"
        lines = first if len(self.damaged) == 1 else f"{len(self.damaged):,} lines from {first} on"
        verb = "is" if len(self.damaged) == 1 else "are"
        return f"{lines} cannot be read and {verb} left out"

    @property
    def records(self) -> list[Decision]:
        """The last decision on every record that was looked at: an id has one for each record that stood there."""
        return list({(decision.id, decision.of): decision for decision in self.decisions}.values())

    def of(self, row: Row) -> Decision | None:
        """What was decided of a row as it stands; None while nobody has looked at it."""
        found = self.last.get(str(row.get("id")))
        return found if found is not None and found.is_on(row) else None


class ReviewFile:
    """The decisions of a run folder. Every method opens the file anew."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def read(self) -> Review:
        """All decisions; none where there is no file. A torn last line is one that was never made."""
        if not self.path.exists() and not self.path.is_symlink():
            return Review()
        decisions, damaged = [], []
        with open_regular(self.path) as file:
            for number, raw in enumerate(raw_lines(file), start=1):
                found = _parsed(raw)
                if found is not None:
                    decisions.append(found)
                elif raw.strip() and raw.endswith(b"\n"):
                    damaged.append(number)
        return Review(decisions, damaged)

    def append(self, *decisions: Decision) -> None:
        """Adds decisions in one write."""
        with self._locked() as descriptor:
            end = _whole_end(descriptor)
            os.ftruncate(descriptor, end)
            write_at(descriptor, b"".join(dump(decision.line()) + b"\n" for decision in decisions), end)

    def undo(self) -> Decision | None:
        """Takes the last decision back. Returns it, or None where there is none."""
        if not self.path.exists():
            return None
        with self._locked() as descriptor:
            end = _whole_end(descriptor)
            data = _bytes(descriptor, end)
            start = data.rfind(b"\n", 0, max(end - 1, 0)) + 1
            os.ftruncate(descriptor, start)
        return _parsed(data[start:])

    def bind(self, rows: Iterable[Row]) -> None:
        """Says of decisions that name only an id which record they were made of: the one that stands in these rows."""
        loose = {decision.id for decision in self.read().decisions if not decision.of}
        if not loose:
            return
        found = {str(row.get("id")): row for row in rows if str(row.get("id")) in loose}
        with self._locked() as descriptor:
            raws = _bytes(descriptor, _whole_end(descriptor)).splitlines(keepends=True)
            lines = (
                dump(one.bound(found[one.id]).line()) + b"\n" if one and not one.of and one.id in found else raw
                for raw, one in ((raw, _parsed(raw)) for raw in raws)  # what holds no decision stays as it is
            )
            write_aside(self.path, lines)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file, opened and locked; a file that was replaced meanwhile is opened again."""
        until = time.monotonic() + WAIT_S
        while True:
            with write_errors(self.path):
                descriptor = open_own(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), MODE)
            if try_lock(descriptor) and is_at(descriptor, self.path):
                break
            os.close(descriptor)
            if time.monotonic() > until:
                raise UsageError("another process is writing this file", place=Place(str(self.path)))
            time.sleep(PAUSE_S)
        try:
            with write_errors(self.path):
                yield descriptor
        finally:
            os.close(descriptor)


def to_take_up(folder: Path, before: Mapping[str, Any], note: Callable[[str], None] = lambda _: None) -> list[Decision]:
    """The decisions that ask for a change of the dataset as it stands: records rejected, and edits not made yet.

    `before` is the folder's `run.json`. Decisions that name only an id are bound first. `note` is told of lines that
    are left out.
    """
    file = ReviewFile(folder)
    review = file.read()
    said = review.last
    if review.damage:
        note(f"{FILE}: {review.damage}")
    if not before or all(one.decision == "keep" for one in said.values()):
        return []
    from datagen_cli.runs.reader import RunReader

    reader = RunReader(folder)
    try:
        rows = {str(row.get("id")): row for row in reader.rows() if str(row.get("id")) in said}
    except DataError:  # the dataset is gone: the run that asks makes it again as it stood
        return []
    file.bind(rows.values())
    last = file.read().last
    return [last[name] for name, row in rows.items() if last[name].asks_for_change(row)]


def read_decision(value: Mapping[str, Any], rows: Mapping[str, Row], place: Place | None = None) -> Decision:
    """A decision as a person or a script gives it, on one of these rows (by id).

    Raises `DataError` for an id that is not there, an unknown decision, and an edit without new values of the row's
    fields, each of its type.
    """
    unknown = next((name for name in value if name not in ("id", "decision", "reason", "fields", "of", "verdicts")), "")
    if unknown:
        raise DataError(f"{unknown}: unknown key", hint=suggest(unknown, ("id", *_KEYS)), place=place)
    name, kind, reason = value.get("id"), value.get("decision"), value.get("reason") or ""
    if not isinstance(name, str) or name not in rows:
        hint = "ids stand in dataset.jsonl; `datagen show RUN` shows some"
        raise DataError(f"id: {name!r} is no record of this run", hint=hint, place=place)
    if kind not in KINDS:
        raise DataError(f"decision: there is no {kind!r}", hint=f"one of {', '.join(KINDS)}", place=place)
    if not isinstance(reason, str):
        raise DataError("reason: expected a text", hint="say in words why", place=place)
    fields = _edited(value.get("fields"), rows[name], place) if kind == "edit" else None
    return Decision(name, kind, _one_line(reason), fields).bound(rows[name])


def in_sample(rows: Iterable[Row], size: int | None, *, seed: int = 0) -> list[str]:
    """Ids to look at: all in order, or `size` drawn at random. A smaller sample is the beginning of a larger one."""
    ids = [str(row.get("id")) for row in rows]
    return ids if size is None else sorted(ids, key=lambda name: seed_of(seed, "review", name))[:size]


_KEYS = ("decision", "reason", "fields")


def _edited(fields: Any, row: Row, place: Place | None) -> dict[str, Any]:
    """The new values of an edit that differ from the row's."""
    own = [name for name in row if name not in NOT_JUDGED]
    if not isinstance(fields, dict) or not fields:
        raise DataError("fields: an edit needs new values", hint=f"fields of this run: {', '.join(own)}", place=place)
    for name, value in fields.items():
        if name not in own:
            raise DataError(f"fields.{name}: there is no such field", hint=suggest(name, own), place=place)
        if row[name] is not None and _kind(value) != _kind(row[name]):
            hint = f"a value like {row[name]!r:.60}"
            raise DataError(f"fields.{name}: {value!r:.60} is of another type", hint=hint, place=place)
        if reason := _unfit(value, row[name]):
            raise DataError(f"fields.{name}: {reason}", hint="no record holds that", place=place)
    changed = {name: value for name, value in fields.items() if row[name] != value}
    if not changed:
        raise DataError("fields: nothing differs", hint="keep the record instead", place=place)
    return changed


def _unfit(value: Any, before: Any = "") -> str:
    """Why no record may hold a value, as in `core.fields`; empty where it may. A text does not become an empty one."""
    if isinstance(value, str) and isinstance(before, str) and before.strip() and not value.strip():
        return "an empty text: reject the record instead"
    waiting, reason = [value], unreadable(value)
    while waiting and not reason:
        item = waiting.pop()
        if isinstance(item, list | dict):
            waiting += [*item, *item.values()] if isinstance(item, dict) else item
        elif isinstance(item, str) and (control := _CONTROL.search(item)) is not None:
            reason = f"it holds the control character {control[0]!r}"
    return reason


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _one_line(reason: str) -> str:
    return " ".join(reason.split())[:REASON_CHARACTERS]


def _parsed(raw: bytes) -> Decision | None:
    """The decision of a line; None for one that holds none."""
    found = parse_object(raw)
    if found is None or not isinstance(found.get("id"), str) or found.get("decision") not in KINDS:
        return None
    reason, fields, of, verdicts = (found.get(name) for name in ("reason", "fields", "of", "verdicts"))
    if found["decision"] == "edit" and not (isinstance(fields, dict) and fields and not _unfit(fields)):
        return None
    return Decision(
        found["id"],
        found["decision"],
        _one_line(reason) if isinstance(reason, str) else "",
        fields if found["decision"] == "edit" else None,
        of if isinstance(of, str) else "",
        {str(k): v for k, v in verdicts.items() if v in get_args(Outcome)} if isinstance(verdicts, dict) else {},
    )


def _whole_end(descriptor: int) -> int:
    """Where the last whole line ends; a last line without an end that holds a decision is whole, too."""
    size = os.fstat(descriptor).st_size
    data = _bytes(descriptor, size)
    if not data or data.endswith(b"\n"):
        return size
    if _parsed(data[data.rfind(b"\n") + 1 :]) is None:
        return data.rfind(b"\n") + 1
    return size + write_at(descriptor, b"\n", size)


def _bytes(descriptor: int, size: int) -> bytes:
    found = b""
    while len(found) < size and (more := read_at(descriptor, size - len(found), len(found))):
        found += more
    return found
