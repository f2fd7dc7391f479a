"""One try over real HTTP: every way in which an endpoint can answer or fail to."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from datagen_cli.config.models import SharedModel
from datagen_cli.core.chat import Draw
from datagen_cli.core.errors import CallPending, UsageError
from datagen_cli.llm import openai_http
from datagen_cli.llm.faults import AuthRefused, Fault, RequestRefused, TransportError
from datagen_cli.llm.keys import resolve
from datagen_cli.llm.openai_http import OpenAIHTTP
from datagen_cli.llm.provider import Payload, RawReply
from tests.endpoint import HANG_S, Answer, Endpoint, refusal
from tests.llm.asking import model

DRAW = Draw(0, 1, "generate")
PAYLOAD = {"model": "tiny", "messages": [{"role": "user", "content": "käse"}], "max_tokens": 5}


async def complete(answer: Answer | str, timeout_s: float = HANG_S, **more: Any) -> RawReply:
    """One try against an endpoint that answers so."""
    with Endpoint(lambda body, attempt: answer) as endpoint:
        options = model(endpoint, **more)
        provider = OpenAIHTTP(options, resolve(options, {"MY_KEY": "secret-1234"}))
        try:
            return await provider.complete(PAYLOAD, DRAW, timeout_s=timeout_s)
        finally:
            await provider.close()


async def test_a_reply_is_read_whole() -> None:
    reply = await complete(Answer("hé", finish_reason="length", usage=(12, 3)))
    assert reply == RawReply("hé", "length", 12, 3, "tiny-served")


async def test_the_body_the_key_and_the_headers_arrive_as_they_are() -> None:
    with Endpoint(lambda body, attempt: "ok") as endpoint:
        options = model(endpoint, api_key_env="MY_KEY", headers={"X-Team": "blue"})
        provider = OpenAIHTTP(options, resolve(options, {"MY_KEY": "secret-1234"}))
        await provider.complete(Payload(PAYLOAD, json.dumps(PAYLOAD).encode()), DRAW, timeout_s=HANG_S)
        await provider.complete(PAYLOAD, DRAW, timeout_s=HANG_S)
        await provider.close()
        await provider.close()
    seen = endpoint.requests[0]
    assert endpoint.requests[1].body == seen.body == PAYLOAD
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["Authorization"] == "Bearer secret-1234"
    assert seen.headers["X-Team"] == "blue"
    assert seen.headers["Content-Type"] == "application/json"


async def test_no_key_means_no_authorization() -> None:
    with Endpoint(lambda body, attempt: "ok") as endpoint:
        options = model(endpoint)
        provider = OpenAIHTTP(options, resolve(options, {"OPENAI_API_KEY": "sk-x"}))
        await provider.complete(PAYLOAD, DRAW, timeout_s=HANG_S)
        await provider.close()
    assert "Authorization" not in endpoint.requests[0].headers


@pytest.mark.parametrize(
    ("message", "text", "finish"),
    [
        (
            {"content": [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]},
            "ab",
            "stop",
        ),
        ({"content": ["a", "b"]}, "ab", "stop"),
        ({"content": None}, "", "stop"),
        ({"content": "a", "reasoning_content": "long thoughts", "reasoning": "x"}, "a", "stop"),
        ({"content": None, "refusal": "I cannot help"}, "I cannot help", "content_filter"),
        ({"content": "a", "refusal": None}, "a", "stop"),
    ],
)
async def test_content_comes_in_many_forms(message: dict[str, Any], text: str, finish: str) -> None:
    reply = await complete(Answer(message=message))
    assert (reply.text, reply.finish_reason) == (text, finish)


async def test_counts_that_are_missing_are_none() -> None:
    reply = await complete(Answer("a", usage=None))
    assert (reply.tokens_in, reply.tokens_out) == (None, None)
    body = json.dumps({"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": "many"}}).encode()
    assert await complete(Answer(body=body)) == RawReply("a", "stop", None, None, "")


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refused_key_or_address_carries_the_providers_sentence(status: int) -> None:
    with pytest.raises(AuthRefused) as raised:
        await complete(refusal(status, "Incorrect API key"))
    assert (raised.value.status, raised.value.message) == (status, "Incorrect API key")


async def test_a_refused_request_carries_the_providers_sentence() -> None:
    with pytest.raises(RequestRefused, match="context length"):
        await complete(refusal(400, "context length"))


async def test_the_key_and_header_values_are_struck_out_of_what_the_endpoint_says() -> None:
    with pytest.raises(RequestRefused) as raised:
        await complete(
            refusal(400, "got secret-1234 and hdr-value-9"), api_key_env="MY_KEY", headers={"X-A": "hdr-value-9"}
        )
    assert raised.value.message == "got [key] and [key]"


@pytest.mark.parametrize(
    ("answer", "kind", "wait"),
    [
        (refusal(429, "slow down", Retry_After="3"), "rate", 3.0),
        (refusal(429, "slow down"), "rate", None),
        (refusal(503, "overloaded", retry_after_ms="1500"), "server", 1.5),
        (refusal(408, "late"), "server", None),
        (Answer(status=502, body=b"<html><title>Bad Gateway</title>" + b"x" * 300_000), "server", None),
    ],
)
async def test_a_passing_refusal_says_how_long_to_wait(answer: Answer, kind: str, wait: float | None) -> None:
    with pytest.raises(TransportError) as raised:
        await complete(answer)
    assert (raised.value.kind, raised.value.retry_after_s) == (kind, wait)
    assert len(raised.value.message) <= 300


async def test_a_spent_quota_is_marked() -> None:
    with pytest.raises(TransportError) as raised:
        await complete(refusal(429, "You exceeded your current quota", code="insufficient_quota"))
    assert raised.value.quota


@pytest.mark.parametrize(
    "answer",
    [
        Answer("hello", cut=40),
        Answer("hello", cut=40, cut_off=True),
        Answer(drop=True),
    ],
)
async def test_a_reply_that_is_broken_off_is_dropped(answer: Answer) -> None:
    with pytest.raises(TransportError) as raised:
        await complete(answer)
    assert raised.value.kind == "dropped"
    assert raised.value.may_have_cost


@pytest.mark.parametrize("choices", [[], None, [None], [{}], [{"message": None}]])
async def test_a_reply_without_a_choice_is_empty_and_costs_what_it_says(choices: Any) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 4}
    for said, used in ((usage, (9, 4)), (None, (0, 0)), ({}, (0, 0))):
        with pytest.raises(TransportError) as raised:
            await complete(Answer(body=json.dumps({"choices": choices, "usage": said}).encode()))
        assert (raised.value.kind, raised.value.used, raised.value.may_have_cost) == ("empty", used, False)


async def test_an_error_inside_a_200_is_an_error() -> None:
    with pytest.raises(TransportError, match="upstream is busy"):
        await complete(Answer(body=b'{"error": {"message": "upstream is busy", "code": 503}}'))
    with pytest.raises(RequestRefused, match="bad"):
        await complete(Answer(body=b'{"error": {"message": "bad", "code": 400}}'))


@pytest.fixture
async def leap(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the loop's clock so many seconds on: what has that long passes at once, and nothing else does."""
    loop, ahead_s = asyncio.get_running_loop(), 0.0
    time = loop.time

    def move(seconds: float) -> None:
        nonlocal ahead_s
        ahead_s += seconds

    monkeypatch.setattr(loop, "time", lambda: time() + ahead_s)
    return move


