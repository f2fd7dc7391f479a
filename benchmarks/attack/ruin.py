"""Folders ruined in other ways than by a flipped byte: files of other runs and stages, other codings, things that are no
files, what editors and synchronising leave, journals of other databases, and a disk that is full.

As in `damage`: the same command then ends in the bytes of an undisturbed run, or refuses with a reason, never in another
dataset and never in an unexpected error; and calls are paid again only where replies were lost.
"""

# ruff: noqa: E501

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.attack.attack import PATIENCE_S, Attack, Ended, datagen
from benchmarks.attack.damage import CACHE, COMMAND, goes_on, prepared

STATES = ("finished", "half done", "outputs gone")
FULL = 40
"""Runs on a disk that is full after so many bytes."""


def _other(run: Path, name: str, draw: random.Random, *words: str) -> None:
    """The file of the same name of another run."""
    place = _others(words)
    if (place / name).exists():
        shutil.copyfile(place / name, run / name)


_made: dict[tuple[str, ...], Path] = {}


def _others(words: tuple[str, ...]) -> Path:
    if words not in _made:
        folder = Path(tempfile.mkdtemp(prefix="ruin-"))
        made = datagen(*COMMAND, *words, "-o", folder / "run", "--quiet", folder=folder)
        assert made.code == 0, made.err
        _made[words] = folder / "run"
    return _made[words]


def _bytes(change: Callable[[bytes, random.Random], bytes]) -> Callable[[Path, str, random.Random], None]:
    def ruin(run: Path, name: str, draw: random.Random) -> None:
        (run / name).write_bytes(change((run / name).read_bytes(), draw))

    return ruin


def _shuffled(content: bytes, draw: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    draw.shuffle(lines)
    return b"".join(lines)


def _half_sign(content: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(content) + 1)
    return content[:place] + "€".encode()[:2]


def _doubled(content: bytes, draw: random.Random) -> bytes:
    """A line twice, once with another digit or letter, its sum as before."""
    lines = content.splitlines(keepends=True) or [b"\n"]
    place = draw.randrange(len(lines))
    line = bytearray(lines[place])
    if line:
        at = draw.randrange(len(line))
        line[at : at + 1] = b"7" if chr(line[at]).isdigit() else b"e"
    lines.insert(place + draw.randrange(2), bytes(line))
    return b"".join(lines)


def _of_stage(run: Path, name: str, draw: random.Random) -> None:
    """A line of another file in this one, or the whole file."""
    others = [path for path in run.rglob("*.jsonl") if path.name != Path(name).name]
    other = draw.choice(others).read_bytes().splitlines(keepends=True) or [b"\n"]
    lines = (run / name).read_bytes().splitlines(keepends=True)
    if draw.random() < 0.3:
        (run / name).write_bytes(b"".join(other))
        return
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(other))
    (run / name).write_bytes(b"".join(lines))


def _thing(make: Callable[[Path], object]) -> Callable[[Path, str, random.Random], None]:
    def ruin(run: Path, name: str, draw: random.Random) -> None:
        (run / name).unlink()
        make(run / name)

    return ruin


def _linked(run: Path, name: str, draw: random.Random) -> None:
    aside = run / f"{Path(name).name}.mine"
    (run / name).rename(aside)
    (run / name).symlink_to(aside)


def _swapped_files(run: Path, name: str, draw: random.Random) -> None:
    other = draw.choice([path for path in run.rglob("*") if path.is_file() and path != run / name])
    one, two = (run / name).read_bytes(), other.read_bytes()
    (run / name).write_bytes(two)
    other.write_bytes(one)


def _owned(run: Path, name: str, draw: random.Random) -> None:
    (run / name).chmod(0o400)
    if os.geteuid() == 0:
        os.chown(run / name, 65534, 65534)


def _dated(run: Path, name: str, draw: random.Random) -> None:
    for path in run.rglob("*"):
        moment = draw.choice((0, 1, 2**31, 4 * 10**9))
        os.utime(path, (moment, moment))


