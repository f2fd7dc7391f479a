"""Sets that real models wrote, read in place: the table of docs/bench.md has its rows, intervals and ties."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.real_sets import BENCHES, END, PAGE, START, page, tables

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    return tables(seeds=2)


@pytest.fixture(autouse=True)
def there(sample: Callable[[str], Path]) -> None:
    sample("synthetic/worker_vs_gpt_sentiment/real_train.jsonl")


def test_every_set_has_a_pgr_with_its_interval(there: None, found: dict[str, dict[str, Any]]) -> None:
    for title, given in BENCHES.items():
        rows = found[title]["rows"]
        assert [row["generator"] for row in rows] == list(given["datasets"])
        for row in rows:
            low, high = row["metrics"]["pgr[tstr]"]["interval"]
            assert low <= row["metrics"]["pgr[tstr]"]["value"] <= high
        assert found[title]["simulated"] is False


def test_what_chance_may_have_made_is_a_tie_and_what_it_did_not_is_a_rank(found: dict[str, dict[str, Any]]) -> None:
    tweets, _, news = found.values()
    verdicts = {(pair["metric"], pair["a"], pair["b"]): pair["verdict"] for pair in tweets["pairs"]}
    assert verdicts["pgr[tstr]", "GPT-4", "Llama-2-70B"] == "tie"
    plain, targeted = (row["metrics"]["accuracy[tstr]"] for row in news["rows"])
    assert plain["value"] > targeted["value"] and plain["value"] < 0.6
    reference = next(note for note in news["notes"] if "reference" in note)
    assert "400 real rows of train.jsonl" in reference


def test_a_real_set_recovers_about_the_whole_gap(found: dict[str, dict[str, Any]]) -> None:
    (real,) = (row for row in found["Sentiment of tweets, three labels"]["rows"] if row["generator"] == "real")
    low, high = real["metrics"]["pgr[tstr]"]["interval"]
    assert low <= 100 <= high


def test_the_page_holds_the_tables(found: dict[str, dict[str, Any]]) -> None:
    kept = PAGE.read_text(encoding="utf-8").partition(START)[2].partition(END)[0]
    heads = [line for line in page(found).splitlines() if line.startswith(("###", "| generator"))]
    assert heads and all(line in kept for line in heads)
