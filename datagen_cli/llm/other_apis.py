"""Replies of other APIs than OpenAI's chat completions, as chat completions in OpenAI's form: a gateway, or another
address of the same server, sends them.

Read are those of Ollama (`/api/chat`, `/api/generate`), Anthropic (Messages), Google (`generateContent`), OpenAI
(Responses), Cohere (both of its APIs) and Bedrock (Converse), whole and as streams of events, and whole ones of RunPod
(`/runsync` of its vLLM workers), where their text stands unmistakably and they say how they ended. So are objects whose
text stands in one field: those of Cloudflare's Workers AI (`response`), DashScope and watsonx (`output.text`,
`results`), TGI (`generated_text`), llama.cpp's `/completion` and many servers that somebody wrote. Such an object is a
reply only where something says that a model wrote the text: counts of tokens, how it ended, a role, calls of tools, or
a field that holds nothing else. A note such as `{"message": "ok"}` is none. Pure functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datagen_cli.llm.counted import usage_in
from datagen_cli.llm.finish import reason_in
from datagen_cli.llm.foreign_json import inside
from datagen_cli.llm.message import is_filled

Value = Mapping[str, Any]
Completion = dict[str, Any]
V1 = "give the base_url that is OpenAI-compatible, which ends in /v1"
ANTHROPIC = "give base_url: https://api.anthropic.com/v1, or the name anthropic/..."
GOOGLE = "give base_url: https://generativelanguage.googleapis.com/v1beta/openai, or the name gemini/..."
COHERE = "give base_url: https://api.cohere.ai/compatibility/v1, or the name cohere/..."
BEDROCK = "give the name bedrock/... without a base_url"
RUNPOD = "give base_url: https://api.runpod.ai/v2/ENDPOINT_ID/openai/v1"
JOB_STATES = ("COMPLETED", "IN_QUEUE", "IN_PROGRESS", "FAILED", "CANCELLED", "TIMED_OUT")
"""How RunPod says what became of a job."""
UNDER_WAY = (None, "in_progress", "queued", "failed", "cancelled")
SURE = ("generated_text", "generatedText", "response_text", "output_text", "outputText")
"""Fields that hold what a model wrote, and nothing else."""
TEXTS = (*SURE, "response", "generation", "completion", "text", "content", "reply", "answer", "output", "result")
ANSWERS = ("response", "output", "result")
"""Fields that may hold an answer as an object."""
LISTS = ("results", "outputs", "generations", "output")
"""Fields that hold a list of such objects."""
ROLES = ("assistant", "model", "chatbot")
_ENDS = (
    *(("details", "finish_reason"), ("meta_info", "finish_reason"), ("completionReason",), ("stop_type",)),
    *(("generationInfo", "finish_reason"), ("metadata", "finish_reason")),
)
"""Where such an object says how it ended, besides the usual places."""
STARTS = ("message_start", "message-start")
"""How streams of Anthropic and of Cohere's second API begin."""
_PIECES = (
    *(("content_block", "text"), ("delta", "text")),
    *(("delta", "message", "content", "text"), ("contentBlockDelta", "delta", "text")),
)
_ARGUMENTS = (
    *(("delta", "partial_json"), ("delta", "message", "tool_calls", "function", "arguments")),
    ("contentBlockDelta", "delta", "toolUse", "input"),
)
_STOPS = (("delta", "stop_reason"), ("delta", "finish_reason"), ("messageStop", "stopReason"))
"""Where events of Anthropic, Cohere and Bedrock add to a text, to the arguments of a call, and say how it ended."""


def as_completion(value: Value) -> Completion | None:
    """The chat completion that a reply of a vendor's own API stands for; None for what is none of these, or says no
    text or no end."""
    read = _kind_of(value)[1]
    return read(value) if read is not None else None


def advice(value: Value) -> str:
    """What kind of API sends such an object, and which address is the right one; empty for one that nobody knows."""
    return _kind_of(value)[0]


def _kind_of(value: Value) -> tuple[str, Callable[[Value], Completion | None] | None]:
    """What sends such an object, with what to do about it, and what reads it."""
    listed = value.get("data") if value.get("object") == "list" else None
    listed = str(listed[0].get("object")) if isinstance(listed, list) and listed and isinstance(listed[0], dict) else ""
    if isinstance(value.get("done"), bool) and ("message" in value or "response" in value):
        return f"Ollama's own API answered: {V1}", _ollama
    if value.get("type") == "message" and isinstance(value.get("content"), list):
        return f"Anthropic's Messages API answered: {ANTHROPIC}", _anthropic
    if isinstance(value.get("candidates"), list) or isinstance(value.get("promptFeedback"), Mapping):
        return f"Google's own API answered: {GOOGLE}", _google
    if value.get("object") == "response" and isinstance(value.get("output"), list):
        return f"OpenAI's Responses API answered: {V1}", _responses
    if isinstance(inside(value, "message", "content"), list | str) and isinstance(value.get("finish_reason"), str):
        return f"Cohere's own API answered: {COHERE}", _cohere
    if isinstance(inside(value, "output", "message", "content"), list) and isinstance(value.get("stopReason"), str):
        return f"Bedrock's own API answered: {BEDROCK}", _bedrock
    job = value.get("status") if isinstance(value.get("id"), str) else None
    if job in JOB_STATES and (job != "COMPLETED" or isinstance(value.get("output"), list)):
        return f"RunPod's own API answered, with the job {job}: {RUNPOD}", _runpod
    if isinstance(value.get("models"), list) or listed == "model":
        return f"a list of models came: {V1}", None
    if isinstance(value.get("embeddings", value.get("embedding")), list) or listed == "embedding":
        return "embeddings came: the address or the model is one for these; give that of a chat model", None
    return "", None


