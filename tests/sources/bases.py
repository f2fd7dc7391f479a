"""Small bases and recipes for the tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datagen_cli.config.recipe import BaseOptions, RecipeOptions
from datagen_cli.core.errors import DatagenError
from datagen_cli.sources.open import BaseFile, BaseRows, open_base, read_base


def recipe(path: Path | None = None, **more: Any) -> RecipeOptions:
    """A recipe with this base; `base` options are given as `limit` and `on_bad_row`."""
    base = {key: more.pop(key) for key in ("limit", "on_bad_row") if key in more}
    written = {"version": 1, "name": "x", "description": "d", "model": "offline", "count": 1, **more}
    if path is not None:
        written["base"] = {"path": str(path), **base}
    return RecipeOptions.model_validate(written)


def read(path: Path | None = None, **more: Any) -> BaseRows:
    """The base of such a recipe."""
    return read_base(recipe(path, **more))


def opened(path: Path | str, **more: Any) -> BaseFile:
    """A base file, not read yet."""
    return open_base(BaseOptions.model_validate({"path": str(path), **more}))


def data(path: Path, **more: Any) -> list[dict[str, Any]]:
    """All rows of a base file."""
    return [row.data for row in opened(path, **more).rows()]


def failure(path: Path | str, **more: Any) -> DatagenError:
    """The error that reading a base file ends with."""
    try:
        list(opened(path, **more).rows())
    except DatagenError as error:
        return error
    raise AssertionError("no error")
