"""The short way through a reply comes to what the long way comes to, in every form; ordinary replies take it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datagen_cli.llm import completion
from datagen_cli.llm.completion import read_reply
from datagen_cli.llm.faults import Fault
from datagen_cli.llm.ordinary import decoded, ordinary
from tests.all_manners import MANNERS
from tests.endpoint import Answer
from tests.endpoint import completion as body_of
from tests.llm.batch_endpoint import BatchEndpoint

GOOD = json.dumps({"records": [{"text": "A kettle sings.", "mood": "glad"}]})
COUNTS: dict[str, Any] = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
EMPTY: tuple[Any, ...] = (None, "x", [])
DETAILS: tuple[Any, ...] = (None, [], {"cached_tokens": 8}, {"cached_tokens": 80})
MESSAGES: tuple[Any, ...] = (
    *({"content": text} for text in ("A text.", "", " \n", None, 7, ["A text."], {"text": "A"}, "null", "\ud800 half")),
    *({"content": "A text.", name: more} for name in ("refusal", "reasoning", "tool_calls") for more in EMPTY),
    {"content": "I will.", "tool_calls": [{"function": {"name": "r", "arguments": GOOD}}]},
    {"content": "I will.", "function_call": {"name": "r", "arguments": GOOD}},
    *(None, "A text.", []),
)
CHOICES: tuple[Any, ...] = (
    *({"finish_reason": end} for end in ("stop", "length", "tool_calls", "error", None, 1, ["stop"], {"type": "stop"})),
    {"finish_reason": "stop", "error": {"message": "half", "code": 502}},
    {"finish_reason": "stop", "error": {"code": 0}},
)
USES: tuple[Any, ...] = (
    *(COUNTS, None, {}, "15 tokens", [COUNTS], {**COUNTS, "total_tokens": 400}, {**COUNTS, "total_tokens": None}),
    *({**COUNTS, "completion_tokens": out, "total_tokens": 10 + out} for out in (0, -5, 1 << 41)),
    *({**COUNTS, "prompt_tokens": into} for into in (0, True, "10", 10.0)),
    *({**COUNTS, "prompt_tokens_details": one} for one in DETAILS),
    *({**COUNTS, "completion_tokens_details": {"reasoning_tokens": count}} for count in (None, 3, 500, -1, "3")),
    *({**COUNTS, name: 4} for name in ("cached_tokens", "reasoning_tokens", "thoughts_token_count", "queue_time")),
    {**COUNTS, "tokens": {"input_tokens": 90}},
)
MORE: tuple[dict[str, Any], ...] = (
    *({"error": error} for error in (None, {}, {"code": 0, "message": "fine"}, {"message": "oops", "code": 500})),
    *({"model": model} for model in ("m", None, "modèle", 7, "\ud800")),
)


def came_to(body: bytes) -> Any:
    try:
        return read_reply(body, ("sk-0",), kind="application/json")
    except Fault as fault:
        return type(fault), str(fault), getattr(fault, "used", None)


def same(body: bytes, patch: pytest.MonkeyPatch) -> None:
    short = came_to(body)
    with patch.context() as long_way:
        long_way.setattr(completion, "ordinary", lambda value: None)
        assert came_to(body) == short, body[:500]


def bodies() -> list[dict[str, Any]]:
    made = [
        {"choices": [{"message": message, **choice}], "usage": COUNTS} for message in MESSAGES for choice in CHOICES
    ]
    plain: dict[str, Any] = {"choices": [{"message": {"content": GOOD}, "finish_reason": "stop"}]}
    made += [{**plain, "usage": usage, **more} for usage in USES for more in MORE]
    odd: tuple[Any, ...] = ([], {}, None, plain["choices"] * 2, [None])
    made += [{**plain, "choices": choices, "usage": COUNTS} for choices in odd]
    return made


def test_bodies_of_all_forms_are_read_alike_on_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    for body in bodies():
        same(json.dumps(body).encode(), monkeypatch)
    assert sum(ordinary(body) is not None for body in bodies()) > 100


def test_what_every_manner_sends_is_read_alike_on_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"model": "m", "messages": [{"role": "user", "content": "Write."}], "max_tokens": 900, "seed": 1}
    for manner in MANNERS:
        script = manner.make(lambda body: GOOD)
        if manner.way == "batch":
            manner.arrange(BatchEndpoint(script))
        for attempt in (1, 2, 3):
            said = script(dict(asked, seed=attempt), attempt)
            answer = Answer(said) if isinstance(said, str) else said
            same((answer.body if answer.body is not None else body_of(asked, answer))[: answer.cut], monkeypatch)


def test_an_ordinary_reply_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_at(*_: Any) -> Any:
        raise AssertionError("an ordinary reply went the long way")

    monkeypatch.setattr(completion, "unwrapped", looked_at)
    for text in (GOOD, "A kettle sings."):
        assert read_reply(body_of({}, Answer(text))).text == text


@pytest.mark.parametrize("body", [b"", b"{", b"[1] x", b"\xff{}", b"[" * 5000, b"\xef\xbb\xbf{}"])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert decoded(body) is None
