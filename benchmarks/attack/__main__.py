"""`python -m benchmarks.attack [KIND…]`: every attack, or those of the kinds named, and a table: tried and through.

What got through is listed. Exit code 0 when nothing did. `-j N` tries N at a time (2), `--every N` only every Nth
attack of a kind: a look of a minute or two.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.attack.attack import Attack
from benchmarks.attack.kinds import KINDS, attacks_of


def main(arguments: Sequence[str]) -> int:
    """Tries them and prints the table. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attack", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS.values()))
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    given = parser.parse_args(arguments)
    wanted = [kind for kind, module in KINDS.items() if not given.kinds or {kind, module} & set(given.kinds)]
    through = []
    print(f"{'kind':40}{'tried':>7}{'through':>9}{'seconds':>9}")
    for kind in wanted:
        began = time.monotonic()
        found = tried(attacks_of(kind)[:: given.every], given.jobs)
        passed = [f"{kind}: {name}: {what}" for name, what in found if what]
        through += passed
        print(f"{kind:40}{len(found):7,}{len(passed):9,}{time.monotonic() - began:9,.0f}", flush=True)
    print("\n".join(["", *through]) if through else "nothing got through")
    return 1 if through else 0


def tried(attacks: Sequence[Attack], jobs: int = 2) -> list[tuple[str, str]]:
    """Each attack's name, and what got through, or an empty text."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        return list(pool.map(one, attacks))


def one(attack: Attack) -> tuple[str, str]:
    """Tries an attack in a folder of its own; one that fails by itself counts as through, so that nobody misses it."""
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        try:
            return attack.name, attack.run(Path(folder))
        except Exception as error:
            return attack.name, f"the attack broke off: {error!r}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
