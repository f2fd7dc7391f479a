"""JSON found in a model's reply, for generator and checkers alike: bare, in a fence, in prose, or nearly JSON.

The last whole answer counts, since models draft before they answer. What is not JSON goes through `json-repair`, and is
taken only where no word of the reply got lost on the way and no text broke off: a value that was cut at a quotation
mark inside it is worse than none.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from datagen_cli.core.budget import TooMuch, within
from datagen_cli.core.pattern import compiled_later
from datagen_cli.prompts.dialogue import before_next_turn
from datagen_cli.prompts.empty_words import is_form, may_be_form
from datagen_cli.text.strict_json import NotJson, attempt, loads, scan

DEEPEST = 3
MAX_STARTS = 200
MAX_REPAIRED_CHARACTERS = 200_000
MAX_REPAIRED_DEPTH = 50
MAX_CPU_S = 0.5
"""CPU time for what is not plain JSON; repairing is quadratic for some texts, and holds everybody else up."""

_OPENING = compiled_later(r"[{\[]")
_ESCAPE = compiled_later(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_TOKEN = compiled_later(r"(?:\d+(?:\.\d+)?|(?<!\d)\.\d+)(?:[eE][+-]?\d+)?|[^\W\d_]+")
_COMMENT = compiled_later(r"(?m)(?:^|(?<=[\s,{\[]))//[^\n]*$|/\*.*?\*/", re.DOTALL)
_NULLS = {"none": "null", "undefined": "null"}
_KEY_SIGNS = " \t\n*_`:\"'“”‘’"
_NUMBERS = ("number", "no", "nr", "index", "idx", "id", "n", "i", "#", "record", "record_number", "position", "order")
"""What models call the number of a record."""
_NUMBER = compiled_later(r"\D{0,20}?(\d{1,4})")
_NO_ESCAPE = compiled_later(r"\\(?:([\"\\/bfnrt]|u[0-9a-fA-F]{4})|)", re.DOTALL)
_READ_AS_SPACE = compiled_later(r"(?<!\\)(?:\\\\)*\\[bfnrt](?=[a-z])")
_CLOSES = {"“": "”", "„": "“”", "‟": "”", "”": "”"}
"""Curled quotation marks, and what closes each."""
_CURLED = compiled_later(r"[{\[,:]\s*[“„‟”]")
_STRUCTURE = compiled_later(r"\s*(?:[,:}\]]|$)")
BROKEN = object()
"""Stands for an answer that cannot be read."""


@dataclass(frozen=True, slots=True)
class Found:
    """Answers in a reply, in order, `BROKEN` ones among them; None when there is none. `repaired`: not JSON as it came.

    `listed` says that they came as a list, whose order is theirs; `numbered`, that each bears its number, from 1.
    """

    items: list[Any] | None
    repaired: bool = False
    listed: bool = False
    numbered: bool = False


@dataclass(frozen=True)
class Finder:
    """Looks for objects that have one of the keys `names`; a list of them may stand under the key `wrapper`.

    `others` are keys that say something else in this prompt than a record's number.
    """

    names: frozenset[str]
    wrapper: str = "records"
    others: frozenset[str] = frozenset()

    def find(self, text: str, wanted: int = 1) -> Found:
        """The answers of a reply that was asked for `wanted` of them."""
        if text[:1] in ("{", "[", '"'):
            try:
                value = loads(text)
            except NotJson:
                pass
            else:
                if isinstance(value, str) and _OPENING.match(value.strip()):  # JSON inside a JSON text
                    return self.find(value.strip(), wanted)
                items = self._items(value)
                if items is not None:
                    return self._in_order(Found(items, listed=self._is_list(value)), wanted)
        if (before := before_next_turn(text)) is not None:
            found = self.find(before, wanted)
            if found.items is not None and len(found.items) >= wanted and BROKEN not in found.items:
                return found
        straight = _straightened(text)
        if straight is not None and (found := self.find(straight, wanted)).items is not None:
            return replace(found, repaired=True)
        try:
            found = within(lambda: self._choose(text, self._answered(text), wanted), cpu_s=MAX_CPU_S)
        except TooMuch:
            return Found(None)
        if found.items is None or BROKEN in found.items:
            for mended in (_unescaped(text), _escaped(text)):
                again = self.find(mended, wanted) if mended is not None else found
                if again.items is not None and BROKEN not in again.items:
                    return replace(again, repaired=True)
        return self._in_order(found, wanted)

    def _in_order(self, found: Found, wanted: int) -> Found:
        """The answers in the order of the numbers that they bear, where all bear one of 1 to n, or of 0 to n − 1.
        Of more than are wanted, what is no answer is left out."""
        items = found.items or []
        if len(items) > wanted and len(filled := [item for item in items if self._answers(item)]) >= wanted:
            items = filled
            found = replace(found, items=items)
        if wanted == 1 or len(items) < 2 or not all(isinstance(item, dict) for item in items):
            return found
        taken = {name.casefold() for name in self.names | self.others}
        for name in _NUMBERS:
            numbers = [_number_of(item.get(name)) for item in items] if name not in taken else []
            first = min((number for number in numbers if number is not None), default=None)
            if first in (0, 1) and sorted(numbers, key=str) == sorted(range(first, first + len(items)), key=str):
                pairs = sorted(zip(numbers, items, strict=True), key=lambda pair: pair[0] or 0)
                return replace(found, items=[item for _, item in pairs], numbered=first == 1)
        return found

    def _answered(self, text: str) -> list[tuple[str, Any, int]]:
        """What stands in the text, without the form of a reply where anything else is there."""
        parts = list(self._parts(text))
        filled = [part for part in parts if part[0] == "broken" or not self._is_form(part[1])]
        return filled or parts

    def _is_form(self, value: Any) -> bool:
        """Whether answers are nothing but dots and names: a reply's form shown beside the reply."""
        answers = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]
        texts = [(name, text) for item in answers for name, text in item.items() if name in self.names]
        return bool(texts) and all(
            isinstance(text, str) and (is_form(text, name) or may_be_form(text, name)) for name, text in texts
        )

    def _items(self, value: Any, deeper: int = DEEPEST) -> list[Any] | None:
        """The answers in a JSON value: under the wrapper, the value itself, the value as the only one, or those of the
        last of its values that has any."""
        if isinstance(value, dict):
            value = self._named(value)
            inner = value.get(self.wrapper)
            if isinstance(inner, str) and _OPENING.match(inner.strip()):
                return self._within([inner], deeper) if deeper else None
            if isinstance(inner, list):
                return [self._one(item) for item in map(_read, inner)]
            if isinstance(inner, dict):
                inner = self._named(inner)
                within = [inner[key] for key in sorted(inner, key=lambda key: _number_of(key) or 0)]
                numbered = not self.names & inner.keys() and all(self._answers(item) for item in within)
                return [self._named(item) for item in within] if numbered and within else [inner]
            if self.names & value.keys():
                return [value]
            return self._within(value.values(), deeper) if deeper else None
        if isinstance(value, list) and any(map(self._answers, value)):
            return [self._one(item) for item in value]
        if isinstance(value, list) and len(value) == 1 and deeper:
            return self._within(value, deeper)
        return None

    def _one(self, item: Any) -> Any:
        """An answer of a list, which may stand in an object of its own."""
        if not isinstance(item, dict):
            return item
        item = self._named(item)
        if self.names & item.keys() or not item:
            return item
        inner = [value for value in item.values() if self._answers(value)]
        return self._named(inner[0]) if len(inner) == 1 else item

    def _within(self, values: Iterable[Any], deeper: int) -> list[Any] | None:
        """The answers of the last of these values that has any; one may be JSON as a text."""
        found = None
        for value in values:
            if isinstance(value, str) and _OPENING.match(value.strip()):
                value = attempt(value.strip())
            found = self._items(value, deeper - 1) or found
        return found

    def _answers(self, value: Any) -> bool:
        """Whether a value is an object with one of the names."""
        return isinstance(value, dict) and bool(self.names & self._named(value).keys())

    def _named(self, value: dict[str, Any]) -> dict[str, Any]:
        """The object with our names for keys that differ in case and signs alone; a name that is there stays."""
        if self.wrapper in value or self.names <= value.keys():
            return value
        ours = {name.casefold(): name for name in (*self.names, self.wrapper) if name not in value}
        return {ours.get(str(key).strip(_KEY_SIGNS).casefold(), key): item for key, item in value.items()}

    def _is_list(self, value: Any) -> bool:
        return isinstance(value, list) or (isinstance(value, dict) and self.wrapper in self._named(value))

    def _parts(self, text: str) -> Iterator[tuple[str, Any, int]]:
        """What stands in the text, in order: (`list`, answers, place), (`single`, answer, place) or (`broken`, whether
        it is a list, place)."""
        at = 0
        for _ in range(MAX_STARTS):
            found = _OPENING.search(text, at)
            if found is None:
                return
            try:
                value, at = scan(text, found.start())
            except NotJson:
                at = found.end()
                if self._begins.match(text, found.start()):
                    yield ("broken", bool(self._begins_list.match(text, found.start())), found.start())
                continue
            items = self._items(value)
            if items is not None and (self._is_list(value) or len(items) > 1):
                yield ("list", items, found.start())
            elif items is not None:
                yield ("single", items[0], found.start())

    @cached_property
    def _begins(self) -> re.Pattern[str]:
        names = "|".join(re.escape(name) for name in sorted(self.names))
        return re.compile(rf"\{{\s*[\"'“”]?(?:{self.wrapper}|{names})\b|\[\s*\{{")

    @cached_property
    def _begins_list(self) -> re.Pattern[str]:
        return re.compile(rf"\{{\s*[\"'“”]?{self.wrapper}\b|\[\s*\{{")

    def _choose(self, text: str, parts: list[tuple[str, Any, int]], wanted: int) -> Found:
        """The last list, whole or repaired; else single objects: the last one, or all where several are wanted."""
        inside = next((number for number, (kind, value, _) in enumerate(parts) if kind == "broken" and value), None)
        for number in range(len(parts) - 1, -1, -1):
            kind, value, at = parts[number]
            if kind == "list":
                return Found(value, repaired=inside is not None and inside < number, listed=True)
            if kind == "broken" and value:
                items = self._items(repair(text, at))
                if items is not None:
                    return Found(items, repaired=True, listed=True)
        if inside is not None and wanted > 1:
            return Found(None)  # a record out of a broken list could be taken for another one's place
        singles = list(self._singles(text, parts))
        if wanted == 1:
            whole = [item for item in singles if item[0] is not BROKEN]
            if not whole:
                return Found(None)
            chosen = whole.pop()
            return Found([chosen[0], *(item for item, _ in whole)], chosen[1] or inside is not None)
        if all(item is BROKEN for item, _ in singles):
            return Found(None)
        return Found([item for item, _ in singles], any(repaired for _, repaired in singles))

    def _singles(self, text: str, parts: list[tuple[str, Any, int]]) -> Iterator[tuple[Any, bool]]:
        """Single objects in order, each whole, repaired or broken."""
        for kind, value, at in parts:
            if kind == "single":
                yield value, False
            elif kind == "broken" and not value:
                items = self._items(repair(text, at))
                yield (items[0], True) if items else (BROKEN, False)


