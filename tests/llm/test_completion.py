"""One reply is read from event streams of many makers, with what it used; what broke in the middle is no reply."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datagen_cli.llm.completion import read_reply
from datagen_cli.llm.faults import AuthRefused, Fault, RequestRefused, TransportError
from datagen_cli.llm.finish import finish_of
from datagen_cli.prompts.parse import ended_early

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


ENDED = (
    "stop STOP FinishReason.STOP FINISH_REASON_STOP completed COMPLETE done normal finished end stop_token end-of-text"
)
CUT = "length MAX_TOKENS FinishReason.MAX_TOKENS FINISH_REASON_MAX_TOKENS max_new_tokens length_limit incomplete"


def test_how_a_reply_ended_is_known_in_the_words_of_many_vendors() -> None:
    assert [word for word in ENDED.split() if ended_early(finish_of(word)) is not None] == []
    assert [word for word in CUT.split() if finish_of(word) != "length"] == []
    others = ("SAFETY", "network_error", "insufficient_system_resource", "malformed_function_call", "error", "LANGUAGE")
    assert [word for word in others if ended_early(finish_of(word)) is None] == []


@pytest.mark.parametrize(
    ("more", "cached"),
    [
        ({"x_groq": {"usage": USED}}, 0),
        ({"choices": [{"message": {"content": "hi"}, "usage": USED}]}, 0),
        ({"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 2,
                            "totalTokenCount": 15, "cachedContentTokenCount": 4}}, 4),
        ({"usage": {"prompt_token_count": 10, "candidates_token_count": 5, "total_token_count": 15}}, 0),
        ({"meta": {"billed_units": {"input_tokens": 10, "output_tokens": 5}}}, 0),
        ({"usage": {"inputTokens": 6, "outputTokens": 5, "totalTokens": 15, "cacheReadInputTokens": 4}}, 4),
        ({"usage": {**USED, "prompt_token_details": {"cached_tokens": 4}}}, 4),
        ({"usage": {**USED, "num_cached_tokens": 4}}, 4),
        ({"usage": {**USED, "prompt_tokens_details": {"cached_tokens": 0}, "prompt_cache_hit_tokens": 4}}, 4),
        ({"usage": {**USED, "prompt_tokens_details": None}}, 0),
    ],
)  # fmt: skip
def test_what_a_reply_used_is_found_wherever_vendors_say_it(more: dict[str, Any], cached: int) -> None:
    whole = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], **more}
    reply = read_reply(json.dumps(whole).encode())
    assert (reply.text, reply.tokens_in, reply.tokens_out, reply.tokens_cached) == ("hi", 10, 5, cached)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (
            {"object": "error", "message": "This model's maximum context length is 2048 tokens", "code": 400},
            RequestRefused,
        ),
        ({"error": {"code": 400, "message": "the request exceeds the available context size"}}, RequestRefused),
        ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": None}, AuthRefused),
        ({"base_resp": {"status_code": 1002, "status_msg": "rate limit"}, "choices": None}, TransportError),
        ({"success": False, "message": "too fast", "code": 429}, TransportError),
    ],
)
def test_an_error_under_a_status_of_success_is_one_in_any_form(body: dict[str, Any], kind: type) -> None:
    fault = read(json.dumps(body).encode())
    assert isinstance(fault, kind) and getattr(fault, "kind", "") != "foreign"
