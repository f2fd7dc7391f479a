"""A store read without a trace: nothing is written, created, renamed or locked, whoever the file came from.

`why` and other reading commands use it. A file that may be anybody's is opened as SQLite's immutable database; where a
run was killed and left a write-ahead log, database and log are copied into a folder of the system's and read there.
What a value may take is bounded, and so is the time of a query.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zlib import crc32

from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.files import open_regular
from datagen_cli.core.system import in_the_way, read_own

TABLE = "CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB NOT NULL)"
UNSUMMED, SUMMED = b"\x00", b"\x02"
FEW = 8
MOST_BYTES = 1 << 28
MOST_LOG, MOST_COPIED = 1 << 30, 1 << 33
"""Bytes of a log, and of what is copied to be read. SQLite keeps a log at some megabytes, or one transaction."""
JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""A rollback journal begins with it; one that names another file ends with it, too."""
QUERY_S = 5.0
STEPS = 100_000  # of SQLite's machine between two looks at the clock


class StoredPairs:
    """The pairs of a store's file. Raises `UsageError` for a file that no store made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._until = time.monotonic() + QUERY_S
        files = [Path(f"{path}{tail}") for tail in ("", "-wal")]
        if any(map(in_the_way, files)):
            raise UsageError("not a plain file", hint="it was made by no run", place=Place(str(path)))
        refuse_long_log(path)
        if files[1].exists() and files[1].stat().st_size:
            if sum(file.stat().st_size for file in files) > MOST_COPIED:
                hint = "go on with the run: its next call takes the log into the file"
                raise UsageError(f"over {MOST_COPIED >> 30} GB with its log", hint=hint, place=Place(str(path)))
            self._copy = tempfile.TemporaryDirectory()
            for file in files:
                with open_regular(file) as content, open(Path(self._copy.name) / file.name, "xb") as copy:
                    shutil.copyfileobj(content, copy)
            path = Path(self._copy.name) / path.name
        mode = "mode=rw" if self._copy else "mode=ro&immutable=1"
        self._connection = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, check_same_thread=False)
        try:
            guard(self._connection, lambda: time.monotonic() > self._until)
            refuse_foreign(self._connection, self.path)
            if self._copy and os.name == "posix":
                self._copy.cleanup()  # both files are open, and need no name: whatever ends this process leaves nothing
        except sqlite3.Error:
            pass  # damaged: every `get` says None
        except UsageError:
            self.close()
            raise

    def get(self, key: str) -> bytes | None:
        """The value of a key, or None; None, too, where it cannot be read."""
        self._until = time.monotonic() + QUERY_S
        try:
            row = self._connection.execute("SELECT value FROM pairs WHERE key = ?", (key,)).fetchone()
            return None if row is None else unpack(key, row[0])
        except (sqlite3.Error, ValueError, TypeError):
            return None

    def close(self) -> None:
        """Closes the file; may be called twice."""
        with suppress(sqlite3.Error):
            self._connection.close()
        if self._copy is not None:
            self._copy.cleanup()


def guard(connection: sqlite3.Connection, expired: Callable[[], bool]) -> None:
    """Bounds what one value takes, and ends a query once its time has `expired`; the schema's own functions do
    nothing."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.set_progress_handler(expired, STEPS)


def refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Raises `UsageError` unless the database is empty or holds our table and nothing else: no view, no trigger; and
    `DatabaseError` where that table's definition is damaged."""
    found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL LIMIT 2").fetchall()
    if found and found != [(TABLE,)]:
        if len(found) == 1 and _is_damaged(found[0][0]):
            raise broken("its table's definition is damaged")
        raise UsageError(
            "this database was made by another program",
            hint="name a new file with --cache, or move this one away",
            place=Place(str(path)),
        )


def refuse_long_log(path: Path) -> None:
    """Raises `UsageError` for a file whose log no store wrote: a file of many GB without content takes no space, and
    hours to read."""
    log = Path(f"{path}-wal")
    with suppress(OSError):
        if log.stat().st_size > MOST_LOG:
            hint = "no run made it: move it away, with the database beside it"
            raise UsageError(f"larger than {MOST_LOG >> 30} GB", hint=hint, place=Place(str(log)))


def refuse_journal(journal: Path) -> None:
    """Raises `UsageError` for a rollback journal that ends in the name of a file: SQLite deletes that file, wherever it
    is, once it has rolled back (https://www.sqlite.org/fileformat2.html, "super-journal"). A store writes no such
    name, which belongs to transactions over several databases."""
    with suppress(FileNotFoundError), read_own(journal) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - len(JOURNAL_MAGIC)))
        if file.read() == JOURNAL_MAGIC:
            raise UsageError(
                "names another file, which SQLite would delete",
                hint="no run made it: move it away, with the database beside it",
                place=Place(str(journal)),
            )


def _is_damaged(definition: Any) -> bool:
    """Whether a definition is ours but for some characters."""
    if not isinstance(definition, str) or len(definition) != len(TABLE):
        return False
    return sum(one != other for one, other in zip(definition, TABLE, strict=True)) <= FEW


def broken(what: str) -> sqlite3.DatabaseError:
    """The error that SQLite raises for a damaged file."""
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def pack(key: str, parts: tuple[bytes, ...]) -> bytes:
    """A value as it is stored: how, its checksum, which starts from the key, and the value."""
    total = crc32(key.encode())
    for part in parts:
        total = crc32(part, total)
    return b"".join((SUMMED, total.to_bytes(4, "big"), *parts))


def is_whole(key: str, value: bytes) -> bool:
    """Whether a stored value carries the checksum that belongs to it and its key."""
    return value[:1] == SUMMED and crc32(value[5:], crc32(key.encode())).to_bytes(4, "big") == value[1:5]


def unpack(key: str, value: bytes) -> bytes:
    """The value that was packed. Raises `ValueError` for one that is damaged. Those of older versions carry no
    checksum."""
    if value[:1] == UNSUMMED:
        return value[1:]
    if not is_whole(key, value):
        raise ValueError("damaged")
    return value[5:]
