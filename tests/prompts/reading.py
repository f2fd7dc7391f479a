"""Reads what stands in a fence of a prompt."""

from __future__ import annotations

import json
import re
from typing import Any


def read_fence(text: str, name: str) -> list[Any] | None:
    """The values of the last fence of that name, or None when there is none; a line that is no JSON comes as text."""
    found = re.findall(rf"^<{re.escape(name)}>\n(.*?)\n?^</{re.escape(name)}>$", text, flags=re.DOTALL | re.MULTILINE)
    if not found:
        return None
    return [_parsed(line) for line in found[-1].split("\n") if line.strip()]


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return line
