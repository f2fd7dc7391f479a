"""`datagen init`: the recipe it writes runs where it is written, and nothing is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from datagen_cli.cli.init import init, show_init
from datagen_cli.config.shipped import shipped_recipes
from datagen_cli.core.errors import UsageError
from tests.grids import mostly_slow


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_arguments_the_quickstart_is_written_with_its_base_and_schema() -> None:
    result = init(None, None)
    assert result["recipe"] == "quickstart.yaml"
    assert sorted(result["written"]) == ["data/word_problems.jsonl", "quickstart.yaml", "recipe.schema.json"]
    assert result["kept"] == []
    shipped = shipped_recipes()["quickstart"].parent / "data/word_problems.jsonl"
    assert Path("data/word_problems.jsonl").read_bytes() == shipped.read_bytes()
    assert json.loads(Path("recipe.schema.json").read_text())["type"] == "object"


def test_a_single_argument_that_ends_in_yaml_is_the_path() -> None:
    result = init("mine/first set.yaml", None)
    assert (result["template"], result["recipe"]) == ("quickstart", "mine/first set.yaml")
    text = Path("mine/first set.yaml").read_text()
    assert yaml.safe_load(text)["name"] == "first-set"
    assert "datagen generate 'mine/first set.yaml'" in text
    assert "runs/first-set/dataset.jsonl" in text
    assert Path("mine/data/word_problems.jsonl").is_file()


def test_what_a_name_says_begins_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_init(init("x\nnext: FORGED.yaml", None))
    assert [line for line in capsys.readouterr().err.splitlines() if line.startswith("next: FORGED")] == []


def test_names_that_no_folder_can_have_are_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    from datagen_cli.cli.app import run

    for name in ("x\udcff.yaml", "x/" * 1_500 + "y.yaml"):
        assert run(["init", "tickets", name]) == 2
    said = capsys.readouterr().err
    assert "'x\\udcff.yaml': the name is not UTF-8" in said and "the name is too long" in said


@pytest.mark.parametrize("template", mostly_slow(sorted(shipped_recipes()), 0, 5, 9))
def test_every_shipped_recipe_loads_where_it_is_written(template: str) -> None:
    from datagen_cli.config.load import load_recipe

    init(template, "here/copy.yaml")
    text = Path("here/copy.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=recipe.schema.json\n")
    recipe = load_recipe("here/copy.yaml", environ={}, cwd=Path.cwd())
    assert recipe.options.name == "copy"
    if recipe.options.base is not None and recipe.options.base.path is not None:
        assert Path(recipe.folder, recipe.options.base.path).is_file()


def test_apart_from_name_schema_and_commands_the_recipe_stays_as_shipped() -> None:
    init("tickets", "tickets.yaml")
    shipped = shipped_recipes()["tickets"].read_text()
    assert Path("tickets.yaml").read_text().splitlines()[2:] == [
        line.replace("generate tickets", "generate tickets.yaml") if line.startswith("#") else line
        for line in shipped.splitlines()[2:]
    ]


def test_a_recipe_that_exists_is_not_overwritten() -> None:
    Path("my.yaml").write_text("mine")
    with pytest.raises(UsageError, match=r"my.yaml: exists already") as caught:
        init("quickstart", "my.yaml")
    assert caught.value.exit_code == 2
    assert [path.name for path in Path().iterdir()] == ["my.yaml"]
    assert Path("my.yaml").read_text() == "mine"


def test_base_data_of_another_content_is_not_overwritten() -> None:
    Path("data").mkdir()
    Path("data/word_problems.jsonl").write_text("mine\n")
    with pytest.raises(UsageError, match="other content"):
        init(None, None)
    assert not Path("quickstart.yaml").exists()


def test_a_second_recipe_in_the_folder_keeps_data_and_schema() -> None:
    init(None, "one.yaml")
    result = init(None, "two.yaml")
    assert result["written"] == ["two.yaml"]
    assert sorted(result["kept"]) == ["data/word_problems.jsonl", "recipe.schema.json"]


def test_a_dash_gives_the_text_and_writes_nothing() -> None:
    result = init("quickstart", "-")
    assert list(Path().iterdir()) == []
    recipe = yaml.safe_load(result["text"])
    assert Path(recipe["base"]["path"]).is_absolute()
    assert Path(recipe["base"]["path"]).is_file()


@pytest.mark.parametrize(
    ("template", "path", "message", "hint"),
    [
        ("quickstrat", None, "no shipped recipe is called 'quickstrat'", "did you mean quickstart?"),
        ("nothing-like-it", "x.yaml", "no shipped recipe", "known: "),
        ("quickstart", "folder/", "not the name of a recipe file", "folder.yaml"),
        ("quickstart", "x.json", "not the name of a recipe file", "x.json.yaml"),
    ],
)
def test_a_wrong_argument_is_a_usage_error(template: str, path: str | None, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        init(template, path)
    assert hint in caught.value.hint


def test_a_folder_that_cannot_be_made_is_a_usage_error() -> None:
    Path("file").write_text("")
    with pytest.raises(UsageError):
        init("tickets", "file/my.yaml")


def test_what_was_written_and_what_comes_next_is_said_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    init(None, "one.yaml")
    show_init(init(None, "two.yaml"))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "wrote two.yaml",
        "kept recipe.schema.json, which was there already",
        "kept data/word_problems.jsonl, which was there already",
        "next: datagen preview two.yaml",
    ]


def test_a_dash_puts_the_recipe_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    show_init(init("tickets", "-"))
    assert yaml.safe_load(capsys.readouterr().out)["name"] == "tickets"
