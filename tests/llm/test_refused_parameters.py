"""A parameter that is not taken is found in whatever words, fields and status a server says so; waits in any form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datagen_cli.llm.faults import AuthRefused, RequestRefused, TransportError, fault_said, retry_after_s
from datagen_cli.llm.parameter_fallback import objection
from datagen_cli.llm.ratelimit import closed_s, reset_s

PAYLOAD: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
    "max_tokens": 9,
    "seed": 1,
    "response_format": {},
}
NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("status", "body", "name"),
    [
        (500, {"detail": "create() got an unexpected keyword argument 'seed'"}, "seed"),
        (400, {"errors": {"seed": ["is not allowed"]}}, "seed"),
        (400, {"errors": {"max_tokens": ["not allowed"]}}, "max_tokens"),
        (422, {"detail": {"body.seed": "unexpected"}}, "seed"),
        (422, {"errors": [{"source": {"pointer": "/seed"}, "title": "invalid"}]}, "seed"),
        (400, {"errors": [{"instancePath": "/seed", "message": "must NOT be present"}]}, "seed"),
        (400, {"error": {"code": "BadRequest", "details": [{"target": "seed", "message": "no"}]}}, "seed"),
        (403, {"error": "parameter seed is not allowed on your plan"}, "seed"),
        (404, {"error": {"message": "No endpoints found that support the parameter seed", "code": 404}}, "seed"),
        (400, {"error": "unknown field `seed`, expected one of `model`, `messages`, `max_tokens`"}, "seed"),
        (400, {"error": {"message": "JSON mode is not supported by this model"}}, "response_format"),
        (400, {"error": {"message": "Invalid schema: minItems is not permitted"}}, "response_format"),
        (500, "TypeError: chat() got an unexpected keyword argument 'response_format'", "response_format"),
        (501, {"error": "response_format is not implemented"}, "response_format"),
        (400, {"error": {"message": "Unrecognized request argument supplied: max_tokens"}}, "max_tokens"),
        (500, {"detail": "generate() got an unexpected keyword argument 'max_tokens'"}, "max_tokens"),
        (400, {"error": {"message": "max_tokens is too large: 2048. At most 1024 are supported"}}, None),
        (400, {"error": "invalid role: must be one of user, assistant"}, "system"),
        (400, {"error": {"message": "slow", "request": {"seed": 1}}}, None),
    ],
)
def test_a_refused_parameter_is_found_wherever_it_is_named(status: int, body: Any, name: str | None) -> None:
    raw = body if isinstance(body, str) else json.dumps(body)
    fault = fault_said(status, raw.encode())
    assert isinstance(fault, RequestRefused), fault
    assert objection(fault.message, PAYLOAD, (), fault.named) == name


def test_other_refusals_under_these_statuses_stay_what_they_are() -> None:
    assert isinstance(fault_said(500, b'{"error": "internal error"}'), TransportError)
    assert isinstance(fault_said(404, b'{"error": "model m not found"}'), AuthRefused)
    assert isinstance(fault_said(403, b'{"error": "this key is not allowed to use m"}'), AuthRefused)


BOTH = {**PAYLOAD, "temperature": 0.7, "top_p": 0.9}


@pytest.mark.parametrize(
    "message",
    [
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        "The model returned the following errors: temperature and top_p cannot be set together",
        "You may alter either temperature or top_p",
        "temperature, top_p: mutually exclusive",
        "top_p is not supported in combination with temperature",
    ],
)
def test_of_temperature_and_top_p_which_do_not_go_together_the_second_is_left_out(message: str) -> None:
    fault = fault_said(400, json.dumps({"error": {"message": message, "type": "invalid_request_error"}}).encode())
    assert isinstance(fault, RequestRefused)
    assert objection(fault.message, BOTH, {"temperature"}, fault.named) == "top_p"
    assert objection(fault.message, BOTH, {"temperature", "top_p"}, fault.named) is None
    assert objection(fault.message, BOTH, {"top_p"}, fault.named) == "temperature"
    assert objection("temperature must be at most 1, and top_p, too", BOTH, {"temperature"}) is None


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize(
    "message",
    [
        "bytedance/seed-oss-36b is not available for your account",
        "Model 'seed-1.6' is not supported",
        "unsupported model input: ByteDance-Seed/seed-coder",
        "The model `seed` is not available here",
        "Not allowed: any/temperature-7b",
        "seed-oss is not accepted",
    ],
)
def test_a_model_that_is_called_like_a_parameter_is_a_model(status: int, message: str) -> None:
    assert isinstance(fault_said(status, json.dumps({"error": {"message": message}}).encode()), AuthRefused)
    assert objection(message, {**PAYLOAD, "temperature": 1}, ()) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2 hours", 7200.0),
        ("1 minute 30 seconds", 90.0),
        ("30sec", 30.0),
        ("250 milliseconds", 0.25),
        ("PT2H", 7200.0),
        ("P1DT1M", 86460.0),
        ("850us", 0.00085),
        ("Mon, 21 Sep 2026 15:33:20 GMT", 4800.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 0.0),
        ("soon", 0.0),
        ("P", 0.0),
    ],
)
def test_a_reset_is_read_in_words_periods_and_dates(text: str, seconds: float) -> None:
    assert reset_s(text, 1_790_000_000.0) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (str(int(NOW) + 7200), 7200.0),
        ("2 hours", 7200.0),
        ("PT2H", 7200.0),
        ("99999999999999", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("-3", 0.0),
        ("NaN", None),
    ],
)
def test_retry_after_may_be_a_unix_time_and_absurd_ones_are_none(value: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": value}, NOW) == seconds


def test_headers_with_a_dash_between_rate_and_limit_count() -> None:
    headers = {"X-Rate-Limit-Remaining": "0", "x-rate-limit-reset": "60"}
    assert closed_s({name.lower(): value for name, value in headers.items()}, 1.0, NOW) == 60.0
