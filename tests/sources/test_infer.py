from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.errors import DataError, RecipeError
from datagen_cli.sources.infer import LabelPlan, Resolved, resolve

from .bases import recipe


def resolved(rows: list[dict[str, Any]], **more: Any) -> Resolved:
    return resolve(recipe(Path("base.jsonl") if rows else None, **more), rows)


def types(rows: list[dict[str, Any]], **fields: Any) -> dict[str, str]:
    return {spec.name: spec.type for spec in resolved(rows, fields=fields).specs}


def plan(rows: list[dict[str, Any]], label: Any, **field: Any) -> LabelPlan:
    found = resolved(rows, fields={"y": field or {"type": "text"}}, label=label).label
    assert found is not None
    return found


def labels(*counts: tuple[Any, int]) -> list[dict[str, Any]]:
    return [{"y": value} for value, count in counts for _ in range(count)]


def test_types_are_the_json_types_of_the_base_unless_given() -> None:
    row = {"t": "3", "n": 3, "f": 3.5, "b": True, "l": ["a"], "j": {"k": 1}, "g": "4", "s": "a;b", "x": "7 up"}
    assert types(
        [row],
        t="t", n="n", f="f", b="b", l="l", j="j",
        g={"type": "number"}, s={"split": ";"}, x={"regex": r"\d"}, c={"choices": ["t", "g"]},
        m={"template": "{{ n }}"},
    ) == {
        "t": "text", "n": "number", "f": "number", "b": "boolean", "l": "list", "j": "json",
        "g": "number", "s": "list", "x": "text", "c": "list", "m": "text",
    }  # fmt: skip


def test_the_most_frequent_type_counts_and_null_does_not() -> None:
    assert types([{"n": None}, {"n": "x"}, {"n": 1}, {"n": 2}], n="n") == {"n": "number"}


def test_a_list_knows_the_type_of_its_items_when_they_share_one() -> None:
    rows = [{"a": ["x"], "b": [1, 2.5], "c": ["x", 1], "d": [{}]}, {"a": ["y", "z"], "b": [3], "c": ["x"], "d": [[]]}]
    specs = resolved(rows, fields={name: name for name in "abcd"}).specs
    assert [spec.item_type for spec in specs] == ["text", "number", "", ""]


def test_the_order_description_and_scratch_are_the_recipes() -> None:
    fields = {"b": {"description": "second", "keep": False}, "a": {"column": "c"}}
    specs = resolved([{"c": "x", "b": "y"}], fields=fields).specs
    assert [(spec.name, spec.description, spec.keep) for spec in specs] == [("b", "second", False), ("a", "", True)]


