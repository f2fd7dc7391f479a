"""Whoever asks many questions outside of a run stops where the first replies are of no use, and has paid for eight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from tests.endpoint import Answer, Endpoint

ROWS = [{"question": f"What is {n} + 1?", "answer": n + 1} for n in range(20)]
CUT = Answer('{"reason": "let me', finish_reason="length")
TALK = Answer("Let me think about what is asked here, step by step and with care:")
GOOD = '{"answer": "1"}'
RECIPE = """
version: 1
name: sums
description: Sums.
fields: {question: question, answer: {column: answer, type: number}}
base: {path: sums.jsonl}
count: 3
model: {name: any/model, base_url: "%s"}
validators: [solve: {question: question, answer: answer, attempts: 1}]
limits: {concurrency: 4}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return tmp_path


def model(endpoint: Endpoint) -> str:
    Path("m.yaml").write_text(f"name: any/model\nbase_url: {endpoint.url}\n")
    return "m.yaml"


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("answer", "why", "hint"),
    [
        (CUT, "were cut off at max_tokens", "max_tokens"),
        (TALK, "hold no answer that can be read", "a larger model"),
        (Answer("", message={"reasoning_content": "hm"}), "hold no answer that can be read", "a larger model"),
    ],
)
def test_a_solver_whose_first_replies_are_useless_is_asked_no_more(
    answer: Answer, why: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mended = False
    with Endpoint(lambda body, attempt: GOOD if mended else answer) as endpoint:
        words = ["score", "sums.jsonl", "-m", model(endpoint), "-o", "out"]
        code, said = told(capsys, *words)
        assert (code, endpoint.count) == (3, 8)
        assert why in said["error"] and hint in said["hint"]
        mended = True
        code, said = told(capsys, *words)
        assert (code, said["n"], endpoint.count) == (0, 20, 28)  # nothing useless is kept


def test_one_reply_of_use_lets_all_others_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(lambda body, attempt: GOOD if endpoint.count == 5 else CUT) as endpoint:
        code, said = told(capsys, "score", "sums.jsonl", "-m", model(endpoint), "-o", "out")
    assert (code, said["n"], endpoint.count) == (0, 20, 20)


def test_a_few_questions_are_enough_where_there_are_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(lambda body, attempt: CUT) as endpoint:
        code, said = told(capsys, "score", "sums.jsonl", "-n", "3", "-m", model(endpoint), "-o", "out")
    assert (code, endpoint.count) == (3, 3) and "the first 3 replies" in said["error"]


def test_a_judge_without_a_verdict_is_asked_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"question": f"Why {n}?", "answer": f"Because of the many reasons that one has for {n}, " * 3}
        for n in range(20)
    ]
    Path("sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return TALK if "verdict" in json.dumps(body.get("response_format")) else '{"answer": "since it is so"}'

    with Endpoint(script) as endpoint:
        Path("j.yaml").write_text(f"name: any/judge\nbase_url: {endpoint.url}\n")
        code, said = told(capsys, "score", "sums.jsonl", "-m", model(endpoint), "--judge", "j.yaml", "-o", "out")
    assert (code, endpoint.count) == (3, 28) and "any/judge" in said["error"]


@pytest.mark.parametrize(("answer", "why"), [(CUT, "were cut off"), (TALK, "no verdict that can be read")])
def test_a_recheck_whose_first_answers_cannot_be_read_ends(
    answer: Answer, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: answer) as endpoint:
        Path("r.yaml").write_text(RECIPE % endpoint.url)
        code, said = told(capsys, "eval", "sums.jsonl", "--recheck", "--recipe", "r.yaml")
    # three calls a row where one is cut off: eight rows, and those under way beside them
    assert code == 3 and endpoint.count < 3 * (8 + 2 * 4), said
    assert why in said["error"] and "solve" in said["error"]


@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_a_cap_that_is_met_before_the_first_useful_reply_ends_the_questions(
    concurrency: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: GOOD) as endpoint:
        file = model(endpoint)
        with Path(file).open("a") as more:
            more.write("price: {input_per_million: 1, output_per_million: 1}\n")
        words = ["score", "sums.jsonl", "-m", file, "-o", "out", "--concurrency", str(concurrency)]
        code = run([*words, "--max-cost", "0.000001"])
    assert code == 4
