"""Manners that providers, servers and gateways are known for by name, in the words that they answer with.

See `tests/manners.py`.
"""

from __future__ import annotations

import json
from typing import Any

from tests.endpoint import Answer, completion, refusal
from tests.manners import COUNT, STREAM, USED, Manner, always, completed, message, named, once_each, replies, without
from tests.wrapped_manners import STOP, adds, stream, streams

ALL = (COUNT * USED["prompt_tokens"], COUNT * USED["completion_tokens"])
CHALLENGE = Answer(
    status=403,
    body=b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>",
    headers={"Content-Type": "text/html", "cf-mitigated": "challenge"},
)
TOO_LONG = "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 1500 and 2048"


def google(status: int, **error: Any) -> Answer:
    """An error as Gemini's OpenAI mode sends it: in a list."""
    return Answer(status=status, body=json.dumps([{"error": {"code": status, **error}}]).encode())


def ended(reason: str, **more: Any) -> Any:
    """Replies that break off after some words and end so, now and then."""
    return once_each(lambda text, body: Answer(text[:25], finish_reason=reason, **more))


KNOWN = (
    Manner("sends blank lines before the body for as long as it works (OpenRouter)", "reads it", replies(
        lambda text, body: Answer(body=b"\n         \n" * 50 + completion(body, Answer(text)))), used=ALL),
    Manner("sends `: keep-alive` before the stream (DeepSeek)", "reads it", replies(lambda text, body: Answer(
        body=b": keep-alive\n\n" * 9 + (stream([adds(text), STOP]).body or b""), headers=STREAM)), used=ALL),
    Manner("streams an event without a choice first (Azure)", "reads the rest", streams(
        lambda parts: [{"choices": [], "prompt_filter_results": []}, *map(adds, parts), STOP]), used=ALL),
    Manner("says of its filter that it failed, beside the answer (Azure)", "reads the answer", replies(completed(
        lambda value: {**value, "choices": [
            {**value["choices"][0], "content_filter_results": {"error": {"code": "failed"}}}]})), used=ALL),
    Manner("runs out of `insufficient_system_resource` now and then (DeepSeek)", "asks again", ended(
        "insufficient_system_resource")),
    Manner("aborts replies now and then (SGLang)", "asks again", ended("abort")),
    Manner("ends replies with `function_call_filter: MALFORMED_FUNCTION_CALL` now and then (Gemini)", "asks again",
           ended("function_call_filter: MALFORMED_FUNCTION_CALL")),
    Manner("sends nothing but white space in JSON mode now and then (DeepSeek)", "asks again", once_each(
        lambda text, body: Answer("   \n  \n"))),
    Manner("wants a key, in a list (Gemini)", "ends at once, names the variable", always(google(
        400, message="API key not valid. Please pass a valid API key.")), 0, 5, says="key"),
    Manner("does not know the name `seed`, in a list (Gemini)", "sends without it, says so once", without(
        lambda body: "seed" not in body, google(
            400, message='Invalid JSON payload received. Unknown name "seed": Cannot find field.'))),
    Manner("forbids `seed` in a `message` of its own (Mistral)", "the same", without(
        lambda body: "seed" not in body, named(422, object="error", message={"detail": [
            {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}))),
    Manner("drops no parameter of itself (LiteLLM's proxy)", "the same", without(
        lambda body: "seed" not in body, refusal(400, "litellm.UnsupportedParamsError: anthropic does not support"
                                                 " parameters: ['seed'], for model=x."))),
    Manner("cannot parse its grammar (llama.cpp)", "sends without `response_format`, says so once", without(
        lambda body: "response_format" not in body, refusal(
            400, "Failed to initialize samplers: failed to parse grammar"))),
    Manner("takes no `json_object` (LM Studio)", "the same", without(lambda body: "response_format" not in body, named(
        400, error="'response_format.type' must be 'json_schema' or 'text'"))),
    Manner("finds prompt and answer too long together (TGI)", "ends after five, names `max_tokens`", always(
        named(422, error=TOO_LONG, error_type="validation")), 0, 5, says="do not fit"),
    Manner("loses its runner now and then (Ollama)", "tries again", once_each(
        lambda text, body: refusal(500, "llama runner process has terminated: exit status 2"))),
    Manner("challenges every call (Cloudflare)", "ends at once, says so", always(CHALLENGE), 0, 5,
           says="Just a moment"),
    Manner("breaks every reply off (a proxy's limit)", "ends after eight, says so", replies(
        lambda text, body: Answer(text, cut=60)), 0, 5, says="broken off", batches_too=False),
    Manner("thinks in a list of parts of its own (Mistral)", "takes the text", replies(message(content=[
        {"type": "thinking", "thinking": [{"type": "text", "text": "a draft"}]}, {"type": "text", "text": "$"}])),
           used=ALL),
)  # fmt: skip
