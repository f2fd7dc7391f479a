"""Includes, and paths that hold from any working folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.config.includes import with_includes
from datagen_cli.config.load import load_recipe
from datagen_cli.core.errors import Place, RecipeError
from tests.config.recipes import SMALL, load, write


def test_mappings_merge_lists_replace_and_the_including_file_wins(tmp_path: Path) -> None:
    write(tmp_path, "limits: {concurrency: 4, max_cost: 1}\nvalidators: [schema]\nseed: 1\n", "a.yaml")
    write(tmp_path, "limits: {max_cost: 2, hedge: true}\nseed: 2\n", "b.yaml")
    recipe = load(tmp_path, "include: [a.yaml, b.yaml]\nvalidators: [reflect]\nlimits: {concurrency: 9}\n" + SMALL)
    limits = recipe.options.limits
    assert (limits.concurrency, limits.max_cost, limits.hedge, recipe.options.seed) == (9, 2, True, 2)
    assert [check.type for check in recipe.validators] == ["reflect"]
    assert "include" not in recipe.source


def test_an_include_of_the_command_line_lies_below_the_recipe(tmp_path: Path) -> None:
    write(tmp_path, "count: 99\nseed: 3\n", "a.yaml")
    options = load(tmp_path, SMALL, "include=a.yaml").options
    assert (options.count, options.seed) == (5, 3)


def test_includes_include_and_a_single_name_is_enough(tmp_path: Path) -> None:
    write(tmp_path, "include: deep/b.yaml\nseed: 1\n", "parts/a.yaml")
    write(tmp_path, "seed: 2\nrecords_per_call: 3\n", "parts/deep/b.yaml")
    options = load(tmp_path, "include: parts/a.yaml\n" + SMALL).options
    assert (options.seed, options.records_per_call) == (1, 3)


def test_a_file_may_be_included_twice_but_not_by_itself(tmp_path: Path) -> None:
    write(tmp_path, "seed: 4\n", "c.yaml")
    write(tmp_path, "include: c.yaml\n", "a.yaml")
    write(tmp_path, "include: c.yaml\n", "b.yaml")
    assert load(tmp_path, "include: [a.yaml, b.yaml]\n" + SMALL).options.seed == 4
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, "include: x.yaml\n" + SMALL)
    assert str(caught.value) == "x.yaml:1: include: x.yaml includes itself"
    write(tmp_path, "seed: 1\ninclude: ../x.yaml\n", "sub/a.yaml")
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, "include: sub/a.yaml\n" + SMALL)
    assert str(caught.value) == "sub/a.yaml:2: include: ../x.yaml includes itself"


def test_shipped_configs_are_found_from_anywhere_but_a_file_wins(tmp_path: Path) -> None:
    text = "include: configs/models/vllm.yaml\n" + SMALL
    with pytest.raises(RecipeError) as caught:  # it holds a model's mapping, so its keys are no recipe's
        load(tmp_path, text)
    assert caught.value.place is not None and caught.value.place.file == "configs/models/vllm.yaml"
    write(tmp_path, "seed: 8\n", "configs/models/vllm.yaml")
    assert load(tmp_path, text).options.seed == 8


@pytest.mark.parametrize(
    ("include", "message"),
    [
        ("gone.yaml", "include: no such file: gone.yaml"),
        ("configs/../gone.yaml", "include: no such file: configs/../gone.yaml"),
        ("https://example.org/x.yaml", "include: takes local files only"),
        ("[3]", "include: expected a file name or a list of them"),
        ("{a: b}", "include: expected a file name or a list of them"),
    ],
)
def test_an_include_that_cannot_be_read_says_so(tmp_path: Path, include: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, f"include: {include}\n" + SMALL)
    assert (str(caught.value.place), caught.value.message) == ("x.yaml:1", message)


def test_an_error_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    write(tmp_path, "limits:\n  max_cots: 3\n", "parts/a.yaml")
    write(tmp_path, "include: ../parts/a.yaml\n" + SMALL, "recipes/r.yaml")
    with pytest.raises(RecipeError) as caught:
        load_recipe("recipes/r.yaml", environ={}, cwd=tmp_path)
    assert str(caught.value) == "parts/a.yaml:2: limits.max_cots: unknown option"
    write(tmp_path, "", "parts/a.yaml")
    with pytest.raises(RecipeError) as caught:
        load_recipe("recipes/r.yaml", environ={}, cwd=tmp_path)
    assert str(caught.value) == "parts/a.yaml: the file is empty"


def test_relative_paths_start_at_the_file_that_names_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        "dedup: {against: [accepted, base, ../old.jsonl, 'runs/n-*', /abs/x.jsonl]}\nprompts: {system: s.j2}\n",
        "parts/a.yaml",
    )
    text = "include: ../parts/a.yaml\nbase: {path: data/a.jsonl}\nprompts: {generate: 'Write {{ n }}'}\n" + SMALL
    write(tmp_path, text, "recipes/r.yaml")
    recipe = load_recipe("recipes/r.yaml", environ={}, cwd=tmp_path)
    options = recipe.options
    assert options.base is not None and options.dedup is not None
    assert options.base.path == str(tmp_path / "recipes/data/a.jsonl")
    assert options.dedup.against == [
        "accepted",
        "base",
        str(tmp_path / "old.jsonl"),
        str(tmp_path / "parts/runs/n-*"),
        "/abs/x.jsonl",
    ]
    assert (options.prompts.system, options.prompts.generate) == (str(tmp_path / "parts/s.j2"), "Write {{ n }}")
    assert recipe.source["base"] == {"path": str(tmp_path / "recipes/data/a.jsonl")}


def test_paths_of_the_command_line_start_at_the_working_folder(tmp_path: Path) -> None:
    write(tmp_path, "base: {path: data/a.jsonl}\n" + SMALL, "recipes/r.yaml")
    recipe = load_recipe("recipes/r.yaml", overrides=["base.path=b.jsonl"], environ={}, cwd=tmp_path)
    assert recipe.options.base is not None and recipe.options.base.path == str(tmp_path / "b.jsonl")


def test_a_corpus_of_the_search_validator_is_a_path_too(tmp_path: Path) -> None:
    text = SMALL + "validators:\n  - search: {fields: [text], sources: [corpus], corpus: docs}\n"
    assert load(tmp_path, text).validators[0].options.identity()["corpus"] == str(tmp_path / "docs")


def test_without_includes_the_tree_is_left_as_it_is(tmp_path: Path) -> None:
    recipe = load(tmp_path, SMALL)
    assert recipe.tree is not None
    assert with_includes(recipe.tree, ()) is recipe.tree
    assert recipe.place("count") == Place("x.yaml", 9)
