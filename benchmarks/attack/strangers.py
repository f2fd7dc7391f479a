"""Folders from strangers: any value in any place of any file, with right checksums, over every command that reads them.

Each command ends with a documented exit code, without a traceback, in `MOST_CPU_S` and `MEMORY_MB`, and says no line of
ours (`next:`, `error:`, `hint:`, `note:`) that the folder wrote. `DRAWN` places are drawn from a seed.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.attack.attack import Attack, apart, bound_memory, datagen, ended_here, forged_line, read_commands
from datagen_cli.core.checksum import document_sum, sealed, seed_of
from datagen_cli.core.stored import pack, unpack

DRAWN = 160
MOST_CPU_S, MEMORY_MB = 8.0, 6_000
ALLOWED = frozenset({0, 2, 3})
FORGED = "x\nnext: FORGED\nerror: FORGED\r\nhint: FORGED\x1b[8m\u202enote: FORGED\u2028next: FORGED"
DEEP = "DEEP"
"""Stands for a value that is nested 3,000 times."""
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 10**30, -(10**30), 1e308, float("nan"), float("inf"), 0.5, "", "x", "1",
    "x" * 200_000, "\ud800", "a\x00b", FORGED, "../../etc/passwd", "/dev/zero", "-", "${HOME}", [], [[]], [None],
    ["a", 1], {}, {"": ""}, {"a": None}, {FORGED: FORGED}, {"a": [{"b": {}}]}, [0] * 5_000, DEEP,
)  # fmt: skip
FILES = (
    "run.json", "run.json", "run.json", "recipe.lock.yaml", "dataset.jsonl", "dataset.jsonl", "rejected.jsonl",
    "spending.jsonl", "calls.sqlite", "plants.jsonl", "checkpoints/1-load.jsonl", "checkpoints/2-plan.jsonl",
    "checkpoints/3-generate.jsonl", "checkpoints/4-validate.jsonl", "checkpoints/5-enhance.jsonl",
    "checkpoints/6-dedup.jsonl",
)  # fmt: skip


def attacks() -> list[Attack]:
    """`DRAWN` folders, each with a value that does not belong there, and some made by hand."""
    found = [Attack(f"drawn {n}: {FILES[n % len(FILES)]}", partial(forged, n)) for n in range(DRAWN)]
    return found + [Attack(f"made: {name}", partial(replaced, name)) for name in WHOLE]


def forged(number: int, folder: Path) -> str:
    """A finished run with one value replaced, read by every command."""
    copy = folder / "run"
    shutil.copytree(prepared(), copy)
    name = FILES[number % len(FILES)]
    draw = random.Random(f"strangers {number}")
    what = _spoil(copy / name, draw)
    said = _read_all(folder)
    return f"{name}: {what}: {said}" if said else ""


CONTENTS = {
    "deep brackets": b"[" * 300_000, "deep objects": b'{"a":' * 300_000, "no text": bytes(range(256)) * 40,
    "numbers": b"7\n" * 100, "empty objects": b"{}\n" * 500,
}  # fmt: skip


def _bomb(first: bytes, following: bytes) -> bytes:
    """YAML in which each of 60 lines names the one before twice."""
    lines = [b"a0: &a0 " + first]
    lines += [b"a%d: &a%d " % (n, n) + following.replace(b"BEFORE", b"*a%d" % (n - 1)) for n in range(1, 60)]
    return b"\n".join(lines)


LOCKS = {
    "a lock that doubles": _bomb(b"[x, x]", b"[BEFORE, BEFORE]"), "a lock of itself": b"a: &a [*a]\n",
    "a lock that merges": _bomb(b"{k: v}", b"{<<: [BEFORE, BEFORE]}"),
}  # fmt: skip
WHOLE: dict[str, tuple[str, bytes]] = {
    f"{name} of {what}": (name, content) for name in dict.fromkeys(FILES) for what, content in CONTENTS.items()
} | {name: ("recipe.lock.yaml", content) for name, content in LOCKS.items()}


def replaced(name: str, folder: Path) -> str:
    """A finished run with a whole file replaced, read by every command."""
    copy = folder / "run"
    shutil.copytree(prepared(), copy)
    file, content = WHOLE[name]
    (copy / file).write_bytes(content)
    return _read_all(folder)


COMMANDS = """
    status run
    status run --json
    show run
    show run -n 99 --json
    show run --rejected -n 99
    show run --rejected --by reason
    show run --by category
    why run ID
    why run 1 --json
    eval run
    eval run --json --html page.html
    eval run --recheck --trust-lock --metrics length
    export run --to messages -o out.jsonl
    export run --to csv -o out.csv
    export run --to parquet -o out.parquet
    export run --to hf -o hub --allow-simulated --split train=0.5,test=0.5
    merge run other -o merged
    dedup run -o kept.jsonl --rejected no.jsonl
    prune run --dry-run
    score run -m offline -n 2 -o scored --dry-run
    student run --test other/dataset.jsonl
    bench --dataset run=run -o bench --dry-run
    generate run/recipe.lock.yaml -o again --dry-run
    generate tickets -n 8 -o run --quiet
