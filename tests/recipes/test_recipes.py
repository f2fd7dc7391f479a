"""The shipped recipes and model files: each says what it is, and is read without a complaint."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from datagen_cli.config.load import load_recipe
from datagen_cli.config.recipe import Recipe
from datagen_cli.config.shipped import shipped_recipes

ROOT = Path(__file__).resolve().parents[2]
RECIPES = shipped_recipes()
CORRELATED = [name for name in sorted(RECIPES) if name.startswith("corrsynth/")]
MODELS = sorted((ROOT / "configs" / "models").glob("*.yaml"))


def load(name: str, *models: str) -> Recipe:
    environ = {"MY_ENDPOINT_URL": "https://models.example.org/v1"}
    return load_recipe(name, model=models, environ=environ, cwd=ROOT)


def head(path: Path) -> dict[str, str]:
    """The `# Word   text` lines that open a recipe, continuation lines joined."""
    found: dict[str, str] = {}
    last = ""
    for line in path.read_text("utf-8").splitlines()[1:]:
        if not line.startswith("#"):
            break
        match = re.match(r"# ([A-Z]\w+) +(.*)", line)
        if match:
            last = match[1]
            found[last] = match[2]
        elif last:
            found[last] += " " + line[1:].strip()
    return found


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_opens_with_what_paper_cost_command_and_expected_result(name: str) -> None:
    path = RECIPES[name]
    schema = path.read_text("utf-8").splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / schema).resolve() == ROOT / "configs" / "recipe.schema.json"
    opening = head(path)
    assert list(opening) == ["What", "Paper", "Cost", "Command", "Expect"]
    assert re.search(r"arXiv \d{4}\.\d{5}", opening["Paper"])
    assert opening["Command"] == f"datagen generate {name}"
    recipe = yaml.safe_load(path.read_text("utf-8"))
    assert recipe["name"] == name.replace("/", "-")
    assert opening["Expect"].startswith(f"{recipe['count']} accepted ")


@pytest.mark.parametrize("name", sorted(set(RECIPES) - set(CORRELATED)))
def test_a_recipe_loads_and_runs_offline(name: str) -> None:
    recipe = load(name)
    assert {model.name for models in recipe.models.values() for model in models} == {"offline"}


def test_the_quickstart_is_24_word_problems_from_its_own_base() -> None:
    options = load("quickstart").options
    assert options.count == 24
    assert set(options.fields or {}) == {"question", "answer"}
    assert set(options.attributes) == {"topic", "steps"}


def test_the_tickets_are_60_in_five_equal_classes_with_definitions() -> None:
    options = load("tickets").options
    assert options.base is None
    assert options.label is not None
    assert options.label.quota == "balanced"
    values = options.label.values or {}
    assert len(values) == 5
    assert all(values.values())
    assert options.count % len(values) == 0


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_file_is_a_model_mapping_and_says_how_to_use_it(path: Path) -> None:
    text = path.read_text("utf-8")
    generator = load("quickstart", f"configs/models/{path.name}").models["generator"]
    assert [model.name for model in generator] == [yaml.safe_load(text)["name"]]
    assert f"--model configs/models/{path.name}" in text
    assert text.startswith("# ")


def test_model_files_are_of_different_models() -> None:
    names = Counter(yaml.safe_load(path.read_text("utf-8"))["name"] for path in MODELS)
    assert len(MODELS) >= 4
    assert set(names.values()) == {1}
