"""What an endpoint turns away is read from its refusal under any name and depth; nothing else in a refusal is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datagen_cli.llm.turned_away import reply_in_error

ANSWER = json.dumps({"text": "The kettle sings."})
UNFIT = "The model's output is not valid JSON"


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "x", "failed_generation": ANSWER}},
        {"message": "Failed to validate JSON", "failed_generation": ANSWER},
        {"error": {"message": "x", "metadata": {"failed_generation": ANSWER}}},
        {"error": {"message": "x", "metadata": {"raw": json.dumps({"error": {"failed_generation": ANSWER}})}}},
        {"error": {"message": "x", "failed_generation": json.loads(ANSWER)}},
        {"error": {"message": UNFIT, "output": ANSWER}},
        {"error": {"message": "Generated text does not match the schema", "generated_text": ANSWER}},
        {"error": {"message": "Response did not validate against the schema", "output": ANSWER}},
        {"error": {"message": "Completion violates the JSON schema", "completion": ANSWER}},
        [{"error": {"message": "x", "details": [{"failedGeneration": ANSWER}]}}],
    ],
)
def test_it_is_found_wherever_it_stands(body: Any) -> None:
    reply = reply_in_error(json.dumps(body).encode())
    assert reply is not None and json.loads(reply.text) == json.loads(ANSWER)


@pytest.mark.parametrize(
    "body",
    [
        b"not JSON",
        b"[" * 10_000,
        json.dumps({"error": {"message": "Invalid schema for response_format", "param": "response_format"}}).encode(),
        json.dumps({"error": {"message": "slow down", "output": ANSWER}}).encode(),
        json.dumps({"error": {"message": UNFIT, "output": None, "completion": 5}}).encode(),
        json.dumps({"error": {"message": UNFIT, "completion": ""}}).encode(),
        json.dumps({"error": {"message": UNFIT, "completion": "cmpl-123"}}).encode(),
        json.dumps({"error": {"message": "The response_format schema is invalid", "completion": ANSWER}}).encode(),
        json.dumps({"error": {"message": "The output schema is not valid", "output": ANSWER}}).encode(),
        json.dumps({"error": {"message": "The model parameter is invalid", "output": ANSWER}}).encode(),
        json.dumps({"error": {"message": "model 'x' is not valid", "output": ANSWER}}).encode(),
    ],
)
def test_a_refusal_of_another_kind_holds_none(body: bytes) -> None:
    assert reply_in_error(body) is None


def test_too_few_tokens_make_it_one_that_was_cut_off() -> None:
    error = {"message": "max completion tokens reached before generating a valid document", "failed_generation": ""}
    reply = reply_in_error(json.dumps({"error": error, "usage": {"prompt_tokens": 9, "completion_tokens": 4}}).encode())
    assert reply is not None
    assert (reply.text, reply.finish_reason, reply.tokens_in, reply.tokens_out) == ("", "length", 9, 4)
