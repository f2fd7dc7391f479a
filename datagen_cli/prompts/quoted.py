"""What a reply repeats of the data that it was shown: a record may state a verdict or an answer, and that is not the
reply's own.

Known again are statements of an answer (`<answer>yes</answer>`, `Answer: yes`, `\\boxed{B}`), lines of several words
and JSON objects that stand in the data too, whatever their case and white space. Does *not* know a quotation in other
words. Pure functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from datagen_cli.core.chat import Prompt
from datagen_cli.core.pattern import compiled_later
from datagen_cli.prompts.foreign import texts_in
from datagen_cli.prompts.spoken import ANSWERS
from datagen_cli.text.normalise import fold
from datagen_cli.text.strict_json import attempt

_FENCED = compiled_later(r"^<([a-z_]+)>\n(.*?)\n</\1>$", re.DOTALL | re.MULTILINE)
_OBJECT = compiled_later(r"\{[^{}]*\}")
_ANY = r"[^\n<>{}\"]{1,80}"


def data_in(prompt: Prompt) -> list[Any]:
    """The JSON values that stand between tags in the messages of a prompt. A recipe's own words may stand so, too:
    their lines are texts."""
    found = [match[2] for message in prompt.messages for match in _FENCED.finditer(message.content)]
    lines = [line for some in found for line in some.split("\n") if line[:1] in ("{", "[", '"')]
    return [attempt(line, line) for line in lines]


def own_words(text: str, shown: Sequence[Any], words: Sequence[str]) -> str:
    """The text without what it repeats of `shown`: objects, statements of one of `words`, and lines of several words;
    empty where all of it stands there, in more than one word."""
    if not shown:
        return text
    folded = "\n".join(map(fold, _written(shown)))
    lines = [line for line in without_statements(text, shown, words).split("\n") if any(map(str.isalnum, line))]
    left = "\n".join(line for line in lines if len(line.split()) < 2 or fold(line) not in folded)
    return "" if len(left.split()) > 1 and fold(left) in folded else left


def without_statements(text: str, shown: Sequence[Any], words: Sequence[str], names: Sequence[str] = ()) -> str:
    """The text without the objects that `shown` holds, and without its statements of one of `words` (of anything, where
    there are none), under `names` or what models call an answer."""
    told = _written(shown)
    states, packed = _statement(tuple(words), tuple(names)), _packed(fold("\n".join(told)))
    said = {fold(found[0]) for one in told for found in states.finditer(one)}
    text = _OBJECT.sub(lambda found: " " if _packed(fold(found[0])) in packed else found[0], text)
    return states.sub(lambda found: " " if fold(found[0]) in said else found[0], text)


def own_objects(
    values: Iterable[Mapping[str, Any]], names: Sequence[str], shown: Sequence[Any]
) -> list[Mapping[str, Any]]:
    """Those of some objects that are none of `shown`, and say of no other name what one of these says. Each answers
    under the first of `names` that it has."""
    objects = [one for one in shown if isinstance(one, Mapping)]
    held = _held(shown)

    def repeats(value: Mapping[str, Any]) -> bool:
        key = next(name for name in names if name in value)
        if any(name != key and said == one.get(name) for one in objects for name, said in _texts(value)):
            return True
        return _packed(fold(json.dumps(value, ensure_ascii=False))) in held

    return [value for value in values if not repeats(value)]


def stands_in(text: str, shown: Sequence[Any]) -> bool:
    """Whether a text stands in the data, whatever the case and the white space."""
    return _packed(fold(text)) in _held(shown)


def _held(shown: Sequence[Any]) -> str:
    return _packed(fold("\n".join(_written(shown))))


def _texts(value: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return ((name, said) for name, said in value.items() if isinstance(said, str) and said)


def _written(shown: Iterable[Any]) -> list[str]:
    return [*texts_in(shown), *(json.dumps(value, ensure_ascii=False) for value in shown)]


def _packed(text: str) -> str:
    return "".join(text.split())


@lru_cache(maxsize=64)
def _statement(words: tuple[str, ...], names: tuple[str, ...]) -> re.Pattern[str]:
    """A statement of one of the words: boxed, after `####`, or behind what models call an answer and some signs."""
    value = rf"(?:{'|'.join(map(re.escape, words))})(?!\w)" if words else _ANY
    called, signs = "|".join(map(re.escape, (*ANSWERS, *names))), r"[\W_]{1,20}"
    return re.compile(
        rf"\\boxed\{{\s*(?:\\\w+\{{)?{value}|####\s*{value}|\b(?:{called})\b{signs}(?:is\b{signs})?{value}(?:\s*</\w+>)?",
        re.IGNORECASE,
    )
