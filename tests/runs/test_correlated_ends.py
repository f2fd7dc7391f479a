"""Correlated runs: texts that were cut off, stopped or left off, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.llm.local.provider import Local
from tests.runs.correlated import text_of, use_fake, write_recipe
from tests.runs.test_correlated import in_place
from tests.runs.whole import generate, rows


def test_what_was_cut_off_is_no_record_unless_it_had_come_to_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        "000000.1": {"text": "a text that stops in the mid", "finish": "length", "steps": 9},
        "000001.1": {"text": "a whole text\n\nand the next o", "finish": "length", "steps": 9},
    }
    use_fake(monkeypatch, lambda payload, row: answers.get(row["key"]) or text_of(payload, row))
    assert generate(write_recipe(tmp_path), "-o", tmp_path / "run") == 0
    reasons = {row["id"][-6:]: row["reason"] for row in rows(tmp_path / "run", "rejected.jsonl")}
    assert reasons["000000"] == "truncated"


def test_a_text_that_outgrows_its_length_is_stopped_there_and_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Local, "stopped_by", classmethod(lambda cls, options: ("max_tokens",)))
    answers = {
        "000000.1": {"text": "one two three " * 9, "finish": "length", "steps": 9},
        "000001.1": {"text": "one two three", "finish": "length", "steps": 9},
    }
    fake = use_fake(monkeypatch, lambda payload, row: answers.get(row["key"]) or text_of(payload, row))
    more = "constraints: [{length: {field: text, max_words: 12}}]"
    assert generate(write_recipe(tmp_path, more), "-o", tmp_path / "run") == 0
    assert {payload["max_tokens"] for payload in fake.asked} == {16 + 48 + 24}
    reasons = {row["id"][-6:]: row["reason"] for row in rows(tmp_path / "run", "rejected.jsonl")}
    assert (reasons["000000"], reasons["000001"]) == ("length", "truncated")


def test_a_peer_that_was_left_off_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(payload: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
        if row["key"] == "000007.1":
            return {"text": " ", "finish": "stop", "steps": 1}
        return {"text": "begun", "finish": "left", "steps": 1} if row.get("peer") else text_of(payload, row)

    use_fake(monkeypatch, script)
    assert generate(write_recipe(tmp_path), "-o", tmp_path / "run") == 0
    told = [row["detail"] for row in rows(tmp_path / "run", "rejected.jsonl") if "/" in row["id"]]
    assert told == ["a peer in the group of this attempt, left off when that was written"] * 5


def test_an_attempt_beyond_the_count_that_failed_by_itself_is_kept_with_its_own_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_fake(monkeypatch, in_place("000020.1", {"text": "half a t", "finish": "length", "steps": 9}))
    assert generate(write_recipe(tmp_path), "-o", tmp_path / "run", "-n", "18") == 0
    reasons = {row["id"][-6:]: row["reason"] for row in rows(tmp_path / "run", "rejected.jsonl")}
    assert (len(reasons), reasons["000020"], reasons["000021"]) == (6, "truncated", "surplus")


def test_a_text_whose_end_came_before_the_limit_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {"text": "a whole text\n\nand the next o", "finish": "length", "steps": 9}
    use_fake(monkeypatch, in_place("000001.1", whole))
    assert generate(write_recipe(tmp_path), "-o", tmp_path / "run") == 0
    assert rows(tmp_path / "run")[1]["text"] == "a whole text"
