from __future__ import annotations

import pytest

from datagen_cli.constraints.unique import Unique, UniqueOptions
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec

SPECS = {"question": FieldSpec("question"), "answer": FieldSpec("answer", "number")}


def test_it_is_described_in_the_words_of_the_prompt() -> None:
    assert Unique(UniqueOptions(field="question"), SPECS).describe() == "question: different in every record"


def test_values_are_equal_up_to_writing_of_that_field_alone() -> None:
    rule = Unique(UniqueOptions(field="question"), SPECS).rule()
    rule.accept({"question": "How  MANY?", "answer": 1}, 7)
    assert rule.refuses({"question": "how many?", "answer": 2}) == (
        "question: an accepted record has the same value",
        7,
    )
    assert rule.refuses({"question": "how many", "answer": 1}) is None


def test_one_record_alone_passes_and_the_set_decides() -> None:
    check = Unique(UniqueOptions(field="answer"), SPECS)
    assert (check.scope, check.check({"answer": 3}).outcome) == ("set", "pass")
    rule = check.rule()
    rule.accept({"answer": 3}, 0)
    assert rule.refuses({"answer": 3.0}) is not None


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RecipeError):
        Unique(UniqueOptions(field="questions"), SPECS)
