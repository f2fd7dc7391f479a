from __future__ import annotations

import pytest

from datagen_cli.text.tokens import estimate_tokens, word_count, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ... ?! ", []),
        (
            "She has 1,000 well-known tricks, doesn't she?",
            ["She", "has", "1,000", "well-known", "tricks", "doesn't", "she"],
        ),
        ("it costs $3.50.", ["it", "costs", "3.50"]),
        ("one, two,three", ["one", "two", "three"]),
        ("naïve café — déjà vu", ["naïve", "café", "déjà", "vu"]),
        ("don’t", ["don’t"]),
        ("cafe\u0301 ouvert", ["cafe\u0301", "ouvert"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("中文字 abc", ["中", "文", "字", "abc"]),
        ("Привет мир", ["Привет", "мир"]),
    ],
)
def test_words_are_what_a_reader_counts_in_any_script(text: str, expected: list[str]) -> None:
    assert words(text) == expected
    assert word_count(text) == len(expected)


def test_ascii_and_other_texts_are_cut_by_the_same_rules() -> None:
    text = "a-b c'd 1.5 x,y 7,000 (z) v1.2 _x"
    assert words(f"{text} é") == [*words(text), "é"]


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("éé", 1), ("中中", 2)])
def test_tokens_are_estimated_from_utf8_bytes_rounded_up(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_a_huge_text_is_counted_in_linear_time() -> None:
    assert word_count("word " * 200_000) == 200_000
    assert word_count("a-" * 100_000) == 1
