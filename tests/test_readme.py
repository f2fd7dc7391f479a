"""What the README promises: its recipe loads, its commands and targets exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.load import load_recipe

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_recipe_is_valid(tmp_path: Path) -> None:
    recipe = re.search(r"```yaml\n(.*?)```", README, flags=re.DOTALL)
    assert recipe is not None
    (tmp_path / "readme.yaml").write_text(recipe[1])
    options = load_recipe("readme.yaml", environ={}, cwd=tmp_path).options
    assert (options.name, options.count) == ("tickets", 30)
    assert len(recipe[1].splitlines()) <= 20


def commands() -> dict[str, Any]:
    from datagen_cli.cli.app import SECTIONS, load_command

    return {name: load_command(name) for section in SECTIONS.values() for name in section}


def test_every_command_of_the_program_stands_in_the_table_and_every_one_there_exists() -> None:
    section = README.partition("\n## Commands\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z]+)", section, flags=re.MULTILINE)
    named = set(re.findall(r"^\| `([a-z]+)", section, flags=re.MULTILINE))
    assert named == set(commands()), "README.md has a row for each under Commands"


def test_every_option_it_names_is_an_option_of_some_command() -> None:
    known = {name for command in commands().values() for option in command.params for name in option.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README))
    assert named
    assert named - known == set()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z]+)\b", README))))
def test_every_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)


def test_every_file_it_names_is_there() -> None:
    named = set(re.findall(r"\b((?:configs|recipes)/[\w./-]*)", README))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
