"""Dedup (DataGen's group check): attempts are judged in key order; one that repeats a row is rejected and the row
named.

Always: exact repeats (all written fields; NFKC, case and white space folded) of accepted records and of the base. On
request: near copies (MinHash candidates, verified exactly) and embedding neighbours of accepted records, of the base,
of named files and of earlier runs. Rules over the whole set (`unique`, `balance`) are judged here too, in that order.
Memory: a 128-bit key and a small integer a record, more with `near` and `threshold`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from datagen_cli.core.record import Record, Rejection
from datagen_cli.text.normalise import exact_key

VERSION = 1


class SetRule(Protocol):
    """A rule over the accepted set, fed in judging order."""

    def refuses(self, fields: Mapping[str, Any]) -> tuple[str, int | None] | None:
        """Why the record may not join (and the slot whose value it repeats), or None."""

    def accept(self, fields: Mapping[str, Any], slot: int) -> None:
        """The record has joined."""


@dataclass(frozen=True, slots=True)
class SetCheck:
    """A check over the accepted set; `rule` makes its state."""

    name: str
    rule: Callable[[], SetRule]
    on_fail: Literal["drop", "fix", "keep"]


@dataclass(frozen=True, slots=True)
class Known:
    """A row that may not be repeated: its id, the written fields it has, and its text."""

    name: str
    fields: Mapping[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the group check says: accepted, or refused. `slot` is set when an accepted record is repeated."""

    record: Record
    slot: int | None = None


class Dedup:
    """Judges records one at a time; feed it in key order.

    `names` are the fields that count as written, `known` the rows of base, files and earlier runs. `near` and
    `neighbours` are indexes (or None) that hold the first `alike` known rows (all, without it) in order;
    `against_accepted`: accepted records are added to them. `text` is what near copies and vectors are made of.
    """

    def __init__(
        self,
        names: Sequence[str],
        known: Sequence[Known] = (),
        checks: Sequence[SetCheck] = (),
        *,
        near: Any = None,
        neighbours: Any = None,
        alike: int | None = None,
        against_accepted: bool = True,
        text: Callable[[Mapping[str, Any]], str] | None = None,
    ) -> None:
        self._names = tuple(names)
        self._known = known
        self._exact: dict[bytes, int] = {}
        for index, row in enumerate(known):
            if all(name in row.fields for name in self._names):
                self._exact.setdefault(self._key(row.fields), index)
        self._accepted: dict[bytes, int] = {}
        self._slots: list[int] = []
        self._checks = [(check, check.rule()) for check in checks]
        self._near, self.neighbours = near, neighbours
        self._alike = len(known) if alike is None else alike
        self._grows = against_accepted
        self._text = text

    def judge(self, record: Record, vector: Any = None) -> Decision:
        """Accepts the record, or refuses it and says what it repeats. `vector` is needed with `neighbours`."""
        key = self._key(record.fields)
        text = self._text(record.fields) if self._text is not None else ""
        refused = self._repeats(record, key, text, vector)
        if refused is not None:
            return refused
        verdicts = dict(record.verdicts)
        for check, rule in self._checks:
            found = rule.refuses(record.fields)
            verdicts[check.name] = "fail" if found else "pass"
            if found and check.on_fail != "keep":
                rejection = Rejection("dedup", check.name, found[0])
                return Decision(replace(record, verdicts=verdicts).rejected(rejection), found[1])
        self._accept(record, key, text, vector)
        return Decision(replace(record, verdicts=verdicts) if self._checks else record)

    def admit(self, record: Record, vector: Any = None) -> None:
        """Adds a record that is kept whatever it repeats: later ones are compared with it."""
        text = self._text(record.fields) if self._text is not None else ""
        self._accept(record, self._key(record.fields), text, vector)

    def _repeats(self, record: Record, key: bytes, text: str, vector: Any) -> Decision | None:
        """The first of the exact, near and vector comparisons that finds a repeat."""
        if (index := self._exact.get(key)) is not None:
            return self._refused(record, "duplicate", "repeats", index)
        if (slot := self._accepted.get(key)) is not None:
            return Decision(record.rejected(Rejection("dedup", "duplicate", "repeats an accepted record")), slot)
        if self._near is not None and (found := self._near.nearest(text)) is not None:
            return self._like(record, "near_duplicate", f"nearly repeats ({found.similarity:.2f})", found.index)
        if self.neighbours is not None and (found := self.neighbours.nearest(vector)) is not None:
            return self._like(record, "neighbour", f"means the same as ({found.similarity:.3f})", found.index)
        return None

    def _like(self, record: Record, reason: str, what: str, index: int) -> Decision:
        """A refusal that names the known row, or the accepted slot, with this number in an index."""
        if index < self._alike:
            return self._refused(record, reason, what, index)
        slot = self._slots[index - self._alike]
        return Decision(record.rejected(Rejection("dedup", reason, f"{what} an accepted record")), slot)

    def _refused(self, record: Record, reason: str, what: str, index: int) -> Decision:
        """A refusal that names the known row with this number."""
        row = self._known[index]
        rejection = Rejection("dedup", reason, f"{what} {row.name}", row.name, dict(row.fields))
        return Decision(record.rejected(rejection))

    def _accept(self, record: Record, key: bytes, text: str, vector: Any) -> None:
        self._accepted[key] = record.slot
        for _, rule in self._checks:
            rule.accept(record.fields, record.slot)
        if not self._grows or (self._near is None and self.neighbours is None):
            return
        self._slots.append(record.slot)
        if self._near is not None:
            self._near.add(text)
        if self.neighbours is not None:
            self.neighbours.add(vector)

    def _key(self, fields: Mapping[str, Any]) -> bytes:
        return exact_key(fields.get(name) for name in self._names)
