"""Every way to choose examples: different rows, a function of the place alone, and all of a base that is small."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datagen_cli.core.registry import load, names

ROWS = 24
PLACES = [(slot, attempt) for slot in range(12) for attempt in (1, 2)]


def strategy(name: str, *, rows: int = ROWS, k: int = 4, seed: int = 3) -> Any:
    vectors = np.eye(ROWS, dtype=np.float32)[:rows]
    given: dict[str, Any] = {"vectors": vectors} if load("examples", name).needs_vectors else {"rows": rows}
    return load("examples", name)(seed=seed, k=k, **given)


@pytest.mark.parametrize("name", names("examples"))
def test_a_draw_is_k_different_rows_of_the_base(name: str) -> None:
    chosen = strategy(name)
    for place in PLACES:
        drawn = chosen.draw(*place)
        assert len(drawn) == len(set(drawn)) == 4
        assert all(0 <= index < ROWS for index in drawn)


@pytest.mark.parametrize("name", names("examples"))
def test_a_draw_depends_on_seed_and_place_and_on_nothing_that_was_drawn_before(name: str) -> None:
    forwards, backwards = strategy(name), strategy(name)
    there = {place: forwards.draw(*place) for place in PLACES}
    back = {place: backwards.draw(*place) for place in reversed(PLACES)}
    assert there == back
    assert len(set(there.values())) > 1
    assert {place: strategy(name, seed=4).draw(*place) for place in PLACES} != there


@pytest.mark.parametrize("name", names("examples"))
def test_a_small_base_is_shown_whole(name: str) -> None:
    assert sorted(strategy(name, rows=3, k=5).draw(0, 1)) == [0, 1, 2]
