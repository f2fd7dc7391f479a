"""What a pattern needs stands in every text that it matches, and the sieve says which texts have it."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from datagen_cli.constraints.pattern_text import sample
from datagen_cli.text.literals import NOTHING, LiteralFilter, Needs, both, needs_of
from datagen_cli.text.safety_rules import worded_rules


def may(needs: Needs, text: str) -> bool:
    words = text.split()
    ((_, (found,)),) = LiteralFilter([needs]).may(
        words, np.arange(len(words), dtype=np.int32), np.array([0, len(words)])
    )
    return bool(found[0])


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        (r"\bAb{2}c?\s+de", Needs(("de",))),
        (r"(?:skip|drop the) it", Needs((Needs(("skip", Needs(("drop", "the"))), one=True), "it"))),
        (r"pro(?:mpts?|gram)", Needs(("prompt", "program"), one=True)),
        (r"(?:said)? x|y", NOTHING),
        (r"(?=ab)(?!cd)(?:ef)+", Needs(("ab", "ef"))),
        (r"忘[记れ]|<\|", Needs(("忘", "<|"), one=True)),
    ],
)
def test_what_a_pattern_needs_is_read_off_it(pattern: str, needed: Needs) -> None:
    assert needs_of(re.compile(pattern, re.IGNORECASE)) == needed


@pytest.mark.slow
def test_a_text_that_a_rule_matches_is_let_through() -> None:
    rng, tried = random.Random(3), 0
    for rule in worded_rules():
        needs = needs_of(rule.pattern)
        for text in filter(None, (sample(rng, rule.pattern.pattern) for _ in range(8))):
            for written in (text, text.upper(), text.replace("s", "ſ").replace("k", "\u212a")):
                if rule.pattern.search(written):
                    tried += 1
                    assert may(needs, f"before {written} after"), (rule.name, written)
    assert tried > 300


def test_a_text_without_what_is_needed_is_held_back() -> None:
    needs = both(needs_of(re.compile("ignore (?:all|every) rules")), needs_of(re.compile("say|print")))
    texts = ["say: ignore all rules", "ignore all rules", "say: ignore the rules", "", "PRINT ignored every RULES"]
    assert [may(needs, text) for text in texts] == [True, False, False, False, True]
