"""Whole runs on a real model: what comes out is parsed, typed, counted and resumed, whatever its wit; nothing hangs.
What depends on its wit is printed (`make test-real`)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from datagen_cli.cli.app import run
from tests.real.small import MOODS, NUMBERS, SMALL, SUMS, WEATHER, checked, recipe
from tests.runs.whole import report, rows, signalled

pytestmark = pytest.mark.real
Tell = Callable[[str], None]


@pytest.mark.parametrize(("name", "fields"), [("ag_news", ("text", "label")), ("tickets", ("text", "category"))])
def test_a_shipped_recipe(name: str, fields: tuple[str, ...], tmp_path: Path, capsys: Any, tell: Tell) -> None:
    model = tmp_path / "small.yaml"
    model.write_text(yaml.safe_dump(SMALL))
    once = "limits.attempts_per_record=1"  # a model this small is seldom right about its own labels
    found = report(capsys, name, "-m", model, "-n", "3", "--set", once, "-o", tmp_path / name)
    checked(found, tmp_path / name, dict.fromkeys(fields, str), tell)


def test_what_fails_is_asked_for_once_more_with_the_failure_and_then_turned_away(
    tmp_path: Path, capsys: Any, tell: Tell
) -> None:
    never = {"pattern": {"field": "text", "regex": "^qqq$", "name": "never"}}
    bare = {key: value for key, value in MOODS.items() if key != "examples"}  # no example would keep it either
    file = recipe(
        tmp_path,
        bare,
        count=2,
        constraints=[never],
        limits={"attempts_per_record": 1},
        model={**SMALL, "max_tokens": 120},
    )
    found = report(capsys, file, "-o", tmp_path / "repair")
    checked(found, tmp_path / "repair", WEATHER, tell)
    told = json.loads((tmp_path / "repair" / "run.json").read_text())
    turned = found["rejected"]
    assert found["accepted"] == 0 and sum(turned.values()) == 2 and turned["never"] >= 1, told  # one may be cut off
    assert found["calls"] >= 3  # a record and its repair


def test_several_fields_of_several_types_come_as_json(tmp_path: Path, capsys: Any, tell: Tell) -> None:
    found = report(capsys, recipe(tmp_path, SUMS), "-o", tmp_path / "fields")
    checked(found, tmp_path / "fields", NUMBERS, tell)


def test_several_records_come_in_one_call(tmp_path: Path, capsys: Any, tell: Tell) -> None:
    found = report(capsys, recipe(tmp_path, records_per_call=3), "-o", tmp_path / "batch")
    checked(found, tmp_path / "batch", WEATHER, tell)


def test_a_text_to_go_on_with_takes_the_place_of_a_conversation(tmp_path: Path, capsys: Any, tell: Tell) -> None:
    file = recipe(tmp_path, count=2, model={**SMALL, "form": "completion"}, limits={"attempts_per_record": 1})
    found = report(capsys, file, "-o", tmp_path / "completion")
    checked(found, tmp_path / "completion", WEATHER, tell)


def test_a_preview_is_not_paid_again(tmp_path: Path, capsys: Any) -> None:
    file = recipe(tmp_path)
    assert run(["preview", str(file), "-n", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    found = report(capsys, file)
    assert found["cached_calls"] >= 2


def test_a_killed_run_goes_on_and_leaves_no_server(tmp_path: Path, capsys: Any) -> None:
    file, folder = recipe(tmp_path, count=5), tmp_path / "run"
    command = [*signalled(signal.SIGKILL, "generate", 1), "generate", str(file), "-o", str(folder), "--quiet"]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    made = folder / "checkpoints" / "3-generate.jsonl"
    before = len(made.read_bytes().splitlines())
    found = report(capsys, file, "-o", folder)
    assert found["exit_code"] in (0, 3) and found["accepted"] == len(rows(folder))
    assert len(made.read_bytes().splitlines()) > before or found["accepted"] < 5
    assert _servers() == []


def test_an_interrupted_run_says_so_and_leaves_no_server(tmp_path: Path) -> None:
    command = [*signalled(signal.SIGINT, "generate", 1), "generate", str(recipe(tmp_path, count=40)), "-o", "run"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 130, ended.stderr
    assert "resume with" in ended.stderr and _servers() == []


def _servers() -> list[int]:
    """Servers of llama.cpp whose parent is gone: those of other runs on this machine have one."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, state = (folder / "cmdline").read_bytes(), (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if b"gguf/child.py" in command and int(state[1]) in (1, os.getpid()) and state[0] != "Z":
            found.append(int(folder.name))
    return found
