"""Calls through a package that builds its own HTTP requests reach one host and no other.

Litellm sends through httpx. While a call is made, every request of httpx in its context is checked: it must go to the
scheme, host and port that were decided before, and a redirect is not followed. What libraries look up beside the call
(a tokenizer, a list of models) is refused there, too; it holds no key of ours, but the recipe does not name its host.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}


@dataclass(slots=True)
class Way:
    """The one place that requests may go to; `redirect` is where it tried to send one, if it did."""

    place: tuple[str, str, int | None]
    redirect: tuple[int, str] | None = None


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
    if _place(str(request.url)) != way.place:
        import httpx

        raise httpx.UnsupportedProtocol(f"{request.url.host} is not the model's host", request=request)


def _note(way: Way, response: Any) -> None:
    if 300 <= response.status_code < 400:
        way.redirect = response.status_code, response.headers.get("location", "nowhere")


def _guard_httpx() -> None:
    """Puts the check into httpx's two ways to send, once; outside `only_to` they work as before."""
    import httpx

    if getattr(httpx.AsyncClient.send, "guarded", False):
        return
    send, send_async = httpx.Client.send, httpx.AsyncClient.send

    def guarded(self: Any, request: Any, **options: Any) -> Any:
        way = _WAY.get()
        if way is None:
            return send(self, request, **options)
        _check(way, request)
        response = send(self, request, **{**options, "follow_redirects": False})
        _note(way, response)
        return response

    async def guarded_async(self: Any, request: Any, **options: Any) -> Any:
        way = _WAY.get()
        if way is None:
            return await send_async(self, request, **options)
        _check(way, request)
        response = await send_async(self, request, **{**options, "follow_redirects": False})
        _note(way, response)
        return response

    guarded.guarded = guarded_async.guarded = True  # type: ignore[attr-defined]
    httpx.Client.send, httpx.AsyncClient.send = guarded, guarded_async  # type: ignore[method-assign]
