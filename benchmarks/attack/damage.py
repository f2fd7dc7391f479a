"""Folders with one place damaged: a byte flipped, a file cut, zeros, a line twice, two lines swapped, in every file.

The same command then either ends in the bytes of an undisturbed run or refuses with a reason, never in another dataset
and never in an unexpected error; and calls are paid again only where a reply was lost. `AMOUNT` attacks a state:
finished, finished with its outputs gone, half done (killed by `kill -9`), and finished with its checkpoints gone, which
leaves the call cache alone to know the replies.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.attack.attack import PATIENCE_S, Attack, datagen

AMOUNT = 200
COMMAND = ("generate", "tickets", "-n", "24")
KILLED_AFTER = 60
BLOCK = 512
OUTPUTS = ("dataset.jsonl", "rejected.jsonl")
CACHE = "calls.sqlite"
MOST_LOST = 4
"""Replies that one place can hold, where a flipped or zeroed page of the call cache takes all of its own along."""


@dataclass(frozen=True, slots=True)
class State:
    """A folder before it is damaged, what must come of it, how many calls it needs undamaged, and how many a run takes
    from its start."""

    folder: Path
    expected: dict[str, bytes]
    calls: int
    whole: int


def attacks() -> list[Attack]:
    """`AMOUNT` seeded damages of a finished and of a half-done folder, and of the two others together."""
    found = []
    for state in ("finished", "half done", "outputs gone", "checkpoints gone"):
        for number in range(AMOUNT if state in ("finished", "half done") else AMOUNT // 2):
            found.append(Attack(f"{state} {number}", partial(damaged, state, number)))
    return found


def damaged(state: str, number: int, folder: Path) -> str:
    """Damages a copy and runs the command again."""
    before = prepared(state)
    run = folder / "run"
    shutil.copytree(before.folder, run)
    names = sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file())
    if state == "checkpoints gone":
        names = [CACHE]
    draw = random.Random(f"{state} {number}")
    name = names[number % len(names)]
    how = draw.choice(list(DAMAGES))
    content = (run / name).read_bytes()
    spoilt = DAMAGES[how](content, draw)
    (run / name).write_bytes(spoilt)
    most = _may_be_lost(content, spoilt, before.whole, name, how)
    return goes_on(state, run, f"{how} of {name}", most, folder)


def goes_on(state: str, run: Path, what: str, most: int, folder: Path) -> str:
    """Runs the command again in a folder that something happened to: it ends with exit code 2 and a hint, or with the
    dataset that was to come, and at most so many calls are paid again. Empty, or what went wrong."""
    before = prepared(state)
    ended = datagen(*COMMAND, "-o", run, "--json", folder=folder)
    if problem := ended.wrong(frozenset({0, 2})):
        return f"{what}: {problem}"
    if ended.code == 2:
        return "" if "hint:" in ended.err else f"{what}: exit code 2 without a hint: {ended.err}"
    if any((run / output).read_bytes() != bytes_ for output, bytes_ in before.expected.items()):
        return f"{what}: another dataset with exit code 0"
    more = json.loads(ended.out)["calls"] - before.calls
    return f"{what}: {more} calls paid again, {most} at most were lost" if more > most else ""


def _may_be_lost(content: bytes, spoilt: bytes, replies: int, name: str, how: str) -> int:
    """How many of so many replies a damage of the call cache may cost; nothing else costs any. Of a file that is cut as
    large a part may be gone, and some more, as replies are of unequal length."""
    if not name.startswith(CACHE) or content == spoilt:
        return 0
    if how == "cut":
        return 2 * MOST_LOST + round(1.25 * replies * (1 - len(spoilt) / len(content)))
    return 2 * MOST_LOST if how in ("swap", "duplicate") else MOST_LOST


def flip(content: bytes, draw: random.Random) -> bytes:
    """One byte is another one."""
    if not content:
        return b"x"
    place = draw.randrange(len(content))
    return content[:place] + bytes([content[place] ^ draw.randrange(1, 256)]) + content[place + 1 :]


def cut(content: bytes, draw: random.Random) -> bytes:
    """The end is missing."""
    return content[: draw.randrange(len(content) + 1)]


def zeros(content: bytes, draw: random.Random) -> bytes:
    """Some bytes are zero."""
    place, length = draw.randrange(len(content) + 1), draw.randrange(1, 65)
    return content[:place] + bytes(min(length, len(content) - place)) + content[place + length :]


def duplicate(content: bytes, draw: random.Random) -> bytes:
    """A line, or block, stands twice."""
    parts = _parts(content)
    place = draw.randrange(len(parts)) if parts else 0
    return b"".join([*parts[: place + 1], *parts[place:]])


def swap(content: bytes, draw: random.Random) -> bytes:
    """Two lines, or blocks, stand in each other's place."""
    parts = _parts(content)
    if len(parts) > 1:
        one, other = draw.sample(range(len(parts)), 2)
        parts[one], parts[other] = parts[other], parts[one]
    return b"".join(parts)


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "flip": flip, "cut": cut, "zeros": zeros, "duplicate": duplicate, "swap": swap,
}  # fmt: skip


def _parts(content: bytes) -> list[bytes]:
    if b"\x00" in content[:BLOCK]:
        return [content[start : start + BLOCK] for start in range(0, len(content), BLOCK)]
    return content.splitlines(keepends=True)


_made: dict[str, State] = {}


def prepared(state: str) -> State:
    """The folder of a state, made once a process."""
    if state not in _made:
        _made[state] = _prepare(state)
    return _made[state]


def _prepare(state: str) -> State:
    place = Path(tempfile.mkdtemp(prefix="damage-"))
    whole, folder = place / "whole", place / "run"
    made = datagen(*COMMAND, "-o", whole, "--json", folder=place)
    assert made.code == 0, made.err
    calls = json.loads(made.out)["calls"]
    expected = {name: (whole / name).read_bytes() for name in OUTPUTS}
    if state == "half done":
        _kill(folder)
        copy = place / "copy"
        shutil.copytree(folder, copy)
        ended = datagen(*COMMAND, "-o", copy, "--json", folder=place)
        return State(folder, expected, json.loads(ended.out)["calls"], calls)
    if state == "outputs gone":
        for name in OUTPUTS:
            (whole / name).unlink()
    if state == "checkpoints gone":
        shutil.rmtree(whole / "checkpoints")
    return State(whole, expected, 0, calls)


def _kill(folder: Path) -> None:
    """A run that dies, as by `kill -9`, when it has written some lines."""
    program = (
        "import sys\n"
        "from datagen_cli.runs.checkpoint import Checkpoint\n"
        "from tests.runs.whole import after, generate\n"
        f"Checkpoint.append = after({KILLED_AFTER}, Checkpoint.append)\n"
        "generate(*sys.argv[1:])\n"
    )
    words = [sys.executable, "-c", program, *COMMAND[1:], "-o", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode < 0, done.stderr
