"""One request at a time to a host, with a name, a bound on what comes back, and the waits that the host asks for.

A proxy of the environment is used; a password of `.netrc`, which may be for whatever host, is sent to none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from datagen_cli.core.errors import UsageError
from datagen_cli.core.extras import DISTRIBUTION
from datagen_cli.core.proxies import proxy_for
from datagen_cli.retrieval.passage import SearchFailed

TRIES = 3
TIMEOUT_S = 15.0
MOST_BYTES = 4 << 20
PAUSE_S = 0.2
LONGEST_WAIT_S = 20.0
AGAIN = (408, 425, 429, 500, 502, 503, 504)


def user_agent() -> str:
    """`datagen-llm/0.1.0 (synthetic dataset checks)`: a host can tell who asks."""
    try:
        number = version(DISTRIBUTION)
    except PackageNotFoundError:
        number = "0"
    return f"{DISTRIBUTION}/{number} (checks facts of synthetic datasets)"


class PoliteHost:
    """A host that is asked for JSON. Use it on one event loop."""

    def __init__(self, *, pause_s: float = PAUSE_S) -> None:
        self._pause_s = pause_s
        self._turn: asyncio.Lock | None = None

    async def get_json(self, url: str, params: Mapping[str, str]) -> Any:
        """What the address answers, tried up to `TRIES` times. Raises `SearchFailed` with the reason."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        async with self._turn:
            wait_s = self._pause_s
            for last in (False,) * (TRIES - 1) + (True,):
                await asyncio.sleep(wait_s)
                try:
                    status, after, body = await _get(url, params)
                except (TimeoutError, OSError) as error:
                    reason, wait_s = f"no answer: {type(error).__name__}", 1.0
                else:
                    if status == 200:
                        return _read(body)
                    reason, wait_s = f"status {status}", after
                    if status not in AGAIN or wait_s > LONGEST_WAIT_S:
                        break
                if last:
                    break
            raise SearchFailed(reason)


async def _get(url: str, params: Mapping[str, str]) -> tuple[int, float, bytes]:
    """Status, seconds to wait before asking again, and the body, cut at `MOST_BYTES` + 1."""
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
