from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_cli.text.normalise import exact_key, fold

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("  A \n b\t", "a b"),
        ("STRASSE Straße", "strasse strasse"),
        ("ﬁne\u00a0①", "fine 1"),
        ("É", "é"),
        ("℃", "°c"),
    ],
)
def test_folding_takes_case_width_and_white_space_away(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (["A  b", 3], ["a b", 3.0]),
        ([["X", 1.0]], [["x", 1]]),
        ([{"a": 1, "b": "Y"}], [{"b": "y", "a": 1.0}]),
        (["e\u0301"], ["É"]),
        ([-0.0], [0]),
    ],
)
def test_records_that_differ_in_writing_only_have_one_key(left: list[Any], right: list[Any]) -> None:
    assert exact_key(left) == exact_key(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([1], [True]),
        (["3"], [3]),
        (["a", "b"], ["b", "a"]),
        (["a", "b"], ["a b"]),
        ([["a"], "b"], [["a", "b"]]),
        ([None], [""]),
        ([3], [3.5]),
        (["résumé"], ["resume"]),
    ],
)
def test_records_that_differ_have_different_keys(left: list[Any], right: list[Any]) -> None:
    assert exact_key(left) != exact_key(right)


@given(st.lists(VALUES, max_size=4))
def test_every_json_record_has_a_key_of_128_bits(values: list[Any]) -> None:
    assert len(exact_key(values)) == 16
    assert exact_key(iter(values)) == exact_key(values)


def test_a_key_never_changes_between_versions() -> None:
    assert exact_key(["How many apples?", 3]).hex() == "3b765e4059f0c693504bb4566dfad4c3"
