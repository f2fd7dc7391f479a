"""What each part of a run is worth: counted by hand over a few attempts, and told by run.json, card and status."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.core.record import Outcome, Record, Rejection
from datagen_cli.pipeline.worth import Worth
from datagen_cli.runs.planted import Fates, Plants
from datagen_cli.validators.code import Code
from tests.runs.whole import generate


@dataclass(frozen=True)
class OneCheck:
    """A check as `Worth` sees it."""

    name: str = "code"
    type: str = "code"
    kind: str = "validators"
    facts: Any = Code


def plants(folder: Path, *found: dict[str, Any]) -> Plants:
    place = {"slot": 0, "attempt": 1, "purpose": "generate", "k": 0, "record": 0, "field": "answer"}
    (folder / "plants.jsonl").write_text("".join(json.dumps(place | one) + "\n" for one in found) + "torn {")
    return Plants(folder / "plants.jsonl")


def attempt(slot: int, verdict: Outcome | None = None, stage: str = "", reason: str = "", **more: Any) -> Record:
    rejection = Rejection(stage, reason) if stage else None
    return Record(slot, 1, {"answer": 1}, verdicts={"code": verdict} if verdict else {}, rejection=rejection, **more)


def test_found_missed_unknown_and_harmed_are_counted_over_the_faults_a_check_is_made_for(tmp_path: Path) -> None:
    wrong = [{"slot": slot, "fault": "wrong_label"} for slot in (0, 1, 2)]
    worth = Worth([OneCheck()], plants(tmp_path, *wrong, {"slot": 3, "fault": "injected"}))  # type: ignore[list-item]
    worth.count(attempt(0, "fail", "validate", "code"), accepted=False)
    worth.count(attempt(1, "pass"), accepted=True)
    worth.count(attempt(2, "unknown", "validate", "code"), accepted=False)
    worth.count(attempt(3, "pass"), accepted=True)
    worth.count(attempt(4, "fail", "validate", "code"), accepted=False)
    worth.count(attempt(5, "pass"), accepted=True)
    found = worth.table({}, 3)
    assert found["code"]["faults"] == {"wrong_label": {"planted": 3, "found": 1, "missed": 1, "unknown": 1}}
    assert (found["code"]["clean"], found["code"]["harmed"], found["code"]["turned_away"]) == (2, 1, 3)
    assert found["run"]["faults"]["wrong_label"] == {"planted": 3, "found": 2, "missed": 1, "unknown": 0}
    assert found["run"]["faults"]["injected"]["missed"] == 1


def test_a_fault_is_gone_where_the_field_that_it_was_in_was_changed(tmp_path: Path) -> None:
    wrong = [{"slot": slot, "fault": "wrong_label"} for slot in (0, 1)]
    worth = Worth([OneCheck()], plants(tmp_path, *wrong))  # type: ignore[list-item]
    for slot, field in ((0, "answer"), (1, "question")):
        change = {"by": "code", "before": {field: "old"}}
        worth.count(attempt(slot, "pass", first_verdicts={"code": "fail"}, changes=(change,)), accepted=True)
    found = worth.table({}, 2)
    assert found["run"]["faults"]["wrong_label"] == {"planted": 2, "found": 1, "missed": 1, "unknown": 0}
    assert (found["code"]["changed"], found["code"]["faults"]["wrong_label"]["found"]) == (2, 2)


def test_faults_of_replies_and_copies_are_the_reader_s_and_the_group_check_s(tmp_path: Path) -> None:
    reply = [{"slot": slot, "fault": fault, "record": None} for slot, fault in enumerate(("refusal", "refusal"))]
    copies = [{"slot": slot, "fault": "near_copy"} for slot in (2, 3)]
    worth = Worth([], plants(tmp_path, *reply, *copies))
    worth.count(attempt(0, None, "generate", "refused"), accepted=False)
    worth.count(attempt(1), accepted=True)
    worth.count(attempt(2, None, "dedup", "near_duplicate"), accepted=False)
    worth.count(attempt(3), accepted=True)
    found = worth.table({}, 2)
    assert found["generate"]["faults"]["refusal"] == {"planted": 2, "found": 1, "missed": 1, "unknown": 0}
    assert found["dedup"]["faults"]["near_copy"] == {"planted": 2, "found": 1, "missed": 1, "unknown": 0}


def test_of_records_that_many_slots_write_alike_the_first_is_no_repeat(tmp_path: Path) -> None:
    alike = [{"slot": slot, "fault": "duplicate", "truth": "stock"} for slot in (0, 1)]
    worth = Worth([], plants(tmp_path, *alike, {"slot": 2, "fault": "duplicate", "truth": "example"}))
    worth.count(attempt(0), accepted=True)
    worth.count(attempt(1, None, "dedup", "duplicate"), accepted=False)
    worth.count(attempt(2), accepted=True)
    found = worth.table({}, 2)
    assert found["dedup"]["faults"]["duplicate"] == {"planted": 2, "found": 1, "missed": 1, "unknown": 0}
    assert found["run"]["faults"]["duplicate"] == {"planted": 2, "found": 1, "missed": 1, "unknown": 0}


def test_the_first_of_records_written_alike_is_no_fault_that_was_kept(tmp_path: Path) -> None:
    alike = [{"slot": slot, "fault": "duplicate", "truth": "stock"} for slot in (0, 1)]
    fates = Fates(plants(tmp_path, *alike, {"slot": 2, "fault": "duplicate", "truth": "example"}))
    for record in (attempt(0), attempt(1, None, "dedup", "duplicate"), attempt(2)):
        fates.count(record)
    assert fates.table == {"duplicate": {"planted": 2, "duplicate": 1, "kept": 1}}


def test_calls_and_tokens_are_those_for_each_accepted_record(tmp_path: Path) -> None:
    counts = {"calls": 6, "cached_calls": 2, "tokens_in": 100, "tokens_out": 20}
    found = Worth([OneCheck()], Plants(tmp_path / "none")).table({"coder": {"code": counts}}, 4)  # type: ignore[list-item]
    assert (found["code"]["calls"], found["code"]["tokens"], found["generate"]["calls"]) == (2.0, 30.0, 0.0)
    two = [OneCheck("one"), OneCheck("two")]
    shared = Worth(two, Plants(tmp_path / "none")).table({"coder": {"code": counts}}, 4)  # type: ignore[arg-type]
    assert shared["one"]["calls"] is None


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worth") / "run"
    assert generate("quickstart", "-n", 40, "-o", folder, "--set", "model={name: offline, faults: {refusal: 0.2}}") == 0
    return folder


def test_run_json_card_and_status_tell_it(made: Path, capsys: Any) -> None:
    modules = json.loads((made / "run.json").read_text())["modules"]
    planted = [json.loads(line) for line in (made / "plants.jsonl").read_text().splitlines()]
    refused = modules["generate"]["faults"]["refusal"]
    assert (
        refused["planted"]
        == refused["found"]
        == sum(plant["fault"] == "refusal" and plant["purpose"] == "generate" for plant in planted)
    )
    assert modules["generate"]["turned_away"] >= refused["planted"] and modules["generate"]["calls"] > 1
    assert "## What each part did" in (made / "README.md").read_text()
    capsys.readouterr()
    assert run(["status", str(made)]) == 0
    told = capsys.readouterr().out.partition("what it found of planted faults")[2]
    row = next(line.split() for line in told.splitlines() if line.startswith("generate  "))
    assert row[1:4] == [
        str(sum(counts[key] for counts in modules["generate"]["faults"].values()))
        for key in ("found", "missed", "unknown")
    ]


def test_resuming_from_checkpoints_counts_the_same(made: Path) -> None:
    before = json.loads((made / "run.json").read_text())["modules"]
    (made / "dataset.jsonl").unlink()
    assert generate("quickstart", "-n", 40, "-o", made, "--set", "model={name: offline, faults: {refusal: 0.2}}") == 0
    assert json.loads((made / "run.json").read_text())["modules"] == before
