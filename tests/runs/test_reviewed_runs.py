"""`generate` on a reviewed run: rejected records are made anew with the reasons as instructions, edits and all that was
kept stay, and a killed or repeated run comes to the same bytes."""

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.runs.checkpoint import Checkpoint
from datagen_cli.runs.review import FILE, ReviewFile
from tests.runs.whole import after, generate, killed, outcome, report, rows

RECIPE = """
version: 1
name: notes
description: Short notes about lamps.
fields: {text: {type: text, description: a note}, kind: {type: label}}
label: {field: kind, values: {good: praise, bad: blame}}
model: {name: offline, faults: {duplicate: 0.1, malformed: 0.05}}
count: 12
constraints: [{length: {field: text, max_words: 80}}]
validators: [reflect]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "notes.yaml"
    path.write_text(RECIPE)
    return path


def decide(folder: Path, *decisions: tuple[int, str, Any]) -> None:
    """Appends lines as a script writes them: only what a decision must say."""
    ids = [row["id"] for row in rows(folder)]
    with (folder / FILE).open("a") as file:
        for place, decision, told in decisions:
            line = {"id": ids[place], "decision": decision, "reason": "", "fields": None}
            line |= {"fields": told} if decision == "edit" else {"reason": told}
            file.write(json.dumps(line) + "\n")


def reviewed(folder: Path, recipe: Path) -> None:
    assert generate(recipe, "-o", folder) == 0
    decide(folder, (2, "reject", "too vague"), (3, "keep", ""), (5, "edit", {"text": "Mine."}), (7, "reject", ""))


def test_rejected_records_are_made_anew_edits_are_kept_and_the_rest_stays(recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    reviewed(folder, recipe)
    before = rows(folder)
    assert generate(recipe, "-o", folder) == 0
    now = rows(folder)
    assert [row["id"] for row in now] == [row["id"] for row in before]
    assert [place for place in range(12) if now[place] != before[place]] == [2, 5, 7]
    assert now[5] == {**before[5], "text": "Mine.", "verdicts": {"length": "pass", "reflect": "unknown"}}
    assert now[2]["text"] != before[2]["text"] and now[2]["kind"] == before[2]["kind"]
    turned_away = {row["text"]: row for row in rows(folder, "rejected.jsonl") if row["stage"] == "review"}
    assert {text: row["detail"] for text, row in turned_away.items()} == {
        before[2]["text"]: "too vague",
        before[7]["text"]: "rejected by a person, who gave no reason",
    }


def test_the_same_command_again_is_already_complete(recipe: Path, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "run"
    reviewed(folder, recipe)
    assert report(capsys, recipe, "-o", folder)["new_records"] == 2
    made = outcome(folder)
    found = report(capsys, recipe, "-o", folder)
    assert (found["new_records"], found["calls"], found["exit_code"]) == (0, 0, 0)
    assert "already complete" in found["reason"] and outcome(folder) == made


def test_the_reasons_are_instructions_for_what_is_made_after_them(recipe: Path, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "run"
    reviewed(folder, recipe)
    assert generate(recipe, "-o", folder, "-n", 14) == 0
    capsys.readouterr()
    for slot, attempt in ((2, None), (7, None), (13, "1")):
        run(["why", str(folder), str(slot), "--json"])
        attempts = json.loads(capsys.readouterr().out)["attempts"]
        last = attempts[attempt or max(attempts)]["generate"]["calls"][0]["messages"][-1]["content"]
        first = attempts["1"]["generate"]["calls"][0]["messages"][-1]["content"]
        assert "- too vague" in last
        assert ("too vague" in first) == (slot == 13)
        assert "rejected by a person" not in last


@pytest.mark.slow
def test_rounds_of_review_and_a_larger_count_leave_what_was_accepted(recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    reviewed(folder, recipe)
    assert generate(recipe, "-o", folder) == 0
    first = rows(folder)
    decide(folder, (2, "reject", "still vague"), (5, "reject", "my edit was bad"), (0, "edit", {"text": "Ours."}))
    assert generate(recipe, "-o", folder, "-n", 16) == 0
    second = rows(folder)
    assert len(second) == 16
    assert [place for place in range(12) if second[place] != first[place]] == [0, 2, 5]
    assert second[0]["text"] == "Ours." and len({row["text"] for row in second}) == 16
    decide(folder, (15, "reject", "long"))
    assert generate(recipe, "-o", folder, "-n", 16) == 0
    third = rows(folder)
    assert [place for place in range(16) if third[place] != second[place]] == [15]


@pytest.mark.slow
def test_a_reviewed_run_made_again_from_its_checkpoints_has_the_same_bytes(recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    reviewed(folder, recipe)
    generate(recipe, "-o", folder)
    decide(folder, (1, "reject", "dull"), (2, "reject", "dull, too"))
    generate(recipe, "-o", folder, "-n", 14)
    made = outcome(folder)
    (folder / "dataset.jsonl").unlink()
    assert generate(recipe, "-o", folder, "-n", 14, "--cache", "off") == 0
    assert outcome(folder) == made


@pytest.mark.slow
@pytest.mark.parametrize("line", [1, 2, 3, 5, 8, 12])
def test_a_kill_while_a_review_is_taken_up_costs_nothing(recipe: Path, tmp_path: Path, line: int) -> None:
    whole, folder = tmp_path / "whole" / "run", tmp_path / "killed" / "run"
    for place in (whole, folder):
        reviewed(place, recipe)
    assert generate(recipe, "-o", whole) == 0

    def arrange() -> None:
        Checkpoint.append = after(line, Checkpoint.append)  # type: ignore[method-assign]

    killed(arrange, recipe, "-o", folder)
    assert generate(recipe, "-o", folder) == 0
    assert outcome(folder) == outcome(whole)


@pytest.mark.slow
def test_any_concurrency_makes_the_same_of_a_review(recipe: Path, tmp_path: Path) -> None:
    made = []
    for width in (1, 7, 32):
        folder = tmp_path / str(width) / "run"
        reviewed(folder, recipe)
        assert generate(recipe, "-o", folder, "--concurrency", width) == 0
        made.append(outcome(folder))
    assert made[0] == made[1] == made[2]


def test_a_slot_that_had_used_its_attempts_gets_them_anew(recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    kept = RECIPE.replace("validators: [reflect]", "limits: {attempts_per_record: 1}")
    recipe.write_text(kept.replace("{duplicate: 0.1, malformed: 0.05}", "none"))
    assert generate(recipe, "-o", folder) == 0
    before = rows(folder)
    decide(folder, (0, "reject", "no"))
    generate(recipe, "-o", folder)
    assert rows(folder)[0]["id"] == before[0]["id"] and rows(folder)[0]["text"] != before[0]["text"]


def test_a_decision_that_only_named_an_id_is_bound_to_what_stood_there(recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    reviewed(folder, recipe)
    before = rows(folder)
    generate(recipe, "-o", folder)
    review = ReviewFile(folder).read()
    assert review.of(before[2]) is not None and review.of(rows(folder)[2]) is None
    assert all(decision.of for decision in review.decisions)


def test_an_edit_against_a_constraint_is_kept_and_its_verdict_says_so(recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    generate(recipe, "-o", folder)
    decide(folder, (4, "edit", {"text": "word " * 90}))
    assert generate(recipe, "-o", folder) == 0
    assert rows(folder)[4]["verdicts"] == {"length": "fail", "reflect": "unknown"}


def test_why_tells_what_a_person_said_and_did(recipe: Path, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "run"
    reviewed(folder, recipe)
    generate(recipe, "-o", folder)
    capsys.readouterr()
    run(["why", str(folder), "2"])
    assert "review: rejected, review: too vague" in capsys.readouterr().out
    run(["why", str(folder), "5"])
    told = capsys.readouterr().out
    assert "review: edited by a person" in told and "Mine." in told


def test_a_changed_recipe_that_brings_a_rejected_record_back_says_so(recipe: Path, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "run"
    reviewed(folder, recipe)
    before = rows(folder)
    changed = ("--set", "constraints=[{length: {field: text, max_words: 81}}]")
    capsys.readouterr()
    assert run(["generate", str(recipe), "-o", str(folder), *changed]) == 0
    assert "stand as they were: 3" in capsys.readouterr().err
    assert generate(recipe, "-o", folder, *changed) == 0
    now = rows(folder)
    assert now[5]["text"] == "Mine." and now[2]["text"] != before[2]["text"]
    assert "already complete" in report(capsys, recipe, "-o", folder, *changed)["reason"]


@pytest.mark.parametrize(
    "command",
    [
        lambda recipe, folder: ["generate", str(recipe), "-o", str(folder)],
        lambda recipe, folder: [
            "export",
            str(folder),
            "--to",
            "csv",
            "--allow-simulated",
            "-o",
            str(folder.parent / "rows.csv"),
        ],
        lambda recipe, folder: ["eval", str(folder), "--metrics", "correctness"],
    ],
    ids=["generate", "export", "eval"],
)
def test_an_edit_that_no_record_may_hold_is_said_by_every_command_that_leaves_it_out(
    recipe: Path, tmp_path: Path, capsys: Any, command: Any
) -> None:
    folder = tmp_path / "run"
    assert generate(recipe, "-o", folder) == 0
    decide(folder, (3, "keep", ""), (5, "edit", {"text": "Mine\x07."}))
    before = rows(folder)
    capsys.readouterr()
    assert run(command(recipe, folder)) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "review.jsonl: line 2 cannot be read and is left out" in told
    assert rows(folder) == before
