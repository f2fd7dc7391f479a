"""The group check: what repeats is refused by name, near copies and neighbours on request, rules in judging order."""

from __future__ import annotations

import numpy as np

from datagen_cli.constraints.unique import Unique, UniqueOptions
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Record
from datagen_cli.stages.dedup import Dedup, Known, SetCheck
from datagen_cli.text.near import NearIndex
from datagen_cli.text.neighbours import NeighbourIndex

LONG = "A farmer has twelve sheep and buys seven more at the market on Monday, then sells three of them on Friday."


def record(slot: int, text: str, n: int = 0) -> Record:
    return Record(slot, 1, {"text": text, "n": n})


def known(*texts: str) -> tuple[Known, ...]:
    return tuple(Known(f"row {i} of the base", {"text": text, "n": 0}, text) for i, text in enumerate(texts, 1))


def test_an_exact_repeat_of_the_base_is_refused_by_name_with_its_evidence() -> None:
    found = Dedup(["text", "n"], known("Old  Text")).judge(record(0, "old text"))
    assert found.record.rejection is not None
    assert found.record.rejection.reason == "duplicate"
    assert found.record.rejection.repeats == "row 1 of the base"
    assert found.record.rejection.evidence == {"text": "Old  Text", "n": 0}


def test_an_exact_repeat_of_an_accepted_record_names_its_slot() -> None:
    dedup = Dedup(["text", "n"])
    assert dedup.judge(record(0, "a")).record.rejection is None
    assert dedup.judge(record(1, "a", 1)).record.rejection is None
    found = dedup.judge(record(2, "A "))
    assert found.record.rejection is not None
    assert found.slot == 0


def test_base_rows_that_lack_a_written_field_cannot_be_repeated_exactly() -> None:
    rows = (Known("row 1", {"text": "a"}, "a"),)
    assert Dedup(["text", "n"], rows).judge(record(0, "a")).record.rejection is None


def near(dedup_texts: tuple[Known, ...] = (), *, grows: bool = True) -> Dedup:
    index = NearIndex(0.8)
    for row in dedup_texts:
        index.add(row.text)
    return Dedup(
        ["text", "n"], dedup_texts, near=index, against_accepted=grows, text=lambda fields: str(fields["text"])
    )


def test_a_near_copy_of_the_base_and_of_an_accepted_record_is_refused() -> None:
    dedup = near(known("Something else entirely, about trains.", LONG))
    found = dedup.judge(record(0, LONG.replace("sheep", "goats"), 1))
    assert found.record.rejection is not None
    assert found.record.rejection.reason == "near_duplicate"
    assert found.record.rejection.repeats == "row 2 of the base"
    other = "The library opens at nine on weekdays, closes at six, and lends books for four weeks at a time."
    assert dedup.judge(record(1, other)).record.rejection is None
    found = dedup.judge(record(2, other.replace("four", "three"), 1))
    assert found.record.rejection is not None
    assert found.slot == 1


def test_without_accepted_in_against_only_the_known_rows_count() -> None:
    dedup = near(known("Something else entirely, about trains."), grows=False)
    assert dedup.judge(record(0, LONG)).record.rejection is None
    assert dedup.judge(record(1, LONG.replace("sheep", "goats"))).record.rejection is None


def test_an_embedding_neighbour_is_refused_with_its_similarity() -> None:
    index = NeighbourIndex(0.9, 2)
    index.add(np.array([[1.0, 0.0]], dtype=np.float32))
    dedup = Dedup(["text", "n"], known("base"), neighbours=index, text=lambda fields: str(fields["text"]))
    found = dedup.judge(record(0, "x"), np.array([0.99, 0.14], dtype=np.float32))
    assert found.record.rejection is not None
    assert found.record.rejection.reason == "neighbour"
    assert "0.99" in found.record.rejection.detail
    assert dedup.judge(record(1, "y"), np.array([0.0, 1.0], dtype=np.float32)).record.rejection is None
    found = dedup.judge(record(2, "z"), np.array([0.1, 0.995], dtype=np.float32))
    assert found.slot == 1


def test_rules_over_the_set_give_verdicts_and_refuse_in_judging_order() -> None:
    unique = Unique(UniqueOptions(field="text"), {"text": FieldSpec("text")})
    dedup = Dedup(["text", "n"], checks=[SetCheck("unique", unique.rule, "drop")])
    assert dedup.judge(record(0, "a")).record.verdicts == {"unique": "pass"}
    found = dedup.judge(record(1, "A", 1))
    assert found.record.rejection is not None
    assert (found.record.rejection.reason, found.slot) == ("unique", 0)
    keeping = Dedup(["text", "n"], checks=[SetCheck("unique", unique.rule, "keep")])
    keeping.judge(record(0, "a"))
    kept = keeping.judge(record(1, "A", 1)).record
    assert kept.rejection is None
    assert kept.verdicts == {"unique": "fail"}
