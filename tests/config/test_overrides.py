"""`--set`, `--model`, `--count` and `--seed`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.overrides import shown_override
from datagen_cli.core.errors import Place, RecipeError
from tests.config.recipes import FULL, SMALL, load, write

CHECKED = SMALL + (
    "constraints:\n"
    "  - length: {field: text, max_words: 9}\n"
    "  - ask: Is it short?\n"
    "  - length: {field: text, min_words: 1, name: floor}\n"
    "validators:\n  - schema\n"
)


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("count=7", ("count",), 7),
        ("description='12'", ("description",), "12"),
        ("limits.concurrency=8", ("limits", "concurrency"), 8),
        ("limits.hedge=true", ("limits", "hedge"), True),
        ("limits={max_cost: 2, hedge: true}", ("limits", "max_cost"), 2),
        ("model.temperature=0.5", ("model",), {"name": "offline", "temperature": 0.5}),
        ("models.coder.name=x", ("models", "coder"), {"name": "x"}),
        ("label.quota=none", ("label", "quota"), "none"),
        ("fields.text.description=words", ("fields", "text", "description"), "words"),
        ("attributes.size=[s, m]", ("attributes", "size"), ["s", "m"]),
        ("constraints.0.length.max_words=5", ("constraints", 0, "length", "max_words"), 5),
        ("constraints[0].length.max_words=5", ("constraints", 0, "length", "max_words"), 5),
        ("constraints.length.max_words=5", ("constraints", 0, "length", "max_words"), 5),
        ("constraints.floor.min_words=3", ("constraints", 2, "length", "min_words"), 3),
        ("constraints.ask=Is it long?", ("constraints", 1, "ask"), "Is it long?"),
        ("constraints.ask.on_fail=keep", ("constraints", 1, "ask"), {"text": "Is it short?", "on_fail": "keep"}),
        ("constraints.length={field: text, max_words: 2}", ("constraints", 0, "length", "max_words"), 2),
        ("validators.schema.on_fail=keep", ("validators", 0), {"schema": {"on_fail": "keep"}}),
        ("validators.0.schema.on_fail=keep", ("validators", 0), {"schema": {"on_fail": "keep"}}),
    ],
)
def test_any_key_of_a_recipe_can_be_set(tmp_path: Path, override: str, path: tuple[Any, ...], value: Any) -> None:
    recipe = load(tmp_path, CHECKED, override)
    assert recipe.tree is not None
    node = recipe.tree.at(path)
    assert node is not None and node.plain() == value


def test_short_forms_of_the_base_can_be_set_into(tmp_path: Path) -> None:
    recipe = load(
        tmp_path,
        FULL,
        "fields.question.description=the problem",
        "label.quota=none",
        "attributes.topic.weights=[1,2,3]",
    )
    options = recipe.options
    assert options.fields is not None and options.label is not None
    assert (options.fields["question"].column, options.fields["question"].description) == ("question", "the problem")
    assert (options.label.field, options.label.quota) == ("answer", "none")
    assert list(options.attributes["topic"].values or ()) == ["money", "travel", "cooking"]


def test_null_removes_an_option_a_check_or_an_item(tmp_path: Path) -> None:
    recipe = load(
        tmp_path,
        FULL,
        "difficulty=null",
        "limits.max_cost=null",
        "constraints.length=null",
        "validators.0=null",
        "attributes.topic.2=null",
        "embedder=null",
    )
    assert (recipe.options.difficulty, recipe.options.limits.max_cost) == (None, None)
    assert [check.name for check in recipe.checks] == ["pattern", "language", "ask", "solve", "search", "reflect"]
    assert list(recipe.options.attributes["topic"].values or ()) == ["money", "travel"]


def test_later_overrides_win(tmp_path: Path) -> None:
    assert load(tmp_path, SMALL, "count=7", "count=8", count=6).options.count == 8


@pytest.mark.parametrize(
    ("override", "place", "message", "hint"),
    [
        ("label.feld=x", "--set label.feld", "unknown option", "did you mean field?"),
        ("count=0", "--set count", "must be at least 1, found 0", ""),
        ("count=yes", "--set count", 'expected a whole number, found text "yes"', ""),
        (
            "constraints.length.max_word=5",
            "--set constraints.length.max_word",
            "constraints[0].length.max_word: unknown option",
            "did you mean max_words?",
        ),
        (
            "constraints.lenght.max_words=5",
            "--set constraints.lenght.max_words",
            "no constraint 'lenght' in the recipe",
            "did you mean length?",
        ),
        (
            "validators.code.attempts=5",
            "--set validators.code.attempts",
            "no validator 'code' in the recipe",
            "known: schema",
        ),
        (
            "constraints.5=null",
            "--set constraints.5",
            "constraints has 3 items, none with index 5",
            "indices start at 0",
        ),
        ("label.values.x=3", "--set label.values.x", "label.values is a list", "name an item by its index, from 0"),
        ("seed.x=3", "--set seed.x", "seed: expected a whole number, found a mapping", ""),
        ("count.x=3", "--set count.x", "count has no options of its own", "it is a single value"),
        ("limits={max_cots: 3}", "--set limits", "limits.max_cots: unknown option", "did you mean max_cost?"),
        ("limits.max_cots=null", "--set limits.max_cots", "unknown option", "did you mean max_cost?"),
        ("count=", "--set count", "no value", "`--set count=null` removes it"),
        (
            "count=!!python/name:os.system",
            "--set count",
            "the tag !!python/name:os.system is not allowed",
            "a recipe holds text, numbers, booleans, lists and mappings only",
        ),
        (
            "name=[x",
            "--set name",
            "not YAML: while parsing a flow sequence, did not find expected ',' or ']'",
            "close the [",
        ),
        ("count", "", "--set count: expected KEY=VALUE", "such as `--set limits.concurrency=8`"),
        ("=3", "", "--set =3: expected KEY=VALUE", "such as `--set limits.concurrency=8`"),
        (".=null", "", "--set .=null: expected KEY=VALUE", "such as `--set limits.concurrency=8`"),
        ("base.pth=x", "--set base.pth", "unknown option", "did you mean path?"),
    ],
)
def test_an_override_that_does_not_fit_says_so(
    tmp_path: Path, override: str, place: str, message: str, hint: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, CHECKED, override)
    found = (str(caught.value.place or ""), caught.value.message)
    assert found == (place, message)
    assert not hint or caught.value.hint == hint


def test_count_and_seed_of_the_command_line_are_named_as_their_own_place(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, SMALL, count=0)
    assert str(caught.value) == "--count: must be at least 1, found 0"
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, SMALL, seed=-1)
    assert str(caught.value) == "--seed: must be at least 0, found -1"


def test_a_model_is_a_name_a_role_or_a_file(tmp_path: Path) -> None:
    write(tmp_path, "name: mine\nbase_url: http://127.0.0.1:9/v1\n", "my.yaml")
    write(tmp_path, "model: {name: wrapped}\n", "sub/wrapped.yml")
    recipe = load(tmp_path, SMALL, model=["my.yaml", "judge=sub/wrapped.yml", "coder=models/vllm"])
    names = {role: models[0].name for role, models in recipe.models.items()}
    assert (names["generator"], names["judge"], names["solver"]) == ("mine", "wrapped", "mine")
    assert names["coder"].startswith("hosted_vllm/")
    assert recipe.source["model"] == {"name": "mine", "base_url": "http://127.0.0.1:9/v1"}


def test_a_model_name_may_hold_an_equals_sign(tmp_path: Path) -> None:
    assert load(tmp_path, SMALL, model=["ft=x:1"]).models["generator"][0].name == "ft=x:1"
    assert load(tmp_path, SMALL, model=["coder=ft=x"]).models["coder"][0].name == "ft=x"


@pytest.mark.parametrize(
    ("model", "sets", "remark"),
    [
        ("n", [], "its max_tokens 80, top_p 0.5: --set model.max_tokens=80 --set model.top_p=0.5 keeps them"),
        ("n", ["model.max_tokens=90"], "its top_p 0.5: --set model.top_p=0.5 keeps it"),
        ("own.yaml", [], ""),
        ("judge=n", [], ""),
    ],
)
def test_settings_that_go_with_the_recipe_s_own_model_are_said(
    tmp_path: Path, model: str, sets: list[str], remark: str
) -> None:
    write(tmp_path, "name: mine\nmax_tokens: 7\ntop_p: 1\n", "own.yaml")
    own = SMALL.replace("offline", "{name: local/m, max_tokens: 80, top_p: 0.5, dtype: float32}")
    recipe = load(tmp_path, own, *sets, model=[model])
    assert recipe.remarks == ((f"the model given replaces the recipe's and {remark}",) if remark else ())
    assert load(tmp_path, own).remarks == ()


def test_a_recipe_may_name_a_model_file_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "name: mine\n", "recipes/m.yaml")
    write(tmp_path, SMALL.replace("offline", "m.yaml"), "recipes/r.yaml")
    from datagen_cli.config.load import load_recipe

    assert load_recipe("recipes/r.yaml", environ={}, cwd=tmp_path).models["judge"][0].name == "mine"


def test_a_model_file_that_is_missing_or_broken_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, SMALL, model=["gone.yaml"])
    assert str(caught.value) == "--model: no such model file: gone.yaml"
    write(tmp_path, SMALL, "r.yaml")
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, SMALL, model=["r.yaml"])
    assert str(caught.value) == "--model: r.yaml: this is a recipe, not a model"
    write(tmp_path, "name: x\ntemprature: 1\n", "m.yaml")
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, SMALL, model=["m.yaml"])
    assert caught.value.place == Place("m.yaml", 2)
    assert (caught.value.message, caught.value.hint) == (
        "model.temprature: unknown option",
        "did you mean temperature?",
    )
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, SMALL, model=[""])
    assert str(caught.value) == "--model: expected the name of a model"


def test_an_option_of_a_model_that_stands_in_a_file_of_its_own_can_be_set(tmp_path: Path) -> None:
    write(tmp_path, "name: tiny\nbase_url: http://127.0.0.1:9/v1\nmax_tokens: 7\n", "m.yaml")
    loaded = load(tmp_path, SMALL, "model.timeout_s=3", model=["m.yaml"])
    model = loaded.models["generator"][0]
    assert (model.name, model.max_tokens, model.timeout_s) == ("tiny", 7, 3.0)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("model.headers.Authorization=Bearer planted", "model.headers.Authorization=[secret]"),
        ("model.headers.A=Bearer ${MY_KEY}", "model.headers.A=Bearer ${MY_KEY}"),
        ("models.generator.0.headers={A: planted}", 'models.generator.0.headers={"A": "[secret]"}'),
        ("model.base_url=http://h/v1?key=planted", "model.base_url=http://h/v1?key=[secret]"),
        ("model={name: m, headers: {A: planted}}", 'model={"name": "m", "headers": {"A": "[secret]"}}'),
        ("model.headers.A={broken: [planted", "model.headers.A=[secret]"),
        ("model.name=m", "model.name=m"),
        ("count=5", "count=5"),
    ],
)
def test_an_override_is_written_without_what_is_secret(text: str, shown: str) -> None:
    assert shown_override(text) == shown
