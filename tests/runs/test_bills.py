"""No bill lies, and a run that gets nowhere ends early: what was used is counted, what is useless is bought once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.llm.retry import FOREIGN_CALLS
from datagen_cli.pipeline import runner
from tests.endpoint import HANG_S, Answer, Endpoint, completion, refusal
from tests.grids import mostly_slow
from tests.runs.whole import report, rows

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}}
model:
  {name: any/model, base_url: "%s", structured: json,
   price: {input_per_million: 1, output_per_million: 10, cached_per_million: 0.1}}
count: 12
limits: {concurrency: 4, patience_s: 30}
"""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "AGAIN_S", 0.01)
    monkeypatch.setattr(runner, "AGAIN_NO_REPLY_S", 0.02)


def recipe(tmp_path: Path, endpoint: Endpoint) -> Path:
    path = tmp_path / "notes.yaml"
    path.write_text(RECIPE % endpoint.url)
    return path


def note(body: dict[str, Any], attempt: int = 1) -> str:
    return json.dumps({"records": [{"text": f"note number {body['seed']}"}]})


def used(usage: Any) -> Any:
    """A script whose replies say this of what they used."""

    def script(body: dict[str, Any], attempt: int) -> Answer:
        value = json.loads(completion(body, Answer(note(body))))
        return Answer(body=json.dumps({**value, "usage": usage}).encode())

    return script


@pytest.mark.parametrize(
    ("usage", "into", "out", "cached"),
    mostly_slow([
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 1010}, 10, 1000, 0),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 90}},
            10, 95, 0,
        ),
        ({"prompt_tokens": 10, "total_tokens": 15}, 10, 5, 0),
        ({"input_tokens": 10, "output_tokens": 5}, 10, 5, 0),
        ({"prompt_tokens": 10.0, "completion_tokens": 5.0}, 10, 5, 0),
        ({"prompt_tokens": "10", "completion_tokens": "5", "total_tokens": "40"}, 10, 30, 0),
        (
            {"input_tokens": 4, "cache_read_input_tokens": 6, "cache_creation_input_tokens": 3, "output_tokens": 5},
            13, 5, 6,
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 8}},
            10, 5, 8,
        ),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 99}, 10, 5, 10),
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": "many"}, 10, 5, 0),
    ], 0, 3),
)  # fmt: skip
def test_what_a_reply_used_is_counted_wherever_it_is_said(
    usage: Any, into: int, out: int, cached: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(used(usage)) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert found["tokens"] == {"in": 12 * into, "out": 12 * out, "cached": 12 * cached}
    assert found["cost_usd"] == pytest.approx(12e-6 * (into - cached + 0.1 * cached + 10 * out))
    assert found["accepted"] == 12


@pytest.mark.parametrize(
    "usage",
    mostly_slow([
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"prompt_tokens": 10, "completion_tokens": 0},
        {"prompt_tokens": -1, "completion_tokens": 5},
        {"prompt_tokens": True, "completion_tokens": 5},
        "10 in, 5 out", 15, [10, 5], {}, None,
    ], 0, 3),
    ids=str,
)  # fmt: skip
def test_what_cannot_be_counted_is_settled_at_its_most_and_said_and_the_reply_is_kept(
    usage: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(used(usage)) as endpoint:
        assert run(["generate", str(recipe(tmp_path, endpoint)), "-o", str(tmp_path / "run")]) == 0
    found = json.loads((tmp_path / "run" / "run.json").read_text())
    assert found["tokens"]["out"] == 12 * 2048
    assert len(rows(tmp_path / "run")) == 12
    assert capsys.readouterr().err.count("does not count tokens") == 1


def test_a_cap_holds_what_is_only_in_the_total(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 1010}
    with Endpoint(used(usage)) as endpoint:
        path = recipe(tmp_path, endpoint)
        found = report(capsys, path, "-o", tmp_path / "run", "--max-cost", "0.05", "--set=model.max_tokens=1000")
    assert found["exit_code"] == 4
    assert found["cost_usd"] <= 0.05
    assert endpoint.count <= 5


PAGE = b"<!doctype html><html><head><title>Sign in to the network</title></head><body>...</body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("answer", "words"),
    mostly_slow(
        [
            (Answer(body=PAGE, headers=HTML), ["text/html", "Sign in to the network"]),
            (Answer(body=b"It works!", headers={"Content-Type": "text/plain"}), ["text/plain", "It works!"]),
            (Answer(body=b""), ["nothing at all"]),
            (Answer(body=b"null"), ["null"]),
            (Answer(body=b'["a"]'), ['["a"]']),
            (Answer(body=b'{"status": "ok", "version": "1.2"}'), ["1.2"]),
            (Answer(body=b"[" * 5000 + b"]" * 5000), ["[[["]),
            (Answer(status=204, body=b""), ["nothing at all"]),
            (Answer(body=b"data: hello\n\ndata: [DONE]\n\n", headers={"Content-Type": "text/event-stream"}), ["hello"]),
        ]
    ),
    ids=["page", "text", "empty", "null", "list", "health", "deep", "204", "stream"],
)
def test_an_address_that_is_no_models_ends_the_run_at_once_and_costs_nothing(
    answer: Answer, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: answer) as endpoint:
        patient = ["--set=limits.concurrency=1", f"--set=limits.patience_s={HANG_S}"]
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run", *patient)
        assert FOREIGN_CALLS <= endpoint.count <= FOREIGN_CALLS + 1  # one may have got the place of the third
    assert (found["exit_code"], found["cost_usd"], found["rejected"]) == (5, 0, {})
    assert all(word in found["error"] for word in words)
    assert "base_url" in found["hint"] and endpoint.url in found["hint"]
    assert found["seconds"] < HANG_S


