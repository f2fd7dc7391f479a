"""Patterns that are compiled at their first use are whole, and are patterns to whoever uses them."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

import datagen_cli.llm
import datagen_cli.prompts
import datagen_cli.text
from datagen_cli.core.pattern import PatternFile, compiled_later

MODULES = [
    found.name
    for package in (datagen_cli.text, datagen_cli.prompts, datagen_cli.llm)
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
]


def test_it_does_what_the_pattern_does() -> None:
    later, now = compiled_later(r"(\w)(\d)", re.ASCII), re.compile(r"(\w)(\d)", re.ASCII)
    assert later.findall("a1 b2") == now.findall("a1 b2") == [("a", "1"), ("b", "2")]
    assert later.sub(r"\2\1", "a1") == "1a" and later.pattern == now.pattern and later.flags == now.flags


def test_a_wrong_pattern_is_told_at_its_first_use() -> None:
    later = compiled_later("(")
    with pytest.raises(re.error):
        later.match("a")


def test_all_of_the_package_compile() -> None:
    kind = type(compiled_later(""))
    found = {
        (module, name): value.pattern
        for module in MODULES
        for name, value in vars(import_module(module)).items()
        if isinstance(value, kind)
    }
    assert len(found) > 60 and all(re.compile(pattern) for pattern in found.values())


def test_a_file_of_expressions_joins_their_lines_and_knows_their_names(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text("A: a{1,2}\nB: |-\n  # both\n  x{A}\n    |y\n  {A}z\nRULES:\n- {name: one, needs: [p, q]}\n")
    parts = PatternFile(file)
    assert parts["B"] == "xa{1,2}|y|a{1,2}z" and parts["RULES"] == [{"name": "one", "needs": ["p", "q"]}]
    assert parts.pattern("B", re.IGNORECASE).fullmatch("XAA") and not parts.pattern("B").fullmatch("XAA")


def test_a_name_that_is_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text("A: '{B}'\nB: b\n")
    with pytest.raises(KeyError, match="B"):
        PatternFile(tmp_path / "words.yaml")["A"]
