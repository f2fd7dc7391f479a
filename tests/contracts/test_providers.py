"""Every provider states which names are its own, where its calls go and what they are; no name is claimed twice."""

from __future__ import annotations

import pytest

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.errors import UsageError
from datagen_cli.core.registry import claimant, load, names
from datagen_cli.llm.provider import ProviderFacts

SHELF = names("providers")


def forms(name: str) -> list[str]:
    return [form for form in load("providers", name).forms() if " " not in form]


@pytest.mark.parametrize("name", SHELF)
def test_it_says_how_names_of_its_models_look(name: str) -> None:
    shelf = load("providers", name)
    assert issubclass(shelf, ProviderFacts)
    assert shelf.forms()


@pytest.mark.parametrize("name", SHELF)
def test_it_is_the_one_that_is_asked_for_its_names(name: str) -> None:
    for form in forms(name):
        options = ModelOptions(name=form.replace("...", "some-model"))
        prefix = options.name.partition("/")[0]
        assert claimant("providers", prefix, options) is load("providers", name), form


@pytest.mark.parametrize("name", SHELF)
def test_its_identity_is_of_json_values_and_does_not_change(name: str) -> None:
    import json

    for form in forms(name):
        options = ModelOptions(name=form.replace("...", "some-model"))
        try:
            found = load("providers", name).identity(options)
        except UsageError as error:  # a model that is a file has an identity once the file is there
            assert options.name in str(error)
        else:
            assert json.loads(json.dumps(found)) == found == load("providers", name).identity(options)


@pytest.mark.parametrize("name", SHELF)
def test_its_own_options_are_options_of_a_model(name: str) -> None:
    assert set(load("providers", name).own_options) <= set(ModelOptions.model_fields)
