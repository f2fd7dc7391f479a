"""Whole runs over real HTTP: what an endpoint can do to a run, and what the run makes of it."""

from __future__ import annotations

import json
import re
import signal
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.cli.progress import Progress
from datagen_cli.core.chat import Draw
from datagen_cli.llm.client import draw_seed
from datagen_cli.pipeline import sequence
from tests.endpoint import HANG_S, Answer, Endpoint, refusal, until
from tests.runs.whole import generate, report, rows, start

RECIPE = """
version: 1
name: letters
description: Short letters to a shop.
fields:
  text: {type: text}
  kind: {type: label}
label: {field: kind, values: {praise: kind words, blame: complaints}}
model: {name: any/model, base_url: "%s"}
count: 40
attributes: {tone: [curt, warm]}
constraints: [{length: {field: text, min_words: 3, max_words: 50}}]
limits: {concurrency: 16, patience_s: 5}
"""


JSON = "--set=model.structured=json"


def recipe(tmp_path: Path, endpoint: Endpoint) -> Path:
    path = tmp_path / "letters.yaml"
    path.write_text(RECIPE % endpoint.url)
    return path


def letter(body: dict[str, Any]) -> str:
    """A whole reply to any request of the recipe, all distinct; as JSON also where a plain text would do."""
    asked = re.search(r"Write (\d+) new records", body["messages"][-1]["content"])
    made = [{"text": f"letter number {body['seed']} part {n}"} for n in range(int(asked[1]) if asked else 1)]
    return json.dumps({"records": made})


def seeds_of(slot: int, attempts: int = 6) -> set[int]:
    """What is sent as `seed` for a slot: how a test knows which slot a request is for."""
    return {draw_seed(0, Draw(slot, attempt, "generate")) for attempt in range(1, attempts + 1)}


def test_a_whole_run_asks_once_a_record_and_keeps_to_the_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: letter(body)) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        again = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["state"], found["accepted"], found["calls"], found["exit_code"]) == ("done", 40, 40, 0)
    assert found["tokens"] == {"in": 400, "out": 200, "cached": 0}
    assert found["cost_usd"] == 0
    assert found["simulated"] is False
    assert again["calls"] == 0
    assert endpoint.count == 40
    assert endpoint.most_in_flight <= 16
    assert {seen.body["model"] for seen in endpoint.requests} == {"any/model"}
    body = endpoint.requests[0].body
    assert body["max_tokens"] == 2048
    assert "response_format" not in body, "one text field is asked for as plain text"
    assert [row["kind"] for row in rows(tmp_path / "run")].count("praise") == 20


def test_a_refused_key_ends_the_run_with_5_and_the_providers_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: refusal(401, "Incorrect API key provided.")) as endpoint:
        assert generate(recipe(tmp_path, endpoint), "-o", tmp_path / "run") == 5
    error = capsys.readouterr().err
    assert "Incorrect API key provided" in error
    assert "hint:" in error
    assert "resume with: datagen" in error
    assert endpoint.count <= 16


def test_one_prompt_that_always_gets_400_costs_its_attempts_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = seeds_of(7, attempts=1)

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return refusal(400, "this prompt is not allowed") if body["seed"] in bad else letter(body)

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["accepted"], found["exit_code"], found["rejected"]) == (40, 0, {"bad_request": 1})
    assert endpoint.count == 41
    assert rows(tmp_path / "run", "rejected.jsonl")[0]["id"].endswith("-000007")


def test_a_slot_whose_every_prompt_gets_400_leaves_the_run_one_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = seeds_of(7)

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return refusal(400, "this prompt is not allowed") if body["seed"] in bad else letter(body)

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["state"], found["accepted"], found["exit_code"]) == ("short", 39, 3)
    assert [slot["id"][-6:] for slot in found["failed_slots"]] == ["000007"]
    assert "not allowed" in found["failed_slots"][0]["reason"]
    assert len(rows(tmp_path / "run")) == 39


def test_an_endpoint_that_is_away_uses_up_no_attempt_and_the_run_can_be_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    away = True

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return refusal(503, "overloaded") if away else letter(body)

    waits = ["--set=limits.patience_s=0.5", "--set=model.deadline_s=0.3"]
    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run", *waits)
        assert (found["state"], found["exit_code"], found["accepted"]) == ("failed", 5, 0)
        assert found["rejected"] == {}
        away = False
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["accepted"], found["exit_code"], found["rejected"]) == (40, 0, {})


