"""Labels that point at an item of a list: found in the base, checked in every record."""

from __future__ import annotations

import pytest

from datagen_cli.core.pointer import Pointer, find_pointer, nearly_pointer

ITEMS = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("labels", "form"),
    [([0, 3], "index"), (["0", "3"], "index"), ([1, 4], "place"), (["A", "d"], "letter"), (["(B)", "C"], "letter")],
)
def test_the_relation_is_found_where_every_row_has_it(labels: list[object], form: str) -> None:
    rows = [{"label": label, "choices": ["x", "y", "z", "w"]} for label in labels]
    assert find_pointer("label", ["choices"], rows) == Pointer("label", "choices", form)  # type: ignore[arg-type]


def test_an_item_itself_and_no_relation_at_all() -> None:
    assert find_pointer("l", ["c"], [{"l": "b", "c": ITEMS}]) == Pointer("l", "c", "item")
    assert find_pointer("l", ["c"], [{"l": "b", "c": ITEMS}, {"l": "zebra", "c": ITEMS}]) is None
    assert find_pointer("l", ["c"], []) is None
    assert find_pointer("l", [], [{"l": "b"}]) is None


def test_a_record_whose_label_points_nowhere_does_not_hold() -> None:
    pointer = Pointer("label", "choices", "index")
    assert pointer.holds({"label": 3, "choices": ITEMS})
    assert not pointer.holds({"label": 4, "choices": ITEMS})
    assert not pointer.holds({"label": True, "choices": ITEMS})
    assert not pointer.holds({"label": 0, "choices": []})
    assert pointer.problem({"label": 4, "choices": ITEMS}) == "label: 4 is none of the 4 items of choices"


@pytest.mark.parametrize(
    ("form", "label", "place", "other"),
    [
        ("index", 1, 1, 3),
        ("index", "1", 1, "3"),
        ("place", 1, 0, 4),
        ("letter", "(b)", 1, "(d)"),
        ("item", "c", 2, "d"),
    ],
)
def test_a_label_is_followed_to_its_item_and_another_is_written_in_its_form(
    form: str, label: object, place: int, other: object
) -> None:
    pointer = Pointer("label", "choices", form)  # type: ignore[arg-type]
    assert pointer.place(label, ITEMS) == place
    assert pointer.label_for(3, ITEMS, label) == other
    assert pointer.place("nowhere", ITEMS) is None


def test_a_relation_that_most_rows_have_names_the_others() -> None:
    rows: list[dict[str, object]] = [{"label": "ABCD"[n % 4], "choices": ITEMS} for n in range(10)]
    rows[3] = {"label": "F", "choices": ITEMS}
    rows[7] = {"label": "A", "choices": None}
    assert find_pointer("label", ["choices"], rows) is None
    assert nearly_pointer("label", ["choices"], rows) == (Pointer("label", "choices", "letter"), [3, 7])
    assert nearly_pointer("label", ["choices"], [*rows, {"label": "Z", "choices": ITEMS}]) is None  # three of eleven
    assert nearly_pointer("label", ["tags"], [{"label": row["label"], "tags": row["choices"]} for row in rows]) is None
