from __future__ import annotations

import pytest

from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.validators.constraints.unique import Unique, UniqueOptions

SPECS = {"question": FieldSpec("question"), "answer": FieldSpec("answer", "number")}


def test_it_is_described_in_the_words_of_the_prompt() -> None:
    assert Unique(UniqueOptions(field="question"), SPECS).describe() == "question: different in every record"


def test_keys_are_equal_up_to_writing_of_that_field_alone() -> None:
    check = Unique(UniqueOptions(field="question"), SPECS)
    assert check.key({"question": "How  MANY?", "answer": 1}) == check.key({"question": "how many?", "answer": 2})
    assert check.key({"question": "how many"}) != check.key({"question": "how many?"})


def test_one_record_alone_passes_and_the_set_decides() -> None:
    check = Unique(UniqueOptions(field="answer"), SPECS)
    assert (check.scope, check.check({"answer": 3}).outcome) == ("set", "pass")
    assert check.key({"answer": 3}) == check.key({"answer": 3.0})


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RecipeError):
        Unique(UniqueOptions(field="questions"), SPECS)