async def test_an_endpoint_that_never_answers_times_out(leap: Callable[[float], None]) -> None:
    with Endpoint(lambda body, attempt: Answer(never=True)) as endpoint:
        options = model(endpoint)
        provider = OpenAIHTTP(options, resolve(options, {}))
        asked = asyncio.create_task(provider.complete(PAYLOAD, DRAW, timeout_s=HANG_S))
        while not endpoint.count:
            await asyncio.sleep(0)
        leap(HANG_S)
        with pytest.raises(TransportError) as raised:
            await asked
        await provider.close()
    assert raised.value.kind == "timeout"
    assert raised.value.may_have_cost


async def test_an_endpoint_that_is_not_there_cannot_have_cost_anything() -> None:
    with Endpoint(lambda body, attempt: "ok") as endpoint:
        url = endpoint.url
    provider = OpenAIHTTP(model(url), resolve(model(url), {}))
    with pytest.raises(TransportError, match=r"cannot connect: connection refused$") as raised:
        await provider.complete(PAYLOAD, DRAW, timeout_s=HANG_S)
    await provider.close()
    assert not raised.value.may_have_cost


async def test_redirects_are_not_followed_and_the_key_goes_nowhere() -> None:
    with Endpoint(lambda body, attempt: "stolen") as other:
        with pytest.raises(AuthRefused, match="redirects to"):
            await complete(
                Answer(status=307, headers={"Location": f"{other.url}/chat/completions"}), api_key_env="MY_KEY"
            )
        assert other.count == 0


