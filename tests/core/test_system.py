"""The package on systems that lack a part: every module can be imported, locks and positions have another way."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from datagen_cli.core import system

ROOT = Path(__file__).resolve().parents[2] / "datagen_cli"
LACKING = """
import importlib, os, signal, sys
for name in ("fcntl", "resource", "termios", "pwd", "grp", "tty", "pty", "readline", "curses"):
    sys.modules[name] = None  # an import of it fails
import numpy, asyncio, subprocess, socket, threading, tempfile  # what others do at import is theirs
for name in ("SIGHUP", "SIGKILL", "SIGALRM", "setitimer", "ITIMER_PROF", "SIGPROF", "SIGXCPU", "pthread_sigmask"):
    if hasattr(signal, name):
        delattr(signal, name)
for name in ("pwrite", "pread", "O_CLOEXEC", "O_PATH", "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_NOCTTY", "fork",
             "wait4", "killpg", "setsid", "getuid", "geteuid", "sched_getaffinity", "uname", "sysconf", "WNOHANG"):
    if hasattr(os, name):
        delattr(os, name)
"""


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", LACKING + code], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_every_module_can_be_imported_on_a_system_that_lacks_unix() -> None:
    names = [
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        for path in sorted(ROOT.rglob("*.py"))
        if path.name not in ("__init__.py", "__main__.py")
    ]
    said = python(
        f"for name in {names!r}:\n"
        "    try:\n        importlib.import_module(name)\n"
        "    except Exception as error:\n        print(name, type(error).__name__, error)\n"
    )
    assert said == ""
    assert len(names) > 200


def test_a_run_works_without_positions_and_unix_signals(tmp_path: Path) -> None:
    lock = "import types\nsys.modules['msvcrt'] = types.SimpleNamespace(LK_NBLCK=2, locking=lambda *_: None)\n"
    run = (
        f"from datagen_cli.cli.app import run\nprint(run(['generate', 'tickets', '-n', '3', '-o', {str(tmp_path)!r}]))"
    )
    assert python(lock + run).endswith("0\n")
    assert len((tmp_path / "dataset.jsonl").read_text("utf-8").splitlines()) == 3


def test_a_lock_is_held_by_one_file_at_a_time(tmp_path: Path) -> None:
    first, second = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert system.try_lock(first)
    assert not system.try_lock(second)
    assert not system.try_lock(second, shared=True)
    os.close(first)
    assert system.try_lock(second)
    os.close(second)


def test_where_bytes_are_locked_it_is_one_behind_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, int]] = []

    def locking(descriptor: int, mode: int, count: int) -> None:
        asked.append((os.lseek(descriptor, 0, os.SEEK_CUR), mode, count))
        if len(asked) > 1:
            raise OSError("held")

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(LK_NBLCK=2, locking=locking))
    descriptor = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    assert [system.try_lock(descriptor), system.try_lock(descriptor, shared=True)] == [True, False]
    assert asked == [(1 << 30, 2, 1)] * 2
    assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0
    os.close(descriptor)


@pytest.mark.parametrize("lacking", [False, True])
def test_bytes_are_written_and_read_at_a_position(
    lacking: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacking:
        monkeypatch.delattr(os, "pwrite")
        monkeypatch.delattr(os, "pread")
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    assert system.write_at(descriptor, b"abcdef", 0) == 6
    assert system.write_at(descriptor, b"XY", 2) == 2
    assert system.read_at(descriptor, 3, 1) == b"bXY"
    assert system.read_at(descriptor, 9, 6) == b""
    os.close(descriptor)


def test_a_link_and_a_pipe_are_in_the_way_a_plain_file_and_nothing_are_not(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("x")
    (tmp_path / "link").symlink_to(plain)
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe")
    found = {name: system.in_the_way(tmp_path / name) for name in ("plain", "link", "dangling", "pipe", "gone")}
    assert found == {"plain": False, "link": True, "dangling": True, "pipe": True, "gone": False}
    os.link(plain, tmp_path / "second")
    assert system.in_the_way(plain, own=True) and not system.in_the_way(plain)


@pytest.mark.skipif(not hasattr(os, "SEEK_HOLE"), reason="the system does not tell")
def test_what_has_over_a_gigabyte_of_nothing_is_not_opened_as_a_file_that_is_named(tmp_path: Path) -> None:
    hollow = tmp_path / "rows.jsonl"
    with hollow.open("wb") as file:
        file.write(b"{}\n")
        file.truncate(system.MOST_HOLES + (1 << 20))
    with pytest.raises(OSError, match="hollow"):
        system.open_given(hollow)
    os.truncate(hollow, system.MOST_HOLES)
    with system.open_given(hollow) as read:
        assert read.readline() == b"{}\n"
