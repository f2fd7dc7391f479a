"""The tests' own model endpoint: OpenAI-compatible, on 127.0.0.1, scripted by a function.

    with Endpoint(lambda body, attempt: "hello") as endpoint:
        ... base_url = endpoint.url

The function gets the request body and how often this very body was seen (from 1), and returns the reply's text or an
`Answer`. It runs in the server's thread. The server counts and records, and stops with the `with` block.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from aiohttp import web

from datagen_cli.core.chat import Draw
from datagen_cli.llm.openai_http import OpenAIHTTP

Script = Callable[[dict[str, Any], int], "str | Answer"]
HANG_S = 600.0
"""When a test gives up what would never come: no test's outcome depends on how long anything takes."""


def until(condition: Callable[[], bool]) -> None:
    """Waits for what comes in any case, however slow the machine is."""
    end = time.monotonic() + HANG_S
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def impatient(monkeypatch: pytest.MonkeyPatch, *slots: int) -> None:
    """The time-out of calls of these slots is over at once; all others take as long as the machine needs."""
    whole = OpenAIHTTP.complete_when

    async def complete_when(self: OpenAIHTTP, payload: Any, draw: Draw, start: Callable[[], Awaitable[float]]) -> Any:
        async def limit() -> float:
            timeout_s = await start()
            return 0.05 if draw.slot in slots else timeout_s

        return await whole(self, payload, draw, limit)

    monkeypatch.setattr(OpenAIHTTP, "complete_when", complete_when)


@dataclass(frozen=True)
class Answer:
    """What one request gets. `body` replaces the whole body; `usage=None` leaves the counts out.

    `delay_s` waits first, `held` until its future has a result; `never` keeps the connection open and silent; `drop`
    closes it without a word; `cut` sends only so many bytes of a 200 and then a proper end (`cut_off` breaks the
    connection there instead).
    """

    text: str = ""
    status: int = 200
    finish_reason: str = "stop"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    message: Mapping[str, Any] = field(default_factory=dict)
    usage: tuple[int, int] | None = (10, 5)
    delay_s: float = 0.0
    held: Future[None] | None = None
    never: bool = False
    drop: bool = False
    cut: int | None = None
    cut_off: bool = False


def refusal(status: int, sentence: str, *, code: str = "", **headers: str) -> Answer:
    """An error as OpenAI words it; header names are written with underscores: `Retry_After="1"`."""
    body = json.dumps({"error": {"message": sentence, "type": "error", "code": code}}).encode()
    return Answer(status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    path: str
    attempt: int


class Endpoint:
    """The server; `url` is its base_url. `requests` are in order of arrival, `most_in_flight` is their peak."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._seen: Counter[bytes] = Counter()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="endpoint", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self.requests: list[Seen] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.port = 0

    @property
    def url(self) -> str:
        """The base_url of a model mapping."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def count(self) -> int:
        """How many requests arrived."""
        return len(self.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(HANG_S):
            raise RuntimeError("the endpoint did not start")
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.read()
        self._seen[raw] += 1
        try:
            body = json.loads(raw)
        except ValueError:
            body = {}
        seen = Seen(body, request.headers, request.path_qs, self._seen[raw])
        self.requests.append(seen)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            said = self._script(body, seen.attempt)
            answer = Answer(said) if isinstance(said, str) else said
            return await self._answer(request, body, answer)
        finally:
            self.in_flight -= 1

    async def _answer(self, request: web.BaseRequest, body: dict[str, Any], answer: Answer) -> web.StreamResponse:
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        if answer.held is not None:
            await asyncio.shield(asyncio.wrap_future(answer.held))
        if answer.never and self._stop is not None:
            await self._stop.wait()
        if (answer.never or answer.drop) and request.transport is not None:
            request.transport.close()
        data = answer.body if answer.body is not None else completion(body, answer)
        if answer.cut_off and request.transport is not None:
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
            request.transport.write(head.encode() + data[: answer.cut])
            request.transport.close()
        headers = {"Content-Type": "application/json", **answer.headers}
        return web.Response(status=answer.status, body=data[: answer.cut], headers=headers)


def completion(body: Mapping[str, Any], answer: Answer) -> bytes:
    """The body of a chat completion."""
    message = {"role": "assistant", "content": answer.text, **answer.message}
    value: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": f"{body.get('model', 'model')}-served",
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason}],
    }
    if answer.usage is not None:
        value["usage"] = {
            "prompt_tokens": answer.usage[0],
            "completion_tokens": answer.usage[1],
            "total_tokens": sum(answer.usage),
        }
    return json.dumps(value).encode()
