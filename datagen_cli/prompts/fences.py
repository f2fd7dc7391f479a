"""Fences keep data apart from instructions in a prompt: a tag line, one JSON value a line, a closing tag line.

Inside, every `</` is written `<\\/`, which JSON reads back unchanged, so no data can close its fence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from datagen_cli.prompts.foreign import neutral, shortened


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


def read_fence(text: str, name: str) -> list[Any] | None:
    """The values of the last fence of that name, or None when there is none; a line that is no JSON comes as text."""
    found = re.findall(rf"^<{re.escape(name)}>\n(.*?)\n?^</{re.escape(name)}>$", text, flags=re.DOTALL | re.MULTILINE)
    if not found:
        return None
    return [_parsed(line) for line in found[-1].split("\n") if line.strip()]


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line
