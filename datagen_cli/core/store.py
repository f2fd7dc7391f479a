"""A file that maps keys to bytes and survives the death of its process at any instruction: SQLite.

`put` returns after the commit. It commits at once, in some 25 µs and without letting the event loop turn, so that a
caller who holds a place until then loses nothing by it. Where that cannot be (another process writes, the file is
damaged or full) a writer thread takes over: all puts of one tick, and all that arrive while a commit is under way, are
one transaction. Not durable against loss of power (`synchronous=OFF`): the system holds the
pages, and what is stored can be had again.

Every value carries a checksum. A damaged value is as good as none; a damaged file moves aside, and what can be read of
it goes into the new one.
"""

from __future__ import annotations

import asyncio
import errno
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from datagen_cli.core.aside import mark_read, move_aside, unread
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.recover import pairs_in_log, readable_pairs
from datagen_cli.core.stored import (
    TABLE,
    broken,
    is_whole,
    pack,
    refuse_foreign,
    refuse_journal,
    refuse_long_log,
    unpack,
)
from datagen_cli.core.system import in_the_way, open_own

BUSY_S = 10.0
"""Another process is waited for once so long; what comes after that fails at once, until something can be written."""
MOST_ROWS = 256
LONGEST_PATH = 500
"""SQLite opens no longer one, with what it adds to a name."""
CHECKED_BYTES = 256 * 1024 * 1024
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SELECT = "SELECT value FROM pairs WHERE key = ?"
_Put = tuple[str, tuple[bytes, ...], "asyncio.Future[None]"]


