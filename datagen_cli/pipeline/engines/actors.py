"""Actors of a Ray cluster that do one kind of blocking work, found again where machines go and come."""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.core.errors import ProviderError

LOOK_S = 0.5
MOST_LOSSES = 10
"""Actors that one piece of work may lose; beyond that it is the work that kills them."""


@dataclass(frozen=True, slots=True)
class ActorPlace:
    """Where an actor is to be: the machine, its number there, the resources that it takes, and how many calls it works
    on at once."""

    node: str
    number: int = 0
    cpus: int = 0
    gpus: int = 0
    at_once: int = 1


@dataclass(eq=False, slots=True)
class _Seat:
    """An actor: whether it is `ready`, and how many calls it works on."""

    place: ActorPlace
    actor: Any
    ready: bool = False
    busy: int = 0
    joining: asyncio.Task[None] | None = field(default=None)


class Host:
    """What an actor runs: one object, whose errors are handed over as values."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._object = make()

    def ready(self) -> bool:
        """Answers as soon as the actor is there."""
        return True

    def call(self, method: str, args: Sequence[Any]) -> tuple[Any, Exception | None]:
        """What a method returns, or the error that it raises."""
        try:
            return getattr(self._object, method)(*args, never), None
        except Exception as error:  # it belongs to the one who waits, whatever it is
            return None, portable(error)


class ActorPool:
    """Implements `core.ports.Workers`. `places()` says where actors are to be now; each holds what `make` makes.

    `patience_s`: how long calls wait for a machine when all are lost.
    """

    def __init__(
        self, make: Callable[[], Any], places: Callable[[], Sequence[ActorPlace]], *, patience_s: float
    ) -> None:
        self._make, self._places, self._patience_s = make, places, patience_s
        self._seats: dict[ActorPlace, _Seat] = {}
        self._freed = asyncio.Event()
        self._alive = self._looked = time.monotonic()
        self._closed = False
        self._not_begun: list[str] = []
        self._look()

    @property
    def size(self) -> int:
        """How many calls are worked on side by side, once all actors are there."""
        return max(1, sum(seat.place.at_once for seat in self._seats.values()))

    async def call(self, method: str, *args: Any, stop: Callable[[], bool]) -> Any:
        """See `core.ports.Workers`. Raises `ProviderError` when every machine is lost and none comes back."""
        from ray import exceptions

        for _ in range(MOST_LOSSES):
            seat = await self._free()
            seat.busy += 1
            try:
                result, error = await seat.actor.call.remote(method, args)
            except (exceptions.RayTaskError, exceptions.TaskCancelledError):
                raise
            except exceptions.RayError:
                self._lose(seat)
                continue
            finally:
                seat.busy -= 1
                self._freed.set()
            if error is not None:
                raise error
            return result
        raise ProviderError(
            f"{MOST_LOSSES} actors of the cluster ended while they did the same piece of work",
            hint="it may need more memory than a machine of the cluster has; everything so far is kept",
        )

    def close(self) -> None:
        """Ends all actors."""
        import ray

        self._closed = True
        for seat in self._seats.values():
            if seat.joining is not None:
                seat.joining.cancel()
            with suppress(Exception):
                ray.kill(seat.actor)
        self._seats = {}

    async def _free(self) -> _Seat:
        """The ready actor that has least to do, waited for."""
        while not self._closed:
            now = time.monotonic()
            if self._seats:  # on machines that are there, also while actors begin
                self._alive = now
            elif now - self._alive > self._patience_s:
                raise ProviderError(
                    f"no machine of the Ray cluster is left, for {self._patience_s:g} s",
                    hint="start machines with `ray start`; everything so far is kept",
                )
            if len(self._not_begun) >= MOST_LOSSES:
                raise ProviderError(
                    f"no actor can begin on the Ray cluster: {self._not_begun[-1]}",
                    hint="every machine needs this package in the same version, and what the recipe's models need",
                )
            if now - self._looked > LOOK_S:
                self._look()
            free = [seat for seat in self._seats.values() if seat.ready and seat.busy < seat.place.at_once]
            if free:
                return min(free, key=lambda seat: seat.busy)
            self._freed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._freed.wait(), LOOK_S)
        raise asyncio.CancelledError

    def _look(self) -> None:
        """Begins an actor at every place that has none, and forgets places that are gone."""
        self._looked = time.monotonic()
        places = self._places()
        for place in set(self._seats) - set(places):
            self._lose(self._seats[place])
        for place in places:
            if place not in self._seats:
                seat = self._seats[place] = _Seat(place, self._begin(place))
                seat.joining = asyncio.get_running_loop().create_task(self._join(seat))

    def _begin(self, place: ActorPlace) -> Any:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        remote: Any = ray.remote(Host)
        return remote.options(
            num_cpus=place.cpus,
            num_gpus=place.gpus,
            max_concurrency=place.at_once,
            scheduling_strategy=NodeAffinitySchedulingStrategy(place.node, soft=False),
        ).remote(self._make)

    async def _join(self, seat: _Seat) -> None:
        from ray import exceptions

        try:
            await seat.actor.ready.remote()
        except exceptions.RayError as error:
            self._lose(seat)
            self._not_begun.append(str(error).strip().rpartition("\n")[2][:200])
            return
        seat.ready = True
        self._not_begun.clear()
        self._freed.set()

    def _lose(self, seat: _Seat) -> None:
        """Forgets an actor that is gone; the next look begins another one where its machine is still there."""
        seat.ready = False
        if self._seats.get(seat.place) is seat:
            del self._seats[seat.place]
        self._freed.set()


def never() -> bool:
    """Always False: an actor's work is never ended early, since it would have to ask this process at every step."""
    return False


def portable(error: Exception) -> Exception:
    """The error as it can be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # constructors of errors may do anything
        return RuntimeError(repr(error))
    return error
