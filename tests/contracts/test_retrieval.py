"""Every place to search: it is called as the shelf calls it, says which host it asks, and answers `find`."""

from __future__ import annotations

import inspect
import re

import pytest

from datagen_cli.core.registry import load, names


@pytest.mark.parametrize("name", names("retrieval"))
def test_it_says_its_name_and_the_host_that_it_asks(name: str) -> None:
    source = load("retrieval", name)
    assert source.name == name
    assert isinstance(source.of_files, bool), "of_files: whether it is built from files that the recipe names"
    assert source.host == "" or re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", source.host)


@pytest.mark.parametrize("name", names("retrieval"))
def test_it_finds_passages_for_a_query(name: str) -> None:
    find = load("retrieval", name).find
    assert inspect.iscoroutinefunction(find)
    assert list(inspect.signature(find).parameters) == ["self", "query", "most"]
    assert (inspect.getdoc(find) or inspect.getdoc(load("retrieval", name)) or "").strip()
