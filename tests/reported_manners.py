"""Manners that users of vendors and gateways report, in the words and forms that were seen: errors inside a 200 that
are worded otherwise, accounts without money, models that answer in a stream alone, fields in capitals.

See `tests/manners.py`.
"""

from __future__ import annotations

import json
from typing import Any

from tests.endpoint import Answer, Script
from tests.manners import (
    ASKED,
    COUNT,
    USED,
    Good,
    Make,
    Manner,
    always,
    between,
    completed,
    named,
    one_prompt,
    replies,
    streamed,
)

ALL = (COUNT * USED["prompt_tokens"], COUNT * USED["completion_tokens"])
TOO_LARGE = Answer(status=413, body=b"<html><head><title>413 Request Entity Too Large</title></head></html>")
NO_LICENCE = "Your newly created team doesn't have any credits or licenses yet."
PAUSED = (
    "Your account [1] has reached the set inference limit for the [m] model, and the model service has been paused."
)
OF_CHECK = Answer('{"verdict": "yes", "reason": "it is', cut=60)


def to_checks(answer: Answer) -> Make:
    """A good generator; every question that asks for a verdict gets this."""

    def make(good: Good) -> Script:
        def script(body: dict[str, Any], attempt: int) -> str | Answer:
            return answer if "verdict" in json.dumps(body.get("response_format")) else good(body)

        return script

    return make


def only_streams(good: Good) -> Script:
    """Whoever asks for no stream is refused."""
    said = "This model only support stream mode, please enable the stream parameter to access the model."
    refused = named(400, error={"code": "invalid_parameter_error", "message": said})
    return lambda body, attempt: streamed(good(body), body) if body.get("stream") else refused


def in_capitals(value: dict[str, Any]) -> dict[str, Any]:
    """A completion as servers write it whose language has capitals in the names of fields."""
    text = value["choices"][0]["message"]["content"]
    choice = {"Message": {"Role": "assistant", "Content": text}, "FinishReason": "stop"}
    used = {"PromptTokens": 10, "CompletionTokens": 5, "TotalTokens": 15}
    return {"Response": {"Choices": [choice], "Usage": used, "RequestId": "1"}}


def first(answer: Answer) -> Make:
    """The first eight requests get this, all others are answered."""
    return between(1, 8, answer)


REPORTED = (
    Manner("answers in a stream alone (DashScope)", "asks for one, says so once", only_streams, batches_too=False,
           used=ALL),
    Manner("has an account without credits or licences (403, xAI)", "ends at once, says that the account cannot pay",
           always(named(403, code="The caller does not have permission", error=NO_LICENCE)), 0, 5, says="cannot pay"),
    Manner("has an account whose tokens are used up (403, watsonx)", "the same", always(named(
        403, errors=[{"code": "token_quota_reached", "message": "This token quota has been reached"}])), 0, 5,
           says="cannot pay"),
    Manner("has an account whose balance is insufficient (403, SiliconFlow)", "the same", always(named(
        403, code=30001, message="Sorry, your account balance is insufficient", data=None)), 0, 5, says="cannot pay"),
    Manner("has paused the model at a limit of the account (429, Ark)", "ends at once: the quota is spent", always(
        named(429, error={"code": "SetLimitExceeded", "message": PAUSED})), 0, 5, says="the quota is spent"),
    Manner("is really busy at the first calls (400, SiliconFlow)", "waits and goes on", first(named(
        400, code=50603, message="System is really busy. Please try again later.", data=None))),
    Manner("limits its first calls inside a 200, as `error_msg` (Qianfan)", "the same", first(named(
        200, error_code=18, error_msg="Open api qps request limit reached"))),
    Manner("limits its first calls inside a 200, with capitals (Hunyuan)", "the same", first(named(
        200, Response={"Error": {"Code": "LimitExceeded", "Message": "Rate limit exceeded"}, "RequestId": "1"}))),
    Manner("says inside a 200 that the day's calls are used up, as `error_msg`", "ends at once: the quota is spent",
           always(named(200, error_code=17, error_msg="Open api daily request limit reached")), 0, 5,
           says="the quota is spent"),
    Manner("refuses the key inside a 200, as `error_msg`", "ends at once, names the variable", always(named(
        200, error_code=110, error_msg="Access token invalid or no longer valid")), 0, 5, says="wants a key"),
    Manner("refuses the key inside a 200, as `base_resp` (MiniMax)", "the same", always(named(200, base_resp={
        "status_code": 1004, "status_msg": "login fail: Please carry the API secret key in the header"})), 0, 5,
           says="wants a key"),
    Manner("does not let one prompt pass its moderation, inside a 200 (Spark)",
           "costs one attempt; the next one has other examples and another seed", one_prompt(named(
               200, code=10013, message="The input content does not pass the moderation", sid="1"), 5)),
    Manner("writes the names of its fields with capitals, in an envelope (Hunyuan)", "reads it", replies(completed(
        in_capitals)), used=ALL),
    Manner("has a proxy that takes no request of that size (413, a web page)", "ends after five, names what to shorten",
           always(TOO_LARGE), 0, 5, says="do not fit"),
    Manner("knows no such path, and asks for a token (403, API Gateway)", "ends at once, names the key and the address",
           always(named(403, message="Missing Authentication Token")), 0, 5, says="base_url"),
    Manner("says in a `faultstring` that its quota is spent (429, Apigee)", "ends after `patience_s`, quotes it",
           always(named(429, fault={"faultstring": "Rate limit quota violation.", "detail": {"errorcode": "x"}})), 0, 5,
           ("limits.patience_s=1",), says='"Rate limit quota violation."'),
    Manner("breaks off every reply to a check", "ends after eight, says so", to_checks(OF_CHECK), 0, 5, ASKED,
           says="replies of ask were all broken off", batches_too=False),
)  # fmt: skip
