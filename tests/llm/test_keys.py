"""Where calls go and with which key: decided before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from datagen_cli.config.models import ModelOptions
from datagen_cli.core import registry
from datagen_cli.core.errors import ProviderError, UsageError
from datagen_cli.core.registry import load
from datagen_cli.core.secret import Secret
from datagen_cli.llm.keys import hosts, is_loopback, locate, resolve
from datagen_cli.llm.provider import ProviderFacts
from datagen_cli.llm.vendors import Vendor, vendors

KEYS = {"OPENAI_API_KEY": "sk-secret-of-openai", "MINE_KEY": "mine", "ANTHROPIC_API_KEY": "sk-ant-secret"}


def options(name: str, **more: Any) -> ModelOptions:
    return ModelOptions(name=name, **more)


@pytest.mark.parametrize(
    ("name", "base_url", "kind", "model", "url"),
    [
        ("openai/gpt-4o-mini", None, "openai", "gpt-4o-mini", "https://api.openai.com/v1/chat/completions"),
        ("ollama/llama3:8b", None, "openai", "llama3:8b", "http://localhost:11434/v1/chat/completions"),
        ("lm_studio/qwen", None, "openai", "qwen", "http://localhost:1234/v1/chat/completions"),
        ("hosted_vllm/a/b", "http://gpu:8000/v1/", "openai", "a/b", "http://gpu:8000/v1/chat/completions"),
        ("Qwen/Qwen3", "https://x.org/v1", "openai", "Qwen/Qwen3", "https://x.org/v1/chat/completions"),
        ("m", "https://x.org/v1?api-version=2", "openai", "m", "https://x.org/v1/chat/completions"),
        ("m", "http://h/v1/chat/completions", "openai", "m", "http://h/v1/chat/completions"),
        (
            "anthropic/claude-haiku-4-5",
            None,
            "litellm",
            "anthropic/claude-haiku-4-5",
            "https://api.anthropic.com",
        ),
        ("gpt-4o", None, "litellm", "gpt-4o", "https://api.openai.com/v1"),
        ("offline", None, "offline", "offline", None),
        ("local/org/model", None, "local", "org/model", None),
        ("local//data/my model", None, "local", "/data/my model", None),
    ],
)
def test_a_name_leads_to_its_provider(name: str, base_url: str | None, kind: str, model: str, url: str | None) -> None:
    target = resolve(options(name, base_url=base_url), KEYS)
    assert (target.kind, target.model, target.url) == (kind, model, url)


@pytest.mark.parametrize("name", ["foo/bar", "ofline", "gpt4", "/", "offline/x", "opnai/gpt-4o"])
def test_an_unknown_provider_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="unknown provider"):
        locate(options(name), {})


@pytest.mark.parametrize(
    "more",
    [
        {"base_url": "http://localhost:1/v1"},
        {"api_key_env": "MINE_KEY"},
        {"headers": {"a": "b"}},
        {"params": {"min_p": 1}},
    ],
)
def test_a_model_in_this_process_takes_nothing_that_is_for_endpoints(more: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"{next(iter(more))}.* does not go with a model in this process"):
        locate(options("local/org/model", **more), KEYS)
    assert hosts([options("local/org/model")]) == []


def test_a_near_miss_is_named() -> None:
    with pytest.raises(UsageError) as raised:
        locate(options("opnai/gpt-4o"), {})
    assert "did you mean openai/...?" in raised.value.hint
    with pytest.raises(UsageError) as raised:
        locate(options("google/gemini-2.5-flash"), {})
    assert "did you mean gemini/...?" in raised.value.hint


@pytest.mark.parametrize(
    "base_url",
    [
        "http://[::1", "http://h:x/v1", "http://:80/v1", "http://evil.example\\.x.com", "http://a b/", "http://a\0b/",
        "http://[::1]x/", "http://a..b/", "http://\u202e/", "http://\ud800/", "http://a,b/", "http://a%2eb/",
        f"http://{'a' * 64}.b/", f"http://{'a.' * 130}b/", f"http://{'é' * 64}/", "http://*/",
    ],
)  # fmt: skip
def test_an_unusable_address_is_a_usage_error(base_url: str) -> None:
    with pytest.raises(UsageError, match="no http address"):
        locate(options("m", base_url=base_url), {})


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="holds a user or password"):
        options("m", base_url="https://me:hunter2@x.org/v1")


def test_a_vllm_without_an_address_is_refused() -> None:
    with pytest.raises(UsageError, match="base_url is missing"):
        locate(options("hosted_vllm/m"), {})


def test_the_key_of_the_vendor_goes_to_the_vendor() -> None:
    assert resolve(options("openai/m"), KEYS).key == Secret("sk-secret-of-openai")
    assert resolve(options("anthropic/claude-haiku-4-5"), KEYS).key == Secret("sk-ant-secret")
    assert resolve(options("m", base_url="https://api.openai.com/v1", api_key_env="OPENAI_API_KEY"), KEYS).key


@pytest.mark.parametrize(
    ("name", "base_url", "key_env"),
    [
        ("openai/m", "https://evil.example/v1", "OPENAI_API_KEY"),
        ("openai/m", "https://evil.example/v1", None),
        ("hosted_vllm/m", "https://evil.example/v1", "OPENAI_API_KEY"),
        ("m", "https://api.openai.com.evil.example/v1", "OPENAI_API_KEY"),
        ("m", "https://notapi.openai.com/v1", "OPENAI_API_KEY"),
        ("m", "https://api.openai.com/v1", "ANTHROPIC_API_KEY"),
        ("m", "https://evil.example/v1", "AWS_SECRET_ACCESS_KEY"),
        ("m", "https://evil.example/v1", "GITHUB_TOKEN"),
        ("m", "https://abc.execute-api.us-east-1.amazonaws.com/v1", "AWS_SESSION_TOKEN"),
        ("m", "https://ec2-1-2-3-4.us-east-1.compute.amazonaws.com/v1", "AWS_SECRET_ACCESS_KEY"),
        ("m", "https://bedrock-runtime.s3.amazonaws.com/v1", "AWS_SESSION_TOKEN"),
        ("m", "https://bedrock-runtime.s3-us-west-2.amazonaws.com/v1", "AWS_SESSION_TOKEN"),
        ("m", "https://bedrock-runtime.us-east-1.evil.amazonaws.com/v1", "AWS_SESSION_TOKEN"),
        ("m", "https://abc.us-east-1.aws.endpoints.huggingface.cloud/v1", "HF_TOKEN"),
        ("anthropic/claude-haiku-4-5", None, "OPENAI_API_KEY"),
    ],
)
def test_a_vendors_key_with_a_foreign_address_is_a_usage_error(
    name: str, base_url: str | None, key_env: str | None
) -> None:
    with pytest.raises(UsageError, match="nothing was sent") as raised:
        resolve(options(name, base_url=base_url, api_key_env=key_env), KEYS)
    assert raised.value.exit_code == 2
    assert "--allow-host" in raised.value.hint
    assert "sk-" not in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize(
    ("name", "base_url", "key_env"),
    [
        ("m", "https://bedrock-runtime.us-gov-west-1.amazonaws.com/openai/v1", "AWS_SESSION_TOKEN"),
        ("m", "https://bedrock-mantle.eu-central-1.api.aws/v1", "AWS_SESSION_TOKEN"),
        ("m", "https://router.huggingface.co/v1", "HF_TOKEN"),
        ("m", "https://europe-west4-aiplatform.googleapis.com/v1", "VERTEX_API_KEY"),
    ],
)
def test_every_region_of_a_vendor_gets_its_key(name: str, base_url: str, key_env: str) -> None:
    assert resolve(options(name, base_url=base_url, api_key_env=key_env), {key_env: "k"}).key == Secret("k")


@pytest.mark.parametrize(
    ("allow", "environ"),
    [(["proxy.example"], {}), (["PROXY.example:8443"], {}), ([], {"DATAGEN_ALLOW_HOSTS": "a.b, proxy.example"})],
)
def test_an_allowed_host_gets_the_key(allow: list[str], environ: dict[str, str]) -> None:
    wanted = options("openai/m", base_url="https://proxy.example:8443/v1")
    assert resolve(wanted, {**KEYS, **environ}, allow).key == Secret("sk-secret-of-openai")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "127.1.2.3", "vllm.localhost"])
def test_loopback_gets_the_key_when_there_is_one_and_needs_none(host: str) -> None:
    wanted = options("m", base_url=f"http://{host}:8000/v1", api_key_env="OPENAI_API_KEY")
    assert resolve(wanted, KEYS).key == Secret("sk-secret-of-openai")
    assert resolve(wanted, {}).key is None


@pytest.mark.parametrize("host", ["vllm.localhost", "localhost.", "a.localhost."])
def test_names_below_localhost_are_this_machine_only_to_who_asks_no_network_for_them(host: str) -> None:
    assert not is_loopback(host)
    environ = {"ANTHROPIC_API_KEY": "a" * 20, "ANTHROPIC_API_BASE": f"http://{host}:1"}
    with pytest.raises(UsageError, match="nothing was sent"):
        resolve(options("anthropic/claude-x"), environ)


@pytest.mark.parametrize("base_url", ["http://gpu.lan/v1", "https://gpu.lan/v1"])
@pytest.mark.parametrize(
    "more",
    [
        {"api_key_env": "MINE_KEY"},
        {"headers": {"X-Key": "Bearer ${MINE_KEY}"}},
        {"api_key_env": "HUGGING_FACE_HUB_TOKEN"},
        {"api_key_env": "GITLAB_TOKEN"},
    ],
)
def test_a_key_of_no_known_vendor_goes_to_hosts_that_the_user_has_named(base_url: str, more: dict[str, Any]) -> None:
    environ = {**KEYS, "HUGGING_FACE_HUB_TOKEN": "h", "GITLAB_TOKEN": "g"}
    wanted = options("m", base_url=base_url, **more)
    with pytest.raises(UsageError, match=r"would be sent to gpu\.lan, which you have not named; nothing was sent"):
        resolve(wanted, environ)
    assert resolve(wanted, environ, ["gpu.lan"]).holds_secrets
    assert resolve(wanted, {**environ, "DATAGEN_ALLOW_HOSTS": "gpu.lan"}).holds_secrets
    assert not resolve(options("m", base_url=base_url), environ).holds_secrets


def test_a_vendors_key_in_a_header_or_a_query_is_held_to_the_same_rule() -> None:
    for more in (
        {"headers": {"X": "${OPENAI_API_KEY}"}},
        {"base_url": "https://evil.example/v1?key=${OPENAI_API_KEY}"},
    ):
        with pytest.raises(UsageError, match="nothing was sent"):
            resolve(options("m", **{"base_url": "https://evil.example/v1", **more}), KEYS)
    home = resolve(options("m", base_url="https://api.openai.com/v1", headers={"X": "k ${OPENAI_API_KEY}"}), KEYS)
    assert dict(home.headers)["X"].reveal() == "k sk-secret-of-openai"
    asked = resolve(options("m", base_url="https://api.openai.com/v1?key=${OPENAI_API_KEY}"), KEYS)
    assert asked.query is not None and asked.query.reveal() == "key=sk-secret-of-openai"
    assert asked.url == "https://api.openai.com/v1/chat/completions"


@pytest.mark.parametrize(("name", "sentence"), [("HOME", "is sent as a key"), ("ABSENT_KEY", "is not set")])
def test_only_keys_that_are_set_expand_in_headers(name: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        resolve(options("m", base_url="http://localhost:1/v1", headers={"X": f"${{{name}}}"}), {"HOME": "/root"})


def test_a_vendors_key_is_never_sent_unencrypted() -> None:
    with pytest.raises(UsageError, match="unencrypted"):
        resolve(options("openai/m", base_url="http://api.openai.com/v1"), KEYS)


def test_litellm_sent_elsewhere_by_the_environment_is_held_to_the_same_rule() -> None:
    moved = {**KEYS, "ANTHROPIC_API_BASE": "https://evil.example"}
    with pytest.raises(UsageError, match=r"evil\.example"):
        resolve(options("anthropic/claude-haiku-4-5"), moved)


@pytest.mark.parametrize(
    ("name", "environ", "url"),
    [
        ("bedrock/m", {"AWS_REGION": "eu-west-1"}, "https://bedrock-runtime.eu-west-1.amazonaws.com"),
        ("vertex_ai/m", {"VERTEXAI_LOCATION": "us-central1"}, "https://us-central1-aiplatform.googleapis.com"),
        ("azure/m", {"AZURE_API_BASE": "https://mine.openai.azure.com"}, "https://mine.openai.azure.com"),
        ("scaleway/m", {"SCW_SECRET_KEY": "k"}, "https://api.scaleway.ai/v1"),
        ("watsonx/m", {"WATSONX_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
        ("anthropic/m", {**KEYS, "ANTHROPIC_BASE_URL": "http://localhost:4"}, "http://localhost:4"),
        ("bedrock/us-west-2/m", {}, "https://bedrock-runtime.us-west-2.amazonaws.com"),
        ("bedrock/eu-west-3/m", {"AWS_REGION": "us-east-1"}, "https://bedrock-runtime.eu-west-3.amazonaws.com"),
        ("fireworks_ai/m", {"FIREWORKS_API_BASE": "http://localhost:4"}, "http://localhost:4"),
        ("lambda_ai/m", {"LAMBDA_API_BASE": "http://localhost:4"}, "http://localhost:4"),
        ("lambda_ai/m", {"LAMBDA_API_KEY": "k"}, "https://api.lambda.ai/v1"),
        ("ollama_chat/m", {}, "http://localhost:11434/v1/chat/completions"),
        ("llamafile/m", {}, "http://localhost:8080/v1/chat/completions"),
    ],
)
def test_litellm_is_always_told_the_address(name: str, environ: dict[str, str], url: str) -> None:
    assert resolve(options(name), environ).url == url


@pytest.mark.parametrize(
    ("name", "environ", "variable"),
    [
        ("watsonx/m", {}, "WATSONX_API_BASE"),
        ("azure/m", {}, "AZURE_API_BASE"),
        ("bedrock/m", {}, "AWS_REGION_NAME"),
        ("text-completion-openai/m", {}, "TEXT_COMPLETION_OPENAI_API_BASE"),
        ("bedrock/m", {"AWS_REGION": "evil.example/"}, "AWS_REGION_NAME"),
    ],
)
def test_without_an_address_nothing_is_asked(name: str, environ: dict[str, str], variable: str) -> None:
    with pytest.raises(UsageError, match="is not known") as raised:
        locate(options(name), environ)
    assert variable in raised.value.hint


@pytest.mark.parametrize(
    ("name", "variable"),
    [("azure/m", "AZURE_API_BASE"), ("watsonx/m", "WATSONX_URL"), ("github/m", "GITHUB_BASE_URL")],
)
def test_credentials_that_litellm_finds_itself_are_held_to_the_same_rule(name: str, variable: str) -> None:
    moved = {variable: "https://evil.example"}
    with pytest.raises(UsageError, match=r"evil\.example is not that vendor's host"):
        locate(options(name), moved)
    assert locate(options(name), moved, ["evil.example"]).url == "https://evil.example"


@pytest.mark.parametrize(
    ("name", "key_env", "variable"),
    [
        ("openai/m", None, "OPENAI_API_KEY"),
        ("mistral/m", None, "MISTRAL_API_KEY"),
        ("openai/m", "MINE_TOKEN", "MINE_TOKEN"),
    ],
)
def test_a_missing_key_is_a_provider_error_that_names_the_variable(
    name: str, key_env: str | None, variable: str
) -> None:
    with pytest.raises(ProviderError) as raised:
        resolve(options(name, api_key_env=key_env), {}, ["*"])
    assert raised.value.exit_code == 5
    assert variable in raised.value.message
    assert f"export {variable}=" in raised.value.hint


def test_a_key_is_not_shown_by_repr() -> None:
    held = resolve(
        options("openai/m", headers={"X": "planted"}, base_url="https://api.openai.com/v1?key=planted"), KEYS
    )
    assert "sk-" not in f"{held!r}{held}{held.key}{[*held.headers]}"
    assert "planted" not in f"{held!r}{held}{held.query}{[*held.headers]}"


def test_a_key_with_a_line_break_inside_is_refused() -> None:
    with pytest.raises(ProviderError, match="OPENAI_API_KEY"):
        resolve(options("openai/m"), {"OPENAI_API_KEY": "sk\nX-Evil: 1"})


def test_every_host_is_listed_and_offline_contacts_none() -> None:
    models = [
        options("offline"),
        options("openai/m"),
        options("openai/n"),
        options("ollama/m"),
        options("m", base_url="http://gpu.lan:8000/v1"),
        options("anthropic/claude-haiku-4-5"),
    ]
    assert hosts(models) == [
        "api.anthropic.com",
        "api.openai.com",
        "gpu.lan:8000",
        "localhost:11434",
    ]
    assert hosts(models[:1]) == []


def test_every_vendor_of_the_file_has_what_its_entry_needs() -> None:
    known = vendors()
    assert known["openai"] == Vendor(
        ("OPENAI_API_KEY",),
        ("api.openai.com", ".api.openai.com"),
        fast=True,
        base_url="https://api.openai.com/v1",
        env=("OPENAI_BASE_URL", "OPENAI_API_BASE"),
        litellm="https://api.openai.com/v1",
    )
    assert known["hosted_vllm"].fast and known["hosted_vllm"].base_url is None
    assert [name for name, vendor in known.items() if not vendor.fast and not (vendor.keys and vendor.hosts)] == []
    assert [name for name, vendor in known.items() if any(host != host.lower() for host in vendor.hosts)] == []


class Elsewhere(ProviderFacts):
    """A provider as another package would write it."""


def test_a_provider_of_another_package_serves_the_names_that_begin_with_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = {**registry.targets("providers"), "elsewhere": f"{__name__}:Elsewhere"}
    monkeypatch.setattr(registry, "targets", lambda kind: shelf)
    monkeypatch.setattr(registry, "load", lambda kind, name: Elsewhere if name == "elsewhere" else load(kind, name))
    found = locate(options("elsewhere/a/b", api_key_env="MINE_KEY"), KEYS)
    assert (found.kind, found.model, found.key_env) == ("elsewhere", "a/b", "MINE_KEY")
    assert locate(options("elsewhere/a", base_url="http://localhost:1/v1"), KEYS).kind == "openai"
