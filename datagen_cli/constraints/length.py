"""`length`: how many words, characters or tokens a field has.

Words are those of `text/tokens.py`; characters are Unicode code points; tokens are estimated as UTF-8 bytes / 4,
rounded up, not by any model's tokeniser. On a list every item is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import Field, model_validator

from datagen_cli.config.checks import CheckOptions, ConstraintFacts
from datagen_cli.constraints.fields import PASSED, check_fields, item_name, items_of, plain_text
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Verdict
from datagen_cli.text.tokens import estimate_tokens, word_count

MEASURES: dict[str, Callable[[str], int]] = {"words": word_count, "characters": len, "tokens": estimate_tokens}


class LengthOptions(CheckOptions):
    """Bounds, both included; at least one is needed."""

    field: str = Field(min_length=1, description="a text field, or a list whose every item is measured")
    min_words: int | None = Field(None, ge=0)
    max_words: int | None = Field(None, ge=0)
    min_characters: int | None = Field(None, ge=0)
    max_characters: int | None = Field(None, ge=0)
    min_tokens: int | None = Field(None, ge=0, description="estimated: UTF-8 bytes / 4")
    max_tokens: int | None = Field(None, ge=0, description="estimated: UTF-8 bytes / 4")

    @model_validator(mode="after")
    def _bounds_make_sense(self) -> LengthOptions:
        for unit in MEASURES:
            low, high = self.bounds(unit)
            if low is not None and high is not None and low > high:
                raise ValueError(f"min_{unit} {low} is above max_{unit} {high}")
        if all(self.bounds(unit) == (None, None) for unit in MEASURES):
            raise ValueError("needs at least one of min_ and max_ words, characters or tokens")
        return self

    def bounds(self, unit: str) -> tuple[int | None, int | None]:
        """Least and most of a unit."""
        return getattr(self, f"min_{unit}"), getattr(self, f"max_{unit}")


class Length(ConstraintFacts):
    """Words, characters and tokens of a field within bounds."""

    options: ClassVar[type[CheckOptions]] = LengthOptions

    def __init__(self, options: LengthOptions, specs: Mapping[str, FieldSpec]) -> None:
        check_fields(specs, [options.field], ("text", "list", "label"))
        self._field = options.field
        self._bounds = [(unit, *options.bounds(unit)) for unit in MEASURES if options.bounds(unit) != (None, None)]

    def describe(self) -> str:
        """`question: at least 15 words, at most 90 words`."""
        parts = []
        for unit, low, high in self._bounds:
            parts += [f"at least {low} {unit}"] if low is not None else []
            parts += [f"at most {high} {unit}"] if high is not None else []
        return f"{self._field}: {', '.join(parts)}"

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """Fails with every bound that is broken: `question: at most 90 words; it has 104`."""
        items = items_of(fields.get(self._field))
        broken = []
        for index, item in enumerate(items):
            text = plain_text(item)
            for unit, low, high in self._bounds:
                found = MEASURES[unit](text)
                if low is not None and found < low:
                    broken.append(f"at least {low} {unit}; {item_name(items, index)} has {found}")
                elif high is not None and found > high:
                    broken.append(f"at most {high} {unit}; {item_name(items, index)} has {found}")
        return Verdict("fail", f"{self._field}: {'; '.join(broken)}") if broken else PASSED
