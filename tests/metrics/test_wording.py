"""Numbers as people read them."""

from __future__ import annotations

import pytest

from datagen_cli.metrics.wording import span, usd


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (None, "unknown"), (0, "$0.00"), (0.00005123, "$0.000051"), (0.0004, "$0.00040"), (0.001, "$0.0010"),
        (0.0123, "$0.0123"), (0.99996, "$1.0000"), (12.3, "$12.30"), (12345, "$12,345.00"), (3e-9, "$0.0000000030"),
    ],
)  # fmt: skip
def test_a_cost_is_never_told_as_nothing_when_it_is_something(cost: float | None, said: str) -> None:
    assert usd(cost) == said


def test_ends_below_zero_stand_beside_no_dash() -> None:
    assert span((0.1, 0.2)) == "0.1 – 0.2"
    assert span((-0.2, -0.1)) == "-0.2 to -0.1"
    assert span(None) == "–"
