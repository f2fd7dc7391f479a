"""Every manner of an endpoint is met as docs/endpoints.md says, also in batches and through litellm; all are listed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.endpoints import MARK, PAGE, VARIABLES, arrange, endpoint_of, is_kept, short_waits, table
from datagen_cli.cli.app import run
from tests.all_manners import MANNERS
from tests.manners import Manner

RUNS = [manner for manner in MANNERS if manner.way == "run"]
KINDS = list({(manner.does, manner.exit_code): manner for manner in reversed(RUNS)}.values())[::-1]
"""The first manner of each that are met alike."""


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with short_waits():
        yield


def is_met(
    manner: Manner, way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
) -> None:
    with endpoint_of(manner, way) as endpoint:
        for name, value in VARIABLES.items() if way == "litellm" else ():
            patch.setenv(name, value or endpoint.url)
        arguments = arrange(manner, way, endpoint, tmp_path)
        capsys.readouterr()
        run(arguments)
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert is_kept(manner, found), json.dumps(found)[:1500]
    if manner.exit_code == 5 and way != "doctor":
        assert found["rejected"] == {} and found["error"] and found["hint"]


def test_the_page_lists_every_manner() -> None:
    assert PAGE.read_text(encoding="utf-8").partition(MARK)[2].strip() == table().strip()


@pytest.mark.slow
@pytest.mark.parametrize("manner", MANNERS, ids=lambda manner: manner.name)
def test_an_endpoint_of_this_manner_is_met_as_the_page_says(
    manner: Manner, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_met(manner, manner.way, tmp_path, capsys, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("manner", [manner for manner in RUNS if manner.batches_too], ids=lambda manner: manner.name)
def test_lines_of_a_batch_are_met_so_too(
    manner: Manner, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_met(manner, "batch", tmp_path, capsys, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("manner", KINDS, ids=lambda manner: manner.name)
def test_one_of_each_kind_is_met_so_through_litellm_too(
    manner: Manner, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_met(manner, "litellm", tmp_path, capsys, monkeypatch)
