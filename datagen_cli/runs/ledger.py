"""What a run folder has spent, exact across `kill -9`: a ledger of reservations and settlements beside the run.

Before a call is sent its reservation is written, and when its answer or its loss is known, what it used. Each is one
write of some microseconds to the system, which keeps it whatever becomes of the process, so that nothing waits for a
commit and the call cache may be anywhere, or off. Calls that were in flight at a kill are settled at their reservation
on the next start. The file starts with a sum and is summed up anew whenever a run starts, ends, or it grows large.
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
from datagen_cli.core.errors import UsageError
from datagen_cli.core.jsonl import MODE, dump, write_aside, write_errors
from datagen_cli.core.system import open_own, read_own, write_at
from datagen_cli.runs.spending import COUNTED, Spent, copied

FILE = "spending.jsonl"
LARGE_BYTES = 16 * 1024 * 1024
FREED, RESERVED, USED, PENDING = 0, 1, 2, 4


class SpendingLedger:
    """The spending of one folder (`core.ports.Ledger`). `spent` is all of it up to now, `before` what it was at the
    start.

    `known` is used where there is no file yet. Lines are `{"spent": sums}`, `[1, number, role, purpose, tokens in,
    tokens out, cost]` for a reservation (4 instead of 1: of a call that outlives the process), `[2, number, in, out,
    cost, lost, cached]` for its use (`cached` where it is not 0), `[0, number]` for one that used nothing.
    """

    def __init__(self, path: Path, known: Mapping[str, Any]) -> None:
        self.path = path
        found = read_spending(path)
        self.spent: Spent = copied(known) if found is None else found
        self.before = copied(self.spent)
        self._number = 0
        self._open: dict[int, tuple[str, str, bytes]] = {}
        self._file: int | None = None
        self._end = 0

    def start(self) -> None:
        """Opens the file, summed up: what was in flight when the last process died is settled now."""
        self._sum_up()

    def reserve(self, role: str, purpose: str, most: Usage, *, waits: bool = False) -> int:
        """See `core.ports.Ledger.reserve`."""
        self._number += 1
        kind = PENDING if waits else RESERVED
        cost = dump(most.cost_usd).decode()
        counts = f"{most.tokens_in},{most.tokens_out},{cost}"
        line = f"[{kind},{self._number},{_place(role, purpose)},{counts}]\n".encode()
        self._append(line)
        self._open[self._number] = (role, purpose, line)
        return self._number

    def settle(self, entry: int, used: Usage, *, lost: bool = False) -> None:
        """See `core.ports.Ledger.settle`."""
        role, purpose, _ = self._open.pop(entry)
        if not (used.tokens_in or used.tokens_out):
            self._try_to_append(f"[{FREED},{entry}]\n".encode())
            return
        cost = dump(used.cost_usd).decode()
        more = f",{used.tokens_cached}" if used.tokens_cached else ""
        self._try_to_append(f"[{USED},{entry},{used.tokens_in},{used.tokens_out},{cost},{int(lost)}{more}]\n".encode())
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
        lines = [dump({"spent": self.spent}) + b"\n", *(line for _, _, line in self._open.values())]
        write_aside(self.path, lines)
        with write_errors(self.path):
            new = open_own(self.path, os.O_WRONLY, MODE)
        if self._file is not None:
            os.close(self._file)
        self._file, self._end = new, sum(map(len, lines))

    def _append(self, line: bytes) -> None:
        assert self._file is not None, "the ledger is not open"
        with write_errors(self.path):
            written = 0
            while written < len(line):
                written += write_at(self._file, line[written:], self._end + written)
        self._end += len(line)

    def _try_to_append(self, line: bytes) -> None:
        """A settlement that cannot be written leaves its reservation open: the next start counts that instead."""
        with suppress(UsageError):
            self._append(line)


def read_spending(path: Path) -> Spent | None:
    """What a folder has spent, calls in flight at their reservation; None where there is no ledger. Writes nothing."""
    try:
        with read_own(path) as file:
            content = file.read()
    except OSError:
        return None
    spent: Spent = {}
    held: dict[int, list[Any]] = {}
    for line in _whole(content):
        if isinstance(line, dict):
            spent, held = copied(line.get("spent", {})), {}
        elif line[0] in (RESERVED, PENDING):
            held[line[1]] = [line[0], *line[2:]]
        else:
            call = held.pop(line[1], None)
            if line[0] == USED and call is not None:
                _count(spent, call[1], call[2], line[2:])
    for kind, role, purpose, *most in held.values():
        if kind == RESERVED:
            _count(spent, role, purpose, [*most, 1])
    return spent


@cache
def _place(role: str, purpose: str) -> str:
    return dump([role, purpose]).decode()[1:-1]


def _whole(content: bytes) -> Iterator[Any]:
    """The lines that are whole; a torn one is a call that was not sent, or use whose reservation stands instead."""
    for line in content.splitlines(keepends=True):
        if line.endswith(b"\n"):
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _count(spent: Spent, role: str, purpose: str, used: list[Any]) -> None:
    tokens_in, tokens_out, cost, lost, *cached = used
    counts = spent.setdefault(role, {}).setdefault(purpose, dict.fromkeys(COUNTED, 0))
    counts["lost" if lost else "calls"] += 1
    counts["tokens_in"] += tokens_in
    counts["tokens_out"] += tokens_out
    counts["tokens_cached"] += sum(cached)
    counts["cost_usd"] = None if cost is None or counts["cost_usd"] is None else counts["cost_usd"] + cost
