"""Manners of endpoints that ask to wait, in the names and units that are seen, or under a status for refusals.

See `tests/manners.py`.
"""

from __future__ import annotations

from typing import Any

from tests.endpoint import Answer
from tests.manners import Manner, always, between, named

HOURS_MS = 25_200_000
SLOW = {"error": {"message": "slow down"}}


def asks(*, body: dict[str, Any] | None = None, **headers: str) -> Any:
    """Every request is refused with 429, with this in its error or in its headers."""
    answer = named(429, error={"message": "slow down", **(body or {})})
    named_so = {name.replace("_", "-"): value for name, value in headers.items()}
    return always(Answer(status=429, body=answer.body, headers=named_so))


def first(status: int, **body: Any) -> Any:
    """The first eight requests get this, all others are answered."""
    return between(1, 8, named(status, **body))


WAITING = (
    Manner("asks in milliseconds of the body to wait for hours (`retry_after_ms`)", "ends, says for how long",
           asks(body={"retry_after_ms": HOURS_MS}), 0, 5, says="25,200 s"),
    Manner("says in the body in how many seconds its limit ends (`resets_in_seconds`)", "the same",
           asks(body={"resets_in_seconds": 25200}), 0, 5, says="25,200 s"),
    Manner("says when its limit ends, and not what remains (`X-RateLimit-Reset-After`)", "the same",
           asks(X_RateLimit_Reset_After="25200"), 0, 5, says="25,200 s", batches_too=False),
    Manner("says both in one header (`RateLimit`)", "ends, says until when",
           asks(RateLimit='"default";r=0;t=25200'), 0, 5, says="takes no more calls until", batches_too=False),
    Manner("throttles its first calls under 400", "waits and goes on", first(
        400, code="Throttling.RateQuota", message="Requests rate limit exceeded, please try again later.")),
    Manner("throttles its first calls under 403", "the same", first(
        403, message="You have exceeded a secondary rate limit. Please wait a few minutes.")),
    Manner("still loads its model at the first calls (423)", "the same", between(1, 8, named(
        423, error="the model is being loaded"))),
    Manner("is not ready at the first calls (400)", "the same", first(
        400, message="Model is not ready for inference. Please try again.")),
    Manner("says inside a 200 that the day's calls are used up, in a code as text", "ends at once: the quota is spent",
           always(named(200, code="rate_limit_daily", message="Error code: 429 - daily limit reached")), 0, 5,
           says="the quota is spent"),
    Manner("does not know the model, in a code inside a 200", "ends at the first answer", always(
        named(200, code=404, msg="no such model", data=None)), 0, 5, says="refused"),
)  # fmt: skip
