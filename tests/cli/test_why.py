"""`datagen why` shows a prompt once and long messages by their first lines; `--full` shows all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.cli.app import run
from datagen_cli.cli.why import ShownPrompts

ASKED = "Write a Python program that computes the answer"
TURN = {"role": "user", "content": "Write a new record."}
LONG = {"role": "system", "content": "\n".join(f"line {number}" for number in range(1, 10))}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    code = 'validators=[{"code": {"question": "question", "answer": "answer", "solutions": 3}}]'
    assert run(["generate", "quickstart", "-n", "1", "-o", str(out), "--set", code, "--quiet"]) == 0
    return out


def test_the_same_prompt_is_shown_once_for_all_programs(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["why", str(made), "0"]) == 0
    short = capsys.readouterr().out
    assert run(["why", str(made), "0", "--full"]) == 0
    full = capsys.readouterr().out
    attempts, programs = short.count("\nattempt "), short.count("    code by offline")
    assert full.count(ASKED) == programs >= 2 * attempts
    assert short.count(ASKED) == attempts
    assert short.count("(the prompt is one of those above)") == programs - attempts
    assert len(short.splitlines()) < 0.7 * len(full.splitlines())
    assert "as above" not in full
    assert "more lines" not in full


def test_replies_and_verdicts_are_the_same_in_both(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for more in ([], ["--full"]):
        assert run(["why", str(made), "0", *more]) == 0
        lines = capsys.readouterr().out.splitlines()
        told.append(
            [line for line in lines if line.lstrip().startswith(("[reply", "def ", "print(", "code:", "results:"))]
        )
    assert told[0] == told[1] != []


def test_a_message_is_shown_by_its_first_lines_and_by_a_word_when_it_comes_again() -> None:
    prompts = ShownPrompts(full=False)
    assert prompts.lines({"messages": [LONG, TURN]}) == [
        "[system] line 1\nline 2\nline 3\nline 4\nline 5\n… 4 more lines: --full",
        "[user] Write a new record.",
    ]
    other = {"role": "user", "content": "Write another."}
    assert prompts.lines({"messages": [LONG, TURN, other]}) == [
        "[system] (as above)",
        "[user] Write a new record.",
        "[user] Write another.",
    ]
    assert prompts.lines({"messages": [LONG, TURN]}) == ["(the prompt is one of those above)"]
    assert ShownPrompts(full=True).lines({"messages": [LONG, LONG]}) == [f"[system] {LONG['content']}"] * 2
    assert prompts.lines({}) == []


def test_what_hides_one_line_only_is_shown_whole() -> None:
    six = {"role": "system", "content": "\n".join("abcdef")}
    assert ShownPrompts(full=False).lines({"messages": [six]}) == ["[system] a\nb\nc\nd\ne\nf"]
