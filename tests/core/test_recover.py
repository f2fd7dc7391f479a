"""Pairs out of damaged files: what cannot be rows takes neither time nor memory."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core import recover
from datagen_cli.core import store as module
from datagen_cli.core.digest import rng
from datagen_cli.core.errors import UsageError
from datagen_cli.core.recover import PAGE, pairs_in_log, readable_pairs
from datagen_cli.core.store import Store
from datagen_cli.core.stored import is_whole, pack

MOST_READ = 20_000


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pages that are looked up by number. More than `MOST_READ` are an error."""
    seen: list[int] = []
    look_up = recover._Pages.numbered

    def counted(self: recover._Pages, number: int, shift: int) -> bytes:
        seen.append(number)
        assert len(seen) <= MOST_READ, "pages are read without end"
        return look_up(self, number, shift)

    monkeypatch.setattr(recover._Pages, "numbered", counted)
    return seen


def varint(value: int) -> bytes:
    """SQLite's number, below 2**56."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))


def leaf(cells: int, length: int, following: int) -> bytes:
    """A page with rows of so many bytes that go on in a page."""
    page = bytearray(PAGE)
    page[0] = 0x0D
    page[3:5] = cells.to_bytes(2, "big")
    for number in range(cells):
        place = 1000 + 2 * number
        page[8 + 2 * number : 10 + 2 * number] = place.to_bytes(2, "big")
    cell = varint(length) + b"\x01"
    page[1000 : 1000 + len(cell) * cells] = cell * cells
    for place in range(1000 + len(cell) * cells, PAGE - 3, 4):
        page[place : place + 4] = following.to_bytes(4, "big")
    return bytes(page)


@pytest.mark.parametrize("length", [5000, 100_000, 1 << 40])
@pytest.mark.parametrize("cells", [1, 60])
def test_a_chain_of_pages_that_goes_in_a_circle_ends(cells: int, length: int, looks: list[int], tmp_path: Path) -> None:
    circle = (2).to_bytes(4, "big") * (PAGE // 4)
    (tmp_path / "a").write_bytes(leaf(cells, length, 2) + circle + bytes(200_000))
    assert list(readable_pairs(tmp_path / "a", is_whole)) == []
    assert len(looks) <= 2 * cells


def test_a_log_with_zeros_for_its_salts_is_read_once_and_not_at_every_zero(looks: list[int], tmp_path: Path) -> None:
    frame = bytes(24) + leaf(30, 1 << 40, 0)
    (tmp_path / "a-wal").write_bytes(bytes(32) + 20 * (frame + bytes(24 + PAGE)))
    assert pairs_in_log(tmp_path / "a", is_whole) == []


def test_long_chains_that_many_rows_share_are_not_followed_for_each(looks: list[int], tmp_path: Path) -> None:
    chain = b"".join((number + 3).to_bytes(4, "big") * (PAGE // 4) for number in range(400))
    (tmp_path / "a").write_bytes(leaf(60, 1_000_000, 2) + chain)
    assert list(readable_pairs(tmp_path / "a", is_whole)) == []
    assert 240 <= len(looks) <= 2500


def test_a_page_that_names_one_place_for_all_its_rows_is_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    take = recover._cell
    monkeypatch.setattr(recover, "_cell", lambda *words: taken.append(1) or take(*words))
    value = pack("k", (b"value",))
    row = bytes([3, 15, 12 + 2 * len(value)]) + b"k" + value
    cell = bytes([len(row), 1]) + row
    page = bytes([0x0D, 0, 0, 3, 232, 0, 0, 0]) + 1000 * (3000).to_bytes(2, "big")
    (tmp_path / "a").write_bytes((page + bytes(PAGE))[:3000] + (cell + bytes(PAGE))[: PAGE - 3000])
    assert list(readable_pairs(tmp_path / "a", is_whole)) == [("k", value)]
    assert len(taken) == 2


@pytest.mark.parametrize("size", [3, 300, 30_000, 300_000])
def test_every_whole_row_of_a_log_is_found_however_long_its_value(size: int, tmp_path: Path) -> None:
    draw = rng("long", size)
    values = {f"{number:032x}": draw.randbytes(size + number) for number in range(40)}

    async def fill() -> None:
        store = Store(tmp_path / "a.sqlite")
        for key, value in values.items():
            await store.put(key, value)

    child = os.fork()
    if child == 0:
        asyncio.run(fill())
        os._exit(0)
    os.waitpid(child, 0)
    found = dict(readable_pairs(tmp_path / "a.sqlite", is_whole))
    assert {key: value[5:] for key, value in found.items()} == values


async def filled(path: Path) -> dict[str, bytes]:
    """A store of some values, closed, and its pages damaged in one place."""
    draw = rng("store", 2)
    values = {f"{number:032x}": draw.randbytes(draw.randrange(3000)) for number in range(60)}
    store = Store(path)
    for key, value in values.items():
        await store.put(key, value)
    store.close()
    path.write_bytes(b"\x00" * 100 + path.read_bytes()[100:])
    return values


def kept(path: Path, values: dict[str, bytes]) -> int:
    store = Store(path)
    try:
        return sum(store.get(key) == value for key, value in values.items())
    finally:
        store.close()


@pytest.mark.parametrize("rows", [0, 1, 30])
async def test_what_a_process_that_was_killed_while_it_recovered_had_not_read_is_read_by_the_next(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.sqlite"
    values = await filled(path)
    (tmp_path / "b.sqlite").write_bytes(path.read_bytes())
    whole = kept(tmp_path / "b.sqlite", values)
    child = os.fork()
    if child == 0:

        def read(*words: Any) -> Iterator[tuple[str, bytes]]:
            yield from islice(readable_pairs(*words), rows)
            os._exit(7)

        monkeypatch.setattr(module, "readable_pairs", read)
        Store(path)
        os._exit(8)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert kept(path, values) == whole > 50
    assert sorted(file.name for file in tmp_path.glob("a.*")) == ["a.sqlite", "a.sqlite.broken-1"]


async def test_a_store_that_another_process_holds_is_waited_for_once_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_S", 0.1)
    path = tmp_path / "a.sqlite"
    store, other = Store(path), sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for wait in (100, 0):
        assert store._writer.execute("PRAGMA busy_timeout").fetchone() == (wait,)
        with pytest.raises(UsageError, match=r"a\.sqlite: held by another process for over 0\.1 s"):
            await store.put("k", b"v")
    other.execute("COMMIT")
    await asyncio.gather(*(store.put(str(number), b"v") for number in range(3)))
    store._commit([])
    assert store.get("2") == b"v"
    store.close()
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UsageError, match="held by another process"):
        Store(path)
    other.close()


async def test_rows_for_which_there_is_no_room_stay_to_be_recovered(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    values = await filled(path)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
        try:
            Store(path)
        except UsageError:
            os._exit(2)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert kept(path, values) > 50
