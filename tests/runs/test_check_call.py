"""Whole runs where calls cost money: the first goes alone, sends what the run sends, and its reply is kept."""

from __future__ import annotations

import json
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.llm import retry
from datagen_cli.pipeline import runner
from tests.endpoint import HANG_S, Answer, Endpoint, refusal
from tests.grids import mostly_slow
from tests.runs.whole import generate, report, rows

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}, mood: {type: text}}
model: {name: any/model, base_url: "%s", %s}
count: 100
limits: {concurrency: 20}
"""
PAID = "price: {input_per_million: 1, output_per_million: 2}"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "AGAIN_S", 0.01)
    monkeypatch.setattr(runner, "AGAIN_NO_REPLY_S", 0.02)
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.02)


def recipe(tmp_path: Path, url: str, price: str = PAID) -> Path:
    path = tmp_path / "notes.yaml"
    path.write_text(RECIPE % (url, price))
    return path


def note(body: dict[str, Any], attempt: int = 1) -> str:
    return json.dumps({"records": [{"text": f"note number {body.get('seed')}", "mood": "calm"}]})


@pytest.mark.parametrize(("price", "more", "alone"), mostly_slow([
    (PAID, [], True),
    (PAID, ["--no-check-call"], False),
    (PAID, ["--set=limits.check_call=false"], False),
    ("price: free", [], False),
], 0, 3))  # fmt: skip
def test_the_first_call_goes_alone_where_calls_cost_money_and_its_reply_is_kept(
    price: str, more: list[str], alone: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(runner, "ALONE_S", HANG_S)
    second: Future[None] = Future()
    beside: list[int] = []

    def script(body: dict[str, Any], attempt: int) -> Answer:
        if endpoint.count == 1:
            return Answer(note(body), delay_s=0.2) if alone else Answer(note(body), held=second)
        if endpoint.count == 2:
            beside.append(endpoint.in_flight - 1 if body["seed"] != first_seed(endpoint) else 0)
            second.set_result(None)
        return Answer(note(body))

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint.url, price), "-o", tmp_path / "run", *more)
    assert (found["exit_code"], found["accepted"], endpoint.count) == (0, 100, 100)
    assert beside == [0 if alone else 1]


def thinking(body: dict[str, Any], attempt: int) -> Answer:
    return Answer(message={"content": None}, finish_reason="length", usage=(10, body["max_tokens"]))


def test_a_useless_first_reply_is_named_before_the_rest_is_paid_and_few_more_are_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(thinking) as endpoint:
        assert (
            generate(recipe(tmp_path, endpoint.url), "-o", tmp_path / "run", "--set=limits.attempts_per_record=1") == 3
        )
        said = capsys.readouterr().err
        first = endpoint.count
        found = report(capsys, recipe(tmp_path, endpoint.url), "-o", tmp_path / "run")
    assert "max_tokens" in said
    assert first <= 2 * (1 + 8) and found["rejected"] == {}


@pytest.mark.parametrize(("field", "sentence"), mostly_slow([
    ("seed", "Unrecognized request argument: seed"),
    ("response_format", "response_format is not supported"),
    ("max_tokens", "use max_completion_tokens"),
]))  # fmt: skip
def test_a_refused_parameter_is_found_out_by_one_call(
    field: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return refusal(400, sentence) if field in body else note({"seed": endpoint.count})

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint.url), "-o", tmp_path / "run")
    assert (found["exit_code"], found["accepted"], found["rejected"]) == (0, 100, {})
    assert sum(field in seen.body for seen in endpoint.requests) == 1


def test_a_first_call_that_fails_once_holds_up_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "ALONE_S", 10 * HANG_S)  # whoever waits for the first call waits until the test hangs

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return refusal(500, "this prompt never") if body["seed"] == first_seed(endpoint) else note(body)

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint.url), "-o", tmp_path / "run")
    assert (found["exit_code"], found["accepted"], found["rejected"]) == (3, 99, {})


def first_seed(endpoint: Endpoint) -> int:
    seed: int = endpoint.requests[0].body["seed"]
    return seed


def test_a_folder_that_has_replies_makes_no_check_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(note) as endpoint:
        path = recipe(tmp_path, endpoint.url)
        assert generate(path, "-o", tmp_path / "run", "-n", "10") == 0
        assert generate(path, "-o", tmp_path / "run") == 0
    assert len(rows(tmp_path / "run")) == 100 == endpoint.count
