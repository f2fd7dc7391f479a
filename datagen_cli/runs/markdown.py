"""Text and tables of Markdown that data cannot break out of: what data says stays text on its line.

Everything that could become a heading, a link, an image, HTML, a table's cell or another line is escaped; control
characters and those that hide text or turn it round are shown by their numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from datagen_cli.core.pattern import compiled_later

_UNSEEN = compiled_later(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARKS = compiled_later(r"[\\`*_\[\]<>|~&$@]|:(?=//)|(?<=\bwww)\.")
_FIRST = compiled_later(r"^(\s*)([#+=-]|\d+(?=[.)]))")


def line(value: Any) -> str:
    """A value as text on one line."""
    flat = " ".join(_seen(str(value)).split())
    return _FIRST.sub(lambda found: f"{found[1]}{_escaped(found[2])}", _MARKS.sub(lambda found: f"\\{found[0]}", flat))


def paragraphs(text: str) -> str:
    """Text of several paragraphs, each on one line."""
    return "\n\n".join(filter(None, (line(part) for part in re.split(r"\n\s*\n", text.strip()))))


def code(value: Any) -> str:
    """A name in a fixed font."""
    flat = " ".join(_seen(str(value)).split()).replace("|", "\\|")
    marks = "`" * (1 + max((len(run) for run in re.findall("`+", flat)), default=0))
    pad = " " if flat.startswith("`") or flat.endswith("`") or not flat else ""
    return f"{marks}{pad}{flat}{pad}{marks}"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table under a heading; cells are Markdown already. Nothing without rows."""
    if not rows:
        return ""
    lines = [f"## {title}", "", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join(lines) + "\n"


def quoted(value: Any) -> str:
    """A value as a text of YAML."""
    return json.dumps(" ".join(_seen(str(value)).split()), ensure_ascii=False)


def _seen(text: str) -> str:
    return _UNSEEN.sub(lambda found: f"U+{ord(found[0]):04X}", text)


def _escaped(mark: str) -> str:
    return f"{mark}\\" if mark.isdigit() else f"\\{mark}"
