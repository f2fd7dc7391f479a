"""Majorities of independent answers."""

from __future__ import annotations

from functools import partial

from datagen_cli.validators.code import same_result
from datagen_cli.validators.voting import majority, undecided

SAME = partial(same_result, tolerance=1e-6)


def test_a_majority_is_more_than_half_of_all_that_were_to_vote() -> None:
    assert majority(["1", "1.0", None], 3, SAME) == "1"
    assert majority(["1", "2", None], 3, SAME) is None
    assert majority(["1", "1"], 4, SAME) is None
    assert majority(["1"], 1, SAME) == "1"


def test_programs_are_asked_for_until_the_majority_is_certain_either_way() -> None:
    assert undecided([], 3, SAME) == 2
    assert undecided(["1", "1"], 3, SAME) == 0
    assert undecided(["1", "2"], 3, SAME) == 1
    assert undecided(["1", "2", "3"], 5, SAME) == 2
    assert undecided(["1", "2", "3", None], 5, SAME) == 0
