"""Every validator states in its class whom it asks, with which prompts, and what a failure leads to."""

from __future__ import annotations

import inspect

import pytest
from pydantic import ValidationError

from datagen_cli.config.checks import CheckOptions, ValidatorFacts
from datagen_cli.core.registry import load, names
from datagen_cli.prompts.checking import CheckPrompts
from datagen_cli.prompts.rendering import TEMPLATES

SHELF = names("validators")
ROLES = {"generator", "coder", "solver", "reviewer", "extractor", "judge"}


@pytest.mark.parametrize("name", SHELF)
def test_its_options_are_those_of_a_check_and_refuse_what_they_do_not_know(name: str) -> None:
    shelf = load("validators", name)
    assert issubclass(shelf, ValidatorFacts)
    assert issubclass(shelf.options, CheckOptions)
    with pytest.raises(ValidationError, match="cuont"):
        shelf.options.model_validate({"cuont": 3})


@pytest.mark.parametrize("name", SHELF)
def test_what_it_asks_of_a_model_has_a_role_prompts_and_a_cost(name: str) -> None:
    shelf = load("validators", name)
    assert set(shelf.roles) <= ROLES
    assert bool(shelf.roles) == (shelf.prompts is not None)
    if isinstance(shelf.prompts, CheckPrompts):
        assert shelf.prompts.names or shelf.prompts.texts
        assert all((TEMPLATES / f"{template}.j2").is_file() for template in shelf.prompts.names)
        assert len(shelf.prompts.digest) >= 8


@pytest.mark.parametrize("name", SHELF)
def test_it_judges_a_record_and_asks_in_an_async_function_only(name: str) -> None:
    shelf = load("validators", name)
    asks, checks = getattr(shelf, "verify", None), getattr(shelf, "check", None)
    assert asks or checks
    assert bool(shelf.roles) <= inspect.iscoroutinefunction(asks)
    assert checks is None or not inspect.iscoroutinefunction(checks)


@pytest.mark.parametrize("name", SHELF)
def test_a_failure_leads_somewhere_known(name: str) -> None:
    shelf = load("validators", name)
    assert shelf.on_fail in ("drop", "fix", "keep")
    assert shelf.on_unknown in ("drop", "keep")
