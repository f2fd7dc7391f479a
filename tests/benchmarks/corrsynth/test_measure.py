"""The measuring half of the experiment, on real items and on small literal input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.corrsynth.experiment import drawn
from benchmarks.corrsynth.measure import FIGURES, Estimate, Truth, difference, estimate, figures, verdict
from benchmarks.corrsynth.news import Item, read_items
from benchmarks.corrsynth.table import cell, markdown, sentences
from benchmarks.corrsynth.variants import CUT, FEWGEN, SWEEP, VARIANTS, control_name


@pytest.fixture(scope="module")
def truth(sample: Callable[[str], Path]) -> Truth:
    train, test = (read_items(sample(f"ag_news/{name}.jsonl")) for name in ("train", "test"))
    return Truth(train[400:1200], test[:300])


@pytest.mark.slow
def test_real_items_keep_their_label_and_teach_it(truth: Truth) -> None:
    found = figures(drawn(truth.train, 200, 1), truth)
    assert set(found) == set(FIGURES)
    assert truth.judge_accuracy > 0.7
    assert found["label_kept"] == 1.0 and found["copied"] == 1.0  # these are the judge's own training items
    assert found["student"] is not None and 0.5 < found["student"] < truth.judge_accuracy
    assert found["self_bleu"] is not None and 0 < found["self_bleu"] < 0.4
    assert found["words"] is not None and 30 < found["words"] < 45
    assert found["mauve"] is None  # no embedder was given


def test_wrong_labels_are_seen_by_the_judge_and_the_student(truth: Truth) -> None:
    items = drawn(truth.train, 200, 1)
    turned = {"Business": "Sports", "Sports": "World", "World": "Sci/Tech", "Sci/Tech": "Business"}
    wrong = figures([replace(item, label=turned[item.label]) for item in items], truth)
    assert wrong["label_kept"] == 0.0
    assert wrong["student"] is not None and wrong["student"] < 0.2


def test_texts_that_repeat_each_other_have_a_high_self_bleu_and_little_else(truth: Truth) -> None:
    few = drawn(truth.train, 8, 1)
    same, varied = figures(few * 10, truth), figures(drawn(truth.train, 80, 1), truth)
    assert same["self_bleu"] == pytest.approx(1.0)
    assert same["entity_entropy"] is not None and varied["entity_entropy"] is not None
    assert same["entity_entropy"] < varied["entity_entropy"] - 2


def test_a_set_of_none_has_no_figures(truth: Truth) -> None:
    assert set(figures([], truth).values()) == {None}


def test_real_items_are_drawn_by_label_and_seed() -> None:
    items = [Item(f"{label}{number}", label) for label in "ab" for number in range(20)]
    found = drawn(items, 7, 1)
    assert [item.label for item in found].count("a") == 4 and len(set(found)) == 7
    assert drawn(items, 7, 1) == found != drawn(items, 7, 2)


def test_the_interval_is_that_of_student_t() -> None:
    found = estimate([1.0, 2.0, 3.0])
    assert (found.mean, found.n) == (2.0, 3)
    assert found.low == pytest.approx(2 - 4.302652730 / 3**0.5) and found.high == pytest.approx(4 - found.low)  # type: ignore[operator]
    assert estimate([1.5]) == Estimate(1.5, None, None, 1)


def test_differences_are_taken_seed_by_seed() -> None:
    gap = difference({1: 0.5, 2: 0.9, 3: 0.1}, {1: 0.4, 2: 0.8, 4: 7.0})
    assert gap is not None and gap.n == 2 and gap.mean == pytest.approx(0.1) and gap.low == pytest.approx(0.1)
    assert difference({1: 0.5}, {2: 0.4}) is None


@pytest.mark.parametrize(
    ("gap", "better", "said"),
    [
        (Estimate(0.2, 0.1, 0.3, 3), "higher", "better"),
        (Estimate(0.2, 0.1, 0.3, 3), "lower", "worse"),
        (Estimate(-0.2, -0.3, -0.1, 3), "lower", "better"),
        (Estimate(0.2, -0.1, 0.5, 3), "higher", "even"),
        (Estimate(0.2, None, None, 1), "higher", ""),
        (Estimate(0.2, 0.1, 0.3, 3), "", ""),
        (None, "higher", ""),
    ],
)
def test_a_difference_counts_only_where_its_interval_leaves_zero_out(
    gap: Estimate | None, better: str, said: str
) -> None:
    assert verdict(gap, better) == said


def test_every_contrast_has_its_controls_and_everything_else_is_equal() -> None:
    known = {one.name: one for one in (*VARIANTS, *SWEEP)}
    assert len(known) == len(VARIANTS) + len(SWEEP)
    for one in known.values():
        contrast = one.correlated.get("contrast", 0)
        if contrast > 0.01:
            with_cut = known[control_name(contrast, cut=True)]
            assert with_cut.name in one.controls and FEWGEN in one.controls and CUT in one.controls
            assert with_cut.temperature == pytest.approx(one.temperature / (1 - contrast))
            assert with_cut.correlated["contrast"] < 1e-5
    assert {control_name(0.3), control_name(0.3, cut=True)} <= set(known["hybrid, c = 0.3"].controls)
    assert not known[FEWGEN].correlated and not known[control_name(0.3)].correlated
    different = {"sampling.temperature"} | {f"sampling.correlated.{key}" for key in ("variant", "contrast", "guidance")}
    settings = [{key: value for key, value in one.settings.items() if key not in different} for one in known.values()]
    assert all(one == settings[0] for one in settings)


def test_the_table_shows_means_intervals_and_what_is_missing() -> None:
    assert cell({"mean": 0.12345, "low": 0.11, "high": 0.13}, 3) == "0.123 ± 0.007"
    assert (cell({"mean": 0.12345, "low": None, "high": None}, 2), cell(None, 3)) == ("0.12", "–")
    figure = {"mean": 0.5, "low": 0.4, "high": 0.6, "n": 3}
    rows = [
        {
            "name": "real items",
            "figures": {"mauve": figure},
            "tokens_a_text": None,
            "forward_rows": None,
            "against": {},
        },
        {
            "name": "cross, c = 0.3",
            "figures": {"self_bleu": figure},
            "tokens_a_text": 51.26,
            "forward_rows": 20512.0,
            "against": {FEWGEN: {"self_bleu": {"verdict": "better"}, "mauve": {"verdict": "worse"}}},
        },
    ]
    head, line, real, cross = markdown({"rows": rows}).splitlines()
    assert head.startswith("|  | Self-BLEU ↓ | entity entropy ↑ | MAUVE ↑ |") and line.count("|") == head.count("|")
    assert real == "| real items | – | – | 0.500 ± 0.100 | – | – | – | – | – |"
    assert cross == "| cross, c = 0.3 | 0.500 ± 0.100 | – | – | – | – | – | 51.3 | 21 k |"
    assert sentences({"rows": rows}) == [f"cross, c = 0.3 against {FEWGEN}: better: Self-BLEU; worse: MAUVE"]
