"""`wikipedia`: full-text search of the English Wikipedia (MediaWiki API), and the beginnings of what it finds.

One request at a time, with a name, a bound on what comes back, and the waits that the host asks for. A proxy of the
environment is used; a password of `.netrc`, which may be for whatever host, is sent to none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

from datagen_cli.core.errors import UsageError
from datagen_cli.core.extras import DISTRIBUTION
from datagen_cli.core.proxies import proxy_for
from datagen_cli.retrieval.passage import Passage, SearchFailed

API = "https://en.wikipedia.org/w/api.php"
PAGE = "https://en.wikipedia.org/wiki/"
MOST_CHARS = 1200
MOST_QUERY = 300
TRIES = 3
TIMEOUT_S = 15.0
MOST_BYTES = 4 << 20
PAUSE_S = 0.2
LONGEST_WAIT_S = 20.0
AGAIN = (408, 425, 429, 500, 502, 503, 504)


class Wikipedia:
    """Articles of the English Wikipedia, by their full text.

    Use it on one event loop.
    """

    name: ClassVar[str] = "wikipedia"
    host: ClassVar[str] = "en.wikipedia.org"
    of_files: ClassVar[bool] = False

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def find(self, query: str, most: int) -> Sequence[Passage]:
        """See `PassageSource.find`. Tried up to `TRIES` times."""
        params = {
            "action": "query", "format": "json", "formatversion": "2", "generator": "search",
            "gsrsearch": query[:MOST_QUERY], "gsrlimit": str(most), "prop": "extracts", "explaintext": "1",
            "exlimit": "max", "exintro": "1", "exchars": str(MOST_CHARS), "maxlag": "5",
        }  # fmt: skip
        reason, wait_s = "", PAUSE_S
        async with self._turn:
            for _ in range(TRIES):
                await asyncio.sleep(wait_s)
                try:
                    status, wait_s, body = await _get(API, params)
                except OSError as error:
                    reason, wait_s = f"no answer: {type(error).__name__}", 1.0
                    continue
                if status == 200:
                    return read_answer(_read(body))[:most]
                reason = f"status {status}"
                if status not in AGAIN or wait_s > LONGEST_WAIT_S:
                    break
        raise SearchFailed(reason)


def user_agent() -> str:
    """`datagen-llm/0.1.0 (checks facts of synthetic datasets)`: a host can tell who asks."""
    try:
        number = version(DISTRIBUTION)
    except PackageNotFoundError:
        number = "0"
    return f"{DISTRIBUTION}/{number} (checks facts of synthetic datasets)"


async def _get(url: str, params: Mapping[str, str]) -> tuple[int, float, bytes]:
    """Status, seconds to wait before asking again, and the body, cut beyond `MOST_BYTES`."""
    import aiohttp

    limit = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=limit, headers={"User-Agent": user_agent()}) as session:
        try:
            async with session.get(url, params=params, allow_redirects=False, proxy=proxy_for(url)) as response:
                body = b""
                async for chunk in response.content.iter_chunked(65536):
                    body += chunk
                    if len(body) > MOST_BYTES:
                        break
                return response.status, _seconds(response.headers.get("Retry-After", "")), body
        except (aiohttp.ClientError, UsageError) as error:  # the latter of a proxy that is none
            raise OSError(str(error)) from error


def _seconds(retry_after: str) -> float:
    try:
        return max(1.0, float(retry_after))
    except ValueError:
        return 1.0


def _read(body: bytes) -> Any:
    if len(body) > MOST_BYTES:
        raise SearchFailed(f"more than {MOST_BYTES >> 20} MB")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SearchFailed("what came is no JSON") from error


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
