"""Calls through the batch API, over real HTTP."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from datagen_cli.config.models import Limits, Price
from datagen_cli.core.chat import Usage
from datagen_cli.core.errors import CallRefused, ProviderError, UsageError
from datagen_cli.llm import batch, retry
from datagen_cli.llm.batch_files import add_lines, end_of, files_of, lines_in, name_in, reply_in, started_for
from datagen_cli.llm.cache import CallCache
from datagen_cli.llm.client import Client
from datagen_cli.llm.faults import Fault, TransportError
from tests.endpoint import Answer, refusal
from tests.llm.asking import Told, asking, model, question
from tests.llm.batch_endpoint import BatchEndpoint

BATCH = Limits(batch=True, concurrency=100)
PRICE = Price(input_per_million=1000.0, output_per_million=2000.0)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "QUIET_S", 0.02)
    monkeypatch.setattr(batch, "FIRST_POLL_S", 0.01)
    monkeypatch.setattr(batch, "LONGEST_POLL_S", 0.02)
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)


def echo(body: dict[str, Any], attempt: int) -> str:
    return f"re: {body['messages'][1]['content']}"


async def ask_all(client: Client, count: int) -> list[Any]:
    return await asyncio.gather(*(client.ask(question(n)) for n in range(count)), return_exceptions=True)


async def test_all_calls_that_wait_go_in_one_batch_at_half_the_price() -> None:
    with BatchEndpoint(echo) as endpoint:
        async with asking(model(endpoint, price=PRICE), limits=BATCH) as client:
            replies = await ask_all(client, 20)
            prices = client.prices()
    assert [reply.text for reply in replies] == [f"re: write {n}" for n in range(20)]
    assert replies[0].usage == Usage(10, 5, pytest.approx(0.01))  # type: ignore[arg-type]
    assert len(endpoint.batches) == 1
    assert {line["url"] for line in endpoint.batches[0]} == {"/v1/chat/completions"}
    assert endpoint.batches[0][0]["body"]["max_tokens"] == 100
    assert prices == {"hosted_vllm/tiny": {"input_per_million": 500.0, "output_per_million": 1000.0}}


async def test_a_batch_holds_no_more_calls_than_may_be_in_flight() -> None:
    with BatchEndpoint(echo) as endpoint:
        async with asking(model(endpoint), limits=Limits(batch=True, concurrency=8)) as client:
            replies = await ask_all(client, 20)
    assert len({reply.text for reply in replies}) == 20
    assert [len(lines) for lines in endpoint.batches] == [8, 8, 4]


async def test_a_pending_batch_is_found_again_and_nothing_is_sent_or_paid_twice(tmp_path: Path) -> None:
    with BatchEndpoint(echo) as endpoint:
        endpoint.release = False
        async with asking(model(endpoint, price=PRICE), limits=BATCH, cache=CallCache(tmp_path / "c")) as client:
            waiting = asyncio.ensure_future(ask_all(client, 10))
            while endpoint.polls < 3:
                await asyncio.sleep(0.005)
            waiting.cancel()
            await asyncio.wait([waiting])
            spent = client.totals.all.usage
        endpoint.release = True
        async with asking(model(endpoint, price=PRICE), limits=BATCH, cache=CallCache(tmp_path / "c")) as client:
            replies = await ask_all(client, 12)
            total = client.totals.all.usage
    assert [reply.text for reply in replies] == [f"re: write {n}" for n in range(12)]
    assert [len(lines) for lines in endpoint.batches] == [10, 2]
    assert spent == Usage()
    assert total.tokens_in == 120


async def test_lines_that_failed_go_into_another_batch_and_refused_ones_do_not() -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        slot = int(body["messages"][1]["content"].split()[-1])
        if slot == 3:
            return refusal(400, "this prompt is not allowed")
        if slot == 4 and attempt == 1:
            return refusal(429, "slow down")
        if slot == 5 and attempt == 1:
            return Answer(drop=True)
        return echo(body, attempt)

    with BatchEndpoint(script) as endpoint:
        async with asking(model(endpoint), limits=BATCH) as client:
            replies = await ask_all(client, 8)
    assert isinstance(replies[3], CallRefused)
    assert [getattr(reply, "text", None) for n, reply in enumerate(replies) if n != 3] == [
        f"re: write {n}" for n in range(8) if n != 3
    ]
    assert endpoint.lines == 10


async def test_a_batch_that_expired_gives_what_it_has_and_the_rest_goes_on(tmp_path: Path) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        late = attempt == 1 and body["messages"][1]["content"].endswith(("6", "7"))
        return Answer(drop=True) if late else echo(body, attempt)

    with BatchEndpoint(script) as endpoint:
        endpoint.status = "expired"
        async with asking(model(endpoint), limits=BATCH, cache=CallCache(tmp_path / "c")) as client:
            replies = await ask_all(client, 8)
    assert [reply.text for reply in replies] == [f"re: write {n}" for n in range(8)]
    assert endpoint.lines == 10


async def test_a_batch_that_is_gone_is_sent_again(tmp_path: Path) -> None:
    with BatchEndpoint(echo) as endpoint:
        endpoint.lost = {0}
        async with asking(model(endpoint), limits=BATCH, cache=CallCache(tmp_path / "c")) as client:
            replies = await ask_all(client, 4)
    assert {reply.text for reply in replies} == {f"re: write {n}" for n in range(4)}
    assert 4 < endpoint.lines <= 8


@pytest.mark.parametrize("gone", [False, True], ids=["its answer", "the batch is gone"])
async def test_a_call_that_asks_while_a_batch_is_handed_out_is_answered(
    gone: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return (
            Answer(drop=True) if body["messages"][1]["content"] == "write 0" and attempt == 1 else echo(body, attempt)
        )

    store, forgetting, go_on = CallCache(tmp_path / "c"), asyncio.Event(), asyncio.Event()
    put = store.store.put

    async def slow(key: str, value: Any) -> None:
        if value == b"":
            forgetting.set()
            await go_on.wait()
        await put(key, value)

    with BatchEndpoint(script) as endpoint:
        endpoint.release = False
        async with asking(model(endpoint), limits=BATCH, cache=store) as client:
            waits = [asyncio.create_task(client.ask(question(n))) for n in range(2)]
            while not endpoint.polls:
                await asyncio.sleep(0.01)
            waits[1].cancel()
            await asyncio.gather(waits[1], return_exceptions=True)
            monkeypatch.setattr(store.store, "put", slow)
            endpoint.release, endpoint.lost = True, {0} if gone else set()
            await forgetting.wait()
            late = asyncio.create_task(client.ask(question(1)))
            await asyncio.sleep(0.05)
            go_on.set()
            async with asyncio.timeout(20):
                assert (await late).text == "re: write 1"
                assert (await waits[0]).text == "re: write 0"
    assert endpoint.lines == (4 if gone else 3)


async def test_a_batch_that_the_endpoint_refuses_ends_the_run_with_its_sentence() -> None:
    with BatchEndpoint(echo) as endpoint:
        endpoint.status = "failed"
        async with asking(model(endpoint), limits=BATCH) as client:
            found = await ask_all(client, 8)
        assert any(isinstance(error, ProviderError) for error in found)
        assert "the model has no batches" in str(found[0])
        endpoint.refuse = refusal(401, "Incorrect API key provided.")
        async with asking(model(endpoint), limits=BATCH) as client:
            with pytest.raises(ProviderError, match="Incorrect API key"):
                await client.ask(question())


STARTED: dict[str, tuple[Any, int]] = {
    "in an envelope": ({"job": {"id": "batch-0", "status": "VALIDATING"}}, 200),
    "without a name": ({"status": "ok"}, 200),
    "as an error": ({"error": {"message": "oops"}}, 500),
    "as a gateway's time-out": ({"message": "Endpoint request timed out"}, 504),
    "as a list of several": ([1, 2], 200),
}


@pytest.mark.parametrize("said", STARTED.values(), ids=STARTED)
async def test_a_batch_that_was_started_is_never_started_twice_whatever_is_said_of_it(said: tuple[Any, int]) -> None:
    body, status = said
    with BatchEndpoint(echo) as endpoint:
        endpoint.started = lambda name: web.json_response(body, status=status)
        async with asking(model(endpoint, price=PRICE), limits=BATCH) as client:
            replies = await ask_all(client, 4)
    assert [reply.text for reply in replies] == [f"re: write {n}" for n in range(4)]
    assert len(endpoint.batches) == 1


async def test_one_that_cannot_be_found_ends_the_run_before_more_are_paid_for() -> None:
    for status, most in ((200, 1), (500, 3)):
        with BatchEndpoint(echo) as endpoint:
            endpoint.started = lambda name, status=status: web.json_response({"state": "?"}, status=status)  # type: ignore[misc]
            endpoint.lists = False
            async with asking(model(endpoint), limits=BATCH) as client:
                found = await ask_all(client, 4)
        assert all(isinstance(one, ProviderError) for one in found)
        assert "may have been started" in str(found[0]) and len(endpoint.batches) == most


async def test_answers_that_are_lost_now_and_then_do_not_add_up() -> None:
    with BatchEndpoint(echo) as endpoint:
        endpoint.lists = False
        endpoint.started = lambda name: web.json_response({"id": name}, status=200 if int(name[-1]) % 2 else 500)
        async with asking(model(endpoint), limits=BATCH) as client:
            found = [await client.ask(question(n)) for n in range(4)]
    assert [reply.text for reply in found] == [f"re: write {n}" for n in range(4)]
    assert len(endpoint.batches) == 8


@pytest.mark.parametrize(("path", "status"), [("files", 404), ("files", 501), ("files", 400), ("batches", 405)])
async def test_an_endpoint_without_batches_is_said_to_have_none(path: str, status: int) -> None:
    with BatchEndpoint(echo) as endpoint:
        endpoint.meddle = lambda asked, time: refusal(status, "none of that here") if asked == path else None
        async with asking(model(endpoint), limits=BATCH) as client:
            found = await ask_all(client, 3)
    assert all(isinstance(one, ProviderError) and "limits.batch" in one.hint for one in found)
    assert f"/v1/{path} ({status})" in str(found[0]) and endpoint.seen_paths[path] == 1


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        ({"data": [{"id": "b", "input_file_id": "other"}, {"id": "a", "input_file_id": "f"}]}, "a"),
        ([{"id": "a", "input_files": ["f"]}], "a"),
        ({"batches": [{"batch_id": "a", "input_file": "f"}]}, "a"),
        ({"data": [{"id": "b", "input_file_id": "other"}]}, ""),
        ({"data": []}, ""),
        ({"data": [{"id": "b"}, 7, None]}, None),
        ("no list", None),
    ],
)
def test_the_batch_of_a_file_is_found_in_a_list(listed: Any, name: str | None) -> None:
    assert started_for(listed, "f") == name


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ({"id": 7}, "7"),
        ({"data": [{"id": "a"}]}, "a"),
        ({"id": True}, ""),
        ({"a": {"id": "a"}, "b": {"id": "b"}}, ""),
        ({"data": {"data": {"data": {"data": {"id": "deep"}}}}}, ""),
        ([], ""),
    ],
)
def test_what_a_batch_is_called_is_read_where_one_thing_is_called_something(found: Any, name: str) -> None:
    assert name_in(found) == name


async def test_batches_and_what_cannot_go_with_them() -> None:
    with pytest.raises(UsageError, match="batch and hedge"):
        async with asking(model("http://127.0.0.1:9/v1"), limits=Limits(batch=True, hedge=True)):
            pass
    with pytest.raises(UsageError, match="has no batch API"):
        async with asking(
            model("", name="anthropic/claude-3-5-haiku-20241022", base_url=None),
            limits=BATCH,
            environ={"ANTHROPIC_API_KEY": "sk-ant-0000"},
        ):
            pass
    told = Told()
    async with asking(model("", name="offline", base_url=None), limits=BATCH, observer=told):
        pass
    assert told.notes == ["limits.batch changes nothing for offline"]


def test_of_two_lines_for_one_call_the_one_with_an_answer_counts() -> None:
    good = {"custom_id": "a", "response": {"status_code": 200, "body": {"choices": [{"message": {"content": "x"}}]}}}
    bad = {"custom_id": "a", "response": {"status_code": 500, "body": {"error": "oops"}}}
    for first, last in ((good, bad), (bad, good)):
        assert lines_in(b"\n".join(json.dumps(one).encode() for one in (first, last))) == {"a": good}
    found = {"a": good}
    add_lines(found, {"a": bad, "b": bad})
    assert found == {"a": good, "b": bad}


BODY = {"choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}]}
LINE = {"custom_id": "a", "response": {"status_code": 200, "body": BODY}}
ANTHROPIC = {"type": "message", "content": [{"type": "text", "text": "hello"}], "stop_reason": "end_turn"}


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(json.dumps(LINE).encode()),
        json.dumps(LINE).encode("utf-16"),
        b"\xef\xbb\xbf" + json.dumps(LINE).encode() + b"\r\n",
        json.dumps([LINE, {"custom_id": "b"}]).encode(),
        json.dumps(LINE, indent=2).encode(),
        (json.dumps({"custom_id": "b"}) + json.dumps(LINE)).encode(),
        b"data: " + json.dumps(LINE).encode(),
        json.dumps({"customId": "a", "response": LINE["response"]}).encode(),
        json.dumps({"key": "a", "response": BODY}).encode(),
        json.dumps({"custom_id": "a", "body": BODY, "status_code": 200}).encode(),
        json.dumps({"custom_id": "a", "result": LINE["response"], "error": None}).encode(),
        json.dumps({"custom_id": "a", "result": {"type": "succeeded", "message": ANTHROPIC}}).encode(),
    ],
)
def test_a_reply_is_found_in_whatever_form_its_line_is_written(content: bytes) -> None:
    assert reply_in(lines_in(content)["a"], ()).text == "hello"


@pytest.mark.parametrize(
    "line",
    [
        {"custom_id": "a", "response": {"status_code": 500, "body": {"error": {"message": "x"}}}},
        {"custom_id": "a", "response": None, "error": {"code": "batch_expired", "message": "x"}},
        {"custom_id": "a", "result": {"type": "errored", "error": {"message": "x"}}},
        {"custom_id": "a"},
    ],
)
def test_a_line_without_a_reply_is_a_fault(line: dict[str, Any]) -> None:
    with pytest.raises(Fault):
        reply_in(line, ())


@pytest.mark.parametrize(
    ("response", "status"),
    [
        ({"status_code": 503, "body": {"error": {"message": "x"}}}, 503),
        ({"status_code": 200, "body": {"error": {"message": "x", "code": 429}}}, 429),
        ({"body": {"error": {"message": "x"}}}, None),
    ],
)
def test_the_fault_of_a_line_has_the_status_that_it_says(response: dict[str, Any], status: int | None) -> None:
    with pytest.raises(TransportError) as caught:
        reply_in({"custom_id": "a", "response": response}, ())
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("found", "ended"),
    [
        ({"status": "JOB_STATE_SUCCEEDED"}, "completed"),
        ({"state": "completed"}, "completed"),
        ({"status": {"state": "expired"}}, "expired"),
        ({"status": "partially_completed"}, "completed"),
        ({"status": "finalizing"}, "running"),
        ({}, None),
    ],
)
def test_how_a_batch_ended_is_known_in_other_words(found: dict[str, Any], ended: str | None) -> None:
    assert end_of(found) == ended


@pytest.mark.parametrize("file", [{"output_file": {"id": "f"}}, {"output_file_ids": ["f"]}, {"output_file_id": "f"}])
def test_the_file_of_results_is_found(file: dict[str, Any]) -> None:
    assert files_of(file) == [("f", 0)]
