"""Correlated runs and local models that are refused before anything is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.config.models import SharedModel
from datagen_cli.llm.identity import model_identity
from tests.llm.local.tiny import save_model
from tests.runs.correlated import write_recipe
from tests.runs.whole import generate


@pytest.mark.parametrize(
    ("options", "settings", "message"),
    [
        ({}, ["model=offline"], "sampling.correlated: needs every next-token probability, which offline does not give"),
        ({}, ["model=openai/gpt-4o"], "which openai/gpt-4o does not give"),
        ({}, ["models.generator=[{name: local/a}, {name: local/b}]"], "one generator samples a group, found 2"),
        ({}, ["records_per_call=4"], "records_per_call: goes without sampling.correlated"),
        ({"field": "txt"}, [], "sampling.correlated.field: no field 'txt' is written by the model"),
        ({"field": "label"}, [], "sampling.correlated.field: label is of type label; only a text can be sampled"),
        ({}, ["fields.title.type=text"], "fields.title: only text is sampled, so nothing would write it"),
        ({}, ["label.quota=none"], "fields.label: only text is sampled, so nothing would write it"),
        ({}, ["label.values=[red]", "base.limit=1"], "cross contrasts labels, and only 'red' is planned"),
        ({"variant": "hybrid"}, ["fields.label=null", "label=null"], "hybrid contrasts labels, and none is planned"),
        ({"variant": "cfg"}, ["fields.label=null", "label=null"], "cfg contrasts labels, and none is planned"),
        ({"variant": "intra", "per_label": 1}, [], "variant intra needs per_label of 2 or more"),
        ({"variant": "hybrid", "intra_share": 1, "per_label": 1}, [], "variant hybrid needs per_label of 2 or more"),
        ({"contrast": 1.2}, [], "contrast must not be above gamma"),
        ({}, ["sampling.correlated=null", "sampling.temperature=2.5"], "sampling.temperature: must be at most 2"),
        ({}, ["prompts.generate='one {{ lable }}'"], "'lable' is undefined"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(
    options: dict[str, Any], settings: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(tmp_path, **options)
    overrides = [f"--set={setting}" for setting in settings]
    assert generate(recipe, "-o", tmp_path / "run", *overrides) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "hint: " in said
    assert not (tmp_path / "run").exists()
    assert run(["validate", str(recipe), *overrides]) == 2


def test_a_path_that_holds_no_model_is_an_error_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    recipe = write_recipe(tmp_path, model=f"local/{tmp_path}/nothing")
    assert generate(recipe, "-o", tmp_path / "run") == 2
    assert not (tmp_path / "run" / "checkpoints" / "3-generate.jsonl").exists()
    assert run(["validate", str(recipe)]) == 2
    assert "nothing" in capsys.readouterr().err


def test_a_model_without_a_chat_template_is_refused_for_a_role_that_chats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    model = save_model(tmp_path / "tiny")
    more = f"models: {{reviewer: local/{model}}}\nconstraints: [{{ask: It is fine.}}]"
    recipe = write_recipe(tmp_path, more, model=f"local/{model}")
    for command in (["generate", str(recipe), "-o", str(tmp_path / "run"), "--quiet"], ["validate", str(recipe)]):
        assert run(command) == 2
        assert "has no chat template, so it cannot be the reviewer" in capsys.readouterr().err
    assert not (tmp_path / "run" / "checkpoints" / "3-generate.jsonl").exists()


def test_a_model_that_was_trained_anew_at_its_path_is_another_model(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    model = save_model(tmp_path / "tiny")
    options = SharedModel(name=f"local/{model}")
    before = model_identity(options, "generator")
    settings = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**settings, "rms_norm_eps": 0.1}))
    assert model_identity(options, "generator") != before