def test_rate_limits_errors_and_broken_replies_cost_no_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        kind = body["seed"] % 7 if attempt == 1 and body["max_tokens"] == 2048 else 6
        return {
            0: refusal(429, "slow down", Retry_After="0"),
            1: refusal(500, "oops"),
            2: Answer(drop=True),
            3: Answer('{"records": [{"text": "cut o', finish_reason="length"),
            4: Answer("I'm sorry, I can't help with that."),
            5: Answer(letter(body), cut_off=True, cut=60),
        }.get(kind, letter(body))  # type: ignore[return-value]

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["accepted"], found["exit_code"]) == (40, 0)
    assert set(found["rejected"]) <= {"refused"}
    assert all(row["text"].startswith("letter number") for row in rows(tmp_path / "run"))


def test_an_endpoint_without_response_format_is_asked_again_without_it_and_that_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return refusal(400, "response_format is not supported") if "response_format" in body else letter(body)

    with Endpoint(script) as endpoint:
        assert run(["generate", str(recipe(tmp_path, endpoint)), "-o", str(tmp_path / "run"), JSON]) == 0
    assert capsys.readouterr().err.count("response_format") == 1
    assert len(rows(tmp_path / "run")) == 40


def test_several_records_a_call_over_http_where_replies_lack_some(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        records = json.loads(letter(body))["records"]
        return json.dumps({"records": records[: max(1, len(records) - 1)]})

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run", "--set=records_per_call=5")
    assert (found["accepted"], found["exit_code"], found["rejected"]) == (40, 0, {"malformed": 40})
    assert endpoint.count == 8 + 40  # which records are missing cannot be told, so every slot is asked alone
    assert [row["kind"] for row in rows(tmp_path / "run")].count("praise") == 20


@pytest.mark.parametrize("extra", ["first", "last", "copy", "numbered"])
def test_several_records_a_call_over_http_where_replies_have_one_too_many(
    extra: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        records = json.loads(letter(body))["records"]
        if len(records) == 5:
            more = [{"text": f"letter number {body['seed']} too many"}]
            records = [*more, *records] if extra == "first" else [*records, *more]
            if extra == "copy":
                records = [*records[:2], *records[1:5]]
            if extra == "numbered":
                records = [{"number": n, **one} for n, one in reversed(list(enumerate(records, 1)))]
        return json.dumps({"records": records})

    with Endpoint(script) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run", "--set=records_per_call=5")
    texts = [row["text"] for row in rows(tmp_path / "run")]
    assert (found["accepted"], found["exit_code"]) == (40, 0) and not any("too many" in text for text in texts)
    if extra == "numbered" or extra == "copy":
        assert endpoint.count == 8 and all(text.endswith(f"part {n % 5}") for n, text in enumerate(texts))
    else:  # nothing tells which of them is too many, so every slot is asked alone
        assert (endpoint.count, found["rejected"]) == (8 + 40, {"malformed": 40})


@pytest.mark.parametrize("command", [["preview", "-n", "3"], ["generate", "--probe", "3"]], ids=lambda words: words[0])
def test_a_preview_and_a_probe_say_what_ended_their_calls(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Answer(body=b"<html><title>Login</title></html>", headers={"Content-Type": "text/html"})
    with Endpoint(lambda body, attempt: page) as endpoint:
        name, *more = command
        assert run([name, str(recipe(tmp_path, endpoint)), "-o", str(tmp_path / "run"), *more]) == 5
    said = capsys.readouterr().err
    assert "error: the address answers, but not as a model's endpoint does" in said and "check base_url" in said


def test_an_example_that_comes_back_before_a_batch_moves_no_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = {"text": "the example that is shown to all", "kind": "praise"}
    (tmp_path / "base.jsonl").write_text("".join(json.dumps({**shown, "kind": k}) + "\n" for k in ("praise", "blame")))

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        records = json.loads(letter(body))["records"]
        return json.dumps({"records": [{"text": shown["text"]}, *records] if len(records) == 5 else records})

    with Endpoint(script) as endpoint:
        settings = ["--set=records_per_call=5", f"--set=base={{path: {tmp_path / 'base.jsonl'}}}"]
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run", *settings)
    assert (found["accepted"], found["exit_code"], endpoint.count) == (40, 0, 8)
    assert all(row["text"].endswith(f"part {n % 5}") for n, row in enumerate(rows(tmp_path / "run")))


def test_a_vendors_key_is_not_sent_to_a_foreign_host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-000000000000")
    arguments = ["--set=model.base_url=https://evil.example/v1", "--set=model.name=openai/gpt-4o-mini"]
    path = tmp_path / "letters.yaml"
    path.write_text(RECIPE % "http://127.0.0.1:9/v1")
    assert generate(path, "-o", tmp_path / "run", *arguments) == 2
    said = capsys.readouterr()
    assert "evil.example" in said.err
    assert "--allow-host" in said.err
    assert "sk-secret" not in said.err + said.out


@pytest.mark.slow
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_lets_calls_in_flight_finish_and_prints_how_to_go_on(
    number: int, exit_code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    go: Future[None] = Future()
    with Endpoint(lambda body, attempt: Answer(letter(body), held=go if endpoint.count > 6 else None)) as endpoint:
        command = [recipe(tmp_path, endpoint), "-o", tmp_path / "run", "--concurrency", "4"]
        process = start(*command)
        until(lambda: endpoint.in_flight == 4 and endpoint.count == 10)
        process.send_signal(number)
        assert process.stderr is not None
        said = next(line for line in process.stderr if "calls in flight may finish" in line)
        go.set_result(None)
        said += process.communicate(timeout=HANG_S)[1]
        assert process.returncode == exit_code
        assert re.search(r"^resume with: \S.* generate ", said, re.MULTILINE)
        kept = rows(tmp_path / "run")
        asked = endpoint.count
        assert len(kept) == asked == 10
        found = report(capsys, *command)
    assert (found["accepted"], found["calls"]) == (40, 40 - asked)
    assert rows(tmp_path / "run")[: len(kept)] == kept


def walked(folder: Path) -> int:
    """The records that have gone through every stage."""
    return (folder / "checkpoints" / "6-dedup.jsonl").read_bytes().count(b"\n") - 1


def test_a_second_ctrl_c_stops_at_once_and_loses_nothing_that_was_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = seeds_of(30, 1) | seeds_of(31, 1)
    release = False

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return Answer(never=True) if body["seed"] in slow and not release else letter(body)

    with Endpoint(script) as endpoint:
        command = [recipe(tmp_path, endpoint), "-o", tmp_path / "run", "--concurrency", "2"]
        process = start(*command)
        until(lambda: endpoint.in_flight == 2 and endpoint.count == 32 and walked(tmp_path / "run") == 30)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert any("again to stop at once" in line for line in process.stderr)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=HANG_S)
        assert process.returncode == 130
        assert len(rows(tmp_path / "run")) == 30
        release = True
        found = report(capsys, *command)
    assert (found["accepted"], found["calls"]) == (40, 10)


def test_a_signal_while_the_rest_is_judged_ends_at_once_and_the_next_run_judges_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One signal lets calls finish, the second ends them; a third need not wait for what is left to compute."""
    go: Future[None] = Future()
    stuck = seeds_of(1)
    signals: list[str] = []
    judged: list[int] = []
    event = Progress.event

    def signalling(self: Progress, kind: str, **facts: Any) -> None:
        event(self, kind, **facts)
        alone = kind == "tick" and endpoint.count == 40 and facts["in_flight"] == 1
        if (alone and len(signals) < 2) or (kind == "step" and len(signals) == 2):
            signals.append(kind)
            signal.raise_signal(signal.SIGINT)
        if kind == "step":
            judged.append(facts["done"])

    monkeypatch.setattr(Progress, "event", signalling)
    monkeypatch.setattr(sequence, "AT_ONCE", 3)
    with Endpoint(lambda body, _: Answer(letter(body), held=go if body["seed"] in stuck else None)) as endpoint:
        command = [recipe(tmp_path, endpoint), "-o", tmp_path / "run"]
        assert generate(*command) == 130
        go.set_result(None)
        assert signals == ["tick", "tick", "step"]
        assert judged[-1] < 20, "of 38 that waited; slot 1 has none"
        assert "resume with: " in capsys.readouterr().err
        assert not (tmp_path / "run" / "dataset.jsonl").exists()
        found = report(capsys, *command)
        whole = report(capsys, *command[:-1], tmp_path / "undisturbed")
    assert (found["accepted"], found["calls"], whole["calls"]) == (40, 1, 40)
    assert rows(tmp_path / "run") == rows(tmp_path / "undisturbed")


def test_kill_9_costs_at_most_the_calls_in_flight(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    go: Future[None] = Future()
    with Endpoint(lambda body, attempt: Answer(letter(body), held=go if endpoint.count > 20 else None)) as endpoint:
        command = [recipe(tmp_path, endpoint), "-o", tmp_path / "run", "--concurrency", "4"]
        process = start(*command)
        until(lambda: endpoint.in_flight == 4 and endpoint.count == 24)
        process.kill()
        process.communicate()
        go.set_result(None)
        found = report(capsys, *command)
    assert found["accepted"] == 40
    assert endpoint.count <= 40 + 4
