r"""`pattern`: a regular expression that must be found in a field (Python's `re.search`: anchor it with ^ and $).

Numbers are matched on their plain form (42, not 42.0), every item of a list on its own. `$` also matches before a
line break at the end, as in Python; `\Z` does not. A match that takes a quarter of a second of CPU time, or a text
above 100,000 characters, is *unknown* (see `core/regex.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from datagen_cli.config.checks import CheckOptions
from datagen_cli.constraints.fields import PASSED, check_fields, item_name, items_of, shortened
from datagen_cli.constraints.keeping import FieldConstraint, Pen
from datagen_cli.constraints.pattern_text import sample
from datagen_cli.core.fields import FieldSpec, plain_text
from datagen_cli.core.record import Verdict
from datagen_cli.core.regex import TooSlow, compile_regex, search

DRAWS = 12


class PatternOptions(CheckOptions):
    """A field and what must be found in it."""

    field: str = Field(min_length=1, description="the field that is looked at")
    regex: str = Field(min_length=1, description="Python regular expression, searched for; anchor it with ^ and $")
    ignore_case: bool = Field(False, description="true: upper and lower case are the same")

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str) -> str:
        compile_regex(value)
        return value


class Pattern(FieldConstraint):
    """A field in which a regular expression is found."""

    options: ClassVar[type[CheckOptions]] = PatternOptions

    def __init__(self, options: PatternOptions, specs: Mapping[str, FieldSpec]) -> None:
        check_fields(specs, [options.field])
        self.fields = (options.field,)
        self._field = options.field
        self._regex = f"(?i){options.regex}" if options.ignore_case else options.regex
        self._pattern = compile_regex(options.regex, re.IGNORECASE if options.ignore_case else 0)
        self._rule = f"matches the regular expression {options.regex}" + (" (any case)" if options.ignore_case else "")

    def describe(self) -> str:
        r"""`answer: matches the regular expression ^-?\d+$`."""
        return f"{self._field}: {self._rule}"

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """Fails with the first value that does not match; unknown when matching was given up."""
        items = items_of(fields.get(self._field))
        for index, item in enumerate(items):
            text = plain_text(item)
            try:
                found = search(self._pattern, text)
            except TooSlow as error:
                return Verdict("unknown", f"{self._field}: {error}")
            if found is None:
                name = item_name(items, index)
                return Verdict("fail", f"{self._field}: {self._rule}; {name} is {shortened(text)}")
        return PASSED

    def keeping(self, item: Any, pen: Pen) -> Iterator[Any]:
        """The text with something that matches added to it, and the match alone; a number that reads as a match."""
        for _ in range(DRAWS):
            drawn = sample(pen.rng, self._regex)
            if drawn is None:
                return
            if isinstance(item, str):
                yield from (
                    f"{item.rstrip('.!? ')}{drawn}",
                    f"{item} {drawn}",
                    f"{drawn} {item}",
                    f"{drawn}{item}",
                    drawn,
                )
            elif isinstance(item, int | float) and _is_number(drawn):
                yield float(drawn) if "." in drawn else int(drawn)

    def breaking(self, item: Any, pen: Pen) -> Iterator[Any]:
        """The text with a mark too many, in other letters, or cut in half; a number of another size or form."""
        if isinstance(item, str):
            yield from (f"{item} *", f"* {item}", item.swapcase(), item[: len(item) // 2].strip(), "n/a")
        elif isinstance(item, int | float):
            yield from (item + 0.5, -abs(item) - 1, abs(item) * 1000 + 1)


def _is_number(text: str) -> bool:
    """Whether a text is a number as JSON writes it."""
    return re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", text) is not None
