"""Runs of 100 records, each killed once at a random moment and resumed: the same dataset, and hardly a call too many.

`KILLS` runs here; `DATAGEN_TEST_KILLS=100` makes it as many as one likes.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datagen_cli.core.digest import rng
from tests.endpoint import Answer, Endpoint
from tests.runs.test_http import letter, recipe, start, wait_for
from tests.runs.whole import outcome, report

KILLS = int(os.environ.get("DATAGEN_TEST_KILLS", "10"))
IN_FLIGHT = 8


@pytest.mark.slow
def test_a_run_killed_at_a_random_moment_loses_at_most_what_was_in_flight(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: Answer(letter(body), delay_s=0.01)) as endpoint:
        command = [recipe(tmp_path, endpoint), "-n", "100", "--concurrency", str(IN_FLIGHT)]
        report(capsys, *command, "-o", tmp_path / "whole")
        expected = outcome(tmp_path / "whole")
        for number in range(KILLS):
            folder = tmp_path / str(number)
            before = endpoint.count
            moment = rng("kill", number).randrange(1, 100)
            process = start(*command, "-o", folder)
            wait_for(lambda before=before, moment=moment: endpoint.count - before >= moment)  # type: ignore[misc]
            process.kill()
            process.wait(10)
            wait_for(lambda: endpoint.in_flight == 0)
            found = report(capsys, *command, "-o", folder)
            assert (found["accepted"], found["exit_code"]) == (100, 0)
            assert outcome(folder) == expected
            assert endpoint.count - before <= 100 + IN_FLIGHT, f"killed after {moment} requests"
