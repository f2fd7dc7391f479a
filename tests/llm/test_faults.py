"""From a status and a page to a fault and one sentence."""

from __future__ import annotations

import json
from email.utils import formatdate
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from datagen_cli.llm.faults import (
    AuthRefused,
    Fault,
    RequestRefused,
    TransportError,
    fault_in,
    fault_of,
    redact,
    retry_after_s,
    sentence_of,
)
from datagen_cli.llm.parameter_fallback import objection
from datagen_cli.llm.refusals import says_quota


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthRefused), (402, AuthRefused), (403, AuthRefused), (404, AuthRefused), (307, AuthRefused)]
    + [(status, TransportError) for status in (408, 409, 424, 429, 498, 499, 500, 502, 503, 504, 529)]
    + [(status, RequestRefused) for status in (400, 413, 415, 422, 451)],
)
def test_each_status_has_its_fault(status: int, kind: type) -> None:
    assert type(fault_of(status, "no")) is kind


def test_only_a_time_out_or_a_drop_after_sending_may_have_cost() -> None:
    assert TransportError("timeout", "x").may_have_cost
    assert TransportError("dropped", "x").may_have_cost
    assert not TransportError("dropped", "x", sent=False).may_have_cost
    assert not TransportError("rate", "x").may_have_cost
    assert not TransportError("server", "x").may_have_cost


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('{"error": {"message": "no such model", "code": 1}}', "no such model"),
        ('{"error": "model not found"}', "model not found"),
        ('{"object": "error", "message": "too long"}', "too long"),
        ('{"detail": [{"loc": ["body"], "msg": "field required"}]}', "field required"),
        ('{"detail": "Not Found"}', "Not Found"),
        ('[{"error": {"message": "quota"}}]', "quota"),
        ("plain  words\n here", "plain words here"),
        ("<html><head><title>502 Bad\nGateway</title></head><body>x</body></html>", "a web page: 502 Bad Gateway"),
        ("<html><style>p{}</style><p>Sorry &amp; bye</p>", "a web page: Sorry & bye"),
        ("", "HTTP status 500 without a word"),
        ('{"error": {}}', '{"error": {}}'),
        ("{broken", "{broken"),
        ("\xff", "\xff"),
    ],
)
def test_the_providers_own_sentence_is_found(body: str, sentence: str) -> None:
    assert sentence_of(body.encode(), 500) == sentence


