"""Runs on a Ray cluster of two machines, both this one: the bytes of the local engine, whatever is lost on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from datagen_cli import api
from datagen_cli.cli.app import run
from datagen_cli.llm.gguf.provider import GgufModel
from datagen_cli.pipeline.engines.actors import ActorPool
from datagen_cli.sandbox import run as sandbox
from datagen_cli.students.linear import Linear
from datagen_cli.text.embed_model import SentenceModel
from tests.llm.local.tiny import save_model
from tests.real.small import MOODS, SMALL, recipe
from tests.real_model import needs_smollm2
from tests.runs.correlated import write_recipe
from tests.runs.whole import generate, outcome, report

pytestmark = pytest.mark.slow
pytest.importorskip("ray")
pytest.importorskip("torch")

CODE = [
    "gsm8k", "-n", "12", "--model", "offline", "--set", "examples.strategy=random", "--set", "limits.concurrency=2",
    "--set", "limits.patience_s=2",
]  # fmt: skip
KILLED_AT_THE_FIFTH = """
import os, signal, sys
import pytest
from datagen_cli.cli.app import run
from tests.runs.test_ray import at_call

at_call(pytest.MonkeyPatch(), 5, lambda: os.kill(os.getpid(), signal.SIGKILL))
sys.exit(run(sys.argv[1:]))
"""
"""A driver whose process is killed with its fifth program in hand."""
WORDS = ("warm", "cold", "grey", "soft", "hard", "late")


@pytest.fixture(autouse=True)
def no_network() -> None:
    """Ray speaks to this machine by its own address, not by the loopback one."""


class Machines:
    """A head without cores, and machines of one core each that come and go."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        self._nodes: list[Any] = []

    @property
    def engine(self) -> list[str]:
        return ["--engine", "ray", "--ray-address", self._cluster.address]

    def set(self, count: int) -> None:
        """So many machines from now on; those that came last go first, as if their power was cut."""
        while len(self._nodes) > count:
            self._cluster.remove_node(self._nodes.pop(), allow_graceful=False)
        while len(self._nodes) < count:
            self._nodes.append(self._cluster.add_node(num_cpus=1))

    def close(self) -> None:
        self._cluster.shutdown()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Machines]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    found = Machines()
    yield found
    found.close()


