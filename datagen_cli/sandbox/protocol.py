"""What the parent, the fork server and its children say to one another; standard library only, no behaviour.

The parent sends one `REQUEST` with four descriptors (program text, stdout, error text, report). The child writes to the
second and third; the server alone holds the fourth and writes one `REPORT` to it when the child is dead, so that no
program can forge how it ended. Before that it may write one `ASLEEP` there.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_CODE_BYTES = 20_000
MAX_STDOUT_BYTES = 65_536
MAX_ERROR_BYTES = 4_096
MAX_THREADS = 128
"""Threads of a program at once, its first one counted."""

REQUEST = struct.Struct("<ddQ?")
"""CPU seconds, wall seconds, bytes of memory beyond what the server has mapped, whether it may start threads."""
REPORT = struct.Struct("<Biddq")
"""How it ended (`ENDED`, `CPU`, `WALL`, `SLEPT`, `CROWD`), wait status, CPU and wall seconds, peak resident set."""
READY, ASLEEP = b"R", b"S"

ENDED, CPU, WALL, SLEPT, CROWD = 0, 1, 2, 3, 4

# Exit codes of a child. A program can forge these about itself, which tells nobody anything false but its author.
EXIT_OK, EXIT_ERROR, EXIT_MEMORY, EXIT_SETUP, EXIT_REFUSED = 0, 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use: CPU seconds, wall seconds without those it waited for a core, mebibytes; threads?"""

    cpu_s: float
    wall_s: float
    memory_mb: int
    threads: bool = False

    def pack(self) -> bytes:
        return REQUEST.pack(self.cpu_s, self.wall_s, self.memory_mb << 20, self.threads)


@dataclass(frozen=True, slots=True)
class Setup:
    """How a fork server is to be started.

    `packages` maps the third-party packages that programs may import to the folder each lies in; no other package of
    the environment can be found. `readable` are the paths that Landlock leaves readable.
    """

    socket_fd: int
    confine: bool
    preload: tuple[str, ...]
    packages: dict[str, str]
    readable: tuple[str, ...]
