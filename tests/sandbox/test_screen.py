"""Layer zero: what it refuses, what it lets through, and where it sends a program."""

from __future__ import annotations

import pytest

from datagen_cli.sandbox.protocol import MAX_CODE_BYTES
from datagen_cli.sandbox.screen import MODULES, MONTY_MODULES, Scan, refusal, scan, too_long


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("import os", "imports os"),
        ("import math, socket as s", "imports socket"),
        ("def f():\n    from subprocess import run", "imports subprocess"),
        ("from . import x", "imports ."),
        ("import os.path", "imports os"),
        ("__import__('math')", "__import__"),
        ("().__class__.__bases__", "__bases__"),
        ("f.__globals__", "__globals__"),
        ("-" * 19000 + "1", "nested too deeply"),
    ],
)
def test_it_refuses_in_words(code: str, word: str) -> None:
    assert word in refusal(scan(code))


@pytest.mark.parametrize(
    "code", ["", "import math", "from collections.abc import Mapping", "x.__class__.__name__", "import os_like = 1"]
)
def test_it_lets_plain_programs_through(code: str) -> None:
    assert refusal(scan(code)) == ""


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert refusal(scan("import sympy")) == "needs sympy, which is not installed (extra: sympy)"


@pytest.mark.parametrize("code", ["print(1", "x = = 2", "a\0b", "'\ud800'"])
def test_what_does_not_parse_is_broken_not_refused(code: str) -> None:
    found = scan(code)
    assert found.broken.startswith("SyntaxError")
    assert refusal(found) == ""


def test_size_is_counted_in_bytes() -> None:
    assert too_long("é" * (MAX_CODE_BYTES // 2)) == ""
    assert too_long("é" * (MAX_CODE_BYTES // 2) + "x") == (
        f"the program has {MAX_CODE_BYTES + 1} bytes, at most {MAX_CODE_BYTES}"
    )


@pytest.mark.parametrize(
    ("code", "suits"),
    [
        ("print(1)", True),
        ("import math\nprint(math.pi)", True),
        ("try:\n    x = 1\nexcept (ValueError, KeyError):\n    pass", True),
        ("try:\n    x = 1\nexcept:\n    pass", False),
        ("try:\n    x = 1\nexcept Exception:\n    pass", False),
        ("import fractions", False),
        ("print({1, 2})", False),
        ("print(hash('a'))", False),
        ("print(hasattr(1, 'x'))", False),
    ],
)
def test_monty_gets_what_it_answers_as_cpython_does(code: str, suits: bool) -> None:
    assert scan(code).suits_monty is suits


@pytest.mark.parametrize(
    ("code", "server"),
    [
        ("import math", ""),
        ("def f():\n    import sympy", "sympy"),
        ("import numpy, sympy", "sympy"),
        ("import numpy", "numpy"),
    ],
)
def test_a_program_goes_to_the_server_that_has_its_package(code: str, server: str) -> None:
    assert scan(code).preload == server


def test_monty_s_modules_are_modules_that_programs_may_import() -> None:
    assert MONTY_MODULES <= MODULES
    assert Scan().suits_monty
