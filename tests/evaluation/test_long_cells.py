"""Cells of a file of rows as long as nobody writes them: what is looked for in them takes time in step with length."""

from __future__ import annotations

from datagen_cli.evaluation.columns import _NUMBERED
from datagen_cli.prompts.empty_words import _WORDS
from datagen_cli.sources.dialect import NUMBER
from datagen_cli.sources.proposal import _ID
from datagen_cli.text.answers import _SAID


def test_a_cell_of_a_million_digits_is_read_at_once() -> None:
    for text in ("a" + "1" * 1_000_000 + "!", "1" * 1_000_000 + "!"):
        assert _NUMBERED.fullmatch(text) is None
        assert _ID.fullmatch(text) is None


def test_identifiers_have_a_digit() -> None:
    assert [bool(_NUMBERED.fullmatch(text)) for text in ("a1", "1a", "#7-b/c", "a", "1", "", "a 1", "1!")] == [
        *(True, True, True, False, False, False, False, False),
    ]
    assert [bool(_ID.fullmatch(text)) for text in ("1", "a-1", "1a", "a", "", "1 a", "1!")] == [True] * 3 + [False] * 4


def test_a_long_run_of_one_sign_is_read_at_once() -> None:
    assert NUMBER.fullmatch("1" * 1_000_000 + "x") is None
    assert _SAID.findall("answer=" + "\t" * 20_000 + "y" * 400) == []
    assert _WORDS.fullmatch("<a" + " " * 30_000) is None


def test_the_same_is_found_in_what_people_write() -> None:
    texts = ("1", "1.", "1,5", ".5", "-2e3", "1.2.3", ".", "x1")
    assert [bool(NUMBER.fullmatch(text)) for text in texts] == [True] * 5 + [False] * 3
    assert _SAID.findall("The answer is: 42. So\nfinal answer : \n 7") == ["42", "7"]
    forms = ("<a short text>", "<one\ntwo>", "<an>", "<a b c>", "<a 1=2>")
    assert [bool(_WORDS.fullmatch(text)) for text in forms] == [True, True, False, True, False]
