"""Asking an endpoint that misbehaves, over real HTTP."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.models import Limits, Price
from datagen_cli.core.errors import CallPending, CallRefused, ProviderError
from datagen_cli.llm.cache import CallCache
from tests.endpoint import Answer, Endpoint, impatient, refusal
from tests.llm.asking import Told, asking, model, question

NOW = "0.001"
FORMAT = {"type": "json_schema", "json_schema": {"name": "records", "schema": {}}}


def slot_of(body: dict[str, Any]) -> int:
    return int(body["messages"][1]["content"].split()[-1])


async def test_passing_faults_are_tried_again_until_the_answer_comes() -> None:
    faults = [
        refusal(429, "slow", Retry_After=NOW),
        refusal(503, "busy", Retry_After=NOW),
        refusal(500, "oops", retry_after_ms="1"),
    ]
    told = Told()
    with Endpoint(lambda body, attempt: faults[attempt - 1] if attempt <= 3 else "ok") as endpoint:
        async with asking(model(endpoint), observer=told) as client:
            assert (await client.ask(question())).text == "ok"
            assert client.totals.all.calls == 1
    assert endpoint.count == 4
    assert [facts["fault"] for kind, facts in told.events if kind == "retry"] == ["rate", "server", "server"]


async def test_a_broken_reply_is_asked_for_again_and_never_cached(tmp_path: Path) -> None:
    with Endpoint(lambda body, attempt: Answer("half", cut=30) if attempt == 1 else "whole") as endpoint:
        async with asking(model(endpoint), cache=CallCache(tmp_path / "c.sqlite")) as client:
            assert (await client.ask(question())).text == "whole"
            assert client.totals.all.lost == 1


async def test_a_wrong_key_on_the_first_call_ends_the_run_and_the_key_is_not_shown() -> None:
    with Endpoint(lambda body, attempt: refusal(401, "Incorrect API key provided: secret-1234")) as endpoint:
        async with asking(model(endpoint, api_key_env="MY_KEY"), environ={"MY_KEY": "secret-1234"}) as client:
            with pytest.raises(ProviderError) as raised:
                await client.ask(question())
    assert endpoint.count == 1
    assert raised.value.exit_code == 5
    assert raised.value.message.endswith('(401): "Incorrect API key provided: [key]"')
    assert "MY_KEY" in raised.value.hint


async def test_a_key_revoked_under_way_ends_the_run() -> None:
    with Endpoint(lambda body, attempt: "ok" if slot_of(body) == 0 else refusal(401, "revoked")) as endpoint:
        async with asking(model(endpoint)) as client:
            await client.ask(question(0))
            with pytest.raises(ProviderError, match="revoked"):
                await client.ask(question(1))


async def test_one_prompt_that_is_always_refused_costs_its_attempt_and_nothing_else() -> None:
    with Endpoint(lambda body, attempt: refusal(400, "no") if slot_of(body) == 2 else "ok") as endpoint:
        async with asking(model(endpoint)) as client:
            results = await asyncio.gather(*(client.ask(question(n)) for n in range(6)), return_exceptions=True)
            for attempt in range(2, 9):
                with pytest.raises(CallRefused, match="no"):
                    await client.ask(question(2, attempt=attempt))
    assert [type(result).__name__ for result in results] == ["Reply"] * 2 + ["CallRefused"] + ["Reply"] * 3
    assert endpoint.count == 13


async def test_five_refusals_from_the_start_end_the_run_for_each_role_by_itself() -> None:
    with Endpoint(lambda body, attempt: refusal(422, "bad params")) as endpoint:
        one = (model(endpoint),)
        async with asking(roles={"generator": one, "coder": one}) as client:
            for n in range(4):
                with pytest.raises(CallPending):
                    await client.ask(question(n))
                with pytest.raises(CallPending):
                    await client.ask(question(n, role="coder"))
            with pytest.raises(ProviderError, match="the first 5 calls of the generator were all refused") as raised:
                await client.ask(question(4))
    assert '"bad params"' in raised.value.message
    assert raised.value.exit_code == 5


async def test_a_model_that_is_lost_after_an_answer_costs_no_attempt_and_ends_the_run_when_it_stays_lost() -> None:
    with Endpoint(lambda body, attempt: "ok" if slot_of(body) in (0, 9) else refusal(404, "gone")) as endpoint:
        async with asking(model(endpoint)) as client:
            await client.ask(question(0))
            for n in (1, 2, 3, 4, 9):
                with pytest.raises(CallPending, match="gone") if n != 9 else nullcontext():
                    await client.ask(question(n))
            for n in (5, 6, 7, 8):
                with pytest.raises(CallPending, match="gone") as raised:
                    await client.ask(question(n))
                assert raised.value.no_reply
            with pytest.raises(ProviderError, match="gone"):
                await client.ask(question(10))


def without(name: str, sentence: str) -> Any:
    """A script that refuses requests which hold a parameter."""
    return lambda body, attempt: refusal(400, sentence) if name in body else "ok"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("response_format", "response_format is not supported"),
        ("seed", "Unrecognized request argument supplied: seed"),
        ("max_tokens", "'max_tokens' is not supported, use 'max_completion_tokens'"),
    ],
)
async def test_what_an_endpoint_does_not_take_is_left_out_remembered_and_said_once(name: str, sentence: str) -> None:
    told = Told()
    with Endpoint(without(name, sentence)) as endpoint:
        async with asking(model(endpoint), observer=told) as client:
            for n in range(4):
                assert (await client.ask(question(n, response_format=FORMAT))).text == "ok"
    assert endpoint.count == 5
    assert name not in endpoint.requests[-1].body
    assert endpoint.requests[-1].body.get("max_tokens", endpoint.requests[-1].body.get("max_completion_tokens")) == 100
    assert len(told.notes) == 1 and name in told.notes[0]


async def test_a_refusal_that_goes_on_without_the_parameter_is_not_remembered() -> None:
    told = Told()
    with Endpoint(lambda body, attempt: refusal(400, "bad seed") if slot_of(body) == 1 else "ok") as endpoint:
        async with asking(model(endpoint), observer=told) as client:
            with pytest.raises(CallPending, match="bad seed"):
                await client.ask(question(1))
            await client.ask(question(2))
            with pytest.raises(CallRefused, match="bad seed"):
                await client.ask(question(1))
    assert endpoint.count == 4
    assert "seed" in endpoint.requests[2].body
    assert told.notes == []


async def test_what_was_answered_without_a_parameter_is_found_again_in_the_cache(tmp_path: Path) -> None:
    with Endpoint(without("response_format", "response_format?")) as endpoint:
        for _ in range(2):
            async with asking(model(endpoint), cache=CallCache(tmp_path / "c.sqlite")) as client:
                for n in range(3):
                    await client.ask(question(n, response_format=FORMAT))
    assert endpoint.count == 5  # three answers, and one refusal a process


async def test_a_request_that_is_never_answered_holds_up_nothing_but_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch, 0)
    with Endpoint(lambda body, attempt: Answer(never=True) if slot_of(body) == 0 else "ok") as endpoint:
        async with asking(model(endpoint), limits=Limits(concurrency=2)) as client:
            results = await asyncio.gather(*(client.ask(question(n)) for n in range(20)), return_exceptions=True)
            lost = client.totals.all.lost
    assert [type(result).__name__ for result in results] == ["CallPending"] + ["Reply"] * 19
    assert isinstance(results[0], CallPending)
    assert results[0].no_reply
    assert lost == 3


async def test_a_lost_call_is_paid_for_at_its_reservation() -> None:
    price = Price(input_per_million=0.0, output_per_million=1e6)
    with Endpoint(lambda body, attempt: Answer(drop=True) if attempt == 1 else "ok") as endpoint:
        async with asking(model(endpoint, price=price)) as client:
            reply = await client.ask(question())
            assert client.totals.all.usage.cost_usd == 105.0  # 100 for the lost try, 5 for the answer
            assert reply.usage.cost_usd == 5.0


async def test_an_endpoint_that_is_gone_costs_nothing_and_ends_the_run_after_its_patience() -> None:
    with Endpoint(lambda body, attempt: "ok") as endpoint:
        url = endpoint.url
    price = Price(input_per_million=1.0, output_per_million=1.0)
    async with asking(model(url, price=price), limits=Limits(patience_s=0.01)) as client:
        with pytest.raises(ProviderError, match=r"nothing has answered for 0\.01 s; last: .*cannot connect"):
            await client.ask(question())
        assert client.totals.all.usage.cost_usd == 0.0


async def test_a_spent_quota_ends_the_run_at_once() -> None:
    with Endpoint(lambda body, attempt: refusal(429, "current quota", code="insufficient_quota")) as endpoint:
        async with asking(model(endpoint)) as client:
            with pytest.raises(ProviderError, match="the quota is spent"):
                await client.ask(question())
    assert endpoint.count == 1


async def test_random_429s_are_survived_by_all() -> None:
    def script(body: dict[str, Any], attempt: int) -> Any:
        return refusal(429, "slow", Retry_After=NOW) if attempt == 1 and slot_of(body) % 10 == 0 else "ok"

    with Endpoint(script) as endpoint:
        async with asking(model(endpoint), limits=Limits(concurrency=8)) as client:
            replies = await asyncio.gather(*(client.ask(question(n)) for n in range(100)))
    assert {reply.text for reply in replies} == {"ok"}
    assert endpoint.count == 110


async def test_a_cancelled_call_gives_its_place_and_its_money_back() -> None:
    with Endpoint(lambda body, attempt: Answer(never=True) if slot_of(body) == 0 else "ok") as endpoint:
        limits = Limits(concurrency=1, max_total_tokens=2000)
        async with asking(model(endpoint), limits=limits) as client:
            stuck = asyncio.ensure_future(client.ask(question(0)))
            while not endpoint.count:
                await asyncio.sleep(0)
            waiting = asyncio.ensure_future(client.ask(question(1)))
            await asyncio.sleep(0)
            stuck.cancel()
            assert (await waiting).text == "ok"
            assert stuck.cancelled()


async def test_an_endpoint_that_says_that_nothing_is_left_is_left_alone_until_its_reset() -> None:
    def script(body: dict[str, Any], attempt: int) -> Answer:
        left = str(max(0, 2 - slot_of(body)))
        return Answer("ok", headers={"X-RateLimit-Remaining-Requests": left, "X-RateLimit-Reset-Requests": "9s"})

    with Endpoint(script) as endpoint:
        async with asking(model(endpoint)) as client:
            for n in range(3):
                await client.ask(question(n))
            fourth = asyncio.ensure_future(client.ask(question(3)))
            await asyncio.sleep(0)
            (channel,) = client._channels.values()
            assert not channel.limiter.spare
            fourth.cancel()
            await asyncio.wait([fourth])
        assert endpoint.count == 3
