"""Asking over real HTTP: what is sent, what is cached, what is counted."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.models import Limits, Price, Sampling, SharedModel
from datagen_cli.core.chat import Draw, Usage
from datagen_cli.core.errors import CapReached, ProviderError, UsageError
from datagen_cli.core.task import Task
from datagen_cli.llm.cache import CallCache
from datagen_cli.llm.client import draw_seed
from datagen_cli.llm.openai_compatible import OpenAICompatible
from datagen_cli.llm.provider import Payload, RawReply
from datagen_cli.offline.model import Offline
from datagen_cli.runs.ledger import SpendingLedger, read_spending
from datagen_cli.runs.spending import total_of
from tests.endpoint import Answer, Endpoint
from tests.llm.asking import Told, asking, model, question

FORMAT = {"type": "json_schema", "json_schema": {"name": "records", "schema": {"type": "object"}}}
PRICE = Price(input_per_million=1000.0, output_per_million=2000.0)


def echo(body: dict[str, Any], attempt: int) -> str:
    return f"re: {body['messages'][1]['content']}"


async def test_a_question_is_sent_and_answered() -> None:
    with Endpoint(echo) as endpoint:
        async with asking(model(endpoint, price=PRICE)) as client:
            reply = await client.ask(question(3))
            totals = client.totals
    assert (reply.text, reply.finish_reason, reply.model, reply.cached) == ("re: write 3", "stop", "tiny-served", False)
    assert reply.usage == Usage(10, 5, 0.02)
    assert len(reply.digest) == 32
    assert (totals.all.calls, totals.all.cached_calls, totals.all.usage) == (1, 0, Usage(10, 5, 0.02))
    body = endpoint.requests[0].body
    assert body.pop("seed") == draw_seed(7, question(3).draw)
    assert body == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "you write records"}, {"role": "user", "content": "write 3"}],
        "max_tokens": 100,
    }


async def test_the_seed_is_31_bits_and_differs_from_draw_to_draw() -> None:
    places = [
        question(s, attempt=a, purpose=p, k=k).draw for s in range(5) for a in (1, 2) for p in "xy" for k in (0, 1)
    ]
    seeds = {draw_seed(1, draw) for draw in places}
    assert len(seeds) == 40
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert draw_seed(1, places[0]) != draw_seed(2, places[0])


async def test_sampling_goes_to_the_generator_and_checkers_are_cold_unless_several_are_asked() -> None:
    with Endpoint(echo) as endpoint:
        one = (model(endpoint, top_p=0.5, params={"min_p": 0.1}),)
        roles = {"generator": one, "solver": one, "reviewer": one}
        async with asking(roles=roles, sampling=Sampling(temperature=0.9)) as client:
            for role, more in (("generator", {}), ("solver", {}), ("solver", {"several": True}), ("solver", {"k": 1})):
                await client.ask(question(0, role=role, **more))
            await client.ask(question(0, role="reviewer", k=1))
    assert [seen.body["temperature"] for seen in endpoint.requests] == [
        0.9,
        0,
        0.7,
        0.7,
        0.7,
    ]  # a second ask of the reviewer varies
    assert all(seen.body["top_p"] == 0.5 and seen.body["min_p"] == 0.1 for seen in endpoint.requests)


async def test_the_form_of_the_reply_is_asked_for_unless_the_recipe_says_off() -> None:
    with Endpoint(echo) as endpoint:
        for structured in ("auto", "off"):
            async with asking(model(endpoint, structured=structured)) as client:
                await client.ask(question(response_format=FORMAT))
    assert [seen.body.get("response_format") for seen in endpoint.requests] == [FORMAT, None]


async def test_more_tokens_are_asked_for_when_a_reply_was_cut_off() -> None:
    with Endpoint(echo) as endpoint:
        async with asking(model(endpoint)) as client:
            await client.ask(question(more_tokens=2))
            await client.ask(question(max_tokens=77))
        async with asking(model(endpoint, params={"max_completion_tokens": 50})) as client:
            await client.ask(question(more_tokens=2))
    sent = [{name: seen.body[name] for name in seen.body if name.startswith("max")} for seen in endpoint.requests]
    assert sent == [{"max_tokens": 200}, {"max_tokens": 77}, {"max_completion_tokens": 100}]


@pytest.mark.parametrize(("here", "tokens"), [(False, 100), (True, 0)])
async def test_a_call_that_dies_with_the_process_counts_all_it_may_use_and_on_this_machine_nothing(
    *, here: bool, tokens: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenAICompatible, "on_this_machine", here)
    file = tmp_path / "spending.jsonl"
    ledger = SpendingLedger(file, {})
    ledger.start()
    in_flight: list[dict[str, Any]] = []

    def answer(body: dict[str, Any], attempt: int) -> str:
        in_flight.append(total_of(read_spending(file) or {}))  # as a process would find it that starts after a kill
        return "ok"

    with Endpoint(answer) as endpoint:
        async with asking(model(endpoint), ledger=ledger) as client:
            await client.ask(question())
    found = in_flight[0]
    assert (found["calls"], found["lost"]) == (0, 1)
    assert found["tokens_out"] == tokens
    assert (found["tokens_in"] > 100) is not here
    after = total_of(read_spending(file) or {})
    assert (after["calls"], after["lost"]) == (1, 0)
    assert after["tokens_out"] < 100


async def test_half_a_surrogate_pair_in_a_prompt_is_sent() -> None:
    with Endpoint(lambda body, attempt: "ok") as endpoint:
        async with asking(model(endpoint)) as client:
            assert (await client.ask(question(0, text="a\ud83d"))).text == "ok"
    assert endpoint.requests[0].body["messages"][1]["content"] == "a\ud83d 0"


async def test_what_was_answered_once_is_not_asked_again(tmp_path: Path) -> None:
    with Endpoint(echo) as endpoint:
        async with asking(model(endpoint, price=PRICE), cache=CallCache(tmp_path / "c.sqlite")) as client:
            first = [await client.ask(question(n)) for n in range(3)]
        cache = CallCache(tmp_path / "c.sqlite")
        async with asking(model(endpoint, price=PRICE), cache=cache) as client:
            second = [await client.ask(question(n)) for n in range(3)]
            assert (client.totals.all.calls, client.totals.all.cached_calls) == (0, 3)
            assert client.totals.all.usage == Usage()
            history = cache.history(first[0].digest)
        assert endpoint.count == 3
    assert [(a.text, a.usage, a.digest) for a in first] == [(b.text, b.usage, b.digest) for b in second]
    assert all(reply.cached for reply in second)
    assert history is not None
    assert (history[0]["messages"][1]["content"], history[1].text) == ("write 0", "re: write 0")


async def test_what_is_asked_as_data_is_neither_sent_nor_part_of_the_key(tmp_path: Path) -> None:
    cache, task = CallCache(tmp_path / "c.sqlite"), Task("code", question="1 + 1?")
    with Endpoint(echo) as endpoint:
        async with asking(model(endpoint), cache=cache) as client:
            first = await client.ask(question(0, task=task))
            second = await client.ask(question(0))
    assert (first.digest, second.cached, endpoint.count) == (second.digest, True, 1)
    assert endpoint.requests[0].body.keys() == {"model", "messages", "max_tokens", "seed"}


async def test_what_is_asked_as_data_reaches_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Task | None] = []

    async def complete(self: Offline, payload: Payload, draw: Draw, *, timeout_s: float) -> RawReply:
        seen.append(payload.task)
        return RawReply("ok", "stop", 1, 1)

    monkeypatch.setattr(Offline, "complete", complete)
    task = Task("code", question="1 + 1?")
    async with asking(SharedModel(name="offline")) as client:
        await client.ask(question(0, task=task))
        await client.ask(question(1))
    assert seen == [task, None]


async def test_another_draw_seed_or_sampling_is_another_call(tmp_path: Path) -> None:
    cache = CallCache(tmp_path / "c.sqlite")
    digests = []
    with Endpoint(lambda body, attempt: "ok") as endpoint:
        settings: list[dict[str, Any]] = [{}, {"seed": 8}, {"sampling": Sampling(temperature=0.5)}]
        for settings_of_one in settings:
            async with asking(model(endpoint), **settings_of_one) as client:
                client._cache = cache
                digests += [(await client.ask(question(n, text="same", k=k))).digest for n in (0, 1) for k in (0, 1)]
        assert endpoint.count == 12
    cache.close()
    assert len(set(digests)) == 12


async def test_a_reply_is_committed_before_anyone_sees_it(tmp_path: Path) -> None:
    with Endpoint(echo) as endpoint:
        cache = CallCache(tmp_path / "c.sqlite")
        async with asking(model(endpoint), cache=cache) as client:

            async def ask(n: int) -> bool:
                reply = await client.ask(question(n))
                return CallCache.get(cache, reply.digest) is not None

            assert all(await asyncio.gather(*(ask(n) for n in range(50))))


async def test_several_generators_share_the_slots_and_a_slot_keeps_its_own() -> None:
    with Endpoint(echo) as endpoint:
        models = [model(endpoint, name="hosted_vllm/a", share=3.0), model(endpoint, name="hosted_vllm/b", share=1.0)]
        async with asking(*models) as client:
            await asyncio.gather(*(client.ask(question(n)) for n in range(40)))
            await asyncio.gather(*(client.ask(question(n, attempt=2)) for n in range(40)))
    by_slot: dict[str, set[str]] = {}
    for seen in endpoint.requests:
        by_slot.setdefault(seen.body["messages"][1]["content"], set()).add(seen.body["model"])
    assert Counter(name for names in by_slot.values() for name in names) == {"a": 30, "b": 10}


async def test_no_more_calls_are_in_flight_than_allowed() -> None:
    four: Future[None] = Future()

    def script(body: dict[str, Any], attempt: int) -> Answer:
        if endpoint.in_flight == 4 and not four.done():
            four.set_result(None)
        return Answer("ok", held=four)

    with Endpoint(script) as endpoint:
        async with asking(model(endpoint), limits=Limits(concurrency=4)) as client:
            await asyncio.gather(*(client.ask(question(n)) for n in range(24)))
        assert endpoint.most_in_flight == 4


async def test_a_record_is_mended_before_the_next_ones_are_begun() -> None:
    """A model that answers one call at a time would mend the first record after the first tries of all the others, and
    none of those could be judged until then."""
    first: Future[None] = Future()
    with Endpoint(lambda body, attempt: Answer("ok", held=first)) as endpoint:
        async with asking(model(endpoint), limits=Limits(concurrency=1)) as client:
            begun = [asyncio.create_task(client.ask(question(n))) for n in range(3)]
            while endpoint.in_flight == 0:
                await asyncio.sleep(0.01)
            mended = asyncio.create_task(client.ask(question(0, "mend", purpose="repair")))
            for _ in range(20):
                await asyncio.sleep(0)
            first.set_result(None)
            await asyncio.gather(*begun, mended)
    sent = [seen.body["messages"][1]["content"] for seen in endpoint.requests]
    assert sent == ["write 0", "mend 0", "write 1", "write 2"]


async def test_a_cap_on_cost_is_kept_with_many_calls_in_flight() -> None:
    with Endpoint(lambda body, attempt: Answer("ok", usage=(100, 100))) as endpoint:
        limits = Limits(max_cost=4.0)
        async with asking(model(endpoint, price=PRICE), limits=limits, spent=Usage(1, 1, 1.0)) as client:
            results = await asyncio.gather(*(client.ask(question(n)) for n in range(60)), return_exceptions=True)
            spent = client.totals.all.usage.cost_usd
    assert {type(result).__name__ for result in results} == {"Reply", "CapReached"}
    assert spent is not None and 2.4 < spent <= 3.0


async def test_a_cap_on_tokens_needs_no_price() -> None:
    with Endpoint(echo) as endpoint:
        async with asking(model(endpoint), limits=Limits(max_total_tokens=300)) as client:
            await client.ask(question(0))
            with pytest.raises(CapReached, match="max_total_tokens 300"):
                await client.ask(question(1, text="long " * 60))


async def test_cached_calls_need_no_room_under_a_cap(tmp_path: Path) -> None:
    with Endpoint(echo) as endpoint:
        async with asking(model(endpoint), cache=CallCache(tmp_path / "c.sqlite")) as client:
            await client.ask(question(0))
        full: dict[str, Any] = {"limits": Limits(max_total_tokens=10), "spent": Usage(10, 0, 0.0)}
        async with asking(model(endpoint), cache=CallCache(tmp_path / "c.sqlite"), **full) as client:
            assert (await client.ask(question(0))).cached


async def test_a_cap_on_cost_with_an_unknown_price_is_a_usage_error() -> None:
    far = model("http://gpu.example/v1")
    with pytest.raises(UsageError, match="is not known") as raised:
        async with asking(far, limits=Limits(max_cost=1.0)):
            pass
    assert "price" in raised.value.hint and "--max-total-tokens" in raised.value.hint
    async with asking(far, limits=Limits(max_total_tokens=10)) as client:
        assert client.prices() == {"hosted_vllm/tiny": None}


async def test_a_cap_on_cost_says_when_earlier_costs_are_not_known() -> None:
    told = Told()
    async with asking(
        model("http://127.0.0.1:1/v1"), limits=Limits(max_cost=1.0), spent=Usage(5, 5, None), observer=told
    ):
        pass
    assert told.notes == ["what earlier runs of this folder cost is not known; max_cost counts from now on"]


async def test_an_endpoint_that_counts_no_tokens_is_counted_at_the_most_and_it_is_said_once() -> None:
    told = Told()
    with Endpoint(lambda body, attempt: Answer("ok", usage=None)) as endpoint:
        async with asking(model(endpoint, price=PRICE), observer=told) as client:
            reply = await client.ask(question(0))
            await client.ask(question(1))
            total = client.totals.all.usage
    size = len(json.dumps(endpoint.requests[0].body, separators=(",", ":")))
    assert reply.usage == Usage(size, 100, pytest.approx(size * 0.001 + 0.2))  # type: ignore[arg-type]
    assert total.tokens_out == 200
    assert len(told.notes) == 1 and "does not count tokens" in told.notes[0]


async def test_a_missing_key_and_a_foreign_host_stop_before_anything_is_sent() -> None:
    with pytest.raises(ProviderError, match="OPENAI_API_KEY is not set"):
        async with asking(model("https://api.openai.com/v1", name="openai/m")):
            pass
    with pytest.raises(UsageError, match="nothing was sent"):
        async with asking(model("https://evil.example/v1", name="openai/m"), environ={"OPENAI_API_KEY": "sk-1234"}):
            pass


async def test_identity_says_what_decides_the_text() -> None:
    async with asking(model("http://gpu.example/v1"), sampling=Sampling(temperature=0.9)) as client:
        found = client.identity("generator")
    assert found["models"][0]["temperature"] == 0.9
    assert "http://gpu.example/v1" not in str(found)


async def test_closing_twice_and_closing_unused_is_fine() -> None:
    with Endpoint(echo) as endpoint:
        async with asking(model(endpoint)) as client:
            await client.close()
            await client.ask(question())
            await client.close()
