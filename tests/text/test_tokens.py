from __future__ import annotations

import pytest

from datagen_cli.core.budget import within
from datagen_cli.text.tokens import estimate_tokens, term_key, terms, tokens, word_count, words


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't, well-known 1,000!", ["don", "t", "well", "known", "1000"]),
        ("C++ is not C#", ["c", "+", "+", "is", "not", "c", "#"]),
        ("12 + 3 = 15", ["12", "+", "3", "=", "15"]),
        ("x>3, −5 or 7 - 2", ["x", ">", "3", "-", "5", "or", "7", "-", "2"]),
        ("10–20 COVID-19", ["10", "-", "20", "covid", "-", "19"]),
        ("3.5 is not 3,5 nor 35", ["3.5", "is", "not", "3,5", "nor", "35"]),
        ("a/b \\ c | d ~ €5 &", ["a", "/", "b", "\\", "c", "|", "d", "~", "€", "5", "&"]),
        ("中文字", ["中", "文", "字"]),
        ("カナ ｶﾅ", ["カ", "ナ", "カ", "ナ"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("ພາສາ", ["ພ", "າ", "ສ", "າ"]),
        ("ភាសា", ["ភា", "សា"]),
        ("မြန်မာ", ["မြ", "န်", "မာ"]),
        ("!? …", []),
    ],
)
def test_terms_are_folded_words_and_the_signs_that_count(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("What is 12 + 3?", "What is 1 + 23?"), ("2 + 3", "2 - 3"), ("C++", "C"), ("C#", "C"), ("-5", "5"),
        ("x > 3", "x < 3"), ("3.5", "35"), ("12 3", "1 23"), ("$5", "€5"), ("50%", "50"), ("a|b", "a&b"),
    ],
)  # fmt: skip
def test_texts_that_differ_in_a_sign_are_not_the_same(first: str, second: str) -> None:
    assert term_key(terms(first), first) != term_key(terms(second), second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("Hello, world!", "hello -- WORLD"), ("re-use it", "re use it"), ("1,000 men", "1000 men"), ("!!!", " !!! ")],
)
def test_texts_that_differ_in_punctuation_are_the_same(first: str, second: str) -> None:
    assert term_key(terms(first), first) == term_key(terms(second), second)


def test_tokens_keep_case_and_split_scripts_without_spaces() -> None:
    assert tokens("Don't 12%") == ["Don", "'", "t", "12", "%"]
    assert tokens("中文 abc ไทย") == ["中", "文", "abc", "ไ", "ท", "ย"]
    assert tokens("中文x") == ["中", "文", "x"]


def test_a_huge_text_is_counted_in_linear_time() -> None:
    assert word_count("word " * 200_000) == 200_000
    assert word_count("a-" * 100_000) == 1


def test_a_number_without_end_is_read_soon() -> None:
    text = "1" + ",111" * 50_000 + ",11"
    assert within(lambda: terms(text), cpu_s=3.0) == [text]
