"""`sqlite3` on a program's own files: all that open a data base by the name of a file of ours share one in memory."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from datagen_cli.sandbox.files import Node

try:
    import sqlite3
except ImportError:  # a Python without
    sqlite3 = None  # type: ignore[assignment]
_numbers = itertools.count()
_system_connect: Any = getattr(sqlite3, "connect", None)


class Database(Node):
    """A file that SQLite keeps: read as the bytes that it would have, written through SQLite alone."""

    def __init__(self, data: bytes = b"") -> None:
        uri = f"file:/{next(_numbers)}?vfs=memdb"
        self._anchor = _system_connect(uri, uri=True, check_same_thread=False)  # it lasts as long as this one
        self._last = bytearray()
        if data:
            with contextlib.closing(_system_connect(":memory:")) as given:
                given.deserialize(data)
                given.backup(self._anchor)
        super().__init__(uri=uri)

    @property
    def data(self) -> bytearray:
        """A copy of the bytes; while a connection writes, those from before."""
        with contextlib.suppress(sqlite3.Error):
            self._last = bytearray(self._anchor.serialize())
        return self._last

    @data.setter
    def data(self, given: bytearray) -> None:
        """Refused: SQLite alone writes it."""


def connector(data_base: Callable[[str, bool], str | None]) -> Callable[..., sqlite3.Connection]:
    """`sqlite3.connect`, given what leads from a name, and whether a new file may be made, to an address.

    None stands for a name that is none of ours: the system's, which the walls refuse.
    """

    def connect(database: Any, *more: Any, uri: bool = False, **options: Any) -> sqlite3.Connection:
        name, new = database, True
        if uri and isinstance(database, str) and database.startswith("file:"):
            parts = urlsplit(database)
            name, new = unquote(parts.path), "mode=ro" not in parts.query and "mode=rw&" not in f"{parts.query}&"
            if "mode=memory" in parts.query:
                name = ""
        if name not in ("", b"", ":memory:") and not isinstance(name, int):
            try:
                address = data_base(name, new)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as problem:
                raise sqlite3.OperationalError("unable to open database file") from problem
            if address is not None:
                database, uri = address, True
        made: sqlite3.Connection = _system_connect(database, *more, uri=uri, **options)
        with contextlib.suppress(sqlite3.Error):
            sqlite3.Connection.execute(made, "pragma temp_store = memory")  # large sorts would go to a disk
        return made

    return connect


def install(data_base: Callable[[str, bool], str | None]) -> None:
    """Has programs find files of theirs through `sqlite3.connect`."""
    if sqlite3 is not None and sqlite3.sqlite_version_info >= (3, 36):  # the first that shares what it keeps in memory
        sqlite3.connect = sqlite3.dbapi2.connect = connector(data_base)  # type: ignore[assignment]
