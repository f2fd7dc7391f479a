"""Programs answer as CPython does, whatever runs them: drawn snippets, in the sandbox and in this process."""

from __future__ import annotations

import contextlib
import io
import random
import warnings
from itertools import islice

import pytest

from datagen_cli.sandbox import confine
from datagen_cli.sandbox.run import Sandbox
from tests.sandbox.snippets import snippets

pytestmark = pytest.mark.skipif(
    bool(confine.confinement_missing()), reason=f"no guarded layer: {confine.confinement_missing()}"
)
TOGETHER = """
import contextlib, io, random, warnings
warnings.simplefilter("ignore")
for code in {codes!r}:
    out = io.StringIO()
    random.seed(0)
    error = ""
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(code, "<program>", "exec", dont_inherit=True), {{"__name__": "__main__"}})
        except Exception as problem:
            error = type(problem).__name__ + ": " + str(problem)
    print(ascii((out.getvalue(), error)))
"""


def by_cpython(code: str) -> tuple[str, str]:
    """What this process's own interpreter makes of it."""
    out = io.StringIO()
    random.seed(0)
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(code, "<program>", "exec", dont_inherit=True), {"__name__": "__main__"})
        except Exception as problem:
            return out.getvalue(), f"{type(problem).__name__}: {problem}"
    return out.getvalue(), ""


def differences(sandbox: Sandbox, codes: list[str]) -> list[str]:
    """Snippets whose output or error is another one in the sandbox."""
    result = sandbox.run(TOGETHER.format(codes=codes))
    assert result.status == "ok", result.error
    said = result.stdout.splitlines()
    expected = [ascii(by_cpython(code)) for code in codes]
    assert len(said) == len(expected)
    return [f"{code}\n{a} not {b}" for code, a, b in zip(codes, said, expected, strict=True) if a != b]


def compare(count: int, seed: int) -> list[str]:
    found: list[str] = []
    drawn = snippets(count, seed)
    with Sandbox(screen=False) as sandbox:
        while codes := list(islice(drawn, 80)):
            found += differences(sandbox, codes)
    return found


def test_two_thousand_snippets_are_answered_as_cpython_answers_them() -> None:
    assert compare(2_000, seed=1) == []


@pytest.mark.slow
def test_twenty_thousand_snippets_are_answered_as_cpython_answers_them() -> None:
    assert compare(20_000, seed=0) == []


@pytest.mark.slow
def test_each_alone_is_answered_so_too() -> None:
    """Not in a bundle: the program as `run_program` gets it, screen and all."""
    with Sandbox() as sandbox:
        for code in snippets(150, seed=2):
            out, error = by_cpython(code)
            result = sandbox.run(code)
            assert result.stdout == out
            assert result.error.split(" (line")[0] == error.split(" (line")[0]


@pytest.mark.slow
def test_half_cents_round_as_in_cpython() -> None:
    """Monty, which once ran plain programs, rounded 824 of 2,000 such values otherwise."""
    lines = "\n".join(f"print(round({cents / 1000:.3f}, 2))" for cents in range(5, 5000, 10))
    with Sandbox() as sandbox:
        assert sandbox.run(lines).stdout == "".join(f"{round(cents / 1000, 2)}\n" for cents in range(5, 5000, 10))
