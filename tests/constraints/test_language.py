"""Language: sure of whole sentences, unknown for short ones, never a fail on a guess."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datagen_cli.constraints.language import Language, LanguageOptions
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.jsonl import read_lines

SPECS = {"text": FieldSpec("text"), "parts": FieldSpec("parts", "list"), "n": FieldSpec("n", "number")}


def language(code: str, field: str | None = None) -> Language:
    return Language(LanguageOptions.model_validate({"is": code, "field": field}), SPECS)


def test_it_is_described_in_the_words_of_the_prompt() -> None:
    assert language("en", "text").describe() == "text: in English (en)"
    assert language("de").describe() == "all text: in German (de)"
    assert language("sw").describe() == "all text: in the language sw"


@pytest.mark.parametrize(
    ("code", "text", "outcome"),
    [
        ("en", "How many apples does she have left in the end?", "pass"),
        ("de", "How many apples does she have left in the end?", "fail"),
        ("en", "Wie viele Äpfel hat sie am Ende noch übrig?", "fail"),
        ("de", "Wie viele Äpfel hat sie am Ende noch übrig?", "pass"),
        ("fr", "Combien de pommes lui reste-t-il à la fin de la journée ?", "pass"),
        ("en", "Berlin 1989", "unknown"),
        ("en", "", "unknown"),
    ],
)
def test_sentences_are_told_apart_and_scraps_are_unknown(code: str, text: str, outcome: str) -> None:
    assert language(code, "text").check({"text": text}).outcome == outcome


def test_every_item_of_a_list_counts() -> None:
    parts = ["This is an English sentence about trains.", "Und das hier ist ein deutscher Satz über Züge."]
    found = language("en", "parts").check({"parts": parts})
    assert found.outcome == "fail"
    assert "parts: in English; it seems to be de" in found.detail


def test_a_language_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(RecipeError, match="no language 'xx'"):
        language("xx")


def test_english_samples_are_english(sample: Callable[[str], Path]) -> None:
    check = language("en", "text")
    texts = [row["question"] for row in read_lines(sample("gsm8k/test.jsonl"))]
    texts += [row["text"] for row in read_lines(sample("ag_news/test.jsonl"))][:700]
    failed = [text for text in texts if check.check({"text": text}).outcome == "fail"]
    assert len(texts) == 1000
    assert len(failed) <= 2


def test_a_language_that_is_not_sure_is_said_to_be_that() -> None:
    text = "From the October quiz by Noemi Castillo: What does the Python 3 program print(len(range(46, 409))) print?"
    verdict = Language(LanguageOptions.model_validate({"is": "en"}), SPECS).check({"text": text})
    assert (verdict.outcome, verdict.detail) == ("unknown", "text: cannot tell en from pcm")
