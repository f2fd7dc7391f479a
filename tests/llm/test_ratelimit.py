"""What rate-limit headers say."""

from __future__ import annotations

import pytest

from datagen_cli.llm.ratelimit import closed_s, reset_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360.0), ("1h2m3.5s", 3723.5), ("20ms", 0.02), ("1d", 86400.0), ("12", 12.0), ("0.25", 0.25),
        ("1700000030", 30.0), ("1700000030000", 30.0), ("1600000000", 0.0), ("-4", 0.0), ("", 0.0), ("soon", 0.0),
        ("5 apples", 0.0),
    ],
)  # fmt: skip
def test_a_reset_is_a_duration_seconds_or_a_time(text: str, seconds: float) -> None:
    assert reset_s(text, 1700000000.0) == pytest.approx(seconds)


def test_nothing_is_closed_while_something_is_left() -> None:
    assert closed_s({}, 100, 0.0) == 0.0
    assert closed_s({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "9s"}, 100, 0.0) == 0.0
    assert closed_s({"x-ratelimit-remaining-requests": "?", "x-ratelimit-reset-requests": "9s"}, 100, 0.0) == 0.0


def test_the_longest_of_what_is_spent_counts() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "2s",
        "x-ratelimit-remaining-tokens": "99",
        "x-ratelimit-reset-tokens": "7s",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "3",
    }
    assert closed_s(headers, 100, 0.0) == 7.0
    assert closed_s(headers, 99, 0.0) == 3.0
