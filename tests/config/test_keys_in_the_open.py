"""A key in a place of a model that is written as it is: refused, and not repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.cli.app import run

KEY = "planted-01-AbCdEf1234567890xyz"
RECIPE = """
version: 1
name: letters
description: Short letters to a shop.
fields: {text: {type: text}}
model: MODEL
count: 1
"""
PLACES = {
    "name of a header": '{name: any/m, base_url: "http://127.0.0.1:9/v1", headers: {KEY: x}}',
    "name of a model": '{name: any/KEY, base_url: "http://127.0.0.1:9/v1"}',
    "short form": "any/KEY",
    "place of an address": '{name: any/m, base_url: "http://127.0.0.1:9/KEY/v1"}',
    "value of a parameter": '{name: any/m, base_url: "http://127.0.0.1:9/v1", params: {stop: [KEY]}}',
    "name of a parameter": '{name: any/m, base_url: "http://127.0.0.1:9/v1", params: {KEY: 1}}',
    "an option": "{name: any/m, KEY: 1}",
    "variable of a key": '{name: any/m, base_url: "http://127.0.0.1:9/v1", api_key_env: KEY}',
}


@pytest.mark.parametrize("command", ["generate", "validate", "preview", "prompt"])
@pytest.mark.parametrize("where", PLACES)
def test_a_key_in_a_place_that_is_written_is_refused_and_stands_nowhere(
    where: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINE_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    Path("r.yaml").write_text(RECIPE.replace("MODEL", PLACES[where].replace("KEY", KEY)))
    assert run([command, "r.yaml"]) == 2
    told = capfd.readouterr()
    assert "MINE_KEY" in told.err
    assert KEY not in told.out + told.err
    assert [file.name for file in tmp_path.iterdir()] == ["r.yaml"]


@pytest.mark.parametrize(
    "name",
    [
        "sk-proj-AbCdEf1234567890xyz", "hf_AbCdEf1234567890", "Authorization: Bearer x", "X-A: b",
        "AKIAIOSFODNN7EXAMPLE", "X-0123456789abcdef0123456789abcdef", "a b", "é",
    ],
)  # fmt: skip
def test_what_is_no_headers_name_is_refused_and_not_repeated(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model = f"{{name: any/m, base_url: 'http://127.0.0.1:9/v1', headers: {{'{name}': x}}}}"
    Path("r.yaml").write_text(RECIPE.replace("MODEL", model))
    assert run(["generate", "r.yaml", "-o", "out"]) == 2
    told = capfd.readouterr()
    assert "model.headers: the name of one is not valid for a header" in told.err
    assert name not in told.err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    "name",
    ["Authorization", "X-Api-Key", "api-key", "HTTP-Referer", "X-Title", "anthropic-version", "OpenAI-Organization",
     "X-Amz-Content-Sha256", "Helicone-Auth", "CF-Access-Client-Secret", "x_portkey_provider", "X-GitHub-Api-Version"],
)  # fmt: skip
def test_names_of_headers_are_taken(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = f"{{name: any/m, base_url: 'http://127.0.0.1:9/v1', headers: {{'{name}': x}}}}"
    Path("r.yaml").write_text(RECIPE.replace("MODEL", model))
    assert run(["validate", "r.yaml"]) == 0
