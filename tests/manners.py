"""How endpoints behave, as named scenarios that read nothing of what they are asked but its parameters.

A manner turns a function that answers well into a script for `tests.endpoint.Endpoint`, and says what a run of
`COUNT` records must come to. `docs/endpoints.md` is written from this list, `make endpoints` runs it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.endpoint import Answer, Script, completion, refusal
from tests.llm.batch_endpoint import BatchEndpoint

COUNT = 20
STREAM = {"Content-Type": "text/event-stream"}
Body = Mapping[str, Any]
Good = Callable[[Body], str]
Make = Callable[[Good], Script]


@dataclass(frozen=True)
class Manner:
    """One way of behaving: `does` is what the tool does then, `accepted` and `exit_code` what the run comes to.

    `settings` are `--set` values that keep its waits short. `way` is how the endpoint is met: `run` (call by call),
    `batch` (files and batches, which `arrange` prepares) or `doctor`. `says` is in the error or its hint, or in what
    `doctor` says; `used` are the tokens in and out of the run. `batches_too`: the lines of a batch can be answered so.
    """

    name: str
    does: str
    make: Make
    accepted: int = COUNT
    exit_code: int = 0
    settings: tuple[str, ...] = ()
    way: str = "run"
    arrange: Callable[[BatchEndpoint], None] = lambda endpoint: None
    says: str = ""
    batches_too: bool = True
    used: tuple[int, int] | None = None


class First:
    """Knows the bodies of the first `count` different requests again, however often they come."""

    def __init__(self, count: int = 1) -> None:
        self.count = count
        self.known: list[str] = []

    def __call__(self, body: Body) -> bool:
        key = json.dumps([body.get("messages"), body.get("seed")])
        if key not in self.known and len(self.known) < self.count:
            self.known.append(key)
        return key in self.known


def always(answer: Answer) -> Make:
    """Every request gets this."""
    return lambda good: lambda body, attempt: answer


def one_prompt(answer: Answer, number: int = 1) -> Make:
    """One prompt, the first or that of another number, gets this each time, all others are answered."""

    def make(good: Good) -> Script:
        before, first = First(number - 1), First(number)
        return lambda body, attempt: answer if first(body) and not before(body) else good(body)

    return make


def once_each(answer: Callable[[str, Body], Answer], every: int = 3) -> Make:
    """Every third prompt gets this at its first request, and a good answer at the next."""

    def make(good: Good) -> Script:
        seen: list[str] = []

        def script(body: dict[str, Any], attempt: int) -> str | Answer:
            key = json.dumps([body.get("messages"), body.get("seed")])
            if attempt == 1 and key not in seen:
                seen.append(key)
                if len(seen) % every == 0:
                    return answer(good(body), body)
            return good(body)

        return script

    return make


def between(first: int, last: int, answer: Answer) -> Make:
    """The requests of these numbers get this."""

    def make(good: Good) -> Script:
        seen = 0

        def script(body: dict[str, Any], attempt: int) -> str | Answer:
            nonlocal seen
            seen += 1
            return answer if first <= seen <= last else good(body)

        return script

    return make


def without(takes: Callable[[Body], bool], answer: Answer) -> Make:
    """Requests of a form that it does not take get this."""
    return lambda good: lambda body, attempt: good(body) if takes(body) else answer


def replies(change: Callable[[str, Body], Answer]) -> Make:
    """Every good answer comes in this form."""
    return lambda good: lambda body, attempt: change(good(body), body)


def with_usage(usage: Any) -> Make:
    """Every reply says this of what it used."""

    def change(text: str, body: Body) -> Answer:
        return Answer(body=json.dumps({**json.loads(completion(body, Answer(text))), "usage": usage}).encode())

    return replies(change)


def streamed(text: str, body: Body) -> Answer:
    """The answer as an event stream."""
    parts = [{"choices": [{"delta": {"content": text[at : at + 9]}}]} for at in range(0, len(text), 9)]
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}
    events = [*(f"data: {json.dumps(part)}\n\n" for part in [*parts, end]), "data: [DONE]\n\n"]
    return Answer(body="".join(events).encode(), headers=STREAM)


def parted(text: str, body: Body) -> Answer:
    """The answer as an event stream with comments, thoughts and a call's arguments in parts."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None}, {"reasoning_content": "let me see"}]
    pieces = [text[at : at + 9] for at in range(0, len(text), 9)]
    deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in pieces]
    parts = [{"choices": [{"delta": delta}]} for delta in deltas]
    end = {"choices": [{"delta": {}, "finish_reason": "tool_calls"}], "usage": USED}
    lines = [": processing", *(f"data:{json.dumps(part)}" for part in [*parts, end]), "data: [DONE]"]
    return Answer(body="".join(f"{line}\r\n\r\n" for line in lines).encode(), headers=STREAM)


