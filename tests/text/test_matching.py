from __future__ import annotations

import re
import signal
import threading

import pytest

from datagen_cli.text.matching import MAX_CHARACTERS, TooSlow, search

CATASTROPHE = re.compile(r"^(\w+\s?)*$")


def test_a_sane_expression_matches_as_re_does() -> None:
    match = search(re.compile(r"#### (\d+)"), "some words before\n#### 42")
    assert match is not None and match.group(1) == "42"
    assert search(re.compile("x"), "no such letter stands in here") is None


def test_an_expression_that_backtracks_without_end_is_given_up() -> None:
    with pytest.raises(TooSlow, match="backtracks"):
        search(CATASTROPHE, "aaaaaaaa " * 8 + "!", max_cpu_s=0.05)


def test_the_signal_handler_and_timer_are_put_back() -> None:
    before = signal.signal(signal.SIGVTALRM, signal.SIG_IGN)
    try:
        with pytest.raises(TooSlow):
            search(CATASTROPHE, "aaaaaaaa " * 8 + "!", max_cpu_s=0.02)
        assert signal.getsignal(signal.SIGVTALRM) == signal.SIG_IGN
        search(CATASTROPHE, "a text that matches at once")
        assert signal.getsignal(signal.SIGVTALRM) == signal.SIG_IGN
        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def test_a_text_beyond_the_limit_is_not_matched() -> None:
    with pytest.raises(TooSlow, match="100,001 characters"):
        search(re.compile("a"), "a" * (MAX_CHARACTERS + 1))


def test_another_thread_matches_too() -> None:
    found: list[re.Match[str] | None] = []
    thread = threading.Thread(target=lambda: found.append(search(re.compile("needle"), "hay needle hay hay")))
    thread.start()
    thread.join()
    assert found[0] is not None
