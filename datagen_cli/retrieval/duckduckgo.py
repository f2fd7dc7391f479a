"""`duckduckgo`: titles and snippets of DuckDuckGo's web search, through the package ddgs with its back end pinned."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from datagen_cli.core.errors import MissingExtra
from datagen_cli.retrieval.passage import Passage, SearchFailed

BACKEND = "duckduckgo"
TIMEOUT_S = 15
PAUSE_S = 1.0


class DuckDuckGo:
    """Web pages as DuckDuckGo finds them."""

    name: ClassVar[str] = "duckduckgo"
    host: ClassVar[str] = "html.duckduckgo.com"
    of_files: ClassVar[bool] = False

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def find(self, query: str, most: int) -> Sequence[Passage]:
        """See `PassageSource.find`. One search at a time, a second apart. Raises `MissingExtra` without the package."""
        async with self._turn:
            found = await asyncio.to_thread(_ask, query, most)
            await asyncio.sleep(PAUSE_S)
            return found


def _ask(query: str, most: int) -> list[Passage]:
    try:
        from ddgs import DDGS
        from ddgs.exceptions import DDGSException
    except ImportError as error:
        raise MissingExtra("ddgs is not installed", "", "ddgs", instead="take duckduckgo out of sources") from error
    try:
        rows = DDGS(timeout=TIMEOUT_S).text(query, max_results=most, backend=BACKEND)
    except DDGSException as error:  # rate limits (202) and time-outs too
        if "no results" in str(error).lower():
            return []
        raise SearchFailed(f"{type(error).__name__}: {error}"[:200]) from error
    except Exception as error:  # the package passes on what its HTTP client raises
        raise SearchFailed(f"{type(error).__name__}"[:200]) from error
    return read_rows(rows)[:most]


def read_rows(rows: Any) -> list[Passage]:
    """The passages of what ddgs returns."""
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [
        Passage(DuckDuckGo.name, str(row.get("title") or ""), str(row["body"]), 1 / (1 + n), str(row.get("href") or ""))
        for n, row in enumerate(found)
        if row.get("body")
    ]
