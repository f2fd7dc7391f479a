"""Runs an endpoint and whole client processes against it, and reads what they took from the outside.

The parent imports nothing heavy: a child's peak memory is never below that of the process it was started from.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from benchmarks.laws import Law

ROOT = Path(__file__).resolve().parent.parent
MOST_S = 180.0
RUN_SEED = 7
ATTEMPTS = 6

RECIPE = """\
version: 1
name: bench
description: Short notes of forty words about anything.
fields: {{text: {{type: text}}}}
model: {{name: hosted_vllm/bench, base_url: "{url}", max_tokens: 512, timeout_s: 60, price: free, structured: json}}
count: {count}
seed: {seed}
limits: {{concurrency: {concurrency}, attempts_per_record: {attempts}}}
"""

OFFLINE = """\
version: 1
name: bench
description: Short notes of forty words about anything.
fields: {{text: {{type: text}}}}
model: {{name: offline, faults: none}}
count: {count}
seed: {seed}
"""


class BenchError(Exception):
    """A run that is part of the bench did not do what it must; nothing can be said about speed."""


@dataclass(frozen=True)
class Request:
    """One line of the endpoint's log; times in monotonic seconds, `left` None for a request without a reply."""

    item: int
    attempt: int
    seed: int
    arrived: float
    left: float | None
    fault: str
    latency_s: float


@dataclass
class Log:
    """What the endpoint saw: the requests in order of arrival, how many at a time, and its own CPU seconds."""

    requests: list[Request]
    most_in_flight: int
    cpu_s: float

    @property
    def span_s(self) -> float:
        """From the first request's arrival to the last reply sent."""
        return max((r.left for r in self.requests if r.left is not None), default=0.0) - self.first

    @property
    def first(self) -> float:
        """When the first request arrived, monotonic seconds."""
        return min((r.arrived for r in self.requests), default=0.0)

    def count(self, fault: str) -> int:
        """How many requests met a fault (`""`: none)."""
        return sum(r.fault == fault for r in self.requests)


@dataclass
class Run:
    """One client process: seconds, CPU seconds (user and system), peak memory in MB, what came of it."""

    name: str
    count: int
    wall_s: float
    cpu_s: float
    rss_mb: float
    exit_code: int
    records: int
    started: float
    log: Log = field(default_factory=lambda: Log([], 0, 0.0))

    @property
    def first_s(self) -> float:
        """From the start of the process to its first request."""
        return self.log.first - self.started


@dataclass(frozen=True)
class Expected:
    """How a run must end: its exit code, its records (None: any number), and within how long."""

    exit_code: int
    records: int | None
    most_s: float = MOST_S


class Endpoint:
    """The endpoint's process; `log` is there once the block is left.

    With more cores than one it has a core of its own, and what is started in the block has the others: client and
    endpoint never wait for each other's time slices."""

    def __init__(self, law: Law, folder: Path) -> None:
        self._settings = {"law": law.to_dict(), "items": str(folder / "items.json"), "most_s": MOST_S}
        self._cores: set[int] = set()
        self.url = ""
        self.log = Log([], 0, 0.0)

    def __enter__(self) -> Endpoint:
        cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        if len(cores) > 1:
            self._settings["core"] = max(cores)
        command = [sys.executable, "-m", "benchmarks.endpoint", json.dumps(self._settings)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            raise BenchError("the endpoint did not start")
        self.url = f"http://127.0.0.1:{port}/v1"
        if len(cores) > 1:
            self._cores = cores
            os.sched_setaffinity(0, cores - {max(cores)})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._cores:
            os.sched_setaffinity(0, self._cores)
        try:
            out, _ = self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise BenchError("the endpoint did not end") from error
        if error is None:
            self.log = read_log(out)


def read_log(text: str) -> Log:
    """The endpoint's log from what it printed."""
    try:
        value = json.loads(text)
        return Log([Request(*line) for line in value["requests"]], value["most_in_flight"], value["cpu_s"])
    except (ValueError, KeyError, TypeError) as error:
        raise BenchError("the endpoint ended without a log") from error


def prepare(folder: Path, count: int) -> None:
    """Writes the table of items that endpoint and reference read."""
    command = [sys.executable, "-m", "benchmarks.items", str(RUN_SEED), str(count), str(ATTEMPTS), str(folder)]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True)


def environment() -> dict[str, str]:
    """The environment of children: no keys, no proxies, no switches of whoever runs the bench. Byte code is kept, so
    that all but the first process start as an installed package does."""
    foreign = ("_KEY", "_TOKEN", "_PROXY", "DONTWRITEBYTECODE")
    kept = {k: v for k, v in os.environ.items() if not k.upper().endswith(foreign) and not k.startswith("DATAGEN_")}
    return {**kept, "CI": "true", "PYTHONHASHSEED": "0"}


def reference_command(url: str, folder: Path, count: int, concurrency: int, out: Path) -> list[str]:
    """The reference loop, as a script: it needs nothing of this project."""
    script = Path(__file__).with_name("reference.py")
    where = [f"{url}/chat/completions", str(folder / "seeds.json")]
    return [sys.executable, str(script), *where, str(count), str(concurrency), str(out)]


def datagen_command(url: str, folder: Path, count: int, concurrency: int, *more: str) -> list[str]:
    """`datagen generate` with a recipe that only generates, written into `folder`; it writes to `folder`/run.

    `more` are further arguments."""
    recipe = folder / "bench.yaml"
    recipe.write_text(
        RECIPE.format(url=url, count=count, seed=RUN_SEED, concurrency=concurrency, attempts=ATTEMPTS), encoding="utf-8"
    )
    return [sys.executable, "-m", "datagen_cli", "generate", str(recipe), "-o", str(folder / "run"), "--quiet", *more]


def offline_command(folder: Path, count: int) -> list[str]:
    """`datagen generate` with the offline model, which never errs here; it writes to `folder`/run."""
    recipe = folder / "offline.yaml"
    recipe.write_text(OFFLINE.format(count=count, seed=RUN_SEED), encoding="utf-8")
    return [sys.executable, "-m", "datagen_cli", "generate", str(recipe), "-o", str(folder / "run"), "--quiet"]


def measure(
    name: str, command: Sequence[str], folder: Path, count: int, rows: Path, *, expect: Expected | None = None
) -> Run:
    """Runs one process to its end. `rows` is the file whose lines are its records. Raises `BenchError` when it does not
    end as expected, by default with 0 and all records."""
    expect = expect or Expected(0, count)
    said = folder / f"{name}.log"
    with open(said, "wb") as out:
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        timer = threading.Timer(expect.most_s, process.kill)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
        wall_s = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    run = Run(
        name=name,
        count=count,
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        rss_mb=usage.ru_maxrss / 1024,
        exit_code=process.returncode,
        records=count_lines(rows),
        started=started,
    )
    if run.exit_code != expect.exit_code or expect.records not in (None, run.records):
        tail = said.read_text(encoding="utf-8", errors="replace")[-1500:]
        raise BenchError(f"{name}: exit {run.exit_code}, {run.records} of {count} records\n{tail}")
    return run


def start(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Starts a process that the caller kills."""
    with open(folder / "killed.log", "wb") as out:
        return subprocess.Popen(
            command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )


def kill(process: subprocess.Popen[bytes]) -> None:
    """`kill -9`, and waits for the end. Raises `BenchError` for a process that has ended by itself."""
    if process.poll() is not None:
        raise BenchError("the run ended before it could be killed")
    process.send_signal(signal.SIGKILL)
    process.wait()


def count_lines(path: Path) -> int:
    """Lines of a file; 0 when it is not there."""
    try:
        return path.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0
