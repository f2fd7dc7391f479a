"""Which parameter a refusal is about."""

from __future__ import annotations

import pytest

from datagen_cli.llm.parameter_fallback import amended, objection

PAYLOAD = {"model": "m", "messages": [], "temperature": 0, "max_tokens": 9, "seed": 1, "response_format": {}}


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Invalid parameter: 'response_format' of type 'json_schema' is not supported", "response_format"),
        ("guided decoding is not enabled", "response_format"),
        ("Structured outputs are off", "response_format"),
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens"),
        ("anthropic does not support parameters: ['seed']", "seed"),
        ("'temperature' does not support 0 with this model. Only the default (1) value is supported.", "temperature"),
        ("This model only support stream mode, please enable the stream parameter", "stream"),
        ("non-streaming calls are not supported", "stream"),
        ("`stream` must be set to true for this model", "stream"),
        ("Streaming is required for operations that may take longer than 10 minutes", "stream"),
        ("parameter.enable_thinking must be set to false for non-streaming calls", None),
        ("the upstream only supports English", None),
        ("birdseed is not allowed", None),
        ("max_tokens must be at most 4096", None),
        ("content policy", None),
    ],
)
def test_the_named_parameter_is_found(message: str, name: str | None) -> None:
    assert objection(message, PAYLOAD, ()) == name


def test_what_the_recipe_chose_or_was_not_sent_is_left_alone() -> None:
    assert objection("temperature is not supported", PAYLOAD, ("temperature",)) is None
    assert objection("seed is not supported", {"model": "m"}, ()) is None


def test_max_tokens_is_renamed_and_the_rest_is_dropped() -> None:
    assert amended(PAYLOAD, {"seed", "max_tokens", "response_format"}) == {
        "model": "m",
        "messages": [],
        "temperature": 0,
        "max_completion_tokens": 9,
    }
    assert amended(PAYLOAD, ()) is PAYLOAD


def test_a_stream_is_asked_for_with_its_counts_unless_the_recipe_has_said_so() -> None:
    asked = {**PAYLOAD, "stream": True, "stream_options": {"include_usage": True}}
    assert amended(PAYLOAD, {"stream"}) == asked
    assert objection("this model is streaming only", asked, ()) is None
    assert objection("this model is streaming only", PAYLOAD, ("stream",)) is None
