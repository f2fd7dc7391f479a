"""`choices`: a field whose value is one of given ones; every item of a list.

Values are compared as JSON values (3 and 3.0 alike, "3" apart from 3), texts exactly. Values that the field's type
cannot hold are refused when the recipe is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from datagen_cli.config.checks import CheckOptions
from datagen_cli.constraints.fields import PASSED, check_fields, item_name, items_of, quoted, shortened
from datagen_cli.constraints.keeping import FieldConstraint, Pen
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec, WrongType, coerce
from datagen_cli.core.record import Verdict


class ChoicesOptions(CheckOptions):
    """A field and its allowed values."""

    field: str = Field(min_length=1, description="the field that is looked at")
    values: list[str | int | float | bool] = Field(min_length=1, description="the values that it may have")


class Choices(FieldConstraint):
    """A field with one of given values."""

    options: ClassVar[type[CheckOptions]] = ChoicesOptions

    def __init__(self, options: ChoicesOptions, specs: Mapping[str, FieldSpec]) -> None:
        check_fields(specs, [options.field])
        self.fields = (options.field,)
        self._field = options.field
        self._values = [_in_type(specs[options.field], value) for value in options.values]

    def describe(self) -> str:
        """`category: one of "a", "b", 3`."""
        return f"{self._field}: one of {quoted(self._values)}"

    def json_bounds(self) -> Mapping[str, Mapping[str, Any]]:
        """The values, one alone as a constant."""
        return {self._field: {"const": self._values[0]} if len(self._values) == 1 else {"enum": list(self._values)}}

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """Fails with the first value that is none of them."""
        items = items_of(fields.get(self._field))
        for index, item in enumerate(items):
            if not any(_same(item, value) for value in self._values):
                return Verdict("fail", f"{self.describe()}; {item_name(items, index)} is {shortened(item)}")
        return PASSED

    def keeping(self, item: Any, pen: Pen) -> Iterator[Any]:
        """The given values, in a drawn order."""
        yield from pen.rng.sample(self._values, len(self._values))

    def breaking(self, item: Any, pen: Pen) -> Iterator[Any]:
        """A text or a number that is none of the values."""
        if isinstance(item, str):
            yield from (f"{item} or so", "something else")
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield from (item + 1, item + 1000)


def _in_type(spec: FieldSpec, value: Any) -> Any:
    """A value in the form that the field, or an item of the list, has."""
    if spec.type == "list":
        spec = replace(spec, type=spec.item_type or "json")
    try:
        return coerce(spec, value)
    except WrongType as error:
        raise RecipeError(f"values: field {spec.name!r}: {error}") from error


def _same(left: Any, right: Any) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and left == right
