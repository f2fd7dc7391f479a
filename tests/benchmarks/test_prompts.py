"""What the bench of prompts counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.prompts.measure import counted, markdown, talks


@pytest.mark.parametrize(
    "text",
    ["This record is a list of records.", "I'm sorry, I can't help.", "Text: At least 8 words", "[Example 1] A parcel"],
)
def test_a_text_about_the_task_is_seen(text: str) -> None:
    assert talks(text)


@pytest.mark.parametrize(
    "text", ["My parcel never came.", "Stocks fell on Monday as oil prices rose.", "I'm sorry I am late"]
)
def test_a_text_that_does_the_task_passes(text: str) -> None:
    assert not talks(text)


def test_shares_are_of_attempts_and_of_what_was_kept(tmp_path: Path) -> None:
    kept = [
        {"id": "a", "text": "Oil rose.", "label": "Business"},
        {"id": "b", "text": "This text is news.", "label": "World"},
    ]
    (tmp_path / "dataset.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept))
    (tmp_path / "rejected.jsonl").write_text(json.dumps({"id": "c", "stage": "validate", "reason": "x"}) + "\n" * 1)
    (tmp_path / "run.json").write_text(json.dumps({"tokens": {"in": 900, "out": 10}}))
    found = counted(tmp_path, lambda texts: ["Business"] * len(texts))
    assert found == {"attempts": 3, "accepted": 2 / 3, "talk": 0.5, "tokens_a_record": 450, "label_kept": 0.5}
    assert markdown([("news", "now", found)]).splitlines()[-1] == "| news | now | 3 | 0.67 | 0.50 | 0.50 | 450 |"


def test_a_run_that_kept_nothing_has_no_shares_of_it(tmp_path: Path) -> None:
    (tmp_path / "rejected.jsonl").write_text("{}\n")
    (tmp_path / "run.json").write_text(json.dumps({"tokens": {"in": 900, "out": 10}}))
    found = counted(tmp_path)
    assert (found["accepted"], found["talk"], found["tokens_a_record"]) == (0.0, None, None)
