"""`range`: bounds of a number, and whether it must be whole; every item of a list of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from operator import ge, gt, le, lt
from typing import Any, ClassVar

from pydantic import Field, model_validator

from datagen_cli.config.checks import CheckOptions
from datagen_cli.constraints.fields import PASSED, check_fields, item_name, items_of, shortened
from datagen_cli.constraints.keeping import FieldConstraint, Pen
from datagen_cli.core.fields import FieldSpec, plain_text
from datagen_cli.core.record import Verdict

WIDTH = 100
DRAWS = 12
BOUNDS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "min": ("at least", ge),
    "above": ("more than", gt),
    "max": ("at most", le),
    "below": ("less than", lt),
}


class RangeOptions(CheckOptions):
    """`min` and `max` are included, `above` and `below` are not; at most one bound a side."""

    field: str = Field(min_length=1, description="a number field, or a list of numbers")
    min: int | float | None = Field(None, allow_inf_nan=False, description="this or more")
    max: int | float | None = Field(None, allow_inf_nan=False, description="this or less")
    above: int | float | None = Field(None, allow_inf_nan=False, description="more than this")
    below: int | float | None = Field(None, allow_inf_nan=False, description="less than this")
    integer: bool = Field(False, description="whole numbers only")

    @model_validator(mode="after")
    def _bounds_make_sense(self) -> RangeOptions:
        for one, other in (("min", "above"), ("max", "below")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise ValueError(f"{one} and {other} exclude each other")
        given = {name: getattr(self, name) for name in BOUNDS if getattr(self, name) is not None}
        lows, highs = [name for name in ("min", "above") if name in given], [n for n in ("max", "below") if n in given]
        if lows and highs:
            low, high = given[lows[0]], given[highs[0]]
            if low > high:
                raise ValueError(f"{lows[0]} {low} is above {highs[0]} {high}")
            if low == high and (lows[0], highs[0]) != ("min", "max"):
                raise ValueError(f"no number lies between {lows[0]} {low} and {highs[0]} {high}")
        if not given and not self.integer:
            raise ValueError("needs at least one of min, max, above, below and integer")
        return self


class Range(FieldConstraint):
    """A number within bounds."""

    options: ClassVar[type[CheckOptions]] = RangeOptions

    def __init__(self, options: RangeOptions, specs: Mapping[str, FieldSpec]) -> None:
        check_fields(specs, [options.field], ("number",))
        self.fields = (options.field,)
        self._field = options.field
        self.low = options.min if options.min is not None else options.above
        self.high = options.max if options.max is not None else options.below
        self._rules: list[tuple[str, Callable[[Any], bool]]] = [
            (f"{words} {plain_text(getattr(options, name))}", _holds(compare, getattr(options, name)))
            for name, (words, compare) in BOUNDS.items()
            if getattr(options, name) is not None
        ]
        self._whole = options.integer
        if options.integer:
            self._rules.append(("a whole number", _is_whole))

    def describe(self) -> str:
        """`answer: at least 0, less than 100, a whole number`."""
        return f"{self._field}: {', '.join(words for words, _ in self._rules)}"

    def json_bounds(self) -> Mapping[str, Mapping[str, Any]]:
        """`minimum` and `maximum`; an open bound is given as the closed one."""
        low = {"minimum": self.low} if self.low is not None else {}
        return {self._field: {**low, **({"maximum": self.high} if self.high is not None else {})}}

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """Fails with the rules that the number breaks, or when it is no number."""
        items = items_of(fields.get(self._field))
        for index, item in enumerate(items):
            name = item_name(items, index)
            if isinstance(item, bool) or not isinstance(item, int | float):
                return Verdict("fail", f"{self._field}: a number; {name} is {shortened(item)}")
            broken = [words for words, holds in self._rules if not holds(item)]
            if broken:
                return Verdict("fail", f"{self._field}: {', '.join(broken)}; {name} is {plain_text(item)}")
        return PASSED

    def keeping(self, item: Any, pen: Pen) -> Iterator[Any]:
        """Numbers between the bounds: whole ones where there are any."""
        low, high = self.low, self.high
        low = low if low is not None else high - WIDTH if high is not None else 0
        high = high if high is not None else low + WIDTH
        for _ in range(DRAWS):
            if math.floor(high) - math.ceil(low) > 1 or self._whole:
                yield pen.rng.randint(math.ceil(low), max(math.floor(high), math.ceil(low)))
            else:
                yield round(pen.rng.uniform(low, high), 4)

    def breaking(self, item: Any, pen: Pen) -> Iterator[Any]:
        """A number that is too large, too small or not whole."""
        if isinstance(item, int | float) and not isinstance(item, bool):
            yield from [math.floor(self.high) + pen.rng.randint(1, 50)] if self.high is not None else []
            yield from [math.ceil(self.low) - pen.rng.randint(1, 50)] if self.low is not None else []
            yield item + 0.5


def _holds(compare: Callable[[Any, Any], bool], bound: float) -> Callable[[Any], bool]:
    return lambda value: compare(value, bound)


def _is_whole(value: int | float) -> bool:
    return float(value).is_integer() if isinstance(value, float) else True
