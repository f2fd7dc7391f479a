"""Hints that say what to install: true to our own metadata, and never a name on an index that may be a stranger's."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import tomllib
from pathlib import Path

import pytest

from datagen_cli.core import extras
from datagen_cli.core.errors import EXIT_USAGE, MissingExtra, Place
from datagen_cli.core.extras import DISTRIBUTION, install_hint, package_name, requirements, split_requirements

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
SOURCES = sorted((ROOT / "datagen_cli").rglob("*.py"))


class Installed:
    """What pip wrote down about a copy."""

    def __init__(self, direct_url: str | None) -> None:
        self._direct_url = direct_url

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self._direct_url


def installed_from(monkeypatch: pytest.MonkeyPatch, direct_url: str | None) -> None:
    monkeypatch.setattr(extras, "requirements", lambda: {"hub": ["datasets", "pyarrow>=15"], "local": ["torch"]})
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Installed(direct_url))


def test_requirements_are_split_by_extra_and_keep_their_pins() -> None:
    lines = ["typer<1,>=0.15", 'torch; extra == "local"', "numpy>=1; extra == 'x-y'", "d[embed]; extra == 'all'"]
    found = split_requirements(lines)
    assert found == {"": ["typer<1,>=0.15"], "local": ["torch"], "x-y": ["numpy>=1"], "all": ["d[embed]"]}
    assert split_requirements([]) == {"": []}
    assert [package_name(item) for item in ("typer<1,>=0.15", "d[embed]", "a-b.c_d")] == ["typer", "d", "a-b.c_d"]


def test_our_own_metadata_is_read_by_the_name_that_is_built() -> None:
    assert PROJECT["name"] == DISTRIBUTION == "datagen-llm"
    found = requirements()
    assert {name for name in EXTRAS if name} <= found.keys()
    assert {_plain(item) for item in found["hub"]} == {_plain(item) for item in EXTRAS["hub"]}


@pytest.mark.parametrize(
    ("direct_url", "origin"),
    [
        (None, ""),
        ("{}", ""),
        ("not json", ""),
        ("[]", ""),
        (json.dumps({"url": "file:///a%20b", "dir_info": {"editable": True}}), ", installed in place from /a b"),
        (json.dumps({"url": "file:///tmp/x.whl", "archive_info": {}}), ", installed from /tmp/x.whl"),
        (json.dumps({"url": "https://me:secret@host.org/r.git", "vcs_info": {}}), ", installed from host.org"),
    ],
)  # fmt: skip
def test_a_hint_names_packages_with_pins_and_how_this_copy_was_installed(
    monkeypatch: pytest.MonkeyPatch, direct_url: str | None, origin: str
) -> None:
    installed_from(monkeypatch, direct_url)
    assert install_hint("hub") == f"pip install 'datasets' 'pyarrow>=15' (the extra hub of datagen-llm{origin})"
    assert install_hint("hub", "pyarrow").startswith("pip install 'pyarrow>=15' (the extra hub")
    assert "after PyTorch's CPU build" in install_hint("local")


def test_without_metadata_a_hint_names_the_packages_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "DISTRIBUTION", "not-installed-anywhere")
    assert requirements() == {"": []}
    assert install_hint("", "litellm").startswith("pip install 'litellm' (the core")


def test_a_missing_extra_carries_its_hint_and_what_works_without_it() -> None:
    error = MissingExtra("x needs y", "hub", "pyarrow", instead="use csv", place=Place("a.parquet"))
    assert (error.exit_code, str(error)) == (EXIT_USAGE, "a.parquet: x needs y")
    assert error.hint.startswith("pip install 'pyarrow")
    assert error.hint.endswith(", or use csv")


def _plain(requirement: str) -> str:
    return package_name(requirement).replace("_", "-").lower()


def raised() -> list[tuple[str, list[ast.expr]]]:
    """(where, arguments after the message) of every `MissingExtra` of the package."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "MissingExtra":
                assert not any(keyword.arg == "hint" for keyword in node.keywords), path
                found.append((f"{path.name}:{node.lineno}", node.args[1:]))
    return found


def test_every_missing_extra_names_an_extra_that_there_is_and_packages_of_it() -> None:
    calls = raised()
    assert len(calls) >= 7
    for where, (extra, *packages) in calls:
        if isinstance(extra, ast.Attribute):  # a provider's own extra, which is held against the extras elsewhere
            assert extra.attr == "extra", where
            continue
        assert isinstance(extra, ast.Constant), where
        names = {package_name(item) for item in EXTRAS[extra.value]}
        given = {item.value for item in packages if isinstance(item, ast.Constant)}
        assert given <= names, where


def test_no_text_says_to_install_a_distribution_of_ours_from_an_index() -> None:
    files = [*SOURCES, *(ROOT / "recipes").rglob("*.yaml"), *(ROOT / "configs").rglob("*.*"), ROOT / "README.md"]
    wrong = re.compile(r"datagen[-_](cli|llm)\s*\[|install ['\"]?datagen")
    assert [str(path) for path in files if wrong.search(path.read_text("utf-8"))] == []
