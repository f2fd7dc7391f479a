"""A journal or a log beside a store: what a killed process left is taken in, what no store wrote is refused."""

from __future__ import annotations

import os
import sqlite3
import struct
from pathlib import Path

import pytest

from datagen_cli.core.errors import DataError, UsageError
from datagen_cli.core.files import open_regular
from datagen_cli.core.store import Store
from datagen_cli.core.stored import JOURNAL_MAGIC, StoredPairs


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


@pytest.mark.parametrize("reader", [Store, StoredPairs])
async def test_a_log_of_many_gigabytes_of_nothing_is_refused(
    tmp_path: Path, reader: type[Store] | type[StoredPairs]
) -> None:
    path = tmp_path / "a.sqlite"
    Store(path).close()
    with open(f"{path}-wal", "wb") as log:
        log.truncate(1 << 36)
    with pytest.raises(UsageError, match="larger than 1 GB"):
        reader(path)


async def test_a_store_that_is_too_large_to_be_copied_is_not_read_beside_its_log(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    Store(path).close()
    with open(path, "r+b") as file, open(f"{path}-wal", "wb") as log:
        file.truncate(1 << 36)
        log.truncate(100)
    with pytest.raises(UsageError, match="over 8 GB"):
        StoredPairs(path)


@pytest.mark.skipif(not hasattr(os, "SEEK_HOLE"), reason="this system says nothing about holes")
def test_a_file_of_many_gigabytes_of_nothing_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "dataset.jsonl"
    with open(path, "wb") as file:
        for place in (0, 1 << 29, 1 << 40):
            file.seek(place)
            file.write(b"a line\n")
    with pytest.raises(DataError, match="hollow"):
        open_regular(path)
    os.truncate(path, (1 << 29) + 7)
    with open_regular(path) as content:
        assert content.read(7) == b"a line\n"
