"""Sums by role and purpose."""

from __future__ import annotations

from datagen_cli.core.chat import Usage
from datagen_cli.llm.usage import Totals


def test_sums_are_kept_by_role_and_purpose() -> None:
    totals = Totals()
    for role, purpose, cost in (("generator", "generate", 0.5), ("generator", "repair", 0.25), ("coder", "code", 1.0)):
        totals.tally(role, purpose).usage += Usage(10, 5, cost)
        totals.tally(role, purpose).calls += 1
    totals.tally("coder", "code").cached_calls += 2
    assert totals.all.usage == Usage(30, 15, 1.75)
    assert (totals.all.calls, totals.all.cached_calls) == (3, 2)
    assert totals.as_dict()["coder"]["code"] == {
        "calls": 1,
        "cached_calls": 2,
        "lost": 0,
        "hedged": 0,
        "tokens_in": 10,
        "tokens_out": 5,
        "tokens_cached": 0,
        "cost_usd": 1.0,
    }


def test_an_unknown_cost_makes_the_sum_unknown_never_zero() -> None:
    totals = Totals()
    totals.tally("generator", "generate").usage += Usage(1, 1, None)
    totals.tally("coder", "code").usage += Usage(1, 1, 0.5)
    assert totals.all.usage == Usage(2, 2, None)
    assert totals.tally("coder", "code").usage.cost_usd == 0.5
    assert Totals().all.usage == Usage(0, 0, 0.0)
