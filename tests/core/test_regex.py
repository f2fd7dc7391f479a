from __future__ import annotations

import re
import signal
import threading
import time

import pytest

from datagen_cli.core.regex import MAX_CHARACTERS, TooSlow, compile_regex, search

CATASTROPHE = re.compile(r"^(\w+\s?)*$")


def test_a_sane_expression_matches_as_re_does() -> None:
    match = search(re.compile(r"#### (\d+)"), "some words before\n#### 42")
    assert match is not None and match.group(1) == "42"
    assert search(re.compile("x"), "no such letter stands in here") is None


def test_an_expression_that_backtracks_without_end_is_given_up() -> None:
    with pytest.raises(TooSlow, match="backtracks"):
        search(CATASTROPHE, "aaaaaaaa " * 8 + "!", max_cpu_s=0.05)


def test_the_signal_handler_and_timer_are_put_back() -> None:
    before = signal.signal(signal.SIGPROF, signal.SIG_IGN)
    try:
        with pytest.raises(TooSlow):
            search(CATASTROPHE, "aaaaaaaa " * 8 + "!", max_cpu_s=0.02)
        assert signal.getsignal(signal.SIGPROF) == signal.SIG_IGN
        search(CATASTROPHE, "a text that matches at once")
        assert signal.getsignal(signal.SIGPROF) == signal.SIG_IGN
        assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def test_a_text_beyond_the_limit_is_not_matched() -> None:
    with pytest.raises(TooSlow, match="100,001 characters"):
        search(re.compile("a"), "a" * (MAX_CHARACTERS + 1))


def test_another_thread_matches_too() -> None:
    found: list[re.Match[str] | None] = []
    thread = threading.Thread(target=lambda: found.append(search(re.compile("needle"), "hay needle hay hay")))
    thread.start()
    thread.join()
    assert found[0] is not None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (f"^({'|'.join('a' * 40)})*$", "a" * 14 + "!"),
        (r"^(\w+\s?)*$", "word " * 30 + "!"),
        ("^(a|aa|aaa)*b$", "a" * 60),
    ],
)
def test_no_text_is_too_short_and_no_pattern_too_clever(pattern: str, text: str) -> None:
    began = time.process_time()
    with pytest.raises(TooSlow, match="backtracks"):
        search(compile_regex(pattern), text, max_cpu_s=0.05)
    assert time.process_time() - began < 1


@pytest.mark.slow
def test_a_pattern_that_was_given_up_gets_less_time_for_the_next_text() -> None:
    pattern = compile_regex(r"^(\w+\s?)+$ ")
    began = time.process_time()
    for _ in range(20):
        with pytest.raises(TooSlow):
            search(pattern, "word " * 30 + "!")
    assert time.process_time() - began < 4  # twenty times a quarter of a second would be five


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("[", "unterminated"),
        ("(" * 5000 + ")" * 5000, "broken"),
        ("a{99999}{4294967296}", "broken"),
        ("x" * 10_001, "10,001"),
    ],
)
def test_what_is_no_pattern_is_said(pattern: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compile_regex(pattern)
