"""Every constraint: words for the prompt, a verdict that says what was found, options that refuse typing errors.

A new constraint is greeted here: give it a line in `SAMPLES`, with a record that keeps it and one that breaks it.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import ValidationError

from datagen_cli.constraints.keeping import FieldConstraint, Pen, keep, spoil
from datagen_cli.core.errors import DatagenError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.registry import load, names

SPECS = {
    "text": FieldSpec("text", "text"),
    "topic": FieldSpec("topic", "label", values=("news", "sport", "arts")),
    "price": FieldSpec("price", "number"),
}
KEPT = {"text": "the cat sat on the mat in the warm sun today", "topic": "news", "price": 5}
SAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "length": ({"field": "text", "min_words": 3}, {"text": "short"}),
    "pattern": ({"field": "text", "regex": "^the"}, {"text": "a cat"}),
    "contains": ({"field": "text", "text": "cat"}, {"text": "a dog"}),
    "excludes": ({"field": "text", "words": ["dog"]}, {"text": "a dog"}),
    "choices": ({"field": "topic", "values": ["news", "sport"]}, {"topic": "arts"}),
    "range": ({"field": "price", "min": 1, "max": 9}, {"price": 12}),
    "compare": ({"field": "topic", "is": "not_found_in", "other": "text"}, {"text": "the news of the day"}),
    "private": ({}, {"text": "write to ann@mail.org"}),
    "language": (
        {"is": "en", "field": "text"},
        {"text": "Der Hund liegt heute lange in der warmen Sonne und schläft dabei ein"},
    ),
}
OVER_THE_SET = {"unique": {"field": "text"}, "balance": {"field": "topic"}}
"""Judged over the accepted records, not on one."""
ASKED = ("ask",)
"""Judged by a model."""


def made(name: str, options: dict[str, Any]) -> Any:
    shelf = load("constraints", name)
    return shelf(shelf.options.model_validate(options), SPECS)


def test_every_constraint_is_tried() -> None:
    lack = {*names("constraints")} - {*SAMPLES, *OVER_THE_SET, *ASKED}
    assert lack == set(), "a new constraint gets a line in SAMPLES (OVER_THE_SET, ASKED) of this file"


@pytest.mark.parametrize("name", SAMPLES)
def test_it_passes_what_keeps_it_and_says_what_breaks_it(name: str) -> None:
    options, broken = SAMPLES[name]
    constraint = made(name, options)
    assert constraint.check(KEPT).outcome == "pass"
    verdict = constraint.check({**KEPT, **broken})
    assert verdict.outcome == "fail"
    where, said = constraint.describe().partition(":")[0], verdict.detail
    assert said.startswith(f"{where}: ")
    assert "; it " in said
    assert verdict == constraint.check({**KEPT, **broken})


@pytest.mark.parametrize("name", SAMPLES)
def test_on_fields_it_proposes_values_that_keep_it_and_others_that_break_it(name: str) -> None:
    options, broken = SAMPLES[name]
    constraint = made(name, options)
    if not isinstance(constraint, FieldConstraint):
        return
    rng = random.Random(1)
    pen = Pen(rng, lambda: rng.choice(("It rains in Lisbon today.", "Ann wonders whether the shop opens at nine.")))
    for field, value in broken.items():
        kept = keep(field, value, [constraint], pen)
        assert constraint.holds(field, kept), f"keeping(): {value!r} became {kept!r}"
        spoiled = spoil(field, kept, constraint, pen)
        assert spoiled is not None, f"breaking(): nothing breaks {kept!r}"
        assert not constraint.holds(field, spoiled)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_field_that_holds_nothing_ends_in_a_verdict(name: str) -> None:
    constraint = made(name, SAMPLES[name][0])
    empty: tuple[Any, ...] = (None, "", [], 0)
    for value in empty:
        assert constraint.check(dict.fromkeys(KEPT, value)).outcome in ("pass", "fail", "unknown")


@pytest.mark.parametrize("name", [*SAMPLES, *OVER_THE_SET])
def test_it_says_itself_in_one_line(name: str) -> None:
    line = made(name, {**OVER_THE_SET, **{key: options for key, (options, _) in SAMPLES.items()}}[name]).describe()
    assert line
    assert "\n" not in line
    assert line == line.strip()


@pytest.mark.parametrize("name", [*SAMPLES, *OVER_THE_SET])
def test_a_field_that_the_recipe_lacks_is_refused(name: str) -> None:
    options = {**OVER_THE_SET, **{key: options for key, (options, _) in SAMPLES.items()}}[name]
    with pytest.raises((DatagenError, ValueError)) as caught:
        made(name, {**options, "field": "txet"})
    assert "txet" in str(caught.value)


@pytest.mark.parametrize("name", names("constraints"))
def test_it_refuses_an_option_that_it_does_not_know(name: str) -> None:
    sample = {**OVER_THE_SET, **{key: options for key, (options, _) in SAMPLES.items()}}.get(name, {})
    with pytest.raises(ValidationError, match="cuont"):
        load("constraints", name).options.model_validate({**sample, "cuont": 3})


@pytest.mark.parametrize("name", names("constraints"))
def test_its_facts_agree_with_what_it_does(name: str) -> None:
    shelf = load("constraints", name)
    assert (shelf.scope == "set") == (name in OVER_THE_SET)
    assert bool(shelf.roles) == bool(shelf.prompts) == (name in ASKED)
    assert shelf.on_fail in ("drop", "fix", "keep")
