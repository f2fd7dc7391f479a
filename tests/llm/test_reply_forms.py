"""A reply is read whatever form its message, its end, its counts and its events have; what is no answer is none."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from datagen_cli.llm.completion import read_reply
from datagen_cli.llm.provider import RawReply

RECORD = {"text": "The kettle sings.", "mood": "calm"}
ANSWER = json.dumps({"records": [RECORD]})
USED = {"prompt_tokens": 10, "completion_tokens": 5}


def completion(message: Any, finish: Any = "stop", usage: Any = USED, **more: Any) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return json.dumps({"choices": [choice], "usage": usage, **more}).encode()


def ended(**keys: Any) -> str:
    choice = {"message": {"content": "half"}, **{name: value for name, value in keys.items() if name != "top"}}
    return read_reply(json.dumps({"choices": [choice], **keys.get("top", {})}).encode()).finish_reason


def stream(*events: Any, end: bool = True) -> RawReply:
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n" * end
    return read_reply(body.encode(), kind="text/event-stream")


@pytest.mark.parametrize(
    "reason",
    [
        *("maxTokens", "MaxTokens", "max tokens", "TOKENS", "token_limit_reached", "length_capped", "truncated", 2),
        *("context_window_exceeded", "max_output_tokens_reached", "hit_max_tokens", "max_completion_tokens", "LENGTH"),
    ],
)
def test_a_reply_that_was_cut_off_is_known_by_any_word_for_it(reason: Any) -> None:
    assert ended(finish_reason=reason) == "length"


@pytest.mark.parametrize(
    "keys",
    [
        {"finishReason": "MAX_TOKENS"},
        {"done_reason": "length"},
        {"stopReason": "max_tokens"},
        {"native_finish_reason": "MAX_TOKENS"},
        {"top": {"stop_reason": "max_tokens"}},
        {"top": {"incomplete_details": {"reason": "max_output_tokens"}}},
    ],
)
def test_how_a_reply_ended_is_found_under_any_key(keys: dict[str, Any]) -> None:
    assert ended(**keys) == "length"


@pytest.mark.parametrize(
    "reason",
    [
        *("null", "None", "</s>", "<|im_end|>", "stop: </s>", "stop-sequence", "StopSequence", "natural", "endTurn"),
        *("endoftext", "eos_found", "end_of_sequence", "eot", "matched_stop", "FINISH_REASON_UNSPECIFIED", "tool_call"),
        *(1, 0, 128009, ["stop"], {"reason": "stop"}, None),
    ],
)
def test_a_reply_that_ended_by_itself_is_known_by_any_word_for_it(reason: Any) -> None:
    assert ended(finish_reason=reason) == "stop"


@pytest.mark.parametrize("reason", ["contentFilter", "ContentFiltered", "BLOCKED", "IMAGE_SAFETY", "moderation", 3])
def test_a_reply_that_was_filtered_is_known_by_any_word_for_it(reason: Any) -> None:
    assert ended(finish_reason=reason) == "content_filter"


@pytest.mark.parametrize("reason", ["unfiltered", "not_filtered", "no-moderation", "FILTER_PASSED", "INSENSITIVE"])
def test_a_reply_that_was_not_filtered_is_not_taken_for_one_that_was(reason: str) -> None:
    assert ended(finish_reason=reason) == reason


@pytest.mark.parametrize(("reason", "means"), [("1", "stop"), ("2", "length"), ("3", "content_filter"), ("9", "9")])
def test_a_number_that_says_how_a_reply_ended_may_be_a_text(reason: str, means: str) -> None:
    assert ended(finish_reason=reason) == means


@pytest.mark.parametrize("reason", ["unknown", "preempted", "max_tokens_not_reached", "network_error", 7])
def test_an_end_that_nobody_knows_is_none_of_these(reason: Any) -> None:
    assert ended(finish_reason=reason) == str(reason)


@pytest.mark.parametrize(
    "message",
    [
        {"content": RECORD},
        {"content": [RECORD]},
        {"content": [{"type": "thinking", "thinking": "a draft"}, {"type": "tool_use", "name": "r", "input": RECORD}]},
        {"content": [{"text": "a draft", "thought": True}, {"text": json.dumps(RECORD)}]},
        {"content": {"parts": [{"text": json.dumps(RECORD)}], "role": "model"}},
        {"content": {"role": "assistant", "content": json.dumps(RECORD)}},
        {"parts": [{"text": json.dumps(RECORD)}]},
        {"text": json.dumps(RECORD)},
        {"content": None, "tool_calls": [{"function": {"name": "record", "arguments": RECORD}}]},
    ],
)
def test_the_answer_is_found_in_any_form_of_a_message(message: dict[str, Any]) -> None:
    found = json.loads(read_reply(completion(message)).text)
    assert found in (RECORD, [RECORD])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"text": "hello", "index": 0}], "hello"),
        ([{"text": "a"}, {"text": "b", "id": 1}], "ab"),
        ([{"text": "a"}, {"text": "b", "confidence": 0.5}], "ab"),
        ([{"type": "text", "text": "a"}, {"text": "b", "foo": 1}], "ab"),
        ([{"text": "a", "cache_control": None}, "b"], "ab"),
        ([{"type": "reference", "reference_ids": [1]}], ""),
        ([{"type": "text", "text": "a"}, {"type": "reference", "reference_ids": [1]}], "a"),
        ([{"type": "citation", "text": "from a book"}, {"type": "text", "text": "a"}], "a"),
        (0, "0"),
        (0.5, "0.5"),
        (False, ""),
    ],
)
def test_parts_are_known_for_what_they_are_whatever_else_they_say(content: Any, text: str) -> None:
    assert read_reply(completion({"content": content})).text == text


def test_a_text_beside_an_empty_message_is_read() -> None:
    for choice in ({"message": {}, "text": "hi"}, {"message": None, "text": "hi"}, {"message": "", "content": "hi"}):
        assert read_reply(json.dumps({"choices": [choice], "usage": USED}).encode()).text == "hi"


def test_an_error_that_says_success_is_none() -> None:
    for code in (0, "0", 200):
        body = completion({"content": "hi"}, None, error={"code": code, "message": "success"})
        assert read_reply(body).text == "hi"


def test_several_calls_of_one_tool_are_a_list_and_calls_of_several_tools_are_no_answer() -> None:
    def call(name: str) -> dict[str, Any]:
        return {"function": {"name": name, "arguments": json.dumps(RECORD)}}

    assert json.loads(read_reply(completion({"tool_calls": [call("r"), call("r")]})).text) == [RECORD, RECORD]
    reply = read_reply(completion({"tool_calls": [call("r"), call("weather")]}))
    assert (reply.text, reply.beside) == ("", "tool_calls")


def test_words_before_a_call_give_way_to_it_only_where_the_reply_ended_to_call() -> None:
    message = {"content": "I will call it.", "tool_calls": [{"function": {"name": "r", "arguments": ANSWER}}]}
    assert read_reply(completion(message, "tool_calls")).text == ANSWER
    assert read_reply(completion(message, "stop")).text == "I will call it."
    assert read_reply(completion({**message, "content": '{"text": "x"}'}, "tool_calls")).text == '{"text": "x"}'


@pytest.mark.parametrize(
    "message", [{"content": [{"type": "refusal", "refusal": "I cannot."}]}, {"content": None, "refusal": "I cannot."}]
)
def test_a_refusal_is_one_in_a_part_as_in_a_field(message: dict[str, Any]) -> None:
    assert read_reply(completion(message)).finish_reason == "content_filter"


def test_a_stream_is_put_together_from_events_of_any_form() -> None:
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USED}
    parts = ["The ", "kettle ", "sings."]
    texts = [{"choices": [{"text": part}]} for part in parts]
    numbered = [{"choices": [{"index": "0", "delta": {"content": part}}]} for part in parts]
    growing = [{"choices": [{"message": {"content": "".join(parts[: n + 1])}}]} for n in range(3)]
    called = [{"choices": [{"delta": {"function_call": {"arguments": part}}}]} for part in parts]
    whole = {"choices": [{"delta": {}, "message": {"content": "The kettle sings."}, "finishReason": "stop"}]}
    for events in (texts, numbered, growing, called, [*numbered, whole]):
        assert stream(*events, end).text == "The kettle sings."
    assert stream(*numbered, whole, end=False).text == "The kettle sings."


def test_no_event_of_a_stream_says_another_thing_than_its_text() -> None:
    def delta(content: Any, **more: Any) -> dict[str, Any]:
        return {"choices": [{"delta": {"content": content, **more}}]}

    reference = [{"type": "reference", "reference_ids": [0]}]
    assert stream(delta("The "), delta(reference), delta([{"type": "text", "text": "kettle"}])).text == "The kettle"
    assert stream(delta([{"kind": "note", "of": 3}]), delta("a")).text == "a"
    pieces = [{"choices": [{"message": {"content": part}}]} for part in ("ha", "ha", "!")]
    assert stream(*pieces).text == "haha!"
    both = [{"choices": [{"delta": {"content": " Hi"}}]}, {"choices": [{"message": {"content": "Hi"}}]}]
    assert stream(*both).text == "Hi"
    again = [{"choices": [{"delta": {"content": "Hello you"}}]}, {"choices": [{"message": {"content": "Hello"}}]}]
    assert stream(*again).text == "Hello you"


def test_several_calls_of_one_tool_in_a_stream_are_a_list() -> None:
    said = json.dumps(RECORD)
    parts = [(0, said[:9]), (0, said[9:]), (1, said)]
    events = [{"index": n, "function": {"name": "r", "arguments": part}} for n, part in parts]
    found = stream(*({"choices": [{"delta": {"tool_calls": [event]}}]} for event in events))
    assert json.loads(found.text) == [RECORD, RECORD]


def test_a_stream_says_what_came_in_place_of_a_text() -> None:
    thought = stream({"choices": [{"delta": {"reasoning_content": "hm"}}]})
    assert (thought.text, thought.beside) == ("", "reasoning")
    refused = stream(*({"choices": [{"delta": {"refusal": part}}]} for part in ("I ", "cannot.")))
    assert (refused.text, refused.finish_reason) == ("I cannot.", "content_filter")


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"prompt_tokens": "10.0", "completion_tokens": "5.0"}, (10, 5)),
        ({"prompt_tokens": "1,000", "completion_tokens": "500"}, (1000, 500)),
        ({"promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 2}, (10, 5)),
        ({"prompt_tokens": 10, "completion_tokens": 2, "reasoning_tokens": 3}, (10, 5)),
        ({"input_tokens": 10, "output_tokens": 2, "output_tokens_details": {"reasoning_tokens": 3}}, (10, 5)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 4}}, (10, 5)),
        ({"billed_units": {"input_tokens": 10, "output_tokens": 5}}, (10, 5)),
        ({"inputTokenCount": 10, "outputTokenCount": 5}, (10, 5)),
        ({"prompt_eval_count": 10, "eval_count": 5}, (10, 5)),
        ({"prompt_tokens": "1,00", "completion_tokens": "5"}, (None, None)),
    ],
)
def test_counts_are_read_in_more_names_and_spellings(usage: Any, counted: tuple[int, int]) -> None:
    reply = read_reply(completion({"content": "x"}, usage=usage))
    assert (reply.tokens_in, reply.tokens_out) == counted


def test_counts_beside_the_choices_are_found() -> None:
    for more in ({"token_usage": USED}, {"prompt_eval_count": 10, "eval_count": 5}):
        reply = read_reply(completion({"content": "x"}, usage=None, **more))
        assert (reply.tokens_in, reply.tokens_out) == (10, 5)


def test_bodies_that_are_packed_or_hold_raw_line_ends_or_stand_in_a_text_are_read() -> None:
    body = completion({"content": "one\ntwo"})
    for one in (zlib.compress(body), body.replace(b"\\n", b"\n"), json.dumps({"body": body.decode()}).encode()):
        assert read_reply(one).text == "one\ntwo"


ERROR = {"message": "Failed to generate JSON", "code": "json_validate_failed"}


@pytest.mark.parametrize(
    "body",
    [
        {"error": {**ERROR, "failed_generation": ANSWER}},
        {"choices": None, "error": {**ERROR, "failed_generation": ANSWER}, "usage": USED},
        {"error": {**ERROR, "metadata": {"raw": json.dumps({"error": {**ERROR, "failedGeneration": ANSWER}})}}},
        {"error": {**ERROR, "output": json.loads(ANSWER)}},
    ],
)
def test_what_was_turned_away_as_no_json_is_read_under_200(body: Any) -> None:
    reply = read_reply(json.dumps(body).encode())
    assert json.loads(reply.text) == json.loads(ANSWER)
    assert reply.finish_reason == "stop"
