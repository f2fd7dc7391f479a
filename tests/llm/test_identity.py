"""What a model is for fingerprints, and the sampling of each role."""

from __future__ import annotations

from typing import Any

import pytest

from datagen_cli.config.models import Sampling, SharedModel
from datagen_cli.llm.identity import model_identity, role_identity, sampling_of


def model(**more: Any) -> SharedModel:
    return SharedModel(**{"name": "openai/m", **more})


def test_the_recipes_sampling_applies_to_the_generator_and_wins() -> None:
    own, recipe = model(temperature=0.1, top_p=0.5), Sampling(temperature=0.9, top_k=40)
    assert sampling_of(own, "generator", recipe) == {"temperature": 0.9, "top_p": 0.5, "top_k": 40}
    assert sampling_of(own, "reviewer", recipe) == {"temperature": 0.1, "top_p": 0.5}


def test_checkers_default_to_zero_and_solver_and_coder_are_warm_for_several() -> None:
    assert sampling_of(model(), "generator", Sampling()) == {}
    assert sampling_of(model(), "reviewer", several=True) == {"temperature": 0.7}
    assert sampling_of(model(), "solver") == {"temperature": 0}
    assert sampling_of(model(), "solver", several=True) == {"temperature": 0.7}
    assert sampling_of(model(temperature=0.2), "coder", several=True) == {"temperature": 0.2}


@pytest.mark.parametrize(
    "more",
    [
        {"name": "openai/n"},
        {"identity": "the large one"},
        {"temperature": 0.3},
        {"top_p": 0.3},
        {"top_k": 3},
        {"params": {"min_p": 1}},
        {"structured": "off"},
    ],
)
def test_what_decides_the_text_is_part_of_it(more: dict[str, Any]) -> None:
    assert model_identity(model(**more), "generator") != model_identity(model(), "generator")


@pytest.mark.parametrize(
    "more",
    [
        {"api_key_env": "MY_KEY"},
        {"base_url": "http://x/v1"},
        {"max_tokens": 9},
        {"timeout_s": 5.0},
        {"deadline_s": 5.0},
        {"headers": {"x": "y"}},
        {"requests_per_minute": 5.0},
        {"price": "free"},
    ],
)
def test_what_only_decides_how_a_run_goes_is_not(more: dict[str, Any]) -> None:
    assert model_identity(model(**more), "generator") == model_identity(model(), "generator")


def test_the_faults_of_offline_and_the_shares_are_part_of_it() -> None:
    plain, none = model(name="offline"), model(name="offline", faults="none")
    assert model_identity(plain, "generator")["faults"]["wrong_label"] == 0.2
    assert model_identity(none, "generator")["faults"] == "none"
    one = role_identity({"generator": (model(share=1.0), plain)}, "generator")
    two = role_identity({"generator": (model(share=2.0), plain)}, "generator")
    assert one != two