def marked(form: str) -> Make:
    """Every good answer comes after a draft, in this form."""
    draft = json.dumps({"records": [{"text": "a draft", "mood": "none"}]})
    return replies(lambda text, body: Answer(form.format(draft=draft, answer=text)))


def message(**parts: Any) -> Callable[[str, Body], Answer]:
    """A message of these parts instead of a text; `$` stands for the good answer."""
    return lambda text, body: Answer(message=json.loads(json.dumps(parts).replace('"$"', json.dumps(text))))


def completed(change: Callable[[dict[str, Any]], Any]) -> Callable[[str, Body], Answer]:
    """The body of a good answer, changed."""
    return lambda text, body: Answer(body=json.dumps(change(json.loads(completion(body, Answer(text))))).encode())


def checked(verdict: str) -> Make:
    """A good generator; every question that asks for a verdict gets this."""

    def make(good: Good) -> Script:
        def script(body: dict[str, Any], attempt: int) -> str:
            return verdict if "verdict" in json.dumps(body.get("response_format")) else good(body)

        return script

    return make


@cache
def _bomb() -> bytes:
    """A few kilobytes that unpack to 200 megabytes."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(b"[" * 1_000_000) for _ in range(200)) + packer.flush()


def bomb(text: str, body: Body) -> Answer:
    """The answer is not there: a body that unpacks to far more than any reply."""
    return Answer(body=_bomb(), headers={"Content-Encoding": "gzip"})


def thinks(text: str, body: Body) -> Answer:
    """A model that needs more tokens than it gets before it says anything."""
    most = body.get("max_tokens") or body.get("max_completion_tokens") or 0
    if most >= 100_000:
        return Answer(text)
    return Answer(message={"content": None}, finish_reason="length", usage=(10, most))


def no_system(body: Body) -> bool:
    return all(message["role"] != "system" for message in body["messages"])


def named(status: int, **body: Any) -> Answer:
    """A status with a JSON body."""
    return Answer(status=status, body=json.dumps(body).encode())


PAGE = Answer(body=b"<html><title>Sign in</title></html>", headers={"Content-Type": "text/html"})
LIMITED = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "24h"}
UNREAD = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"}
ASKED = ("constraints=[ask: It is a note.]",)
MOVED = Answer(status=308, body=b"", headers={"Location": "http://127.0.0.1:9/elsewhere"})
FORM = '{"records": [{"text": "...", "mood": "..."}]}'
SHORT = ("model.timeout_s=0.3", "model.deadline_s=5")
USED = {"prompt_tokens": 10, "completion_tokens": 5}

ONE_BY_ONE = (
    Manner("answers every request", "one call a record", replies(lambda text, body: Answer(text))),
    Manner(
        "answers one prompt with 500, always", "writes all others, names the slot; the next run asks again",
        one_prompt(refusal(500, "internal error")), COUNT - 1, 3,
    ),
    Manner(
        "answers one prompt with `choices: []`, always", "the same; booked at what the reply says it used",
        one_prompt(named(200, choices=[], usage=USED)), COUNT - 1, 3,
    ),
    Manner(
        "answers one prompt with `message: null`, always", "the same",
        one_prompt(named(200, choices=[{"message": None}], usage=USED)), COUNT - 1, 3,
    ),
    Manner("never answers one prompt", "the same", one_prompt(Answer(never=True)), COUNT - 1, 3, SHORT),
    Manner("drops the connection of one prompt, always", "the same", one_prompt(Answer(drop=True)), COUNT - 1, 3),
    Manner(
        "refuses one prompt with 400", "costs one attempt; the next one has other examples and another seed",
        one_prompt(refusal(400, "not this one")),
    ),
    Manner(
        "is down (503)", "waits for `patience_s`, says so, ends; no attempt is used up",
        always(refusal(503, "down")), 0, 5, ("limits.patience_s=2",),
    ),
    Manner("is away for a while (503)", "waits and goes on", between(8, 20, refusal(503, "away"))),
    Manner(
        "answers 503 with `Retry-After: 0`, again and again", "waits all the same, longer each time",
        between(1, 30, refusal(503, "busy", Retry_After="0")),
    ),
    Manner(
        "answers 429 now and then", "waits as long as it is asked to; concurrency stays",
        once_each(lambda text, body: refusal(429, "slow down", Retry_After="0.05")),
    ),
    Manner("says that the quota is spent", "ends at once", always(refusal(429, "x", code="insufficient_quota")), 0, 5),
    Manner("refuses the key (401)", "ends at once, names the variable", always(refusal(401, "bad key")), 0, 5),
    Manner("does not know the model (404)", "ends at the first answer", always(refusal(404, "no such model")), 0, 5),
    Manner(
        "refuses every request (422)", "ends after five, quotes it; no attempt is used up",
        always(refusal(422, "bad request")), 0, 5,
    ),
    Manner(
        "does not take `response_format`", "sends without it, says so once",
        without(lambda body: "response_format" not in body, refusal(400, "response_format is not supported")),
    ),
    Manner(
        "names `seed` only in `detail[].loc`", "sends without it, says so once",
        without(lambda body: "seed" not in body, named(422, detail=[{"loc": ["body", "seed"], "msg": "Extra inputs"}])),
    ),
    Manner(
        "names `max_tokens` only in `error.param`", "sends `max_completion_tokens`, says so once",
        without(lambda body: "max_tokens" not in body, named(400, error={"message": "no", "param": "max_tokens"})),
    ),
    Manner(
        "has no system role", "puts the system text into the first user message, says so once",
        without(no_system, refusal(400, "System role not supported")),
    ),
    Manner(
        "raises 500 for a system role", "the same", without(no_system, refusal(500, "Jinja: System role not supported"))
    ),
    Manner("says no `usage`", "counts each call at its most, says so", with_usage(None)),
    Manner("says all zeros in `usage`", "the same", with_usage({"prompt_tokens": 0, "completion_tokens": 0})),
    Manner("says `usage` as a text", "the same; the reply is kept", with_usage("15 tokens")),
    Manner(
        "counts reasoning only in `total_tokens`", "counts the larger: total less prompt",
        with_usage({**USED, "total_tokens": 400}),
    ),
    Manner(
        "says `cached_tokens`", "counts them, at their price where one is known",
        with_usage({**USED, "prompt_tokens_details": {"cached_tokens": 8}}),
    ),
    Manner("sends a web page under 200", "says what came, ends at once; costs nothing", always(PAGE), 0, 5),
    Manner("sends an empty body under 200", "the same", always(Answer(body=b"")), 0, 5),
    Manner("sends JSON that is no chat", "the same", always(named(200, state="ok")), 0, 5),
    Manner("sends an event stream", "reads it", replies(streamed)),
    Manner("answers with 201", "takes it", replies(lambda text, body: Answer(text, status=201))),
    Manner(
        "sends an error inside a 200", "tries again",
        once_each(lambda text, body: named(200, error={"message": "upstream", "code": 502})),
    ),
    Manner("breaks a reply off", "asks again; booked at its most", once_each(lambda text, body: Answer(text, cut=40))),
    Manner(
        "nests a body 5,000 deep", "that call's failure: asks again",
        once_each(lambda text, body: Answer(body=b"[" * 5000 + b"]" * 5000), every=7),
    ),
    Manner(
        "thinks `max_tokens` away", "ends after the first attempts, names `max_tokens`; no attempt is used up",
        replies(thinks), 0, 3,
    ),
    Manner(
        "is slower than `timeout_s`", "ends after eight tries, names `timeout_s`",
        replies(lambda text, body: Answer(text, delay_s=1.0)), 0, 5, SHORT, batches_too=False,
    ),
    Manner(
        "writes no record in any reply", "ends after eight, shows one; no attempt is used up",
        always(Answer("I would love to help you.")), 0, 3,
    ),
    Manner("reasons before it answers (`<think>`, `[THINK]`, `<|START_THINKING|>` and others)", "reads what follows",
           marked("<think>{draft}</think>\n{answer}")),
    Manner("closes its reasoning without having opened it", "the same", marked("{draft}</think>{answer}")),
    Manner("speaks in harmony's channels", "takes the final one", marked(
        "<|channel|>analysis<|message|>{draft}<|end|><|start|>assistant<|channel|>final<|message|>{answer}<|return|>")),
    Manner("leaves marks of turns in its replies", "reads what stands between them",
           marked("<|start_header_id|>assistant<|end_header_id|>\n\n{answer}</s>")),
    Manner("drafts a record before the one that counts", "takes the last whole one",
           marked("{draft}\nBetter:\n{answer}")),
    Manner("never ends its reasoning", "ends after eight, shows one; no attempt is used up", marked("<think>{draft}"),
           0, 3),
    Manner("answers in `reasoning_content` only", "says so once, with what to change; ends after eight",
           replies(message(content="", reasoning_content="$")), 0, 3),
    Manner("answers by a call of a tool", "reads the call's arguments", replies(message(
        content=None, tool_calls=[{"id": "1", "type": "function", "function": {"name": "records",
           "arguments": "$"}}]))),
    Manner("answers in parts, reasoning among them", "takes the text", replies(message(
        content=[{"type": "thinking", "thinking": "let me see"}, {"type": "text", "text": "$"}]))),
    Manner("answers with an object instead of a text", "reads it", replies(
        lambda text, body: Answer(message={"content": json.loads(text)}))),
    Manner("streams thoughts, comments and a call in parts", "puts the call together", replies(parted)),
    Manner("writes JSON as a text inside JSON", "reads it", replies(lambda text, body: Answer(json.dumps(text)))),
    Manner("writes capitals in the names of fields", "reads them", replies(
        lambda text, body: Answer(text.replace("records", "Records").replace("mood", "Mood")))),
    Manner("gives the form back, always", "ends after eight, shows one; no attempt is used up", always(Answer(FORM)),
           0, 3),
    Manner("gives the form back now and then", "asks again", once_each(lambda text, body: Answer(FORM))),
    Manner("leaves quotation marks unescaped now and then", "repairs without loss, or asks again", once_each(
        lambda text, body: Answer(text.replace("note number", 'my 27" monitor, number')))),
    Manner("declines inside good JSON now and then", "asks again", once_each(
        lambda text, body: Answer('{"records": [{"text": "I cannot generate this content.", "mood": "calm"}]}'))),
    Manner("writes numbers with a decimal comma", "reads 3,50 as 3.5", replies(
        lambda text, body: Answer(text.replace('"mood"', '"price": "3,50", "mood"'))),
           settings=("fields.price.type=number",)),
    Manner("sends one record where four are asked for", "asks for each alone: none gets another's attributes",
           replies(lambda text, body: Answer(text)), settings=("records_per_call=4",)),
    Manner("ends a reply with `finish_reason: error` now and then", "asks again", once_each(
        lambda text, body: Answer(text, finish_reason="error"))),
    Manner("cuts a reply off as `max_tokens` or `model_length`", "asks again with twice the tokens", once_each(
        lambda text, body: Answer(text[:30], finish_reason="model_length"))),
    Manner("reports an error beside half a choice", "tries again", once_each(completed(
        lambda value: {**value, "choices": [{**value["choices"][0], "error": {"code": 502, "message": "upstream"}}]}))),
    Manner("sends a second choice, in another order", "takes the first by index", replies(completed(
        lambda value: {**value, "choices": [{"index": 1, "message": {"content": FORM}}, *value["choices"]]}))),
    Manner("puts the completion under a key of its own", "reads it", replies(completed(lambda value: {"data": value}))),
    Manner("puts the completion into a list", "reads it", replies(completed(lambda value: [value]))),
    Manner("sends white space and a BOM before the body", "reads it", replies(
        lambda text, body: Answer(body=b"\xef\xbb\xbf \n\n" + completion(body, Answer(text))))),
    Manner("counts tokens in negative numbers", "counts each call at its most, says so", with_usage(
        {"prompt_tokens": -1, "completion_tokens": -1})),
    Manner("judges after reasoning, with a comma too many", "reads the verdict",
           checked('<think>{"verdict": "no"}</think>\n{"verdict": "yes", "reason": "so",}'), settings=ASKED),
    Manner("judges in plain words", "reads the verdict", checked("Yes, it is a note."), settings=ASKED),
    Manner("gives no verdict in any reply", "ends after eight, names the check; no attempt is used up",
           checked("Let me consider the record."), 0, 3, ASKED),
    Manner("loses its model in the middle (404)", "ends after five in a row; no attempt is used up",
           between(10, 999, refusal(404, "the model is not loaded")), -1, 5),
    Manner("knows no model for one prompt (404)", "writes all others, names the slot; the next run asks again",
           one_prompt(refusal(404, "no such deployment"), 9), COUNT - 1, 3),
    Manner("refuses `seed` without a word of why", "sends none with `params: {seed: null}`",
           without(lambda body: "seed" not in body, refusal(400, "bad request")),
           settings=("model.params={seed: null}",)),
    Manner("is overloaded now and then (529)", "tries again", once_each(lambda text, body: refusal(529, "overloaded"))),
    Manner("shows a gateway's error page now and then (520)", "tries again", once_each(
        lambda text, body: Answer(status=520, body=b"<html><title>520</title></html>"))),
    Manner("says `Retry-After` as a date of the past", "tries again at once", once_each(
        lambda text, body: refusal(429, "slow down", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"))),
    Manner("names a model that is no text", "reads the reply", replies(completed(lambda value: {**value,
           "model": "\ud800"}))),
    Manner("sends a header of 20 kB now and then", "that call's failure, or a reply", once_each(
        lambda text, body: Answer(text, headers={"X-Debug": "x" * 20_000}))),
    Manner("sends a body that unpacks to 200 MB", "unpacks no more than a reply may have: asks again", once_each(bomb,
           every=9)),
    Manner(
        "takes no more requests for 24 hours (`x-ratelimit-*`)", "ends, says until when", replies(
            lambda text, body: Answer(text, headers=LIMITED)
        ), -1, 5, batches_too=False,
    ),
    Manner("sends a rate-limit reset that cannot be read", "goes on, says so", replies(
        lambda text, body: Answer(text, headers=UNREAD)
    )),
    Manner("redirects every request", "ends at the first, says where to", always(MOVED), 0, 5),
)  # fmt: skip
"""`accepted` −1: some, as many as were under way."""