def _completion(message: Any, finish: Any, *parts: Value) -> Completion:
    """A chat completion of this message; of the parts the first that says what was used, and by which model, counts."""
    names = (part.get(name) for part in parts for name in ("model", "modelVersion", "model_id"))
    choice = {"message": message, "finish_reason": finish}
    return {"choices": [choice], "usage": usage_in(*parts), "model": next(filter(None, names), None)}


def _ollama(value: Value, *, part: bool = False) -> Completion | None:
    """A reply of Ollama; with `part` one that may be a piece of it."""
    message, done = value.get("message"), value.get("done") is True
    if not isinstance(message, Mapping) and isinstance(value.get("response"), str):
        message = {"content": value["response"], "thinking": value.get("thinking")}
    if not isinstance(message, Mapping) or not (done or part):
        return None
    return _completion(message, (value.get("done_reason") or "stop") if done else None, value)


def _anthropic(value: Value) -> Completion | None:
    reason = value.get("stop_reason")
    return _completion({"content": value["content"]}, reason, value) if reason else None


def _google(value: Value, *, part: bool = False) -> Completion | None:
    """A reply of Google; with `part` one that may be a piece of it."""
    candidates = value.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    if not isinstance(first, Mapping):
        blocked = inside(value, "promptFeedback", "blockReason")
        return _completion({"content": ""}, "content_filter", value) if blocked else None
    ended = first.get("finishReason")
    return _completion({"content": first.get("content")}, ended, value) if ended or part else None


def _responses(value: Value) -> Completion | None:
    ended = inside(value, "incomplete_details", "reason") or value.get("status")
    if ended in UNDER_WAY:
        return None
    found = [item for item in value["output"] if isinstance(item, Mapping)]
    contents = [item.get("content") for item in found if item.get("type") == "message"]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    calls = [{"function": dict(item)} for item in found if item.get("type") == "function_call"]
    thought = any(item.get("type") == "reasoning" for item in found)
    return _completion({"content": parts, "tool_calls": calls, "reasoning": "…" if thought else ""}, ended, value)


def _cohere(value: Value) -> Completion | None:
    return _completion(value["message"], value["finish_reason"], value)


def _bedrock(value: Value) -> Completion | None:
    return _completion(inside(value, "output", "message"), value["stopReason"], value)


def _runpod(value: Value) -> Completion | None:
    """The pieces of a job that has ended, each with the texts of its first choice; the last counts all tokens."""
    output = value.get("output")
    parts = [one for one in output if isinstance(one, Mapping)] if isinstance(output, list) else []
    choices = [one["choices"][0] for one in parts if isinstance(one.get("choices"), list) and one["choices"]]
    texts = [inside(one, "tokens") for one in choices]
    if value["status"] != "COMPLETED" or not texts or not all(isinstance(one, list) for one in texts):
        return None
    used = {f"{name}_tokens": inside(parts[-1], "usage", name) for name in ("input", "output")}
    text = "".join(piece for one in texts for piece in one if isinstance(piece, str))
    return _completion({"content": text}, inside(choices[-1], "finish_reason"), {"usage": used})


def is_event(value: Value) -> bool:
    """Whether a line of JSON is one of several that a reply comes in."""
    of_ollama = value.get("done") is False and ("message" in value or "response" in value)
    return of_ollama or value.get("is_finished") is False or value.get("stop") is False


def of_events(events: Sequence[Value], *, ended: bool = False) -> Completion | None:
    """The chat completion of a stream of a vendor's own events, without a reason of its end where it is broken off;
    None for events of another kind. `ended`: the mark of the end came."""
    first: Value = next((event for event in events if event.get("type") != "ping"), {})
    if any("choices" in event for event in events[:3]):
        return None
    whole = [event["response"] for event in events if isinstance(event.get("response"), Mapping)]
    broken_off = _completion({"content": ""}, None)
    if str(first.get("type")).startswith("response."):  # OpenAI's Responses
        return (as_completion(whole[-1]) if whole else None) or broken_off
    if first.get("event_type") == "stream-start":  # Cohere's first API
        text = "".join(str(event.get("text") or "") for event in events if event.get("event_type") == "text-generation")
        end: Value = whole[-1] if whole else {}
        return of_flat({**end, "text": end.get("text") or text}, events[-1]) or broken_off
    if "token" in first and "generated_text" in first:  # TGI
        return next((of_flat(event) for event in events if event.get("generated_text")), broken_off)
    if isinstance(first.get("candidates"), list):
        return _joined([_google(event, part=True) for event in events])
    if isinstance(first.get("done"), bool):
        return _joined([_ollama(event, part=True) for event in events])
    if first.get("type") in STARTS or "messageStart" in first or "contentBlockDelta" in first:
        return _of_pieces(events)
    if isinstance(text_in(first), str) or isinstance(first.get("stop"), bool):
        return _of_flat_events(events, ended)
    return None


