"""A check whose model never gives a verdict ends the run early, says what to change, and costs no attempt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.endpoint import Answer, Endpoint
from tests.runs.whole import generate, report, rows

RECIPE = """
version: 1
name: sums
description: Short sums.
fields: {question: {type: text}, answer: {type: number}}
models:
  generator: {name: writer, base_url: "%(url)s", price: free, structured: off}
  reviewer: {name: checker, base_url: "%(url)s", price: free, structured: off}
  solver: {name: checker, base_url: "%(url)s", price: free, structured: off}
  coder: {name: checker, base_url: "%(url)s", price: free, structured: off}
count: 40
limits: {concurrency: %(width)d}
%(check)s
"""
PROSE = "I think that this is fine, as nothing in it speaks against it so far as anybody could tell who reads it."
"""Longer than a short answer to a question."""
CHECKS = {
    "ask": ("constraints: [{ask: It is a sum.}]", '{"verdict": "yes", "reason": "it is"}'),
    "reflect": ("validators: [reflect]", '{"verdict": "good", "reasons": []}'),
    "solve": (
        "validators: [{solve: {question: question, answer: answer, on_unknown: keep}}]",
        '{"reason": "3 + 4", "answer": "7"}',
    ),
    "code": (
        "validators: [{code: {question: question, answer: answer, on_unknown: keep}}]",
        "```python\nprint(7)\n```",
    ),
}


class Models:
    """A writer, and a checker that says `said`."""

    def __init__(self, said: str | Answer) -> None:
        self.said = said

    def __call__(self, body: dict[str, Any], attempt: int) -> str | Answer:
        if body["model"] == "checker":
            return self.said
        return json.dumps({"records": [{"question": f"What is 3 + 4 + 0 * {body['seed']}?", "answer": 7}]})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "what", "hint", "width"),
    [
        (PROSE, "hold no verdict that can be read; the last: I think", "give it another model", 2),
        (PROSE, "hold no verdict that can be read; the last: I think", "give it another model", 32),
        (Answer("Let me think. First", finish_reason="length"), "were cut off at max_tokens", "max_tokens=8192", 32),
        (Answer(f'{{"score": 5, "remarks": "{PROSE}"}}'), "hold no verdict", "another model", 2),
    ],
    ids=["prose-2", "prose-32", "cut", "other"],
)
@pytest.mark.parametrize("check", CHECKS)
def test_a_check_that_is_never_answered_in_words_that_count_stops_the_run(
    check: str, said: str | Answer, what: str, hint: str, width: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options, good = CHECKS[check]
    models = Models(said)
    with Endpoint(models) as endpoint:
        path = tmp_path / "r.yaml"
        path.write_text(RECIPE % {"url": endpoint.url, "width": width, "check": options})
        found = report(capsys, path, "-o", tmp_path / "run")
        assert found["exit_code"] == 3, found
        assert f"to {check} {what}" in found["error"] and hint in found["hint"]
        assert found["accepted"] == 0 and rows(tmp_path / "run") == []
        asked = sum(seen.body["model"] == "checker" for seen in endpoint.requests)
        assert asked <= (8 + width) * 12
        models.said = good
        endpoint.requests.clear()
        again = report(capsys, path, "-o", tmp_path / "run")
    assert (again["exit_code"], again["accepted"], again["rejected"]) == (0, 40, {})
    verdicts = {row["verdicts"][check] for row in rows(tmp_path / "run", "dataset.jsonl")}
    assert verdicts == {"pass"}
    written = [seen for seen in endpoint.requests if seen.body["model"] == "writer"]
    assert len(written) <= 40 - 8


def test_one_verdict_that_can_be_read_lets_the_run_go_on(tmp_path: Path) -> None:
    def script(body: dict[str, Any], attempt: int) -> str:
        if body["model"] == "writer":
            return json.dumps({"records": [{"question": f"What is 7 + 0 * {body['seed']}?", "answer": 7}]})
        return CHECKS["ask"][1] if len(endpoint.requests) < 6 else "Perhaps."

    with Endpoint(script) as endpoint:
        path = tmp_path / "r.yaml"
        path.write_text(RECIPE % {"url": endpoint.url, "width": 1, "check": CHECKS["ask"][0]})
        assert generate(path, "-o", tmp_path / "run") == 0
    assert {row["verdicts"]["ask"] for row in rows(tmp_path / "run", "dataset.jsonl")} == {"pass", "unknown"}
