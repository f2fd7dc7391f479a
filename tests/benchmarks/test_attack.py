"""The attacks: each kind has some, what gets through is counted, and a few of each are tried here."""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from benchmarks.attack import kinds
from benchmarks.attack.__main__ import main, one
from benchmarks.attack.attack import Attack, Ended, apart, bound_memory
from benchmarks.attack.kinds import KINDS, attacks_of

EVERY = 150
"""Of so many attacks of a kind one is tried here, of each kind one at least; `make attack` tries all."""


def _held(folder: Path) -> str:
    return ""


def _through(folder: Path) -> str:
    return "a file changed"


def _broken(folder: Path) -> str:
    raise ValueError("no")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the attacks of this file work: what they prepare is used again, and goes with pytest's own folders."""
    return tmp_path_factory.mktemp("attacks")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_attacks_that_are_interrupted_leave_nothing_behind(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.attack", "damage", "-j", "1"]
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    running = subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    while not list(tmp_path.glob("attacks-*/damage-*/whole")):
        assert running.poll() is None, "it ended by itself"
        time.sleep(0.01)
    running.send_signal(number)
    assert running.wait(600) != 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_attack_can_be_handed_to_another_process(kind: str) -> None:
    assert pickle.loads(pickle.dumps(attacks_of(kind))) is not None


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_some_attacks_of_every_kind_are_held(kind: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    found = attacks_of(kind)
    assert len({attack.name for attack in found}) == len(found) > 0
    assert {name: what for name, what in map(one, found[::EVERY]) if what} == {}


def _threaded(note: Callable[[str], None]) -> str:
    bound_memory(1_000)
    thread = Thread(target=note, args=("a thread",))
    thread.start()
    thread.join()
    return ""


def test_an_attack_within_bounds_begins_threads_where_libraries_have_taken_many_addresses(tmp_path: Path) -> None:
    with mmap.mmap(-1, 5 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ):
        assert apart(_threaded, tmp_path) == ""
    assert (tmp_path / "at.txt").read_text() == "a thread"


def test_what_gets_through_is_counted_and_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [Attack("a", _held), Attack("b", _through), Attack("c", _broken)]
    monkeypatch.setattr("benchmarks.attack.__main__.attacks_of", lambda kind: made)
    assert main([next(iter(kinds.KINDS))]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[-4:-2] == ["3", "2"]
    assert lines[3].endswith(": b: a file changed")
    assert "the attack broke off" in lines[4]


@pytest.mark.parametrize(
    ("ended", "wrong"),
    [
        (Ended(0, "", ""), ""),
        (Ended(2, "", "error: no"), ""),
        (Ended(1, "", "error: unexpected"), "exit code 1: error: unexpected"),
        (Ended(None, "", ""), "did not end within 120 s"),
        (Ended(0, "", "Traceback (most recent call last):\nKeyError"), "traceback: KeyError"),
    ],
)
def test_an_ending_is_wrong_when_it_hangs_breaks_or_leaves_with_another_code(ended: Ended, wrong: str) -> None:
    assert ended.wrong(frozenset({0, 2})) == wrong


def test_a_kind_that_there_is_not_is_refused_and_not_passed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rows"])
    assert ended.value.code == 2 and "no such kind: rows" in capsys.readouterr().err
