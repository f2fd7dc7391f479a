"""Balance: every prefix of what is accepted is about even, whatever the generator prefers."""

from __future__ import annotations

from collections import Counter

import pytest

from datagen_cli.constraints.balance import Balance, BalanceOptions
from datagen_cli.core.digest import rng
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec

SPECS = {"text": FieldSpec("text"), "kind": FieldSpec("kind", "label", values=("a", "b", "c"))}


def test_it_balances_the_label_unless_another_field_is_named() -> None:
    assert Balance(BalanceOptions(), SPECS).describe() == "kind: every value about equally often"
    with pytest.raises(RecipeError, match="no known values"):
        Balance(BalanceOptions(field="text"), SPECS)
    with pytest.raises(RecipeError, match="no label"):
        Balance(BalanceOptions(), {"text": FieldSpec("text")})


def test_every_prefix_stays_within_the_tolerance() -> None:
    rule = Balance(BalanceOptions(tolerance=0.05), SPECS).rule()
    counts: Counter[str] = Counter()
    source = rng("skewed")
    for slot in range(3000):
        fields = {"kind": source.choices("abc", weights=(8, 1, 1))[0]}
        if rule.refuses(fields) is None:
            rule.accept(fields, slot)
            counts[fields["kind"]] += 1
            total = counts.total()
            assert max(counts.values()) <= total * (1 / 3 + 0.05) + 1
    assert counts.total() > 700
    assert max(counts.values()) / counts.total() < 0.39


def test_a_refusal_says_how_often_the_value_stands_there() -> None:
    rule = Balance(BalanceOptions(tolerance=0), SPECS).rule()
    rule.accept({"kind": "a"}, 0)
    rule.accept({"kind": "b"}, 1)
    assert rule.refuses({"kind": "a"}) == ("kind: a stands in 1 of 2 already", None)
    assert rule.refuses({"kind": "c"}) is None
