"""Which calls are under way in the processes that share a call cache, so that none of them sends the same call twice.

A claim is a lock on one byte of a file beside the cache; the call's digest says which byte. The system drops the locks
of a process that ends, however it ends, so a claim needs no expiry. Where there are no such locks (Windows, some
network file systems) every claim is granted at once: a call may then be sent by two processes, as without claims.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.system import open_own

FIRST_POLL_S = 0.02
LAST_POLL_S = 0.5


class Claims:
    """Claims of this process on calls, by digest (hex, at least 15 characters), in `path`, which is made when missing.

    Raises `UsageError` when the file cannot be opened, or is a link or no plain file.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(
                f"--cache: the file of its claims cannot be opened: {reason}", place=Place(str(path))
            ) from error

    def take(self, digest: str) -> bool:
        """Whether the call is this process's to send; False while another process has the claim."""
        try:
            import fcntl

            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte_of(digest))
        except (BlockingIOError, PermissionError):
            return False
        except (ImportError, OSError):
            pass
        return True

    def release(self, digest: str) -> None:
        """Gives a claim back; nothing happens where there is none."""
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _byte_of(digest))

    async def wait(self, digest: str, done: Callable[[], bool], *, at_most_s: float) -> None:
        """Returns once this process has the claim, once `done` says that the call's reply is there, or after
        `at_most_s` seconds: a process that stands still has a claim, too."""
        loop = asyncio.get_running_loop()
        end = loop.time() + at_most_s
        pause_s = FIRST_POLL_S
        while not self.take(digest) and not done() and loop.time() < end:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LAST_POLL_S)

    def close(self) -> None:
        """Gives all claims back; may be called twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _byte_of(digest: str) -> int:
    """A place below 2**60, which every system takes as an offset. Two calls meet there once in 10**18 pairs, and then
    only wait for one another."""
    return int(digest[:15], 16)
