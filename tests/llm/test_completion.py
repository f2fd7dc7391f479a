"""One reply is read from event streams of many makers, with what it used; what broke in the middle is no reply."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datagen_cli.llm.completion import read_reply
from datagen_cli.llm.faults import AuthRefused, Fault, TransportError

END = b"data: [DONE]\n\n"
USED = {"prompt_tokens": 10, "completion_tokens": 5}


def event(choices: list[dict[str, Any]] | None = None, **more: Any) -> bytes:
    return b"data: " + json.dumps({"choices": choices or [], **more}).encode() + b"\n\n"


def says(text: str, **more: Any) -> bytes:
    return event([{"delta": {"content": text}, **more}])


def read(body: bytes) -> Any:
    try:
        return read_reply(body, kind="text/event-stream")
    except Fault as fault:
        return fault


@pytest.mark.parametrize(
    "body",
    [
        says("hello") + event(usage=USED) + END,
        says("hello") + event(x_groq={"id": "r", "usage": USED}) + END,
        says("hello", finish_reason="stop", usage=USED),
        event([{"delta": {"content": "hel"}}], usage={"prompt_tokens": 10, "completion_tokens": 1})
        + event([{"delta": {"content": "lo"}}], usage=USED)
        + END,
    ],
)
def test_what_a_stream_used_is_found_wherever_its_makers_put_it(body: bytes) -> None:
    reply = read(body)
    assert (reply.text, reply.tokens_in, reply.tokens_out) == ("hello", 10, 5)


def test_only_the_first_of_several_choices_is_read() -> None:
    both = [{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "yes"}}]
    assert read(event(both) + event([{"index": 1, "delta": {"content": "no"}}]) + END).text == "yes"


@pytest.mark.parametrize(
    "body",
    [
        says("half of it") + b'data: {"error": {"message": "CUDA out of memory", "code": 500}}\n\n' + END,
        says("half of it") + b'data: {"error": {"message": "upstream", "code": "502"}}\n\n',
        says("half of it") + b'event: error\ndata: {"error": "worker died"}\n\n' + END,
        json.dumps({"error": {"message": "upstream"}, "choices": [{"message": {"content": "half of it"}}]}).encode(),
    ],
)
def test_an_error_in_the_middle_is_no_end_of_a_reply(body: bytes) -> None:
    fault = read(body)
    assert isinstance(fault, TransportError) and fault.may_have_cost, fault
    assert fault.message in ("CUDA out of memory", "upstream", "worker died")


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ({"message": "slow down", "code": "429"}, TransportError, 429),
        ({"message": "wrong", "status": 503}, TransportError, 503),
        ({"message": "Invalid API key", "code": "invalid_api_key"}, AuthRefused, 401),
        ({"message": "Insufficient Balance"}, AuthRefused, 402),
        ({"message": "upstream"}, TransportError, 502),
    ],
)
def test_an_error_under_200_is_what_its_code_or_its_words_say(error: dict[str, Any], kind: type, status: int) -> None:
    fault = read(json.dumps({"error": error}).encode())
    assert type(fault) is kind
    assert isinstance(fault, Fault) and fault.status == status
