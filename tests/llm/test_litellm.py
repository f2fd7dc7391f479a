"""The way through litellm, exercised against the tests' own endpoint."""

from __future__ import annotations

import gzip
import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.environment import read_environment
from datagen_cli.config.models import SharedModel
from datagen_cli.core.chat import Draw
from datagen_cli.core.secret import Secret
from datagen_cli.llm.faults import AuthRefused, Fault, RequestRefused, TransportError
from datagen_cli.llm.keys import Target, resolve
from datagen_cli.llm.litellm import LiteLLM, fault_from, import_litellm
from datagen_cli.llm.one_host import only_to
from datagen_cli.llm.provider import Around, Payload, RawReply, Ready
from datagen_cli.llm.vendors import names_of_address, vendors
from tests.endpoint import Answer, Endpoint, completion, refusal
from tests.llm.asking import model

pytestmark = pytest.mark.slow
PAYLOAD = {
    "model": "openai/tiny",
    "messages": [{"role": "user", "content": "hi"}],
    "max_tokens": 5,
    "seed": 3,
    "temperature": 0.5,
}


def provider(endpoint: Endpoint) -> LiteLLM:
    options = model(endpoint)
    key, headers = Secret("secret-1234"), (("X-Team", Secret("blue")),)
    return LiteLLM(
        options, Target("litellm", "openai/tiny", endpoint.url, "127.0.0.1", True, "MY_KEY", key, None, headers)
    )


async def complete(answer: Answer | str, timeout_s: float = 20.0) -> tuple[RawReply | Fault, Endpoint]:
    with Endpoint(lambda body, attempt: answer) as endpoint:
        caller = provider(endpoint)
        try:
            return await caller.complete(PAYLOAD, Draw(0, 1, "generate"), timeout_s=timeout_s), endpoint
        except Fault as fault:
            return fault, endpoint
        finally:
            await caller.close()


async def test_a_call_arrives_and_its_answer_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        reply, endpoint = await complete(Answer("hé", finish_reason="length", usage=(12, 3)))
    assert reply == RawReply("hé", "length", 12, 3, "tiny-served")
    seen = endpoint.requests[0]
    assert {name: seen.body[name] for name in ("model", "messages", "max_tokens", "seed", "temperature")} == {
        **PAYLOAD,
        "model": "tiny",
    }
    assert (seen.headers["Authorization"], seen.headers["X-Team"]) == ("Bearer secret-1234", "blue")
    assert [record for record in caplog.records if "litellm" in record.name.lower()] == []


async def test_a_password_of_netrc_does_not_go_with_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("default login me password planted\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("AIOHTTP_TRUST_ENV", "True")
    with Endpoint(lambda body, attempt: "hi") as endpoint:
        environ = {"ANTHROPIC_API_KEY": "secret-1234", "ANTHROPIC_API_BASE": endpoint.url}
        options = SharedModel(name="anthropic/claude-3-haiku-20240307")
        caller = LiteLLM(options, resolve(options, environ))
        with suppress(Fault):  # the endpoint speaks another tongue than this vendor
            payload = {"model": options.name, "messages": PAYLOAD["messages"], "max_tokens": 5}
            await caller.complete(payload, Draw(0, 1, "generate"), timeout_s=20)
        await caller.close()
    assert endpoint.requests
    assert all("Authorization" not in seen.headers for seen in endpoint.requests)


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        (refusal(401, "bad secret-1234"), AuthRefused, 401),
        (refusal(404, "no such model"), AuthRefused, 404),
        (refusal(400, "context too long"), RequestRefused, 400),
        (refusal(422, "bad field"), RequestRefused, 422),
        (refusal(429, "slow", Retry_After="7"), TransportError, 429),
        (refusal(500, "oops"), TransportError, 500),
        (refusal(503, "busy"), TransportError, 503),
    ],
)
async def test_each_status_becomes_our_fault_after_one_request(answer: Answer, kind: type, status: int) -> None:
    fault, endpoint = await complete(answer)
    assert type(fault) is kind
    assert isinstance(fault, Fault)
    assert fault.status == status
    assert "secret-1234" not in fault.message
    assert endpoint.count == 1
    if isinstance(fault, TransportError) and status == 429:
        assert (fault.kind, fault.retry_after_s, fault.message) == ("rate", 7.0, "slow")