"""


def _read_all(folder: Path) -> str:
    """Runs the commands in a process of their own; what was wrong with those that ended badly."""
    return apart(lambda note: "; ".join(_wrong(folder, note)), folder)


def _wrong(folder: Path, note: Callable[[str], None]) -> Iterator[str]:
    os.chdir(folder)
    bound_memory(MEMORY_MB)
    resource.setrlimit(resource.RLIMIT_CPU, (200, 200))
    shutil.copytree(_made[0], folder / "other")
    for words in COMMANDS.strip().splitlines():
        note(words.strip())
        if wrong := _one(words.replace("ID", _id_of(_made[0])).split()):
            yield f"{words.strip()}: {wrong}".replace("\n", " ")


def _one(command: list[str]) -> str:
    try:
        ended = ended_here(command)
    except BaseException as error:
        return f"raised {error!r}"[:200]
    if problem := ended.wrong(ALLOWED, MOST_CPU_S):
        return problem
    return forged_line(ended)


def _id_of(folder: Path) -> str:
    return str(json.loads((folder / "dataset.jsonl").read_text().splitlines()[0])["id"])


def _spoil(path: Path, draw: random.Random) -> str:
    """Replaces one value of a file, and makes its sums right again. Tells where and by what."""
    value = draw.choice(VALUES)
    if path.name == "calls.sqlite":
        return _spoil_reply(path, value, draw)
    if path.name == "recipe.lock.yaml":
        import yaml

        document = yaml.safe_load(path.read_text())
        where = _replace(document, value, draw)
        path.write_text(_text(document), "utf-8", "surrogatepass")
        return where
    if path.name == "run.json":
        document = json.loads(path.read_text())
        document.pop("crc")
        where = _replace(document, value, draw)
        with contextlib.suppress(ValueError, RecursionError, UnicodeError):
            document["crc"] = document_sum(document)
        path.write_text(_text(document), "utf-8", "surrogatepass")
        return where
    lines = path.read_bytes().splitlines(keepends=True)
    header = json.loads(lines[0]) if path.parent.name == "checkpoints" else {}
    seed = seed_of(header["fingerprint"]) if "fingerprint" in header else 0
    number = draw.randrange(len(lines))
    document = json.loads(lines[number])
    summed = isinstance(document, dict) and "crc" in document
    if summed:
        document.pop("crc")
    where = _replace(document, value, draw)
    raw = _text(document).encode("utf-8", "surrogatepass")
    lines[number] = sealed(raw, seed if number else 0) if summed else raw + b"\n"
    path.write_bytes(b"".join(lines))
    return f"line {number + 1}, {where}"


def _spoil_reply(path: Path, value: Any, draw: random.Random) -> str:
    connection = sqlite3.connect(path, isolation_level=None)
    key, stored = draw.choice(connection.execute("SELECT key, value FROM pairs ORDER BY key").fetchall())
    document = json.loads(unpack(key, stored))
    where = _replace(document, value, draw)
    raw = _text(document).encode("utf-8", "surrogatepass")
    connection.execute("UPDATE pairs SET value = ? WHERE key = ?", (pack(key, (raw,)), key))
    connection.close()
    return where


def _replace(document: Any, value: Any, draw: random.Random) -> str:
    """One place of a document, at any depth, holds the value; or a key is gone."""
    places = list(_places(document, ()))
    where = draw.choice(places)
    node = document
    for step in where[:-1]:
        node = node[step]
    if draw.random() < 0.1 and isinstance(node, dict):
        del node[where[-1]]
        return f"{'.'.join(map(str, where))} gone"
    node[where[-1]] = value
    return f"{'.'.join(map(str, where))} = {value!r:.60}"


def _places(node: Any, at: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for step, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*at, step)
        yield from _places(inner, (*at, step))


def _text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=True).replace(json.dumps(DEEP), "[" * 3_000 + "]" * 3_000)


_made: list[Path] = []


def prepared() -> Path:
    """A finished run, made once a process."""
    if not _made:
        place = Path(tempfile.mkdtemp(prefix="strangers-"))
        made = datagen("generate", "tickets", "-n", "6", "-o", place / "run", folder=place)
        assert made.code == 0, made.err
        _made.append(place / "run")
        read_commands()
        wrong = _read_all(place)  # as it was left, it is read well
        assert not wrong, wrong
    return _made[0]
