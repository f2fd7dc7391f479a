"""Calls through a package that builds its own HTTP requests reach one host and no other, and their answers are known.

Litellm sends through httpx. While a call is made, every request of httpx in its context is checked: it must go to the
scheme, host and port that were decided before, and a redirect is not followed. What libraries look up beside the call
(a tokenizer, a list of models) is refused there, too; it holds no key of ours, but the recipe does not name its host.
The last answer is kept as it came, so that a chat completion is read from it as on the fast path, whatever the package
makes of it. Of a body no more is unpacked than a reply may have.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

from datagen_cli.llm.encodings import larger_than, unpacked
from datagen_cli.llm.faults import TransportError

PORTS = {"http": 80, "https": 443}
MOST_BYTES = 64 * 1024 * 1024
UNPACKED = ("content-encoding", "content-length", "transfer-encoding")
"""Headers that say nothing true of a body that has been read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came over HTTP: the names of headers are in lower case; the body is unpacked, or None where somebody else
    reads it, or where it was given up: `unread` says why."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None = None
    unread: TransportError | None = None


@dataclass(slots=True)
class Way:
    """The one place that requests may go to; `answer` is the last that came from there, whole; `reached` says whether
    the last request got there, or None when none was sent; `refused` is the status with which a proxy refused it;
    `connected` that it had a connection, where aiohttp tells, and `kept` that this one had been used before."""

    place: tuple[str, str, int | None]
    answer: Answer | None = None
    reached: bool | None = None
    refused: int = 0
    connected: bool = False
    kept: bool = False


_USED: WeakSet[Any] = WeakSet()
"""Connections of aiohttp that had a request."""
_WAY: ContextVar[Way | None] = ContextVar("way", default=None)


@contextmanager
def only_to(url: str) -> Iterator[Way]:
    """Within the block, httpx sends requests to the host of `url` only, and follows no redirect."""
    _guard_httpx()
    way = Way(_place(url))
    token = _WAY.set(way)
    try:
        yield way
    finally:
        _WAY.reset(token)


