"""A rollback journal beside a store: what a killed process left is rolled back, one that names a file is refused."""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path

import pytest

from datagen_cli.core.errors import UsageError
from datagen_cli.core.store import JOURNAL_MAGIC, Store


def journal_of(victim: Path) -> bytes:
    """A rollback journal without a page that ends in a name, as SQLite writes it for several databases at once."""
    name = bytes(victim)
    head = JOURNAL_MAGIC + struct.pack(">5I", 0, 1, 3, 512, 4096)
    return (
        head.ljust(512, b"\0")
        + struct.pack(">I", 262_145)
        + name
        + struct.pack(">2I", len(name), sum(name))
        + JOURNAL_MAGIC
    )


async def test_a_journal_that_names_a_file_elsewhere_deletes_nothing(tmp_path: Path) -> None:
    path, victim, journal = tmp_path / "a.sqlite", tmp_path / "victim", tmp_path / "a.sqlite-journal"
    store = Store(path)
    await store.put("k", b"v")
    store.close()
    victim.write_text("precious")
    journal.write_bytes(journal_of(victim))
    with pytest.raises(UsageError, match="names another file"):
        Store(path)
    assert victim.exists()
    sqlite3.connect(path).execute("SELECT key FROM pairs").fetchall()  # what SQLite does by itself
    assert not victim.exists()


async def test_a_journal_that_a_killed_process_left_is_rolled_back(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    store = Store(path)
    await store.put("k", b"v")
    store.close()
    (tmp_path / "a.sqlite-journal").write_bytes(journal_of(tmp_path)[:512])
    store = Store(path)
    assert store.get("k") == b"v"
    store.close()
