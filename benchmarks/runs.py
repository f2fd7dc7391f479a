"""The runs of the bench: reference and product in turn against the same law, and a run that is killed and resumed."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.laws import Law
from benchmarks.processes import (
    BenchError,
    Endpoint,
    Expected,
    Run,
    datagen_command,
    kill,
    measure,
    offline_command,
    prepare,
    reference_command,
    start,
)
from datagen_cli.core.stored import unpack

POLL_S = 0.005
OFFLINE_MOST_S = 900.0


@dataclass
class Pair:
    """The runs of the reference and of the product under one law, in the order in which they were made."""

    reference: list[Run] = field(default_factory=list)
    datagen: list[Run] = field(default_factory=list)


@dataclass
class Resumed:
    """A run that was killed and resumed: items with a committed reply, those of them asked again, all requests."""

    committed: int
    again: list[int]
    requests: int
    same_bytes: bool


class Workplace:
    """A folder for runs of at most `most` items, `concurrency` in flight. `say` is told what is being measured."""

    def __init__(self, folder: Path, most: int, concurrency: int, say: Callable[[str], None]) -> None:
        self.concurrency = concurrency
        self.folder = folder
        self.say = say
        prepare(folder, most)

    def pair(self, name: str, law: Law, count: int, rounds: int) -> Pair:
        """Reference and product in turn, `rounds` times each."""
        found = Pair()
        for number in range(1, rounds + 1):
            self.say(f"{name}: {number} of {rounds}")
            found.reference.append(self.reference(law, count))
            found.datagen.append(self.datagen(law, count))
        return found

    def reference(self, law: Law, count: int) -> Run:
        """One run of the reference loop."""
        with self._empty() as folder:
            with Endpoint(law, self.folder) as endpoint:
                out = folder / "out.jsonl"
                command = reference_command(endpoint.url, self.folder, count, self.concurrency, out)
                run = measure("reference", command, folder, count, out)
            run.log = endpoint.log
        return run

    def datagen(
        self,
        law: Law,
        count: int,
        *more: str,
        expect: Expected | None = None,
        look: Callable[[Path], None] = lambda run: None,
    ) -> Run:
        """One run of `datagen generate`, with further arguments; `look` sees the run's folder before it is gone."""
        with self._empty() as folder:
            with Endpoint(law, self.folder) as endpoint:
                command = datagen_command(endpoint.url, folder, count, self.concurrency, *more)
                rows = folder / "run" / "dataset.jsonl"
                run = measure("datagen", command, folder, count, rows, expect=expect)
            run.log = endpoint.log
            look(folder / "run")
        return run

    def offline(self, count: int, *, resumed: bool = False) -> list[Run]:
        """A run of the offline model without faults, and with `resumed` the same command once more."""
        with self._empty() as folder:
            command = offline_command(folder, count)
            rows = folder / "run" / "dataset.jsonl"
            expect = Expected(0, count, OFFLINE_MOST_S)
            return [measure("datagen", command, folder, count, rows, expect=expect) for _ in range(2 if resumed else 1)]

    def killed_at_half(self, law: Law, count: int) -> Resumed:
        """`kill -9` when half of the replies are committed, then the same command; beside a run never stopped."""
        self.say("kill -9 at half, then resumed")
        with self._empty() as folder, self._empty() as other:
            with Endpoint(law, self.folder) as endpoint:
                command = datagen_command(endpoint.url, folder, count, self.concurrency)
                process = start(command, folder)
                calls = folder / "run" / "calls.sqlite"
                try:
                    _wait_until(lambda: process.poll() is not None or committed_rows(calls) >= count // 2)
                    kill(process)
                finally:
                    if process.poll() is None:
                        process.kill()
                        process.wait()
                killed_at = time.monotonic()
                seeds = committed_seeds(calls, folder)
                dataset = folder / "run" / "dataset.jsonl"
                measure("datagen, resumed", command, folder, count, dataset)
            with Endpoint(law, self.folder) as undisturbed:
                command = datagen_command(undisturbed.url, other, count, self.concurrency)
                whole = other / "run" / "dataset.jsonl"
                measure("datagen", command, other, count, whole)
            later = {r.seed for r in endpoint.log.requests if r.arrived > killed_at}
            return Resumed(
                committed=len(seeds),
                again=sorted(seeds & later),
                requests=len(endpoint.log.requests),
                same_bytes=dataset.read_bytes() == whole.read_bytes(),
            )

    @contextmanager
    def _empty(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            yield Path(name)


def committed_rows(path: Path) -> int:
    """How many replies the call cache of a run holds; 0 while there is none."""
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
            return int(connection.execute("SELECT count(*) FROM pairs").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def committed_seeds(path: Path, folder: Path) -> set[int]:
    """The seeds of all requests whose reply is in the call cache, read from a copy of its files."""
    for tail in ("", "-wal"):
        source = path.with_name(path.name + tail)
        if source.exists():
            shutil.copyfile(source, folder / f"copy.sqlite{tail}")
    try:
        with closing(sqlite3.connect(folder / "copy.sqlite")) as connection:
            values = [unpack(key, value) for key, value in connection.execute("SELECT key, value FROM pairs")]
            return {int(json.loads(value)["request"]["seed"]) for value in values}
    except (sqlite3.Error, TypeError, ValueError, KeyError) as error:
        raise BenchError(f"the call cache cannot be read: {error}") from error


def _wait_until(true: Callable[[], bool], most_s: float = 60.0) -> None:
    end = time.monotonic() + most_s
    while not true():
        if time.monotonic() > end:
            raise BenchError("nothing happened for too long")
        time.sleep(POLL_S)
