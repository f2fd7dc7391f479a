"""Real benchmark samples as bases, read in place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .bases import read

Sample = Callable[[str], Path]
pytestmark = pytest.mark.samples


def test_every_answer_of_gsm8k_is_a_number(sample: Sample) -> None:
    fields: dict[str, Any] = {
        "question": "question",
        "answer": {"column": "answer", "regex": r"####\s*([-\d,.]+)", "type": "number"},
    }
    base = read(sample("gsm8k/train.jsonl"), fields=fields, label="answer")
    assert len(base.rows) == 1500
    assert all(isinstance(row["answer"], int | float) for _, row in base.rows)
    assert base.label is not None and base.label.shares == ()
    assert [spec.type for spec in base.specs] == ["text", "number"]


def test_ag_news_needs_no_fields_and_is_balanced(sample: Sample) -> None:
    base = read(sample("ag_news/train.jsonl"), label="label")
    assert len(base.rows) == 8000
    assert base.label is not None
    assert base.label.shares == (("Business", 1.0), ("Sci/Tech", 1.0), ("Sports", 1.0), ("World", 1.0))


def test_a_letter_of_mmlu_stays_a_letter_beside_its_choices(sample: Sample) -> None:
    fields = {"question": "question", "choices": "choices", "answer": "answer"}
    base = read(sample("mmlu/test.jsonl"), fields=fields, label="answer")
    assert (len(base.rows), base.label and base.label.values) == (1265, ("A", "B", "C", "D"))
    assert [(spec.type, spec.item_type) for spec in base.specs] == [("text", ""), ("list", "text"), ("label", "")]


def test_an_index_of_hellaswag_stays_an_index(sample: Sample) -> None:
    fields = {"context": "ctx", "endings": "endings", "label": "label"}
    label = {"field": "label", "values": ["0", "1", "2", "3"], "quota": "base"}
    base = read(sample("hellaswag/val.jsonl"), fields=fields, label=label)
    assert len(base.rows) == 800
    assert base.label is not None and base.label.values == (0, 1, 2, 3)
    assert sum(weight for _, weight in base.label.shares) == 800


def test_columns_of_truthfulqa_with_spaces_are_split_and_put_into_templates(sample: Sample) -> None:
    fields: dict[str, Any] = {
        "question": "Question",
        "right": {"column": "Correct Answers", "split": ";"},
        "card": {"template": "{{ Category }}: {{ row['Best Answer'] }}"},
        "category": "Category",
    }
    base = read(sample("truthfulqa/truthfulqa.jsonl"), fields=fields, label="category")
    assert len(base.rows) == 817
    assert all(len(row["right"]) >= 1 for _, row in base.rows)
    assert base.label is not None and base.label.shares == ()
