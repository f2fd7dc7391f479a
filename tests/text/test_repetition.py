"""Loops of small models are told from texts in which something is said often."""

from __future__ import annotations

import json

import pytest

from datagen_cli.text.repetition import CHARACTERS, LONGEST, TIMES, repeats_at_end


@pytest.mark.parametrize(
    "text",
    [
        "A start of some kind. " + "I am proud of them, " * 60,
        "A start. " + " " * CHARACTERS,
        "A start. " + "\n \n  " * 200,
        "A start. " + "我很高兴。" * 250,
        "A start. " + ("x" * (LONGEST - 1) + ".") * TIMES,
        '{"text": "' + "no no no\\n" * 150,
        "A start. " + "I am proud of them, " * 60 + "I am pro",
    ],
)
def test_a_loop_is_seen_at_the_end(text: str) -> None:
    assert repeats_at_end(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A text.",
        "ha " * 300,
        "I am proud of them, " * 60 + "and that is the end of it.",
        "".join(f"{number}. I am proud of them.\n" for number in range(300)),
        json.dumps([0.0] * 150),
        "| --- " * 40 + "|",
        ("x" * LONGEST + ".") * TIMES,
        "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream.\n"
        * 8,
    ],
)
def test_what_is_said_often_is_no_loop(text: str) -> None:
    assert not repeats_at_end(text)
