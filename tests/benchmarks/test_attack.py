"""The attacks: each kind has some, what gets through is counted, and a few of each are tried here."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.attack import kinds
from benchmarks.attack.__main__ import main, one
from benchmarks.attack.attack import Attack, Ended
from benchmarks.attack.kinds import KINDS, attacks_of

EVERY = 20


def _held(folder: Path) -> str:
    return ""


def _through(folder: Path) -> str:
    return "a file changed"


def _broken(folder: Path) -> str:
    raise ValueError("no")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_some_attacks_of_every_kind_are_held(kind: str) -> None:
    found = attacks_of(kind)
    assert len({attack.name for attack in found}) == len(found) > 0
    assert {name: what for name, what in map(one, found[::EVERY]) if what} == {}


def test_what_gets_through_is_counted_and_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [Attack("a", _held), Attack("b", _through), Attack("c", _broken)]
    monkeypatch.setattr("benchmarks.attack.__main__.attacks_of", lambda kind: made)
    assert main([next(iter(kinds.KINDS))]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[-3:-1] == ["3", "2"]
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
