"""`review.jsonl`: decisions are appended, taken back, torn ends cut off, and bound to what was looked at."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from datagen_cli.core.errors import DataError, UsageError
from datagen_cli.runs.review import Decision, Review, ReviewFile, in_sample, read_decision, row_digest

ROW = {"id": "a-000001", "text": "A lamp.", "n": 2, "attributes": {}, "verdicts": {"solve": "pass"}, "simulated": True}
ROWS = {"a-000001": ROW}


def test_the_last_decision_for_an_id_counts(tmp_path: Path) -> None:
    file = ReviewFile(tmp_path)
    file.append(Decision("a", "keep"), Decision("b", "reject", "dull"))
    file.append(Decision("a", "reject", "false"))
    assert {name: one.decision for name, one in file.read().last.items()} == {"a": "reject", "b": "reject"}


def test_undo_takes_the_last_decision_back_until_none_is_left(tmp_path: Path) -> None:
    file = ReviewFile(tmp_path)
    file.append(Decision("a", "keep"), Decision("b", "reject", "dull"))
    undone = [file.undo(), file.undo(), file.undo()]
    assert [one and one.id for one in undone] == ["b", "a", None]
    assert file.read().decisions == []


def test_a_torn_last_line_is_no_decision_and_the_next_one_takes_its_place(tmp_path: Path) -> None:
    file = ReviewFile(tmp_path)
    file.append(Decision("a", "keep"))
    for size in range(1, 60):
        with file.path.open("ab") as torn:
            torn.write(json.dumps(Decision("b", "keep").line()).encode()[:size])
        assert [one.id for one in file.read().decisions] == ["a"]
        file.append(Decision("c", "keep"))
        assert [one.id for one in file.read().decisions] == ["a", "c"]
        file.undo()


def test_a_script_s_last_line_without_a_line_end_counts(tmp_path: Path) -> None:
    (tmp_path / "review.jsonl").write_text('{"id": "a", "decision": "keep"}\n{"id": "b", "decision": "reject"}')
    file = ReviewFile(tmp_path)
    file.append(Decision("c", "keep"))
    assert [one.id for one in file.read().decisions] == ["a", "b", "c"]


UNFIT: list[tuple[dict[str, object], str]] = [
    ({"text": "a\x00b"}, "NUL character"),
    ({"text": "a\x1b[8mb"}, "control character"),
    ({"text": "a\ud800b"}, "half of a character"),
    ({"text": " \n"}, "an empty text"),
    ({"n": float("nan")}, "no number of JSON"),
    ({"n": float("-inf")}, "no number of JSON"),
    ({"n": 2**63}, "beyond 64 bits"),
]


@pytest.mark.parametrize(("fields", "says"), UNFIT)
def test_an_edit_in_the_file_that_no_record_may_hold_is_none(
    fields: dict[str, object], says: str, tmp_path: Path
) -> None:
    line = json.dumps({"id": "a", "decision": "edit", "fields": fields})
    (tmp_path / "review.jsonl").write_text(line + '\n{"id": "b", "decision": "keep"}\n')
    review = ReviewFile(tmp_path).read()
    assert says == "an empty text" or (review.damaged, [one.id for one in review.decisions]) == ([1], ["b"])


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"id": 3, "decision": "keep"}', '{"id": "a", "decision": "maybe"}', '{"id": "a", "decision": "edit"}'],
)
def test_a_line_that_holds_no_decision_is_counted_as_damaged(tmp_path: Path, line: str) -> None:
    (tmp_path / "review.jsonl").write_text(line + '\n{"id": "b", "decision": "keep"}\n')
    review = ReviewFile(tmp_path).read()
    assert (review.damaged, [one.id for one in review.decisions]) == ([1], ["b"])


def test_decisions_of_several_writers_are_all_kept(tmp_path: Path) -> None:
    def write(writer: int) -> None:
        for number in range(20):
            ReviewFile(tmp_path).append(Decision(f"{writer}-{number}", "keep"))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(ReviewFile(tmp_path).read().last) == 80


def test_a_decision_is_on_the_record_that_was_looked_at_and_not_on_its_successor(tmp_path: Path) -> None:
    file = ReviewFile(tmp_path)
    file.append(Decision("a-000001", "reject", "dull").bound(ROW))
    assert file.read().of(ROW) is not None
    assert file.read().of({**ROW, "text": "A new lamp."}) is None


def test_an_edit_is_on_the_record_before_it_and_after(tmp_path: Path) -> None:
    decision = read_decision({"id": "a-000001", "decision": "edit", "fields": {"text": "A bulb.", "n": 2}}, ROWS)
    assert decision.fields == {"text": "A bulb."}
    assert decision.is_on(ROW) and decision.is_on({**ROW, "text": "A bulb."})
    assert not decision.is_on({**ROW, "text": "A third."})


def test_a_line_that_holds_no_decision_stays_in_the_file_when_others_are_bound(tmp_path: Path) -> None:
    odd = json.dumps({"id": "a-000001", "decision": "edit", "fields": {"text": "a\x1bb"}})
    (tmp_path / "review.jsonl").write_text(odd + '\n{"id": "a-000001", "decision": "reject"}\n')
    file = ReviewFile(tmp_path)
    file.bind([ROW])
    assert (tmp_path / "review.jsonl").read_text().splitlines()[0] == odd
    assert ([one.of != "" for one in file.read().decisions], file.read().damaged) == ([True], [1])


def test_lines_that_name_only_an_id_are_bound_to_the_rows_that_stand_there(tmp_path: Path) -> None:
    (tmp_path / "review.jsonl").write_text(
        '{"id": "a-000001", "decision": "reject", "reason": "x", "fields": null}\n{"id": "gone", "decision": "keep"}\n'
    )
    file = ReviewFile(tmp_path)
    file.bind([ROW])
    first, second = file.read().decisions
    assert (first.of, first.verdicts, second.of) == (row_digest(ROW), {"solve": "pass"}, "")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"id": "b", "decision": "keep"}, "is no record of this run"),
        ({"id": "a-000001", "decision": "drop"}, "there is no 'drop'"),
        ({"id": "a-000001", "decision": "edit"}, "needs new values"),
        ({"id": "a-000001", "decision": "edit", "fields": {"txt": "x"}}, "no such field"),
        ({"id": "a-000001", "decision": "edit", "fields": {"n": "two"}}, "another type"),
        ({"id": "a-000001", "decision": "edit", "fields": {"n": True}}, "another type"),
        ({"id": "a-000001", "decision": "edit", "fields": {"text": "A lamp."}}, "nothing differs"),
        ({"id": "a-000001", "decision": "reject", "reason": 3}, "expected a text"),
        ({"id": "a-000001", "decison": "keep"}, "unknown key"),
        *(({"id": "a-000001", "decision": "edit", "fields": fields}, says) for fields, says in UNFIT),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(given: dict[str, object], says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_decision(given, ROWS)


def test_a_smaller_sample_is_the_beginning_of_a_larger_one() -> None:
    rows = [{"id": f"a-{number:06d}"} for number in range(50)]
    assert in_sample(rows, 20)[:7] == in_sample(rows, 7) != [row["id"] for row in rows[:7]]
    assert in_sample(rows, None) == [row["id"] for row in rows]


def test_a_link_in_place_of_the_file_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/review.jsonl").symlink_to(tmp_path / "other")
    with pytest.raises(UsageError):
        ReviewFile(tmp_path / "run").append(Decision("a", "keep"))
    with pytest.raises(DataError):
        ReviewFile(tmp_path / "run").read()


def test_decisions_are_put_by_id_once_however_many_rows_are_looked_up() -> None:
    seen: list[int] = []

    class Counted(list[Decision]):
        def __iter__(self) -> Iterator[Decision]:
            seen.append(1)
            return super().__iter__()

    review = Review(Counted([Decision("a", "keep"), Decision("b", "reject")]))
    assert [review.of({"id": id_}) is not None for id_ in ("a", "b", "c")] == [True, True, False]
    assert len(seen) == 1