def body_of(**changes: Any) -> bytes:
    """The body of a good answer, changed."""
    return json.dumps({**json.loads(completion({"model": "tiny"}, Answer("hi"))), **changes}).encode()


def choice(**message: Any) -> list[dict[str, Any]]:
    return [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}]


PARTS = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "hi"}]


@pytest.mark.parametrize(
    "body",
    [
        body_of(choices=choice(content=PARTS)),
        body_of(usage="15 tokens"),
        body_of(model="\ud800"),
        body_of(choices=[{"index": 1, "message": {"content": "no"}}, *choice(content="hi")]),
        b"[" + body_of() + b"]",
        b'{"data": ' + body_of() + b"}",
        b"\xef\xbb\xbf\n" + body_of(),
        b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\ndata: [DONE]\n\n',
        body_of(choices=choice(content=None, tool_calls=[{"function": {"name": "f", "arguments": "hi"}}])),
    ],
)
async def test_a_reply_is_read_as_it_came_whatever_litellm_makes_of_it(body: bytes) -> None:
    reply, endpoint = await complete(Answer(body=body))
    assert isinstance(reply, RawReply), reply
    assert (reply.text, endpoint.count) == ("hi", 1)
    reply.model.encode()


async def test_a_reply_that_ended_in_an_error_says_so() -> None:
    reply, _ = await complete(Answer("hi", finish_reason="error"))
    assert isinstance(reply, RawReply) and reply.finish_reason == "error"
    fault, _ = await complete(Answer(body=body_of(choices=[{**choice(content="h")[0], "error": {"code": 502}}])))
    assert isinstance(fault, TransportError) and fault.status == 502


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"<html><title>Sign in</title></html>", headers={"Content-Type": "text/html"}),
        Answer(body=b""),
        Answer(body=b'{"state": "ok"}'),
        Answer(body=gzip.compress(b"[" * 100_000_000, 1), headers={"Content-Encoding": "gzip"}),
    ],
)
async def test_what_is_no_reply_is_told_from_an_outage(answer: Answer) -> None:
    fault, _ = await complete(answer)
    assert isinstance(fault, TransportError) and fault.kind == "foreign"
    assert not fault.may_have_cost


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs"}]}),
        (400, {"error": {"message": "no", "param": "seed"}}),
        (400, {"error": {"message": "no", "details": [{"field": "seed"}]}}),
    ],
)
async def test_the_name_of_a_refused_parameter_is_found_in_any_field(status: int, body: dict[str, Any]) -> None:
    fault, _ = await complete(Answer(status=status, body=json.dumps(body).encode()))
    assert isinstance(fault, RequestRefused) and "seed" in fault.named


async def test_headers_of_a_reply_are_told_under_their_own_names() -> None:
    with Endpoint(lambda body, attempt: Answer("hi", headers={"x-ratelimit-remaining-requests": "0"})) as endpoint:
        caller, told = provider(endpoint), dict[str, str]()
        caller.heard = told.update
        await caller.complete(PAYLOAD, Draw(0, 1, "generate"), timeout_s=20)
        await caller.close()
    assert told["x-ratelimit-remaining-requests"] == "0"


@pytest.mark.parametrize("name", ["openai/tiny", "anthropic/tiny", "gemini/tiny", "azure/tiny", "mistral/tiny"])
async def test_no_redirect_is_followed_and_no_other_host_is_asked(name: str) -> None:
    with Endpoint(lambda body, attempt: "stolen") as thief:
        away = Answer(status=307, body=b"", headers={"Location": f"{thief.url}/messages"})
        with Endpoint(lambda body, attempt: away) as endpoint:
            target = Target("litellm", name, endpoint.url, "127.0.0.1", True, "MY_KEY", Secret("secret-1234"))
            caller = LiteLLM(model(endpoint), target)
            with pytest.raises(AuthRefused, match="redirects to http://127") as raised:
                await caller.complete({**PAYLOAD, "model": name, "seed": None}, Draw(0, 1, "generate"), timeout_s=20)
            await caller.close()
    assert (thief.count, endpoint.count, raised.value.status) == (0, 1, 307)


