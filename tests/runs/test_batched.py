"""Whole runs through the batch API: killed while a batch is pending, and resumed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.llm import batch
from datagen_cli.llm.batch import BatchHTTP
from tests.llm.batch_endpoint import BatchEndpoint
from tests.runs.whole import die, killed, report, rows

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}}
model: {name: any/model, base_url: "%s", price: {input_per_million: 1000, output_per_million: 1000}}
count: 20
limits: {concurrency: 50, batch: true}
"""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "QUIET_S", 0.05)
    monkeypatch.setattr(batch, "FIRST_POLL_S", 0.02)


def note(body: dict[str, Any], attempt: int) -> str:
    return json.dumps({"records": [{"text": f"note number {body['seed']}"}]})


def die_at_the_first_look() -> None:
    async def look(self: BatchHTTP, number: str) -> dict[str, Any]:
        die()
        return {}

    BatchHTTP._result = look  # type: ignore[assignment, method-assign]


def test_a_run_killed_while_its_batch_is_pending_fetches_it_and_sends_nothing_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "notes.yaml"
    with BatchEndpoint(note) as endpoint:
        recipe.write_text(RECIPE % endpoint.url)
        assert killed(die_at_the_first_look, recipe, "-o", tmp_path / "run")
        assert endpoint.lines == 20
        found = report(capsys, recipe, "-o", tmp_path / "run")
    assert (found["state"], found["accepted"], found["calls"]) == ("done", 20, 20)
    assert endpoint.lines == 20
    assert found["cost_usd"] >= 20 * 15 * 0.0005  # what was in flight at the kill counts at its reservation besides
    assert len(rows(tmp_path / "run")) == 20
