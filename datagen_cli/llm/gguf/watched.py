"""A reply of llama.cpp's read while it is written, and broken off where it only repeats itself.

A small model falls into a loop now and then and stays there until its tokens are spent: minutes on a machine like a
laptop, for a reply that no reader takes. llama.cpp ends its work when the connection closes. What was broken off is a
reply that was cut off, of the tokens that had come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datagen_cli.llm.events import EVENTS, choice_of
from datagen_cli.text.repetition import LOOKED_AFTER, repeats_at_end

if TYPE_CHECKING:
    import aiohttp

STREAMED = {"stream": True, "stream_options": {"include_usage": True}, "timings_per_token": True}
"""Sent with every request: a stream of events, each with the counts of tokens so far."""


class Watch:
    """The text of a stream so far. `loops` says whether it has begun to repeat itself."""

    def __init__(self) -> None:
        self.text = ""
        self.tokens = 0
        self.loops = False
        self._timings: Mapping[str, Any] = {}
        self._rest = b""

    def add(self, part: bytes) -> None:
        """Takes bytes as they come; half a line waits for its end."""
        *lines, self._rest = (self._rest + part).split(b"\n")
        for line in lines:
            if line.startswith(EVENTS):
                self._take(line.removeprefix(EVENTS))

    def end(self) -> bytes:
        """The events that end a stream that is broken off here."""
        usage = {"completion_tokens": self.tokens, "prompt_tokens": self._read}
        event = {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
        return b"\n\n".join([b"", *(EVENTS + b" " + one for one in (_json({**event, "usage": usage}), b"[DONE]")), b""])

    @property
    def _read(self) -> int:
        found = [self._timings.get(name) for name in ("prompt_n", "cache_n")]
        return sum(count for count in found if isinstance(count, int))

    def _take(self, data: bytes) -> None:
        try:
            event = json.loads(data)
        except ValueError:
            return  # the end mark, or what the reader of the whole stream refuses
        if not isinstance(event, dict):
            return
        choice = choice_of(event)
        delta = choice.get("delta")
        said = delta.get("content") if isinstance(delta, dict) else choice.get("text")
        timings = event.get("timings")
        self._timings = timings if isinstance(timings, dict) else self._timings
        if isinstance(said, str) and said:
            self.text += said
            self.tokens += 1
            self.loops = self.tokens % LOOKED_AFTER == 0 and repeats_at_end(self.text)


async def until_it_loops(response: aiohttp.ClientResponse) -> bytes:
    """The body of a reply, to its end or to where the text repeats itself; then the connection is closed."""
    watch, parts = Watch(), []
    async for part in response.content.iter_any():
        parts.append(part)
        watch.add(part)
        if watch.loops:
            response.close()
            parts.append(watch.end())
            break
    return b"".join(parts)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
