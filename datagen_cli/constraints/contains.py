"""`contains`: texts that must stand in a field, anywhere in it, parts of words too.

Case, white space and Unicode forms are folded on both sides (NFKC, casefold) unless `case: true`. Numbers are read in
their plain form; a list contains what one of its items contains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from datagen_cli.config.checks import CheckOptions
from datagen_cli.constraints.fields import PASSED, check_fields, items_of, quoted
from datagen_cli.constraints.keeping import FieldConstraint, Pen
from datagen_cli.core.fields import FieldSpec, plain_text
from datagen_cli.core.record import Verdict
from datagen_cli.text.normalise import fold

Needle = Annotated[str, Field(min_length=1)]


class ContainsOptions(CheckOptions):
    """Exactly one of `text`, `all` and `any`."""

    field: str = Field(min_length=1, description="the field that is looked at")
    text: Needle | None = Field(None, description="one text that must be there")
    all: list[Needle] | None = Field(None, min_length=1, description="every one of these")
    any: list[Needle] | None = Field(None, min_length=1, description="at least one of these")
    case: bool = Field(False, description="true: case, white space and Unicode forms count")

    @model_validator(mode="after")
    def _one_way(self) -> ContainsOptions:
        if sum(value is not None for value in (self.text, self.all, self.any)) != 1:
            raise ValueError("needs exactly one of text, all and any")
        return self


class Contains(FieldConstraint):
    """A field that holds given texts."""

    options: ClassVar[type[CheckOptions]] = ContainsOptions

    some = True

    def __init__(self, options: ContainsOptions, specs: Mapping[str, FieldSpec]) -> None:
        check_fields(specs, [options.field])
        self.fields = (options.field,)
        self._field = options.field
        self._case = options.case
        self._any = options.any is not None
        self._needles = [options.text] if options.text is not None else options.all or options.any or []

    def describe(self) -> str:
        """`question: contains all of "a", "b"`, `contains one of "a", "b"` or `contains "a"`."""
        how = "" if len(self._needles) == 1 else "one of " if self._any else "all of "
        return f"{self._field}: contains {how}{quoted(self._needles)}{' (case counts)' if self._case else ''}"

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """Fails with the texts that are missing."""
        items = [self._folded(plain_text(item)) for item in items_of(fields.get(self._field))]
        missing = [text for text in self._needles if not any(self._folded(text) in item for item in items)]
        if not missing or (self._any and len(missing) < len(self._needles)):
            return PASSED
        return Verdict("fail", f"{self.describe()}; it does not contain {quoted(missing)}")

    def _folded(self, text: str) -> str:
        return text if self._case else fold(text)

    def keeping(self, item: Any, pen: Pen) -> Iterator[Any]:
        """The text with what is missing put in: in a sentence before it, at an end, or in place of the last words."""
        if not isinstance(item, str):
            return
        missing = [text for text in self._needles if self._folded(text) not in self._folded(item)]
        told = pen.rng.choice(missing) if self._any and missing else ", ".join(missing)
        yield from (f"This is about {told}. {item}", f"{item} {told}", f"{told} {item}")
        words = item.split(" ")
        for cut in range(1, min(len(words), 30)):
            yield " ".join([*words[:-cut], told])
        yield told

    def breaking(self, item: Any, pen: Pen) -> Iterator[Any]:
        """The text without what it must hold."""
        if isinstance(item, str):
            for text in self._needles:
                item = re.sub(re.escape(text), "", item, flags=re.IGNORECASE)
            yield " ".join(item.split())