@pytest.mark.parametrize("name", ["vllm.localhost", "localhost."])
async def test_the_network_is_not_asked_for_names_of_this_machine(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    real = socket.getaddrinfo

    def looked_up(host: Any, *more: Any, **options: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1", *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    with Endpoint(lambda body, attempt: "hi") as endpoint:
        url = endpoint.url.replace("127.0.0.1", name)
        options = model(url, api_key_env="MY_KEY")
        provider = OpenAIHTTP(options, resolve(options, {"MY_KEY": "secret-1234"}))
        assert (await provider.complete(PAYLOAD, DRAW, timeout_s=HANG_S)).text == "hi"
        await provider.close()
    assert set(asked) == {"localhost"}


async def test_connections_are_kept_and_used_again() -> None:
    peers = set()
    with Endpoint(lambda body, attempt: "ok") as endpoint:
        provider = OpenAIHTTP(model(endpoint), resolve(model(endpoint), {}), concurrency=4)
        for _ in range(5):
            await provider.complete(PAYLOAD, DRAW, timeout_s=HANG_S)
        session = provider._session
        assert session is not None and session.connector is not None
        peers = {key for key, held in session.connector._conns.items() for _ in held}  # type: ignore[attr-defined]
        await provider.close()
    assert len(peers) == 1


def test_a_header_with_a_line_break_is_a_usage_error() -> None:
    options = model("http://127.0.0.1:1/v1", headers={"X-A": "a\r\nX-B: b"})
    with pytest.raises(UsageError, match="line break"):
        OpenAIHTTP(options, resolve(options, {}))


async def test_nothing_is_sent_before_its_start_and_the_time_counts_from_then(leap: Callable[[float], None]) -> None:
    with Endpoint(lambda body, attempt: "ok") as endpoint:
        options = model(endpoint)
        provider = OpenAIHTTP(options, resolve(options, {}))
        begun, may_go = asyncio.Event(), asyncio.Event()
        seen: list[int] = []

        async def start() -> float:
            begun.set()
            await may_go.wait()
            seen.append(len(endpoint.requests))
            leap(2 * HANG_S)
            return HANG_S

        asked = asyncio.create_task(provider.complete_when(PAYLOAD, DRAW, start))
        await begun.wait()
        may_go.set()
        assert (await asked).text == "ok"
        assert seen == [0]
        await provider.close()


async def test_what_a_start_raises_is_passed_on_and_nothing_is_sent() -> None:
    with Endpoint(lambda body, attempt: "ok") as endpoint:
        options = model(endpoint)
        provider = OpenAIHTTP(options, resolve(options, {}))

        async def start() -> float:
            raise CallPending("the run is stopping")

        with pytest.raises(CallPending):
            await provider.complete_when(PAYLOAD, DRAW, start)
        await provider.close()
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("status", "kind", "wait_s"), [("401 No", AuthRefused, None), ("429 Slow", TransportError, 7.0)]
)
async def test_a_refusal_counts_as_one_though_its_sentence_never_comes(
    status: str,
    kind: type[Fault],
    wait_s: float | None,
    leap: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = openai_http._some

    async def late(response: aiohttp.ClientResponse) -> bytes:
        leap(HANG_S)
        return await some(response)

    monkeypatch.setattr(openai_http, "_some", late)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nRetry-After: 7\r\nContent-Length: 99\r\n\r\n{{".encode())
        await ended.wait()
        writer.close()

    ended = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    options = SharedModel(name="m", base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")  # type: ignore[arg-type]
    provider = OpenAIHTTP(options, resolve(options, {}))
    with pytest.raises(kind) as raised:
        await provider.complete(PAYLOAD, DRAW, timeout_s=HANG_S)
    assert raised.value.status == int(status[:3])
    assert getattr(raised.value, "retry_after_s", None) == wait_s
    ended.set()
    await provider.close()
    server.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems let in more than they were told to")
async def test_a_connection_that_is_never_made_costs_nothing() -> None:
    deaf = [socket.socket()]
    deaf[0].bind(("127.0.0.1", 0))
    deaf[0].listen(0)
    for _ in range(4):  # whoever comes after these is not let in
        deaf.append(socket.socket())
        deaf[-1].setblocking(False)
        deaf[-1].connect_ex(deaf[0].getsockname())
    options = SharedModel(name="m", base_url=f"http://127.0.0.1:{deaf[0].getsockname()[1]}/v1", timeout_s=60.0)  # type: ignore[arg-type]
    provider = OpenAIHTTP(options, resolve(options, {}))
    with pytest.raises(TransportError, match=r"no connection within 0\.2 s") as raised:
        await provider.complete(PAYLOAD, DRAW, timeout_s=0.2)
    assert not raised.value.may_have_cost
    await provider.close()
    for one in deaf:
        one.close()


@pytest.mark.parametrize("count", [-1, True, 2.5, 10**400])
async def test_a_count_of_tokens_that_cannot_be_one_is_not_known(count: Any) -> None:
    body = {"choices": [{"message": {"content": "ok"}}], "usage": {"prompt_tokens": count, "completion_tokens": 3}}
    reply = await complete(Answer(body=json.dumps(body).encode()))
    assert (reply.text, reply.tokens_in, reply.tokens_out) == ("ok", None, None)
