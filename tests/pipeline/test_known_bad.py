"""Records that are bad on purpose: one fault each, of every kind in turn, the same every time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Record
from datagen_cli.pipeline.known_bad import ORDER, damaged, kept_found
from tests.runs.whole import report

SPECS = (FieldSpec("text"), FieldSpec("answer", "number"), FieldSpec("kind", "label", values=("a", "b")))
FIELDS = {"text": "Ann has three red apples and eats one of them.", "answer": 2, "kind": "a"}


def test_every_damaged_record_differs_in_one_field_and_all_kinds_take_turns() -> None:
    records = [damaged(Record(0, 1, FIELDS, verdicts={"x": "pass"}), SPECS, number) for number in range(4)]
    changed = [[name for name in FIELDS if record.fields[name] != FIELDS[name]] for record in records]
    assert changed == [["answer"], ["kind"], ["text"], ["text"]]
    assert sorted(records[2].fields["text"].split()) == sorted(str(FIELDS["text"]).split())
    assert records[3].fields["text"].endswith(ORDER)
    assert records == [damaged(Record(0, 1, FIELDS), SPECS, number) for number in range(4)]


def test_a_probe_says_how_many_of_them_a_check_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = "--set=validators=[{code: {question: question, answer: answer}}]"
    faults = "--set=model.faults={wrong_program: 0, malformed: 0, truncated: 0, refusal: 0}"
    found = report(capsys, "quickstart", "-o", tmp_path, "--probe", "8", code, faults)["planted"]["code"]
    assert found["planted"] >= 4
    assert 1 <= found["found"] <= found["planted"]
    told = report(capsys, "quickstart", "-o", tmp_path, "-n", 8, code, faults)
    assert told["exit_code"] in (0, 3)
    assert json.loads((tmp_path / "run.json").read_text())["probed"] == {"code": found}
    card = (tmp_path / "README.md").read_text()
    assert "## Records made bad on purpose" in card
    assert f"| `code` | {found['planted']} | {found['found']} | {found['unknown']} |" in card
    kept = json.loads((tmp_path / "probe.json").read_text())
    assert kept_found(tmp_path, kept["key"]) == {"code": found}
    assert kept_found(tmp_path, "other checks") == {}
    for damage in (
        {"planted": 3},
        {"code": 3},
        {"code": {**found, "found": found["found"] + 1}},
        {"code": {"found": 1}},
    ):
        (tmp_path / "probe.json").write_text(json.dumps({**kept, "planted": damage}))
        assert kept_found(tmp_path, kept["key"]) == {}
    plain = report(capsys, "quickstart", "-o", tmp_path / "plain", "--probe", "4")
    assert plain["planted"] == {}