def test_a_long_sentence_is_cut() -> None:
    assert len(sentence_of(json.dumps({"error": {"message": "a " * 9000}}).encode(), 400)) == 300


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "30s"}, 30.0),
        ({"Retry-After": "1m30s"}, 90.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": formatdate(1_000_030, usegmt=True)}, 30.0),
        ({"Retry-After": formatdate(999_000, usegmt=True)}, 0.0),
        ({"Retry-After": formatdate(5_000_009, usegmt=True), "Date": formatdate(5_000_000, usegmt=True)}, 9.0),
        ({"retry-after-ms": "250", "Retry-After": "7"}, 0.25),
        ({"retry-after-ms": formatdate(1_000_030, usegmt=True), "Retry-After": "7"}, 30.0),
        ({"retry-after-ms": "2s", "Retry-After": "7"}, 2.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, now=1_000_000.0) == seconds


def test_keys_are_struck_out() -> None:
    assert redact("bad key hunter22 given", ["hunter22"]) == "bad key [key] given"
    assert redact("Incorrect API key provided: sk-proj-abcdef0123456789.") == "Incorrect API key provided: [key]."
    assert redact("the skill is task-oriented-programming") == "the skill is task-oriented-programming"


def test_a_spent_quota_is_told_from_haste() -> None:
    assert says_quota(b'{"error": {"code": "insufficient_quota"}}')
    assert not says_quota(b'{"error": {"code": "rate_limit_exceeded"}}')


@pytest.mark.parametrize(
    ("body", "spent"),
    [
        (b'{"error":{"code":"insufficient_quota"}}', True),
        (b"Rate limit reached on requests per day (RPD): Limit 200, Used 200.", True),
        (b'{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}', True),
        (b"You have reached your daily limit.", True),
        (b"Rate limit reached on tokens per min (TPM): Limit 30000.", False),
        (b"slow down", False),
        (b"You are using a Trial key, which is limited to 1000 API calls / month.", True),
        (b'{"error": {"type": "exceeded_current_quota_error", "message": "please check your plan"}}', True),
        (b'{"error": {"code": "1113", "message": "Insufficient balance or no resource package."}}', True),
        (b'{"error": {"message": "Your account org-1 is suspended, please check your billing"}}', True),
        (b'{"error": {"message": "You exceeded your current quota, please check your plan"}}', False),
        (b'{"error": {"message": "Service tier capacity exceeded for this model."}}', False),
    ],
)
def test_a_spent_quota_of_money_or_of_the_day_is_told_from_haste(body: bytes, spent: bool) -> None:
    assert says_quota(body) is spent


def test_without_retry_after_the_spent_window_says_how_long_to_wait() -> None:
    headers = {"X-RateLimit-Remaining-Requests": "0", "X-RateLimit-Reset-Requests": "1m2s"}
    assert retry_after_s(headers, 0.0) == 62.0
    assert retry_after_s({**headers, "Retry-After": "3"}, 0.0) == 3.0
    assert retry_after_s({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "9s"}, 0.0) is None


def test_a_proxy_that_gave_up_waiting_is_a_time_out_that_may_have_cost_something() -> None:
    fault = fault_of(504, "upstream request timeout")
    assert isinstance(fault, TransportError)
    assert (fault.kind, fault.may_have_cost) == ("timeout", True)


def told(status: int, **body: object) -> Fault:
    return fault_in(status, {}, json.dumps(body).encode(), (), 1_000.0)


@pytest.mark.parametrize(
    ("fault", "about"),
    [
        (told(400, error={"message": "API key not valid. Please pass a valid API key."}), "key"),
        (told(400, error={"message": "Bad.", "details": [{"reason": "API_KEY_INVALID"}]}), "key"),
        (told(400, code="Client specified an invalid argument", error="Incorrect API key provided: x."), "key"),
        (told(400, error={"message": "Your credit balance is too low to access the API."}), "account"),
        (told(400, error={"message": "Access denied, account not in good standing.", "code": "Arrearage"}), "account"),
        (told(401, error={"message": "You exceeded your current quota", "type": "insufficient_quota"}), "account"),
        (told(403, error="Your team has used all available credits"), "account"),
        (told(412, error={"message": "Account x is suspended, possibly due to the monthly spending limit"}), "account"),
    ],
)
def test_a_key_and_an_account_are_told_by_words_and_codes_whatever_the_status(fault: Fault, about: str) -> None:
    assert isinstance(fault, AuthRefused) and fault.about == about


@pytest.mark.parametrize(
    ("fault", "about"),
    [
        (told(400, error={"code": "context_length_exceeded", "message": "too much", "param": "messages"}), "length"),
        (told(413, error={"message": "Request too large for model x on tokens per minute (TPM)"}), "length"),
        (told(422, error={"message": "`inputs` tokens + `max_new_tokens` must be <= 8193"}), "length"),
        (told(403, error={"message": "Your input was flagged", "metadata": {"reasons": ["violence"]}}), "content"),
        (told(400, error={"code": "data_inspection_failed", "message": "Input may be improper"}), "content"),
        (told(400, error={"message": "The key of the piano is out of tune; no account is given of it"}), ""),
    ],
)
def test_what_is_wrong_with_a_request_is_told_by_words_and_codes(fault: Fault, about: str) -> None:
    assert isinstance(fault, RequestRefused) and fault.about == about


def test_a_403_of_a_firewall_is_about_nothing_that_is_known() -> None:
    fault = fault_in(403, {}, b"<html><title>Sorry, you have been blocked</title></html>", (), 0.0)
    assert isinstance(fault, AuthRefused) and fault.about == ""


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"error": {"details": [{"@type": "google.rpc.RetryInfo", "retryDelay": "34s"}]}}, 34.0),
        ({"error": {"message": "Limit 6000, Used 5800. Please try again in 7.66s. Visit us"}}, 7.66),
        ({"error": {"message": "Please try again in 6m0s."}}, 360.0),
        ({"error": {"message": "Please try again in 250ms."}}, 0.25),
        ({"error": {"message": "Please retry after 26 seconds."}}, 26.0),
        ({"error": {"message": "please try again after 1 seconds"}}, 1.0),
        ({"error": {"message": "wait 2 minutes"}}, 120.0),
        ({"retry_after": 12}, 12.0),
        (
            {"error": {"metadata": {"headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700000009000"}}}},
            9.0,
        ),
        ({"error": {"metadata": {"headers": {"Retry-After": "9"}}}}, 9.0),
        ({"error": {"message": "Please try again later, 3 others wait"}}, None),
        ({"error": {"message": "You requested 26 seconds of audio"}}, None),
    ],
)
def test_the_time_to_wait_is_read_from_the_body_where_no_header_says_it(body: object, seconds: float | None) -> None:
    fault = fault_in(429, {}, json.dumps(body).encode(), (), 1.7e9)
    assert isinstance(fault, TransportError) and fault.retry_after_s == seconds
    fault = fault_in(429, {"retry-after": "3"}, json.dumps(body).encode(), (), 0.0)
    assert isinstance(fault, TransportError) and fault.retry_after_s == 3.0


