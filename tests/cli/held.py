"""How many rows a command holds at a time: texts that count themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar


class Text(str):
    """A text of a row; `most` is how many of them were alive at once."""

    alive: ClassVar[int] = 0
    most: ClassVar[int] = 0

    def __init__(self, _: str) -> None:
        Text.alive += 1
        Text.most = max(Text.most, Text.alive)

    def __del__(self) -> None:
        Text.alive -= 1


def counted(rows: Iterator[dict[str, Any]], field: str) -> Iterator[dict[str, Any]]:
    """The rows, the texts of a field counted from now on."""
    Text.alive = Text.most = 0
    for row in rows:
        row[field] = Text(row[field])
        yield row
        del row
