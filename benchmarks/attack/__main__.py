"""`python -m benchmarks.attack [KIND…]`: every attack, or those of the kinds named, and a table: tried and through.

What got through is told at once, and listed at the end. Exit code 0 when nothing did. `-j N` tries N at a time (4), of
kinds that mostly wait some times as many; `--every N` only every Nth attack of a kind: a look of a minute or two. All
that it writes lies in one temporary folder, which is gone when it ends, also when it is told to (Ctrl-C, SIGTERM,
SIGHUP): what is being tried then is killed.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

from benchmarks.attack.attack import Attack, die_with_parent
from benchmarks.attack.kinds import KINDS, WAITING, attacks_of


def main(arguments: Sequence[str]) -> int:
    """Tries them and prints the table. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attack", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS.values()))
    parser.add_argument("-j", "--jobs", type=int, default=4)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    given = parser.parse_args(arguments)
    if strange := set(given.kinds) - {*KINDS, *KINDS.values()}:
        parser.error(f"no such kind: {', '.join(sorted(strange))}")
    wanted = [kind for kind, module in KINDS.items() if not given.kinds or {kind, module} & set(given.kinds)]
    through = []
    print(f"{'kind':40}{'tried':>7}{'through':>9}{'seconds':>9}{'CPU s':>9}", flush=True)
    with _one_folder():
        for kind in wanted:
            began, cpu_s = time.monotonic(), _cpu_s()
            found = tried(attacks_of(kind)[:: given.every], given.jobs * WAITING.get(kind, 1))
            passed = [f"{kind}: {name}: {what}" for name, what in found if what]
            through += passed
            took = f"{time.monotonic() - began:9,.0f}{_cpu_s() - cpu_s:9,.0f}"
            print(f"{kind:40}{len(found):7,}{len(passed):9,}{took}", flush=True)
    print("\n".join(["", *through]) if through else "nothing got through")
    return 1 if through else 0


@contextmanager
def _one_folder() -> Iterator[None]:
    """Temporary files of this process and of those that it starts go into one folder, which is removed at the end."""
    handlers = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="attacks-", ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        try:
            yield
        finally:
            tempfile.tempdir = before[0]
            os.environ.pop("TMPDIR") if before[1] is None else os.environ.update(TMPDIR=before[1])
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _cpu_s() -> float:
    """CPU seconds of all processes that were waited for, those of theirs included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tried(attacks: Sequence[Attack], jobs: int = 2) -> list[tuple[str, str]]:
    """Each attack's name, and what got through, or an empty text."""
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("fork"), initializer=_begin)
    try:
        found = []
        for name, what in pool.map(one, attacks):
            found.append((name, what))
            if what:
                print(f"through: {name}: {what}", file=sys.stderr, flush=True)
        return found
    except BaseException:
        for worker in pool._processes.values():  # nobody waits for what is being tried
            worker.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """A process that tries attacks: Ctrl-C and the like are for the one that started it, with which it ends."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def one(attack: Attack) -> tuple[str, str]:
    """Tries an attack in a folder of its own; one that fails by itself counts as through, so that nobody misses it."""
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        try:
            return attack.name, attack.run(Path(folder))
        except Exception as error:
            return attack.name, f"the attack broke off: {error!r}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
