"""Digests and seeded randomness depend on their arguments and on nothing else."""

from __future__ import annotations

from datagen_cli.core.digest import digest, rng, seed_of


def test_a_digest_is_the_same_on_every_machine() -> None:
    assert digest("a", 1) == "f93084036c0ecbf0"
    assert seed_of("x") == 16446146658539847525
    assert digest("a", 1, {"y": 2, "x": [None, True]}) == digest("a", 1, {"x": [None, True], "y": 2})


def test_the_parts_of_a_digest_do_not_run_into_one_another() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest([1], [2]) != digest([1, 2])


def test_a_place_has_its_own_random_numbers_and_always_the_same() -> None:
    assert rng(7, "plan", 3).random() == rng(7, "plan", 3).random()
    assert rng(7, "plan", 3).random() != rng(7, "plan", 4).random()
    assert 0 <= seed_of("x") < 2**64
