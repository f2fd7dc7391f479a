"""What is said while a run goes on: counts, main reason, cost, what is waited for; no word is broken inside."""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli import console
from datagen_cli.cli.app import run
from datagen_cli.cli.progress import Progress, RunProgress
from datagen_cli.pipeline import runner, session
from tests.grids import mostly_slow

PULSE = {
    "new_records": 1204, "calls": 1650, "cached_calls": 12, "tokens": {"in": 900_000, "out": 300_331, "cached": 0},
    "cost_usd": 0.12, "in_flight": 64, "waits_for": "",
}  # fmt: skip


def counts(**pulse: Any) -> RunProgress:
    return RunProgress(2000, 1204, Counter(duplicate=255, label=157), {**PULSE, **pulse})


def test_the_line_tells_all_that_decides_whether_one_goes_on() -> None:
    assert counts().facts(100) == (
        "412 rejected, 255 for duplicate · 1,650 calls and 12 from the cache · 1,200,331 tokens"
        " · $0.1200, about $0.1993 in all · 12.0/s · 64 calls in flight"
    )
    waiting = counts(waits_for="openai/gpt takes no more calls until 10:03:12, as its headers say", cost_usd=None)
    assert waiting.facts(100).endswith("12.0/s · openai/gpt takes no more calls until 10:03:12, as its headers say")
    assert "cost unknown" in waiting.facts(100)
    assert RunProgress(5).facts(1) == "0 rejected · 0.0/s"
    assert RunProgress(5, accepted=2).facts(60) == "0 rejected · 2.0/min"
    assert "7 rejected, all for label" in RunProgress(5, 0, Counter(label=7)).facts(1)


def test_records_that_wait_for_an_earlier_one_are_told_and_shorten_what_is_left() -> None:
    """A small local model mends the second record after the first tries of all: nothing is judged until then."""
    first = RunProgress(20, 1, pulse={"new_records": 1})
    assert "about 76 min left" in first.lines(80, 240)[0]
    first.pulse = {"new_records": 1, "in_turn": 13}
    assert "about 1 min left" in first.lines(80, 200)[0] or "about 86 s left" in first.lines(80, 200)[0]
    assert first.facts(200) == "0 rejected · 13 done and waiting for an earlier one · 0.3/min"
    half = RunProgress(20, 1, Counter(label=1), {"new_records": 1, "in_turn": 10})
    assert "about 7 min left" in half.lines(80, 180)[0]


@pytest.mark.parametrize("width", range(60, 141, 4))
def test_no_word_is_broken_and_no_line_is_wider(width: int) -> None:
    lines = counts(waits_for="waiting for replies of hosted_vllm/Qwen3-30B since 10:03:12 (timeout_s: 60)").lines(
        width, 100
    )
    assert all(len(line) <= width for line in lines)
    whole = " ".join(lines)
    for part in ("1,204/2,000 accepted", "about 66 s left", "1,200,331 tokens", "hosted_vllm/Qwen3-30B since 10:03:12"):
        assert part in whole
    assert not any(line.startswith("·") for line in lines)


def test_six_rejections_and_nothing_kept_are_said_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(20, quiet=True)
    for slot in range(7):
        reason, detail = ("label", "asked for 'Delivery', got 'Billing'") if slot != 2 else ("length", "too short")
        progress.event("rejected", slot=slot, attempt=1, reason=reason, detail=detail)
    said = capsys.readouterr().err
    assert said == (
        "note: nothing is accepted yet; 5 of 6 attempts were rejected for label: asked for 'Delivery', got 'Billing'\n"
    )


