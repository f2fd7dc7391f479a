"""The batch API as it really is: what is paid for is fetched, what cannot be read is asked again, and no bill lies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.chat import Draw
from datagen_cli.llm import batch, retry
from datagen_cli.llm.client import draw_seed
from datagen_cli.pipeline import runner
from tests.endpoint import Answer, refusal
from tests.grids import mostly_slow
from tests.llm.batch_endpoint import BatchEndpoint
from tests.runs.whole import report, rows

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}}
model: {name: any/model, base_url: "%s", price: {input_per_million: 1000, output_per_million: 1000}}
count: 20
limits: {concurrency: 50, batch: true, patience_s: 2}
"""
HALF = 0.0005


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "QUIET_S", 0.05)
    monkeypatch.setattr(batch, "FIRST_POLL_S", 0.02)
    monkeypatch.setattr(batch, "LONGEST_POLL_S", 0.05)
    monkeypatch.setattr(batch, "TOO_MUCH_WAIT_S", 0.05)
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(runner, "AGAIN_S", 0.01)
    monkeypatch.setattr(runner, "AGAIN_NO_REPLY_S", 0.02)


def recipe(tmp_path: Path, endpoint: BatchEndpoint) -> Path:
    path = tmp_path / "notes.yaml"
    path.write_text(RECIPE % endpoint.url)
    return path


def note(body: dict[str, Any], attempt: int = 1) -> str:
    return json.dumps({"records": [{"text": f"note number {body['seed']}"}]})


def content_once(answer: Answer, times: int = 1) -> Callable[[str, int], Answer | None]:
    """Answers the first fetches of a result file so."""
    return lambda path, time: answer if path.endswith("/content") and time <= times else None


