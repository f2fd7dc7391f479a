"""The code check against the truth of `plants.jsonl`: what it finds, what it harms, what it cannot tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datagen_cli.cli.app import run
from datagen_cli.sandbox import confine
from tests.runs.code_table import Table, measure
from tests.runs.whole import generate, rows

FAULTS = "{wrong_label: 0.25, wrong_program: 0.05, unsolvable: 0.05}"
MANY_WRONG_PROGRAMS = "{wrong_label: 0.25, wrong_program: 0.2, unsolvable: 0.05}"


@pytest.mark.slow
def test_of_wrong_labels_98_percent_are_found_and_of_right_ones_1_percent_harmed(tmp_path: Path) -> None:
    table = measure(tmp_path / "run", count=800, faults=FAULTS)
    assert table.wrong > 120
    assert table.wrong_found / table.wrong >= 0.98
    assert table.right_harmed / table.right <= 0.01
    assert table.unsolvable_found / table.unsolvable >= 0.9
    assert table.unknown / table.checked <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize(
    ("solutions", "faults"),
    [(1, FAULTS), (5, FAULTS), (3, MANY_WRONG_PROGRAMS)],
    ids=["1", "5", "3-of-20-percent-wrong"],
)
def test_the_table_with_other_settings(
    solutions: int, faults: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table: Table = measure(tmp_path / "run", count=150, solutions=solutions, faults=faults)
    with capsys.disabled():
        shares = ", ".join(f"{name} {share:.1%}" for name, share in table.shares().items())
        print(f"\n  code check, {solutions} solutions, {faults}: {shares}")
    assert table.checked == 150
    assert table.wrong_found > table.wrong / 2


def test_without_a_sandbox_a_recipe_with_programs_ends_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(confine, "confinement_missing", lambda: "the kernel lacks Landlock")
    check = "--set=validators=[{code: {question: question, answer: answer}}]"
    assert generate("quickstart", "-n", "4", check, "-o", tmp_path / "run") == 2
    said = capsys.readouterr().err
    assert "the kernel lacks Landlock, so that programs of a model cannot be run safely: validators[0].code" in said
    assert "--unsafe-exec" in said
    assert not (tmp_path / "run" / "calls.sqlite").exists()
    assert generate("quickstart", "-n", "4", "-o", tmp_path / "plain") == 0


def test_fix_puts_the_majoritys_result_in_the_place_of_a_wrong_label_and_keeps_the_old_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = [
        "validators=[{code: {question: question, answer: answer, on_fail: fix}}]",
        "model.faults={wrong_label: 0.5, wrong_program: 0, off_constraint: 0, malformed: 0}",
        "dedup={near: 0.8}",
    ]
    assert generate("quickstart", "-n", "40", *(f"--set={setting}" for setting in sets), "-o", tmp_path) == 0
    truth = {
        (plant["slot"], plant["attempt"]): plant["truth"]
        for plant in rows(tmp_path, "plants.jsonl")
        if plant["fault"] == "wrong_label" and plant["purpose"] == "generate"
    }
    lines = rows(tmp_path / "checkpoints", "6-dedup.jsonl")
    fixed = [line for line in lines if [set(change["before"]) for change in line.get("changes", ())] == [{"answer"}]]
    assert len(fixed) >= 8
    for line in fixed:
        assert line["verdicts"]["code"] == "pass"
        assert line["first_verdicts"] == {"code": "fail"}
        assert line["changes"][0]["by"] == "code"
        assert line["fields"]["answer"] == truth[(line["slot"], line["attempt"])]
        assert line["changes"][0]["before"]["answer"] != line["fields"]["answer"]
        assert line["evidence"]["code"]["results"] and line["changes"][0]["evidence"]["results"]
    capsys.readouterr()
    assert run(["why", str(tmp_path), str(fixed[0]["slot"])]) == 0
    told = capsys.readouterr().out
    assert f"mended by code; before: {json.dumps(fixed[0]['changes'][0]['before'])}" in told
    assert "results: [" in told
