"""Replies of vendors' own APIs are read with what they used and how they ended, or said to be what they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datagen_cli.llm.completion import read_reply
from datagen_cli.llm.faults import Fault, TransportError

TEXT = "The kettle sings."
HALF = [TEXT[:8], TEXT[8:]]
USED = {"input_tokens": 10, "output_tokens": 5}
META = {"promptTokenCount": 10, "candidatesTokenCount": 5}


def ollama(text: str = TEXT, done: bool = True, **more: Any) -> dict[str, Any]:
    counts = {"done_reason": "stop", "prompt_eval_count": 10, "eval_count": 5} if done else {}
    return {"model": "m", "message": {"role": "assistant", "content": text}, "done": done, **counts, **more}


def anthropic(**more: Any) -> dict[str, Any]:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": TEXT}]
    return {"type": "message", "role": "assistant", "model": "m", "content": parts, "stop_reason": "end_turn",
            "usage": USED, **more}  # fmt: skip


def google(text: str = TEXT, ended: str | None = "STOP", **more: Any) -> dict[str, Any]:
    parts = [{"text": "hm", "thought": True}, {"text": text}]
    candidate = {"content": {"parts": parts, "role": "model"}, "finishReason": ended, "index": 0}
    return {"candidates": [candidate], "usageMetadata": META, "modelVersion": "m", **more}


def responses(status: str = "completed", **more: Any) -> dict[str, Any]:
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": TEXT}]}
    output = [{"type": "reasoning", "summary": []}, message]
    return {
        "object": "response",
        "status": status,
        "error": None,
        "model": "m",
        "output": output,
        "usage": USED,
        **more,
    }


COHERE = {"message": {"role": "assistant", "content": [{"type": "text", "text": TEXT}]}, "finish_reason": "COMPLETE",
          "usage": {"tokens": USED}}  # fmt: skip
BEDROCK = {"output": {"message": {"role": "assistant", "content": [{"text": TEXT}]}}, "stopReason": "end_turn",
           "usage": {"inputTokens": 10, "outputTokens": 5}}  # fmt: skip
RUNPOD = {"id": "sync-1", "status": "COMPLETED", "delayTime": 5, "executionTime": 400, "workerId": "w", "output": [
    {"choices": [{"tokens": [HALF[0]]}], "usage": {"input": 10, "output": 2}},
    {"choices": [{"tokens": [HALF[1]]}], "usage": {"input": 10, "output": 5}}]}  # fmt: skip
WHOLE = [
    ollama(),
    {**ollama(), "message": None, "response": TEXT},
    anthropic(),
    google(),
    responses(),
    COHERE,
    BEDROCK,
    RUNPOD,
    {**RUNPOD, "output": [{"choices": [{"tokens": [TEXT]}], "usage": {"input": 10, "output": 5}}]},
]


def events(*found: dict[str, Any]) -> bytes:
    return "".join(f"event: {one.get('type', 'x')}\ndata: {json.dumps(one)}\n\n" for one in found).encode()


STREAMS = [
    "\n".join(json.dumps(one) for one in (ollama(HALF[0], False), ollama(HALF[1], False), ollama(""))).encode(),
    events({"type": "message_start", "message": anthropic(content=[], stop_reason=None, usage={"input_tokens": 10})},
           *({"type": "content_block_delta", "delta": {"type": "text_delta", "text": half}} for half in HALF),
           {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
           {"type": "message_stop"}),
    events(google(HALF[0], None), google(HALF[1])),
    json.dumps([google(HALF[0], None), google(HALF[1])]).encode(),
    events({"type": "response.created", "response": responses("in_progress", output=[])},
           {"type": "response.output_text.delta", "delta": HALF[0]},
           {"type": "response.completed", "response": responses()}),
]  # fmt: skip


@pytest.mark.parametrize("body", [*(json.dumps(one).encode() for one in WHOLE), *STREAMS])
def test_a_reply_of_a_vendors_own_api_is_read_with_what_it_used(body: bytes) -> None:
    reply = read_reply(body)
    assert (reply.text, reply.finish_reason, reply.tokens_in, reply.tokens_out) == (TEXT, "stop", 10, 5)


@pytest.mark.parametrize(
    "value",
    [
        {**ollama(), "done_reason": "length"},
        anthropic(stop_reason="max_tokens"),
        google(ended="MAX_TOKENS"),
        responses("incomplete", incomplete_details={"reason": "max_output_tokens"}),
        {**COHERE, "finish_reason": "MAX_TOKENS"},
        {**BEDROCK, "stopReason": "max_tokens"},
    ],
)
def test_one_that_was_cut_off_is_known(value: dict[str, Any]) -> None:
    assert read_reply(json.dumps(value).encode()).finish_reason == "length"


def test_a_prompt_that_google_blocks_is_filtered() -> None:
    reply = read_reply(json.dumps({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": META}).encode())
    assert (reply.finish_reason, reply.text) == ("content_filter", "")


def test_a_call_of_the_responses_api_is_read() -> None:
    call = {"type": "function_call", "name": "r", "arguments": '{"text": "x"}'}
    assert read_reply(json.dumps(responses(output=[call])).encode()).text == '{"text": "x"}'


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(ollama(HALF[0], False)).encode() + b"\n" + json.dumps(ollama(HALF[1], False)).encode(),
        STREAMS[1].partition(b"event: message_delta")[0],
        events(google(HALF[0], None)),
        events({"type": "response.created", "response": responses("in_progress", output=[])}),
        b'{"choices": [{"delta": {"content": "a"}}]}\n{"choices": [{"delta": {"content": "b"}}]}\nnull',
    ],
)
def test_a_stream_of_such_events_that_breaks_off_is_no_reply(body: bytes) -> None:
    with pytest.raises(TransportError) as found:
        read_reply(body)
    assert found.value.kind == "dropped"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (ollama(HALF[0], False), "Ollama's own API answered: give the base_url that is OpenAI-compatible"),
        (anthropic(stop_reason=None), "https://api.anthropic.com/v1"),
        ({"candidates": []}, "https://generativelanguage.googleapis.com/v1beta/openai"),
        (responses("queued"), "Responses API answered"),
        ({"id": "sync-1", "status": "IN_QUEUE"}, "with the job IN_QUEUE: give base_url: https://api.runpod.ai/v2/"),
        ({**RUNPOD, "output": [{"text": TEXT}]}, "RunPod's own API answered"),
        ({"models": [{"name": "m"}]}, "a list of models came"),
        ({"object": "list", "data": [{"id": "m", "object": "model"}]}, "a list of models came"),
        ({"embeddings": [[0.1]]}, "embeddings came"),
        ({"object": "list", "data": [{"object": "embedding", "embedding": [0.1]}]}, "embeddings came"),
    ],
)
def test_one_without_an_end_or_a_text_is_said_to_be_what_it_is(value: dict[str, Any], says: str) -> None:
    with pytest.raises(Fault) as found:
        read_reply(json.dumps(value).encode())
    assert getattr(found.value, "kind", "") == "foreign" and says in found.value.message
