from __future__ import annotations

import re
from typing import Any

import pytest

from datagen_cli.config.fields import FieldOptions
from datagen_cli.core import regex as matching
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.sources.mapping import BadValue, FieldReader, map_row

ROW = {
    "Q": "  Ann has 3. ",
    "sol": "so 1+2\n#### 1,234",
    "a b": "x; y;;z ",
    "c1": "one",
    "c2": 2,
    "n": 7.0,
    "none": None,
    "e": "",
}


def mapped(kind: str = "text", values: tuple[Any, ...] = (), **options: Any) -> Any:
    reader = FieldReader("f", FieldOptions.model_validate(options))
    return map_row(ROW, [(reader, FieldSpec("f", kind, values=values))])["f"]


def problem(kind: str = "text", values: tuple[Any, ...] = (), **options: Any) -> BadValue:
    with pytest.raises(BadValue) as caught:
        mapped(kind, values, **options)
    return caught.value


def test_a_column_is_taken_as_it_is() -> None:
    assert mapped(column="Q") == "  Ann has 3. "


def test_a_regular_expression_takes_its_first_group_else_the_match() -> None:
    assert mapped("number", column="sol", regex=r"####\s*([-\d,.]+)") == 1234
    assert mapped(column="sol", regex=r"\d\+\d") == "1+2"
    assert mapped("number", column="n", regex=r"\d+") == 7


def test_a_split_makes_a_list_of_what_is_not_empty() -> None:
    assert mapped("list", column="a b", split=";") == ["x", "y", "z"]


def test_choices_make_a_list_of_columns() -> None:
    assert mapped("list", choices=["c1", "c2"]) == ["one", 2]


def test_a_template_sees_the_columns_and_the_row() -> None:
    assert mapped(template="{{ c1 | upper }}-{{ row['a b'][0] }}") == "ONE-x"


def test_values_are_brought_into_the_type() -> None:
    assert mapped("label", ("1", "2"), column="c2") == "2"


@pytest.mark.parametrize(
    ("kind", "values", "options", "reason", "hint"),
    [
        ("text", (), {"column": "q"}, "f: there is no column 'q'", "did you mean Q?"),
        ("text", (), {"column": "zzzzz"}, "f: there is no column 'zzzzz'", "columns: Q, sol, a b, c1"),
        ("text", (), {}, "f: there is no column 'f'", "columns: "),
        ("text", (), {"column": "none"}, "f: column 'none' is null", "{{ row['other'] }} {{ row['none'] or '' }}"),
        ("text", (), {"column": "e"}, "f: column 'e' is empty", "{{ row['other'] }} {{ row['e'] or '' }}"),
        ("text", (), {"column": "n"}, "f: expected text, found number (column 'n')", "another type"),
        ("number", (), {"column": "Q"}, "f: expected number, found text", "a regex can take the number"),
        (
            "label",
            ("a", "b"),
            {"column": "c1"},
            "f: 'one' is not one of the label's values (column 'c1')",
            "values: a, b",
        ),
        ("text", (), {"column": "Q", "regex": r"####"}, "f: column 'Q' does not match the regular", "on_bad_row: skip"),
        ("text", (), {"column": "Q", "regex": r"Ann|(x)"}, "f: column 'Q' does not match the regular", "on_bad_row"),
        ("text", (), {"column": "none", "regex": r"a"}, "f: column 'none' is null, not text", ""),
        ("list", (), {"column": "a b", "split": "x; y;;z "}, "f: column 'a b' is empty", ""),
        ("list", (), {"choices": ["c1", "none"]}, "f: column 'none' is empty", ""),
        ("list", (), {"choices": ["c1", "c3"]}, "f: there is no column 'c3'", "columns: "),
        ("text", (), {"template": "{{ missing }}"}, "f: template: 'missing' is undefined", "row['a name']"),
        ("text", (), {"template": "{{ c2 / 0 }}"}, "f: template: division by zero", ""),
        ("text", (), {"template": "{{ ''.__class__.__mro__ }}"}, "f: template: access to attribute", ""),
        ("text", (), {"template": " {# nothing #} "}, "f: the value is empty", ""),
    ],
)
def test_a_value_that_cannot_be_read_names_field_and_column(
    kind: str, values: tuple[Any, ...], options: dict[str, Any], reason: str, hint: str
) -> None:
    error = problem(kind, values, **options)
    assert str(error).startswith(reason)
    assert hint in error.hint


@pytest.mark.parametrize("empty", ["", None])
def test_what_is_said_of_a_column_that_may_be_empty_keeps_the_row(empty: str | None) -> None:
    row = {"other": "Name a colour.", "input": empty}
    with pytest.raises(BadValue) as caught:
        FieldReader("input", FieldOptions()).read(row)
    template = re.search(r'template: "(.+)"', caught.value.hint)
    assert template is not None
    assert FieldReader("f", FieldOptions(template=template[1])).read(row).strip() == "Name a colour."
    assert FieldReader("f", FieldOptions(template=template[1])).read({**row, "input": "red"}) == "Name a colour. red"


def test_a_catastrophic_expression_is_a_bad_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching.search, "__kwdefaults__", {"max_cpu_s": 0.05})
    reader = FieldReader("f", FieldOptions(column="t", regex=r"^(\w+\s?)*$"))
    with pytest.raises(BadValue, match="backtracks"):
        reader.read({"t": "aaaaaaaa " * 8 + "!"})


def test_a_broken_template_is_an_error_of_the_recipe() -> None:
    with pytest.raises(RecipeError, match=r"fields\.f\.template"):
        FieldReader("f", FieldOptions(template="{{ a"))


@pytest.mark.parametrize("text", ["3,50", "1.234,56", "0,5"])
def test_a_decimal_comma_in_a_base_is_refused_until_the_column_says_so(text: str) -> None:
    spec = FieldSpec("price", "number")
    with pytest.raises(BadValue) as caught:
        map_row({"price": text}, [(FieldReader("price", FieldOptions()), spec)])
    assert 'decimal: ","' in caught.value.hint
    said = FieldReader("price", FieldOptions(decimal=","))
    assert map_row({"price": text}, [(said, spec)])["price"] == float(text.replace(".", "").replace(",", "."))


def test_a_column_that_says_its_decimal_sign_is_read_by_it() -> None:
    spec = FieldSpec("price", "number")
    comma, dot = FieldReader("price", FieldOptions(decimal=",")), FieldReader("price", FieldOptions(decimal="."))
    assert map_row({"price": "1.234"}, [(comma, spec)]) == {"price": 1234}
    assert map_row({"price": "1,234"}, [(dot, spec)]) == {"price": 1234}
    with pytest.raises(BadValue):
        map_row({"price": "3,5"}, [(dot, spec)])
