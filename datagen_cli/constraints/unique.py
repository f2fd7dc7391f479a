"""`unique`: a field whose value no other accepted record has.

Values are compared after folding (NFKC, casefold, white space; 3 and 3.0 alike), see `text/normalise.py`. One record
alone always passes: the dedup stage compares the keys, in its order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from datagen_cli.config.checks import CheckOptions, ConstraintFacts
from datagen_cli.constraints.fields import PASSED, check_fields
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Verdict
from datagen_cli.text.normalise import exact_key


class UniqueOptions(CheckOptions):
    """The field that must differ."""

    field: str = Field(min_length=1, description="the field that is looked at")


class Unique(ConstraintFacts):
    """A field that is different in every record of the set."""

    options: ClassVar[type[CheckOptions]] = UniqueOptions
    scope: ClassVar[Literal["record", "set"]] = "set"
    short: ClassVar[str | None] = "field"

    def __init__(self, options: UniqueOptions, specs: Mapping[str, FieldSpec]) -> None:
        check_fields(specs, [options.field])
        self.field = options.field

    def describe(self) -> str:
        """`question: different in every record`."""
        return f"{self.field}: different in every record"

    def rule(self) -> UniqueRule:
        """The state of one run."""
        return UniqueRule(self.field)

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """One record alone repeats nothing: always a pass."""
        return PASSED


class UniqueRule:
    """The values accepted so far, as 128-bit keys, with their slots."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._slots: dict[bytes, int] = {}

    def refuses(self, fields: Mapping[str, Any]) -> tuple[str, int | None] | None:
        """That an accepted record has the same value, and its slot."""
        slot = self._slots.get(self._key(fields))
        return None if slot is None else (f"{self._field}: an accepted record has the same value", slot)

    def accept(self, fields: Mapping[str, Any], slot: int) -> None:
        """Keeps the value of an accepted record."""
        self._slots.setdefault(self._key(fields), slot)

    def _key(self, fields: Mapping[str, Any]) -> bytes:
        return exact_key([fields.get(self._field)])
