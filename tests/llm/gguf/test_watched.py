"""A stream of llama.cpp's is read as it is, and broken off where its text only repeats itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.llm.completion import read_reply
from datagen_cli.llm.gguf.provider import GgufModel, until_it_loops
from datagen_cli.llm.keys import locate
from datagen_cli.text.repetition import LOOKED_AFTER
from tests.real_model import MODEL, needs_smollm2

KIND = "text/event-stream"


class Response:
    """The parts of a body, which says how many were taken and whether it was closed."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self.content = self
        self.parts, self.taken, self.closed = parts, 0, False

    async def iter_any(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            self.taken += 1
            yield part

    def close(self) -> None:
        self.closed = True


def event(said: str | None, *, chat: bool = True, number: int = 0, **more: Any) -> bytes:
    choice = {"delta": {"content": said}} if chat else {"text": said}
    timings = {"prompt_n": 7, "cache_n": 4, "predicted_n": number}
    return b"data: " + json.dumps({"choices": [{"index": 0, **choice, **more}], "timings": timings}).encode() + b"\n\n"


def end(reason: str, tokens: int) -> bytes:
    usage = {"completion_tokens": tokens, "prompt_tokens": 11}
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": usage}
    return b"data: " + json.dumps(last).encode() + b"\n\ndata: [DONE]\n\n"


@pytest.mark.parametrize("chat", [True, False], ids=["chat", "completion"])
async def test_a_reply_that_repeats_itself_is_broken_off_there_and_is_one_that_was_cut_off(chat: bool) -> None:
    said = [*"A start. ", *["no, no. "] * 5000]
    response = Response(event(text, chat=chat, number=n) for n, text in enumerate(said))
    reply = read_reply(await until_it_loops(response), kind=KIND)  # type: ignore[arg-type]
    assert response.closed and response.taken < 5 * LOOKED_AFTER + len("A start. ")
    assert reply.finish_reason == "length" and reply.text == "".join(said[: response.taken])
    assert (reply.tokens_in, reply.tokens_out) == (11, response.taken)


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_any_other_reply_is_read_whole_however_its_bytes_come(size: int) -> None:
    said = [f"{number} schöne Äpfel. " for number in range(400)]
    body = b"".join(map(event, said)) + end("stop", 400)
    response = Response(body[at : at + size] for at in range(0, len(body), size))
    assert await until_it_loops(response) == body  # type: ignore[arg-type]
    reply = read_reply(body, kind=KIND)
    assert not response.closed
    assert (reply.text, reply.finish_reason, reply.tokens_in, reply.tokens_out) == ("".join(said), "stop", 11, 400)


@pytest.mark.parametrize("body", [b'{"choices": [{"message": {"content": "Fine."}}]}', b"data: {half", b"\xff\n\n"])
async def test_what_is_no_stream_is_left_to_the_reader_of_replies(body: bytes) -> None:
    assert await until_it_loops(Response(iter([body]))) == body  # type: ignore[arg-type]


@pytest.mark.slow
async def test_a_real_model_that_is_made_to_repeat_itself_stops_and_answers_the_next_call() -> None:
    needs_smollm2("xllamacpp")
    options = ModelOptions(name=MODEL, context=2048, threads=1)
    model = GgufModel(options, locate(options, {}))
    ask = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 1500, "temperature": 0}
    try:
        looped = await model.complete({**ask, "logit_bias": {"5000": 100}}, Draw(0, 1, "generate"), timeout_s=600)
        assert looped.finish_reason == "length"
        assert looped.tokens_out is not None and looped.tokens_in is not None
        assert 0 < looped.tokens_out < 1200 and looped.tokens_in > 5
        after = await model.complete({**ask, "max_tokens": 5}, Draw(1, 1, "generate"), timeout_s=600)
        assert 0 < len(after.text) < len(looped.text)
    finally:
        await model.close()
