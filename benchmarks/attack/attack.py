"""What an attack is, and what a command came to that met one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 120.0
LAUNCH = [sys.executable, "-m", "datagen_cli"]


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack. `run` is given an empty folder to work in, and gives what got through in a few words, or an empty
    text where the attack was held."""

    name: str
    run: Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, None where it did not end in time, and what it said."""

    code: int | None
    out: str
    err: str

    def wrong(self, allowed: frozenset[int]) -> str:
        """What is wrong with the ending, or an empty text: it hung, showed a traceback, or left with another code."""
        if self.code is None:
            return f"did not end within {PATIENCE_S:g} s"
        if "Traceback" in self.err:
            return f"traceback: {self.err.strip().splitlines()[-1][:80]}"
        if self.code not in allowed:
            last = (self.err.strip().splitlines() or [""])[-1][:80]
            return f"exit code {self.code}: {last}"
        return ""


def datagen(*words: object, folder: Path, environ: Mapping[str, str] | None = None) -> Ended:
    """Runs a command of the tool in a process of its own that works in `folder`."""
    try:
        done = subprocess.run(
            [*LAUNCH, *map(str, words)],
            cwd=folder,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended(None, "", "")
    return Ended(done.returncode, done.stdout, done.stderr)
