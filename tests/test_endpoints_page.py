"""Every manner of an endpoint is met as docs/endpoints.md says, and the page lists them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.endpoints import MARK, PAGE, RECIPE, is_kept, note, table
from datagen_cli.llm import retry
from datagen_cli.pipeline import runner
from tests.endpoint import Endpoint
from tests.manners import COUNT, MANNERS, Manner
from tests.runs.whole import report


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "AGAIN_S", 0.01)
    monkeypatch.setattr(runner, "AGAIN_NO_REPLY_S", 0.02)
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.02)


def test_the_page_lists_every_manner() -> None:
    assert PAGE.read_text(encoding="utf-8").partition(MARK)[2].strip() == table().strip()


@pytest.mark.parametrize("manner", MANNERS, ids=lambda manner: manner.name)
def test_an_endpoint_of_this_manner_is_met_as_the_page_says(
    manner: Manner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(manner.make(note)) as endpoint:
        recipe = tmp_path / "manners.yaml"
        recipe.write_text(RECIPE % (endpoint.url, COUNT))
        found = report(capsys, recipe, "-o", tmp_path / "run", *(f"--set={setting}" for setting in manner.settings))
    assert is_kept(manner, found), (found["accepted"], found["exit_code"], found.get("error"), found["rejected"])
    if manner.exit_code == 5:
        assert found["rejected"] == {} and found["error"] and found["hint"]