def test_fields_may_be_left_out_when_all_columns_are_text() -> None:
    specs = resolved([{"a": "x"}, {"a": "y", "b": "z"}]).specs
    assert [(spec.name, spec.type) for spec in specs] == [("a", "text"), ("b", "text")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"a": "x", "n": 1, "l": []}, "not all columns of the base are text: n, l"),
        ({"id": "x", "a": "y"}, "reserved names: id"),
    ],
)
def test_fields_may_not_be_left_out_otherwise(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        resolved([row])
    assert caught.value.hint.endswith(f"columns: {', '.join(row)}")


def test_without_a_base_fields_say_what_they_are() -> None:
    found = resolved(
        [], fields={"text": {"type": "text"}, "meta": {"schema": {"type": "object"}}, "tags": {"type": "list"}}
    )
    assert [(spec.name, spec.type) for spec in found.specs] == [("text", "text"), ("meta", "json"), ("tags", "list")]
    assert found.readers == ()


def test_without_a_base_no_field_may_name_a_column() -> None:
    with pytest.raises(RecipeError, match=r"fields\.text: names a column, but the recipe has no base") as caught:
        resolved([], fields={"text": "text"})
    assert "`text: {type: text}`" in caught.value.hint


def test_a_field_that_only_says_what_it_is_may_be_new() -> None:
    found = resolved([{"q": "x"}], fields={"reason": {"type": "text", "keep": False}, "q": "q"})
    assert [spec.name for spec in found.specs] == ["reason", "q"]
    assert [spec.name for _, spec in found.readers] == ["q"]


def test_some_field_must_be_in_the_base() -> None:
    with pytest.raises(DataError, match="none of the fields is a column of the base"):
        resolved([{"q": "x"}], fields={"question": {"type": "text"}})


def test_write_names_what_the_model_writes() -> None:
    found = resolved([{"q": "x"}], fields={"q": "q", "a": {"type": "text"}}, write=["a"])
    assert [(spec.name, spec.written) for spec in found.specs] == [("q", False), ("a", True)]
    with pytest.raises(RecipeError, match="write: there is no field 'b'"):
        resolved([{"q": "x"}], fields={"q": "q"}, write=["b"])


def test_labels_of_the_base_are_balanced_when_there_are_few_with_five_rows_each() -> None:
    assert plan(labels(("b", 5), ("a", 9)), "y").shares == (("a", 1.0), ("b", 1.0))


@pytest.mark.parametrize("rows", [labels(("a", 4), ("b", 9)), labels(*((f"v{i}", 5) for i in range(51)))])
def test_otherwise_the_model_writes_the_label(rows: list[dict[str, Any]]) -> None:
    assert plan(rows, "y") == LabelPlan("y")


def test_fifty_labels_are_few() -> None:
    assert len(plan(labels(*((i, 5) for i in range(50))), "y", column="y").shares) == 50


@pytest.mark.parametrize(
    ("rows", "given", "values"),
    [
        (labels((0, 2), (1, 2)), ["0", "1"], (0, 1)),
        (labels(("World", 1), ("Sports", 1)), ["sports", "world"], ("Sports", "World")),
        (labels((True, 1), (False, 1)), ["true", "false"], (True, False)),
        (labels(("0", 1)), [0, 1], ("0", "1")),
        (labels((0, 1)), [0, 7], (0, 7)),
        (labels((1.5, 1), (2.0, 1)), [2, 1.5], (2.0, 1.5)),
        (labels(("A", 1), ("B", 1)), ["A", "B", "C"], ("A", "B", "C")),
    ],
)
def test_values_given_take_the_form_of_the_base(
    rows: list[dict[str, Any]], given: list[Any], values: tuple[Any, ...]
) -> None:
    found = plan(rows, {"field": "y", "values": given}, column="y")
    assert [(type(v), v) for v in found.values] == [(type(v), v) for v in values]
    assert found.shares == tuple((value, 1.0) for value in values)


@pytest.mark.parametrize("rows", [labels(("AB", 1), ("Ab", 2)), labels(("Ab", 2), ("AB", 1))])
def test_a_value_that_two_of_the_base_match_takes_the_same_one_in_any_order(rows: list[dict[str, Any]]) -> None:
    assert plan(rows, {"field": "y", "values": ["ab"]}).values == ("AB",)
    assert plan(rows, {"field": "y", "values": ["Ab"]}).values == ("Ab",)


def test_the_labels_field_gets_its_type_and_values() -> None:
    found = resolved(labels((0, 5), (1, 5)), fields={"y": "y"}, label="y")
    assert [(spec.type, spec.values) for spec in found.specs] == [("label", (0, 1))]
    assert found.readers[0][1].values == (0, 1)


def test_a_label_of_many_values_keeps_the_one_type_of_the_base() -> None:
    many = labels(*((i, 1) for i in range(60)))
    assert resolved(many, fields={"y": "y"}, label="y").specs[0].type == "number"
    assert resolved(many, fields={"y": {"type": "label"}}, label="y").specs[0].type == "number"


def test_without_a_base_values_are_text_or_of_the_fields_type() -> None:
    label = {"field": "y", "values": {"1": "low", "2": "high"}}
    assert plan([], label, type="label").values == ("1", "2")
    found = plan([], label, type="number")
    assert (found.values, found.definitions) == ((1, 2), {1: "low", 2: "high"})


@pytest.mark.parametrize(
    ("quota", "shares"),
    [
        ("none", ()),
        ("balanced", (("a", 1.0), ("b", 1.0))),
        ("base", (("a", 3.0), ("b", 1.0))),
        ({"b": 2}, (("b", 2.0), ("a", 0.0))),
        ({"B": 1, "a": 3}, (("b", 1.0), ("a", 3.0))),
    ],
)
def test_quotas_of_the_bases_values(quota: Any, shares: tuple[tuple[Any, float], ...]) -> None:
    assert plan(labels(("a", 3), ("b", 1)), {"field": "y", "quota": quota}).shares == shares


def test_quotas_of_given_values() -> None:
    label = {"field": "y", "values": ["a", "b", "c"], "quota": {"c": 2, "a": 1}}
    assert plan([], label).shares == (("a", 1.0), ("b", 0.0), ("c", 2.0))
    base = {"field": "y", "values": ["a", "z"], "quota": "base"}
    assert plan(labels(("a", 3), ("b", 1)), base).shares == (("a", 3.0), ("z", 0.0))


@pytest.mark.parametrize(
    ("rows", "label", "field", "message"),
    [
        ([], "z", {"type": "text"}, "label: there is no field 'z'"),
        ([], "y", {"type": "list"}, "label: field 'y' is list"),
        ([], {"field": "y", "quota": "balanced"}, {"type": "text"}, "label.quota: balanced needs the label's values"),
        ([], {"field": "y", "values": ["a"], "quota": "base"}, {"type": "text"}, "label.quota: base needs a base"),
        ([], {"field": "y", "values": ["a"]}, {"type": "number"}, "label.values: 'a' is not a number"),
        (labels((1, 2)), {"field": "y", "values": ["a"]}, {"column": "y"}, "label.values: 'a' is not a number"),
        (
            labels(("a", 2)),
            {"field": "y", "quota": {"b": 1}},
            {"column": "y"},
            "label.quota: the base has no label 'b'",
        ),
        (labels((1, 2)), {"field": "y", "values": ["1", "1.0"]}, {"column": "y"}, "two values are the same"),
    ],
)
def test_labels_that_make_no_sense_are_refused(rows: Any, label: Any, field: dict[str, Any], message: str) -> None:
    with pytest.raises((RecipeError, DataError), match=message):
        plan(rows, label, **field)


def test_a_quota_of_a_label_with_too_many_values_is_refused() -> None:
    with pytest.raises(DataError, match="1,001 different values"):
        plan(labels(*((str(i), 1) for i in range(1_001))), {"field": "y", "quota": "base"})


def test_what_is_resolved_does_not_depend_on_the_order_of_labels() -> None:
    rows = labels(("a", 5), ("b", 5), ("c", 6))
    assert plan(rows, "y") == plan(rows[::-1], "y")
    assert json.dumps(plan(rows, "y").shares)
