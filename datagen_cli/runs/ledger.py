"""What a run folder has spent, exact across `kill -9`: a ledger of reservations and settlements beside the run.

Before a call is sent its reservation is written, and when its answer or its loss is known, what it used. Each is one
write of some microseconds to the system, which keeps it whatever becomes of the process, so that nothing waits for a
commit and the call cache may be anywhere, or off. Calls that were in flight at a kill are settled at their reservation
on the next start; a model of this machine dies with the process, and its calls count nothing. The file starts with a
sum and is summed up anew whenever a run starts, ends, or it grows large.

Every line carries a checksum. A damaged one is left out; then the folder has spent at least what `run.json` says, so
that no cap starts anew. A settlement says whose call it was and counts without its reservation, too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from datagen_cli.core.chat import Usage
from datagen_cli.core.checksum import has_sum, sealed, whole
from datagen_cli.core.errors import UsageError
from datagen_cli.core.jsonl import MODE, dump, write_aside, write_errors
from datagen_cli.core.system import open_own, read_own, write_at
from datagen_cli.runs.spending import COUNTED, Spent, at_least, copied, is_count, is_spending, total_of

FILE = "spending.jsonl"
LARGE_BYTES = 16 * 1024 * 1024
FREED, RESERVED, USED, PENDING = 0, 1, 2, 4


class SpendingLedger:
    """The spending of one folder (`core.ports.Ledger`). `spent` is all of it up to now, `before` what it was at the
    start.

    `known`, what `run.json` says, is used where there is no file yet, and is the least where lines are `damaged`. Lines
    are `{"spent": sums}`, `[1, number, role, purpose, tokens in, tokens out, cost]` for a reservation (4 instead of 1:
    of a call that outlives the process), `[2, number, role, purpose, in, out, cost, lost, cached]` for its use, `[0,
    number]` for one that used nothing; the sum comes last.
    """

    def __init__(self, path: Path, known: Mapping[str, Any]) -> None:
        self.path = path
        found, self.damaged = examine(path, known) or (copied(known), 0)
        self.spent: Spent = found
        self.before = copied(self.spent)
        self._number = 0
        self._open: dict[int, tuple[str, str, bytes]] = {}
        self._file: int | None = None
        self._end = 0

    def start(self) -> None:
        """Opens the file, summed up: what was in flight when the last process died is settled now."""
        self._sum_up()

    def reserve(self, role: str, purpose: str, most: Usage, *, waits: bool = False) -> int:
        self._number += 1
        kind = PENDING if waits else RESERVED
        cost = dump(most.cost_usd).decode()
        counts = f"{most.tokens_in},{most.tokens_out},{cost}"
        line = sealed(f"[{kind},{self._number},{_place(role, purpose)},{counts}]".encode())
        self._append(line)
        self._open[self._number] = (role, purpose, line)
        return self._number

    def settle(self, entry: int, used: Usage, *, lost: bool = False) -> None:
        role, purpose, _ = self._open.pop(entry)
        if not (used.tokens_in or used.tokens_out):
            self._try_to_append(sealed(b"[%d,%d]" % (FREED, entry)))
            return
        counts = f"{used.tokens_in},{used.tokens_out},{dump(used.cost_usd).decode()},{int(lost)},{used.tokens_cached}"
        self._try_to_append(sealed(f"[{USED},{entry},{_place(role, purpose)},{counts}]".encode()))
        _count(
            self.spent, role, purpose, [used.tokens_in, used.tokens_out, used.cost_usd, int(lost), used.tokens_cached]
        )
        if self._end > LARGE_BYTES:
            with suppress(UsageError):
                self._sum_up()

    def close(self, spent: Mapping[str, Any] | None = None) -> None:
        """Sums up and closes. `spent` is what the run counted, answers from the cache included. May be called twice."""
        if self._file is None:
            return
        if spent is not None:
            self.spent = copied(spent)
        self._sum_up()
        os.close(self._file)
        self._file = None

    def _sum_up(self) -> None:
        """Replaces the file by the sum and the reservations that are open."""
        lines = [sealed(dump({"spent": self.spent})), *(line for _, _, line in self._open.values())]
        write_aside(self.path, lines)
        with write_errors(self.path):
            new = open_own(self.path, os.O_WRONLY, MODE)
        if self._file is not None:
            os.close(self._file)
        self._file, self._end = new, sum(map(len, lines))

    def _append(self, line: bytes) -> None:
        assert self._file is not None, "the ledger is not open"
        with write_errors(self.path):
            write_at(self._file, line, self._end)
        self._end += len(line)

    def _try_to_append(self, line: bytes) -> None:
        """A settlement that cannot be written leaves its reservation open: the next start counts that instead."""
        with suppress(UsageError):
            self._append(line)


def read_spending(path: Path) -> Spent | None:
    """What a folder has spent, calls in flight at their reservation; None where there is no ledger. Writes nothing."""
    found = examine(path, {})
    return None if found is None else found[0]


def spent_usd(folder: Path) -> float:
    """What a folder has spent in USD, as far as that is known."""
    return total_of(read_spending(folder / FILE) or {})["cost_usd"] or 0.0


def examine(path: Path, known: Mapping[str, Any]) -> tuple[Spent, int] | None:
    """What a folder has spent, and how many lines of its ledger are damaged: then it is at least what is `known`."""
    try:
        with read_own(path) as file:
            content = file.read()
    except OSError:
        return None
    lines = content.splitlines(keepends=True)
    old = bool(lines) and lines[0].startswith(b'{"spent":') and not has_sum(lines[0])
    parsed = [_parsed(line, old=old) for line in lines if line.endswith(b"\n")]
    sums = [copied(line["spent"]) for line in parsed if isinstance(line, dict)]
    spent: Spent = sums[-1] if sums else {}
    for role, purpose, used in _calls(line for line in parsed if isinstance(line, list)):
        _count(spent, role, purpose, used)
    damaged = max(sum(line is None for line in parsed), not sums)
    return (at_least(spent, known) if damaged else spent), damaged


def _calls(lines: Iterator[list[Any]]) -> Iterator[tuple[str, str, list[Any]]]:
    """Role, purpose and use of each call, in whatever order its lines stand and however often they do."""
    held: dict[int, list[Any]] = {}
    over = set()
    for kind, number, *rest in lines:
        if number in over:
            continue
        if kind in (RESERVED, PENDING):
            held[number] = [kind, *rest]
            continue
        over.add(number)
        call = held.pop(number, None)
        if kind == USED and rest and isinstance(rest[0], str):
            yield rest[0], rest[1], rest[2:]
        elif kind == USED and call is not None:  # of a version that named the call in its reservation only
            yield call[1], call[2], rest
    for kind, role, purpose, *most in held.values():
        if kind == RESERVED:
            yield role, purpose, [*most, 1]


@cache
def _place(role: str, purpose: str) -> str:
    return dump([role, purpose]).decode()[1:-1]


def _parsed(line: bytes, *, old: bool) -> Any:
    """What a line says, without its sum; None for a damaged one. Only in an `old` file lines have no sums."""
    summed = whole(line)
    if not summed and not old:
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        return found if (summed or len(found) == 1) and is_spending(found.get("spent")) else None
    return _call(found[:-1] if summed else found) if isinstance(found, list) else None


def _call(line: list[Any]) -> list[Any] | None:
    """A line of a call when everything in it is of its type."""
    if len(line) < 2 or not all(type(item) is int for item in line[:2]):
        return None
    kind, rest = line[0], line[2:]
    named = rest[:1] and isinstance(rest[0], str)
    if named and not (len(rest) > 1 and isinstance(rest[1], str)):
        return None
    counts = rest[2:] if named else rest
    expected = {FREED: (0,), USED: (4, 5), RESERVED: (3,), PENDING: (3,)}.get(kind, ())
    if len(counts) not in expected or (kind in (RESERVED, PENDING) and not named):
        return None
    return line if all(map(is_count, counts)) else None


def _count(spent: Spent, role: str, purpose: str, used: list[Any]) -> None:
    tokens_in, tokens_out, cost, lost, *cached = used
    counts = spent.setdefault(role, {}).setdefault(purpose, dict.fromkeys(COUNTED, 0))
    counts["lost" if lost else "calls"] += 1
    counts["tokens_in"] += tokens_in
    counts["tokens_out"] += tokens_out
    counts["tokens_cached"] += sum(cached)
    counts["cost_usd"] = None if cost is None or counts["cost_usd"] is None else counts["cost_usd"] + cost
