"""Manners of what comes back: the words and keys in which replies end, are counted, refused and put into forms.

See `tests/manners.py`.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from tests.endpoint import Answer, completion, refusal
from tests.manners import (
    COUNT,
    STREAM,
    USED,
    Body,
    Manner,
    completed,
    marked,
    message,
    named,
    once_each,
    replies,
    with_usage,
    without,
)

ALL = (COUNT * USED["prompt_tokens"], COUNT * USED["completion_tokens"])
FORMS = ("[Insert text here]", "Your text here", "some text")
DECLINED = (
    "抱歉，我无法生成这样的内容。",
    "Извините, но я не могу создать такой текст.",
    "Je ne peux pas générer ce texte.",
)


def keyed(key: str, value: Any, *, top: bool = False) -> Any:
    """A reply that says under another key how it ended."""

    def change(body: dict[str, Any]) -> dict[str, Any]:
        choice = {"message": body["choices"][0]["message"], **({} if top else {key: value})}
        return {**body, **({key: value} if top else {}), "choices": [choice]}

    return change


def ended(*reasons: Any, part: int | None = None) -> Any:
    """The answer, or the beginning of it, that ended for one of these reasons."""
    return lambda text, body: Answer(text[:part], finish_reason=reasons[len(text) % len(reasons)])


def half(change: Any) -> Any:
    """Half of an answer, now and then, in this form."""
    return once_each(lambda text, body: completed(change)(text[:20], body))


def grown(text: str, body: Body) -> Answer:
    """The answer as a stream whose every event holds all of it so far."""
    parts = [{"choices": [{"message": {"content": text[: at + 9]}}]} for at in range(0, len(text), 9)]
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USED}
    events = [*(f"data: {json.dumps(part)}\n\n" for part in [*parts, end]), "data: [DONE]\n\n"]
    return Answer(body="".join(events).encode(), headers=STREAM)


def turned(kind: int, **error: Any) -> Any:
    """What was written, turned away as no JSON in a form of its own; `$` stands for it."""

    def change(text: str, body: Body) -> Answer:
        told = json.loads(json.dumps({"message": "Failed to generate JSON", **error}).replace('"$"', json.dumps(text)))
        return named(kind, error=told)

    return change


def with_text(said: str) -> Any:
    """The answer with this at the beginning of its text."""
    return lambda text, body: Answer("```json\n" + text.replace("note number", f"{said} note number") + "\n```")


def packed(pack: Any, *encodings: str) -> Any:
    """The answer packed so, with one of these encodings in its header."""

    def change(text: str, body: Body) -> Answer:
        encoding = encodings[len(text) % len(encodings)]
        return Answer(body=pack(completion(body, Answer(text))), headers={"Content-Encoding": encoding})

    return change


def native(form: dict[str, Any]) -> Any:
    """The answer as a vendor's own API words it; `$` stands for it."""

    def change(text: str, body: Body) -> Answer:
        return Answer(body=json.dumps(form).replace('"$"', json.dumps(text)).encode())

    return replies(change)


def other(texts: tuple[str, ...]) -> Any:
    """A record with one of these texts, now and then."""

    def change(text: str, body: Body) -> Answer:
        return Answer(json.dumps({"records": [{"text": texts[len(text) % len(texts)], "mood": "calm"}]}))

    return once_each(change)


