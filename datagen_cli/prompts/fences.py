"""Fences keep data apart from instructions in a prompt: a tag line, one JSON value a line, a closing tag line.

Inside, every `</` is written `<\\/`, which JSON reads back unchanged, so no data can close its fence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from datagen_cli.core.pattern import compiled_later
from datagen_cli.prompts.foreign import neutral, shortened

FENCES = (
    "attributes", "avoid", "choices", "constraints", "dataset", "examples", "failures", "fields", "input", "known",
    "labels", "question", "reasons", "record", "records", "weak",
)  # fmt: skip
"""Names of the fences in prompts that ask for a record."""
_TAG = compiled_later(r"</?([^\W\d_][\w -]*)/?>")


def fence_line(value: Any) -> str:
    """One JSON value on one line that cannot close a fence; long texts are cut, control tokens broken."""
    return neutral(json.dumps(_cut(value), ensure_ascii=False)).replace("</", "<\\/")


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, list | tuple):
        return [_cut(item) for item in value]
    return {key: _cut(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def fence(name: str, values: Iterable[Any]) -> str:
    """`<name>`, one JSON value a line, `</name>`."""
    lines = "\n".join(fence_line(value) for value in values)
    return f"<{name}>\n{lines}\n</{name}>"


def without_tags(text: str, names: Iterable[str]) -> str:
    """The text without tags of fields and of fences at its ends, which models copy from prompts; empty where it holds
    nothing else. They stay where one of the same name stands inside: the text is markup."""
    if "<" not in text:
        return text
    at_the_start, tag = _tags_of(tuple(names))
    found = at_the_start.match(text)
    start = found.end() if found else 0
    end = _end_before(text, start, tag)
    gone = {name.lower() for name in _TAG.findall(text[:start] + text[end:])}
    kept = {name.lower() for name in _TAG.findall(text[start:end])}
    return text[start:end] if gone.isdisjoint(kept) else text


def _end_before(text: str, start: int, tag: re.Pattern[str]) -> int:
    """Where the tags at the end of a text begin, with the white space before them. Each tag is looked at once."""
    first = last = len(text)
    for found in tag.finditer(text, start):
        if last > found.start() or text[last : found.start()].strip():
            first = found.start()
        last = found.end()
    if first == len(text) or text[last:].strip():
        return len(text)
    return start + len(text[start:first].rstrip())


@lru_cache(maxsize=64)
def _tags_of(names: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Tags of these names, and of fences, at the beginning of a text; and one such tag."""
    known = "|".join(re.escape(name) for name in {*names, *FENCES})
    tag = rf"</?(?:{known})/?>"
    return re.compile(rf"\s*(?:{tag}\s*)+", re.IGNORECASE), re.compile(tag, re.IGNORECASE)
