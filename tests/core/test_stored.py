"""A store that is only looked into: its clock counts a query, not the time that the file has been open."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.core import stored
from datagen_cli.core.store import Store
from datagen_cli.core.stored import StoredPairs


async def _filled(path: Path) -> None:
    store = Store(path)
    for number in range(3):
        await store.put(f"key{number}", b"value")
    store.close()


async def test_a_file_that_has_been_open_for_long_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _filled(tmp_path / "calls.sqlite")
    now = [0.0]
    monkeypatch.setattr("datagen_cli.core.stored.time.monotonic", lambda: now[0])
    monkeypatch.setattr(stored, "STEPS", 1)  # looks at the clock at every step
    pairs = StoredPairs(tmp_path / "calls.sqlite")
    now[0] = 1000.0
    assert [pairs.get(f"key{number}") for number in range(3)] == [b"value"] * 3
    pairs.close()


async def test_a_query_that_takes_too_long_gives_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await _filled(tmp_path / "calls.sqlite")
    pairs = StoredPairs(tmp_path / "calls.sqlite")
    pairs._connection.set_progress_handler(lambda: True, 1)
    assert pairs.get("key0") is None
    pairs.close()
