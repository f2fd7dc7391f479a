"""Recipes and configs that come with the package, and the reading of small text files."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Literal

from datagen_cli.config.tree import Source
from datagen_cli.config.yaml_lines import MAX_BYTES
from datagen_cli.core.errors import Place, RecipeError
from datagen_cli.core.nearby import near_file
from datagen_cli.core.registry import suggest
from datagen_cli.core.system import open_given

SUFFIXES = (".yaml", ".yml")
ROWS = (".csv", ".tsv", ".jsonl", ".parquet", ".xlsx", ".xls", ".ods")
DESCRIPTORS = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")


def shipped_folder(kind: Literal["recipes", "configs"]) -> Path:
    """The folder of shipped recipes or configs: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / kind
    return packaged if packaged.is_dir() else package.parent / kind


def shipped_recipes() -> dict[str, Path]:
    """Shipped recipes by name: `quickstart`, or `sub/name` for one in a folder; in order of name."""
    folder = shipped_folder("recipes")
    files = sorted(folder.rglob("*.yaml"))
    return {file.relative_to(folder).with_suffix("").as_posix(): file for file in files}


def shipped_config(name: str) -> Path | None:
    """The shipped file that `configs/models/x.yaml` or `models/x` names, or None."""
    folder = shipped_folder("configs")
    part = name.removeprefix("configs/")
    if ".." in Path(part).parts or Path(part).is_absolute() or "\0" in part:
        return None
    for candidate in (folder / part, folder / f"{part}.yaml"):
        if candidate.suffix in SUFFIXES and candidate.is_file():
            return candidate
    return None


def open_recipe(source: str, cwd: Path) -> tuple[bytes, Source, Path | None]:
    """The bytes of a recipe, its `Source`, and its absolute path (None for `-`, standard input).

    `source` is a path from `cwd`, the name of a shipped recipe, or `-`; a file wins over a shipped name.
    Raises `RecipeError` with the nearest names.
    """
    if source == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1), Source("-", str(cwd)), None
    path = cwd / source
    if path.suffix.lower() in ROWS and exists(path):
        hint = f"a recipe for them: datagen init --from {shlex.quote(source)} my.yaml"
        raise RecipeError("these are rows, no recipe", hint=hint, place=Place(source))
    shipped = shipped_recipes()
    if source in shipped and not is_file(path):
        path = shipped[source]
        return read_bytes(path, f"shipped:{source}"), Source(f"shipped:{source}", str(path.parent)), path
    if not exists(path):
        file = near_file(path, SUFFIXES).replace(f"{cwd}{os.sep}", "", 1)
        name = suggest(source.removesuffix(path.suffix) if path.suffix in SUFFIXES else source, shipped)
        as_file = path.suffix in SUFFIXES or not name.startswith("did")
        hint = (file if as_file else "") or name.replace("known:", "give a file, or the name of a shipped recipe:")
        raise RecipeError(f"no such recipe: {shorten(source)}", hint=hint)
    path = Path(path).absolute()
    return read_bytes(path, source), Source(source, str(path.parent)), path


def read_bytes(path: Path, name: str, *, part: bool = False) -> bytes:
    """The bytes of a recipe, or of a `part` of one that it names. No pipe or device is waited for but a descriptor that
    the shell opened (`<(…)`) in the place of a whole recipe.

    Raises `RecipeError` when it cannot be read or is far too large.
    """
    try:
        if path.is_dir():
            raise RecipeError("is a folder, not a file", place=Place(name))
        opened = not part and str(path).startswith(DESCRIPTORS)
        with path.open("rb") if opened else open_given(path) as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise RecipeError(f"no such file: {shorten(name)}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise RecipeError(f"cannot be read: {reason.lower()}", place=Place(shorten(name))) from error
    if len(data) > MAX_BYTES:
        hint = "base data belongs under base.path"
        raise RecipeError(f"too large for a recipe (over {MAX_BYTES // 1_000_000} MB)", hint=hint, place=Place(name))
    return data


def is_file(path: Path) -> bool:
    """Whether a path names a file; a text that cannot be a path does not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Whether a path names anything; a text that cannot be a path does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def shorten(text: str) -> str:
    """At most 80 printable characters of a name."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
