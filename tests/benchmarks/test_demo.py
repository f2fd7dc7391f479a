"""`make demo`: a dozen lines for a newcomer, with the tool's own numbers, and commands that run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from benchmarks import demo
from datagen_cli import api
from datagen_cli.cli.app import run
from datagen_cli.core.errors import UsageError


@pytest.mark.slow
def test_it_shows_what_checking_answers_is_worth_and_two_commands_that_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo.main() == 0
    said = capsys.readouterr().out
    plain, checked = (
        [int(number) for number in re.search(rf"^ *{name} +(.+)$", said, flags=re.MULTILINE)[1].split()]  # type: ignore[index]
        for name in ("quickstart", "answers checked by programs")
    )
    assert plain[0] == checked[0] == 24 and plain[2] > 0
    assert checked[1:3] == [24, 0] and checked[3] > plain[3]
    assert re.search(r"programs compute \S+, the record says \S+", said)
    shown = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8").partition("$ make demo\n")[2]
    assert said.startswith(shown.partition("```")[0]), "README's first screen is what make demo prints"
    assert len(said.splitlines()) <= 20 and max(map(len, said.splitlines())) <= 100
    commands = [shlex.split(line)[1:] for line in said.partition("next: ")[2].splitlines()]
    assert [words[0] for words in commands] == ["why", "init"]
    assert [run(words) for words in commands] == [0, 0]


def test_where_programs_cannot_be_confined_it_says_so_and_shows_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = api.generate

    def generate(recipe: object, out: Path, **options: object) -> object:
        if out == demo.CHECKED:
            raise UsageError("no Landlock here")
        return whole(recipe, out, **options)  # type: ignore[arg-type]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(api, "generate", generate)
    assert demo.main() == 0
    said = capsys.readouterr().out
    assert "not checked: no Landlock here" in said and "show runs/demo" in said
