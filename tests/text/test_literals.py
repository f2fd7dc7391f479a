from __future__ import annotations

import random

from datagen_cli.text.literals import Literals

WORDS = ["ignore", "ai", "ai ", "<|", "@", "", "忽略", "é", "_of_turn", "ignored", "gnor", "abab", "\ud800x"]


def test_the_literals_that_stand_in_a_text_are_those_that_are_found_in_it() -> None:
    random_ = random.Random(5)
    literals = Literals(WORDS)
    for size in (0, 1, 2, 3, 40, 4000):
        for _ in range(20):
            text = "".join(random_.choice([*WORDS, "i", "a", " ", "b", "nore", "略", "é"]) for _ in range(size))
            assert literals.standing_in(text) == {word for word in WORDS if word in text}
    assert Literals([]).standing_in("x") == set()
    assert Literals(["a"]).standing_in("cat") == {"a"}
