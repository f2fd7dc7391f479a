"""Runs of 100 records, each killed once at a random request and resumed: the same dataset, and hardly a call too many.

The endpoint kills the run itself, before it answers. `KILLS` runs here; `DATAGEN_TEST_KILLS=100` makes it as many as
one likes, and `DATAGEN_TEST_SEED` draws other moments.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from datagen_cli.core.digest import rng
from tests.endpoint import Answer, Endpoint, until
from tests.runs.test_http import letter, recipe
from tests.runs.whole import outcome, report, start

KILLS = int(os.environ.get("DATAGEN_TEST_KILLS", "5"))
SEED = int(os.environ.get("DATAGEN_TEST_SEED", "0"))
IN_FLIGHT = 8


@pytest.mark.slow
def test_a_run_killed_at_a_random_moment_loses_at_most_what_was_in_flight(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    victims: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
    before = moment = 0

    def answered(body: dict[str, Any], attempt: int) -> Answer:
        if moment and endpoint.count - before == moment:
            victims.get().kill()
        return Answer(letter(body))

    with Endpoint(answered) as endpoint:
        command = [recipe(tmp_path, endpoint), "-n", "100", "--concurrency", str(IN_FLIGHT)]
        report(capsys, *command, "-o", tmp_path / "whole")
        expected = outcome(tmp_path / "whole")
        for number in range(KILLS):
            folder = tmp_path / str(number)
            before, moment = endpoint.count, rng("kill", SEED, number).randrange(1, 100)
            process = start(*command, "-o", folder)
            victims.put(process)
            assert process.wait() < 0
            until(lambda: endpoint.in_flight == 0)
            moment = 0
            found = report(capsys, *command, "-o", folder)
            assert (found["accepted"], found["exit_code"]) == (100, 0)
            assert outcome(folder) == expected
            assert endpoint.count - before <= 100 + IN_FLIGHT, f"kill {number}"
