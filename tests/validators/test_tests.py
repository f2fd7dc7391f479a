"""`tests`: a record's program against the record's own tests."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Record, Slot
from datagen_cli.validators import tests as shelf
from tests.validators.asked import Scripted

SPECS = {name: FieldSpec(name, code=True) for name in ("code", "tests")}


async def said(code: str, tests: Any, **options: Any) -> Any:
    made = shelf.Tests(shelf.TestsOptions(code="code", tests="tests", **options), SPECS)
    context = Scripted(lambda *_: "")
    return await made.verify(Record(0, 1, {"code": code, "tests": tests}), Slot(0, "x"), context)  # type: ignore[arg-type]


ADD = "def add(a, b):\n    return a + b"


@pytest.mark.parametrize("tests", ["assert add(1, 2) == 3", ["assert add(1, 2) == 3", "assert add(0, 0) == 0"]])
async def test_a_program_that_passes_its_tests_passes(tests: Any) -> None:
    assert (await said(f"```python\n{ADD}\n```", tests)).outcome == "pass"


@pytest.mark.parametrize(
    ("code", "tests", "word"),
    [
        (ADD, "assert add(1, 2) == 4", "AssertionError"),
        ("def add(a, b)\n    return a", "assert add(1, 2) == 3", "SyntaxError"),
        ("def other(a):\n    return a", "assert add(1, 2) == 3", "NameError"),
        ("def add(a, b):\n    while True:\n        pass", "assert add(1, 2) == 3", "timeout"),
        (ADD, "print('all is well')", "test nothing"),
        (ADD, "# none", "test nothing"),
        ("import sys\nsys.exit(0)", "assert False", "ends before its tests do"),
        ("def add(a, b):\n    raise SystemExit(0)", "assert add(1, 2) == 3", "ends before its tests do"),
    ],
)
async def test_what_does_not_pass_fails_with_the_reason(code: str, tests: str, word: str) -> None:
    verdict = await said(code, tests, timeout_s=0.5)
    assert verdict.outcome != "pass"
    assert word in verdict.detail


async def test_without_tests_the_program_must_run() -> None:
    made = shelf.Tests(shelf.TestsOptions(code="code"), SPECS)  # type: ignore[call-arg]
    for code, outcome in ((ADD, "pass"), ("x = 1 / 0", "fail"), ("def f(:", "fail")):
        verdict = await made.verify(Record(0, 1, {"code": code}), Slot(0, "x"), Scripted(lambda *_: ""))  # type: ignore[arg-type]
        assert verdict.outcome == outcome


async def test_what_the_sandbox_refuses_is_unknown_and_dropped() -> None:
    verdict = await said("import socket\nsocket.socket()\n" + ADD, "assert add(1, 2) == 3")
    assert (verdict.outcome, shelf.Tests.on_unknown) == ("unknown", "drop")


class Elsewhere(Scripted):
    """Runs blocking work as another machine would: what it is made of is sent there."""

    async def run_blocking(self, function: Callable[..., Any], *args: Any, anywhere: bool = False) -> Any:
        assert anywhere
        function, args = pickle.loads(pickle.dumps((function, args)))
        return pickle.loads(pickle.dumps(function(*args)))


async def test_an_engine_of_several_machines_may_run_it_on_any() -> None:
    made = shelf.Tests(shelf.TestsOptions(code="code", tests="tests"), SPECS)  # type: ignore[call-arg]
    record = Record(0, 1, {"code": ADD, "tests": "assert add(1, 2) == 3"})
    assert (await made.verify(record, Slot(0, "x"), Elsewhere(lambda *_: ""))).outcome == "pass"  # type: ignore[arg-type]