RUINS: dict[str, Callable[[Path, str, random.Random], None]] = {
    "line ends of Windows": _bytes(lambda content, draw: content.replace(b"\n", b"\r\n")),
    "a mark": _bytes(lambda content, draw: b"\xef\xbb\xbf" + content),
    "UTF-16": _bytes(lambda content, draw: content.decode("utf-8", "replace").encode("utf-16")),
    "half a sign": _bytes(_half_sign),
    "shuffled": _bytes(_shuffled),
    "sorted": _bytes(lambda content, draw: b"".join(sorted(content.splitlines(keepends=True)))),
    "doubled": _bytes(_doubled),
    "no header": _bytes(lambda content, draw: b"".join(content.splitlines(keepends=True)[1:])),
    "header alone": _bytes(lambda content, draw: b"".join(content.splitlines(keepends=True)[:1])),
    "twice": _bytes(lambda content, draw: content + content),
    "empty": _bytes(lambda content, draw: b""),
    "a line end": _bytes(lambda content, draw: b"\n"),
    "spaces": _bytes(lambda content, draw: b" " * len(content)),
    "no last line end": _bytes(lambda content, draw: content.rstrip(b"\n")),
    "zeros behind": _bytes(lambda content, draw: content + bytes(4096)),
    "zeros before": _bytes(lambda content, draw: bytes(4096) + content),
    "noise": _bytes(lambda content, draw: draw.randbytes(len(content))),
    "noise behind": _bytes(lambda content, draw: content + draw.randbytes(300)),
    "a long line": _bytes(lambda content, draw: content + b'{"unit":"000001.1","from":"' + b"x" * 3_000_000 + b'"}\n'),
    "in capitals": _bytes(lambda content, draw: content.upper()),
    "line separators": _bytes(lambda content, draw: content.replace(b"\n", "\u2028".encode())),
    "spaced": _bytes(lambda content, draw: content.replace(b":", b": ")),
    "a conflict": _bytes(
        lambda content, draw: (
            b"<<<<<<< mine\n" + content + b"=======\n" + content[: len(content) // 2] + b"\n>>>>>>> theirs\n"
        )
    ),
    "of another stage": _of_stage,
    "of another seed": partial(_other, draw=random.Random(0)),
    "of a larger run": partial(_other, draw=random.Random(0)),
    "a folder": _thing(Path.mkdir),
    "a full folder": _thing(lambda path: (path / "x" / "y").mkdir(parents=True)),
    "a pipe": _thing(os.mkfifo),
    "a link to its own": _linked,
    "a link to nothing": _thing(lambda path: path.symlink_to("gone")),
    "gone": _thing(lambda path: None),
    "exchanged": _swapped_files,
    "of nobody": _owned,
    "other times": _dated,
}
RUINS["of another seed"] = lambda run, name, draw: _other(run, name, draw, "--seed", "5")
RUINS["of a larger run"] = lambda run, name, draw: _other(run, name, draw, "-n", "30")


def _beside(end: str, content: Callable[[Path, random.Random], bytes]) -> Callable[[Path, random.Random], None]:
    def ruin(run: Path, draw: random.Random) -> None:
        (run / f"{CACHE}{end}").write_bytes(content(run, draw))

    return ruin


def _statement(*words: str) -> Callable[[Path, random.Random], None]:
    def ruin(run: Path, draw: random.Random) -> None:
        connection = sqlite3.connect(run / CACHE, isolation_level=None)
        for word in words:
            connection.execute(word)
        connection.close()

    return ruin


def _wal_of(run: Path, draw: random.Random) -> bytes:
    """A log with changes of another database."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x"
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        connection.executemany("INSERT INTO pairs VALUES (?, ?)", [(str(n), b"x" * 500) for n in range(200)])
        content = Path(f"{file}-wal").read_bytes()
        connection.close()
    return content


def _circle(run: Path, draw: random.Random) -> bytes:
    """A log without salts, whose rows are endless: the page that they go on in names itself."""
    row = bytes([0xA0, 0x80, 0x80, 0x80, 0x80, 0, 1])
    places = b"".join((2000 + number).to_bytes(2, "big") for number in range(0, 700, 7))
    page = bytes([0x0D, 0, 0, 0, 100, 0, 0, 0]) + places
    page = page + bytes(2000 - len(page)) + 100 * row
    return bytes(32) + 20 * (bytes(24) + page + bytes(4096 - len(page)) + bytes(24 + 4096))


def _hot(run: Path, draw: random.Random) -> bytes:
    """A rollback journal that was left by a process which died."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x"
        for end in ("", "-wal"):
            if (run / f"{CACHE}{end}").exists():
                shutil.copyfile(run / f"{CACHE}{end}", f"{file}{end}")
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA cache_size=1")
        connection.execute("DELETE FROM pairs")
        left = Path(f"{file}-journal")
        content = left.read_bytes() if left.exists() else b""
        connection.close()
    return content


CACHES: dict[str, tuple[Callable[[Path, random.Random], None], bool]] = {
    "a log of another database": (_beside("-wal", _wal_of), True),
    "a log of noise": (_beside("-wal", lambda run, draw: draw.randbytes(9000)), True),
    "a log in a circle": (_beside("-wal", _circle), True),
    "a log of zeros": (_beside("-wal", lambda run, draw: bytes(1 << 21)), True),
    "an index of noise": (_beside("-shm", lambda run, draw: draw.randbytes(32768)), False),
    "a hot journal": (_beside("-journal", _hot), True),
    "a journal of noise": (_beside("-journal", lambda run, draw: draw.randbytes(9000)), False),
    "vacuumed": (_statement("PRAGMA journal_mode=DELETE", "PRAGMA page_size=1024", "VACUUM"), False),
    "another mode": (_statement("PRAGMA journal_mode=DELETE"), False),
    "another table": (_statement("ALTER TABLE pairs RENAME TO others"), True),
    "no table": (_statement("DROP TABLE pairs"), True),
    "another column": (_statement("ALTER TABLE pairs RENAME COLUMN value TO v"), True),
    "a trigger": (_statement("CREATE TRIGGER t AFTER INSERT ON pairs BEGIN DELETE FROM pairs; END"), True),
    "an index": (_statement("CREATE INDEX i ON pairs (value)"), False),
    "more columns": (_statement("ALTER TABLE pairs ADD COLUMN x"), False),
    "values of nothing": (_statement("UPDATE pairs SET value = x''"), True),
    "values as texts": (_statement("UPDATE pairs SET value = 'text'"), True),
    "exchanged values": (
        _statement(
            "UPDATE pairs SET value = (SELECT p.value FROM pairs p WHERE p.key > pairs.key ORDER BY p.key LIMIT 1) WHERE key < (SELECT max(key) FROM pairs)"
        ),
        True,
    ),
    "a user version": (_statement("PRAGMA user_version=99", "PRAGMA application_id=7"), False),
    "a database of UTF-16": (lambda run, draw: _utf16(run), True),
}


def _utf16(run: Path) -> None:
    (run / CACHE).unlink()
    connection = sqlite3.connect(run / CACHE, isolation_level=None)
    connection.execute("PRAGMA encoding='UTF-16'")
    connection.execute("CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
    connection.close()


def attacks() -> list[Attack]:
    """Every ruin of some files of each state, every one of the call cache, and full disks."""
    found = []
    for at, state in enumerate(STATES):
        for number, how in enumerate(RUINS):
            for more in range(2):
                found.append(Attack(f"{state}: {how} {more}", partial(ruined, state, how, 7 * number + 5 * more + at)))
        for how in CACHES:
            found.append(Attack(f"{state}: the cache: {how}", partial(cached, state, how)))
    return found + [Attack(f"a disk that is full {number}", partial(full, number)) for number in range(FULL)]


def ruined(state: str, how: str, number: int, folder: Path) -> str:
    """Ruins a file of a copy and runs the command again."""
    before = prepared(state)
    run = folder / "run"
    shutil.copytree(before.folder, run)
    names = sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file() and path.name != ".lock")
    name = names[number % len(names)]
    RUINS[how](run, name, random.Random(f"{state} {how} {number}"))
    lost = name.startswith(CACHE) or how == "exchanged"
    return goes_on(state, run, f"{how}: {name}", before.whole if lost else 0, folder)


def cached(state: str, how: str, folder: Path) -> str:
    """Ruins the call cache of a copy and runs the command again; also with its checkpoints gone."""
    before = prepared(state)
    ruin, loses = CACHES[how]
    for gone in (False, True):
        run = folder / f"run-{gone}"
        shutil.copytree(before.folder, run)
        ruin(run, random.Random(how))
        if gone:
            shutil.rmtree(run / "checkpoints")
        if wrong := goes_on(state, run, f"{how}{', checkpoints gone' * gone}", before.whole if loses else 0, folder):
            return wrong
    return ""


def full(number: int, folder: Path) -> str:
    """A run whose files may grow to so many bytes, and the same command again with room."""
    before = prepared("finished")
    most = (
        random.Random(f"full {number}").choice((0, 1, 60, 70, 200))
        if number < 5
        else random.Random(f"full {number}").randrange(9, 40_000)
    )

    def bounded() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    run = folder / "run"
    words = [sys.executable, "-m", "datagen_cli", *COMMAND, "-o", str(run), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, preexec_fn=bounded, check=False)
    ended = Ended(done.returncode, done.stdout, done.stderr)
    if problem := ended.wrong(frozenset({0, 2, 3, 5})):
        return f"files of {most} bytes: {problem}"
    if ended.code == 0:
        return ""
    if not ended.err.strip():
        return f"files of {most} bytes: exit code {ended.code} without a word"
    wrong = datagen(*COMMAND, "-o", run, "--json", folder=folder)
    if problem := wrong.wrong(frozenset({0})):
        return f"files of {most} bytes, then more: {problem}"
    if any((run / output).read_bytes() != bytes_ for output, bytes_ in before.expected.items()):
        return f"files of {most} bytes, then more: another dataset"
    return ""
