"""Whole runs against an endpoint that never answers one slot, refuses another, or goes away for a while."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.chat import Draw
from datagen_cli.llm import retry
from datagen_cli.llm.client import draw_seed
from datagen_cli.pipeline import runner
from tests.endpoint import Answer, Endpoint, impatient, refusal
from tests.grids import mostly_slow
from tests.runs.whole import generate, report, rows

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}}
model: {name: any/model, base_url: "%s", structured: off}
count: 30
limits: {concurrency: 8, attempts_per_record: 2}
"""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "AGAIN_S", 0.01)
    monkeypatch.setattr(runner, "AGAIN_NO_REPLY_S", 0.02)
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.02)


def recipe(tmp_path: Path, endpoint: Endpoint) -> Path:
    path = tmp_path / "notes.yaml"
    path.write_text(RECIPE % endpoint.url)
    return path


def note(body: dict[str, Any]) -> str:
    return f'{{"records": [{{"text": "note number {body["seed"]}"}}]}}'


def seeds_of(slot: int) -> set[int]:
    return {draw_seed(0, Draw(slot, attempt, "generate")) for attempt in (1, 2)}


@pytest.mark.parametrize("slots", mostly_slow([[29], [3, 29], [3]]))
def test_slots_that_are_never_answered_stay_open_and_withhold_nothing(
    slots: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch, *slots)
    silent = set().union(*map(seeds_of, slots))

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return Answer(never=True) if body["seed"] in silent else note(body)

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["state"], found["exit_code"], found["accepted"]) == ("short", 3, 30 - len(slots))
    assert (found["rejected"], found["no_reply"]) == ({}, 2 * len(slots))
    assert [int(slot["id"][-6:]) for slot in found["failed_slots"]] == slots
    assert all("no answer within 0.05 s" in slot["reason"] for slot in found["failed_slots"])
    assert sum(seen.body["seed"] not in silent for seen in endpoint.requests) == 30 - len(slots)


def test_a_refused_slot_and_a_silent_one_are_both_named_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch, 17)

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        if body["seed"] in seeds_of(5):
            return refusal(400, "this prompt is not allowed")
        return Answer(never=True) if body["seed"] in seeds_of(17) else note(body)

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        again = generate(recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["exit_code"], found["accepted"]) == (3, 28)
    reasons = {int(slot["id"][-6:]): slot["reason"] for slot in found["failed_slots"]}
    assert set(reasons) == {5, 17}
    assert "not allowed" in reasons[5] and "no answer within" in reasons[17]
    assert found["reason"]
    assert again == 3
    assert len(rows(tmp_path / "run")) == 28


def refused_connection(body: dict[str, Any]) -> Answer:
    return refusal(503, "down for a moment")


def dropped(body: dict[str, Any]) -> Answer:
    return Answer(drop=True)


@pytest.mark.parametrize("away", [refused_connection, dropped])
def test_an_endpoint_that_is_away_in_the_middle_costs_no_attempt(
    away: Callable[[dict[str, Any]], Answer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = 0

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        nonlocal seen
        seen += 1
        return away(body) if 15 < seen <= 60 else note(body)

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["state"], found["accepted"], found["rejected"]) == ("done", 30, {})
    assert endpoint.count == 30 + 45


def test_an_endpoint_that_dies_in_the_middle_stops_the_run_with_5_and_costs_no_attempt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alive = True

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return note(body) if endpoint.count <= 15 or not alive else Answer(never=True)

    with Endpoint(script) as endpoint:
        short = ("--set=model.timeout_s=0.2", "--set=limits.patience_s=0.3")
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run", *short)
        assert (found["state"], found["exit_code"], found["rejected"]) == ("failed", 5, {})
        alive = False
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["accepted"], found["exit_code"], found["rejected"]) == (30, 0, {})


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_model_that_is_lost_in_the_middle_ends_the_run_and_costs_no_attempt(
    concurrency: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = True
    more = ("-o", tmp_path / "run", f"--set=limits.concurrency={concurrency}")

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return refusal(404, "the model is not loaded") if lost and endpoint.count > 15 else note(body)

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), *more)
        assert (found["state"], found["exit_code"], found["rejected"]) == ("failed", 5, {})
        assert "not loaded" in found["error"] and found["accepted"] >= 15 - concurrency
        assert endpoint.count <= 15 + 5 + concurrency
        lost = False
        found = report(capsys, recipe(tmp_path, endpoint), *more)
    assert (found["accepted"], found["exit_code"], found["rejected"]) == (30, 0, {})
