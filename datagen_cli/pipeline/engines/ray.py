"""The Ray engine: the local one, with blocking work on the machines of a Ray cluster.

The event loop, calls to endpoints, checkpoints, caches and every decision stay in this process, so that a run writes
what it writes on the local engine. Actors do what blocks and needs nothing of this process: programs of models
(`run_blocking(..., anywhere=True)`, one actor a machine) and local models (`workers`, one actor a GPU or `MODEL_CPUS`
cores). They hold no state of the run and open no store: what an actor was doing when its machine went is done again by
another one, and gives the same. A cluster without any machine left ends the run when it has been so for `patience_s`.

Every machine of the cluster needs this package in the same version, and a local model's files under the same path.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from importlib.util import find_spec
from typing import Any, TypeVar

from datagen_cli.core.errors import MissingExtra, UsageError
from datagen_cli.core.ports import MakeWorkers
from datagen_cli.pipeline.engines.actors import ActorPlace, ActorPool, never
from datagen_cli.pipeline.engines.local import LocalEngine

T = TypeVar("T")

MODEL_CPUS = 8
"""Cores of an actor that holds a local model, where its machine has as many."""
KNOCK_S = 10.0


class RayEngine(LocalEngine):
    """Models' programs and local models on the machines of a Ray cluster.

    `address` is `auto`, `HOST:PORT`, or None: a cluster of this machine alone, for this run. Raises
    `MissingExtra` without Ray.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if find_spec("ray") is None:
            raise MissingExtra("--engine ray: needs ray", "ray", "ray", instead="leave --engine out")
        self._pools: list[ActorPool] = []
        self._programs: ActorPool | None = None
        self._started = False
        self._printer: Any = None

    def start(self) -> None:
        """Joins the cluster. Raises `UsageError` where there is none."""
        if self._started:
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        import ray

        local = {} if self.address is not None else {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        self._printer = _silenced()
        try:
            _knock(self.address)
            ray.init(self.address, log_to_driver=False, logging_level=logging.ERROR, **local)
        except (OSError, RuntimeError, ValueError) as error:
            what = str(error).strip().partition("\n")[0]
            raise UsageError(
                f"--ray-address {self.address}: cannot join a Ray cluster: {what}",
                hint="start one with `ray start --head`, or leave --ray-address out for this machine alone",
            ) from error
        self._started = True

    def run(self, main: Callable[[], Awaitable[T]]) -> T:
        """As the local engine does; leaves the cluster at the end."""
        try:
            return super().run(main)
        finally:
            if self._started:
                import ray

                for pool in self._pools:
                    pool.close()
                ray.shutdown()
                _silenced(self._printer)
                self._pools, self._programs, self._started = [], None, False

    @property
    def workers(self) -> MakeWorkers:
        """What makes actors that hold local models."""
        return self._models

    async def run_blocking(self, function: Callable[..., T], *args: Any, anywhere: bool = False) -> T:
        """Runs a function on some machine of the cluster if it may run anywhere, else in a thread here."""
        if not anywhere or not self._started:
            return await super().run_blocking(function, *args)
        if self._programs is None:
            self._programs = self._pool(Programs, program_places)
        result: T = await self._programs.call("run", function, args, stop=never)
        return result

    def _models(self, make: Callable[[], Any]) -> ActorPool:
        return self._pool(make, model_places)

    def _pool(self, make: Callable[[], Any], places: Callable[[], Sequence[ActorPlace]]) -> ActorPool:
        pool = ActorPool(make, places, patience_s=self.patience_s)
        self._pools.append(pool)
        return pool


def _silenced(printer: Any = lambda *_, **__: None) -> Any:
    """Sets what prints Ray's news of machines, which goes to standard output, where only data belongs; returns what it
    was. The run reports lost machines itself."""
    from ray._private import worker

    before = getattr(worker, "print_to_stdstream", None)
    worker.print_to_stdstream = printer
    return before


def _knock(address: str | None) -> None:
    """Raises an error where nobody listens at HOST:PORT: Ray itself would try for minutes."""
    host, _, port = (address or "").rpartition(":")
    if address not in (None, "auto"):
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_S).close()


class Programs:
    """What an actor for programs holds: nothing."""

    def run(self, function: Callable[..., T], args: Sequence[Any], stop: Callable[[], bool]) -> T:
        """What the function returns."""
        return function(*args)


def program_places() -> list[ActorPlace]:
    """One a machine, for as many programs as it has cores; it takes none of them from others, programs are short."""
    return [ActorPlace(node, at_once=cpus) for node, cpus, _ in machines() if cpus]


def model_places() -> list[ActorPlace]:
    """One a GPU, on machines without any one for `MODEL_CPUS` cores, or for all where there are fewer."""
    places = []
    for node, cpus, gpus in machines():
        if gpus:
            places += [ActorPlace(node, number, gpus=1) for number in range(gpus)]
        elif cpus:
            own = min(MODEL_CPUS, cpus)
            places += [ActorPlace(node, number, cpus=own) for number in range(cpus // own)]
    return places


def machines() -> list[tuple[str, int, int]]:
    """The machines of the cluster that are there: id, cores, GPUs."""
    import ray

    found = [(node["NodeID"], node["Resources"]) for node in ray.nodes() if node["Alive"]]
    return [(name, int(has.get("CPU", 0)), int(has.get("GPU", 0))) for name, has in found]
