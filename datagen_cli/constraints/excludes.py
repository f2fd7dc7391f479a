"""`excludes`: words or texts that must not stand in a field.

`words` are refused as whole words or phrases only (`art` is not found in `party`), `texts` anywhere. Case, white space
and Unicode forms are folded on both sides (NFKC, casefold) unless `case: true`. Numbers are read in their plain form;
in a list no item may hold any of them.
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


class ExcludesOptions(CheckOptions):
    """At least one of `words` and `texts`."""

    field: str = Field(min_length=1, description="the field that is looked at")
    words: list[Needle] | None = Field(None, min_length=1, description="refused as whole words or phrases")
    texts: list[Needle] | None = Field(None, min_length=1, description="refused anywhere, inside words too")
    case: bool = Field(False, description="true: case, white space and Unicode forms count")

    @model_validator(mode="after")
    def _something(self) -> ExcludesOptions:
        if self.words is None and self.texts is None:
            raise ValueError("needs words or texts")
        return self


class Excludes(FieldConstraint):
    """A field that holds none of given words or texts."""

    options: ClassVar[type[CheckOptions]] = ExcludesOptions

    def __init__(self, options: ExcludesOptions, specs: Mapping[str, FieldSpec]) -> None:
        check_fields(specs, [options.field])
        self.fields = (options.field,)
        self._field = options.field
        self._case = options.case
        self._needles = [*(options.words or []), *(options.texts or [])]
        whole = [(word, rf"(?<!\w){re.escape(self._folded(word))}(?!\w)") for word in options.words or []]
        parts = [(text, re.escape(self._folded(text))) for text in options.texts or []]
        self._patterns = [(needle, re.compile(pattern)) for needle, pattern in (*whole, *parts)]

    def describe(self) -> str:
        """`question: does not contain "a", "b"`."""
        return f"{self._field}: does not contain {quoted(self._needles)}{' (case counts)' if self._case else ''}"

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """Fails with the words and texts that were found."""
        items = [self._folded(plain_text(item)) for item in items_of(fields.get(self._field))]
        found = [needle for needle, pattern in self._patterns if any(pattern.search(item) for item in items)]
        if not found:
            return PASSED
        return Verdict("fail", f"{self._field}: does not contain {quoted(found)}; it does")

    def _folded(self, text: str) -> str:
        return text if self._case else fold(text)

    def keeping(self, item: Any, pen: Pen) -> Iterator[Any]:
        """The text without the sentences, else without the words, that must not stand in it."""
        if not isinstance(item, str):
            return
        sentences = re.split(r"(?<=[.?!])\s+", item)
        kept = [sentence for sentence in sentences if self.holds(self._field, sentence)]
        if 2 * len(kept) >= len(sentences):
            yield " ".join(kept)
        for needle in self._needles:
            item = re.sub(re.escape(needle), "", item, flags=re.IGNORECASE)
        yield " ".join(item.split()) or pen.more()
        yield pen.more()

    def breaking(self, item: Any, pen: Pen) -> Iterator[Any]:
        """The text with something that must not stand in it."""
        if isinstance(item, str):
            yield f"{item} {pen.rng.choice(self._needles)}"
