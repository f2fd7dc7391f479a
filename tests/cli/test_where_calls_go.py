"""Where calls go is said when they can go there, not before the error that none can."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.cli.app import run


def test_without_a_key_nothing_is_said_to_go_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert run(["generate", "tickets", "-n", "2", "--model", "openai/gpt-4o-mini"]) == 5
    said = capsys.readouterr().err
    assert "OPENAI_API_KEY is not set" in said
    assert "calls go to" not in said
