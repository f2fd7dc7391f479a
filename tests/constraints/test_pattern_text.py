"""Texts drawn from regular expressions match them."""

from __future__ import annotations

import random
import re

import pytest

from datagen_cli.constraints.pattern_text import sample

PATTERNS = [
    r"^-?\d+(\.\d+)?$",
    r"[A-Z]{2}-\d{4}",
    r"^(yes|no|maybe)$",
    r"(?i)error \d+",
    r"^\w+@\w+\.(com|org)$",
    r"^[^aeiou\s]{5,8}$",
    r"(\w)\1",
    r"^(?=.*\d)\w{6}$",
    r"^(?!0)\d{3}$",
    r"a{2,}b*c+?d?",
    r"^\$\d{1,3}(,\d{3})*\.\d\d$",
    r"^(a)?(?(1)b|c)$",
    r"\bend\.$",
    r"",
    r".{10}",
    r"[α-ω]+",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_sample_matches(pattern: str) -> None:
    for seed in range(50):
        text = sample(random.Random(seed), pattern)
        assert text is not None and re.search(pattern, text), text


def test_samples_vary_and_depend_on_the_seed_alone() -> None:
    texts = {sample(random.Random(seed), r"^[A-Z]{3}\d{4}$") for seed in range(200)}
    assert len(texts) > 190
    assert sample(random.Random(3), r"\d{9}") == sample(random.Random(3), r"\d{9}")


@pytest.mark.parametrize("pattern", ["(", "[a", "^a$b", r"(?!x)x"])
def test_what_cannot_be_matched_gives_none(pattern: str) -> None:
    assert sample(random.Random(1), pattern) is None


def test_a_huge_repeat_is_no_trap() -> None:
    assert len(sample(random.Random(1), r"(a{1,1000}){1,1000}b") or "") < 100
