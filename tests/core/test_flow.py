"""The one list of stages, and which stage a call is booked to."""

from __future__ import annotations

import pytest

from datagen_cli.core.flow import ATTEMPTED, STAGES, STEPS, stage_of


def test_stages_come_in_the_order_of_their_files() -> None:
    assert STAGES == ("load", "plan", "generate", "validate", "enhance", "dedup", "review")
    assert ("generate", *STEPS, "dedup", "review") == ATTEMPTED


@pytest.mark.parametrize(
    ("purpose", "stage"),
    [("generate", "generate"), ("repair", "validate"), ("code", "validate"), ("enhance", "enhance"), ("x", "validate")],
)
def test_a_call_is_booked_to_the_stage_that_asks_for_its_purpose(purpose: str, stage: str) -> None:
    assert stage_of(purpose) == stage
