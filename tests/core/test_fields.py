"""Values are brought into their field's type without loss, or refused with what was found."""

from __future__ import annotations

import io
import json

import pytest

from datagen_cli.core.budget import within
from datagen_cli.core.fields import FieldSpec, WrongType, coerce, has_decimal_comma, number_text, to_number


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", "1,234", 1234),
        ("number", " -2.50 ", -2.5),
        ("number", 3, 3),
        ("number", "1e3", 1000.0),
        ("boolean", "True", True),
        ("boolean", False, False),
        ("text", " a ", " a "),
        ("list", [1], [1]),
        ("json", {"a": 1}, {"a": 1}),
        ("label", "anything", "anything"),
    ],
)
def test_a_value_takes_the_type_of_its_field(kind: str, value: object, expected: object) -> None:
    result = coerce(FieldSpec("f", kind), value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "three"), ("number", True), ("number", float("nan")), ("number", "inf"), ("number", None),
        ("boolean", 1), ("boolean", "yes"), ("text", 3), ("text", "  "), ("text", None), ("list", "a"),
        ("label", ""), ("label", None), ("label", ["a"]),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(kind: str, value: object) -> None:
    with pytest.raises(WrongType):
        coerce(FieldSpec("f", kind), value)


def _deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("number", 2**63, "beyond 64 bits"),
        ("number", "12345678901234567890", "beyond 64 bits"),
        ("number", -(2**63) - 1, "beyond 64 bits"),
        ("label", 10**30, "beyond 64 bits"),
        ("json", {"a": [{"b": 10**20}]}, "beyond 64 bits"),
        ("list", [1, 10**20], "beyond 64 bits"),
        ("text", "a\0b", "a NUL"),
        ("label", "a\0", "a NUL"),
        ("list", ["a", ["\0"]], "a NUL"),
        ("json", {"a\0": 1}, "a NUL"),
        ("json", _deep(65), "more than 64 levels"),
        ("list", _deep(5000), "more than 64 levels"),
    ],
)
def test_what_pandas_cannot_read_is_refused(kind: str, value: object, words: str) -> None:
    with pytest.raises(WrongType, match=words):
        coerce(FieldSpec(name="x", type=kind), value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("number", 2**63 - 1), ("number", -(2**63)), ("number", 1e30), ("text", "9" * 400), ("json", _deep(64))],
)
def test_what_pandas_reads_is_kept(kind: str, value: object) -> None:
    found = coerce(FieldSpec(name="x", type=kind), value)  # type: ignore[arg-type]
    assert found == value
    line = json.dumps({"x": found})
    pandas = pytest.importorskip("pandas")
    assert len(pandas.read_json(io.StringIO(line), lines=True)) == 1


def test_a_label_keeps_the_form_of_the_base() -> None:
    assert coerce(FieldSpec("f", "label", values=(0, 1)), "1") == 1
    assert coerce(FieldSpec("f", "label", values=(True, False)), "false") is False
    assert coerce(FieldSpec("f", "label", values=("World", "Sports")), " world ") == "World"
    with pytest.raises(WrongType, match="not one of"):
        coerce(FieldSpec("f", "label", values=("World",)), "Sport")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234", 1234),
        ("3,50", 3.5),
        ("0,5", 0.5),
        ("1,2345", 1.2345),
        ("1.234,56", 1234.56),
        ("1,234.56", 1234.56),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("12,34,567", 1234567),
        ("1 234,5", 1234.5),
        ("-3,5", -3.5),
        ("1,5e3", 1500.0),
    ],
)
def test_the_decimal_sign_of_a_number_is_told_from_its_thousands(text: str, number: float) -> None:
    assert to_number(text) == number


@pytest.mark.parametrize("text", ["1,2,3", "1.2.3", "1,000,00", "1,234.567,8", "3, 50", "abc"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(WrongType):
        to_number(text)


@pytest.mark.parametrize("text", ["1" * 100_000 + "x", ".," * 50_000, "1." * 50_000 + "x", "1e" * 50_000])
def test_a_number_without_end_is_looked_at_once(text: str) -> None:
    assert within(lambda: number_text(text), cpu_s=5.0) == text
    within(lambda: has_decimal_comma(text), cpu_s=5.0)
