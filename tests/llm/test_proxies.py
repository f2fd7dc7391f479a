"""What a proxy of the environment sees: where a call goes, and nothing of ours."""

from __future__ import annotations

import pytest

from datagen_cli.core.chat import Draw
from datagen_cli.core.errors import UsageError
from datagen_cli.core.proxies import proxy_for, proxy_secrets
from datagen_cli.core.secret import Secret
from datagen_cli.llm.batch import BatchHTTP
from datagen_cli.llm.faults import AuthRefused, Fault, TransportError, fault_said
from datagen_cli.llm.keys import Target, resolve
from datagen_cli.llm.litellm import LiteLLM
from datagen_cli.llm.openai_http import OpenAIHTTP
from datagen_cli.llm.provider import Provider
from datagen_cli.llm.retry import refused_by_all
from tests.endpoint import Answer, Endpoint
from tests.llm.asking import model
from tests.llm.recording_proxy import OPEN, RecordingProxy

DRAW = Draw(0, 1, "generate")
PAYLOAD = {"model": "anthropic/claude", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
KEY, HEADER, PASSWORD = "planted-key-1234", "planted-header-5678", "planted-pass%23word"
REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BROKEN = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def provider(kind: str, url: str, *, loopback: bool = False) -> Provider:
    """A provider of that kind with a key and a header, for an address."""
    options = model(url)
    headers = (("X-Secret-Team", Secret(HEADER)),)
    posted = url if kind == "litellm" else f"{url}/chat/completions"
    target = Target(kind, "anthropic/claude", posted, "model.example", loopback, "MY_KEY", Secret(KEY), None, headers)
    if kind == "litellm":
        return LiteLLM(options, target)
    return BatchHTTP(options, target) if kind == "batch" else OpenAIHTTP(options, target)


async def fault_of_a_call(kind: str, url: str, timeout_s: float = 5.0) -> str:
    """What a call that the proxy spoils says."""
    caller = provider(kind, url)
    try:
        with pytest.raises(Fault) as raised:
            await caller.complete(PAYLOAD, DRAW, timeout_s=timeout_s)
    finally:
        await caller.close()
    return f"{raised.value!r} {raised.value.message}"


@pytest.mark.parametrize("kind", ["openai", pytest.param("litellm", marks=pytest.mark.slow)])
@pytest.mark.parametrize("status", [403, 407, 502])
async def test_a_proxy_that_opens_no_way_is_named_and_ends_the_run_unless_it_may_pass(
    kind: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status
    with RecordingProxy(answer) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        caller = provider(kind, "https://model.example/v1")
        try:
            with pytest.raises(Fault) as raised:
                await caller.complete(PAYLOAD, DRAW, timeout_s=600.0)
        finally:
            await caller.close()
    fault = raised.value
    assert (fault.status, fault.message) == (status, f"the proxy {proxy.place} opens no way to it")
    assert isinstance(fault, TransportError) if status == 502 else getattr(fault, "about", "") == "proxy"


async def test_a_proxy_that_does_not_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with RecordingProxy() as gone:
        pass
    monkeypatch.setenv("HTTPS_PROXY", gone.url)
    said = await fault_of_a_call("openai", "https://model.example/v1", 600.0)
    assert f"cannot connect to the proxy {gone.place}" in said


def test_a_proxy_that_wants_a_password_is_no_matter_of_the_request() -> None:
    fault = fault_said(407, b"Proxy Authentication Required")
    assert isinstance(fault, AuthRefused) and fault.about == "proxy"
    ended = refused_by_all(fault, Target("openai", "m", "http://model.example/v1", "model.example", False))
    assert "NO_PROXY" in (ended.hint or "") and "user:password@host:port" in (ended.hint or "")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["openai", "batch", "litellm"])
@pytest.mark.parametrize("user", ["", f"planted-user:{PASSWORD}@"])
@pytest.mark.parametrize(("answer", "timeout_s"), [(OPEN, 1.0), (REFUSED, 5.0), (BROKEN, 5.0), (b"", 1.0)])
async def test_a_proxy_sees_the_host_and_no_key_and_no_header_and_its_password_is_not_repeated(
    kind: str, user: str, answer: bytes, timeout_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RecordingProxy(answer) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{user}{proxy.place}")
        if kind == "batch":
            monkeypatch.setattr("datagen_cli.llm.batch.QUIET_S", 0.0)
        said = await fault_of_a_call(kind, "https://model.example/v1", timeout_s)
    assert proxy.seen.startswith(b"CONNECT model.example:443 HTTP/1.1\r\n")
    head = proxy.seen.partition(b"\r\n\r\n")[0].lower()
    assert [part for part in (KEY, HEADER) if part.encode() in proxy.seen] == []
    assert [name for name in (b"\nauthorization:", b"x-secret-team", b"x-api-key", b"datagen") if name in head] == []
    assert (b"proxy-authorization: basic" in head) is bool(user)
    forms = ("planted-user", PASSWORD, "planted-pass#word", KEY, HEADER)
    assert [form for form in forms if form in said] == []


@pytest.mark.parametrize("kind", ["openai", "litellm"])
def test_a_proxy_that_could_read_a_key_is_not_used(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret-word@proxy.lan:3128")
    with pytest.raises(UsageError, match=r"would pass the proxy proxy\.lan in clear text; nothing was sent") as raised:
        provider(kind, "http://model.example/v1")
    assert "secret-word" not in f"{raised.value}{raised.value.hint}"
    with pytest.raises(UsageError, match="clear text"):
        resolve(model("http://model.example/v1", api_key_env="MY_KEY"), {"MY_KEY": KEY}, ["model.example"])
    with pytest.raises(UsageError, match="clear text"):
        resolve(model("http://model.example/v1?key=abc"), {})
    assert resolve(model("http://model.example/v1"), {}).key is None
    monkeypatch.setenv("NO_PROXY", "model.example")
    provider(kind, "http://model.example/v1")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["openai", "litellm"])
async def test_this_machine_is_asked_without_a_proxy(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = (
        b'{"id":"1","model":"m","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn",'
        b'"choices":[{"message":{"content":"ok"}}],"usage":{"input_tokens":1,"output_tokens":1}}'
    )
    with RecordingProxy() as proxy, Endpoint(lambda body, attempt: Answer(body=reply)) as endpoint:
        for name in NAMES[:3]:
            monkeypatch.setenv(name, proxy.url)
        caller = provider(kind, endpoint.url, loopback=True)
        await caller.complete(PAYLOAD, DRAW, timeout_s=20)
        await caller.close()
    assert proxy.seen == b""
    assert KEY in str(dict(endpoint.requests[0].headers))


def test_a_proxy_of_the_environment_is_used_unless_it_is_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_for("https://api.openai.com/v1") is None
    monkeypatch.setenv("https_proxy", "http://proxy.lan:3128")
    monkeypatch.setenv("no_proxy", "gpu.lan")
    assert str(proxy_for("https://api.openai.com/v1")) == "http://proxy.lan:3128"
    assert proxy_for("https://gpu.lan/v1") is None
    monkeypatch.setenv("https_proxy", "proxy.lan:3128")
    assert str(proxy_for("https://api.openai.com/v1")) == "http://proxy.lan:3128"


@pytest.mark.parametrize("value", ["socks5://me:secret-word@proxy.lan:1", "http://me:secret-word@[::1", "http://"])
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", value)
    with pytest.raises(UsageError, match="is no http proxy") as raised:
        proxy_for("https://api.openai.com/v1")
    assert "secret-word" not in f"{raised.value}{raised.value.hint}"


def test_every_form_of_a_proxys_password_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me%40x:p%23w@proxy.lan:1")
    assert set(proxy_secrets()) == {"me%40x:p%23w", "me@x:p#w", "bWVAeDpwI3c=", "p%23w", "p#w", "me%40x", "me@x"}


@pytest.mark.parametrize(
    ("no_proxy", "url", "excepted"),
    [
        ("10.0.0.0/8", "https://10.2.3.4/v1", True),
        ("10.0.0.0/8", "https://11.2.3.4/v1", False),
        ("10.1.2.3/8", "https://10.9.9.9/v1", True),
        ("192.168.1.7", "https://192.168.1.7:8443/v1", True),
        ("192.168.1.7:8443", "https://192.168.1.7:8443/v1", True),
        ("192.168.1.7:8443", "https://192.168.1.7/v1", False),
        ("gpu.lan:8443", "https://gpu.lan:8443/v1", True),
        ("gpu.lan:8443", "https://gpu.lan/v1", False),
        ("gpu.lan:443", "https://gpu.lan/v1", True),
        ("a.lan, gpu.lan", "https://gpu.lan/v1", True),
        ("a.lan gpu.lan", "https://GPU.lan/v1", True),
        ("lan", "https://gpu.lan/v1", True),
        (".lan", "https://gpu.lan/v1", True),
        ("*.lan", "https://gpu.lan/v1", True),
        ("u.lan", "https://gpu.lan/v1", False),
        ("*", "https://gpu.lan/v1", True),
        ("fd00::/8", "https://[fd12::1]/v1", True),
        ("[fd12::1]:8443", "https://[fd12::1]:8443/v1", True),
        ("[fd12::1]:8443", "https://[fd12::1]:9/v1", False),
        ("::1", "https://[fd12::1]/v1", False),
        ("10.0.0.0/99, nonsense//", "https://10.2.3.4/v1", False),
        ("10.0.0.0/8", "https://gpu.lan/v1", False),
        (",, ", "https://gpu.lan/v1", False),
    ],
)
def test_no_proxy_excepts_networks_ports_and_domains(
    no_proxy: str, url: str, excepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.lan:3128")
    monkeypatch.setenv("no_proxy", no_proxy)
    assert (proxy_for(url) is None) is excepted
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (proxy_for(url) is None) is excepted


@pytest.mark.slow
@pytest.mark.parametrize("no_proxy", ["127.0.0.0/8", "127.0.0.1:{port}"])
async def test_litellm_goes_past_the_proxy_where_we_would(no_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = b'{"id":"1","model":"m","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{}}'
    with RecordingProxy() as proxy, Endpoint(lambda body, attempt: Answer(body=reply)) as endpoint:
        for name in NAMES[:3]:
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", no_proxy.format(port=endpoint.port))
        caller = provider("litellm", endpoint.url, loopback=False)
        await caller.complete(PAYLOAD, DRAW, timeout_s=20)
        await caller.close()
    assert proxy.seen == b"" and len(endpoint.requests) == 1
