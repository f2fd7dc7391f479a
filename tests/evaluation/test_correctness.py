"""Correctness by gold labels; a run is never its own witness."""

from __future__ import annotations

from typing import Any

import pytest

from datagen_cli.core.errors import DataError
from datagen_cli.evaluation.correctness import Correctness, against_gold, same_answer
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.measure import Measure


def dataset(rows: list[dict[str, Any]], label: str | None = "label") -> Dataset:
    ids = tuple(str(row["id"]) for row in rows) if rows and "id" in rows[0] else ()
    return Dataset("d", rows, ("text",), label, ids)


@pytest.mark.parametrize(
    ("found", "gold", "same"),
    [
        ("1,200", 1200, True), ("$3.50", 3.5, True), ("1/2", "0.5", True), (18, "so 18 eggs\n#### 18", True),
        ("18", 19, False), ("World", " world ", True), ("World", "Sports", False), (True, "true", True),
        (True, 1, False), (1000001, 1000002, False), ("1,000,001", "1000002", False),
        ("level 1", "class 1", False), ("level 1", "Level 1", True), ("3.3333333", "10/3", True),
        ("B", "b", True), ([1], [1], True), (None, "x", False), (None, None, True),
        ("_" * 60, "x", False), ("ab" + "_" * 60 + "!", "ab", False),
    ],
)  # fmt: skip
def test_answers_are_compared_by_what_they_mean(found: Any, gold: Any, same: bool) -> None:
    assert same_answer(found, gold) is same


def test_gold_rows_are_found_by_id() -> None:
    ours = dataset([{"id": n, "text": "t", "label": label} for n, label in enumerate("aabb")])
    gold = dataset([{"id": n, "text": "else", "label": label} for n, label in enumerate("aab")])
    found = against_gold(ours, gold)
    assert found.value == 1
    assert (found.detail["right"], found.detail["wrong"], found.detail["unknown"]) == (3, 0, 1)


def test_gold_rows_are_found_by_text_where_ids_do_not_meet() -> None:
    ours = dataset([{"text": "One  Egg", "label": 1}, {"text": "two eggs", "label": "3"}, {"text": "x", "label": 9}])
    gold = dataset([{"text": "two eggs", "answer": "2"}, {"text": "one egg", "answer": "1.0"}])
    found = against_gold(ours, gold)
    assert found.value == 0.5
    assert found.detail["rows"] == [{"id": "2", "found": "3", "gold": "2"}]
    assert found.detail["unknown"] == 1
    assert found.interval and found.interval[0] < 0.5 < found.interval[1]


def test_macro_f1_counts_as_right_what_accuracy_does() -> None:
    ours = dataset([{"id": f"r{n}", "text": "t", "label": label} for n, label in enumerate(["1/2", "0.50", "2.0"])])
    gold = dataset([{"id": f"r{n}", "text": "t", "label": label} for n, label in enumerate(["0.5", "1/2", "2"])])
    found = against_gold(ours, gold)
    assert (found.value, found.detail["macro_f1"]) == (1, 1)


def test_an_empty_gold_cell_is_no_gold_label() -> None:
    ours = dataset([{"id": f"r{n}", "text": "t", "label": "a"} for n in range(3)])
    gold = dataset([{"id": f"r{n}", "text": "t", "label": label} for n, label in enumerate(["a", "", None])])
    found = against_gold(ours, gold)
    assert (found.value, found.detail["unknown"]) == (1, 2)


def test_ids_that_number_the_rows_do_not_join_unrelated_texts() -> None:
    ours = dataset([{"id": n, "text": text, "label": text} for n, text in enumerate(["one", "two", "three"])])
    gold = dataset([{"id": n, "text": text, "label": text} for n, text in enumerate(["three", "two", "else"])])
    found = against_gold(ours, gold)
    assert (found.value, found.detail["unknown"]) == (1, 1)


def test_macro_f1_is_given_for_classes() -> None:
    ours = dataset([{"id": n, "text": "t", "label": label} for n, label in enumerate("aaab")])
    gold = dataset([{"id": n, "text": "t", "label": label} for n, label in enumerate("aabb")])
    assert against_gold(ours, gold).detail["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)


def test_gold_that_says_nothing_is_told() -> None:
    ours = dataset([{"text": "a", "label": 1}])
    assert "no row of --gold" in against_gold(ours, dataset([{"text": "b", "label": 1}])).reason
    assert "has no label" in against_gold(dataset([{"text": "a"}], None), ours).reason
    with pytest.raises(DataError, match="has no column 'label'"):
        against_gold(ours, dataset([{"text": "a", "other": 1}]))


def test_gold_rows_that_contradict_each_other_decide_nothing() -> None:
    ours = dataset([{"text": "one egg", "label": 1}, {"text": "two eggs", "label": 2}, {"text": "three", "label": 4}])
    gold = dataset(
        [
            {"text": "One egg", "label": 1}, {"text": "one egg", "label": 7}, {"text": "one egg", "label": 1},
            {"text": "two eggs", "label": "2.0"}, {"text": "two eggs", "label": 2}, {"text": "two eggs", "label": None},
            {"text": "three", "label": 3},
        ]
    )  # fmt: skip
    found = against_gold(ours, gold)
    assert (found.detail["right"], found.detail["wrong"], found.detail["unknown"]) == (1, 1, 1)
    assert found.detail["contradicted"] == 1
    none = against_gold(dataset([{"text": "one egg", "label": 1}]), gold)
    assert none.value is None
    assert "contradict each other" in none.reason


def test_gold_rows_of_one_id_that_contradict_each_other_decide_nothing() -> None:
    ours = dataset([{"id": n, "text": "t", "label": "a"} for n in range(2)])
    gold = dataset([{"id": n, "text": "t", "label": label} for n, label in ((0, "b"), (0, "a"), (1, "a"))])
    found = against_gold(ours, gold)
    assert (found.detail["right"], found.detail["wrong"], found.detail["unknown"]) == (1, 0, 1)


def test_a_dataset_alone_says_nothing_of_its_correctness() -> None:
    found = Correctness().compute(Features(dataset([{"text": "a", "label": 1}])), None)
    assert found.reason == "no --gold, --recheck or review"


def test_of_many_checks_that_say_the_same_the_first_are_named() -> None:
    none = {"kappa": None, "reason": "the check passed all of them"}
    agreement = {**{f"check{n}": none for n in range(9)}, "solve": {"kappa": 0.5, "interval": [0.25, 0.75]}}
    found = Measure(0.5, "higher", "review|N=2", None, {"right": 1, "wrong": 1, "unknown": 0, "agreement": agreement})
    assert Correctness().reading(found.value or 0.0, found.detail) == (
        "1 right, 1 wrong, 0 unknown; agreement (kappa): "
        "check0, check1, check2 and 6 more – (the check passed all of them); solve 0.50 (0.25–0.75)"
    )