def _of_pieces(events: Sequence[Value]) -> Completion:
    """Of events that add to the text and to the arguments of a call, each in its place."""
    text, calls, ends = (
        [found for event in events for place in places if (found := inside(event, *place))]
        for places in (_PIECES, _ARGUMENTS, _STOPS)
    )
    said = (usage_in(event.get("delta"), event) for event in events)
    used = {name: count for one in said if isinstance(one, Mapping) for name, count in one.items()}
    message = {
        "content": "".join(map(str, text)),
        "tool_calls": [{"arguments": "".join(map(str, calls))}] if calls else [],
    }
    start: Value = next((event["message"] for event in events if isinstance(event.get("message"), Mapping)), {})
    return {**_completion(message, ends[-1] if ends else None, start), "usage": used}


def _of_flat_events(events: Sequence[Value], ended: bool) -> Completion | None:
    """Of events that each hold a piece of the text in one field. Where none says how it ended, the mark does."""
    pieces = [text_in(event) for event in events]
    if any(isinstance(piece, Mapping) for piece in pieces) or any(event.get("error") for event in events):
        return None
    last = events[-1]
    finish = end_of(last) or ("stop" if ended or last.get("stop") is True else None)
    return _completion({"content": "".join(piece or "" for piece in pieces)}, finish, *events[::-1])


def _joined(pieces: Sequence[Completion | None]) -> Completion | None:
    """One completion of the pieces that the events of a stream hold."""
    found = [piece for piece in pieces if piece is not None]
    if not found:
        return None
    contents: list[Any] = []
    for piece in found:
        content = piece["choices"][0]["message"].get("content")
        content = content.get("parts") if isinstance(content, Mapping) else content
        contents += content if isinstance(content, list) else [content] if isinstance(content, str) else []
    last = found[-1]
    return {**last, "choices": [{**last["choices"][0], "message": {"content": contents}}]}


def of_flat(value: Value, *around: Value) -> Completion | None:
    """The chat completion that an object with its text in one field stands for; None for what is none. `around` are
    the objects that it lay in, which may say what was used.

    >>> of_flat({"response": "Hello.", "usage": {"prompt_tokens": 3}})["choices"]
    [{'message': {'content': 'Hello.'}, 'finish_reason': None}]
    >>> of_flat({"message": "ok"}) is of_flat({"response": "ok"}) is None
    True
    """
    parts = [value, *around]
    for name in LISTS:
        listed = value.get(name)
        if isinstance(listed, list) and listed and isinstance(listed[0], Mapping):
            return of_flat(listed[0], *parts)
    inner = next((value[name] for name in ANSWERS if isinstance(value.get(name), Mapping)), None)
    if inner is not None and (end_of(inner) or usage_in(inner) or any(name in inner for name in SURE)):
        return of_flat(inner, *parts)
    message = _message_of(value, parts)
    return None if message is None else _completion(message, end_of(*parts), *parts)


def end_of(*parts: Value) -> Any:
    """How a reply ended, as the first of these objects says that says it; None where none does."""
    for part in parts:
        if any(part.get(name) is True for name in ("truncated", "is_truncated", "stopped_limit")):
            return "length"
        said = next((found for place in _ENDS if (found := inside(part, *place))), None) or reason_in(part, {})
        if said:
            return said
    return None


def text_in(value: Value) -> Any:
    """What stands in the field of a text, if one does: a text, the only one of a list, or an answer as an object."""
    for name in TEXTS:
        said = value.get(name)
        said = said[0] if isinstance(said, list) and len(said) == 1 else said
        if isinstance(said, str) and said:
            return said
        if isinstance(said, Mapping) and said and name in ANSWERS:
            return dict(said)
    return None


def _message_of(value: Value, parts: list[Value]) -> dict[str, Any] | None:
    """The message of a reply; None where nothing says that a model wrote it."""
    message, calls, said = value.get("message"), value.get("tool_calls"), text_in(value)
    if isinstance(message, Mapping) and message.get("role") in ROLES:
        return dict(message)
    if said is None and not (isinstance(calls, list) and calls):
        return None
    by_model = value.get("role") in ROLES or isinstance(calls, list)
    sure = by_model or any(is_filled(value.get(name)) for name in SURE)
    # the result in Cloudflare's envelope, which says nothing else of it
    enveloped = "response" in value and parts[-1].get("success") is True and isinstance(parts[-1].get("errors"), list)
    if not (sure or isinstance(usage_in(*parts), Mapping) or end_of(*parts) or enveloped):
        return None
    return {"content": said, "tool_calls": calls} if calls else {"content": said}
