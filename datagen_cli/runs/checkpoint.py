"""Checkpoints: an append-only JSONL file a stage, a line a finished unit, and what makes a line still valid.

The first line holds the stage's fingerprint. Every other line is `{"unit": "000012.1", "from": DIGEST, ..., "crc":
SUM}`: it counts only when the unit is made from the same thing again, and when its sum, which starts from the
fingerprint, is right. Damaged lines are taken out and their units made again from the stage before; a torn last line is
cut off; under another fingerprint the whole file moves aside. Files of older versions have no sums: theirs are taken as
they are. Only offsets are kept in memory (8 bytes a line of a first attempt).
"""

from __future__ import annotations

import json
import os
import re
from array import array
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any

from datagen_cli.core.checksum import has_sum, sealed, seed_of, whole, whole_object, without_sum
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.jsonl import MODE, dump, write_aside, write_errors
from datagen_cli.core.record import unit_name
from datagen_cli.core.system import open_own, read_at, read_own, write_at

HEADER_BYTES = 4096
MOST_ATTEMPTS = 100
GUESS_BYTES = 1024
_UNIT = re.compile(rb'\{"unit":"(\d+)\.(\d+)"')


class LineIndex:
    """(slot, attempt) → offset of the line; first attempts in an array, the few others in a dict."""

    def __init__(self) -> None:
        self._first = array("q")
        self._later: dict[tuple[int, int], int] = {}

    def put(self, slot: int, attempt: int, offset: int) -> None:
        """Remembers a line; a later line of the same unit replaces an earlier one."""
        if attempt != 1:
            self._later[(slot, attempt)] = offset
            return
        if slot >= len(self._first):
            self._first.extend([-1] * (slot + 1 - len(self._first)))
        self._first[slot] = offset

    def get(self, slot: int, attempt: int) -> int | None:
        """Offset of the unit's line, or None."""
        if attempt != 1:
            return self._later.get((slot, attempt))
        offset = self._first[slot] if slot < len(self._first) else -1
        return None if offset < 0 else offset

    def forget(self, slot: int, attempt: int) -> None:
        """Takes a unit off the index; its line stays in the file."""
        if attempt != 1:
            self._later.pop((slot, attempt), None)
        elif slot < len(self._first):
            self._first[slot] = -1

    def units(self) -> Iterator[tuple[int, int]]:
        """All (slot, attempt) known, first attempts first."""
        for slot, offset in enumerate(self._first):
            if offset >= 0:
                yield slot, 1
        yield from sorted(self._later, key=lambda unit: (unit[1], unit[0]))


