"""Datasets of the Hugging Face hub as rows, through `datasets` (the extra `hub`).

Downloaded once into that library's cache, then read from there, offline too. The digest is of the rows as JSON, so it
does not depend on where or how the cache keeps them. Classes are read by their names. Datasets that need their own code
to load are not run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.digest import canonical
from datagen_cli.core.errors import DataError, MissingExtra, Place
from datagen_cli.sources.class_labels import named_values, namings
from datagen_cli.sources.hub_folder import look_over
from datagen_cli.sources.rows import BadRow, Row, json_value, shown_path

_UNREACHABLE = ("offline", "connect", "resolve", "timed out", "timeout", "network", "unreachable", "max retries")


class Hub:
    """One split of a dataset of the hub, or of a local folder that `datasets` can load."""

    by_line: ClassVar[bool] = False

    def __init__(self, options: BaseOptions) -> None:
        self._options = options
        name = options.hf or ""
        self.shown = f"hf:{shown_path(name) if name.startswith('/') else name}"
        self._hash = hashlib.sha256()
        self.named: list[str] = []
        self.licence = ""

    def rows(self) -> Iterator[Row | BadRow]:
        """The rows of the split, in order. Raises `MissingExtra` without `datasets`, `DataError` without a network."""
        loaded = self._load()
        features = loaded.features.to_dict() if getattr(loaded, "features", None) else None
        self.named, by_name = named_values(features), namings(features)
        self.licence = str(getattr(getattr(loaded, "info", None), "license", None) or "")
        for number, data in enumerate(loaded, 1):
            try:
                values = {str(column): json_value(value) for column, value in data.items()}
                values |= {column: naming(values[column]) for column, naming in by_name.items() if column in values}
            except ValueError as error:
                yield BadRow(number, str(error), "name another dataset, or make a JSONL file of the columns you need")
                continue
            self._hash.update(canonical(values) + b"\n")
            yield Row(number, values)

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the rows read so far, as canonical JSON lines."""
        return self._hash.hexdigest()

    def _load(self) -> Any:
        try:
            import datasets
        except ImportError as error:
            message = "a base of the hub needs the package datasets"
            raise MissingExtra(message, "hub", place=Place(self.shown)) from error
        options = self._options
        local = Path(os.path.expanduser(options.hf or ""))
        if local.is_dir() and options.revision is not None:
            hint = "leave base.revision out, or name a dataset of the hub"
            raise DataError("a folder has no revisions", hint=hint, place=Place(self.shown))
        if options.hf and options.hf.startswith((".", "~", "/")) and not local.is_dir():
            raise DataError(
                "no such folder", hint="name a folder, or a dataset such as openai/gsm8k", place=Place(self.shown)
            )
        if not local.is_absolute() and local.is_dir():
            hint = (
                f"write ./{options.hf} for the folder, seen from the recipe's file, or run it elsewhere for the hub's"
            )
            raise DataError("is a folder here, and may be a dataset of the hub", hint=hint, place=Place(self.shown))
        if (options.hf or "").isidentifier() and find_spec(f"datasets.packaged_modules.{options.hf}"):
            hint = "name a dataset of the hub, such as openai/gsm8k, or a file: base.path"
            raise DataError("is a kind of file, for which the whole working folder would be read", hint=hint,
                            place=Place(self.shown))  # fmt: skip
        if local.is_dir():
            look_over(local)
        datasets.disable_progress_bars()
        verbosity = datasets.logging.get_verbosity()
        datasets.logging.set_verbosity(datasets.logging.CRITICAL)
        try:
            return datasets.load_dataset(options.hf, options.config, split=options.split, revision=options.revision)
        except Exception as error:  # four libraries' worth of error types, told apart by what they say
            raise _data_error(error, self.shown) from error
        finally:
            datasets.logging.set_verbosity(verbosity)
            datasets.enable_progress_bars()


def _data_error(error: Exception, shown: str) -> DataError:
    """What went wrong, in one line, with what to do."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    said = f"{type(error).__name__} {lines[0]}".lower()
    if any(word in said for word in _UNREACHABLE):
        hint = "check the network, or download the dataset once on a machine that has one; a local file works offline"
        return DataError("the hub cannot be reached and the dataset is not in the cache", hint=hint, place=Place(shown))
    hint = "check the name, and base.config, base.split and base.revision"
    return DataError(f"cannot be loaded: {lines[0][:200]}", hint=hint, place=Place(shown))