@pytest.fixture
def machines(cluster: Machines) -> Machines:
    cluster.set(2)
    return cluster


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run that checks its answers by programs writes on the local engine."""
    folder = tmp_path_factory.mktemp("checked") / "run"
    assert generate(*CODE, "-o", folder) == 0
    return outcome(folder)


def everything(folder: Path) -> dict[str, bytes]:
    return {**outcome(folder), "lineage.jsonl": (folder / "lineage.jsonl").read_bytes()}


def at_call(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], Any]) -> None:
    """Acts when the run hands its so manieth piece of work to the machines: however fast they are, work is left."""
    call, calls = ActorPool.call, count(1)

    async def counted(self: ActorPool, method: str, *args: Any, stop: Callable[[], bool]) -> Any:
        if next(calls) == number:
            act()
        return await call(self, method, *args, stop=stop)

    monkeypatch.setattr(ActorPool, "call", counted)


def test_a_run_without_blocking_work_writes_the_same(machines: Machines, tmp_path: Path) -> None:
    assert generate("quickstart", "-o", tmp_path / "local") == 0
    assert generate("quickstart", "-o", tmp_path / "ray", *machines.engine) == 0
    assert outcome(tmp_path / "ray") == outcome(tmp_path / "local")
    run = api.generate("quickstart", tmp_path / "python", engine="ray", ray_address=machines.engine[-1])
    assert (run.state, outcome(run.path)) == ("done", outcome(tmp_path / "local"))


def test_programs_run_on_the_machines_and_the_bytes_are_the_same(
    machines: Machines, checked: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "run_program", None)  # of this process: nobody may call it
    assert generate(*CODE, "-o", tmp_path / "ray", *machines.engine) == 0
    assert outcome(tmp_path / "ray") == checked


def test_a_run_whose_process_is_killed_goes_on_and_its_caps_hold(
    machines: Machines, checked: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    command = ["generate", *CODE, "-o", str(folder), "--quiet", *machines.engine]
    driver = subprocess.run([sys.executable, "-c", KILLED_AT_THE_FIFTH, *command], capture_output=True)
    assert driver.returncode == -9
    assert not (folder / "dataset.jsonl").exists()
    spent = sum(report(capsys, *CODE, "-o", folder, "--max-total-tokens", 1, *machines.engine)["tokens"].values())
    capped = report(capsys, *CODE, "-o", folder, "--max-total-tokens", spent + 6000, *machines.engine)
    assert (capped["exit_code"], capped["state"]) == (4, "stopped")
    assert sum(capped["tokens"].values()) <= spent + 6000
    assert generate(*CODE, "-o", folder, *machines.engine) == 0
    assert outcome(folder) == checked


def test_a_cluster_without_a_machine_ends_the_run_which_goes_on_when_there_are_some(
    machines: Machines,
    checked: dict[str, bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_call(monkeypatch, 3, lambda: machines.set(0))
    found = report(capsys, *CODE, "-o", tmp_path / "run", *machines.engine)
    assert found["exit_code"] == 5
    assert "no machine of the Ray cluster is left" in found["error"]
    assert found["resume_command"].endswith(" ".join(machines.engine))
    machines.set(1)
    assert generate(*CODE, "-o", tmp_path / "run", *machines.engine) == 0
    assert outcome(tmp_path / "run") == checked


def test_a_local_model_with_correlated_groups_writes_the_same_also_when_a_machine_is_lost(
    machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    model = save_model(tmp_path / "tiny", context=2048)
    recipe = write_recipe(tmp_path, model=f"{{name: local/{model}, max_tokens: 16}}", variant="hybrid")
    arguments = [str(recipe), "-n", "40", "--set", "limits.attempts_per_record=2"]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as an actor of one core
    try:
        assert generate(*arguments, "-o", tmp_path / "local") in (0, 3)
    finally:
        torch.set_num_threads(threads)
    at_call(monkeypatch, 3, lambda: machines.set(1))
    assert generate(*arguments, "-o", tmp_path / "run", *machines.engine) in (0, 3)
    assert everything(tmp_path / "run") == everything(tmp_path / "local")
    assert all(len(content.splitlines()) > 5 for content in everything(tmp_path / "run").values())


def test_the_servers_of_a_gguf_model_run_on_the_machines_and_the_bytes_are_the_same_when_one_is_lost(
    machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_smollm2("xllamacpp")
    model = {**SMALL, "max_tokens": 24, "context": 1024, "params": {"cache_prompt": False}}  # no traces of other calls
    file = recipe(tmp_path, MOODS, model=model, limits={"attempts_per_record": 1})
    arguments = [str(file), "-n", "6"]
    assert generate(*arguments, "-o", tmp_path / "local") in (0, 3)
    monkeypatch.setattr(GgufModel, "complete_when", None)  # of this process: nobody may call it
    at_call(monkeypatch, 3, lambda: machines.set(1))
    assert generate(*arguments, "-o", tmp_path / "run", *machines.engine) in (0, 3)
    assert outcome(tmp_path / "run") == outcome(tmp_path / "local")
    assert sum(len(content.splitlines()) for content in outcome(tmp_path / "run").values()) >= 6


def test_cells_and_students_of_a_bench_and_vectors_of_eval_are_made_on_the_machines_and_are_the_same(
    machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bench = ["bench", "agora-mini", "-n", "40", "--seed", "1", "--seed", "2", "--metrics", "distinct_n"]
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f'{{"text": "{word} rain fell on the {word} roof all {word} night"}}\n' for word in WORDS))
    measured = ["eval", str(rows), "--embedder", "minilm", "--metrics", "aps,remote_clique", "--json"]
    assert run([*bench, "-o", str(tmp_path / "local"), "--quiet"]) == 0
    capsys.readouterr()
    assert run(measured) == 0
    here = capsys.readouterr().out
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other cache"))
    monkeypatch.setattr(SentenceModel, "encode", None)  # of this process: nobody may call it
    fit, fitted = Linear.fit, []
    monkeypatch.setattr(Linear, "fit", lambda *args: (fitted.append(args), fit(*args))[1])
    assert run([*bench, "-o", str(tmp_path / "ray"), "--quiet", *machines.engine]) == 0
    capsys.readouterr()
    assert run([*measured, *machines.engine]) == 0
    assert capsys.readouterr().out == here
    assert len(fitted) == 3  # two look for the gap before a cell is paid, one judges all labels
    local, ray = (json.loads((tmp_path / name / "leaderboard.json").read_text())["rows"] for name in ("local", "ray"))
    assert [row["metrics"]["pgr[tstr]"] for row in ray] == [row["metrics"]["pgr[tstr]"] for row in local]
    assert [row["metrics"]["distinct_n"] for row in ray] == [row["metrics"]["distinct_n"] for row in local]


def test_where_nobody_listens_that_is_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(capsys, "quickstart", "-o", tmp_path / "run", "--engine", "ray", "--ray-address", "127.0.0.1:9")
    assert found["exit_code"] == 2
    assert "--ray-address 127.0.0.1:9: cannot join a Ray cluster" in found["error"]
