"""`balance`: the values of a field come about equally often; a record whose value has had its share is refused.

Judged in order over the accepted set: after n records no value may stand in more than n · (1/V + tolerance) of them,
rounded up, V being the number of values. So every prefix of the dataset is balanced. With a quota the plan does this
already; `balance` is for a field that the model chooses itself.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from datagen_cli.config.checks import CheckOptions, ConstraintFacts
from datagen_cli.constraints.fields import PASSED, check_fields
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec, plain
from datagen_cli.core.record import Verdict


class BalanceOptions(CheckOptions):
    """The field and how uneven it may be."""

    field: str | None = Field(None, min_length=1, description="the label when left out")
    tolerance: float = Field(0.05, ge=0, le=1, description="how far the share of a value may be from even")


class Balance(ConstraintFacts):
    """A field whose values come about equally often."""

    options: ClassVar[type[CheckOptions]] = BalanceOptions
    scope: ClassVar[Literal["record", "set"]] = "set"
    short: ClassVar[str | None] = "field"

    def __init__(self, options: BalanceOptions, specs: Mapping[str, FieldSpec]) -> None:
        if options.field is not None:
            check_fields(specs, [options.field])
        labels = [name for name, spec in specs.items() if spec.type == "label"]
        if options.field is None and not labels:
            raise RecipeError("there is no label to balance", hint="name a field: balance: {field: NAME}")
        self._field = options.field or labels[0]
        self._tolerance = options.tolerance
        self._values = len(specs[self._field].values)
        if self._values < 2:
            raise RecipeError(
                f"field {self._field!r} has no known values to balance",
                hint="give the label its values, or use type: boolean",
            )

    def describe(self) -> str:
        """`kind: every value about equally often`."""
        return f"{self._field}: every value about equally often"

    def rule(self) -> BalanceRule:
        """The state of one run."""
        return BalanceRule(self._field, self._values, self._tolerance)

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """One record alone cannot be out of balance: always a pass."""
        return PASSED


class BalanceRule:
    """Counts of the values accepted so far."""

    def __init__(self, field: str, values: int, tolerance: float) -> None:
        self._field = field
        self._share = 1 / values + tolerance
        self._counts: Counter[str] = Counter()

    def refuses(self, fields: Mapping[str, Any]) -> tuple[str, int | None] | None:
        """Why this value may not come again yet."""
        value = plain(fields.get(self._field))
        after = self._counts.total() + 1
        if self._counts[value] + 1 <= math.ceil(after * self._share):
            return None
        return f"{self._field}: {value} stands in {self._counts[value]} of {after - 1} already", None

    def accept(self, fields: Mapping[str, Any], slot: int) -> None:
        """Counts an accepted record."""
        self._counts[plain(fields.get(self._field))] += 1