FORMED = (
    Manner("cuts replies off as `maxTokens`, `truncated` or 2 now and then", "asks again with twice the tokens",
           once_each(ended("maxTokens", "truncated", 2, part=20))),
    Manner("says under `finishReason` that a reply was cut off", "the same", half(keyed("finishReason", "MAX_TOKENS"))),
    Manner("says beside the choices that a reply was cut off (`incomplete_details`)", "the same", half(
        keyed("incomplete_details", {"reason": "max_output_tokens"}, top=True))),
    Manner("ends replies with `endTurn`, `</s>`, `null` or 1", "reads them", replies(
        ended("endTurn", "</s>", "null", 1)), used=ALL),
    Manner("filters replies as `contentFilter` or `BLOCKED` now and then", "asks again", once_each(
        ended("contentFilter", "BLOCKED", part=20))),
    Manner("ends replies in a way that nobody knows now and then", "asks again", once_each(
        lambda text, body: Answer(text, finish_reason="preempted"))),
    Manner("answers with the record itself instead of a text", "reads it", replies(
        lambda text, body: Answer(message={"content": json.loads(text)["records"]}))),
    Manner("answers in Google's parts, a thought among them", "takes the text", replies(message(
        content=[{"text": "a draft", "thought": True}, {"text": "$"}]))),
    Manner("answers in a part that calls a tool", "reads the call's arguments", replies(
        lambda text, body: Answer(message={"content": [{"type": "tool_use", "input": json.loads(text)}]}))),
    Manner("says that it will call a tool, and does", "the same", replies(lambda text, body: Answer(
        "I will call the tool.", finish_reason="tool_calls",
        message={"tool_calls": [{"function": {"name": "records", "arguments": text}}]}))),
    Manner("refuses in a part of its own now and then", "asks again", once_each(
        lambda text, body: Answer(message={"content": [{"type": "refusal", "refusal": "I cannot."}]}))),
    Manner("streams all of the answer so far in every event", "reads it once", replies(grown), used=ALL),
    Manner("turns whole answers away as no JSON under 200", "reads them all the same", replies(
        turned(200, failed_generation="$"))),
    Manner("turns whole answers away as no JSON in a router's text", "the same", replies(
        turned(400, metadata={"raw": {"error": {"failed_generation": "$"}}}))),
    Manner("turns whole answers away as no JSON, under another name (422)", "the same", replies(
        turned(422, code="json_validate_failed", generated_text="$"))),
    Manner("counts tokens as `1,000` or `10.0`", "counts them", with_usage(
        {"prompt_tokens": "10.0", "completion_tokens": "5"}), used=ALL),
    Manner("counts reasoning beside `completion_tokens`", "counts it", with_usage(
        {"prompt_tokens": 10, "completion_tokens": 2, "reasoning_tokens": 3}), used=ALL),
    Manner("counts tokens as Ollama does (`eval_count`), beside the choices", "counts them", replies(completed(
        lambda value: {**value, "usage": None, "prompt_eval_count": 10, "eval_count": 5})), used=ALL),
    Manner("reasons under a heading of its own (`**Thinking:**`, `<thought_process>`, `{{think}}`)",
           "reads what follows", marked("**Thinking:** {draft}\n\n**Answer:**\n{answer}")),
    Manner("goes on with the conversation after its answer (`User:`, `Assistant:`)", "takes its answer alone", marked(
        "{answer}\n\nUser: Please write another one.\n\nAssistant: {draft}"), used=ALL),
    Manner("goes on so until its tokens are used up", "the same; asks for no more of it", replies(
        lambda text, body: Answer(f"{text}\n\nUser: More.\n\nAssistant: {text[:30]}", finish_reason="length")),
           used=ALL),
    Manner("writes of `<think>` and `</think>` in a record", "keeps the text whole", replies(
        with_text("between <think> and </think>"))),
    Manner("gives a placeholder in other words now and then", "asks again", other(FORMS)),
    Manner("declines in Chinese, Russian or French now and then", "asks again", other(DECLINED)),
    Manner("writes backslashes that are no JSON", "reads them", replies(
        lambda text, body: Answer(text.replace("note number", "\\(x\\) note number")))),
    Manner("fails over an unexpected `seed` (500)", "sends without it, says so once", without(
        lambda body: "seed" not in body, named(500, detail="create() got an unexpected keyword argument 'seed'"))),
    Manner("names `seed` as a key of its errors", "the same", without(
        lambda body: "seed" not in body, named(400, errors={"seed": ["is not allowed"]}))),
    Manner("minds `seed` under 404, as a router does", "the same", without(
        lambda body: "seed" not in body, named(404, error={"message": "No endpoints found that support seed"}))),
    Manner("has no JSON mode", "sends without `response_format`, says so once", without(
        lambda body: "response_format" not in body, refusal(400, "JSON mode is not supported by this model"))),
    Manner("does not know `max_tokens`", "sends `max_completion_tokens`, says so once", without(
        lambda body: "max_tokens" not in body, refusal(400, "Unrecognized request argument supplied: max_tokens"))),
    Manner("says `Retry-After` as a date of the year 9999 now and then", "tries again", once_each(
        lambda text, body: refusal(429, "slow down", Retry_After="Fri, 31 Dec 9999 23:59:59 GMT"))),
    Manner("takes `temperature` or `top_p`, and not both", "sends no `top_p`, says so once", without(
        lambda body: not {"temperature", "top_p"} <= body.keys(), named(400, type="error", error={
            "type": "invalid_request_error", "message": "`temperature` and `top_p` cannot both be specified"})),
           settings=("model.temperature=0.7", "model.top_p=0.9")),
    Manner("says `Content-Encoding: gzip`, or deflate, and packs nothing", "reads it", replies(packed(
        bytes, "gzip", "deflate")), used=ALL, batches_too=False),
    Manner("packs with gzip and says deflate, or the other way round", "reads it", replies(packed(
        zlib.compress, "gzip")), used=ALL, batches_too=False),
    Manner("packs the body as br or zstd, unasked", "says so, ends at once", replies(packed(
        lambda data: b"\x28\xb5\x2f\xfd" + data, "zstd")), 0, 5, says="turn its packing off", batches_too=False),
    Manner("answers as Ollama's own API does (`/api/chat`)", "reads it", native(
        {"message": {"role": "assistant", "content": "$"}, "done": True, "done_reason": "stop",
         "prompt_eval_count": 10, "eval_count": 5}), used=ALL),
    Manner("answers as Anthropic's Messages API does", "the same", native(
        {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "$"}],
         "stop_reason": "end_turn", "usage": {"input_tokens": 10, "output_tokens": 5}}), used=ALL),
    Manner("answers as Google's own API does (`candidates`)", "the same", native(
        {"candidates": [{"content": {"parts": [{"text": "$"}], "role": "model"}, "finishReason": "STOP"}],
         "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5}}), used=ALL),
    Manner("answers as OpenAI's Responses API does", "the same", native(
        {"object": "response", "status": "completed", "output": [{"type": "message", "content": [
            {"type": "output_text", "text": "$"}]}], "usage": {"input_tokens": 10, "output_tokens": 5}}), used=ALL),
    Manner("answers with a list of models", "says so, ends at once; costs nothing", native(
        {"object": "list", "data": [{"id": "m", "object": "model"}]}), 0, 5, says="a list of models came"),
    Manner("answers in parts with numbers of their own", "takes the text of all", replies(lambda text, body: Answer(
        message={"content": [{"text": text[:9], "index": 0}, {"text": text[9:], "id": 1}]})), used=ALL),
    Manner("takes no more requests for `24 hours`", "ends, says until when", replies(lambda text, body: Answer(
        text, headers={"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "24 hours"})), -1, 5,
        batches_too=False),
)  # fmt: skip
