"""What a source of passages is: a name, the host that it asks, and passages for a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document. `score` orders the passages of one source, the higher the nearer; `url` may be empty. A
    lone surrogate in what a source says becomes a question mark."""

    source: str
    title: str
    text: str
    score: float = 0.0
    url: str = ""

    def __post_init__(self) -> None:
        for name in ("title", "text", "url"):
            object.__setattr__(self, name, whole_characters(getattr(self, name)))

    def as_json(self) -> dict[str, Any]:
        """As evidence and caches hold it."""
        return asdict(self)


def whole_characters(text: str) -> str:
    """The text with a question mark for every lone surrogate: no file in UTF-8 and no request can hold one."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


class SearchFailed(Exception):
    """The source gave no answer (it was away, limited the rate, or said what cannot be read): nothing is known."""


class PassageSource(Protocol):
    """A source on the shelf. `host` is what it contacts, empty for what lies on this machine.

    One `of_files` is built with the file or folder that the recipe names, a function that splits texts, and a folder
    for its index; others without arguments.
    """

    name: ClassVar[str]
    host: ClassVar[str]
    of_files: ClassVar[bool]

    async def find(self, query: str, most: int) -> Sequence[Passage]:
        """The nearest passages, at most `most`; none where there are none. Raises `SearchFailed`."""
