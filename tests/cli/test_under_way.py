"""What a long command says of where it is: nothing of short steps, long ones by name, the same words more seldom."""

from __future__ import annotations

import pytest

from datagen_cli.cli.under_way import AGAIN, UnderWay, under_way


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)


def test_short_steps_are_not_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock(monkeypatch)
    told = UnderWay(10.0)
    for step in ("reading", "length", "aps"):
        told.say(step)
        clock.now += 3.0
        told.look()
    assert capsys.readouterr().err == ""


def test_a_step_that_lasts_is_said_although_it_began_silently(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock(monkeypatch)
    told = UnderWay(10.0)
    told.say("rows: remote_clique")
    lines = []
    for _ in range(24):
        clock.now += 5.0
        told.look()
        lines += capsys.readouterr().err.splitlines()
    assert lines[0] == "rows: remote_clique, for 10 s"
    assert lines == [f"rows: remote_clique, for {said}" for said in ("10 s", "1 min", "1 min 50 s")], AGAIN


def test_news_is_said_as_often_as_it_may_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock(monkeypatch)
    told = UnderWay(10.0)
    for done in range(0, 600, 10):
        told.say(f"{done} of 600 rows")
        clock.now += 1.0
    assert capsys.readouterr().err.splitlines() == [f"{done} of 600 rows" for done in range(100, 600, 100)]


def test_quiet_says_nothing_and_leaves_no_thread(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import threading

    before = threading.active_count()
    for quiet in (False, True):
        with under_way(quiet=quiet) as say:
            say("reading")
    assert threading.active_count() == before
    assert capsys.readouterr().err == ""
