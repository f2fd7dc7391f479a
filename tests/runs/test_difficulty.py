"""Difficulty operators: a child takes its parent's place where all checks hold of it, and nothing else changes."""

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.stages.enhance import Operators
from tests.runs.whole import after, generate, killed, outcome, rows

PROBLEMS = """
version: 1
name: hard
description: Grade-school math word problems with one numeric answer.
fields: {question: {type: text, description: the problem}, answer: {type: number, description: the number}}
label: answer
model: offline
count: 16
attributes: {level: [easy, hard]}
validators: [solve: {question: question, answer: answer}]
difficulty: {share: 0.5, operators: [paraphrase, add_context, more_steps], measure: {attempts: 3}}
"""
QUIZ = """
version: 1
name: quiz
description: General knowledge questions with four choices, one of them right.
fields:
  question: {type: text}
  choices: {type: list, description: four choices}
  answer: {type: label, description: the letter of the right choice}
label: {field: answer, quota: none, values: {A: the first, B: the second, C: the third, D: the fourth}}
model: offline
count: 16
validators: [solve: {question: question, answer: answer, choices: choices}]
difficulty: {share: 1, operators: [paraphrase_choices, add_choice]}
"""


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    path = tmp_path / "hard.yaml"
    path.write_text(PROBLEMS)
    return path


def lineage(folder: Path) -> dict[str, dict[str, Any]]:
    return {line["id"]: line for line in rows(folder, "lineage.jsonl")}


def test_a_share_of_the_slots_is_made_harder_by_each_operator_in_turn() -> None:
    operators = Operators(7, 0.3, ("a", "b", "c"), "text", "", ("text",))
    named = [operators.of(index) for index in range(1000)]
    assert abs(sum(map(bool, named)) - 300) <= 1
    assert max(map(named.count, "abc")) - min(map(named.count, "abc")) <= 1
    assert [name for name in named[:40] if name][:6] in (list("abcabc"), list("bcabca"), list("cabcab"))
    assert not any(Operators(7, 0.0, ("a",), "text", "", ()).of(index) for index in range(99))
    assert all(Operators(7, 1.0, ("a",), "text", "", ()).of(index) for index in range(99))


def test_children_pass_the_checks_and_lineage_tells_what_their_parents_were(problems: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert generate(problems, "-o", folder) == 0
    told, made = lineage(folder), {row["id"]: row for row in rows(folder)}
    assert len(made) == 16 and len(told) == 8
    assert all(row["verdicts"]["solve"] == "pass" for row in made.values())
    harder = {name: line for name, line in told.items() if line["harder"]}
    assert {line["operator"] for line in harder.values()} == {"paraphrase", "add_context", "more_steps"}
    for name, line in harder.items():
        assert made[name]["question"] != line["before"]["question"]
        assert ("answer" in line["before"]) == (line["operator"] == "more_steps")
        assert 0 <= line["pass_rate"]["after"] <= 1


def test_a_child_that_fails_a_check_leaves_its_parent(problems: Path, tmp_path: Path) -> None:
    """With a limit on words every added context breaks a rule; the same run without operators has those records."""
    folder, bare = tmp_path / "run", tmp_path / "bare"
    limits = ("--set", "constraints=[{length: {field: question, max_words: 38}}]")
    only = (
        "--set",
        "difficulty.operators=[add_context]",
        "--set",
        "difficulty.measure=null",
        "--set",
        "difficulty.share=1",
        *limits,
    )
    assert generate(problems, "-o", folder, *only, "-n", 14) in (0, 3)
    assert generate(problems, "-o", bare, "--set", "difficulty=null", *limits, "-n", 14) in (0, 3)
    stayed = [line for line in rows(folder, "lineage.jsonl") if not line["harder"]]
    assert stayed and any(line["why_not"].startswith("length") for line in stayed)
    plain = {row["id"]: row["question"] for row in rows(bare)}
    now = {row["id"]: row["question"] for row in rows(folder)}
    assert all(now[line["id"]] == plain[line["id"]] for line in stayed if line["id"] in plain)


def test_choices_are_said_in_other_words_or_one_more_with_the_label_on_the_same_one(tmp_path: Path) -> None:
    path, folder = tmp_path / "quiz.yaml", tmp_path / "run"
    path.write_text(QUIZ)
    assert generate(path, "-o", folder) == 0
    made = {row["id"]: row for row in rows(folder)}
    seen = set()
    for line in rows(folder, "lineage.jsonl"):
        if line["harder"]:
            seen.add(line["operator"])
            old, new = line["before"]["choices"], made[line["id"]]["choices"]
            assert len(new) == len(old) + (line["operator"] == "add_choice")
            assert line["operator"] != "add_choice" or new[: len(old)] == old
    assert seen == {"paraphrase_choices", "add_choice"}


@pytest.mark.slow
def test_any_concurrency_and_a_kill_leave_the_same_bytes(problems: Path, tmp_path: Path) -> None:
    from datagen_cli.runs.checkpoint import Checkpoint

    folders = [tmp_path / name / "run" for name in ("one", "many", "killed")]
    assert generate(problems, "-o", folders[0], "--concurrency", 1) == 0
    assert generate(problems, "-o", folders[1], "--concurrency", 16) == 0

    def arrange() -> None:
        Checkpoint.append = after(21, Checkpoint.append)  # type: ignore[method-assign]

    assert killed(arrange, problems, "-o", folders[2])
    assert generate(problems, "-o", folders[2]) == 0
    whole = {**outcome(folders[0]), "lineage": (folders[0] / "lineage.jsonl").read_bytes()}
    for folder in folders[1:]:
        assert {**outcome(folder), "lineage": (folder / "lineage.jsonl").read_bytes()} == whole


def test_status_card_why_preview_and_estimate_know_of_it(problems: Path, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "run"
    assert generate(problems, "-o", folder) == 0
    card = (folder / "README.md").read_text()
    assert "## Difficulty" in card and "`add_context`" in card
    state = json.loads((folder / "run.json").read_text())
    assert sum(told["tried"] for told in state["shift"]["operators"].values()) == 8
    name = next(line["id"] for line in rows(folder, "lineage.jsonl") if line["harder"])
    capsys.readouterr()
    assert run(["why", str(folder), name]) == 0
    assert "harder; before" in capsys.readouterr().out
    assert run(["status", str(folder)]) == 0
    assert "harder     add_context" in capsys.readouterr().out
    assert run(["generate", str(problems), "--dry-run", "--json"]) == 0
    calls = json.loads(capsys.readouterr().out)["estimates"][0]["calls_by_stage"]["enhance"]
    assert calls["low"] >= 8 * 4
    spent = state["spent"]
    asked = spent["generator"]["enhance"]["calls"] + spent["solver"]["measure"]["calls"]
    assert calls["low"] <= asked <= calls["high"]
    assert run(["preview", str(problems), "-n", "2", "-o", str(tmp_path / "p")]) == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("difficulty.operators=[add_choice]", "needs choices"),
        ("validators=[]", "nothing says which field is the answer"),
        ("difficulty.share=2", "must be at most 1"),
        ("difficulty.operators=[harder]", "harder"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_asked(
    problems: Path, tmp_path: Path, wrong: str, says: str, capsys: Any
) -> None:
    assert generate(problems, "-o", tmp_path / "run", "--set", wrong) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
