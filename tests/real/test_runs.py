"""Whole runs on a real model: what comes out is parsed, typed, counted and resumed, whatever its wit; nothing hangs.
What depends on its wit is printed (`make test-real`)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from datagen_cli.cli.app import run
from tests.real_model import MODEL, needs_smollm2
from tests.runs.whole import report, rows

pytestmark = pytest.mark.real

SMALL: dict[str, Any] = {"name": MODEL, "temperature": 0.9, "max_tokens": 160, "context": 2048}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_smollm2("xllamacpp")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model's file with short replies."""
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(SMALL))
    return path


def recipe(tmp_path: Path, **more: Any) -> Path:
    """A recipe of one text and a label, with its own examples."""
    values: dict[str, Any] = {
        "version": 1,
        "name": "moods",
        "description": "Short remarks about the weather, as people make them to a neighbour.",
        "fields": {"text": {"type": "text", "description": "the remark"}, "mood": {"type": "label"}},
        "label": {"field": "mood", "values": {"glad": "likes the weather", "sad": "does not"}, "quota": "balanced"},
        "examples": {
            "inline": [
                {"text": "What a lovely warm morning, I might sit outside all day.", "mood": "glad"},
                {"text": "This rain has gone on for a week and my garden is drowned.", "mood": "sad"},
            ]
        },
        "model": SMALL,
        "count": 3,
        **more,
    }
    path = tmp_path / "moods.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def checked(found: dict[str, Any], folder: Path, fields: dict[str, type]) -> None:
    """The laws of every run, and what came of this one."""
    kept, lost = rows(folder), rows(folder, "rejected.jsonl")
    assert found["exit_code"] == (0 if found["accepted"] == found["count"] else 3)
    assert len(kept) == found["accepted"] and len(lost) == sum(found["rejected"].values())
    assert found["simulated"] is False and found["cost_usd"] == 0
    assert found["calls"] > 0 and found["tokens"]["in"] > 0 and found["tokens"]["out"] > 0
    for row in kept:
        assert row["simulated"] is False
        assert {name: type(row[name]) for name in fields} == fields
        assert set(row["verdicts"].values()) <= {"pass", "fail", "unknown"}
    assert all(row["stage"] and row["reason"] for row in lost)
    tokens = found["tokens"]["in"] / max(found["accepted"], 1)
    print(
        f"\n{folder.name}: {found['accepted']} of {found['accepted'] + len(lost)} attempts kept,"
        f" {tokens:,.0f} prompt tokens a good record, {found['seconds']:.0f} s; not kept: {found['rejected']}"
    )


@pytest.mark.parametrize(("name", "fields"), [("tickets", ("text", "category")), ("ag_news", ("text", "label"))])
def test_a_shipped_recipe(name: str, fields: tuple[str, ...], model: Path, tmp_path: Path, capsys: Any) -> None:
    few = "limits.attempts_per_record=2"  # a model this small is seldom right about its own labels
    found = report(capsys, name, "-m", model, "-n", "4", "--set", few, "-o", tmp_path / name)
    with capsys.disabled():
        checked(found, tmp_path / name, dict.fromkeys(fields, str))


def test_checks_that_ask_are_answered_and_repairs_are_counted(tmp_path: Path, capsys: Any) -> None:
    file = recipe(
        tmp_path,
        constraints=[{"ask": "The remark is about the weather."}, {"length": {"field": "text", "max_words": 25}}],
        validators=[{"reflect": {"rounds": 1, "on_fail": "keep"}}],
    )
    found = report(capsys, file, "-o", tmp_path / "run")
    with capsys.disabled():
        checked(found, tmp_path / "run", {"text": str, "mood": str})
        said = [verdict for row in rows(tmp_path / "run") for verdict in row["verdicts"].values()]
        print(f"verdicts: { {one: said.count(one) for one in sorted(set(said))} }")


def test_several_fields_of_several_types_come_as_json(tmp_path: Path, capsys: Any) -> None:
    file = recipe(
        tmp_path,
        description="Questions about adding small whole numbers, each with its answer.",
        fields={"question": {"type": "text"}, "answer": {"type": "number"}},
        label={"field": "answer", "quota": "none"},
        examples={
            "inline": [{"question": "What is 2 plus 3?", "answer": 5}, {"question": "What is 10 plus 4?", "answer": 14}]
        },
    )
    found = report(capsys, file, "-o", tmp_path / "run")
    kept = rows(tmp_path / "run")
    with capsys.disabled():
        print(f"\nseveral fields: {found['accepted']} of {found['count']}; not kept: {found['rejected']}")
    assert all(isinstance(row["question"], str) and isinstance(row["answer"], int | float) for row in kept)
    assert found["exit_code"] in (0, 3) and found["accepted"] == len(kept)


def test_a_preview_is_not_paid_again(tmp_path: Path, capsys: Any) -> None:
    file = recipe(tmp_path)
    assert run(["preview", str(file), "-n", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    found = report(capsys, file)
    assert found["cached_calls"] >= 2


def test_a_killed_run_goes_on_and_leaves_no_server(tmp_path: Path, capsys: Any) -> None:
    file, folder = recipe(tmp_path, count=5), tmp_path / "run"
    command = [sys.executable, "-m", "datagen_cli", "generate", str(file), "-o", str(folder), "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        made = folder / "checkpoints" / "3-generate.jsonl"
        end = time.monotonic() + 120
        while time.monotonic() < end and process.poll() is None and not (made.is_file() and made.stat().st_size):
            time.sleep(0.05)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    before = len(made.read_bytes().splitlines())
    found = report(capsys, file, "-o", folder)
    assert found["exit_code"] in (0, 3) and found["accepted"] == len(rows(folder))
    assert len(made.read_bytes().splitlines()) > before or found["accepted"] < 5
    assert _servers() == []


def test_an_interrupted_run_says_so_and_leaves_no_server(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "datagen_cli", "generate", str(recipe(tmp_path, count=40)), "-o", "run"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(6)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=90)
    assert process.returncode == 130, told
    assert "resume with" in told and _servers() == []


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
