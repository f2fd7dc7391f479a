"""Splits: shares that are kept, clusters that are not torn, labels that are spread, and the same splits every time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from datagen_cli.core.errors import UsageError
from datagen_cli.export.split import clusters, parse_split, split_rows


def rows(count: int, labels: str = "ab") -> list[dict[str, Any]]:
    return [{"id": f"x-{n:04d}", "label": labels[n % len(labels)]} for n in range(count)]


def sizes(found: dict[str, Any]) -> dict[str, int]:
    return {name: len(part) for name, part in found.items()}


def alone(data: list[dict[str, Any]]) -> dict[str, str]:
    return clusters([row["id"] for row in data], ())


def test_shares_are_read() -> None:
    assert parse_split("train=0.8,test=0.2") == {"train": 0.8, "test": 0.2}
    assert parse_split(" a = .5 , b=.3,c=.2 ") == {"a": 0.5, "b": 0.3, "c": 0.2}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "train",
        "train=0.8",
        "train=x,test=0.2",
        "a=0.5,a=0.5",
        "a=1.2,b=-0.2",
        "../x=0.5,b=0.5",
        "train-a=0.5,b=0.5",
        "all=0.5,b=0.5",
        "a.b=0.5,b=0.5",
        "a=nan,b=1",
    ],
)
def test_what_are_no_shares_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_split(text)
    assert "train=0.8,test=0.2" in caught.value.hint


def test_shares_hold_and_labels_are_spread() -> None:
    data = rows(100, "aaab")
    found = split_rows(data, {"train": 0.8, "test": 0.2}, alone(data), "label")
    assert sizes(found) == {"train": 80, "test": 20}
    assert Counter(row["label"] for row in found["test"]) == {"a": 15, "b": 5}
    assert [row["id"] for row in found["train"]] == sorted(row["id"] for row in found["train"])


def test_the_same_rows_in_any_order_give_the_same_splits() -> None:
    data = rows(50)
    shares = {"train": 0.7, "test": 0.3}
    one = split_rows(data, shares, alone(data), "label")
    other = split_rows(data[::-1], shares, alone(data), "label")
    assert {row["id"] for row in one["test"]} == {row["id"] for row in other["test"]}


def test_groups_and_parents_with_their_children_stay_together() -> None:
    data = rows(60)
    lineage = [{"id": row["id"], "group": f"g{n // 4}"} for n, row in enumerate(data[:40])]
    lineage += [
        {"id": "x-0050", "parent": "x-0041"},
        {"id": "x-0051", "parent": "x-0050"},
        {"id": "x-0052", "parent": "gone"},
    ]
    ties = clusters([row["id"] for row in data], lineage)
    assert ties["x-0041"] == ties["x-0050"] == ties["x-0051"] != ties["x-0052"]
    found = split_rows(data, {"train": 0.5, "dev": 0.25, "test": 0.25}, ties, "label")
    where = {row["id"]: name for name, part in found.items() for row in part}
    for cluster in set(ties.values()):
        assert len({where[id_] for id_, name in ties.items() if name == cluster}) == 1
    assert 26 <= len(found["train"]) <= 34


def test_every_split_gets_something_and_one_that_cannot_is_refused() -> None:
    data = rows(3)
    found = split_rows(data, {"train": 0.98, "dev": 0.01, "test": 0.01}, alone(data), None)
    assert sizes(found) == {"train": 1, "dev": 1, "test": 1}
    with pytest.raises(UsageError, match="cannot fill 4 splits"):
        split_rows(data, dict.fromkeys("abcd", 0.25), alone(data), None)
    one = clusters([row["id"] for row in data], [{"id": row["id"], "group": "g"} for row in data])
    with pytest.raises(UsageError, match=r"1 groups \(3 records that belong together\)"):
        split_rows(data, {"train": 0.5, "test": 0.5}, one, None)