SENT = {
    "messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "y"}],
    "max_tokens": 5, "seed": 1, "response_format": {"type": "json_schema"}, "temperature": 0.5,
}  # fmt: skip
EXTRA = [{"type": "extra_forbidden", "loc": ["body", "max_tokens"], "msg": "Extra inputs are not permitted"}]
REFUSED = (
    (500, "length", "the request exceeds the available context size. try increasing the context size"),
    (500, "length", "Context size has been exceeded."),
    (500, "length", "Requested tokens (2285) exceed context window of 2048"),
    (422, "length", "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3000"),
    (400, "length", "The number of tokens to keep from the initial prompt is greater than the context length"),
    (500, "response_format", "Failed to parse grammar"),
    (400, "response_format", "JSON schema conversion failed: Unrecognized schema: {}"),
    (400, "response_format", "Invalid value at 'generation_config.response_schema': it has too many states"),
    (400, "response_format", "This model does not support response format `json_object`"),
    (500, "system", "Jinja Exception: Conversation roles must alternate user/assistant/user/assistant/..."),
    (400, "max_tokens", {"message": json.dumps({"detail": EXTRA}), "type": "internal_error_proxy"}),
    (400, "seed", {"message": "Provider returned error", "metadata": {"raw": "Unsupported parameter: 'seed'"}}),
    (
        400,
        "temperature",
        {"message": "Provider returned error", "metadata": {"raw": '{"error": {"param": "temperature"}}'}},
    ),
    (400, "model", "foo/bar is not a valid model ID"),
    (400, "model", "Model Not Exist"),
    (400, "model", {"message": "Invalid model: mistral-foo", "type": "invalid_model", "code": "1500"}),
    (400, "model", "No models loaded. Please load a model in the developer page or use the 'lms load' command."),
    (400, "model", "The model `x` has been decommissioned and is no longer supported."),
    (400, "model", "The provided model identifier is invalid."),
    (400, "model", "Invocation of model ID a.b with on-demand throughput isn't supported."),
    (400, "model", "Unable to access non-serverless model x. Please start a dedicated endpoint."),
    (400, "model", "/chat/completions: Invalid model name passed in model=x."),
    (400, "load", 'Failed to load model "x". Error: Model loading was stopped due to insufficient system resources.'),
    (400, "account", "Budget has been exceeded! Current cost: 10.2, Max budget: 10.0"),
    (403, "account", "Your newly created team doesn't have any credits or licenses yet."),
    (403, "account", "Sorry, your account balance is insufficient"),
    (403, "account", {"message": "No more tokens.", "code": "token_quota_reached"}),
    (400, "key", "login fail: Please carry the API secret key in the 'Authorization' field"),
    (400, "key", "Access token invalid or no longer valid"),
    (413, "length", "Request Entity Too Large"),
    (400, "key", "Authentication Error, Invalid proxy server token passed."),
    (401, "key", "Access denied due to invalid subscription key or wrong API endpoint."),
    (405, "", "Method Not Allowed"),
    (410, "", "The model is gone."),
)


@pytest.mark.parametrize(("status", "found", "said"), REFUSED)
def test_what_vendors_refuse_is_known_by_their_words(status: int, found: str, said: str | dict[str, object]) -> None:
    fault = fault_in(status, {}, json.dumps({"error": said}).encode(), (), 0.0)
    if isinstance(fault, RequestRefused):
        assert found in (fault.about, objection(fault.message, SENT, (), fault.named))
    else:
        assert isinstance(fault, AuthRefused) and fault.about == found