class Store:
    """Keys (text) to values (bytes) in one SQLite file of mode 0600, which other processes may use at the same time.

    `on_broken(aside, kept)` is told when the file turned out to be no database, or a damaged one: it was renamed to
    `<name>.broken-N`, and `kept` values of it are in a new one in its place; it may be called from the writer thread.
    `check` looks at the whole file first, unless it is large. `damaged` counts values that were asked for and found
    damaged. Raises `UsageError` when the file cannot be opened or written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        check: bool = False,
        on_broken: Callable[[Path, int], None] | None = None,
    ) -> None:
        self.path = Path(path)
        self.damaged = 0
        self._check = check
        self._on_broken = on_broken
        self._lock = threading.Lock()  # of the two connections; taken after `_writing`
        self._writing = threading.RLock()
        self._pending: list[_Put] = []
        self._batches: queue.SimpleQueue[list[_Put] | None] = queue.SimpleQueue()
        self._closed = False
        self._busy_s = BUSY_S
        self._thread: threading.Thread | None = None
        self._open_both()

    async def put(self, key: str, value: bytes | tuple[bytes, ...]) -> None:
        """Stores a value (or the parts of one) and returns once it is committed; an earlier value is replaced."""
        if self._closed:
            raise UsageError(f"{self.path}: is closed")
        parts = value if isinstance(value, tuple) else (value,)
        waiting = self._pending or not self._batches.empty()
        if not waiting and self._commit_at_once(key, parts):
            return
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        if not self._pending:
            loop.call_soon(self._flush)
        self._pending.append((key, parts, done))
        await done

    def put_all(self, values: Mapping[str, bytes]) -> None:
        """Stores several values at once, and returns once they are committed: for whoever has no event loop."""
        with self._writing:
            error = self._commit((key, (value,)) for key, value in values.items())
        if error is not None:
            raise error

    def get(self, key: str) -> bytes | None:
        """The committed value of a key, or None."""
        for _ in range(2):
            try:
                with self._lock:
                    seen = self._inode
                    row = self._near.execute(_SELECT, (key,)).fetchone()
                return None if row is None else unpack(key, row[0])
            except sqlite3.DatabaseError as error:
                if _code(error) == sqlite3.SQLITE_BUSY:
                    return self._get_patiently(key)
                if not _is_broken(error):
                    raise _read_error(self.path, error) from error
                self._start_over(seen)
            except ValueError:
                self.damaged += 1
                return None
        return None

    def close(self) -> None:
        """Commits what is on its way and closes the file; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self._flush()
        if self._thread is not None:
            self._batches.put(None)
            self._thread.join()
        with self._lock, suppress(sqlite3.Error):
            self._near.close()
            self._writer.close()

    def _commit_at_once(self, key: str, parts: tuple[bytes, ...]) -> bool:
        """Commits one pair now; False when the writer thread has to."""
        if not self._writing.acquire(blocking=False):
            return False
        try:
            with self._lock:
                self._near.execute(_ONE_ROW, (key, pack(key, parts)))
            return True
        except sqlite3.Error:
            return False
        finally:
            self._writing.release()

    def _get_patiently(self, key: str) -> bytes | None:
        """`get` while another process holds the file to itself."""
        try:
            with self._writing:
                row = self._writer.execute(_SELECT, (key,)).fetchone()
        except sqlite3.Error as error:
            raise _read_error(self.path, error) from error
        return None if row is None else unpack(key, row[0])

    def _flush(self) -> None:
        batch, self._pending = self._pending, []
        if not batch:
            return
        self._batches.put(batch)
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name=f"store {self.path.name}", daemon=True)
            self._thread.start()

    def _write_all(self) -> None:
        """The writer thread: takes all that waits, commits it as one, tells the loops."""
        ended = False
        while not ended:
            waiting = [self._batches.get()]
            while not self._batches.empty():
                waiting.append(self._batches.get())
            ended = None in waiting
            puts = [put for batch in waiting if batch for put in batch]
            if puts:
                with self._writing:
                    error = self._commit((key, parts) for key, parts, _ in puts)
                _tell(puts, error)

    def _commit(self, pairs: Iterable[tuple[str, tuple[bytes, ...]]]) -> Exception | None:
        rows = [one for key, parts in pairs for one in (key, pack(key, parts))]
        for last_try in (False, True):
            seen = self._inode
            try:
                _insert(self._writer, rows)
                self._wait(BUSY_S)
                return None
            except sqlite3.Error as error:
                with suppress(sqlite3.Error):
                    self._writer.rollback()
                if _code(error) in _BUSY:
                    self._wait(0.0)
                if last_try or not _is_broken(error):
                    return _write_error(self.path, error)
            try:
                self._start_over(seen)
            except UsageError as error:
                return error
        return None

    def _wait(self, busy_s: float) -> None:
        """From now on the writer waits so long for other processes."""
        if busy_s != self._busy_s:
            self._busy_s = busy_s
            self._writer.execute(f"PRAGMA busy_timeout={round(1000 * busy_s)}")

    def _open_both(self) -> None:
        """Opens the file, and puts into it what can be read of a log that a killed process left, and of damaged files
        that were moved aside, also by a process that was killed while it read them."""
        refuse_long_log(self.path)
        left = pairs_in_log(self.path, is_whole)
        for last_try in (False, True):
            try:
                self._connect_both()
                break
            except (sqlite3.Error, OSError) as error:
                if last_try or not _is_broken(error):
                    raise _write_error(self.path, error) from error
                self._move_aside()
        self._add(left)
        for aside in unread(self.path):
            kept = self._add(readable_pairs(aside, is_whole))
            aside = mark_read(aside)
            if self._on_broken is not None:
                self._on_broken(aside, kept)

    def _connect_both(self) -> None:
        self._writer = _patiently(lambda: _connect(self.path, BUSY_S, create=True))
        try:
            if self._check and os.stat(self.path).st_size <= CHECKED_BYTES:
                self._check = False
                if self._writer.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                    raise broken("pages are damaged")
            self._near = _patiently(lambda: _connect(self.path, BUSY_S))
        except sqlite3.Error:
            self._writer.close()
            raise
        self._near.execute("PRAGMA busy_timeout=0")
        self._busy_s = BUSY_S
        self._inode = os.stat(self.path).st_ino

    def _add(self, pairs: Iterable[tuple[str, bytes]]) -> int:
        """Stores, as they are, those that are not there yet, or damaged. Returns how many."""
        added = 0
        for key, value in pairs:
            try:
                row = self._writer.execute(_SELECT, (key,)).fetchone()
                if row is None or not is_whole(key, row[0]):
                    self._writer.execute(_ONE_ROW, (key, value))
                    added += 1
            except sqlite3.Error as error:
                if not _is_broken(error):  # full, or held by another process: so would the next one be
                    raise _write_error(self.path, error) from error
        return added

    def _start_over(self, inode: int) -> None:
        """Replaces a broken file by a new one, unless the other thread has done so already."""
        with self._writing, self._lock:
            if self._inode != inode:
                return
            with suppress(sqlite3.Error):
                self._near.close()
                self._writer.close()
            if self.path.exists() and os.stat(self.path).st_ino == inode:
                self._move_aside()
            self._open_both()

    def _move_aside(self) -> None:
        try:
            move_aside(self.path)
        except OSError as error:
            raise _write_error(self.path, error) from error


