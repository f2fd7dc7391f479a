"""Prices: the recipe's, none for this machine, else litellm's table, read without importing litellm."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from datagen_cli.config.models import ModelOptions, Price
from datagen_cli.llm.keys import locate
from datagen_cli.llm.prices import listed_price, price_of, rate_of

FREE = (0.0, 0.0)


def price(name: str, **more: Any) -> tuple[float, float] | None:
    options = ModelOptions(name=name, **more)
    found = price_of(options, locate(options, {}))
    return None if found is None else (round(found.input_per_million, 6), round(found.output_per_million, 6))


def test_known_names_have_the_price_of_the_table_with_and_without_a_prefix() -> None:
    assert price("openai/gpt-4o-mini") == price("gpt-4o-mini") == (0.15, 0.6)
    assert price("anthropic/claude-haiku-4-5") == (1.0, 5.0)
    assert price("mistral/mistral-small-latest") is not None


def test_a_prefix_that_is_not_the_providers_finds_no_price() -> None:
    assert listed_price("mistral/gpt-4o-mini") is None


def test_what_nobody_prices_is_unknown_and_never_free() -> None:
    assert price("openai/gpt-of-tomorrow") is None
    assert price("hosted_vllm/gpt-4o-mini", base_url="http://gpu.lan/v1") is None
    assert price("openai/gpt-4o-mini", base_url="https://resale.example/v1") is None
    assert price("openai/text-embedding-3-small") is None


def test_this_machine_and_the_simulation_are_free() -> None:
    assert price("offline") == price("ollama/llama3") == price("lm_studio/q") == FREE
    assert price("hosted_vllm/m", base_url="http://127.0.0.1:8000/v1") == FREE
    assert price("ollama/llama3", base_url="http://gpu.lan:11434/v1") == FREE


def test_the_recipes_price_wins_even_where_calls_are_free() -> None:
    mine = Price(input_per_million=2.0, output_per_million=8.0)
    assert price("ollama/llama3", price=mine) == (2.0, 8.0)
    assert price("openai/gpt-4o-mini", price="free") == FREE


def test_a_rate_is_per_token() -> None:
    rate = rate_of(Price(input_per_million=2.0, output_per_million=8.0))
    assert rate is not None
    assert rate.cost_usd(1000, 500) == pytest.approx(0.006)
    assert rate_of(None) is None


def test_looking_up_a_price_does_not_import_litellm() -> None:
    code = (
        "import sys; from datagen_cli.llm.prices import listed_price; assert listed_price('gpt-4o');"
        " sys.exit('litellm' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=600).returncode == 0


def test_the_price_of_input_in_the_cache_is_known_where_the_table_says_it() -> None:
    price = listed_price("anthropic/claude-haiku-4-5")
    assert price is not None and price.cached_per_million is not None
    assert 0 < price.cached_per_million < price.input_per_million
