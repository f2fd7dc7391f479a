"""A text of digits is a number to whoever reads it, or it is none: nothing raises."""

from __future__ import annotations

import pytest

from datagen_cli.core.pointer import Pointer
from datagen_cli.core.whole_number import whole_number
from datagen_cli.evaluation.correctness import same_answer
from datagen_cli.prompts.marking import read_mark


@pytest.mark.parametrize("text", ["²", "9" * 5_000, "", "-1", "1.0", "½", "৪²"])
def test_what_is_no_number_of_some_digits_is_none(text: str) -> None:
    assert whole_number(text) is None
    assert read_mark(f'{{"score": "{text}"}}') is None
    assert Pointer("label", "choices", "place").label == "label"
    assert not same_answer(text, "7")


def test_digits_of_any_script_are_a_number() -> None:
    assert (whole_number("٣"), whole_number("007")) == (3, 7)
    assert read_mark('{"score": " 4 "}') == 4
