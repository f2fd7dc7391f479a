"""`wikipedia`: full-text search of the English Wikipedia (MediaWiki API), and the beginnings of what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from datagen_cli.retrieval.passage import Passage, SearchFailed
from datagen_cli.retrieval.polite import PoliteHost

API = "https://en.wikipedia.org/w/api.php"
PAGE = "https://en.wikipedia.org/wiki/"
MOST_CHARS = 1200
MOST_QUERY = 300


class Wikipedia:
    """Articles of the English Wikipedia, by their full text."""

    name: ClassVar[str] = "wikipedia"
    host: ClassVar[str] = "en.wikipedia.org"

    def __init__(self) -> None:
        self._host = PoliteHost()

    async def find(self, query: str, most: int) -> Sequence[Passage]:
        """See `Source.find`."""
        params = {
            "action": "query", "format": "json", "formatversion": "2", "generator": "search",
            "gsrsearch": query[:MOST_QUERY], "gsrlimit": str(most), "prop": "extracts", "explaintext": "1",
            "exlimit": "max", "exintro": "1", "exchars": str(MOST_CHARS), "maxlag": "5",
        }  # fmt: skip
        return read_answer(await self._host.get_json(API, params))[:most]


def read_answer(answer: Any) -> list[Passage]:
    """The passages of an answer in the order of the search. Raises `SearchFailed` for an error, or what is none."""
    if not isinstance(answer, dict) or "error" in answer:
        error = answer.get("error") if isinstance(answer, dict) else None
        raise SearchFailed(str(error.get("code") if isinstance(error, dict) else "what came is no answer")[:100])
    query = answer.get("query")
    pages = query.get("pages") if isinstance(query, dict) else []
    found = [page for page in pages if isinstance(page, dict)] if isinstance(pages, list) else []
    found.sort(key=lambda page: page["index"] if isinstance(page.get("index"), int) else len(found))
    return [
        Passage(
            Wikipedia.name, str(page["title"]), str(page["extract"]), 1.0 / (1 + number),
            PAGE + str(page["title"]).replace(" ", "_"),
        )
        for number, page in enumerate(found)
        if page.get("title") and page.get("extract")
    ]  # fmt: skip
