"""Real texts, read as if a model had replied them: what is cut or refused of them would be cut of good replies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.empty_words import is_form
from datagen_cli.prompts.parse import parse_reply
from datagen_cli.prompts.plain_text import QUOTES, parse_text

TEXT = FieldSpec("said", description="what somebody wrote")
NUMBER = FieldSpec("stars", type="number")
FILES = {
    "imdb/reviews.jsonl": 300,
    "alpaca/alpaca.jsonl": 400,
    "alpaca_eval/alpaca_eval.jsonl": 300,
    "arena_hard/question_v0.1.jsonl": 250,
    "math/test.jsonl": 300,
    "humaneval/HumanEval.jsonl": 100,
    "self_instruct/seed_tasks.jsonl": 175,
    "synthetic/data_agora_seeds/seeds.jsonl": 100,
}


def texts_of(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        return [text for part in (value.values() if isinstance(value, dict) else value) for text in texts_of(part)]
    text = value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""
    return [text] if text else []


def bare(text: str) -> str:
    """A text without a fence or quotation marks around all of it, which a model may have put there."""
    if text.startswith("```") and text.count("```") == 2 and text.endswith("```"):
        text = text.partition("\n")[2].removesuffix("```").strip()
    return text.strip("".join(QUOTES) + "".join(QUOTES.values()) + " ")


@pytest.mark.parametrize("name", FILES)
def test_no_real_text_is_cut(name: str, sample: Callable[[str], Path]) -> None:
    with sample(name).open(encoding="utf-8") as file:
        rows = [json.loads(line) for line, _ in zip(file, range(FILES[name]), strict=False)]
    for text in dict.fromkeys(text for row in rows for text in texts_of(row)):
        if is_form(text, TEXT.name, TEXT.description):
            continue
        inside = parse_reply(json.dumps({"said": text, "stars": 3}), "stop", [TEXT, NUMBER]).records
        assert inside == ({"said": text, "stars": 3},)
        alone = parse_text(text, "stop", TEXT)
        assert [bare(record["said"]) for record in alone.whole] == [bare(text)], text
