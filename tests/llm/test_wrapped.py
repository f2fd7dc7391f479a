"""Replies in envelopes, in one field, in other vendors' events and among several choices are read; notes are not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datagen_cli.llm.channel import cut_off_at
from datagen_cli.llm.completion import is_completion, read_reply
from datagen_cli.llm.faults import Fault, TransportError
from datagen_cli.llm.finish import finish_of, seems_cut
from datagen_cli.llm.provider import RawReply

TEXT = "The kettle sings."
USED = {"prompt_tokens": 10, "completion_tokens": 5}
META = {"input_tokens": 10, "output_tokens": 5}
ANTHROPIC = {"type": "message", "content": [{"type": "text", "text": TEXT}], "stop_reason": "end_turn", "usage": META}
GOOGLE = {"candidates": [{"content": {"parts": [{"text": TEXT}]}, "finishReason": "STOP"}],
          "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5}}  # fmt: skip
OLLAMA = {"message": {"role": "assistant", "content": TEXT}, "done": True, "prompt_eval_count": 10, "eval_count": 5}
CHAT = {"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}], "usage": USED}


@pytest.mark.parametrize(
    "value",
    [
        {"data": OLLAMA},
        {"response": GOOGLE, "traceId": "1"},
        {"statusCode": 200, "body": json.dumps(ANTHROPIC)},
        {"result": {"data": CHAT}},
        {"chat_completion": CHAT},
        {"success": True, "payload": [CHAT]},
        {"output": {"choices": CHAT["choices"]}, "usage": META},
        {"request": {"choices": [{"message": {"content": "old"}}]}, "response": CHAT},
        {"result": {"response": TEXT, "usage": USED}, "success": True, "errors": [], "messages": []},
        {"result": {"response_text": TEXT, "usage": USED}},
        {"response": TEXT, "tool_calls": [], "usage": USED},
        {"output": {"text": TEXT, "finish_reason": "stop"}, "usage": META},
        {"output": {"text": TEXT}, "usage": META},
        {"results": [{"generated_text": TEXT, "generated_token_count": 5, "input_token_count": 10}]},
        {"results": [{"text": TEXT, "finish_reason": "stop", **USED}]},
        {"results": [{"outputText": TEXT, "tokenCount": 5}], "inputTextTokenCount": 10},
        {"content": TEXT, "stop": True, "stop_type": "eos", "tokens_predicted": 5, "tokens_evaluated": 10},
        {"text": TEXT, "meta_info": {"finish_reason": {"type": "stop"}, **USED}},
        {"text": TEXT, "finish_reason": "COMPLETE", "meta": {"billed_units": META}},
        {"object": "chat.completion", "result": TEXT, "finish_reason": "normal", "usage": USED},
        {"generation": TEXT, "prompt_token_count": 10, "generation_token_count": 5, "stop_reason": "stop"},
        {"message": {"role": "assistant", "content": TEXT}, "usage": USED},
        {"role": "assistant", "content": TEXT, "usage": USED},
        {"choices": None, "output_text": TEXT, "usage": USED},
        {"choices": [TEXT], "usage": USED},
    ],
)
def test_a_reply_is_read_wherever_it_lies_with_what_it_used(value: dict[str, Any]) -> None:
    reply = read_reply(json.dumps(value).encode())
    assert (reply.text, reply.finish_reason, reply.tokens_in, reply.tokens_out) == (TEXT, "stop", 10, 5)


@pytest.mark.parametrize(
    "value",
    [
        {"message": "ok"},
        {"response": "ok"},
        {"text": "Unauthorized", "status": "error"},
        {"result": "pong", "success": True},
        {"detail": "Not here", "content": ""},
        {"request": CHAT},
        {"usage": USED},
        {"status": "queued", "output": None},
        {"question": "Which?", "choices_shown": [{"label": "A", "text": "one"}]},
    ],
)
def test_a_note_is_no_reply(value: dict[str, Any]) -> None:
    with pytest.raises(Fault) as found:
        read_reply(json.dumps(value).encode())
    assert getattr(found.value, "kind", "") == "foreign"


def test_an_answer_that_is_an_object_is_whole_although_it_has_such_fields() -> None:
    record = {"text": TEXT, "choices": ["a", "b"], "result": "7", "message": {"role": "assistant", "content": "hm"}}
    reply = read_reply(json.dumps({"response": record, "usage": USED}).encode())
    assert json.loads(reply.text) == record


@pytest.mark.parametrize(
    ("value", "finish"),
    [
        ({"output": {"text": TEXT[:5], "finish_reason": "length"}, "usage": META}, "length"),
        ({"content": TEXT[:5], "stop": True, "stop_type": "limit", "tokens_predicted": 5}, "length"),
        ({"result": TEXT[:5], "is_truncated": True, "usage": USED}, "length"),
        ({"generated_text": TEXT[:5], "details": {"finish_reason": "length"}}, "length"),
        ({"data": {"generated_text": "", "finish_reason": "content_filter", "usage": USED}, "message": "."}, ""),
        ({"choices": [{"message": {"content": TEXT[:5]}, "finish_details": {"type": "max_tokens"}}]}, "length"),
        ({"choices": [{"message": {"content": TEXT[:5], "finish_reason": "length"}}]}, "length"),
    ],
)
def test_how_it_ended_is_known(value: dict[str, Any], finish: str) -> None:
    if finish:
        assert read_reply(json.dumps(value).encode()).finish_reason == finish
    else:
        with pytest.raises(Fault):
            read_reply(json.dumps(value).encode())


def test_an_error_in_an_envelope_is_that_error() -> None:
    inner = json.dumps({"error": {"message": "slow down", "code": 429}})
    with pytest.raises(TransportError) as found:
        read_reply(json.dumps({"statusCode": 429, "body": inner}).encode())
    assert (found.value.status, found.value.message) == (429, "slow down")


def test_a_code_as_text_says_what_is_wrong_inside_a_200() -> None:
    with pytest.raises(TransportError) as found:
        read_reply(
            json.dumps({"code": "rate_limit_daily", "message": "Error code: 429 - daily limit reached"}).encode()
        )
    assert (found.value.status, found.value.quota) == (429, True)


def test_litellm_reads_a_vendors_own_reply_and_we_one_in_an_envelope() -> None:
    assert not is_completion(json.dumps(ANTHROPIC).encode())
    assert is_completion(json.dumps({"data": CHAT}).encode())


HALF = [TEXT[:8], TEXT[8:]]
BEDROCK: list[dict[str, Any]] = [
    {"messageStart": {"role": "assistant"}},
    *({"contentBlockDelta": {"delta": {"text": half}}} for half in HALF),
    {"messageStop": {"stopReason": "end_turn"}},
    {"metadata": {"usage": {"inputTokens": 10, "outputTokens": 5}}},
]
COHERE: list[dict[str, Any]] = [
    {"type": "message-start"},
    *({"type": "content-delta", "delta": {"message": {"content": {"text": half}}}} for half in HALF),
    {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {"tokens": META}}},
]
COHERE_1: list[dict[str, Any]] = [
    {"is_finished": False, "event_type": "stream-start"},
    *({"is_finished": False, "event_type": "text-generation", "text": half} for half in HALF),
    {"is_finished": True, "event_type": "stream-end", "finish_reason": "COMPLETE",
     "response": {"text": TEXT, "meta": {"tokens": META}}},
]  # fmt: skip
LLAMA: list[dict[str, Any]] = [
    *({"content": half, "stop": False} for half in HALF),
    {"content": "", "stop": True, "stop_type": "eos", "tokens_predicted": 5, "tokens_evaluated": 10},
]
TGI: list[dict[str, Any]] = [
    *({"token": {"text": half}, "generated_text": None} for half in HALF),
    {"token": {"text": ""}, "generated_text": TEXT, "details": {"finish_reason": "eos_token"}, "usage": USED},
]
ENVELOPES: list[dict[str, Any]] = [
    *({"data": {"choices": [{"delta": {"content": half}}]}} for half in HALF),
    {"data": {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USED}},
]
WORKERS: list[dict[str, Any]] = [*({"response": half} for half in HALF), {"response": "", "usage": USED}]


def stream(events: list[dict[str, Any]], end: str = "") -> bytes:
    return ("".join(f"data: {json.dumps(event)}\n\n" for event in events) + end).encode()


DONE = "data: [DONE]\n\n"


@pytest.mark.parametrize(
    "body",
    [
        *(stream(events) for events in (BEDROCK, COHERE, COHERE_1, LLAMA, TGI, ENVELOPES)),
        stream([*COHERE_1[:-1], {**COHERE_1[-1], "response": {"meta": {"tokens": META}}}]),
        stream(WORKERS, DONE),
        "\n".join(map(json.dumps, COHERE_1)).encode(),
        "".join(map(json.dumps, LLAMA)).encode(),
    ],
)
def test_a_stream_of_other_events_is_read(body: bytes) -> None:
    reply = read_reply(body)
    assert (reply.text, reply.finish_reason, reply.tokens_in, reply.tokens_out) == (TEXT, "stop", 10, 5)


@pytest.mark.parametrize("events", [BEDROCK[:3], COHERE[:3], COHERE_1[:3], LLAMA[:2], TGI[:2], ENVELOPES[:2], WORKERS])
def test_one_that_breaks_off_is_no_reply(events: list[dict[str, Any]]) -> None:
    with pytest.raises(TransportError) as found:
        read_reply(stream(events))
    assert found.value.kind == "dropped"


def test_the_arguments_of_a_call_in_other_events_are_read() -> None:
    start = {"type": "message_start", "message": {"type": "message", "content": [], "usage": META}}
    parts = ['{"text": ', '"x"}']
    own: list[dict[str, Any]] = [
        start,
        *(
            {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": part}}
            for part in parts
        ),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
    ]
    calls = [{"delta": {"message": {"tool_calls": {"function": {"arguments": part}}}}} for part in parts]
    cohere: list[dict[str, Any]] = [
        {"type": "message-start"},
        *calls,
        {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}},
    ]
    assert read_reply(stream(own)).text == read_reply(stream(cohere)).text == '{"text": "x"}'


def test_events_that_nobody_knows_are_said_to_be_no_reply() -> None:
    with pytest.raises(TransportError) as found:
        read_reply(stream([{"hello": 1}, {"hello": 2}], DONE))
    assert found.value.kind == "foreign"


@pytest.mark.parametrize(
    "end",
    [
        "error: overloaded\n\n" + DONE,
        "data: Internal server error\n\n" + DONE,
        'data: {"object": "error", "message": "out of memory", "code": 500}\n\n' + DONE,
        'event: error\ndata: {"type": "error", "message": "overloaded"}\n\n' + DONE,
    ],
)
def test_half_an_answer_before_an_error_is_never_a_reply(end: str) -> None:
    half = {"choices": [{"delta": {"content": HALF[0]}}]}
    with pytest.raises(TransportError):
        read_reply(stream([half], end))
    whole = {"choices": [{"delta": {"content": TEXT}, "finish_reason": "stop"}]}
    assert read_reply(stream([whole], end)).text == TEXT


def test_of_several_choices_the_whole_one_is_read() -> None:
    good = {"index": 1, "message": {"content": TEXT}, "finish_reason": "stop"}
    for other in (
        {"message": {"content": TEXT[:5]}, "finish_reason": "length"},
        {"message": {"content": "half"}, "finish_reason": "content_filter"},
        {"message": {"content": None, "refusal": "I cannot."}, "finish_reason": "stop"},
        {"message": {"content": ""}, "finish_reason": "stop"},
    ):
        assert read_reply(json.dumps({"choices": [{"index": 0, **other}, good]}).encode()).text == TEXT
    first = {"index": 0, "message": {"content": "First."}, "finish_reason": "stop"}
    assert read_reply(json.dumps({"choices": [good, first]}).encode()).text == "First."


def test_words_of_an_end() -> None:
    assert [finish_of(said) for said in (True, "word", "limit")] == ["stop", "stop", "length"]
    assert [seems_cut(text) for text in ('{"a": "b', "so it", "", "So it is.", '{"a": 1}', "x\n```", "是的。")] == [
        *(True, True, True, False, False, False, False)
    ]


def test_a_reply_of_one_token_is_whole_where_the_request_allows_any_number() -> None:
    word, cut = RawReply("Billing", "stop", 9, 1), RawReply('{"text": "A ke', "stop", 9, 64)
    assert cut_off_at(0, word) is word
    assert cut_off_at(64, cut).finish_reason == cut_off_at(63, cut).finish_reason == "length"
    assert cut_off_at(128, cut) is cut
