"""`run.log`: what happened, session after session, without a text of a record, a prompt or a reply, and no keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.endpoint import Endpoint, refusal
from tests.runs.whole import generate, rows

RECIPE = """
version: 1
name: notes
description: Notes on xylophones.
fields: {text: {type: text}}
model: {name: m, base_url: "%s", api_key_env: NOTES_KEY, price: {input_per_million: 1000, output_per_million: 1000}}
count: 12
limits: {concurrency: 2}
"""


def test_it_tells_what_happened_and_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTES_KEY", "sk-planted-1234")

    def script(body: dict[str, Any], attempt: int) -> Any:
        return refusal(500, "zebras, sk-planted-1234") if attempt == 1 else f"A quokka, number {body['seed']}."

    with Endpoint(script) as endpoint:
        (tmp_path / "r.yaml").write_text(RECIPE % endpoint.url)
        assert generate(tmp_path / "r.yaml", "-o", tmp_path / "run", "-n", "4") == 0
        assert generate(tmp_path / "r.yaml", "-o", tmp_path / "run", "--max-cost", "0.000001") == 4
        assert generate(tmp_path / "r.yaml", "-o", tmp_path / "run", "--max-cost", "1000") == 0
    log = rows(tmp_path / "run", "run.log")
    assert [line["event"] for line in log if line["event"] in ("begin", "end")] == ["begin", "end"] * 3
    ends = [line for line in log if line["event"] == "end"]
    assert [(line["state"], line["accepted"]) for line in ends] == [("done", 4), ("stopped", 4), ("done", 12)]
    assert {line["in_flight"] for line in ends} == {0}
    assert ends[0]["retries"] == {"server": 4} and ends[-1]["cost_usd"] > 0
    told = (tmp_path / "run" / "run.log").read_text()
    assert [word for word in ("xylophone", "quokka", "zebra", "planted") if word in told] == []
    assert (tmp_path / "run" / "run.log").stat().st_mode & 0o777 == 0o600


def test_a_run_that_is_complete_adds_nothing_and_a_link_is_not_written_through(tmp_path: Path) -> None:
    assert generate("quickstart", "-n", "3", "-o", tmp_path / "run") == 0
    before = (tmp_path / "run" / "run.log").read_bytes()
    assert generate("quickstart", "-n", "3", "-o", tmp_path / "run") == 0
    assert (tmp_path / "run" / "run.log").read_bytes() == before
    assert json.loads(before.splitlines()[0])["event"] == "begin"
    (tmp_path / "run" / "run.log").unlink()
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "run" / "run.log").symlink_to(tmp_path / "victim")
    assert generate("quickstart", "-n", "4", "-o", tmp_path / "run") == 0
    assert (tmp_path / "victim").read_text() == "mine"
