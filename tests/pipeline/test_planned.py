"""The plan's file: written once, read by index, made again when it is not whole or not this plan's."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.config.load import load_recipe
from datagen_cli.pipeline import planned
from datagen_cli.pipeline.build import Built, build
from datagen_cli.pipeline.connect import identities
from datagen_cli.pipeline.planned import Plan


@pytest.fixture(scope="module")
def built() -> Built:
    """The quickstart."""
    recipe = load_recipe("quickstart", environ={}, cwd=Path.cwd())
    return build(recipe, identities(recipe))


def written(built: Built, tmp_path: Path, count: int) -> Plan:
    plan = Plan(built, tmp_path / "plan.jsonl")
    plan.write(count, built.fingerprints["plan"])
    return plan


def test_slots_are_read_as_they_were_drawn_in_any_order(built: Built, tmp_path: Path) -> None:
    drawn = list(built.slots(1300))
    plan = written(built, tmp_path, 1300)
    assert list(plan) == drawn
    assert [plan.slot(index) for index in (1299, 0, 700)] == [drawn[1299], drawn[0], drawn[700]]
    assert plan.read(range(510, 515)) == drawn[510:515]
    assert plan.read(range(1298, 1400)) == drawn[1298:]
    assert plan.read(range(1300, 1310)) == []


def test_a_whole_plan_is_not_drawn_again_and_a_longer_one_serves_too(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(built, tmp_path, 60)
    drawn = list(built.slots(60))
    monkeypatch.setattr(planned, "write_aside", lambda *_: pytest.fail("written again"))
    assert list(written(built, tmp_path, 60)) == drawn
    assert list(written(built, tmp_path, 50)) == drawn[:50]


def test_a_plan_cut_anywhere_of_another_fingerprint_or_too_short_is_written_again(built: Built, tmp_path: Path) -> None:
    path = written(built, tmp_path, 12).path
    content = path.read_bytes()
    for cut in range(0, len(content), 13):
        path.write_bytes(content[:cut])
        assert list(written(built, tmp_path, 12)) == list(built.slots(12))
        assert path.read_bytes() == content
    Plan(built, path).write(12, "another")
    assert path.read_bytes() != content
    assert list(written(built, tmp_path, 14)) == list(built.slots(14))
