"""`validate` refuses what a run would refuse: a key for a host that it is not for; a key that is missing is a note."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.cli.app import run

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}}
model: {name: m, base_url: "%s", api_key_env: %s}
count: 20
"""


def validate(path: Path, url: str, key: str, *more: str) -> int:
    (path / "r.yaml").write_text(RECIPE % (url, key))
    return run(["validate", str(path / "r.yaml"), *more])


def test_of_many_labels_and_values_the_first_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = list(range(40))
    fields = "fields={text: {type: text}, c: {type: label}}"
    values = [fields, f"label={{field: c, values: {many}}}", f"attributes={{x1: {many}}}"]
    assert validate(tmp_path, "http://127.0.0.1:9/v1", "ANY_KEY", *(f"--set={value}" for value in values)) == 0
    said = capsys.readouterr().out
    assert "label: c, quota 0 2 %, 1 2 %, 2 2 %," in said and "11 2 % and 28 more\n" in said
    assert "attribute x1: 0, 1, 2," in said and ", 11 and 28 more\n" in said


@pytest.mark.parametrize("url", ["https://api.openai.com.evil.example/v1", "http://api.openai.com/v1"])
def test_a_key_that_a_run_would_not_send_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    assert validate(tmp_path, url, "OPENAI_API_KEY") == 2
    assert "OPENAI_API_KEY" in capsys.readouterr().err


def test_a_key_of_no_vendor_goes_where_the_user_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", "none")
    assert validate(tmp_path, "https://models.house.example/v1", "HOUSE_TOKEN") == 2
    assert (
        validate(tmp_path, "https://models.house.example/v1", "HOUSE_TOKEN", "--allow-host", "models.house.example")
        == 0
    )


def test_a_key_that_is_not_set_is_said_and_the_recipe_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert validate(tmp_path, "https://api.openai.com/v1", "OPENAI_API_KEY") == 0
    told = capsys.readouterr().err
    assert "would not begin here" in told
    assert f"\nnext: datagen prompt {tmp_path}/r.yaml\n" in told
