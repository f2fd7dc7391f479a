"""Every legitimate program of the tables: its whole output, in every layer that it can reach, and what it costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import pytest

from datagen_cli.sandbox import confine
from datagen_cli.sandbox.run import Sandbox
from tests.sandbox.programs import LEGITIMATE, Program

NAMES = [program.name for program in LEGITIMATE]
WITHOUT_SYMPY = [program for program in LEGITIMATE if "sympy" not in program.code]
each = pytest.mark.parametrize("program", LEGITIMATE, ids=NAMES)
guarded_only = pytest.mark.skipif(
    bool(confine.confinement_missing()), reason=f"no guarded layer: {confine.confinement_missing()}"
)


@pytest.fixture(scope="module")
def full() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def bare() -> Iterator[Sandbox]:
    with Sandbox(screen=False, monty=False) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def monty_only() -> Iterator[Sandbox]:
    """What is left on a machine without Landlock or seccomp."""
    patch = pytest.MonkeyPatch()
    patch.setattr(confine, "confinement_missing", lambda: "the kernel lacks Landlock")
    with Sandbox() as sandbox:
        patch.undo()
        yield sandbox


def test_there_are_enough_programs() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 60


@guarded_only
@each
def test_a_legitimate_program_prints_its_answer(program: Program, full: Sandbox) -> None:
    result = full.run(program.code)
    assert (result.stdout, result.status, result.error) == (program.prints, "ok", "")


@guarded_only
@each
def test_a_legitimate_program_prints_the_same_in_the_guarded_layer(program: Program, bare: Sandbox) -> None:
    result = bare.run(program.code)
    assert (result.stdout, result.status, result.layer) == (program.prints, "ok", "guarded")


@each
def test_monty_alone_prints_the_answer_or_leaves_it_open(program: Program, monty_only: Sandbox) -> None:
    result = monty_only.run(program.code)
    if result.status == "ok":
        assert result.stdout == program.prints or "order of a set" in program.name
        assert result.layer == "monty"
    else:
        assert result.status == "refused", result
        assert "the kernel lacks Landlock" in result.error


def test_monty_alone_decides_most_plain_programs(monty_only: Sandbox) -> None:
    plain = [program for program in LEGITIMATE if "import" not in program.code and "class" not in program.code]
    decided = sum(monty_only.run(program.code).status == "ok" for program in plain)
    assert decided >= 0.8 * len(plain)


@guarded_only
def test_what_a_program_costs_is_reported(full: Sandbox, bare: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    lines = []
    for name, sandbox in (("all layers", full), ("guarded layer alone", bare)):
        taken = []
        for program in WITHOUT_SYMPY:
            if "sleep" not in program.code and "numpy" not in program.code:
                began = time.perf_counter()
                assert sandbox.run(program.code).status == "ok"
                taken.append(1000 * (time.perf_counter() - began))
        lines.append(f"{name}: median {statistics.median(taken):.2f} ms, worst {max(taken):.1f} ms")
    with capsys.disabled():
        print(f"\nsandbox, {len(WITHOUT_SYMPY)} programs without sympy: {'; '.join(lines)}")