def streamed(body: dict[str, Any], *, end: bool = True) -> Answer:
    whole = note(body)
    parts: list[dict[str, Any]]
    parts = [{"choices": [{"index": 0, "delta": {"content": whole[at : at + 7]}}]} for at in range(0, len(whole), 7)]
    parts += [{"model": "streamer", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}] if end else []
    parts += [{"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}] if end else []
    lines = [f"data: {json.dumps(part)}\r\n\r\n" for part in parts] + (["data: [DONE]\n\n"] if end else [])
    return Answer(body="".join([": keep-alive\n\n", *lines]).encode(), headers={"Content-Type": "text/event-stream"})


def test_event_streams_are_read_if_they_come_and_a_cut_one_is_asked_for_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = lambda body, attempt: streamed(body, end=attempt > 1 or body["seed"] % 2 > 0)  # noqa: E731
    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["accepted"], found["exit_code"]) == (12, 0)
    assert all(row["text"].startswith("note number") for row in rows(tmp_path / "run"))


def thinking(body: dict[str, Any], attempt: int) -> Answer:
    """A model that needs 9,000 tokens before it says anything."""
    if body["max_tokens"] >= 9000:
        return Answer(note(body))
    return Answer(message={"content": None}, finish_reason="length", usage=(10, body["max_tokens"]))


@pytest.mark.parametrize("concurrency", mostly_slow([1, 4, 32]))
def test_a_model_that_thinks_all_its_tokens_away_ends_the_run_after_the_first_attempts(
    concurrency: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(thinking) as endpoint:
        command = [recipe(tmp_path, endpoint), "-o", tmp_path / "run", "-n", "60", "--concurrency", str(concurrency)]
        found = report(capsys, *command)
        assert endpoint.count <= 2 * 16
        assert (found["exit_code"], found["accepted"], found["rejected"]) == (3, 0, {})
        assert "max_tokens" in found["error"] + found["hint"]
        again = report(capsys, *command, "--set=model.max_tokens=9000")
    assert (again["exit_code"], again["accepted"], again["rejected"]) == (0, 60, {})


USELESS = {
    "no record": "I would love to help you with that.",
    "refusal": "I'm sorry, but I can't help with that request.",
    "always the same": '{"records": [{"text": "the same note"}]}',
}


@pytest.mark.parametrize("kind", mostly_slow(sorted(USELESS)))
def test_replies_that_are_all_useless_for_one_reason_end_the_run_and_use_up_no_attempt(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    useless = True
    with Endpoint(lambda body, attempt: USELESS[kind] if useless else note(body)) as endpoint:
        command = [recipe(tmp_path, endpoint), "-o", tmp_path / "run", "-n", "50"]
        found = report(capsys, *command)
        assert endpoint.count <= 24
        assert (found["exit_code"], found["rejected"]) == (3, {})
        assert found["hint"] and found["resume_command"]
        useless = False
        found = report(capsys, *command)
    assert (found["exit_code"], found["accepted"], found["rejected"]) == (0, 50, {})


def test_a_few_slots_that_are_all_useless_end_so_too_and_different_reasons_do_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: USELESS["no record"]) as endpoint:
        command = [recipe(tmp_path, endpoint), "-n", "3", "--set=limits.attempts_per_record=1"]
        found = report(capsys, *command, "-o", tmp_path / "one")
        assert (found["exit_code"], found["rejected"], found["state"]) == (3, {}, "stopped")
    replies = [USELESS["no record"], USELESS["refusal"]]
    with Endpoint(lambda body, attempt: replies[body["seed"] % 2]) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["exit_code"], found["state"], sum(found["rejected"].values())) == (3, "short", 72)


def test_a_model_that_is_slower_than_its_time_out_ends_the_run_and_the_time_out_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: Answer(note(body), delay_s=0.5)) as endpoint:
        path = recipe(tmp_path, endpoint)
        found = report(capsys, path, "-o", tmp_path / "run", "--set=model.timeout_s=0.1")
        assert endpoint.count <= 16
        assert (found["exit_code"], found["rejected"]) == (5, {})
        assert "timeout_s" in found["error"] and "timeout_s" in found["hint"]
        found = report(capsys, path, "-o", tmp_path / "run", "--set=model.timeout_s=9")
    assert (found["exit_code"], found["accepted"]) == (0, 12)


@pytest.mark.parametrize(("status", "after"), [(503, "0"), (429, "0"), (529, "0.0"), (503, "-1")])
def test_an_endpoint_that_asks_for_no_wait_again_and_again_is_not_flooded(
    status: int, after: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: refusal(status, "busy", Retry_After=after)) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run", "--set=limits.patience_s=2")
    assert found["exit_code"] == 5
    assert endpoint.count < 80


def test_a_hint_says_how_many_replies_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return note(body) if endpoint.count <= 5 else refusal(429, "pay", code="insufficient_quota")

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert found["exit_code"] == 5 and found["calls"] == 5
        assert "5 replies are kept" in found["hint"]
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert found["calls"] == 0 and "5 replies are kept" in found["hint"]


def test_the_card_counts_the_calls_of_all_runs_and_run_json_tells_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(used({"prompt_tokens": 10, "completion_tokens": 5})) as endpoint:
        path = recipe(tmp_path, endpoint)
        report(capsys, path, "-o", tmp_path / "run", "-n", "4")
        report(capsys, path, "-o", tmp_path / "run", "-n", "12")
    found = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (found["calls"], found["this_run"]["calls"], found["all_runs"]["calls"]) == (8, 8, 12)
    assert "12 calls, 120 tokens in and 60 out" in (tmp_path / "run" / "README.md").read_text()
