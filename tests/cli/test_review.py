"""`datagen review`: keys at a terminal, decisions of a file, and what it says of both."""

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli import console, keys
from datagen_cli.cli.app import run
from tests.runs.whole import generate, rows

RECIPE = """
version: 1
name: notes
description: Short notes about lamps.
fields: {text: {type: text, description: a note}, stars: {type: number}}
model: offline
count: 5
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "notes.yaml").write_text(RECIPE)
    assert generate(tmp_path / "notes.yaml", "-o", tmp_path / "run") == 0
    return tmp_path / "run"


def lines(folder: Path) -> list[dict[str, Any]]:
    return rows(folder, "review.jsonl")


def at_terminal(monkeypatch: pytest.MonkeyPatch, typed: str, said: tuple[str, ...] = ()) -> None:
    """A person who presses these keys, types these lines, and leaves `Mine.` in the editor."""
    pressed, answers = iter(typed), iter(said)
    monkeypatch.setattr(console, "is_terminal", lambda stream: stream is sys.stdin)
    monkeypatch.setattr(keys, "key", lambda: next(pressed))
    monkeypatch.setattr(keys, "line", lambda question: next(answers))
    monkeypatch.setattr(keys, "text", lambda before, suffix: "Mine." if suffix == ".txt" else "-4")


def test_keys_keep_reject_with_a_reason_edit_and_skip(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_terminal(monkeypatch, "kxresq", ("too vague", "text"))
    assert run(["review", str(folder)]) == 0
    ids = [row["id"] for row in rows(folder)]
    told = [{name: line[name] for name in ("id", "decision", "reason", "fields")} for line in lines(folder)]
    assert told == [
        {"id": ids[0], "decision": "keep", "reason": "", "fields": None},
        {"id": ids[1], "decision": "reject", "reason": "too vague", "fields": None},
        {"id": ids[2], "decision": "edit", "reason": "", "fields": {"text": "Mine."}},
    ]


def test_undo_takes_back_and_asks_of_that_record_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_terminal(monkeypatch, "kkurq", ("no",))
    run(["review", str(folder)])
    ids = [row["id"] for row in rows(folder)]
    assert [(line["id"], line["decision"]) for line in lines(folder)] == [(ids[0], "keep"), (ids[1], "reject")]


def test_the_same_command_goes_on_where_it_was_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_terminal(monkeypatch, "kkq")
    run(["review", str(folder)])
    capsys.readouterr()
    at_terminal(monkeypatch, "kkk")
    run(["review", str(folder)])
    assert [line["id"] for line in lines(folder)] == [row["id"] for row in rows(folder)]
    assert "3 of 5" in capsys.readouterr().out


def test_undo_reaches_decisions_of_an_earlier_session(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_terminal(monkeypatch, "kq")
    run(["review", str(folder)])
    at_terminal(monkeypatch, "urq", ("bad",))
    run(["review", str(folder)])
    assert [line["decision"] for line in lines(folder)] == ["reject"]


def test_a_sample_is_drawn_at_random_and_is_the_same_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_terminal(monkeypatch, "kk")
    run(["review", str(folder), "--sample", "2"])
    at_terminal(monkeypatch, "")
    assert run(["review", str(folder), "--sample", "2"]) == 0
    assert len(lines(folder)) == 2


def test_a_number_is_edited_as_a_number(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_terminal(monkeypatch, "eq", ("2",))
    run(["review", str(folder)])
    assert lines(folder)[0]["fields"] == {"stars": -4}


def test_without_a_terminal_nobody_is_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["review", str(folder)]) == 2
    assert "--from FILE" in capsys.readouterr().err
    assert run(["review", str(folder), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["exit_code"] == 2


def test_decisions_come_from_a_file_or_stdin(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [row["id"] for row in rows(folder)]
    given = tmp_path / "given.jsonl"
    given.write_text(
        json.dumps({"id": ids[0], "decision": "keep"}) + "\n\n" + json.dumps({"id": ids[1], "decision": "reject"})
    )
    capsys.readouterr()
    assert run(["review", str(folder), "--from", str(given), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["keep"], told["reject"], told["edit"], told["left"]) == (1, 1, 0, 3)
    edit = json.dumps({"id": ids[1], "decision": "edit", "fields": {"stars": 1}}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(edit)))
    assert run(["review", str(folder), "--from", "-", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["decisions"], told["reject"], told["edit"]) == (3, 0, 1)


@pytest.mark.parametrize("bad", ["[]", '{"id": "x-000000", "decision": "keep"}', '{"id": "ID", "decision": "perhaps"}'])
def test_a_file_with_a_bad_decision_is_refused_whole_and_its_line_named(
    folder: Path, tmp_path: Path, bad: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = rows(folder)[0]["id"]
    given = tmp_path / "given.jsonl"
    given.write_text(json.dumps({"id": name, "decision": "keep"}) + "\n" + bad.replace("ID", name) + "\n")
    assert run(["review", str(folder), "--from", str(given)]) == 2
    assert "given.jsonl:2" in capsys.readouterr().err
    assert not (folder / "review.jsonl").exists()


def test_an_editor_that_fails_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_terminal(monkeypatch, "eq", ("1",))
    monkeypatch.undo()
    monkeypatch.setenv("EDITOR", "false")
    with pytest.raises(Exception, match="ended with 1"):
        keys.text("before", ".txt")
    monkeypatch.setenv("EDITOR", "true")
    assert keys.text("before", ".txt") == "before"
    monkeypatch.setenv("EDITOR", "no-such-editor")
    with pytest.raises(Exception, match="cannot be started"):
        keys.text("before", ".txt")


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal: what a person types at, and what is read."""
    outer, inner = os.openpty()
    yield outer, inner
    os.close(outer)
    os.close(inner)


def test_one_key_is_read_at_a_time_and_arrows_are_no_keys(terminal: tuple[int, int]) -> None:
    outer, inner = terminal
    os.write(outer, b"kr")
    assert [keys.read_key(inner), keys.read_key(inner)] == ["k", "r"]
    os.write(outer, b"\x1b[A")
    assert keys.read_key(inner) == ""
    os.write(outer, "é".encode())
    assert keys.read_key(inner) == ""
    os.write(outer, b"q")
    assert keys.read_key(inner) == "q"
