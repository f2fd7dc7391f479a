"""A label that points at an item of a list field: by its place, by a letter, or by being the item itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from datagen_cli.core.whole_number import whole_number

Form = Literal["item", "letter", "index", "place"]
FORMS: tuple[Form, ...] = ("item", "letter", "index", "place")
CALLED = ("choices", "options", "endings")
"""What a list of choices is called in public datasets."""
MOST = 5
"""Of so many rows one may be an exception."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """`label` names an item of `choices`. `index` counts from 0, `place` from 1, `letter` is A for the first item."""

    label: str
    choices: str
    form: Form

    def holds(self, fields: Mapping[str, Any]) -> bool:
        """Whether the record's label points at an item that is there."""
        return _points(fields.get(self.label), fields.get(self.choices), self.form)

    def place(self, label: Any, items: Any) -> int | None:
        """Where the item stands that a label points at, 0 for the first; None where there is none."""
        if not _points(label, items, self.form):
            return None
        if self.form == "item":
            return int(items.index(label))
        text = str(label).strip().strip("().").upper()
        return ord(text) - ord("A") if self.form == "letter" else int(text) - (self.form == "place")

    def label_for(self, place: int, items: Sequence[Any], like: Any) -> Any:
        """The label that points at the item at a place, in the type of another label of the same form."""
        if self.form == "item":
            return items[place]
        if self.form == "letter":
            letter = chr(ord("A") + place)
            return str(like).replace(str(like).strip().strip("()."), letter if str(like).isupper() else letter.lower())
        number = place + (self.form == "place")
        return str(number) if isinstance(like, str) else number

    def problem(self, fields: Mapping[str, Any]) -> str:
        """What is wrong, in a sentence."""
        items = fields.get(self.choices)
        count = len(items) if isinstance(items, list) else 0
        return f"{self.label}: {fields.get(self.label)!r} is none of the {count} items of {self.choices}"


def find_pointer(label: str, lists: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> Pointer | None:
    """The relation that holds in every row of the base; None when there is none, or no row.

    An index that could count from 0 or from 1 counts from 0.
    """
    rows = list(rows)
    if not rows:
        return None
    for choices in lists:
        for form in FORMS:
            if all(_points(row.get(label), row.get(choices), form) for row in rows):
                return Pointer(label, choices, form)
    return None


def nearly_pointer(
    label: str, lists: Iterable[str], rows: Sequence[Mapping[str, Any]]
) -> tuple[Pointer, list[int]] | None:
    """The relation that holds in most rows (four of five) but not in all, and the numbers of those where it does not.

    Only a list that is called what choices are called counts: a class may well be found among most rows' keywords.
    """
    for choices in (name for name in lists if name.rpartition(".")[2].lower() in CALLED):
        for form in FORMS:
            strays = [n for n, row in enumerate(rows) if not _points(row.get(label), row.get(choices), form)]
            if strays and MOST * len(strays) <= len(rows):
                return Pointer(label, choices, form), strays
    return None


def _points(label: Any, items: Any, form: Form) -> bool:
    if not isinstance(items, list) or not items or label is None:
        return False
    if form == "item":
        return label in items
    if form == "letter":
        text = str(label).strip().strip("().").upper()
        return len(text) == 1 and 0 <= ord(text) - ord("A") < len(items)
    number = whole_number(str(label).strip()) if not isinstance(label, bool) else None
    return number is not None and 0 <= number - (form == "place") < len(items)
