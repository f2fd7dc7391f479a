"""`length`: how many words, characters or tokens a field has.

Words are those of `text/tokens.py`; characters are Unicode code points; tokens are estimated as UTF-8 bytes / 4,
rounded up, not by any model's tokeniser. On a list every item is measured.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, model_validator

from datagen_cli.config.checks import CheckOptions
from datagen_cli.constraints.fields import PASSED, check_fields, item_name, items_of
from datagen_cli.constraints.keeping import FieldConstraint, Pen
from datagen_cli.core.fields import FieldSpec, plain_text
from datagen_cli.core.record import Verdict
from datagen_cli.text.tokens import estimate_tokens, word_count

TRIES = 3
MOST_CHARACTERS = 50_000
TOKENS = {"words": 2.0, "characters": 0.5, "tokens": 2.0}
ROOM = 48
Bound = tuple[str, int | None, int | None]
_SENTENCE = re.compile(r"(?<=[.?!])\s+")
_WORD = re.compile(r"\s+")
MEASURES: dict[str, Callable[[str], int]] = {"words": word_count, "characters": len, "tokens": estimate_tokens}


class LengthOptions(CheckOptions):
    """Bounds, both included; at least one is needed."""

    field: str = Field(min_length=1, description="a text field, or a list whose every item is measured")
    min_words: int | None = Field(None, ge=0, description="no fewer words than this")
    max_words: int | None = Field(None, ge=0, description="no more words than this")
    min_characters: int | None = Field(None, ge=0, description="no fewer characters than this")
    max_characters: int | None = Field(None, ge=0, description="no more characters than this")
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


class Length(FieldConstraint):
    """Words, characters and tokens of a field within bounds."""

    options: ClassVar[type[CheckOptions]] = LengthOptions

    def __init__(self, options: LengthOptions, specs: Mapping[str, FieldSpec]) -> None:
        check_fields(specs, [options.field], ("text", "list", "label"))
        self.fields = (options.field,)
        self._field = options.field
        self._several = specs[options.field].type == "list"
        self.bounds = [(unit, *options.bounds(unit)) for unit in MEASURES if options.bounds(unit) != (None, None)]

    def describe(self) -> str:
        """`question: at least 15 words, at most 90 words`."""
        parts = []
        for unit, low, high in self.bounds:
            parts += [f"at least {low} {unit}"] if low is not None else []
            parts += [f"at most {high} {unit}"] if high is not None else []
        return f"{self._field}: {', '.join(parts)}"

    def json_bounds(self) -> Mapping[str, Mapping[str, Any]]:
        """The fewest characters: a word has at least one, and a space stands between two."""
        lows = {unit: low for unit, low, _ in self.bounds if low}
        least = max(lows.get("characters", 0), 2 * lows.get("words", 0) - 1)
        return {self._field: {"minLength": least}} if least > 0 else {}

    def most_tokens(self) -> Mapping[str, int]:
        """Twice what English takes, and a sentence more."""
        most = [ROOM + round(high * TOKENS[unit]) for unit, _, high in self.bounds if high is not None]
        return {self._field: min(most)} if most and not self._several else {}

    def outgrown(self, fields: Mapping[str, Any]) -> bool:
        """Whether the text, or an item, is above a bound."""
        return any(_outside(plain_text(item), self.bounds)[1] for item in items_of(fields.get(self._field)))

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """Fails with every bound that is broken: `question: at most 90 words; it has 104`."""
        items = items_of(fields.get(self._field))
        broken = []
        for index, item in enumerate(items):
            text = plain_text(item)
            for unit, low, high in self.bounds:
                found = MEASURES[unit](text)
                if low is not None and found < low:
                    broken.append(f"at least {low} {unit}; {item_name(items, index)} has {found}")
                elif high is not None and found > high:
                    broken.append(f"at most {high} {unit}; {item_name(items, index)} has {found}")
        return Verdict("fail", f"{self._field}: {'; '.join(broken)}") if broken else PASSED

    def keeping(self, item: Any, pen: Pen) -> Iterator[Any]:
        """The text with further sentences where it is short, and cut back where it is long: by sentences, else by
        words, else by characters."""
        for _ in range(TRIES):
            text = plain_text(item)
            while _outside(text, self.bounds)[0] and len(text) < MOST_CHARACTERS:
                text = f"{text} {pen.more()}".strip() if text.endswith((*".!?", "")) else f"{text}. {pen.more()}"
            cuts = (_cut(text, separator, self.bounds) for separator in (_SENTENCE, _WORD, ""))
            yield from (cut for cut in cuts if cut or not text)

    def breaking(self, item: Any, pen: Pen) -> Iterator[Any]:
        """A text that is too long, and one that is too short."""
        text = plain_text(item)
        if any(high is not None for _, _, high in self.bounds):
            while not _outside(text, self.bounds)[1] and len(text) < MOST_CHARACTERS:
                text = f"{pen.more()} {text}"
            yield text
        text = plain_text(item)
        while " " in text and not _outside(text, self.bounds)[0]:
            text = text.rpartition(" ")[0]
        yield text


def _outside(text: str, bounds: Sequence[Bound]) -> tuple[bool, bool]:
    """Whether a text is too short, and whether it is too long."""
    sizes = [(MEASURES[unit](text), low, high) for unit, low, high in bounds]
    short = any(low is not None and size < low for size, low, _ in sizes)
    return short, any(high is not None and size > high for size, _, high in sizes)


def _cut(text: str, separator: re.Pattern[str] | str, bounds: Sequence[Bound]) -> str:
    """The longest beginning of a text, in whole pieces, that is not too long; a question at its end stays there."""
    last = _SENTENCE.split(text)[-1] if separator is _SENTENCE and text.endswith("?") else ""
    end = f" {last}" if last and last != text else ""
    body = text.removesuffix(end)
    places = [found.start() for found in re.finditer(separator, body)] + [len(body)]
    fitting = bisect_left(places, True, key=lambda place: _outside(body[:place] + end, bounds)[1])
    return body[: places[fitting - 1] if fitting else 0].rstrip(" ,;:") + end
