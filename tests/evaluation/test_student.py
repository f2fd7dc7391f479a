"""What a dataset teaches beside real data, its gap with an interval, and where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datagen_cli.core.errors import DataError
from datagen_cli.evaluation.bootstrap import coded_f1, item_interval
from datagen_cli.evaluation.correctness import macro_f1
from datagen_cli.evaluation.learning_curve import default_sizes, learning_curve
from datagen_cli.evaluation.student import Labelled, Student, labelled, split_half, without
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from tests.evaluation.files import news


def dataset(rows: list[dict[str, Any]], name: str = "d") -> Dataset:
    return Dataset(name, rows, ("text",), "label")


def test_a_good_set_teaches_as_much_as_real_data_and_a_mislabelled_one_less() -> None:
    real = Features(dataset(news(400, 1)))
    good = Student().compute(Features(dataset(news(100, 2))), real)
    bad = Student().compute(Features(dataset(news(100, 3, wrong=0.9))), real)
    assert good.value is not None and bad.value is not None
    assert good.value > 0.95 > bad.value + 0.1
    low, high = good.detail["gap"]["interval"]
    assert low <= 0 <= high
    assert bad.detail["gap"]["interval"][1] < 0
    assert good.detail["rows"]["train"] == 100
    assert sum(good.detail["cartography"][name] for name in ("easy", "ambiguous", "hard")) == 100


def test_leaked_test_rows_teach_nothing() -> None:
    rows = news(200, 1)
    found = Student().compute(Features(dataset(rows)), Features(dataset(rows)))
    assert found.detail["rows"]["left_out"] == found.detail["rows"]["test"] >= 100


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        (news(5), news(100, 1), "needs at least 10 labelled training rows, has 5"),
        (news(50), news(6, 1), "needs at least 10 labelled"),
        ([{"text": f"t {n}", "label": "zzz"} for n in range(20)], news(100), "no label in common"),
        (news(50), [{"text": f"t {n}", "label": n} for n in range(400)], "no classes"),
        (news(50), [{"text": f"x {n}", "label": "sport"} for n in range(50)], "one label only"),
        ([{"text": "a"}] * 20, news(100), "no label in common|labelled training rows"),
    ],
)
def test_what_no_student_can_learn_has_a_reason(
    ours: list[dict[str, Any]], theirs: list[dict[str, Any]], reason: str
) -> None:
    found = Student().compute(Features(dataset(ours)), Features(dataset(theirs)))
    assert found.value is None
    assert any(part in found.reason for part in reason.split("|")), found.reason


def test_without_reference_or_label_there_is_a_reason() -> None:
    ours = Features(dataset(news(20)))
    assert Student().compute(ours, None).reason == "no reference given"
    plain = Features(Dataset("p", news(20), ("text",)))
    assert Student().compute(plain, ours).reason == "the dataset has no label"
    assert Student().compute(ours, plain).reason == "the reference has no label"


def test_real_rows_are_split_by_label_and_no_text_is_on_both_sides() -> None:
    rows = labelled(dataset([*news(100, 4), *news(100, 4)]))
    train, test = split_half(rows)
    assert not {*train.texts} & {*test.texts}
    assert abs(test.labels.count("sport") * 2 - rows.labels.count("sport")) <= 1
    assert split_half(rows) == (train, test)


def test_training_rows_that_are_test_rows_are_left_out() -> None:
    train = Labelled(["A  b", "c"], ["x", "y"], ["1", "2"])
    assert without(train, Labelled(["a B"], ["x"], ["9"])).texts == ["c"]


@pytest.mark.slow
def test_a_learning_curve_has_every_size_for_all_three() -> None:
    found = learning_curve(
        dataset(news(80, 1)), dataset(news(100, 2)), dataset(news(60, 3), "real"),
        sizes=[20, 40, 500], seeds=2, embed=None, say=lambda text: None,
    )  # fmt: skip
    shown = [(row["train"], row["n_real"], row["n_synthetic"]) for row in found["rows"]]
    assert shown == [
        ("real", 20, 0), ("synthetic", 0, 20), ("real+synthetic", 20, 20),
        ("real", 40, 0), ("synthetic", 0, 40), ("real+synthetic", 40, 40),
        ("real", 60, 0), ("synthetic", 0, 60), ("real+synthetic", 60, 60), ("synthetic", 0, 80),
    ]  # fmt: skip
    for row in found["rows"]:
        for score in ("accuracy", "macro_f1"):
            low, high = row[score]["interval"]
            assert low <= row[score]["value"] <= high
    assert found["real_from"] == "real"
    assert len(found["cartography"]["records"]) == 80


@pytest.mark.slow
def test_without_real_rows_half_of_the_test_trains() -> None:
    test = dataset(news(100, 2))
    found = learning_curve(dataset(news(80, 1)), test, None, sizes=[], seeds=2, embed=None, say=lambda text: None)
    assert found["n_test"] in (50, 51)
    assert found["real_from"] == "half of the test rows"
    with pytest.raises(DataError, match="no label in common"):
        learning_curve(
            dataset([{"text": f"t {n}", "label": "z"} for n in range(20)]), test, None,
            sizes=[], seeds=1, embed=None, say=lambda text: None,
        )  # fmt: skip


def test_default_sizes_are_a_quarter_a_half_and_all() -> None:
    assert default_sizes(1000, 100) == [25, 50, 100]
    assert default_sizes(3, 100) == [3]


def test_intervals_hold_their_value_and_shrink_with_items() -> None:
    def width(items: int) -> float:
        hits = np.random.default_rng(0).random((3, items)) < 0.7
        value = float(hits.mean())
        low, high = item_interval(lambda s, i: float(hits[np.ix_(s, i)].mean()), 3, items, value)
        assert low <= value <= high
        return high - low

    assert width(2000) < 0.6 * width(200)


def test_coded_macro_f1_is_that_of_the_labels() -> None:
    draw = np.random.default_rng(1)
    truth, said = draw.integers(3, size=100), draw.integers(4, size=100)
    assert coded_f1(truth, said, 9) == pytest.approx(macro_f1([*map(str, truth)], [*map(str, said)]))


@pytest.mark.slow
@pytest.mark.samples
@pytest.mark.parametrize("name", ["baseline", "targeted_tags"])
def test_real_news_teach_more_than_those_of_a_small_model(name: str, sample: Callable[[str], Path]) -> None:
    def read(path: str, most: int) -> Dataset:
        return dataset([json.loads(line) for line in sample(path).open()][:most])

    synthetic = read(f"synthetic/agnews_deepseek_r1_1.5b/{name}.jsonl", 500)
    found = learning_curve(
        synthetic, read("ag_news/test.jsonl", 2000), read("ag_news/train.jsonl", 8000),
        sizes=[500], seeds=2, embed=None, say=lambda text: None,
    )  # fmt: skip
    real, ours, _ = found["rows"]
    assert (real["n"], ours["n"]) == (500, 500)
    assert real["accuracy"]["interval"][0] > ours["accuracy"]["interval"][1] + 0.2
    assert ours["gap"]["verdict"] == "worse"


def test_real_rows_that_are_the_test_rows_are_named() -> None:
    rows = news(60)
    ours = dataset([{**row, "text": f"other {row['text']}"} for row in rows])
    with pytest.raises(DataError, match="training rows, has 0 beside 60 that stand in the test"):
        learning_curve(ours, dataset(rows), dataset(rows, "base"), sizes=[], seeds=1, embed=None, say=lambda _: None)