def _place(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or PORTS.get(parts.scheme)


def _check(way: Way, request: Any) -> None:
    way.answer = way.reached = None
    way.refused, way.connected, way.kept = 0, False, False
    if _place(str(request.url)) != way.place:
        import httpx

        raise httpx.UnsupportedProtocol(f"{request.url.host} is not the model's host", request=request)


@contextmanager
def _reaching(way: Way) -> Iterator[None]:
    """Notes whether a request that is sent within the block gets a connection."""
    import httpx

    way.reached = True
    try:
        yield
    except httpx.RequestError as error:
        by_aiohttp = type(error.__cause__).__name__ == "ClientHttpProxyError"  # litellm may send by it
        said = getattr(error.__cause__, "status", None) if by_aiohttp else None
        status = re.match(r"[1-5]\d\d\b", str(error)) if isinstance(error, httpx.ProxyError) else None
        way.refused = said if isinstance(said, int) else int(status[0]) if status else 0
        unsent = httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError
        if way.refused or (isinstance(error, unsent) and not way.connected):  # a reset is a ConnectError to litellm
            way.reached = False
        raise


def _was_closed(way: Way, error: Exception, passed_s: float) -> bool:
    """Whether a request met a kept connection that the endpoint had given up: it goes on another one, as on the fast
    path."""
    from datagen_cli.llm import openai_http

    return way.kept and passed_s <= openai_http.STALE_S and openai_http.nothing_came(error.__cause__)


def _guard_httpx() -> None:
    """Puts the check into httpx's two ways to send, once, and a note of the connection into aiohttp's, by which litellm
    may send; outside `only_to` they work as before."""
    import aiohttp
    import httpx

    if getattr(httpx.AsyncClient.send, "guarded", False):
        return
    send, send_async, connect = httpx.Client.send, httpx.AsyncClient.send, aiohttp.BaseConnector.connect

    async def noted(self: Any, *arguments: Any, **options: Any) -> Any:
        connection = await connect(self, *arguments, **options)
        if (way := _WAY.get()) is not None:
            way.connected, way.kept = True, connection.protocol in _USED
            _USED.add(connection.protocol)
        return connection

    def guarded(self: Any, request: Any, *, stream: bool = False, **options: Any) -> Any:
        way = _WAY.get()
        if way is None:
            return send(self, request, stream=stream, **options)
        _check(way, request)
        with _reaching(way):
            response = send(self, request, stream=True, **{**options, "follow_redirects": False})
        return _opened(way, response) if stream else _heard(way, response, _read(way, response))

    async def guarded_async(self: Any, request: Any, *, stream: bool = False, **options: Any) -> Any:
        way = _WAY.get()
        if way is None:
            return await send_async(self, request, stream=stream, **options)
        clock = asyncio.get_running_loop().time
        while True:
            _check(way, request)
            sent_at = clock()
            try:
                with _reaching(way):
                    response = await send_async(self, request, stream=True, **{**options, "follow_redirects": False})
                break
            except httpx.RequestError as error:
                if not _was_closed(way, error, clock() - sent_at):
                    raise
        return _opened(way, response) if stream else _heard(way, response, await _read_async(way, response))

    guarded.guarded = guarded_async.guarded = True  # type: ignore[attr-defined]
    httpx.Client.send, httpx.AsyncClient.send = guarded, guarded_async  # type: ignore[method-assign]
    aiohttp.BaseConnector.connect = noted  # type: ignore[method-assign]


def _read(way: Way, response: Any) -> bytes:
    parts = _Parts(way, response)
    try:
        for part in response.iter_raw():
            parts.add(part)
    finally:
        response.close()
    return parts.unpacked()


async def _read_async(way: Way, response: Any) -> bytes:
    parts = _Parts(way, response)
    try:
        body: AsyncIterator[bytes] = response.aiter_raw()
        async for part in body:
            parts.add(part)
    finally:
        await response.aclose()
    return parts.unpacked()


class _Parts:
    """The parts of a body, up to `MOST_BYTES`."""

    def __init__(self, way: Way, response: Any) -> None:
        self._way, self._response = way, response
        self._size = 0
        self.parts: list[bytes] = []

    def add(self, part: bytes) -> None:
        """Takes one more. Raises `httpx.DecodingError` when they are too much."""
        self._size += len(part)
        if self._size > MOST_BYTES:
            raise self._given_up(larger_than(MOST_BYTES))
        self.parts.append(part)

    def unpacked(self) -> bytes:
        """The whole body. Raises `httpx.DecodingError` where it cannot be unpacked, or is too large then."""
        body, encodings = b"".join(self.parts), ",".join(self._response.headers.get_list("content-encoding"))
        try:
            return unpacked(body, encodings, MOST_BYTES) if encodings else body
        except TransportError as fault:
            raise self._given_up(fault) from fault

    def _given_up(self, fault: TransportError) -> Exception:
        import httpx

        self._way.answer = Answer(self._response.status_code, _headers(self._response), unread=fault)
        return httpx.DecodingError(fault.message, request=self._response.request)


def _opened(way: Way, response: Any) -> Any:
    """Remembers an answer whose body somebody else reads."""
    way.answer = Answer(response.status_code, _headers(response))
    return response


def _heard(way: Way, response: Any, body: bytes) -> Any:
    """Remembers an answer; the response with its body read."""
    import httpx

    headers = _headers(response)
    way.answer = Answer(response.status_code, headers, body)
    whole = httpx.Response(
        response.status_code,
        headers=[(name, value) for name, value in response.headers.multi_items() if name.lower() not in UNPACKED],
        content=body,
        request=response.request,
        extensions=response.extensions,
        history=response.history,
    )
    whole.elapsed = response.elapsed
    return whole


def _headers(response: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in response.headers.items()}
