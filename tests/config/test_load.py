"""Recipes read whole: files and shipped names, defaults, models, checks."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datagen_cli.config.load import load_recipe
from datagen_cli.config.shipped import shipped_folder, shipped_recipes
from datagen_cli.core.errors import Place, RecipeError
from tests.config.recipes import FULL, SMALL, load, write


def test_the_example_of_the_contract_is_read_whole(tmp_path: Path) -> None:
    recipe = load(tmp_path, FULL)
    options = recipe.options
    assert (options.name, options.count, options.seed, options.method) == ("fresh-gsm8k", 200, 7, "instance")
    assert options.fields is not None and list(options.fields) == ["question", "answer"]
    assert (options.fields["question"].column, options.fields["answer"].type) == ("question", "number")
    assert options.label is not None and options.label.field == "answer"
    assert options.attributes["steps"].values == {"2": "", "3": "", "4": ""}
    assert options.attributes["currency"].when == {"topic": ["money"]}
    assert recipe.examples is not None and (recipe.examples.strategy, recipe.examples.k) == ("clusters", 5)
    assert options.limits.max_cost == 5.0
    assert [check.name for check in recipe.checks] == [
        "length",
        "pattern",
        "language",
        "ask",
        "code",
        "solve",
        "search",
        "reflect",
    ]
    assert [(check.on_fail, check.on_unknown) for check in recipe.checks] == [
        *[("fix", "keep")] * 4,
        ("drop", "drop"),
        ("drop", "drop"),
        ("fix", "keep"),
        ("drop", "keep"),
    ]
    assert recipe.checks[1].where == "constraints[1].pattern"
    assert recipe.place("constraints[1].pattern.regex") == Place("x.yaml", 23)


def test_what_a_recipe_leaves_out_has_the_documented_defaults(tmp_path: Path) -> None:
    recipe = load(tmp_path, SMALL)
    options = recipe.options
    assert (options.method, options.seed, options.records_per_call) == ("instance", 0, 1)
    assert (options.limits.concurrency, options.limits.attempts_per_record) == (32, 6)
    assert (options.dedup, options.difficulty, recipe.checks, recipe.examples) == (None, None, (), None)
    assert (recipe.file, recipe.folder) == ("x.yaml", str(tmp_path))


def test_examples_are_random_with_a_base_and_none_when_none_are_wanted(tmp_path: Path) -> None:
    with_base = SMALL + "base: {path: a.jsonl}\n"
    examples = load(tmp_path, with_base).examples
    assert examples is not None and (examples.strategy, examples.k) == ("random", 3)
    assert load(tmp_path, with_base + "examples: {strategy: none}").examples is None
    assert load(tmp_path, SMALL + "examples: {strategy: none}").examples is None


def test_null_is_the_same_as_leaving_an_option_out(tmp_path: Path) -> None:
    recipe = load(tmp_path, SMALL + "constraints:\nlimits: {concurrency: null, max_cost: ~}\nseed:\n")
    assert (recipe.options.seed, recipe.options.limits.concurrency, recipe.constraints) == (0, 32, ())


def test_every_role_has_a_model(tmp_path: Path) -> None:
    text = SMALL + "models:\n  coder: {name: local/c, device: cpu}\n  generator: [g1, {name: g2, share: 3}]\n"
    models = load(tmp_path, text).models
    assert list(models) == ["generator", "coder", "solver", "reviewer", "extractor", "judge"]
    assert [(model.name, model.share) for model in models["generator"]] == [("g1", 1.0), ("g2", 3.0)]
    assert {role: models[role][0].name for role in ("coder", "solver", "judge")} == {
        "coder": "local/c",
        "solver": "offline",
        "judge": "offline",
    }


def test_roles_use_the_generators_first_model_when_there_is_no_other(tmp_path: Path) -> None:
    text = SMALL.replace("model: offline", "models: {generator: [g1, g2]}")
    models = load(tmp_path, text).models
    assert ([model.name for model in models["generator"]], [model.name for model in models["judge"]]) == (
        ["g1", "g2"],
        ["g1"],
    )


def test_checks_are_named_after_their_type_and_numbered(tmp_path: Path) -> None:
    text = SMALL + (
        "constraints:\n"
        "  - length: {field: text, max_words: 9}\n"
        "  - length: {field: text, min_words: 1, name: length_2}\n"
        "  - length: {field: text, min_words: 2}\n"
        "  - ask: Is it short?\n"
        "  - language: {is: en, on_fail: keep, on_unknown: drop}\n"
        "validators:\n  - schema\n  - reflect:\n"
    )
    recipe = load(tmp_path, text)
    assert [check.name for check in recipe.checks] == [
        "length",
        "length_2",
        "length_3",
        "ask",
        "language",
        "schema",
        "reflect",
    ]
    assert recipe.constraints[3].options.identity()["text"] == "Is it short?"
    assert (recipe.constraints[4].on_fail, recipe.constraints[4].on_unknown) == ("keep", "drop")


def test_label_and_attribute_values_are_text(tmp_path: Path) -> None:
    text = SMALL.replace("[a, b]", "{1: one, true: yes, 2.5: }") + (
        "attributes:\n  steps: {values: [1, 2.0, true]}\n  pin: [{steps: 2}, {steps: true}]\npin: [{steps: 1}]\n"
    )
    options = load(tmp_path, text).options
    assert options.label is not None and options.label.values == {"1": "one", "true": "yes", "2.5": ""}
    assert options.attributes["steps"].values == {"1": "", "2": "", "true": ""}
    assert options.pin == [{"steps": "1"}, {"steps": "2"}, {"steps": "true"}]


def test_an_attribute_may_be_called_pin(tmp_path: Path) -> None:
    options = load(tmp_path, SMALL + "attributes: {pin: [round, flat]}\n").options
    assert (options.attributes["pin"].values, options.pin) == ({"round": "", "flat": ""}, [])


@pytest.mark.parametrize(
    "name",
    ["reasoning_effort", "reasoning_format", "include_reasoning", "thinking_budget", "enable_thinking", "prompt_mode"],
)
def test_how_a_model_reasons_can_be_said_as_its_vendor_calls_it(tmp_path: Path, name: str) -> None:
    recipe = load(tmp_path, SMALL.replace("model: offline", f"model: {{name: openai/x, params: {{{name}: low}}}}"))
    assert recipe.models["generator"][0].params == {name: "low"}


def test_count_seed_and_model_of_the_command_line_win(tmp_path: Path) -> None:
    recipe = load(tmp_path, SMALL, count=9, seed=3, model=["big", "coder=c"])
    assert (recipe.options.count, recipe.options.seed) == (9, 3)
    assert (recipe.models["generator"][0].name, recipe.models["coder"][0].name) == ("big", "c")
    assert recipe.source["count"] == 9


@pytest.mark.parametrize("name", list(shipped_recipes()))
def test_a_shipped_recipe_is_read_by_its_name(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name, environ={}, cwd=tmp_path)
    assert recipe.file == f"shipped:{name}"
    assert recipe.options.base is None or Path(recipe.options.base.path or "").is_file()


def test_a_file_wins_over_a_shipped_name(tmp_path: Path) -> None:
    write(tmp_path, SMALL, "quickstart")
    assert load_recipe("quickstart", environ={}, cwd=tmp_path).options.name == "small"


def test_a_folder_of_that_name_does_not_hide_a_shipped_recipe(tmp_path: Path) -> None:
    (tmp_path / "quickstart").mkdir()
    assert load_recipe("quickstart", environ={}, cwd=tmp_path).options.name == "quickstart"


def test_shipped_folders_lie_beside_the_package() -> None:
    assert (shipped_folder("recipes") / "quickstart.yaml").is_file()
    assert (shipped_folder("configs") / "models").is_dir()


def test_a_recipe_comes_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO((SMALL + "base: {path: a.csv}").encode())))
    recipe = load_recipe("-", environ={}, cwd=tmp_path)
    assert recipe.options.base is not None
    assert (recipe.file, recipe.options.base.path) == ("-", str(tmp_path / "a.csv"))


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(),
    st.sampled_from(
        ["", SMALL, SMALL + "constraints:\n  - ", SMALL + "label: ", SMALL + "attributes: ", SMALL + "models: "]
    ),
    st.lists(st.text() | st.sampled_from(["label", "fields.text", "constraints.0", "model.faults"]), max_size=1),
)
def test_any_text_is_a_recipe_or_a_recipe_error(tmp_path: Path, text: str, start: str, overrides: list[str]) -> None:
    try:
        load(tmp_path, (start + text).encode("utf-8", "surrogatepass"), *(f"{key}={text}" for key in overrides))
    except RecipeError as error:
        assert error.message and "pydantic" not in str(error)


def test_any_source_is_a_recipe_or_a_recipe_error(tmp_path: Path) -> None:
    for source in ("", ".", "\0", "a" * 5000, "/", "nope/x.yaml", "x\ny"):
        with pytest.raises(RecipeError):
            load_recipe(source, environ={}, cwd=tmp_path)


def test_reading_a_recipe_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; from datagen_cli.config.load import load_recipe;"
        "load_recipe('quickstart', environ={}, cwd=Path('/'));"
        "print([m for m in ('numpy', 'aiohttp', 'jinja2', 'jsonschema', 'rich', 'sqlite3') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_pipe_or_a_device_is_no_recipe_but_what_the_shell_opened_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r.yaml")
    for source in ("r.yaml", "/dev/zero"):
        with pytest.raises(RecipeError, match="not a plain file"):
            load_recipe(source, environ={}, cwd=tmp_path)
    reading, writing = os.pipe()
    os.write(writing, SMALL.encode())
    os.close(writing)
    assert load_recipe(f"/dev/fd/{reading}", environ={}, cwd=tmp_path).options.count
    os.close(reading)
