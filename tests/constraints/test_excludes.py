from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from datagen_cli.constraints.excludes import Excludes, ExcludesOptions
from datagen_cli.core.fields import FieldSpec

SPECS = {"text": FieldSpec("text"), "tags": FieldSpec("tags", "list")}


def excludes(field: str = "text", **what: Any) -> Excludes:
    return Excludes(ExcludesOptions(field=field, **what), SPECS)


def test_it_is_described_in_the_words_of_the_prompt() -> None:
    assert excludes(words=["a"], texts=["b"]).describe() == 'text: does not contain "a", "b"'


@pytest.mark.parametrize(
    ("what", "text", "outcome"),
    [
        ({"words": ["art"]}, "a party", "pass"),
        ({"words": ["art"]}, "be smart", "pass"),
        ({"words": ["art"]}, "modern ART!", "fail"),
        ({"texts": ["art"]}, "a party", "fail"),
        ({"words": ["as an AI"]}, "As an  AI, I", "fail"),
        ({"words": ["$5"]}, "it is $5.", "fail"),
        ({"words": ["C++"]}, "in c++ now", "fail"),
        ({"words": ["Art"], "case": True}, "art", "pass"),
    ],
)
def test_words_are_whole_and_texts_are_not(what: dict[str, Any], text: str, outcome: str) -> None:
    assert excludes(**what).check({"text": text}).outcome == outcome


def test_a_failure_names_only_what_was_found() -> None:
    assert excludes(words=["a", "b"]).check({"text": "B it is"}).detail == 'text: does not contain "b"; it does'


def test_no_item_of_a_list_may_hold_it() -> None:
    assert excludes("tags", texts=["x"]).check({"tags": ["a", "bx"]}).outcome == "fail"


@pytest.mark.parametrize("what", [{}, {"words": []}, {"texts": [""]}])
def test_something_must_be_excluded(what: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ExcludesOptions(field="text", **what)
