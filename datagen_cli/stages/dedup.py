"""Dedup, DataGen's group check: attempts are judged in key order, and what repeats is refused by name.

Without options only exact repeats (all written fields; NFKC, case and white space folded) of accepted records and of
the base are refused. Checks that need the whole set (`unique`) are judged here too, in the same order. Memory is one
128-bit key and one small integer a record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from datagen_cli.core.record import Record, Rejection
from datagen_cli.text.normalise import exact_key

VERSION = 1


@dataclass(frozen=True, slots=True)
class SetCheck:
    """A check over the accepted set: no two records may share `key(fields)`."""

    name: str
    key: Callable[[Mapping[str, Any]], str]
    on_fail: Literal["drop", "fix", "keep"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the group check says: accepted, or refused. `slot` is set when an accepted record is repeated."""

    record: Record
    slot: int | None = None


class Dedup:
    """Judges records one at a time; feed it in key order. `names` are the fields that count as written.

    Base rows that lack one of the written fields cannot be repeated exactly and are left out.
    """

    def __init__(
        self, names: Sequence[str], base: Sequence[tuple[str, Mapping[str, Any]]] = (), checks: Sequence[SetCheck] = ()
    ) -> None:
        self._names = tuple(names)
        self._base: dict[bytes, int] = {}
        self._rows = base
        for index, (_, row) in enumerate(base):
            if all(name in row for name in self._names):
                self._base.setdefault(self._key(row), index)
        self._accepted: dict[bytes, int] = {}
        self._checks = tuple(checks)
        self._seen: list[dict[str, int]] = [{} for _ in checks]

    def judge(self, record: Record) -> Decision:
        """Accepts the record, or refuses it and says what it repeats."""
        key = self._key(record.fields)
        if (base := self._base.get(key)) is not None:
            name, row = self._rows[base]
            repeat = Rejection("dedup", "duplicate", f"repeats {name} of the base", name, self._written(row))
            return Decision(record.rejected(repeat))
        if (slot := self._accepted.get(key)) is not None:
            return Decision(record.rejected(Rejection("dedup", "duplicate", "repeats an accepted record")), slot)
        keys = [check.key(record.fields) for check in self._checks]
        verdicts = dict(record.verdicts)
        for check, seen, value in zip(self._checks, self._seen, keys, strict=True):
            verdicts[check.name] = "fail" if value in seen else "pass"
            if value in seen and check.on_fail != "keep":
                refused = record.rejected(Rejection("dedup", check.name, "an accepted record has the same value"))
                return Decision(refused, seen[value])
        self._accepted[key] = record.slot
        for seen, value in zip(self._seen, keys, strict=True):
            seen.setdefault(value, record.slot)
        if self._checks:
            record = replace(record, verdicts=verdicts)
        return Decision(record)

    def _written(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: fields.get(name) for name in self._names}

    def _key(self, fields: Mapping[str, Any]) -> bytes:
        return exact_key(fields.get(name) for name in self._names)
