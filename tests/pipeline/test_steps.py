"""The stages that take one record after generation: those that build.py makes, and those that are a module alone."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from datagen_cli.config.load import load_recipe
from datagen_cli.core.flow import ATTEMPTED, STAGES, STEPS
from datagen_cli.pipeline import build as module
from datagen_cli.pipeline.connect import identities


def test_every_stage_of_attempts_is_a_module_with_a_version() -> None:
    assert all(isinstance(module.stage_module(name).VERSION, int) for name in ATTEMPTED)


def test_a_step_is_a_module_and_a_line_of_flow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trim = ModuleType("datagen_cli.stages.trim")
    vars(trim).update(VERSION=1, run=object())
    monkeypatch.setitem(sys.modules, trim.__name__, trim)
    monkeypatch.setattr(module, "STEPS", (*STEPS, "trim"))
    monkeypatch.setattr(module, "STAGES", (*STAGES, "trim"))
    recipe = load_recipe("quickstart", environ={}, cwd=tmp_path)
    first = module.build(recipe, identities(recipe))
    assert first.steps[-1] == ("trim", trim.run)
    before = dict(first.fingerprints)
    vars(trim).update(VERSION=2)
    after = module.build(recipe, identities(recipe)).fingerprints
    assert [name for name in after if after[name] != before[name]] == ["trim"]
