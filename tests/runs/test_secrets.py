"""Keys, headers and passwords of whole runs: whom they reach, and where they are written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from datagen_cli.cli.app import run
from tests.endpoint import Answer, Endpoint
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
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 5, done.stderr
    assert json.loads(done.stdout)["exit_code"] == 5
    assert b"CONNECT api." in proxy.seen
    assert b"planted-openai-key" not in proxy.seen
    assert b"planted-anthropic-key" not in proxy.seen
    written = {str(path): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    written |= {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}
    assert [name for name, data in written.items() if b"planted-" in data or b"cGxhbnRlZC" in data] == []


SECRETS = {
    "vendor key": "planted-01-vendor-key",
    "own key": "planted-02-own-key",
    "key in .env": "planted-03-dotenv-key",
    "header": "planted-04-header",
    "variable in a header": "planted-05-header-variable",
    "query": "planted-06-query",
    "variable in a query": "planted-07-query-variable",
    "--set of a header": "planted-08-set-header",
    "--set of a model": "planted-09-set-model",
    "model file": "planted-10-model-file",
    "header of another role": "planted-11-reviewer-header",
    "proxy": "planted-12-proxy-password",
}
SECRET_RECIPE = """
version: 1
name: letters
description: Short letters to a shop.
fields: {text: {type: text}, kind: {type: label}}
label: {field: kind, values: {praise: kind words, blame: complaints}}
models:
  generator:
    - {name: GENERATOR, BASE api_key_env: KEY, timeout_s: 2, deadline_s: 3,
       headers: {X-One: planted-04-header, X-Two: "Bearer ${TWO_TOKEN}"}}
    - model.yaml
  reviewer: {name: any/other, base_url: "URL?key=${QUERY_KEY}&k=planted-06-query", api_key_env: DOTENV_KEY,
    headers: {Y: planted-11-reviewer-header}}
count: 3
validators: [{reflect: {rounds: 1}}]
limits: {patience_s: 1, attempts_per_record: 2, concurrency: 2}
"""
ANSWERS = {
    "reply": 200,
    "broken": 200,
    "inner": 200,
    "bad": 400,
    "key": 401,
    "away": 307,
    "gone": 404,
    "slow": 429,
    "down": 500,
}


def reflecting(kind: str, endpoint: Endpoint) -> Answer:
    """An answer that repeats all that the last request held: in its sentence, its reply, its headers."""
    seen = endpoint.requests[-1]
    echo = f"{seen.path} {dict(seen.headers)}"
    text = json.dumps({"records": [{"text": echo, "kind": "praise"}], "verdict": "yes", "reason": echo})
    if kind == "reply":
        return Answer(text, headers={"X-Echo": "e"})
    if kind == "broken":
        return Answer(body=echo.encode())
    body = json.dumps({"error": {"message": echo, "code": 400}}).encode()
    return Answer(status=ANSWERS[kind], body=body, headers={"Location": f"http://other{seen.path}"})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "kind"),
    [*(("fast", kind) for kind in ANSWERS), ("litellm", "reply"), ("litellm", "bad"), ("litellm", "key")],
)
def test_twelve_planted_secrets_stand_in_no_file_and_no_output(
    path: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("https_proxy", "http_proxy", "all_proxy")
    for name in names:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setenv(name, "http://planted-user:planted-12-proxy-password@127.0.0.1:9")
    for name, held in (
        ("ANTHROPIC_API_KEY", "vendor key"),
        ("MINE_KEY", "own key"),
        ("TWO_TOKEN", "variable in a header"),
    ):
        monkeypatch.setenv(name, SECRETS[held])
    monkeypatch.setenv("QUERY_KEY", SECRETS["variable in a query"])
    (tmp_path / ".env").write_text("DOTENV_KEY=planted-03-dotenv-key\n")
    box: list[Endpoint] = []
    with Endpoint(lambda body, attempt: reflecting(kind, box[0])) as endpoint:
        box.append(endpoint)
        monkeypatch.setenv("ANTHROPIC_API_BASE", endpoint.url)
        (tmp_path / "model.yaml").write_text(
            f"name: any/two\nbase_url: {endpoint.url}\ntimeout_s: 2\ndeadline_s: 3\n"
            "headers: {Z: planted-10-model-file}\n"
        )
        name, base, key = (
            ("anthropic/m", "", "ANTHROPIC_API_KEY") if path == "litellm" else ("any/m", "base_url: URL, ", "MINE_KEY")
        )
        recipe = SECRET_RECIPE.replace("GENERATOR", name).replace("BASE ", base).replace("URL", endpoint.url)
        Path("r.yaml").write_text(recipe.replace("KEY,", f"{key},").replace("DOTENV_" + key, "DOTENV_KEY"))
        judge = f"models.judge={{name: j, base_url: '{endpoint.url}', headers: {{A: planted-09-set-model}}}}"
        sets = ["--set", "models.reviewer.headers.B=planted-08-set-header", "--set", judge]
        run(["generate", "r.yaml", "-o", "out", *sets])
        run(["generate", "r.yaml", "-o", "out", "--json", *sets])
        asked = endpoint.count
        for command in ("validate", "prompt", "preview"):
            run([command, "r.yaml", *sets])
        run(["generate", "r.yaml", "-o", "other", "--dry-run", *sets])
        run(["generate", "out/recipe.lock.yaml", "-o", "third"])
        for command in ("status", "show", "show --rejected", "eval"):
            run([*command.split(), "out"])
        run(["why", "out", json.loads(Path("out/checkpoints/2-plan.jsonl").read_text().splitlines()[-1])["id"]])
        run(["eval", "out", "--recheck", "--trust-lock"])
        run(["doctor", "--model", "model.yaml"])
    sent = "".join(f"{seen.path} {dict(seen.headers)}" for seen in endpoint.requests)
    if (path, kind) == ("fast", "reply"):
        unsent = {"--set of a model", "proxy", "vendor key"}
        assert {name for name, secret in SECRETS.items() if secret not in sent} == unsent
    captured = capfd.readouterr()
    assert asked > 0 and "r.yaml" in captured.out + captured.err
    written = {
        str(file): file.read_bytes()
        for folder in ("out", "other", "third")
        for file in Path(folder).rglob("*")
        if file.is_file()
    }
    written |= {"stdout": captured.out.encode(), "stderr": captured.err.encode()}
    found = [(name, secret) for name, data in written.items() for secret in SECRETS if SECRETS[secret].encode() in data]
    assert found == []
    assert {"out/run.json", "out/recipe.lock.yaml", "out/calls.sqlite"} <= set(written)
