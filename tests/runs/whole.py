"""Whole runs in this process, and in forked children that can be killed for real."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datagen_cli.cli.app import run

OUTCOME = ("dataset.jsonl", "rejected.jsonl", "plants.jsonl")


def generate(*arguments: object) -> int:
    """`datagen generate ARGUMENTS`, with its notes. Returns the exit code."""
    return run(["generate", *map(str, arguments)])


_MADE: dict[tuple[str, ...], Path] = {}


def ready(folder: Path, *arguments: object) -> None:
    """The finished run of these arguments in `folder`: made once in this process, and copied, so that its card and
    `run.json` name the folder in which it was made. For tests that have patched nothing yet."""
    words = tuple(map(str, arguments))
    if words not in _MADE:
        place = Path(tempfile.mkdtemp(prefix="made-"))
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        assert generate(*words, "-o", place / "run") == 0
        _MADE[words] = place / "run"
    shutil.copytree(_MADE[words], folder, dirs_exist_ok=True)


def start(*arguments: object) -> subprocess.Popen[str]:
    """The same in a process of its own, whose notes can be read."""
    command = [sys.executable, "-m", "datagen_cli", "generate", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


SIGNALLED = """
import os, sys
from datagen_cli.cli.app import run
from datagen_cli.runs.checkpoint import Checkpoint
number, stage, left = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
append = Checkpoint.append
def counted(self, *arguments):
    global left
    append(self, *arguments)
    left -= self.stage == stage
    if not left and self.stage == stage:
        os.kill(os.getpid(), number)
Checkpoint.append = counted
sys.exit(run(sys.argv[4:]))
"""


def signalled(number: signal.Signals, stage: str, line: int) -> list[str]:
    """The words of a `datagen` that gets a signal once a stage has written so many lines."""
    return [sys.executable, "-c", SIGNALLED, str(int(number)), stage, str(line)]


def report(capsys: Any, *arguments: object) -> dict[str, Any]:
    """What `datagen generate ARGUMENTS --json` prints."""
    capsys.readouterr()
    run(["generate", *map(str, arguments), "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def rows(folder: Path, name: str = "dataset.jsonl") -> list[dict[str, Any]]:
    """The rows of a file of a run."""
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def outcome(folder: Path) -> dict[str, bytes]:
    """The bytes that must be the same however a run came to its end."""
    return {name: (folder / name).read_bytes() for name in OUTCOME if (folder / name).exists()}


def killed(arrange: Callable[[], None], *arguments: str | Path) -> bool:
    """Runs `generate` in a forked child after `arrange()`. True when the child died by SIGKILL, not by itself."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        try:
            arrange()
            os._exit(generate(*arguments))
        finally:
            os._exit(99)
    _, state = os.waitpid(child, 0)
    return os.WIFSIGNALED(state) and os.WTERMSIG(state) == signal.SIGKILL


def die() -> None:
    """Ends this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def after(calls: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, after whose n-th call the process dies."""
    seen = 0

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal seen
        result = function(*arguments, **options)
        seen += 1
        if seen == calls:
            die()
        return result

    return counted