async def test_what_litellm_asks_beside_the_call_is_asked_of_nobody() -> None:
    httpx = pytest.importorskip("httpx")
    with Endpoint(lambda body, attempt: "ok") as endpoint, Endpoint(lambda body, attempt: "ok") as other:
        with only_to(endpoint.url):
            with pytest.raises(httpx.UnsupportedProtocol, match=r"127\.0\.0\.1 is not the model's host"):
                httpx.Client().get(other.url)
            async with httpx.AsyncClient() as client:
                with pytest.raises(httpx.UnsupportedProtocol):
                    await client.get(other.url)
                assert (await client.get(endpoint.url)).status_code == 200
        assert httpx.Client(trust_env=False).get(other.url).status_code == 200
    assert other.count == 1


async def test_no_answer_is_a_time_out_and_no_connection_cannot_have_cost_anything() -> None:
    fault, _ = await complete(Answer(never=True), timeout_s=0.2)
    assert isinstance(fault, TransportError) and fault.kind == "timeout"
    with Endpoint(lambda body, attempt: "ok") as endpoint:
        pass
    with pytest.raises(TransportError) as raised:
        await provider(endpoint).complete(PAYLOAD, Draw(0, 1, "generate"), timeout_s=5)
    assert not raised.value.may_have_cost
    assert raised.value.message == "Connection error."


async def test_a_parameter_that_a_provider_does_not_take_is_refused_by_name_without_a_request() -> None:
    litellm = import_litellm()
    with pytest.raises(litellm.UnsupportedParamsError) as raised:
        await litellm.acompletion(model="anthropic/claude-haiku-4-5", messages=PAYLOAD["messages"], seed=3, api_key="x")
    fault = fault_from(raised.value)
    assert type(fault) is RequestRefused
    assert "seed" in fault.message


def test_strange_exceptions_have_a_fault_too() -> None:
    assert isinstance(fault_from(RuntimeError("")), TransportError)
    assert fault_from(TimeoutError()).status == 408
    assert isinstance(fault_from(ValueError("no such provider")), RequestRefused)


@pytest.mark.parametrize("answer", [Answer("hi" * 400, cut=80, cut_off=True), Answer(drop=True)])
async def test_a_connection_that_broke_after_the_request_may_have_cost_something(answer: Answer) -> None:
    fault, _ = await complete(answer)
    assert isinstance(fault, TransportError) and fault.may_have_cost


ELSEWHERE = ("azure", "vertex_ai", "bedrock", "watsonx", "replicate")
"""Vendors that litellm asks another server first, for a credential or a model's version, which it is not let to."""


@pytest.mark.parametrize("prefix", [one for one in vendors() if one not in ELSEWHERE])
async def test_calls_go_to_the_address_that_env_names_for_every_vendor(prefix: str, tmp_path: Path) -> None:
    vendor = vendors()[prefix]
    with Endpoint(lambda body, attempt: Answer("hi")) as endpoint:
        (tmp_path / ".env").write_text(f"{names_of_address(prefix, vendor)[0]}={endpoint.url}\n")
        environ = dict.fromkeys(vendor.keys[:1], "sk-0123456789abcdef") | read_environment({}, tmp_path)
        options = SharedModel.model_validate({"name": f"{prefix}/tiny"})
        target = resolve(options, environ)
        assert target.host == f"127.0.0.1:{endpoint.port}"
        opened = options.provider.open(options, target, Around(1, False, None, lambda plant: None))
        payload = {"model": target.model, "messages": PAYLOAD["messages"], "max_tokens": 5}
        try:
            if isinstance(opened, Ready):
                body = Payload(payload, json.dumps(payload).encode())
                await opened.complete_when(body, Draw(0, 1, "generate"), timely)
            else:
                await opened.complete(payload, Draw(0, 1, "generate"), timeout_s=20.0)
        except Fault as fault:
            assert endpoint.count, fault  # it answers in OpenAI's form, which is not every vendor's
        finally:
            await opened.close()
    assert endpoint.count >= 1


async def timely() -> float:
    return 20.0
