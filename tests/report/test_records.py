"""The table of a page: accepted records and refused attempts of a run, with what happened to them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.report import records
from datagen_cli.report.records import attempt_of, records_of_rows, records_of_run, slot_of
from datagen_cli.report.run_parts import made_part, time_part, times_of
from datagen_cli.report.sheet import sheet_of_run
from datagen_cli.report.summary import sentences, tiles
from datagen_cli.runs.reader import RunReader


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "tickets"
    assert run(["generate", "tickets", "-n", "12", "-o", str(path), "--quiet", "--set",
                "model={name: offline, faults: {malformed: 0.25, off_constraint: 0.25}}"]) == 0  # fmt: skip
    return path


def test_rows_are_the_accepted_records_then_the_refused_attempts(folder: Path) -> None:
    found = records_of_run(RunReader(folder))
    kept = [row for row in found.rows if "r" not in row]
    refused = [row for row in found.rows if "r" in row]
    assert [row["i"] for row in kept] == [row["id"] for row in RunReader(folder).rows()]
    assert [row["i"] for row in refused] == [row["id"] for row in RunReader(folder).rejected()]
    assert found.fields == ["text", "category"] and found.label == "category"
    assert found.accepted == 12 and found.refused_total == len(refused) > 0
    assert all(set(row["v"]) == {"p"} and len(row["a"]) == 3 for row in kept)


def test_a_record_says_what_was_mended_and_with_what_it_was_made(folder: Path) -> None:
    kept = [row for row in records_of_run(RunReader(folder)).rows if "r" not in row]
    mended = [row for row in kept if "c" in row]
    assert mended and mended[0]["c"][0]["by"] in ("length", "excludes") and mended[0]["c"][0]["before"]["text"]
    assert all(row["e"] for row in kept)


def test_reasons_are_counted_by_stage_with_an_example(folder: Path) -> None:
    counted = records_of_run(RunReader(folder)).refused
    assert {one.reason: one.count for one in counted} == RunReader(folder).manifest.rejected
    assert all(one.detail for one in counted)


def test_a_run_under_way_is_read_from_its_checkpoints(folder: Path, tmp_path: Path) -> None:
    whole = records_of_run(RunReader(folder))
    for name in (
        "run.json",
        "recipe.lock.yaml",
        *(f"checkpoints/{path.name}" for path in (folder / "checkpoints").iterdir()),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    found = records_of_run(RunReader(tmp_path))
    assert found.rows == whole.rows and found.refused == whole.refused and found.accepted == 12
    behind = json.loads((tmp_path / "run.json").read_text()) | {"accepted": 3, "state": "running"}
    (tmp_path / "run.json").write_text(json.dumps(behind))
    sheet = sheet_of_run(RunReader(tmp_path))
    assert next(sentences(sheet)).startswith("12 of 12 records were made")
    assert tiles(sheet)[0][0] == ("12", "records of 12")


def test_texts_are_cut_so_that_many_records_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"text": "x" * 50_000, "n": 3, "attributes": {"a": "b"}, "verdicts": {"c": "fail"}}] * 4
    found = records_of_rows(rows, ["1", "2", "3", "4"], None, 4)
    assert all(len(row["f"][0]) == records.LONGEST + 1 and row["f"][1] == "3" for row in found.rows)
    assert found.rows[0]["v"] == "f" and found.rows[0]["a"] == ["b"]
    monkeypatch.setattr(records, "MOST_ROWS", 3)
    assert len(records_of_rows(rows, ["1", "2", "3", "4"], None, 4).rows) == 3


@pytest.mark.parametrize(
    ("id_", "slot", "attempt"),
    [("a1b2c3-000012", 12, 1), ("a1b2c3-000012.2", 12, 2), ("x", -1, 1), ("7", 7, 1), (None, -1, 1), ("a-²", -1, 1)],
)
def test_ids_name_slot_and_attempt(id_: str | None, slot: int, attempt: int) -> None:
    assert (slot_of(id_), attempt_of(id_)) == (slot, attempt)


def test_the_first_sentence_calls_the_offline_model_that(folder: Path) -> None:
    first = next(iter(sentences(sheet_of_run(RunReader(folder)))))
    assert first.startswith("12 of 12 records were made by the offline model on ")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"state": "short", "accepted": 11, "reason": "1 slot had no reply"}, "1 is missing: 1 slot had no reply."),
        ({"state": "short", "accepted": 4, "reason": "8 slots had no reply"}, "8 are missing: 8 slots had no reply."),
        ({"state": "capped", "reason": "the cap of $1 is reached"}, "It ended early: the cap of $1 is reached."),
    ],
)
def test_the_first_sentence_says_how_a_run_ended(folder: Path, tmp_path: Path, told: dict[str, Any], said: str) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    run_json = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**run_json, **told}))
    assert next(iter(sentences(sheet_of_run(RunReader(tmp_path))))).endswith(said)


def test_one_attempt_that_was_turned_away_is_said_as_one(folder: Path, tmp_path: Path) -> None:
    for refused, said in (
        ({"near_duplicate": 1}, "1 attempt (7.7 % of all) was turned away because it nearly repeated a record."),
        ({"label": 1}, "1 attempt (7.7 % of all) was turned away because its label was another than asked for."),
        ({"truncated": 2, "echo": 1}, "(2) because they were cut off at the token limit."),
        ({"solve": 2}, "they failed the check solve (the majority of independent answers agrees with the label)."),
        ({"length": 1}, "it failed the check length (words, characters and tokens of a field within bounds)."),
        ({"my_check": 2}, "(2) because they failed the check my_check."),
    ):
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
        told = json.loads((tmp_path / "run.json").read_text())
        (tmp_path / "run.json").write_text(json.dumps({**told, "rejected": refused}))
        assert list(sentences(sheet_of_run(RunReader(tmp_path))))[1].endswith(said)


def test_a_resumed_run_began_when_its_first_session_did(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "again")
    log = tmp_path / "again" / "run.log"
    earlier = {"at": "2001-02-03T04:05:06+00:00", "event": "begin", "recipe": "x", "count": 12}
    log.write_text(json.dumps(earlier) + "\n" + log.read_text("utf-8"), "utf-8")
    assert "2001-02-03 04:05:06" in made_part(RunReader(tmp_path / "again"))


def test_the_course_of_a_run_begins_when_it_began_and_its_last_session_where_the_one_before_ended(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "again")

    def line(second: int, event: str, **more: int) -> str:
        return json.dumps({"at": f"2001-02-03T04:05:{second:02}+00:00", "event": event, **more}) + "\n"

    first = [
        line(0, "begin"),
        *(line(n, "counts", accepted=2 * n, in_flight=4) for n in (2, 3)),
        line(5, "end", accepted=9, in_flight=0),
    ]
    log, run_ = tmp_path / "again" / "run.log", RunReader(tmp_path / "again")
    log.write_text("".join(first), "utf-8")
    found = times_of(run_)
    assert found is not None
    assert (found.seconds, found.accepted, found.in_flight) == ([0, 2, 3, 5], (0, 4, 6, 9), (0, 4, 4, 0))
    assert "Records accepted: 9 at its end." in str(time_part(run_))
    second = [
        line(20, "begin"),
        line(21, "counts", accepted=10, in_flight=1),
        line(22, "counts", accepted=11, in_flight=1),
    ]
    log.write_text("".join([*first, *second, line(30, "end", accepted=12, in_flight=0)]), "utf-8")
    assert "9 when this session began, 12 at its end." in str(time_part(run_))


def test_of_a_large_run_only_what_the_page_shows_is_held(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkpoints of 100,000 records are read through, not kept."""
    whole = records_of_run(RunReader(folder))
    monkeypatch.setattr(records, "MOST_ROWS", 5)
    monkeypatch.setattr(records, "MOST_REFUSED", 2)
    kept: list[int] = []
    read = records._told

    def told(*arguments: Any) -> Any:
        found = read(*arguments)
        kept.append(max(len(found.accepted), len(found.plan), len(found.refused)))
        return found

    monkeypatch.setattr(records, "_told", told)
    part = records_of_run(RunReader(folder))
    accepted = [row for row in part.rows if "r" not in row]
    assert accepted == [row for row in whole.rows if "r" not in row][:5]
    assert [row for row in part.rows if "r" in row] == [row for row in whole.rows if "r" in row][:2]
    assert (part.total, part.refused_total) == (whole.total, whole.refused_total)
    assert len(kept) == 1 and kept[0] <= 7
