"""Two datasets: better, worse or tie, at equal size, paired where the rows are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen_cli.evaluation.compare import compare
from datagen_cli.evaluation.evaluate import FeatureViews, measure
from datagen_cli.evaluation.load import Wanted, load_dataset
from datagen_cli.text.embed import open_embedder
from tests.evaluation.files import news, write

NAMES = ["self_bleu", "distinct_n", "vendi", "length", "near_duplicates", "verified"]


def side(rows: list[dict[str, Any]], path: Path) -> FeatureViews:
    return FeatureViews(load_dataset(write(path, rows), Wanted()), open_embedder("hashed", None))


def compared(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], tmp_path: Path) -> dict[str, Any]:
    first, second = side(ours, tmp_path / "a.jsonl"), side(theirs, tmp_path / "b.jsonl")
    return compare(first, second, None, NAMES, lambda text: None)


@pytest.mark.slow
def test_a_set_that_repeats_itself_is_worse_and_the_other_better(tmp_path: Path) -> None:
    varied = [{"text": f"word{n} thing{n * 7 % 200} place{n * 3 % 200}"} for n in range(200)]
    dull = [{"text": f"the same old story about word{n % 5}"} for n in range(300)]
    found = compared(varied, dull, tmp_path)
    assert found["n"] == 200
    verdicts = {name: item.get("verdict") for name, item in found["metrics"].items()}
    assert verdicts == {
        "self_bleu": "better", "distinct_n": "better", "vendi": "better", "length": None, "near_duplicates": "better",
    }  # fmt: skip
    back = compared(dull, varied, tmp_path)
    assert back["metrics"]["self_bleu"]["verdict"] == "worse"
    for item in found["metrics"].values():
        assert item["interval"][0] <= item["difference"] <= item["interval"][1]


@pytest.mark.slow
def test_two_draws_of_the_same_source_tie(tmp_path: Path) -> None:
    found = compared(news(300, 1), news(300, 2), tmp_path)
    assert found["metrics"]["self_bleu"]["verdict"] == "tie"
    assert found["metrics"]["distinct_n"]["verdict"] == "tie"


@pytest.mark.slow
def test_the_same_rows_in_another_order_are_paired(tmp_path: Path) -> None:
    rows = [{"id": str(n), **row} for n, row in enumerate(news(100))]
    found = compared(rows, rows[::-1], tmp_path)
    assert abs(found["metrics"]["self_bleu"]["difference"]) < 1e-12
    assert max(abs(edge) for edge in found["metrics"]["self_bleu"]["interval"]) < 1e-9


@pytest.mark.slow
def test_repeated_ids_do_not_pair_rows(tmp_path: Path) -> None:
    ours = [{"id": str(n % 5), **row} for n, row in enumerate(news(100, 1))]
    theirs = [{"id": str(n % 5), **row} for n, row in enumerate(news(100, 2))]
    found = compared(ours, theirs, tmp_path)["metrics"]["self_bleu"]
    alone = measure("self_bleu", side(theirs, tmp_path / "c.jsonl").all, None)
    assert found["other"] == alone.value


@pytest.mark.slow
@pytest.mark.parametrize("ids", ["the same", "others"])
def test_the_order_of_the_sides_changes_the_sign_only(ids: str, tmp_path: Path) -> None:
    ours, theirs = news(120, 1), news(160, 2)
    if ids == "the same":
        theirs = theirs[:120]
        ours, theirs = ([{"id": f"r{n}", **row} for n, row in enumerate(rows)] for rows in (ours, theirs))
        theirs.reverse()
    forth, back = compared(ours, theirs, tmp_path)["metrics"], compared(theirs, ours, tmp_path)["metrics"]
    opposite = {"better": "worse", "worse": "better", "tie": "tie", None: None}
    for name, item in forth.items():
        if "difference" in item:
            assert item["difference"] == pytest.approx(-back[name]["difference"])
            assert item["interval"] == pytest.approx([-edge for edge in back[name]["interval"][::-1]])
            assert opposite[item.get("verdict")] == back[name].get("verdict")


def test_what_one_side_lacks_has_a_reason(tmp_path: Path) -> None:
    found = compared(news(30), [], tmp_path)
    assert "no rows" in found["metrics"]["self_bleu"]["reason"] or "needs" in found["metrics"]["self_bleu"]["reason"]


@pytest.mark.slow
def test_none_found_on_both_sides_is_no_certain_tie_and_few_rows_that_never_vary_are_no_difference(
    tmp_path: Path,
) -> None:
    ours, theirs = news(100, 1), news(100, 2)
    found = compared(ours, theirs, tmp_path)["metrics"]["near_duplicates"]
    assert (found["difference"], found["verdict"]) == (0, "tie")
    low, high = found["interval"]
    assert (low, high) == pytest.approx((-(1 - 0.05 ** (1 / 100)), 1 - 0.05 ** (1 / 100)))
    few = compared([{"text": "one and the same text"}] * 3, ours[:3], tmp_path)["metrics"]
    assert few["near_duplicates"]["verdict"] == "tie", "all of three against none of three"
    five = compared([{"text": "always the same"}] * 5, [{"text": f"other words of{n}"} for n in range(5)], tmp_path)
    assert five["metrics"]["self_bleu"]["reason"] == "too few rows to see how it varies"
