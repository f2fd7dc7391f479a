"""The bench's model endpoint: OpenAI-compatible HTTP/1.1 on 127.0.0.1, a process of its own, as cheap as possible.

    python -m benchmarks.endpoint '{"law": {...}, "items": "FILE", "most_s": 120}'

It prints its port, serves until its stdin ends (so that it dies with its parent) or `most_s` is over, and then prints
its log as one JSON object. It keeps to the core that `core` names, if any. A request's item is read from its `seed`
through the table in `items` (a JSON object of seeds to item numbers); without a known seed it is a digest of the body.
Its attempt is how often the item has been asked for, from 1. The reply's text depends on the seed alone, and differs
from seed to seed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import selectors
import signal
import sys
import time
from hashlib import blake2b
from pathlib import Path
from typing import Any

from benchmarks.laws import Law

_VOCABULARY = """
amber harbor quiet ladder silver engine meadow lantern copper violin winter garden marble pocket thunder canvas
orchard signal velvet compass island window pepper bridge saddle rocket candle forest mirror paper stone river
"""
WORDS = tuple(_VOCABULARY.split())
TEXT_WORDS = 40
TOKENS = (120, 60)
_SEED = re.compile(rb'"seed":\s*(\d+)')
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
_BODY = (
    '{"id":"chatcmpl-%d","object":"chat.completion","created":1,"model":"bench-served","choices":[{"index":0,"message":'
    '{"role":"assistant","content":"%s"},"finish_reason":"%s"}],"usage":{"prompt_tokens":%d,"completion_tokens":%d,'
    '"total_tokens":%d}}'
)


def text_of(key: int) -> str:
    """The text of the one record that answers a request with this seed: 40 words and a number of its own."""
    state, words = key * 2862933555777941757 + 3037000493, []
    for _ in range(TEXT_WORDS):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        words.append(WORDS[state >> 59])
    return f"{' '.join(words)} {key}"


def reply(key: int, fault: str, retry_after_s: float) -> bytes:
    """What is sent back, head and body; empty for a dropped connection."""
    if fault in ("dropped", "silent", "away"):
        return b""
    if fault == "400":
        return _refusal(b"400 Bad Request", b"this prompt is not allowed", 0)
    if fault == "429":
        return _refusal(b"429 Too Many Requests", b"slow down", retry_after_s)
    if fault == "500":
        return _refusal(b"500 Internal Server Error", b"something broke", 0)
    content = '{\\"records\\": [{\\"text\\": \\"' + text_of(key) + '\\"}]}'
    finish = "stop"
    if fault == "truncated":
        content, finish = content[:90], "length"
    elif fault == "malformed":
        content = "I would rather talk about the weather today."
    body = (_BODY % (key, content, finish, *TOKENS, sum(TOKENS))).encode()
    return _OK % (len(body), body)


def _refusal(status: bytes, sentence: bytes, retry_after_s: float) -> bytes:
    body = b'{"error":{"message":"%b","type":"error"}}' % sentence
    wait = b"Retry-After: %g\r\n" % retry_after_s if retry_after_s else b""
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n" % (status, wait, len(body))
    return head + body


class Served:
    """What the endpoint knows: its law, its table of items, and its log.

    A line of the log is [item, attempt, seed, arrived, left, fault, latency_s]; times are monotonic seconds, `left` is
    None while no reply has been sent.
    """

    def __init__(self, law: Law, items: dict[int, int]) -> None:
        self.law = law
        self.items = items
        self.log: list[list[Any]] = []
        self.asked: dict[int, int] = {}
        self.in_flight = self.most_in_flight = 0
        self.began_cpu_s = time.process_time()

    def arrive(self, body: bytes) -> tuple[list[Any], bytes]:
        """Logs a request; returns its line and the reply to send after its latency."""
        arrived = time.monotonic()
        found = _SEED.search(body)
        key = int(found[1]) if found else int.from_bytes(blake2b(body, digest_size=6).digest(), "big")
        item = self.items.get(key, key)
        attempt = self.asked[item] = self.asked.get(item, 0) + 1
        latency_s, fault = self.law.draw(item, attempt)
        if self.law.away_s[1] and self.law.away_s[0] <= arrived - self.first(arrived) < self.law.away_s[1]:
            latency_s, fault = 0.0, "away"
        if self.law.capacity and self.in_flight >= self.law.capacity:
            latency_s, fault = 0.0, "429"
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        line = [item, attempt, key, arrived, None, fault, latency_s]
        self.log.append(line)
        return line, reply(key, fault, self.law.retry_after_s)

    def first(self, arrived: float) -> float:
        """When the first request arrived."""
        return float(self.log[0][3]) if self.log else arrived

    def leave(self, line: list[Any], *, sent: bool) -> None:
        """Logs the end of a request."""
        self.in_flight -= 1
        if sent:
            line[4] = time.monotonic()

    def report(self) -> dict[str, Any]:
        """The log and what serving it cost this process."""
        return {
            "cpu_s": time.process_time() - self.began_cpu_s,
            "most_in_flight": self.most_in_flight,
            "requests": self.log,
        }


class Connection(asyncio.Protocol):
    """One kept-alive connection, one request at a time."""

    def __init__(self, served: Served, loop: asyncio.AbstractEventLoop) -> None:
        self._served = served
        self._loop = loop
        self._waiting = b""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        data = self._waiting + data if self._waiting else data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(data, 0, end)
            stop = end + 4 + (int(found[1]) if found else 0)
            if len(data) < stop:
                break
            line, answer = self._served.arrive(data[end + 4 : stop])
            data = data[stop:]
            if line[5] == "silent":
                line[6] = 0.0
            elif line[6]:
                self._loop.call_later(line[6], self._answer, line, answer)
            else:
                self._answer(line, answer)
        self._waiting = data

    def _answer(self, line: list[Any], answer: bytes) -> None:
        transport = self._transport
        if transport is not None:
            if answer:
                transport.write(answer)
            else:
                transport.abort()
        self._served.leave(line, sent=transport is not None)


async def serve(settings: dict[str, Any]) -> None:
    """Serves as the settings say and prints the log at the end."""
    if settings.get("core") is not None:
        os.sched_setaffinity(0, {settings["core"]})
    loop = asyncio.get_running_loop()
    table = json.loads(Path(settings["items"]).read_bytes()) if settings.get("items") else {}
    served = Served(Law(**settings["law"]), {int(seed): item for seed, item in table.items()})
    ended = asyncio.Event()
    await loop.connect_read_pipe(lambda: _UntilEnd(ended), sys.stdin)
    loop.call_later(settings.get("most_s", 120.0), ended.set)
    server = await loop.create_server(lambda: Connection(served, loop), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    gc.collect()
    gc.disable()
    await ended.wait()
    sys.stdout.write(json.dumps(served.report()))
    sys.stdout.flush()


def loop_on_time() -> asyncio.AbstractEventLoop:
    """An event loop whose timers are not rounded up to whole milliseconds, as epoll's are: a reply that leaves half a
    millisecond late is half a millisecond of the client's time. It holds up to a thousand connections."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


class _UntilEnd(asyncio.Protocol):
    """Tells when the other end of a pipe is gone."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def eof_received(self) -> None:
        self._ended.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the bench ends it through its stdin
    with asyncio.Runner(loop_factory=loop_on_time) as runner:
        runner.run(serve(json.loads(sys.argv[1])))