def _read(item: Any) -> Any:
    """An answer that came as a text of JSON."""
    return attempt(item.strip(), item) if isinstance(item, str) and item.strip().startswith("{") else item


def _number_of(value: Any) -> int | None:
    """The number that a record bears: 3, "3" or "record 3"."""
    if isinstance(value, str) and (found := _NUMBER.fullmatch(value.strip())):
        return int(found[1])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _straightened(text: str) -> str | None:
    """A text of JSON whose strings stand in curled quotation marks with plain ones around them, those inside as they
    are; None for any other."""
    if len(text) > MAX_REPAIRED_CHARACTERS or _CURLED.search(text) is None:
        return None
    parts: list[str] = []
    open_, curled, depth, at = "", False, 0, 0
    while at < len(text):
        sign = text[at : at + 2] if text[at] == "\\" and open_ else text[at]
        at += len(sign)
        if not open_:
            depth += (sign in "{[") - (sign in "}]")
            if depth > 0 and (sign in _CLOSES or sign in "\"'"):
                open_, curled = sign, curled or sign in _CLOSES
                sign = '"' if sign in _CLOSES else sign
        elif sign in _CLOSES.get(open_[-1], open_[-1]) and (len(open_) > 1 or _STRUCTURE.match(text, at)):
            open_ = open_[:-1]
            sign = '"' if sign in _CLOSES and not open_ else sign
        elif open_[0] in _CLOSES:
            open_ += sign if sign in _CLOSES else ""
            sign = '\\"' if sign == '"' else sign
        parts.append(sign)
    return "".join(parts) if curled and not open_ else None


