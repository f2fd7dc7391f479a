"""Keys, headers and passwords of whole runs: whom they reach, and where they are written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.attack.secrets import ANSWERS, tried
from datagen_cli.cli.app import run
from tests.endpoint import Endpoint
from tests.llm.recording_proxy import RecordingProxy

RECIPE = """
version: 1
name: letters
description: Short letters to a shop.
fields: {text: {type: text}}
model: {name: %s, timeout_s: 1, deadline_s: 2}
count: 2
limits: {patience_s: 2}
"""
ROUTING = {
    "api_base": "https://evil.example",
    "base_url": "https://evil.example",
    "custom_llm_provider": "openai",
    "fallbacks": ["openai/gpt-4o"],
    "context_window_fallback_dict": {"m": "openai/gpt-4o"},
    "api_key": "k",
    "api_version": "1",
    "organization": "o",
    "extra_headers": {"X": "y"},
    "headers": {"X": "y"},
    "extra_body": {"provider": {"order": ["x"]}},
    "extra_query": {"a": "b"},
    "client": "c",
    "aws_bedrock_runtime_endpoint": "https://evil.example",
    "aws_profile_name": "p",
    "vertex_credentials": "/etc/passwd",
    "azure_ad_token": "t",
    "provider": {"order": ["x"]},
    "models": ["a"],
    "route": "fallback",
    "mock_response": "m",
    "proxy": "http://evil.example",
    "ssl_verify": False,
    "model_list": [],
    "metadata": {"a": "b"},
    "callbacks": ["x"],
    "tools": [],
    "web_search_options": {},
    "stream": True,
    "messages": [],
    "model": "other",
    "n": 9,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "hosted_vllm/m"])
@pytest.mark.parametrize("routing", sorted(ROUTING))
def test_params_that_do_more_than_sampling_are_refused_and_nothing_is_sent(
    name: str, routing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "planted-key")
    recipe = tmp_path / "letters.yaml"
    with Endpoint(lambda body, attempt: "ok") as endpoint:
        model = {"name": name, "params": {"min_p": 0.1, routing: ROUTING[routing]}}
        if name.startswith("hosted"):
            model["base_url"] = endpoint.url
        recipe.write_text(RECIPE.replace("{name: %s, timeout_s: 1, deadline_s: 2}", json.dumps(model)))
        assert run(["generate", str(recipe), "-o", str(tmp_path / "out")]) == 2
        assert run(["validate", str(recipe)]) == 2
    said = capsys.readouterr().err
    assert f"letters.yaml:6: model.params.{routing}: unknown option" in said
    assert "\nhint: " in said
    assert endpoint.requests == []
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"])
@pytest.mark.parametrize("status", [407, 502, 0])
def test_a_proxy_and_its_password_stand_nowhere(name: str, status: int, tmp_path: Path) -> None:
    answer = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode() if status else b""
    (tmp_path / "letters.yaml").write_text(RECIPE % name)
    out = tmp_path / "out"
    with RecordingProxy(answer) as proxy:
        environ = {
            **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
            "HTTPS_PROXY": f"http://planted-user:planted-pass@{proxy.place}",
            "OPENAI_API_KEY": "planted-openai-key",
            "ANTHROPIC_API_KEY": "planted-anthropic-key",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        command = [sys.executable, "-m", "datagen_cli", "generate", "letters.yaml", "-o", "out", "--json"]
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=600)
    assert done.returncode == 5, done.stderr
    assert json.loads(done.stdout)["exit_code"] == 5
    assert b"CONNECT api." in proxy.seen
    assert b"planted-openai-key" not in proxy.seen
    assert b"planted-anthropic-key" not in proxy.seen
    written = {str(path): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    written |= {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}
    assert [name for name, data in written.items() if b"planted-" in data or b"cGxhbnRlZC" in data] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "kind"),
    [*(("fast", kind) for kind in ANSWERS), ("litellm", "reply"), ("litellm", "bad"), ("litellm", "key")],
)
def test_twelve_planted_secrets_stand_in_no_file_and_no_output(path: str, kind: str, tmp_path: Path) -> None:
    assert tried(path, kind, "", tmp_path) == ""
    assert "r.yaml" in (tmp_path / "said.txt").read_text()
    assert {"run.json", "recipe.lock.yaml", "calls.sqlite"} <= {file.name for file in (tmp_path / "out").iterdir()}
