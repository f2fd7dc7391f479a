"""Manners of known vendors, programs and gateways that serve models, as their users report them.

See `tests/manners.py`; what is told by words is told here in the words that were seen.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

from tests.endpoint import Answer, completion, refusal
from tests.manners import (
    ASKED,
    COUNT,
    STREAM,
    USED,
    Body,
    Manner,
    always,
    checked,
    completed,
    message,
    named,
    once_each,
    one_prompt,
    replies,
    with_usage,
    without,
)

ALL = (COUNT * USED["prompt_tokens"], COUNT * USED["completion_tokens"])
QUICK = ("limits.patience_s=1",)
WALL = Answer(status=403, body=b"<html><title>Sorry, you have been blocked</title></html>")
FLAGGED = named(403, error={"code": 403, "message": "Your input was flagged", "metadata": {"reasons": ["violence"]}})
GOOGLE = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "25200s"}


def events(*last: dict[str, Any]) -> Any:
    """The answer as an event stream without counts, then these events and the end mark."""

    def change(text: str, body: Body) -> Answer:
        parts = [{"choices": [{"delta": {"content": text}}]}, *last]
        lines = [*(f"data: {json.dumps(part)}" for part in parts), "data: [DONE]"]
        return Answer(body="\n\n".join(lines).encode(), headers=STREAM)

    return change


def halved(text: str, body: Body) -> Answer:
    """Half of an answer as a stream, then an error and the end mark."""
    made: Answer = events({"error": {"message": "CUDA out of memory", "code": 500}})(text[:30], body)
    return made


def lines(text: str, body: Body) -> Answer:
    """The answer as JSON, an event a line."""
    parts = [{"choices": [{"delta": {"content": text[at : at + 9]}}]} for at in range(0, len(text), 9)]
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USED}
    return Answer(
        body="\n".join(map(json.dumps, [*parts, end])).encode(), headers={"Content-Type": "application/x-ndjson"}
    )


def wired(change: Callable[[bytes], bytes], kind: str = "application/json") -> Any:
    """The bytes of a good answer, changed."""

    def answer(text: str, body: Body) -> Answer:
        return Answer(body=change(completion(body, Answer(text))), headers={"Content-Type": kind})

    return answer


def ungenerated(text: str, why: str = "") -> Answer:
    """A refusal of what the model wrote, with it."""
    message = f"Failed to generate JSON{why}. Please adjust your prompt. See 'failed_generation' for more details."
    error = {"message": message, "type": "invalid_request_error", "code": "json_validate_failed"}
    return named(400, error={**error, "failed_generation": text})


def held(text: str, body: Body) -> Answer:
    """The answer as one event whose data stands on several lines."""
    data = json.dumps(json.loads(completion(body, Answer(text))), indent=1).replace("\n", "\ndata: ")
    return Answer(body=f"data: {data}\n\ndata: [DONE]\n\n".encode(), headers=STREAM)


def gap(text: str, body: Body) -> Answer:
    """The answer as a stream in whose middle an event is broken."""
    parts = [json.dumps({"choices": [{"delta": {"content": part}}]}) for part in (text[:30], text[30:40], text[40:])]
    end = json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USED})
    events = [parts[0], parts[1][:-4], parts[2], end, "[DONE]"]
    return Answer(body="".join(f"data: {event}\n\n" for event in events).encode(), headers=STREAM)


def spoken(text: str, body: Body) -> Answer:
    """The answer as lines instead of JSON."""
    record = json.loads(text)["records"][0]
    return Answer("Here is one:\n\n" + "\n".join(f"**{name.title()}:** {value}" for name, value in record.items()))


VENDORS = (
    Manner("sends its body in Latin-1", "reads it", replies(
        lambda text, body: Answer(body=completion(body, Answer(text)).replace(b"calm", b"caf\xe9"), headers={
            "Content-Type": "application/json; charset=iso-8859-1"})), used=ALL, batches_too=False),
    Manner("sends more after the body", "reads the first", replies(wired(
        lambda data: data + b'\n{"timings": {"ms": 3}}\n')), used=ALL),
    Manner("sends comments before the body", "reads it", replies(wired(
        lambda data: b": processing\n\n: processing\n\n" + data)), used=ALL),
    Manner("packs the body with gzip and does not say so", "reads it", replies(wired(gzip.compress)), used=ALL,
           batches_too=False),
    Manner("sends JSON, an event a line", "reads it", replies(lines), used=ALL),
    Manner("sends an event's data on several lines", "reads it", replies(held), used=ALL),
    Manner("breaks an event of a stream now and then", "tries again; keeps nothing of it", once_each(gap)),
    Manner("numbers its choices in an object", "reads the first", replies(completed(
        lambda value: {**value, "choices": {"0": value["choices"][0]}})), used=ALL),
    Manner("leaves the first choice empty", "reads the next", replies(completed(lambda value: {**value, "choices": [
        {"index": 0, "message": {"content": ""}}, {**value["choices"][0], "index": 1}]})), used=ALL),
    Manner("puts the text under `delta` without streaming", "reads it", replies(completed(
        lambda value: {**value, "choices": [{"delta": value["choices"][0]["message"]}]})), used=ALL),
    Manner("answers in a part of JSON", "reads it", replies(
        lambda text, body: Answer(message={"content": [{"type": "json", "json": json.loads(text)}]}))),
    Manner("calls a second tool without arguments", "reads the first one's", replies(message(
        content=None, tool_calls=[{"function": {"name": "records", "arguments": "$"}}, {"function": {"name": "end",
           "arguments": "{}"}}]))),
    Manner("says in an object how a reply ended", "reads it", replies(
        lambda text, body: Answer(text, finish_reason={"type": "stop"}))),  # type: ignore[arg-type]
    Manner("counts tokens in names of its own (`promptTokens`)", "counts them", with_usage(
        {"promptTokens": 10, "completionTokens": 5}), used=ALL),
    Manner("counts tokens one level deeper", "counts them", with_usage(
        {"tokens": {"input_tokens": 10, "output_tokens": 5}}), used=ALL),
    Manner("writes lines instead of JSON (`**Text:** ...`)", "reads them", replies(spoken)),
    Manner("reasons inside a text of its JSON", "leaves the reasoning out", replies(
        lambda text, body: Answer(text.replace("note number", "<think>what now?</think> note number")))),
    Manner("writes an amount with its currency", "reads $3.50 as 3.5", replies(
        lambda text, body: Answer(text.replace('"mood"', '"price": "$3.50", "mood"'))),
           settings=("fields.price.type=number",)),
    Manner("judges in a table", "reads the verdict", checked("| verdict | reason |\n|---|---|\n| **Yes** | a note |"),
           settings=ASKED),
    Manner("talks where a verdict is asked for", "takes no verdict from it; ends after eight, names the check", checked(
        "No problem, let me look at the record."), 0, 3, ASKED),
    Manner("refuses a wrong key with 400", "ends at once, names the variable", always(
        named(400, error={"code": 400, "message": "API key not valid. Please pass a valid API key."})), 0, 5,
        says="key"),
    Manner("says with 400 that the account has no credit", "ends at once, says that the account cannot pay", always(
        named(400, type="error", error={"type": "invalid_request_error", "message": "Your credit balance is too low"})),
        0, 5, says="the account cannot pay"),
    Manner("stands behind a proxy that wants a password (407)", "ends at the first answer, says so", always(
        Answer(status=407, body=b"Proxy Authentication Required")), 0, 5, says="the proxy", batches_too=False),
    Manner("suspends the account (412)", "the same", always(
        named(412, error={"code": "PRECONDITION_FAILED", "message": "Account me is suspended, unpaid invoices"})), 0, 5,
        says="the account cannot pay"),
    Manner("says with 401 that the quota is spent", "the same", always(
        named(401, error={"message": "You exceeded your current quota", "type": "insufficient_quota"})), 0, 5,
        says="the account cannot pay"),
    Manner("says with 403 that the credits are used up", "the same", always(
        named(403, error="Your team has used all available credits or reached its monthly spending limit.")), 0, 5,
        says="the account cannot pay"),
    Manner("asks for a recharge under 429", "ends at once: the quota is spent", always(
        named(429, error={"code": "1113", "message": "Insufficient balance or no resource package. Please recharge."})),
        0, 5, says="the quota is spent"),
    Manner("limits a trial key to so many calls a month (429)", "the same", always(
        named(429, message="You are using a Trial key, which is limited to 1000 API calls / month.")), 0, 5,
        says="the quota is spent"),
    Manner("flags one prompt with 403", "costs one attempt; the next one has other examples and another seed",
           one_prompt(FLAGGED, 5)),
    Manner("lets a firewall block one prompt (403, a web page)", "writes all others, names the slot", one_prompt(WALL,
           9), COUNT - 1, 3),
    Manner("asks in its sentence to wait for hours (429)", "ends, says for how long", always(
        refusal(429, "Rate limit reached for requests. Please try again in 7h12m0s.")), 0, 5,
        says="it asks to wait 25,920 s"),
    Manner("asks in `retryDelay` to wait for hours (429)", "the same", always(
        named(429, error={"code": 429, "message": "You exceeded your current quota", "details": [GOOGLE]})), 0, 5,
        says="it asks to wait 25,200 s"),
    Manner("puts the headers of who is behind it into the body (429)", "the same", always(
        named(429, error={"message": "Rate limit exceeded", "metadata": {"headers": {"Retry-After": "9000"}}})), 0, 5,
        says="it asks to wait 9,000 s"),
    Manner("says `Retry-After` with a unit (429)", "the same", always(refusal(429, "slow down", Retry_After="2h")), 0,
           5, says="it asks to wait 7,200 s", batches_too=False),
    Manner("takes no call at all and says no time (429)", "ends after `patience_s`, says what to lower", always(
        refusal(429, "Service tier capacity exceeded for this model.")), 0, 5, QUICK, says="lower limits.concurrency"),
    Manner("finds every prompt too long (`context_length_exceeded`)", "ends after five, names `max_tokens`", always(
        named(400, error={"code": "context_length_exceeded", "message": "This model's maximum context length is 512",
                          "param": "messages"})), 0, 5, says="model.max_tokens"),
    Manner("finds every request too large for a minute's tokens (413)", "the same", always(
        refusal(413, "Request too large for model `m` on tokens per minute (TPM): Limit 600, Requested 2300")), 0, 5,
        says="model.max_tokens"),
    Manner("has no room in its tier now and then (498)", "tries again", once_each(
        lambda text, body: refusal(498, "Flex tier capacity exceeded"))),
    Manner("fails a step now and then (424)", "tries again", once_each(
        lambda text, body: refusal(424, "Request failed during generation"))),
    Manner("gives up a call now and then (499)", "tries again", once_each(
        lambda text, body: refusal(499, "The operation was cancelled."))),
    Manner("streams an error in the middle of an answer, then the end mark", "tries again; keeps no half", once_each(
        halved)),
    Manner("counts a stream's tokens in `x_groq`", "counts them", replies(events({"choices": [], "x_groq": {
        "usage": USED}})), used=ALL),
    Manner("counts a stream's tokens beside the last choice", "counts them", replies(events({"choices": [
        {"delta": {}, "finish_reason": "stop", "usage": USED}]})), used=ALL),
    Manner("counts tokens in digits as text", "counts them", with_usage({"prompt_tokens": "10",
           "completion_tokens": "5"}), used=ALL),
    Manner("counts tokens of the cache on top of `input_tokens`", "counts all", with_usage({"input_tokens": 4,
           "cache_read_input_tokens": 6, "output_tokens": 5}), used=ALL),
    Manner("refuses a key inside a 200", "ends at once, names the variable", always(
        named(200, error={"message": "Invalid API key", "code": "invalid_api_key"})), 0, 5, says="key"),
    Manner("knows no such address, inside a 200", "ends at the first answer", always(
        named(200, error="Unexpected endpoint or method. (POST /chat/completions). Returning 200 anyway")), 0, 5,
           says="base_url"),
    Manner("is busy inside a 200, its code as text", "tries again", once_each(
        lambda text, body: named(200, error={"message": "busy", "code": "503"}))),
    Manner("stops a reply by its guardrail now and then", "asks again", once_each(
        lambda text, body: Answer(text[:30], finish_reason="guardrail_intervened"))),
    Manner("ends replies with `eos_token`, `end_turn` or `STOP`", "reads them", replies(
        lambda text, body: Answer(text, finish_reason=("eos_token", "end_turn", "STOP")[len(text) % 3]))),
    Manner("says nothing of how a reply ended", "reads it", replies(completed(
        lambda value: {**value, "choices": [{"message": value["choices"][0]["message"]}]}))),
    Manner("answers without ids, roles or the model's name", "reads it", replies(
        lambda text, body: named(200, choices=[{"message": {"content": text}}], usage=USED)), used=ALL),
    Manner("cuts the connection in the middle of one prompt's reply, always",
           "writes all others, names the slot; the next run asks again",
           one_prompt(Answer("x" * 500, cut=80, cut_off=True), 4), COUNT - 1, 3),
    Manner("puts a note of the gateway beside the answer", "reads the answer", replies(completed(
        lambda value: {**value, "error": None, "warnings": [{"message": "deprecated model"}], "code": 0}))),
    Manner("ends replies with `completed` or `FINISH_REASON_STOP`", "reads them", replies(lambda text, body: Answer(
        text, finish_reason="completed" if len(text) % 2 else "FINISH_REASON_STOP")), used=ALL),
    Manner("cuts replies off as `incomplete` now and then", "asks again with twice the tokens", once_each(
        lambda text, body: Answer(text[:20], finish_reason="incomplete"))),
    Manner("counts tokens in `usageMetadata`", "counts them", replies(completed(
        lambda value: {**value, "usage": None, "usageMetadata": {
            "promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 2, "totalTokenCount": 15}})),
           used=ALL),
    Manner("writes a NUL into a text now and then", "asks again: no control character is kept", once_each(
        lambda text, body: Answer(text.replace("note", "n\\u0000te")))),
    Manner("finds every prompt too long under 500", "ends after five, names `max_tokens`", always(
        named(500, error={"code": 500, "message": "Context size has been exceeded.", "type": "server_error"})), 0, 5,
        says="max_tokens"),
    Manner("cannot make a grammar of `response_format` (500)", "sends without it, says so once", without(
        lambda body: "response_format" not in body, named(500, error={"message": "Failed to parse grammar"}))),
    Manner("has a router that quotes a refused `seed`", "sends without it, says so once", without(
        lambda body: "seed" not in body, named(400, error={"code": 400, "message": "Provider returned error",
            "metadata": {"raw": '{"error": {"message": "extra_forbidden", "param": "seed"}}'}}))),
    Manner("does not know the model (400)", "ends at the first answer", always(
        named(400, error={"message": "Model Not Exist", "type": "invalid_request_error"})), 0, 5, says="model's name"),
    Manner("has no model loaded (400)", "the same", always(
        named(400, error={"message": "No models loaded. Please load a model first."})), 0, 5, says="model's name"),
    Manner("takes no POST there (405)", "the same", always(named(405, detail="Method Not Allowed")), 0, 5,
           says="base_url"),
    Manner("says in a 200 that the balance is spent (`base_resp`)", "ends at once, says that the account cannot pay",
           always(Answer(body=json.dumps(
               {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": None}).encode())),
           0, 5, says="the account cannot pay"),
    Manner("takes no more requests of the day (`x-ratelimit-remaining-requests-day`)", "ends, says until when", replies(
        lambda text, body: Answer(text, headers={
            "x-ratelimit-remaining-requests-day": "0", "x-ratelimit-reset-requests-day": "33011.4"})), -1, 5,
        batches_too=False),
    Manner("turns whole answers away as no JSON (`failed_generation`)", "reads them all the same", replies(
        lambda text, body: ungenerated(f"```json\n{text}\n```"))),
    Manner("turns half an answer away as no JSON now and then", "asks again", once_each(
        lambda text, body: ungenerated(text[:20]))),
    Manner("turns answers away that its tokens did not suffice for", "asks again with twice the tokens", once_each(
        lambda text, body: ungenerated("", ": max completion tokens reached before generating a valid document"))),
)  # fmt: skip
