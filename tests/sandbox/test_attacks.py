"""Every attack of the tables, with all layers and with the screen switched off, judged by its effect."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from datagen_cli.sandbox import confine
from datagen_cli.sandbox.run import ProgramResult, Sandbox
from tests.grids import mostly_slow
from tests.sandbox.programs import AS_THE_SYSTEM, ATTACKS, Program
from tests.sandbox.world import World, server_pids, timing

pytestmark = pytest.mark.skipif(
    bool(confine.confinement_missing()), reason=f"nothing to attack: {confine.confinement_missing()}"
)
RUNNABLE = [attack for attack in ATTACKS if "x86" not in attack.flags or platform.machine() == "x86_64"]
WITH_TEETH = [attack for attack in RUNNABLE if "teeth" in attack.flags]
NAMES = [attack.name for attack in RUNNABLE]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = World(tmp_path_factory.mktemp("world"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def full(world: World) -> Iterator[Sandbox]:
    with Sandbox(cores=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def bare(world: World) -> Iterator[Sandbox]:
    with Sandbox(screen=False, cores=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def unconfined(world: World) -> Iterator[Sandbox]:
    """The same without Landlock and seccomp, to show that the tests would notice."""
    patch = pytest.MonkeyPatch()
    patch.setattr(confine, "confinement_missing", lambda: "switched off by the test")
    with Sandbox(screen=False, cores=1) as sandbox:
        patch.undo()
        yield sandbox


def _attack(
    sandbox: Sandbox, attack: Program, world: World, *, before_it: str = "", unsafe: bool = False
) -> tuple[ProgramResult, list[str]]:
    before = server_pids()
    result = sandbox.run(before_it + world.fill(attack.code), memory_mb=128, unsafe=unsafe, **timing(attack))
    return result, world.changes(result, before)


def test_there_are_enough_attacks() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 150
    assert len(WITH_TEETH) >= 80


@pytest.mark.parametrize(
    "attack",
    mostly_slow(
        RUNNABLE, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160, 168
    ),
    ids=NAMES,
)
def test_no_attack_gets_through_all_layers(attack: Program, full: Sandbox, world: World) -> None:
    result, changes = _attack(full, attack, world)
    assert changes == [], result


@pytest.mark.slow
@pytest.mark.parametrize("attack", RUNNABLE, ids=NAMES)
def test_no_attack_gets_through_the_confinement_alone(attack: Program, bare: Sandbox, world: World) -> None:
    result, changes = _attack(bare, attack, world, before_it=AS_THE_SYSTEM)
    assert changes == [], result
    assert result.layer == "guarded"
    assert result.status in attack.flags or not attack.flags & {"timeout", "memory"}, result


@pytest.mark.slow
@pytest.mark.parametrize("attack", WITH_TEETH, ids=[attack.name for attack in WITH_TEETH])
def test_the_same_attack_gets_through_without_the_confinement(
    attack: Program, unconfined: Sandbox, world: World
) -> None:
    if "root" in attack.flags and os.geteuid() != 0:
        pytest.skip("the limits alone stop it for anybody but root")
    _, changes = _attack(unconfined, attack, world, before_it=AS_THE_SYSTEM, unsafe=True)
    assert changes != []


@pytest.mark.slow
def test_nothing_is_left_when_the_sandbox_is_closed(tmp_path: Path) -> None:
    before = server_pids()
    with Sandbox() as sandbox:
        sandbox.run("import fractions")
        assert len(server_pids() - before) == 1
    assert server_pids() == before
