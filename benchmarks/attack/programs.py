"""Programs that try to get out of the sandbox: those of `tests/sandbox`, with the screen switched off.

Each runs in a process of its own, in surroundings that are looked at before and after: files, sockets, signals, limits.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.attack.attack import PATIENCE_S, Attack
from tests.sandbox.programs import ATTACKS

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from pathlib import Path
from datagen_cli.sandbox.run import Sandbox
from tests.sandbox.programs import AS_THE_SYSTEM, ATTACKS
from tests.sandbox.world import World, server_pids, timing
attack = next(attack for attack in ATTACKS if attack.name == sys.argv[1])
world = World(Path(sys.argv[2]))
with Sandbox(screen=False, cores=1) as sandbox:
    sandbox.run("print(1)")
    before = server_pids()
    result = sandbox.run(AS_THE_SYSTEM + world.fill(attack.code), memory_mb=128, **timing(attack))
    print("; ".join(world.changes(result, before)))
world.close()
"""


def attacks() -> list[Attack]:
    """Every program of the tables."""
    return [Attack(attack.name, partial(tried, attack.name)) for attack in ATTACKS]


def tried(name: str, folder: Path) -> str:
    """What a program has got at, in words."""
    command = [sys.executable, "-c", SCRIPT, name, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return done.stdout.strip() if done.returncode == 0 else f"broke off: {done.stderr.strip()[-200:]}"
