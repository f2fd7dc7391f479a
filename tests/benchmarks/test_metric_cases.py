"""That the cases about measures are held against their bars. How fast anything is says `make bench`, never a test."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.__main__ import CASES
from benchmarks.cases_metrics import measure_rows, self_bleu_rows
from benchmarks.metrics import LARGE, nltk_loop_s, recombined
from benchmarks.table import render

GROWTH = {str(LARGE // 4): 1.0, str(LARGE // 2): 2.0, str(LARGE): 4.4}
COSTS: dict[str, Any] = {"questions": 2000, "slice": 4, "self_bleu_s": 0.1, "nltk_s": 400.0, "growth": GROWTH}


def failed(rows: list[Any]) -> list[str]:
    return [row.figure for row in rows if row.passed is False]


def test_both_are_cases_of_the_bench() -> None:
    assert {"self_bleu", "measures"} < set(CASES)
    assert all(case.__doc__ for case in CASES.values())


def test_figures_within_their_bars_pass() -> None:
    assert failed(self_bleu_rows(COSTS)) == []
    assert failed(measure_rows({"seconds": {"a": 30.0, "b": 0.01}, "peak_gb": 1.0}, LARGE)) == []


@pytest.mark.parametrize(
    ("change", "figure"),
    [
        ({"self_bleu_s": 0.5}, "times faster than nltk's loop"),
        ({"growth": GROWTH | {str(LARGE): 16.0, str(LARGE // 2): 8.0}}, "100,000 texts"),
        ({"growth": GROWTH | {str(LARGE // 2): 1.1}}, "twice the texts take, times as long"),
    ],
)
def test_a_slow_self_bleu_misses_its_bar(change: dict[str, Any], figure: str) -> None:
    assert failed(self_bleu_rows(COSTS | change)) == [figure]


def test_slow_or_large_measures_miss_their_bars() -> None:
    slow = measure_rows({"seconds": {"a": 30.0, "b": 31.0}, "peak_gb": 2.5}, LARGE)
    assert failed(slow) == ["all on 100,000 texts", "peak memory GB"]


def test_the_table_says_that_nltk_was_extrapolated() -> None:
    assert "4 of them, extrapolated" in render(self_bleu_rows(COSTS))


def test_the_large_set_is_the_same_every_time_and_new() -> None:
    texts = ["Ann has 3 apples. Bob takes 1. How many are left?", "A train leaves at 5. It comes at 9."]
    assert recombined(texts, 20) == recombined(texts, 20)
    assert len(recombined(texts, 20)) == 20


def test_the_loop_is_extrapolated_from_its_slice() -> None:
    assert nltk_loop_s(["one two three four", "one two four five", "six seven"], 1) >= 0
