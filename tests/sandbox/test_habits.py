"""Programs after the habits of models: what they import and never use, log, parse, test and time beside the sum."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from datagen_cli.sandbox import confine
from datagen_cli.sandbox.run import Sandbox
from tests.sandbox.programs import Program, read_programs

pytestmark = pytest.mark.skipif(
    bool(confine.confinement_missing()), reason=f"no guarded layer: {confine.confinement_missing()}"
)
HABITS = read_programs("habits.txt")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


def test_there_are_enough_habits() -> None:
    assert len({program.name for program in HABITS}) == len(HABITS) >= 150


@pytest.mark.slow
@pytest.mark.parametrize("program", HABITS, ids=[program.name for program in HABITS])
def test_a_program_prints_what_it_prints_elsewhere(program: Program, sandbox: Sandbox) -> None:
    result = sandbox.run(program.code)
    if result.error.endswith("which is not installed"):
        pytest.skip(result.error)
    assert (result.status, result.stdout, result.error) == ("ok", program.prints, "")
