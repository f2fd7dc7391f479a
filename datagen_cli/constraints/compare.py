"""`compare`: how the value of one field relates to that of another field of the record.

Texts are compared after folding (NFKC, casefold, white space), numbers by their value. Every item of a list must have
the relation to the other field; for `equal_to` and `different_from` it is the list as a whole. `above` and its
relatives compare numbers and dates (ISO 8601: `2026-03-01`, `2026-03-01T09:30:00Z`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from operator import ge, gt, le, lt
from typing import Any, ClassVar, Literal

from pydantic import Field

from datagen_cli.config.checks import CheckOptions
from datagen_cli.constraints.fields import PASSED, check_fields, item_name, items_of, shortened, types_of
from datagen_cli.constraints.keeping import Pen, RecordConstraint
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec, plain_text
from datagen_cli.core.record import Verdict
from datagen_cli.text.normalise import fold, folded_value

ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {"above": gt, "at_least": ge, "below": lt, "at_most": le}
WORDS: Mapping[str, str] = {
    "equal_to": "the same as {}",
    "different_from": "different from {}",
    "one_of": "among the values of {}",
    "none_of": "not among the values of {}",
    "found_in": "word for word in {}",
    "not_found_in": "not word for word in {}",
    "above": "more than {}",
    "at_least": "not less than {}",
    "below": "less than {}",
    "at_most": "not more than {}",
}
"""How a prompt says each relation; of dates, `later` for `more` and `earlier` for `less`."""

DRAWS = 12


class CompareOptions(CheckOptions):
    """`{field: answer, is: found_in, other: passage}`."""

    field: str = Field(min_length=1, description="the field that is looked at")
    relation: Literal[
        "equal_to",
        "different_from",
        "one_of",
        "none_of",
        "found_in",
        "not_found_in",
        "above",
        "at_least",
        "below",
        "at_most",
    ] = Field(alias="is", description="what it is beside the other one")
    other: str = Field(min_length=1, description="the field that it is compared with")


class Compare(RecordConstraint):
    """How a field relates to another one: equal, one of its values, part of its text, above it."""

    options: ClassVar[type[CheckOptions]] = CompareOptions

    def __init__(self, options: CompareOptions, specs: Mapping[str, FieldSpec]) -> None:
        names, kind = [options.field, options.other], options.relation
        check_fields(specs, names)
        if options.field == options.other:
            raise RecipeError(f"{options.field} is compared with itself", hint="name another field as `other`")
        if kind in ORDERED:
            check_fields(specs, names[:1], ("number", "text"))
            check_fields(specs, names[1:], ("number",) if "number" in types_of(specs[options.field]) else ("text",))
        dates = kind in ORDERED and "number" not in types_of(specs[options.field])
        words = WORDS[kind].format(options.other)
        self._words = words.replace("more", "later").replace("less", "earlier") if dates else words
        self.field, self.other, self._kind = options.field, options.other, kind

    def describe(self) -> str:
        """`answer: word for word in passage`."""
        return f"{self.field}: {self._words}"

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """Fails with the first value that lacks the relation to the other field."""
        value, other = fields.get(self.field), fields.get(self.other)
        if self._kind in ("equal_to", "different_from"):
            same = folded_value(value) == folded_value(other)
            return PASSED if same == (self._kind == "equal_to") else self._fail(f"it is {shortened(value)}")
        items = items_of(value)
        for index, item in enumerate(items):
            if not self._holds(item, other):
                beside = f", and {self.other} is {shortened(other)}" if self._kind in ORDERED else ""
                return self._fail(f"{item_name(items, index)} is {shortened(item)}{beside}")
        return PASSED

    def beside(self, fields: Mapping[str, Any], pen: Pen) -> Iterator[Any]:
        """The other field's own value, one of its values, some of its words, what lies a little above or below it."""
        value, beside = fields.get(self.field), fields.get(self.other)
        parts = [part for part in items_of(beside) if part not in (None, "")]
        if self._kind == "equal_to":
            yield beside
        elif isinstance(value, list):
            kept = [item for item in value if self._holds(item, beside)]
            yield kept or [part for part in parts[:1] if self._holds(part, beside)] or [pen.more()]
        elif self._kind == "one_of":
            yield from pen.rng.sample(parts, len(parts))
        elif self._kind == "found_in":
            yield from (_some_words(plain_text(part), pen) for part in parts)
        elif self._kind in ORDERED:
            yield from _apart(beside, 1 if self._kind in ("above", "at_least") else -1, pen)
        else:
            yield from (pen.more() for _ in range(DRAWS))

    def _holds(self, item: Any, other: Any) -> bool:
        if self._kind in ("one_of", "none_of"):
            return (folded_value(item) in [folded_value(one) for one in items_of(other)]) == (self._kind == "one_of")
        if self._kind in ("found_in", "not_found_in"):
            wanted, where = fold(plain_text(item)), [fold(plain_text(one)) for one in items_of(other)]
            return (wanted != "" and any(wanted in text for text in where)) == (self._kind == "found_in")
        first, second = _in_order(item), [_in_order(one) for one in items_of(other)]
        return first is not None and all(
            one is not None
            and isinstance(one, datetime) == isinstance(first, datetime)
            and ORDERED[self._kind](first, one)
            for one in second
        )

    def _fail(self, found: str) -> Verdict:
        return Verdict("fail", f"{self.describe()}; {found}")


def _in_order(value: Any) -> float | int | datetime | None:
    """A number or a date; a date that names no zone counts as one of UTC. None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        found = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)


def _some_words(text: str, pen: Pen) -> str:
    """A few words of a text, without the marks around them."""
    words = text.split()
    start = pen.rng.randrange(max(1, len(words) - 2))
    return " ".join(words[start : start + pen.rng.randint(1, 3)]).strip(".,;:!?\"'()")


def _apart(value: Any, sign: int, pen: Pen) -> Iterator[Any]:
    """What lies before or after a number or a date."""
    place = _in_order(value)
    if isinstance(place, datetime):
        moved = place + timedelta(days=sign * pen.rng.randint(1, 60))
        yield moved.date().isoformat() if len(str(value).strip()) == len("2026-03-01") else moved.isoformat()
    elif place is not None:
        yield place + sign * pen.rng.randint(1, 40)
