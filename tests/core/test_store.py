"""The store: what is put is there after the commit, whatever happens to the process or the file."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from datagen_cli.core.digest import rng
from datagen_cli.core.errors import UsageError
from datagen_cli.core.store import Store

OPENING = """
import sys
from datagen_cli.core.store import Store
stores = [Store(f"{sys.argv[1]}/{number}.sqlite") for number in range(20)]
"""


def test_processes_that_make_the_same_file_at_the_same_time_wait_for_one_another(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPENING, str(tmp_path)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate(timeout=600)[1] for process in processes] == [b""] * 3


async def test_what_is_put_can_be_had_by_another_store_of_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    store, other = Store(path), Store(path)
    await store.put("k", b"one")
    assert store.get("k") == b"one"
    assert other.get("k") == b"one"
    await other.put("k", (b"t", b"", b"wo"))
    assert store.get("k") == b"two"
    assert store.get("missing") is None
    store.close()
    other.close()


@pytest.mark.parametrize("value", [b"", b"\x00", b"\x01x", "käse \N{PILE OF POO}".encode(), b"x" * 3_000_000])
async def test_every_value_comes_back(tmp_path: Path, value: bytes) -> None:
    store = Store(tmp_path / "a.sqlite")
    await store.put("ключ", value)
    store.put_all({"two": value, "three": value})
    assert [store.get(key) for key in ("ключ", "two", "three")] == [value] * 3
    store.close()


async def test_thousands_of_puts_in_flight_are_all_committed_the_last_of_a_key_wins(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite")
    await asyncio.gather(*(store.put(f"{n % 1500}", b"%d" % n) for n in range(3000)))
    assert [store.get(str(n)) for n in (0, 1, 1499)] == [b"1500", b"1501", b"2999"]
    store.close()
    assert sqlite3.connect(tmp_path / "a.sqlite").execute("SELECT count(*) FROM pairs").fetchone() == (1500,)


async def test_a_put_is_committed_before_the_loop_turns(tmp_path: Path) -> None:
    store, other = Store(tmp_path / "a.sqlite"), Store(tmp_path / "a.sqlite")
    turned: list[bool] = []
    asyncio.get_running_loop().call_soon(turned.append, True)
    await store.put("k", b"v")
    assert other.get("k") == b"v"
    assert not turned
    store.close()
    other.close()


async def test_puts_while_another_process_writes_wait_for_it_and_are_then_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datagen_cli.core import store as module

    commits = []
    real = module._insert
    monkeypatch.setattr(
        module, "_insert", lambda connection, rows: (commits.append(len(rows) // 2), real(connection, rows))
    )
    store = Store(tmp_path / "a.sqlite")
    other = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    puts = asyncio.gather(*(store.put(str(n), b"x") for n in range(100)))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not puts.done()
    assert store.get("1") is None
    other.execute("COMMIT")
    await puts
    assert store.get("99") == b"x"
    store.close()
    assert commits == [100]


async def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite")
    await store.put("k", b"v")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    store.close()


async def test_closing_commits_what_is_on_its_way_and_may_be_repeated(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite")
    task = asyncio.ensure_future(store.put("k", b"v"))
    await asyncio.sleep(0)
    store.close()
    store.close()
    await task
    store = Store(tmp_path / "a.sqlite")
    assert store.get("k") == b"v"
    store.close()


@pytest.mark.parametrize(
    "junk", [b"this is no database at all, only words" * 50, b"SQLite format 3\x00" + b"\xff" * 5000]
)
async def test_a_file_that_is_no_database_is_moved_aside_and_reported(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(junk)
    (tmp_path / "a.sqlite.broken-1").write_bytes(b"an earlier one")
    moved: list[Path] = []
    store = Store(path, on_broken=lambda aside, kept: moved.append(aside))
    await store.put("k", b"v")
    assert store.get("k") == b"v"
    store.close()
    assert moved == [tmp_path / "a.sqlite.broken-2"]
    assert moved[0].read_bytes() == junk


@pytest.mark.parametrize("first", ["get", "put"])
async def test_a_file_damaged_inside_is_moved_aside_when_it_shows(tmp_path: Path, first: str) -> None:
    path = tmp_path / "a.sqlite"
    store = Store(path)
    await asyncio.gather(*(store.put(f"key {n:05d}", b"v" * 200) for n in range(2000)))
    store.close()
    moved: list[Path] = []
    store = Store(path, on_broken=lambda aside, kept: moved.append(aside))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (size - 8192))
    if first == "get":
        assert None in [store.get(f"key {n:05d}") for n in range(2000)]
    await store.put("new", b"v")
    assert store.get("new") == b"v"
    store.close()
    assert moved == [tmp_path / "a.sqlite.broken-1"]


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        Store(tmp_path / "no such folder" / "a.sqlite")
    with pytest.raises(UsageError, match="cannot be written"):
        Store(tmp_path)


FULL = """
import asyncio, resource, signal, sys
from datagen_cli.core.errors import UsageError
from datagen_cli.core.store import Store
async def main():
    store = Store(sys.argv[1])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    kept = 0
    try:
        for n in range(100):
            await store.put(str(n), b"x" * 10_000)
            kept += 1
    except UsageError as error:
        print(kept, error.message, flush=True)