def _patiently(connect: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
    """A connection, tried again while another process makes the file: SQLite does not wait for a change of the
    journal's mode."""
    give_up = time.monotonic() + BUSY_S
    while True:
        try:
            return connect()
        except sqlite3.OperationalError as error:
            if _code(error) not in _BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _connect(path: Path, busy_s: float, *, create: bool = False) -> sqlite3.Connection:
    if create:
        for tail in ("-wal", "-shm", "-journal"):
            if in_the_way(f"{path}{tail}", own=True):
                raise OSError(errno.ELOOP, "a link is in the way", f"{path}{tail}")
        refuse_journal(Path(f"{path}-journal"))
        descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
        with suppress(OSError):  # a file of another user's, which may be shared
            os.fchmod(descriptor, 0o600)
        os.close(descriptor)
    connection = sqlite3.connect(
        path, timeout=busy_s, isolation_level=None, check_same_thread=False, cached_statements=MOST_ROWS + 8
    )
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        refuse_foreign(connection, path)
        _refuse_other(connection, path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        if create:
            connection.execute(TABLE.replace("TABLE", "TABLE IF NOT EXISTS"))
        connection.execute("SELECT value FROM pairs LIMIT 1").fetchone()
    except (sqlite3.Error, OSError, UsageError):
        connection.close()
        raise
    return connection


def _refuse_other(connection: sqlite3.Connection, path: Path) -> None:
    """Raises `OSError` where SQLite went through a link that was put in the file's place after we had looked, or the
    file has a second name: nothing is written yet. SQLite opens the name that it says here without following links."""
    opened: bytes = connection.execute("SELECT CAST(file AS BLOB) FROM pragma_database_list").fetchone()[0]
    real = os.path.join(os.path.realpath(path.parent), path.name)
    if (os.name == "posix" and opened != os.fsencode(real)) or in_the_way(path, own=True):
        raise OSError(errno.ELOOP, "a link is in the way", str(path))


def _insert(connection: sqlite3.Connection, rows: list[str | bytes]) -> None:
    """One transaction. One statement holds up to 256 rows: the lock of the interpreter is handed over once for all."""
    step = 2 * MOST_ROWS
    if len(rows) <= step:
        connection.execute(_statement(len(rows) // 2), rows)
        return
    connection.execute("BEGIN IMMEDIATE")
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        connection.execute(_statement(len(part) // 2), part)
    connection.execute("COMMIT")


def _statement(rows: int) -> str:
    return "INSERT OR REPLACE INTO pairs VALUES " + ",".join(["(?,?)"] * rows)


_ONE_ROW = _statement(1)


def _tell(puts: Iterable[_Put], error: Exception | None) -> None:
    """Wakes the tasks that wait for a commit, each on its own loop; a loop that is gone needs no telling."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for _, _, done in puts:
        by_loop.setdefault(done.get_loop(), []).append(done)
    for loop, waiting in by_loop.items():
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, waiting, error)


def _resolve(waiting: list[asyncio.Future[None]], error: Exception | None) -> None:
    for done in waiting:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _read_error(path: Path, error: sqlite3.Error) -> UsageError:
    if _code(error) in _BUSY:
        return _write_error(path, error)
    return UsageError(
        f"{path}: cannot be read: {error}", hint="does something else change it? run the same command again"
    )


def _is_broken(error: BaseException) -> bool:
    return isinstance(error, sqlite3.DatabaseError) and _code(error) in _BROKEN


def _code(error: BaseException) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _write_error(path: Path, error: BaseException) -> UsageError:
    if len(os.fsencode(path.absolute())) > LONGEST_PATH:
        hint = f"name a folder with a path of at most {LONGEST_PATH - 30} bytes"
        return UsageError(f"{path}: the path is too long for SQLite", hint=hint)
    if _code(error) in _BUSY:
        hint = "end what has it open (another program, a run that was stopped), and run the same command again"
        return UsageError(f"held by another process for over {BUSY_S:g} s", hint=hint, place=Place(str(path)))
    return UsageError(
        f"{path}: cannot be written: {error}",
        hint="is the disk full, or the folder not writable? nothing stored is lost",
    )
