"""What CONTRIBUTING, the architecture page and the changelog say, held against the tree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from datagen_cli.catalog import CATALOG
from tests import architecture as rules

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "datagen_cli"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
MAKE = (ROOT / "Makefile").read_text("utf-8")


def test_the_layers_of_the_page_are_those_the_code_is_checked_by() -> None:
    block = ARCHITECTURE.partition("<!-- layers -->\n```\n")[2].partition("```")[0]
    told = [tuple(part.strip() for part in line.split("·")) for line in block.splitlines()]
    assert told == [line for line in rules.LAYERS if line != ("__main__",)]


def test_every_folder_of_the_package_is_described() -> None:
    rows = set(re.findall(r"^\| `([a-z]+)` \|", ARCHITECTURE.partition("## Why")[0], flags=re.MULTILINE))
    there = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} | {"catalog"}
    assert there - rows == set()
    assert rows == {folder for line in rules.LAYERS for folder in line if folder != "__main__"}


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    named = re.findall(r"`([\w./-]+/[\w.-]*)`", text) + re.findall(r"`([\w-]+\.(?:py|md|yaml|j2))`", text)
    named = [name for name in named if "NAME" not in name and not name.startswith(("gguf/", "openai/"))]
    assert len(named) > 10
    places = (ROOT, PACKAGE, ROOT / "tests" / "contracts")
    gone = [name for name in named if not any((place / name).exists() for place in places)]
    assert [name for name in gone if name not in ("dataset.jsonl", "run.json")] == []


def test_every_shelf_has_a_row_and_a_test_of_its_manners() -> None:
    table = CONTRIBUTING.partition("## Where things go")[2].partition("### ")[0]
    folders = {target.split(".")[1] for shelf in CATALOG.values() for target in shelf.values()}
    assert [folder for folder in folders - {"evaluation"} if f"`{folder}/" not in table] == []
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "contracts").glob("test_*.py")}
    assert set(CATALOG) - tests == set()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z]+)\b", CONTRIBUTING + ARCHITECTURE))))
def test_every_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", MAKE, flags=re.MULTILINE)


def test_the_changelog_has_a_part_for_what_is_not_released_and_for_this_version() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), flags=re.MULTILINE)
    assert version is not None
    assert headings[0] == "Unreleased"
    assert version[1] in headings


def test_the_hooks_before_a_commit_run_what_is_installed_here() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    entries = [hook["entry"] for hook in hooks[0]["hooks"]]
    assert all(entry.startswith(".venv/bin/python -m ") for entry in entries)
    assert {entry.split()[2] for entry in entries} == {"ruff", "mypy", "pytest"}