asyncio.run(main())
"""


async def test_a_full_disk_is_an_error_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=600)
    kept, _, said = done.stdout.partition(" ")
    assert "cannot be written" in said, done.stderr
    assert 5 < int(kept) < 30
    store = Store(path)
    assert all(store.get(str(n)) == b"x" * 10_000 for n in range(int(kept)))
    store.close()


KILLED = """
import asyncio, sys
from datagen_cli.core.store import Store
async def worker(store, first):
    for n in range(first, 10**9, 8):
        await store.put(str(n), b"v%d" % n)
        sys.stdout.write(f"{n}\\n")
        sys.stdout.flush()
async def main():
    store = Store(sys.argv[1])
    await asyncio.gather(*(worker(store, n) for n in range(8)))
asyncio.run(main())
"""


async def test_what_was_reported_as_stored_survives_sigkill(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(500)]
    os.kill(process.pid, signal.SIGKILL)
    told += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    store = Store(path)
    whole = [line.strip() for line in told if line.endswith("\n")]
    assert len(whole) >= 500
    assert [n for n in whole if store.get(n) != b"v" + n.encode()] == []
    store.close()


async def test_two_processes_write_one_file_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    store = Store(path)
    for n in range(200):
        await store.put(f"ours {n}", b"v")
    process.kill()
    process.wait()
    process.stdout.close()
    assert all(store.get(f"ours {n}") == b"v" for n in range(200))
    assert store.get("0") == b"v0"
    store.close()


async def filled(path: Path) -> dict[str, bytes]:
    """A store of 200 values of all sizes, closed."""
    draw = rng("store", 1)
    values = {f"{draw.getrandbits(128):032x}": draw.randbytes(draw.randrange(9000)) for _ in range(200)}
    store = Store(path)
    for key, value in values.items():
        await store.put(key, value)
    store.close()
    return values


def found_in(path: Path, values: dict[str, bytes]) -> tuple[int, list[int]]:
    """How many values come back, and how many each broken file gave; a value that is another one fails."""
    told: list[int] = []
    store = Store(path, check=True, on_broken=lambda aside, kept: told.append(kept))
    got = {key: store.get(key) for key in values}
    store.close()
    assert all(value in (None, values[key]) for key, value in got.items())
    return sum(value is not None for value in got.values()), told


async def test_a_value_damaged_in_place_or_under_another_key_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    values = await filled(path)
    one, other, third = list(values)[:3]
    connection = sqlite3.connect(path, isolation_level=None)
    [(stored,)] = connection.execute("SELECT value FROM pairs WHERE key = ?", (one,))
    connection.execute("UPDATE pairs SET value = ? WHERE key = ?", (stored, other))
    spoilt = stored[:-1] + bytes([stored[-1] ^ 1])
    connection.execute("UPDATE pairs SET value = ? WHERE key = ?", (spoilt, third))
    connection.close()
    store = Store(path)
    assert [store.get(key) for key in (one, other, third)] == [values[one], None, None]
    assert store.damaged == 2
    store.close()


@pytest.mark.parametrize("number", range(12))
async def test_of_a_damaged_file_all_is_kept_but_what_stood_at_the_place(number: int, tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    values = await filled(path)
    content, draw = path.read_bytes(), rng("damage", number)
    place, length = draw.randrange(len(content)), draw.choice([1, 64, 4096])
    path.write_bytes(content[:place] + bytes(length) + content[place + length :])
    kept, told = found_in(path, values)
    assert kept >= 200 - 12
    assert told in ([], [kept])


async def test_of_a_cut_file_the_front_is_kept_and_of_one_with_a_block_twice_nearly_all(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    values = await filled(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    kept, told = found_in(path, values)
    assert 80 <= kept <= 120 and told == [kept]
    path.write_bytes(content[:81920] + content[81408:])
    kept, told = found_in(path, values)
    assert kept >= 190 and told == [kept]


@pytest.mark.parametrize(("there", "gone"), [(bytes(8), 8), (b"x" * 512, 0), (b"", 512), (b"x" * 77, 1)])
async def test_what_a_damaged_log_of_a_killed_process_holds_is_kept(there: bytes, gone: int, tmp_path: Path) -> None:
    store = Store(tmp_path / "live.sqlite")
    draw = rng("log", 1)
    values = {f"{draw.getrandbits(128):032x}": draw.randbytes(draw.randrange(3000)) for _ in range(60)}
    for key, value in values.items():
        await store.put(key, value)
    for tail in ("", "-wal"):
        (tmp_path / f"a.sqlite{tail}").write_bytes((tmp_path / f"live.sqlite{tail}").read_bytes())
    store.close()
    log = tmp_path / "a.sqlite-wal"
    content = log.read_bytes()
    place = len(content) // 3
    log.write_bytes(content[:place] + there + content[place + gone :])
    kept, told = found_in(tmp_path / "a.sqlite", values)
    assert kept >= 56 and told == []


async def test_what_was_stored_later_for_a_key_is_what_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    values = await filled(path)
    store = Store(path)
    for key in values:
        await store.put(key, b"")
    store.close()
    path.write_bytes(b"\x00" * 100 + path.read_bytes()[100:])
    kept, told = found_in(path, dict.fromkeys(values, b""))
    assert kept >= 195 and told == [kept]


async def test_a_value_of_an_older_version_has_no_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    await filled(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("INSERT INTO pairs VALUES (?, ?)", ("raw", b"\x00old"))
    connection.close()
    store = Store(path)
    assert store.get("raw") == b"old"
    store.close()


async def test_a_definition_with_a_wrong_letter_is_damage_and_no_other_program(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    values = await filled(path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"(key TEXT PRIMARY KEY", b"(kez TEXT PRIMARY KEY", 1))
    kept, told = found_in(path, values)
    assert (kept, told) == (200, [200])


def test_a_path_that_sqlite_does_not_open_is_said_to_be_too_long(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["d" * 200] * 3)
    folder.mkdir(parents=True)
    with pytest.raises(UsageError, match="the path is too long for SQLite") as caught:
        Store(folder / "calls.sqlite")
    assert "disk" not in caught.value.hint


@pytest.mark.parametrize("when", [1, 2])
@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("victim", ["empty", "ours"])
def test_a_link_put_there_between_the_look_and_the_opening_changes_nothing_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: int, back: bool, victim: str
) -> None:
    path, target = tmp_path / "run" / "calls.sqlite", tmp_path / "precious"
    path.parent.mkdir()
    if victim == "ours":
        Store(target).close()
    else:
        target.touch()
    before = target.read_bytes()
    connect, calls = sqlite3.connect, 0

    def meddling(*args: object, **options: object) -> sqlite3.Connection:
        nonlocal calls
        calls += 1
        if calls != when:
            return connect(*args, **options)  # type: ignore[call-overload, no-any-return]
        os.rename(path, path.with_name("mine"))
        path.symlink_to(target)
        made: sqlite3.Connection = connect(*args, **options)  # type: ignore[call-overload]
        if back:
            os.rename(path.with_name("mine"), path)
        return made

    monkeypatch.setattr(sqlite3, "connect", meddling)
    with pytest.raises(UsageError, match="link"):
        Store(path)
    assert target.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["precious", "run"]
