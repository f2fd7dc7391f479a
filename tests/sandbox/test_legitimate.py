"""Every legitimate program of the tables: its whole output, in every layer that it can reach, and what it costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import pytest

from datagen_cli.sandbox import confine
from datagen_cli.sandbox.run import Sandbox
from tests.grids import mostly_slow
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
    with Sandbox(screen=False) as sandbox:
        yield sandbox


def test_there_are_enough_programs() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 60


@guarded_only
@each
def test_a_legitimate_program_prints_its_answer(program: Program, full: Sandbox) -> None:
    result = full.run(program.code)
    assert (result.stdout, result.status, result.error) == (program.prints, "ok", "")


@guarded_only
@pytest.mark.parametrize("program", mostly_slow(LEGITIMATE, *range(0, len(LEGITIMATE), 8)), ids=NAMES)
def test_a_legitimate_program_prints_the_same_in_the_guarded_layer(program: Program, bare: Sandbox) -> None:
    result = bare.run(program.code)
    assert (result.stdout, result.status, result.layer) == (program.prints, "ok", "guarded")


@pytest.mark.slow
@guarded_only
def test_what_a_program_costs_is_reported(full: Sandbox, bare: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    lines = []
    for name, sandbox in (("with the screen", full), ("guarded layer alone", bare)):
        taken = []
        for program in WITHOUT_SYMPY:
            if "sleep" not in program.code and "numpy" not in program.code:
                began = time.perf_counter()
                assert sandbox.run(program.code).status == "ok"
                taken.append(1000 * (time.perf_counter() - began))
        lines.append(f"{name}: median {statistics.median(taken):.2f} ms, worst {max(taken):.1f} ms")
    with capsys.disabled():
        print(f"\nsandbox, {len(WITHOUT_SYMPY)} programs without sympy: {'; '.join(lines)}")