class Checkpoint:
    """One stage's file. Open it once; lines are appended and flushed, and read back by offset."""

    def __init__(self, path: Path, stage: str, fingerprint: str) -> None:
        self.path = path
        self.stage = stage
        self.fingerprint = fingerprint
        self.index = LineIndex()
        self.damaged = 0
        self._seed = seed_of(fingerprint)
        self._old = False
        self._file = self._open()
        self._end = 0
        self._scan()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def find(self, slot: int, attempt: int, made_from: str) -> dict[str, Any] | None:
        """The unit's line if it was made from the same thing, else None."""
        raw = self.raw(slot, attempt)
        return None if raw is None or tail_of(raw, slot, attempt, made_from) is None else _object(raw)

    def has(self, slot: int, attempt: int, made_from: str) -> bool:
        """Whether the unit's line was made from this. Its rest is not read."""
        raw = self.raw(slot, attempt)
        return raw is not None and tail_of(raw, slot, attempt, made_from) is not None

    def line(self, slot: int, attempt: int) -> dict[str, Any] | None:
        """The unit's last line whatever it was made from, or None."""
        raw = self.raw(slot, attempt)
        return None if raw is None else _object(raw)

    def lines(self) -> Iterator[dict[str, Any]]:
        """All lines in the order in which they were written. Raises `UsageError` as `raw` does."""
        with read_own(self.path) as file:
            for raw in islice(file, 1, None):
                found = _object(without_sum(raw)) if self._counts(raw) else None
                if found is None:
                    raise self._changed()
                yield found

    def raw(self, slot: int, attempt: int) -> bytes | None:
        """The bytes of the unit's last line without its sum and line end, or None. Raises `UsageError` where the line
        is no longer as it was when it was written, or when the file was opened."""
        offset = self.index.get(slot, attempt)
        if offset is None:
            return None
        line = self._read(offset)
        if not self._counts(line) or not line.startswith(b'{"unit":"%s"' % unit_name(slot, attempt).encode()):
            raise self._changed()
        return without_sum(line)

    def _counts(self, line: bytes) -> bool:
        """Whether a line, with its end, carries its sum, or needs none in a file of an older version."""
        return whole(line, self._seed) or (self._old and not has_sum(line) and line[-2:] == b"}\n")

    def _changed(self) -> UsageError:
        hint = "the same command makes again what is damaged; replies in the call cache cost nothing"
        return UsageError("was changed by something else while the run went on", hint=hint, place=Place(str(self.path)))

    def append(self, slot: int, attempt: int, made_from: str, payload: dict[str, Any]) -> None:
        """Appends and flushes a line. On a full disk the torn line is cut off again before the error is raised."""
        line = sealed(dump({"unit": unit_name(slot, attempt), "from": made_from, **payload}), self._seed)
        self._write(line)
        self.index.put(slot, attempt, self._end - len(line))

    def _write(self, line: bytes) -> None:
        with write_errors(self.path):
            try:
                write_at(self._file.fileno(), line, self._end)
            except OSError:
                os.ftruncate(self._file.fileno(), self._end)
                raise
        self._end += len(line)

    def _read(self, offset: int) -> bytes:
        """From an offset to the next line end, or as far as the file goes."""
        descriptor = self._file.fileno()
        with write_errors(self.path):
            chunk = more = read_at(descriptor, GUESS_BYTES, offset)
            while more and b"\n" not in more:
                more = read_at(descriptor, 65536, offset + len(chunk))
                chunk += more
        return chunk[: chunk.find(b"\n") + 1]

    def _open(self) -> IO[bytes]:
        with write_errors(self.path):
            descriptor = open_own(self.path, os.O_RDWR | os.O_CREAT, MODE)
        return os.fdopen(descriptor, "r+b", buffering=0)

    def _scan(self) -> None:
        """Indexes the whole lines and cuts the torn end; where lines are damaged the file is written anew without
        them."""
        header = self._file.readline(HEADER_BYTES)
        if _header(header).get("fingerprint", self.fingerprint) != self.fingerprint:
            header = b""
            os.ftruncate(self._file.fileno(), 0)
        self._old = header == _old_header(self.stage, self.fingerprint)
        lines = self._lines()
        os.ftruncate(self._file.fileno(), self._end)
        head = header if self._old else header_line(self.stage, self.fingerprint)
        if not self._end:
            self._write(head)
        elif self.damaged:
            self._write_anew(head, lines)

    def _lines(self) -> list[tuple[int, int]]:
        """Places of the lines that count, as (offset, length); they are indexed, and the others counted."""
        head = header_line(self.stage, self.fingerprint)
        kept = []
        position = 0
        with read_own(self.path) as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                unit = _UNIT.match(line)
                if unit is not None and self._counts(line):
                    self.index.put(int(unit[1]), int(unit[2]), position)
                    kept.append((position, len(line)))
                elif position or not (self._old or line == head):
                    self.damaged += 1
                position += len(line)
        self._end = position
        return kept

    def _write_anew(self, head: bytes, lines: list[tuple[int, int]]) -> None:
        """Replaces the file by a header and these lines of it."""
        descriptor = self._file.fileno()
        write_aside(self.path, (head, *(read_at(descriptor, length, offset) for offset, length in lines)))
        self._file.close()
        self._file = self._open()
        self.index, damaged = LineIndex(), self.damaged
        self._old = head == _old_header(self.stage, self.fingerprint)
        self._lines()
        self.damaged = damaged


def forget_truncated(checkpoints: Mapping[str, Checkpoint]) -> None:
    """Leaves out attempts that were cut off at the token limit, of slots that have no accepted record: for a run in
    which replies may be longer."""
    generated, judged = checkpoints["generate"], checkpoints["dedup"]
    for slot, attempt in list(generated.index.units()):
        records = (generated.line(slot, attempt) or {}).get("records", ())
        cut = [record for record in records if record.get("rejection", {}).get("reason") == "truncated"]
        if cut and not any(_is_accepted(judged, record["slot"]) for record in cut):
            generated.index.forget(slot, attempt)


def _is_accepted(judged: Checkpoint, slot: int) -> bool:
    lines = (judged.line(slot, attempt) for attempt in range(1, MOST_ATTEMPTS))
    return any(line is not None and "rejection" not in line for line in lines)


def tail_of(raw: bytes, slot: int, attempt: int, made_from: str) -> bytes | None:
    """What a line says after its unit and what it was made from; None when it is of another unit, or made otherwise."""
    head = b'{"unit":"%06d.%d","from":"%s"' % (slot, attempt, made_from.encode())
    return raw[len(head) :] if raw.startswith(head) else None


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(raw.decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def header_line(stage: str, fingerprint: str, **more: Any) -> bytes:
    """The first line of a stage's file."""
    return sealed(dump({"stage": stage, "fingerprint": fingerprint, **more}))


def read_header(path: Path) -> dict[str, Any]:
    """The first line of a stage's file; empty where there is none, or a damaged one. One without a sum is of an older
    version."""
    try:
        with read_own(path) as file:
            line = file.readline(HEADER_BYTES)
    except OSError:
        return {}
    return _header(line)


def stored_fingerprint(path: Path) -> str | None:
    """The fingerprint a checkpoint file was written under, or None when there is no whole header."""
    found = read_header(path).get("fingerprint")
    return found if isinstance(found, str) else None


def _header(line: bytes) -> dict[str, Any]:
    found = whole_object(line)
    if found is None and line.endswith(b"}\n") and line.startswith(b'{"stage":"'):
        found = _object(line)
        if found is not None and line != _old_header(str(found.get("stage")), str(found.get("fingerprint"))):
            found = None
    return found or {}


def _old_header(stage: str, fingerprint: str) -> bytes:
    return dump({"stage": stage, "fingerprint": fingerprint}) + b"\n"
