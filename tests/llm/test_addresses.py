"""Other addresses than a vendor's own: what the environment names is used, shown and priced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.environment import read_environment
from datagen_cli.config.models import ModelOptions
from datagen_cli.core.errors import UsageError
from datagen_cli.llm.keys import hosts, locate
from datagen_cli.llm.prices import FREE, price_of
from datagen_cli.llm.vendors import litellm_catalog, names_of_address, vendors


def options(name: str, **more: Any) -> ModelOptions:
    return ModelOptions(name=name, **more)


@pytest.mark.parametrize(
    ("name", "environ", "url"),
    [
        ("openai/m", {"OPENAI_BASE_URL": "http://localhost:8000/v1"}, "http://localhost:8000/v1/chat/completions"),
        ("openai/m", {"OPENAI_API_BASE": " http://127.0.0.1:9/x/ "}, "http://127.0.0.1:9/x/chat/completions"),
        ("openai/m", {"OPENAI_BASE_URL": "", "OPENAI_API_BASE": "http://[::1]:9"}, "http://[::1]:9/chat/completions"),
        ("openai/m", {"OPENAI_BASE_URL": "localhost:8000"}, "http://localhost:8000/v1/chat/completions"),
        ("ollama/m", {"OLLAMA_HOST": "0.0.0.0"}, "http://localhost:11434/v1/chat/completions"),
        ("ollama/m", {"OLLAMA_HOST": "0.0.0.0:9999"}, "http://localhost:9999/v1/chat/completions"),
        ("ollama/m", {"OLLAMA_HOST": ":9999"}, "http://localhost:9999/v1/chat/completions"),
        ("ollama/m", {"OLLAMA_HOST": "gpu.lan"}, "http://gpu.lan:11434/v1/chat/completions"),
        ("ollama/m", {"OLLAMA_HOST": "[::1]:9999"}, "http://[::1]:9999/v1/chat/completions"),
        ("ollama/m", {"OLLAMA_HOST": "http://gpu.lan:9999"}, "http://gpu.lan:9999/v1/chat/completions"),
        ("ollama/m", {"OLLAMA_HOST": "https://gpu.lan/ollama/v1"}, "https://gpu.lan/ollama/v1/chat/completions"),
        ("ollama/m", {"OPENAI_BASE_URL": "http://localhost:8000/v1"}, "http://localhost:11434/v1/chat/completions"),
        ("hosted_vllm/m", {"HOSTED_VLLM_API_BASE": "http://gpu.lan:1/v1"}, "http://gpu.lan:1/v1/chat/completions"),
        ("lm_studio/m", {"LM_STUDIO_API_BASE": "http://gpu.lan:1/v1"}, "http://gpu.lan:1/v1/chat/completions"),
    ],
)
def test_the_address_of_the_environment_is_followed_and_shown(name: str, environ: dict[str, str], url: str) -> None:
    found = locate(options(name), environ)
    assert found.url == url
    assert hosts([options(name)], environ) == [found.host]
    assert locate(options(name, base_url="http://gpu.lan:8/v1"), environ).host == "gpu.lan:8"


@pytest.mark.parametrize(
    "value", ["ftp://a/v1", "http://", "http://me:pw@gpu.lan/v1", "gpu.lan:port", "http://g/v1?k=1"]
)
def test_an_address_of_the_environment_that_is_none_is_refused_by_its_name(value: str) -> None:
    with pytest.raises(UsageError, match="OPENAI_BASE_URL holds no http address") as raised:
        locate(options("openai/m"), {"OPENAI_BASE_URL": value})
    assert "pw" not in f"{raised.value}{raised.value.hint}"


NAMED = [(prefix, name) for prefix, vendor in vendors().items() for name in names_of_address(prefix, vendor)]


@pytest.mark.slow
@pytest.mark.parametrize(("prefix", "name"), NAMED)
def test_the_address_that_the_environment_names_is_shown_and_priced_for_every_vendor(
    prefix: str, name: str, tmp_path: Path
) -> None:
    """`*_API_BASE` and its like, from the environment and from `.env`: used, shown and priced is the same address."""
    listed = next((n for n in litellm_catalog() if n.startswith(f"{prefix}/")), f"{prefix}/m")
    (tmp_path / ".env").write_text(f'{name}="http://127.0.0.1:9/v1"\n')
    for environ in ({name: "http://127.0.0.1:9/v1"}, read_environment({}, tmp_path)):
        target = locate(options(listed), environ)
        assert (target.host, target.loopback) == ("127.0.0.1:9", True)
        assert str(target.url).startswith("http://127.0.0.1:9/v1")
        assert hosts([options(listed)], environ) == ["127.0.0.1:9"]
        assert price_of(options(listed), target) == FREE
    away = {name: "https://elsewhere.example/v1"}
    target = locate(options(listed), away, ["elsewhere.example"])
    free = vendors()[prefix].free
    assert (target.host, price_of(options(listed), target)) == ("elsewhere.example", FREE if free else None)
    with pytest.raises(UsageError, match=f"{name} holds no http address"):
        locate(options(listed), {name: "ftp://127.0.0.1/v1"})


@pytest.mark.parametrize(
    "name", ["gpt-4o", "bedrock_converse/anthropic.claude-3-haiku-20240307-v1:0", "reka/reka-core"]
)
def test_no_price_of_the_table_goes_with_an_address_of_somebody_else(name: str) -> None:
    moved = {"OPENAI_API_BASE": "https://x.example", "BEDROCK_CONVERSE_API_BASE": "https://x.example"}
    moved |= {"REKA_API_BASE": "https://x.example", "AWS_REGION": "eu-west-1"}
    assert price_of(options(name), locate(options(name), moved, ["*"])) is None


def test_a_vendors_key_does_not_follow_the_environment_to_another_host() -> None:
    moved = {"OPENAI_BASE_URL": "https://evil.example/v1"}
    assert locate(options("openai/m"), moved).key_env is None
    with pytest.raises(UsageError, match=r"evil\.example is not that vendor's host"):
        locate(options("openai/m"), {**moved, "OPENAI_API_KEY": "sk-1"})
    assert locate(options("openai/m"), {**moved, "OPENAI_API_KEY": "sk-1"}, ["evil.example"]).host == "evil.example"
    assert price_of(options("openai/gpt-4o-mini"), locate(options("openai/gpt-4o-mini"), moved)) is None
    assert price_of(options("openai/gpt-4o-mini"), locate(options("openai/gpt-4o-mini"), {})) is not None
