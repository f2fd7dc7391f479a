"""How runs begin and end: signals at any time, failed starts that damage nothing, commands that can be pasted."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.cli.invocation import Invocation
from datagen_cli.pipeline.planned import Plan
from tests.runs.whole import generate, outcome, report, rows

SIGNALLED = """
import os, sys
from datagen_cli.cli.app import run
number, name = int(sys.argv[1]), sys.argv[2]
def at(event, arguments):
    global name
    if event == "open" and name and name in str(arguments[0]) and arguments[2] & os.O_CREAT:
        name = ""
        os.kill(os.getpid(), number)
sys.addaudithook(at)
sys.exit(run(sys.argv[3:]))
"""
"""A `datagen` that gets a signal as it makes the first file whose name holds some words."""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
@pytest.mark.parametrize("when", ["1-load.jsonl", "2-plan.jsonl", "3-generate.jsonl", "dataset-00000.new"])
def test_a_signal_at_any_time_ends_with_its_code_and_json(
    number: signal.Signals, code: int, when: str, tmp_path: Path
) -> None:
    # more attempts than usual: the simulation errs by chance, and a slot in some ten thousand errs six times
    options = ["--set=limits.attempts_per_record=12", "--set=validators=null", "--json"]
    arguments = ["tickets", "-n", "60", "-o", str(tmp_path / "run"), *options]
    command = [sys.executable, "-c", SIGNALLED, str(int(number)), when, "generate", *arguments]
    process = subprocess.run(command, capture_output=True, text=True)
    found = json.loads(process.stdout)
    assert found["exit_code"] == process.returncode
    if process.returncode == 0:  # only when all was written before the signal came
        assert when.startswith("dataset")
        assert (found["state"], found["accepted"]) == ("done", 60)
    else:
        assert process.returncode == code
    if process.returncode:
        assert "resume with: datagen generate tickets" in process.stderr
    assert generate(*arguments[:-1]) == 0
    assert len(rows(tmp_path / "run")) == 60


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("where", ["destructor", "suppressed"])
def test_a_signal_that_comes_as_the_run_starts_is_not_lost(
    where: str, number: signal.Signals, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the handler raises is swallowed, as it is inside a destructor or a callback of the event loop."""

    class Dying:
        def __del__(self) -> None:
            signal.raise_signal(number)

    written = Plan.write

    def write(*arguments: Any) -> None:
        if where == "destructor":
            Dying()
        else:
            with suppress(Exception):
                signal.raise_signal(number)
        written(*arguments)

    monkeypatch.setattr(Plan, "write", write)
    assert generate("tickets", "-n", "50", "-o", tmp_path / "run") == code
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "stopped"
    monkeypatch.setattr(Plan, "write", written)
    assert generate("tickets", "-n", "50", "-o", tmp_path / "run") == 0


def test_a_start_that_fails_damages_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    assert generate("tickets", "-n", "6", "-o", folder) == 0
    before, state = outcome(folder), (folder / "run.json").read_bytes()
    assert generate("tickets", "-n", "6", "-o", folder, "--model", "openai/gpt-4o-mini") == 5
    assert generate("tickets", "-n", "6", "-o", folder, "--cache", tmp_path / "none" / "x", "--seed", "5") == 2
    assert outcome(folder) == before
    assert (folder / "run.json").read_bytes() == state
    assert not (folder / "previous").exists()
    assert not list(folder.glob("calls.sqlite-*"))


def test_a_file_that_is_no_cache_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text("precious: true\n")
    assert generate("tickets", "-n", "2", "-o", tmp_path / "run", "--cache", tmp_path / "mine.yaml") == 2
    assert "this file is no call cache" in capsys.readouterr().err
    assert (tmp_path / "mine.yaml").read_text() == "precious: true\n"


def test_a_cap_says_to_raise_it_and_the_end_of_the_minutes_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["tickets", "-n", "5", "-o", tmp_path / "run", "--quiet"]
    assert generate(*arguments, "--max-total-tokens", "100") == 4
    assert "raise the cap, then resume with: datagen generate tickets" in capsys.readouterr().err
    assert generate(*arguments, "--max-minutes", "0.000001") == 4
    said = capsys.readouterr().err
    assert "hint: run the same command again, which has as many" in said
    assert "\nresume with: datagen generate tickets" in said
    assert "raise the cap" not in said


def test_the_resume_command_can_be_pasted() -> None:
    said = Invocation(
        recipe="my recipe.yaml",
        count=3,
        overrides=["a.b={c: 1}"],
        limits={"max_total_tokens": 1234567, "max_cost": 1234.5678, "max_minutes": 20.0},
    )
    words = shlex.split(said.line("generate"))
    assert words[:3] == ["datagen", "generate", "my recipe.yaml"]
    assert words[words.index("--max-total-tokens") + 1] == "1234567"
    assert words[words.index("--max-cost") + 1] == "1234.5678"
    assert words[words.index("--max-minutes") + 1] == "20"
    assert words[words.index("--set") + 1] == "a.b={c: 1}"


def test_new_runs_that_start_in_the_same_second_never_share_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = [report(capsys, "tickets", "-n", "2", "--new") for _ in range(3)]
    assert len({item["run"] for item in found}) == 3
    assert len({(tmp_path / item["run"] / "dataset.jsonl").read_bytes() for item in found}) == 3
    assert not list((tmp_path / "runs").glob("*/previous"))


def test_a_preview_refuses_another_recipes_folder_and_nothing_to_show(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate("tickets", "-n", "2", "-o", tmp_path / "run") == 0
    assert run(["preview", "quickstart", "-n", "1", "-o", str(tmp_path / "run")]) == 2
    assert "belongs to the recipe" in capsys.readouterr().err
    assert run(["preview", "tickets", "-n", "0", "-o", str(tmp_path / "other")]) == 2


def test_what_there_is_not_is_refused_and_nothing_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nonsense"]) == 2
    assert "hint: see datagen --help" in capsys.readouterr().err
    assert run([]) == 0
    assert "Make a dataset:" in capsys.readouterr().out


def test_json_keeps_the_words_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(capsys, "tickets", "-n", "2", "-o", tmp_path)
    capsys.readouterr()
    run(["generate", "tickets", "-n", "2", "-o", str(tmp_path), "--json"])
    said = capsys.readouterr()
    assert json.loads(said.out)["reason"].startswith("already complete")
    assert said.err.startswith("simulated:")
    assert "already complete; more: --count N; another: --new" in said.err
    assert said.err.rstrip().splitlines()[-1].startswith("next:")


def test_a_wrong_limit_is_named_by_its_own_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate("tickets", "--concurrency", "0", "-o", "/nonexistent") == 2
    assert capsys.readouterr().err.startswith("error: --concurrency: must be at least 1")
