"""The rows that records are compared with are embedded beside the loop, a few at a time, before the first is judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from datagen_cli.config.recipe import DedupOptions
from datagen_cli.core.record import Record
from datagen_cli.pipeline import dedup_reference
from datagen_cli.pipeline.dedup_reference import AT_ONCE, BatchEmbedder, Comparison
from datagen_cli.stages.dedup import Known


class Letters:
    """Embeds a text as how often it has each of 26 letters; keeps what it was given, call by call."""

    dim = 26
    signature = "letters"

    def __init__(self) -> None:
        self.given: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> Any:
        """Unit vectors `[n, 26]`."""
        self.given.append([*texts])
        rows = np.array([[text.count(chr(97 + letter)) for letter in range(26)] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def word(number: int) -> str:
    return "".join(chr(97 + (number * step) % 26) for step in (1, 3, 7, 11))


def comparison(embedder: Letters, rows: int) -> Comparison:
    known = tuple(Known(f"row {n}", {"text": word(n) + "x" * n}, word(n) + "x" * n) for n in range(rows))
    return Comparison(("text",), ("text",), known, (), DedupOptions(threshold=0.999), 0.999, embedder)


async def blocking(function: Any, *arguments: Any, anywhere: bool = False) -> Any:
    return function(*arguments)


async def test_nothing_is_embedded_before_a_record_waits_and_then_some_rows_at_a_time() -> None:
    embedder = Letters()
    compared = comparison(embedder, 70)
    dedup = compared.dedup([])
    assert embedder.given == []
    desk = BatchEmbedder(compared, blocking, dedup)
    same = Record(0, 1, {"text": "xxxxx" + word(5)})  # the letters of row 5 in another order
    other = Record(1, 1, {"text": "qqqqqqzz"})
    await desk.prepare([same, other])
    assert [len(texts) for texts in embedder.given] == [AT_ONCE, AT_ONCE, 6, 2]
    found = dedup.judge(same, desk.take(same)).record.rejection
    assert found is not None and found.repeats == "row 5"
    assert dedup.judge(other, desk.take(other)).record.rejection is None
    await desk.prepare([other])
    assert len(embedder.given) == 5  # the known rows once


async def test_without_a_desk_the_first_comparison_embeds_them() -> None:
    embedder = Letters()
    compared = comparison(embedder, 40)
    dedup = compared.dedup([])
    record = Record(0, 1, {"text": "xxx" + word(3)})
    found = dedup.judge(record, compared.vector(record.fields)).record.rejection
    assert found is not None and found.repeats == "row 3"


@pytest.mark.parametrize(("after", "told"), [(-1.0, 1), (3600.0, 0)])
async def test_that_records_wait_for_it_is_said(monkeypatch: pytest.MonkeyPatch, after: float, told: int) -> None:
    monkeypatch.setattr(dedup_reference, "SAID_AFTER_S", after)
    said: set[str] = set()
    compared = comparison(Letters(), 70)
    desk = BatchEmbedder(compared, blocking, compared.dedup([]), said.add)
    await desk.prepare([Record(0, 1, {"text": "abc"})])
    assert len(said) == told and all("70 rows" in text for text in said)