def _escaped(text: str) -> str | None:
    """A text in which backslashes begin no escape of JSON (`\\(x\\)`, `C:\\Users`) with these doubled; None where there
    are none, or others might be meant as such, too (`\\nabla`)."""
    if _READ_AS_SPACE.search(text):
        return None
    doubled = _NO_ESCAPE.sub(lambda found: found[0] if found[1] else "\\\\", text)
    return doubled if doubled != text else None


def _unescaped(text: str) -> str | None:
    """A text whose every quotation mark came escaped, for HTML or for JSON, as it was before; None for any other."""
    if '"' not in text and "&quot;" in text:
        return html.unescape(text)
    bare = text.replace('\\"', "")
    if '\\"' not in text or '"' in bare:
        return None
    found = attempt('"' + text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"')
    return found if isinstance(found, str) else None


def repair(text: str, start: int) -> Any:
    """What `json-repair` makes of the value that begins at `start`, if nothing of it got lost; else None."""
    for end in _ends(text, start):
        part = text[start:end]
        if len(part) > MAX_REPAIRED_CHARACTERS or _depth(part) > MAX_REPAIRED_DEPTH or _breaks_off(part):
            continue
        import json_repair

        try:
            value = json_repair.loads(part)
            if _words(json.dumps(value, ensure_ascii=False)) in (_words(part), _words(_COMMENT.sub("", part))):
                return value
        except Exception:  # a model's text in a third party's parser: whatever it trips over, this is just not JSON
            continue
    return None


def _ends(text: str, start: int) -> list[int]:
    """Where the value may end: at the bracket that closes its first one, and at the last bracket of all."""
    depth, first = 0, 0
    for bracket in re.finditer(r"[{\[\]}]", text[start : start + MAX_REPAIRED_CHARACTERS]):
        depth += 1 if bracket[0] in "{[" else -1
        if depth == 0:
            first = start + bracket.end()
            break
    last = max(text.rfind("}"), text.rfind("]")) + 1
    return list(dict.fromkeys(end for end in (first, last) if end > start))


def _breaks_off(part: str) -> bool:
    """Whether a text is still open at the end: quotation marks without their partner."""
    bare = part.replace("\\\\", "").replace('\\"', "").replace("\\'", "")
    return bare.count('"') % 2 == 1 or ('"' not in bare and bare.count("'") % 2 == 1)


def _words(text: str) -> list[str]:
    """Letters and numbers of a text in order, escapes read, numbers by value."""
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", text)
    return [_word(token) for token in _TOKEN.findall(plain)]


def _word(token: str) -> str:
    if token[0].isdigit() or token[0] == ".":
        try:
            return repr(float(token))
        except ValueError:
            return token
    folded = token.casefold()
    return _NULLS.get(folded, folded)


def _depth(text: str) -> int:
    """How deep the brackets of a text nest, those in strings included."""
    deepest = depth = 0
    for bracket in re.findall(r"[{\[\]}]", text):
        depth += 1 if bracket in "{[" else -1
        deepest = max(deepest, depth)
    return deepest
