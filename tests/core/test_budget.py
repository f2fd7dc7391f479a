from __future__ import annotations

import os
import signal
import time

import pytest

from datagen_cli.core.budget import MOST_IN_A_ROW, Allowance, TooMuch, within


def test_what_stays_within_is_returned_and_leaves_no_trace() -> None:
    before = signal.getsignal(signal.SIGPROF)
    assert within(lambda: 6 * 7, cpu_s=1, memory_mb=64) == 42
    assert signal.getsignal(signal.SIGPROF) is before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def _stubborn() -> None:
    while True:
        try:
            while True:
                pass
        except Exception:
            pass


@pytest.mark.parametrize("work", [_stubborn, lambda: sum(n for n in range(10**12))])
def test_work_without_end_is_given_up(work: object) -> None:
    began = time.process_time()
    with pytest.raises(TooMuch, match=r"more than 0\.05 s"):
        within(work, cpu_s=0.05)  # type: ignore[arg-type]
    assert time.process_time() - began < 1


def test_work_that_is_all_the_systems_is_given_up_too() -> None:
    def read() -> None:
        began, nothing = time.process_time(), os.open("/dev/zero", os.O_RDONLY)
        try:
            while time.process_time() - began < 3:
                os.read(nothing, 1 << 22)
        finally:
            os.close(nothing)

    with pytest.raises(TooMuch, match=r"more than 0\.05 s"):
        within(read, cpu_s=0.05)


def test_work_that_allocates_without_end_is_given_up() -> None:
    def hoard() -> list[bytes]:
        held = []
        while True:
            held.append(bytes(1 << 24))

    with pytest.raises(TooMuch, match="more than 64 MB"):
        within(hoard, cpu_s=5, memory_mb=64)
    assert len(bytes(1 << 28)) == 1 << 28  # the bound is gone again


def test_recursion_is_given_up() -> None:
    def deeper() -> None:
        deeper()

    with pytest.raises(TooMuch, match="too deeply"):
        within(deeper, cpu_s=5)


def test_inside_the_outer_bound_holds() -> None:
    def inner() -> None:
        within(_stubborn, cpu_s=100)

    with pytest.raises(TooMuch, match=r"0\.05 s"):
        within(inner, cpu_s=0.05)
    with pytest.raises(ZeroDivisionError):
        within(lambda: 1 / 0, cpu_s=1)


def test_what_is_given_up_again_and_again_is_not_begun_any_more() -> None:
    allowance, begun = Allowance(1.0), []

    def work() -> None:
        begun.append(1)
        raise TooMuch("no")

    for _ in range(20):
        with pytest.raises(TooMuch):
            allowance.spend(work)
    assert len(begun) == MOST_IN_A_ROW

    other = Allowance(1.0)
    for _ in range(3):
        for _ in range(MOST_IN_A_ROW - 1):
            with pytest.raises(TooMuch):
                other.spend(work)
        assert other.spend(lambda: 7) == 7
