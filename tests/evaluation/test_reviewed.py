"""Correctness by people: every record looked at counts, and each check's agreement with them is Cohen's kappa."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.evaluation.reviewed import by_people, cohen_kappa, kappa_of
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.runs.review import Decision, ReviewFile
from tests.runs.whole import generate, rows


def dataset(names: str) -> Dataset:
    return Dataset("d", [{"id": name, "text": f"text {name}"} for name in names], ("text",), None, tuple(names))


def no_note(text: str) -> None:
    raise AssertionError(text)


def test_the_last_decision_of_a_review_counts(tmp_path: Path) -> None:
    file = ReviewFile(tmp_path)
    assert by_people(tmp_path, dataset("abcd"), no_note) is None
    file.append(Decision("a", "reject"), Decision("a", "keep"), Decision("b", "edit", fields={"text": "x"}))
    file.append(Decision("c", "keep"), Decision("zz", "reject"))
    found = by_people(tmp_path, dataset("abcd"), no_note)
    assert found is not None and found.value == pytest.approx(2 / 3)
    assert (found.detail["right"], found.detail["wrong"], found.detail["unknown"]) == (2, 1, 1)
    assert found.interval is not None and found.interval[0] < 2 / 3 < found.interval[1]


def test_a_record_that_was_replaced_still_counts_as_wrong_and_its_successor_as_not_looked_at(tmp_path: Path) -> None:
    before, after = {"id": "a", "text": "old"}, {"id": "a", "text": "new"}
    file = ReviewFile(tmp_path)
    file.append(Decision("a", "reject").bound(before), Decision("b", "keep").bound({"id": "b", "text": "b"}))
    now = Dataset("d", [after, {"id": "b", "text": "b"}], ("text",), None, ("a", "b"))
    found = by_people(tmp_path, now, no_note)
    assert found is not None
    assert (found.detail["right"], found.detail["wrong"], found.detail["unknown"]) == (1, 1, 1)
    file.append(Decision("a", "keep").bound(after))
    found = by_people(tmp_path, now, no_note)
    assert found is not None
    assert (found.detail["right"], found.detail["wrong"], found.detail["unknown"]) == (2, 1, 0)


def test_a_torn_last_line_is_survived_and_a_broken_one_inside_is_named(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    path.write_text('{"id": "a", "decision": "keep"}\n{"id": "b", "decision": "reject"}\n{"id": "a", "deci')
    found = by_people(tmp_path, dataset("ab"), no_note)
    assert found is not None and (found.detail["right"], found.detail["wrong"]) == (1, 1)
    notes: list[str] = []
    for broken in (b'{"id": "a", "deci', b"[1]", b"\xff\xfe"):
        path.write_bytes(b'{"id": "a", "decision": "keep"}\n' + broken + b'\n{"id": "b", "decision": "reject"}\n')
        found = by_people(tmp_path, dataset("ab"), notes.append)
        assert found is not None and (found.detail["right"], found.detail["wrong"]) == (1, 1)
    assert notes == [f"{path}: line 2 cannot be read and is left out"] * 3


def test_kappa_of_a_known_table() -> None:
    """20 and 15 agreed, 5 and 10 not: 0.7 agreed, 0.5 by chance."""
    kappa, error = cohen_kappa([[20, 5], [10, 15]])
    assert kappa == pytest.approx(0.4)
    assert error == pytest.approx(jackknife([[20, 5], [10, 15]]), rel=0.05)


def jackknife(table: list[list[int]]) -> float:
    """The standard error of kappa from leaving one record out at a time."""
    n = sum(map(sum, table))
    without: list[float] = []
    for one in range(2):
        for two in range(2):
            fewer = [[table[i][j] - (i == one and j == two) for j in range(2)] for i in range(2)]
            without += [cohen_kappa(fewer)[0]] * table[one][two]
    mean = sum(without) / n
    return math.sqrt((n - 1) / n * sum((value - mean) ** 2 for value in without))


def test_agreement_beyond_chance_is_nothing_where_one_side_always_says_the_same() -> None:
    assert kappa_of((9, 0, 3, 0))["reason"] == "the check passed all of them"
    assert kappa_of((9, 2, 0, 0))["reason"] == "people called all of them right"
    assert kappa_of((9, 2, 0, 0))["kappa"] is None
    assert kappa_of((5, 0, 0, 4))["kappa"] == 1.0


RECIPE = """
version: 1
name: notes
description: Short notes about lamps.
fields: {text: {type: text}}
model: offline
count: 12
validators: [reflect: {on_fail: keep}]
"""


def test_eval_of_a_reviewed_run_says_correctness_and_agreement(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "notes.yaml").write_text(RECIPE)
    folder = tmp_path / "run"
    assert generate(tmp_path / "notes.yaml", "-o", folder, "--set", "model.name=offline") == 0
    made = rows(folder)
    with (folder / "review.jsonl").open("w") as file:
        for number, row in enumerate(made[:10]):
            decision = "reject" if number < 4 else "keep"
            file.write(json.dumps({"id": row["id"], "decision": decision, "reason": "", "fields": None}) + "\n")
    capsys.readouterr()
    assert run(["eval", str(folder), "--metrics", "correctness", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["metrics"]["correctness"]
    assert found["value"] == 0.6 and (found["detail"]["right"], found["detail"]["unknown"]) == (6, 2)
    told = found["detail"]["agreement"]["reflect"]
    said = [row["verdicts"]["reflect"] for row in made[:10]]
    assert told["n"] == sum(word != "unknown" for word in said)
    assert told["wrong"]["fail"] == sum(word == "fail" for word in said[:4])
    assert run(["eval", str(folder), "--metrics", "correctness", "--gate", "correctness.agreement.reflect.n>=1"]) == 0