@pytest.mark.parametrize(
    "meddle",
    mostly_slow([
        content_once(refusal(500, "oops")),
        content_once(refusal(429, "slow down", Retry_After="0")),
        content_once(refusal(404, "not yet")),
        content_once(Answer(drop=True)),
        content_once(Answer(body=b"{}" * 500, cut=40, cut_off=True)),
        content_once(refusal(503, "oops"), times=3),
        lambda path, time: refusal(500, "oops") if path.startswith("batches/") and time <= 3 else None,
        lambda path, time: Answer(body=b"[1, 2]") if path.startswith("batches/") and time <= 2 else None,
        lambda path, time: Answer(body=b"{}") if path.startswith("batches/") and time <= 2 else None,
        lambda path, time: Answer(body=b"<html>") if path.startswith("batches/") and time <= 2 else None,
        lambda path, time: refusal(404, "no such batch") if path.startswith("batches/") and time <= 2 else None,
        lambda path, time: refusal(500, "oops") if path == "files" and time == 1 else None,
        lambda path, time: Answer(drop=True) if path == "files" and time == 1 else None,
        lambda path, time: Answer(body=b"[]") if path == "batches" and time == 1 else None,
    ], 0, 3, 6, 11),
)  # fmt: skip
def test_what_goes_wrong_around_a_batch_buys_nothing_twice_and_costs_nothing(
    meddle: Callable[[str, int], Answer | None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with BatchEndpoint(note) as endpoint:
        endpoint.meddle = meddle
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"], found["calls"]) == (0, 20, 20)
        assert len(endpoint.batches) == 1
    assert found["cost_usd"] == pytest.approx(20 * 15 * HALF)


def test_results_that_never_come_end_the_run_and_the_next_one_fetches_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with BatchEndpoint(note) as endpoint:
        endpoint.meddle = content_once(refusal(500, "oops"), times=10**6)
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["cost_usd"], found["rejected"]) == (5, 0, {})
        assert "cannot be fetched" in found["error"]
        endpoint.meddle = lambda path, time: None
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"], len(endpoint.batches)) == (0, 20, 1)
    assert found["cost_usd"] == pytest.approx(20 * 15 * HALF)


def damaged(kind: str) -> Callable[[bytes], bytes]:
    """An edit of a result file whose third line is odd."""
    odd = {
        "blank": b"",
        "cut": b'{"custom_id": "abc", "respo',
        "no id": b'{"response": {"status_code": 200, "body": {}}}',
        "a list": b"[1, 2]",
        "no response": None,
        "deep": b"[" * 5000,
        "not text": b"\xff\xfe\x00",
    }[kind]

    def edit(content: bytes) -> bytes:
        lines = content.split(b"\n")
        if len(lines) < 3:
            return content
        replaced = odd
        if replaced is None:
            replaced = json.dumps({"custom_id": json.loads(lines[2])["custom_id"], "response": "none"}).encode()
        return b"\n".join([*lines[:2], replaced, b"", *lines[3:]])

    return edit


@pytest.mark.parametrize(
    "kind", mostly_slow(["blank", "cut", "no id", "a list", "no response", "deep", "not text"], 0, 3)
)
def test_one_bad_line_is_that_calls_and_all_others_are_used(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with BatchEndpoint(note) as endpoint:
        endpoint.edit = damaged(kind)
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"]) == (0, 20)
        assert [len(lines) for lines in endpoint.batches] == [20, 1]


@pytest.mark.parametrize("answer", [Answer(body=b"{}"), Answer(body=b"[]"), refusal(500, "oops")])
def test_a_batch_that_cannot_be_looked_at_ends_the_run_after_its_patience(
    answer: Answer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with BatchEndpoint(note) as endpoint:
        endpoint.meddle = lambda path, time: answer if path.startswith("batches/") else None
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run", "--set=limits.patience_s=0.3")
        assert (found["exit_code"], found["rejected"], len(endpoint.batches)) == (5, {}, 1)
        endpoint.meddle = lambda path, time: None
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"], len(endpoint.batches)) == (0, 20, 1)


def test_too_much_at_once_is_tried_again_smaller_and_uses_up_no_attempt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"data": [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached for model"}]}

    def look(path: str, time: int) -> Answer | None:
        if path.startswith("batches/") and len(endpoint.batches[int(path.rpartition("-")[2])]) > 6:
            return Answer(body=json.dumps({"status": "failed", "errors": said}).encode())
        return None

    with BatchEndpoint(note) as endpoint:
        endpoint.meddle = look
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"], found["rejected"]) == (0, 20, {})
    assert found["cost_usd"] == pytest.approx(20 * 15 * HALF)


@pytest.mark.parametrize(
    "errors", [{"message": "the model has no batches"}, {"data": [{"code": "insufficient_quota"}]}]
)
def test_a_batch_that_fails_for_good_ends_the_run_uses_up_no_attempt_and_is_not_looked_at_again(
    errors: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = Answer(body=json.dumps({"status": "failed", "errors": errors}).encode())
    with BatchEndpoint(note) as endpoint:
        endpoint.meddle = lambda path, time: failed if path.startswith("batches/") else None
        for _ in range(2):
            found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
            assert (found["exit_code"], found["rejected"], found["cost_usd"]) == (5, {}, 0)
            assert re.search("the model has no batches|the quota is spent", found["error"])
        assert len(endpoint.batches) == 2
        endpoint.meddle = lambda path, time: failed if path in ("batches/batch-0", "batches/batch-1") else None
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["exit_code"], found["accepted"], found["rejected"]) == (0, 20, {})


@pytest.mark.parametrize("answer", [refusal(401, "no key"), refusal(404, "no such model"), refusal(422, "not so")])
def test_lines_that_were_refused_are_sent_again_once_the_mistake_is_mended(
    answer: Answer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mended = False
    with BatchEndpoint(lambda body, attempt: note(body) if mended else answer) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["rejected"]) == (5, {})
        mended = True
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["exit_code"], found["accepted"], found["rejected"]) == (0, 20, {})


def test_a_quota_that_lines_say_is_spent_ends_the_run_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with BatchEndpoint(lambda body, attempt: refusal(429, "pay", code="insufficient_quota")) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["rejected"], found["cost_usd"]) == (5, {}, 0)
        assert "the quota is spent" in found["error"]
        assert len(endpoint.batches) == 1


@pytest.mark.parametrize(
    "meddle",
    [
        lambda path, time: refusal(400, "bad id") if path.startswith("batches/") and time <= 2 else None,
        content_once(Answer(body=b"<html><title>Sign in</title></html>"), 2),
        content_once(Answer(body=b""), 1),
        content_once(refusal(400, "not ready")),
    ],
)
def test_odd_looks_and_pages_for_a_file_buy_nothing_twice(
    meddle: Callable[[str, int], Answer | None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with BatchEndpoint(note) as endpoint:
        endpoint.counts, endpoint.meddle = True, meddle
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"], endpoint.lines) == (0, 20, 20)
    assert found["cost_usd"] == pytest.approx(20 * 15 * HALF)


def test_a_file_that_comes_without_its_last_lines_is_fetched_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetched: list[bytes] = []

    def half_first(content: bytes) -> bytes:
        fetched.append(content)
        return content[: len(content) // 2] if len(fetched) == 1 else content

    with BatchEndpoint(note) as endpoint:
        endpoint.counts, endpoint.edit = True, half_first
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"], endpoint.lines) == (0, 20, 20)


@pytest.mark.parametrize("state", ["COMPLETED", "SUCCESS", "ended", "succeeded"])
def test_a_state_is_read_in_other_vendors_words(state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with BatchEndpoint(note) as endpoint:
        endpoint.status = state
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"], endpoint.lines) == (0, 20, 20)


def test_a_file_that_is_too_large_is_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with BatchEndpoint(note) as endpoint:
        endpoint.meddle = lambda path, time: refusal(413, "too large") if path == "files" and time <= 3 else None
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"]) == (0, 20)
        assert endpoint.lines == 20 and len(endpoint.batches) == 4


def test_batches_that_vanish_end_the_run_after_a_few(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with BatchEndpoint(note) as endpoint:
        endpoint.meddle = lambda path, time: refusal(404, "not found") if path.startswith("batches/") else None
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["rejected"], found["cost_usd"]) == (5, {}, 0)
        assert len(endpoint.batches) <= 3


def test_a_pending_batch_is_not_waited_for_at_a_cap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "GRACE_S", 0.5)
    with BatchEndpoint(note) as endpoint:
        endpoint.release = False
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run", "--max-cost", "10")
        assert (found["exit_code"], found["seconds"] < 600) == (4, True)
        endpoint.release = True
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"], endpoint.lines) == (0, 20, 20)


@pytest.mark.parametrize("fault", [refusal(500, "oops"), Answer(body=b'{"choices": []}'), Answer(drop=True)])
def test_one_prompt_that_fails_in_every_batch_leaves_its_slot_open(
    fault: Answer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = draw_seed(0, Draw(0, 1, "generate"))
    mended = False

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return fault if body["seed"] == bad and not mended else note(body)

    with BatchEndpoint(script) as endpoint:
        path = recipe(tmp_path, endpoint)
        found = report(capsys, path, "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"], found["no_reply"]) == (3, 19, 2)
        mended = True
        sent = endpoint.lines
        found = report(capsys, path, "-o", tmp_path / "run")
        assert (found["exit_code"], found["accepted"], endpoint.lines - sent) == (0, 20, 1)
    assert len(rows(tmp_path / "run")) == 20