@pytest.mark.parametrize(
    ("status", "about", "said"),
    [
        (500, "load", "llama runner process has terminated: error loading model: unable to allocate backend buffer"),
        (500, "load", "model requires more system memory (10.6 GiB) than is available (4.2 GiB)"),
        (500, "load", "unable to load model: /models/blobs/sha256-6a0746a1ec1a"),
        (500, "load", "could not load model - all backends returned error: 25 errors occurred: rpc error"),
        (502, "load", "unable to start process: upstream command exited prematurely"),
        (500, "load", "Model llama3.2:1b failed to load: no such file"),
        (500, "key", "litellm.AuthenticationError: Incorrect API key provided: x. Invalid API key."),
        (500, "model", "The model `x` does not exist"),
        (503, "", "could not load model: try again later"),
        (500, "", "llama runner process has terminated: exit status 2"),
        (500, "", "model runner has unexpectedly stopped, this may be due to resource limitations"),
        (500, "", "Model x is currently loading"),
        (500, "", "Internal server error"),
    ],
)
def test_what_waiting_does_not_mend_is_known_under_statuses_for_outages(status: int, about: str, said: str) -> None:
    fault = fault_in(status, {}, json.dumps({"error": {"message": said}}).encode(), (), 0.0)
    assert isinstance(fault, TransportError) and fault.about == about


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (500, "EngineCore encountered an issue. See stack trace (above) for the root cause."),
        (500, "llama runner process has terminated: exit status 2"),
        (503, "The model is overloaded. Please try again later."),
        (503, "Model x is currently loading"),
        (429, "Service tier capacity exceeded for this model."),
        (424, "Request failed during generation: Server error: CUDA out of memory"),
    ],
)
def test_what_may_pass_is_tried_again(status: int, said: str) -> None:
    fault = fault_in(status, {}, json.dumps({"error": {"message": said}}).encode(), (), 0.0)
    assert isinstance(fault, TransportError) and not fault.quota


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ms-retry-after-ms": "30000"},
        {"ratelimit-remaining": "0", "ratelimit-reset": "30"},
        {"anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": "2025-11-24T16:00:30Z"},
        {"X-RateLimit-Remaining-Requests-Day": "0", "X-RateLimit-Reset-Requests-Day": "30.0"},
    ],
)
def test_the_time_to_wait_is_read_from_the_headers_of_any_vendor(headers: dict[str, str]) -> None:
    fault = fault_in(429, headers, b"{}", (), 1764000000.0)
    assert isinstance(fault, TransportError) and fault.retry_after_s == pytest.approx(30.0)


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, {"retry_after_ms": 2500}, 2.5),
        ({}, {"retryAfterMs": "2500"}, 2.5),
        ({}, {"retry_after_ms": "3s"}, 3.0),
        ({}, {"details": {"resets_in_seconds": 40}}, 40.0),
        ({}, {"resets_at": NOW + 60}, 60.0),
        ({}, {"resetAt": (NOW + 60) * 1000}, 60.0),
        ({"x-ratelimit-reset": str(int(NOW + 60) * 1000)}, {}, 60.0),
        ({"x-ratelimit-reset-after": "7"}, {}, 7.0),
        ({"anthropic-ratelimit-unified-reset": str(int(NOW + 60)), "x-ratelimit-reset-7d": "1800600000"},
         {}, 60.0),
        ({"ratelimit": '"a";r=0;t=9'}, {}, 9.0),
        ({"ratelimit": "limit=5, remaining=0, reset=9"}, {}, 9.0),
        ({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "60s"}, {}, None),
        ({"ratelimit": '"a";r=5;t=9'}, {}, None),
        ({}, {"resets_at": "soon", "retry_after_ms": True}, None),
    ],
)  # fmt: skip
def test_how_long_a_429_asks_to_wait_is_read_in_every_form(
    headers: dict[str, str], body: dict[str, Any], seconds: float | None
) -> None:
    fault = fault_in(429, headers, json.dumps({"error": {"message": "slow", **body}}).encode(), (), NOW)
    assert isinstance(fault, TransportError) and fault.kind == "rate"
    assert fault.retry_after_s == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (400, "Throttling.RateQuota", "rate"),
        (400, "Too many requests, please wait", "rate"),
        (403, "You have exceeded a secondary rate limit", "rate"),
        (430, "rate-limit exceeded", "rate"),
        (400, "Model is not ready for inference", "server"),
        (422, "the server is busy", "server"),
        (400, "System is really busy. Please try again later.", "server"),
        (423, "locked", "server"),
    ],
)
def test_what_passes_is_no_refusal_whatever_its_status(status: int, said: str, kind: str) -> None:
    fault = fault_in(status, {}, json.dumps({"message": said}).encode(), (), NOW)
    assert isinstance(fault, TransportError) and fault.kind == kind


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "Too many requests with a bad key"),
        (404, "rate limit page not found"),
        (400, "prompt is too long for the rate limit"),
        (400, "Your input was flagged; the rate limit counts it"),
        (400, "unknown parameter: seed"),
        (400, "no models loaded"),
        (400, "temperature must be between 0 and 2"),
    ],
)
def test_what_does_not_pass_stays_a_refusal(status: int, said: str) -> None:
    fault = fault_in(status, {}, json.dumps({"message": said}).encode(), (), NOW)
    assert isinstance(fault, AuthRefused | RequestRefused)


@pytest.mark.parametrize("name", ["X-RateLimit-{}", "x-ratelimit-{}", "RateLimit-{}-Requests"])
def test_a_reset_beside_what_remains_asks_for_no_wait_however_the_names_are_written(name: str) -> None:
    headers = CIMultiDictProxy(CIMultiDict({name.format("Remaining"): "5", name.format("Reset"): "3600"}))
    fault = fault_in(429, headers, b'{"error": {"message": "slow down"}}', (), NOW)
    assert isinstance(fault, TransportError) and fault.retry_after_s is None
