"""What a source of passages is: a name, the host that it asks, and passages for a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document. `score` orders the passages of one source, the higher the nearer; `url` may be empty."""

    source: str
    title: str
    text: str
    score: float = 0.0
    url: str = ""

    def as_json(self) -> dict[str, Any]:
        """As evidence and caches hold it."""
        return asdict(self)


class SearchFailed(Exception):
    """The source gave no answer (it was away, limited the rate, or said what cannot be read): nothing is known."""


class Source(Protocol):
    """A source on the shelf. `host` is what it contacts, empty for what lies on this machine."""

    name: ClassVar[str]
    host: ClassVar[str]

    async def find(self, query: str, most: int) -> Sequence[Passage]:
        """The nearest passages, at most `most`; none where there are none. Raises `SearchFailed`."""
