"""Several processes with one `--cache` at the same moment: no call is sent twice, whoever dies, and all get all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.endpoint import Answer, Endpoint

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}}
model: {name: m, base_url: "%s", structured: off, price: free}
count: 40
limits: {concurrency: 8}
"""


def note(body: dict[str, Any], attempt: int) -> Answer:
    return Answer(f"This is note number {body['seed']}.", delay_s=0.03)


def start(recipe: Path, out: Path, cache: Path) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "datagen_cli",
        "generate",
        str(recipe),
        "-o",
        str(out),
        "--cache",
        str(cache),
        "--json",
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True], ids=["all live", "the first is killed"])
def test_no_call_is_sent_twice(killed: bool, tmp_path: Path) -> None:
    with Endpoint(note) as endpoint:
        (tmp_path / "r.yaml").write_text(RECIPE % endpoint.url)
        first, *others = [start(tmp_path / "r.yaml", tmp_path / f"out{n}", tmp_path / "calls.db") for n in range(3)]
        in_flight = 0
        if killed:
            until = time.monotonic() + 30
            while len(endpoint.requests) < 10 and time.monotonic() < until:
                time.sleep(0.01)
            os.kill(first.pid, signal.SIGKILL)
            in_flight = 8
        reports = [json.loads(process.communicate(timeout=600)[0]) for process in others]
        first.communicate(timeout=600)
        sent = Counter(json.dumps(seen.body, sort_keys=True) for seen in endpoint.requests)
    assert [report["accepted"] for report in reports] == [40, 40]
    assert len(sent) == 40
    assert sum(sent.values()) - 40 <= in_flight
    sets = {(tmp_path / f"out{n}" / "dataset.jsonl").read_bytes() for n in (1, 2)}
    assert len(sets) == 1
    assert all(report["calls"] + report["cached_calls"] >= 40 for report in reports)
