"""Engines beside the local one, as far as they can be tried without a cluster."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.core.errors import MissingExtra, ProviderError, UsageError
from datagen_cli.llm.faults import RequestRefused, TransportError
from datagen_cli.pipeline.engines import ray as engine
from datagen_cli.pipeline.engines.actors import MOST_LOSSES, ActorPool, Host, portable
from datagen_cli.pipeline.engines.ray import model_places, program_places
from tests.runs.whole import report


def test_an_address_goes_with_ray_only_and_other_engines_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = report(capsys, "quickstart", "-o", tmp_path / "a", "--ray-address", "auto")
    assert (found["exit_code"], found["error"]) == (2, "--ray-address goes with --engine ray")
    assert run(["generate", "quickstart", "-o", str(tmp_path / "a"), "--engine", "spark"]) == 2
    assert "unknown engine 'spark'" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_without_ray_the_extra_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(engine, "find_spec", lambda name: None if name == "ray" else find(name))
    found = report(capsys, "quickstart", "-o", tmp_path / "a", "--engine", "ray")
    assert (found["exit_code"], found["error"]) == (2, "--engine ray: needs ray")
    assert "pip install 'ray" in found["hint"]
    assert not (tmp_path / "a").exists()


def test_actors_go_where_the_cores_and_gpus_are(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [("head", 0, 0), ("small", 2, 0), ("large", 20, 0), ("gpus", 32, 2)]
    monkeypatch.setattr(engine, "machines", lambda: there)
    assert [(place.node, place.at_once) for place in program_places()] == [("small", 2), ("large", 20), ("gpus", 32)]
    assert [(place.node, place.number, place.cpus, place.gpus) for place in model_places()] == [
        ("small", 0, 2, 0), ("large", 0, 8, 0), ("large", 1, 8, 0), ("gpus", 0, 0, 1), ("gpus", 1, 0, 1)
    ]  # fmt: skip


class Raises:
    """Raises what it is given."""

    def go(self, error: Exception, stop: Any) -> None:
        raise error


@pytest.mark.parametrize(
    "error",
    [
        UsageError("no model", hint="name one"),
        ProviderError("out of memory", hint="fewer rows"),
        RequestRefused(400, "too long", ("messages",)),
        TransportError("server", "busy", 2.0, 503),
        MissingExtra("needs torch", "local", "torch"),
    ],
)
def test_errors_of_an_actor_come_home_as_they_are(error: Any) -> None:
    result, found = Host(Raises).call("go", [error])
    assert result is None
    assert type(found) is type(error) and vars(found) == vars(error)


def test_errors_that_cannot_travel_come_home_in_words() -> None:
    class Odd(Exception):
        def __init__(self, first: int, second: int) -> None:
            super().__init__("odd")

    assert "odd" in str(portable(Odd(1, 2)))


async def test_a_cluster_that_cannot_begin_actors_and_one_without_machines_end_the_run() -> None:
    pool = ActorPool(Raises, list, patience_s=0.0)
    with pytest.raises(ProviderError, match="no machine of the Ray cluster is left"):
        await pool._free()
    pool = ActorPool(Raises, list, patience_s=60.0)
    pool._not_begun = ["ModuleNotFoundError: No module named 'datagen_cli'"] * MOST_LOSSES
    with pytest.raises(ProviderError, match="no actor can begin on the Ray cluster: ModuleNotFoundError"):
        await pool._free()