def test_nothing_is_said_where_one_was_kept(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(20)
    progress.event("accepted", slot=0, attempt=1)
    for slot in range(30):
        progress.event("rejected", slot=slot, attempt=1, reason="label", detail="x")
    assert capsys.readouterr().err == ""


def test_verbose_tells_every_rejected_attempt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "tickets", "-n", "12", "-o", str(tmp_path / "run"), "-v",
                "--set", "model={name: offline, faults: {refusal: 0.4}}"]) == 0  # fmt: skip
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("rejected: slot ")]
    assert said and any("refused: the model declined" in line for line in said)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_in_a_terminal_words_break_at_spaces_and_commands_can_be_pasted(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24)))
    for name, value in {"TERM": "xterm", "NO_COLOR": "1", "CI": ""}.items():
        monkeypatch.setenv(name, value)
    words = " ".join(f"some-words-{number}" for number in range(30))
    command = "datagen generate 'my recipes/a.yaml' --set 'label={a: b c}' -o runs/a-rather-long-name --max-cost 0.5"
    console.say(f"  {words}")
    console.next_step(command)
    lines = terminal.getvalue().splitlines()
    assert all(len(line) <= columns for line in lines)
    told = [line for line in lines if not line.startswith(("next:", "    "))]
    assert " ".join(line.strip() for line in told) == words and all(line.startswith("  some") for line in told)
    pasted = "\n".join(lines[len(told) :]).replace(" \\\n    ", " ")
    assert pasted == f"next: {command}"


@pytest.mark.parametrize("columns", mostly_slow([60, 80, 120]))
def test_what_a_terminal_shows_of_a_run_fits_it_and_breaks_no_word(
    columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = "run"
    assert run(["generate", "quickstart", "-n", "4", "-o", folder, "--quiet"]) == 0
    for name, value in {"TERM": "xterm", "NO_COLOR": "1", "CI": "", "COLUMNS": str(columns)}.items():
        monkeypatch.setenv(name, value)
    asked = [["show", folder], ["why", folder, "0"], ["status", folder], ["prompt", "quickstart", "-n", "1"]]
    for words in asked:
        assert run(words) == 0
        whole = capsys.readouterr().out.split()
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", terminal)
            assert run(words) == 0
        capsys.readouterr()
        shown = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
        lines = shown.splitlines()
        assert [line for line in lines if len(line) > columns] == []
        assert sorted(word for word in shown.split() if "─" not in word) == sorted(
            word for word in whole if "─" not in word
        ), words


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds, which stands still."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_what_a_run_does_after_its_calls_is_told_now_and_then(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress(20_000)
    for done in range(0, 20_000, 256):
        progress.event("step", text="writing the dataset", done=done, of=20_000)
        clock[0] += 0.5
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "0/20,000 accepted · writing the dataset: 5,120 of 20,000"
    assert len(said) == 3


def test_what_follows_a_long_run_and_takes_no_time_is_not_told(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    """`24/24 accepted · writing the dataset: 0 of 24` would stay on the screen of a run that is over."""
    progress = Progress(24)
    clock[0] += 3600.0
    for text in ("writing the dataset", "writing what was not kept"):
        progress.event("step", text=text, done=0, of=24)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("folder", ["whole", "resumed"])
def test_writing_and_judging_tell_how_far_they_are(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before a reader would take the silence of a large run for its end."""
    monkeypatch.setattr("datagen_cli.core.telling.EVERY", 4)
    told: list[tuple[str, int, int]] = []
    event = Progress.event

    def listening(self: Progress, kind: str, **facts: Any) -> None:
        event(self, kind, **facts)
        if kind == "step":
            told.append((facts["text"], facts["done"], facts["of"]))

    monkeypatch.setattr(Progress, "event", listening)
    command = ["generate", "quickstart", "-n", "24", "-o", str(tmp_path / "run")]
    assert run(command) == 0
    if folder == "resumed":
        told.clear()
        (tmp_path / "run" / "dataset.jsonl").unlink()
        assert run(command) == 0
    assert [step for step in told if step[0] == "writing the dataset"] == [
        ("writing the dataset", done, 24) for done in range(0, 24, 4)
    ]


def test_counts_are_told_also_while_a_resumed_run_takes_up_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minutes of a large run beside other work, in which its loop never waits."""
    command = ["generate", "quickstart", "-n", "24", "-o", str(tmp_path / "run")]
    assert run(command) == 0
    (tmp_path / "run" / "dataset.jsonl").unlink()
    monkeypatch.setattr(session, "HEARTBEAT_S", 0.0)
    monkeypatch.setattr(runner, "REPLAYS_A_TURN", 1)
    told: list[int] = []
    event = Progress.event

    def listening(self: Progress, kind: str, **facts: Any) -> None:
        event(self, kind, **facts)
        if kind == "tick":
            told.append(self.counts.accepted)

    monkeypatch.setattr(Progress, "event", listening)
    assert run(command) == 0
    assert len(set(told)) >= 3
