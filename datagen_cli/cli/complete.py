"""What the shell offers while a command line is typed: recipes, runs, datasets, models, measures.

Every function takes what was typed so far and gives the words that may follow. Nothing is opened and nothing heavy is
imported: the shell waits for the answer.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable
from pathlib import Path

RECIPE_SUFFIXES = (".yaml", ".yml")
DATA_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")


def recipes(incomplete: str) -> list[str]:
    """Shipped recipes by name, and recipe files."""
    return [*templates(incomplete), *_files(incomplete, RECIPE_SUFFIXES)]


def templates(incomplete: str) -> list[str]:
    """Shipped recipes by name."""
    from datagen_cli.config.shipped import shipped_recipes

    return _starting(shipped_recipes(), incomplete)


def runs(incomplete: str) -> list[str]:
    """Run folders: those in `runs/`, and those that begin as typed."""
    found = [*glob.glob("runs/*/run.json"), *glob.glob(f"{glob.escape(incomplete)}*/run.json")]
    return _starting(dict.fromkeys(Path(file).parent.as_posix() for file in sorted(found)), incomplete)


def datasets(incomplete: str) -> list[str]:
    """Run folders and files of rows."""
    return [*runs(incomplete), *_files(incomplete, DATA_SUFFIXES)]


def models(incomplete: str) -> list[str]:
    """Models that need no more words, shipped and own model files, and the prefixes of vendors; after `ROLE=` too."""
    from datagen_cli.config.shipped import shipped_folder
    from datagen_cli.core.registry import load, names
    from datagen_cli.llm.vendors import vendors

    role, equals, typed = incomplete.rpartition("=")
    forms = [form.removesuffix("...") for name in names("providers") for form in load("providers", name).forms()]
    known = dict.fromkeys([*(form for form in forms if " " not in form), *(f"{vendor}/" for vendor in vendors())])
    shipped = [f"configs/models/{file.name}" for file in sorted((shipped_folder("configs") / "models").glob("*.yaml"))]
    found = [*_starting([*known, *shipped], typed), *_files(typed, RECIPE_SUFFIXES)]
    return [f"{role}{equals}{name}" for name in found]


def metrics(incomplete: str) -> list[str]:
    """Measures; of a list `a,b` the last one is completed."""
    from datagen_cli.catalog import CATALOG

    before, comma, typed = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in _starting(CATALOG["metrics"], typed)]


def formats(incomplete: str) -> list[str]:
    """Formats that a run can be exported to."""
    from datagen_cli.catalog import CATALOG

    return _starting(CATALOG["formats"], incomplete)


def _starting(words: Iterable[str], typed: str) -> list[str]:
    return [word for word in words if word.startswith(typed)]


def _files(typed: str, suffixes: tuple[str, ...]) -> list[str]:
    """Files with one of the suffixes, and folders on the way to some, that begin as typed."""
    found = []
    for name in sorted(glob.glob(f"{glob.escape(typed)}*")):
        if Path(name).is_dir():
            found.append(f"{name}/")
        elif name.endswith(suffixes):
            found.append(name)
    return found


def _one_of(*words: str) -> Callable[[str], list[str]]:
    return lambda incomplete: _starting(words, incomplete)


embedders = _one_of("minilm", "hashed")
tables = _one_of("md", "csv", "latex")
caches = _one_of("run", "off")
