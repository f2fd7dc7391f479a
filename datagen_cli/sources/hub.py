"""Datasets of the Hugging Face hub as rows, through `datasets` (the extra `hub`).

Downloaded once into that library's cache, then read from there, offline too. The digest is of the rows as JSON, so it
does not depend on where or how the cache keeps them. Classes are read by their names. Datasets that need their own code
to load are not run.

A folder that `datasets` is given as a base may hold plain files of rows, and a card that names no others: the library
follows a card (`README.md`, `.huggingface.yaml`) to files elsewhere and to any address, waits for pipes, and unpacks
archives by what they hold, whatever they are called, without a bound. So a folder is looked over first. Files packed
with gzip and Parquet files are read through once, within the bounds of `unpacking`; other archives are refused.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path, PurePath
from typing import Any, ClassVar

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.digest import canonical
from datagen_cli.core.errors import DataError, MissingExtra, Place
from datagen_cli.core.json_text import json_value
from datagen_cli.core.system import open_given, read_given
from datagen_cli.sources.class_labels import named_values, namings
from datagen_cli.sources.parquet import Parquet
from datagen_cli.sources.rows import BadRow, Row, shown_path
from datagen_cli.sources.unpacking import Unpacked

CARDS = ("README.md", ".huggingface.yaml")
MOST_CARD_BYTES, MOST_NODES, MOST_FILES = 5_000_000, 100_000, 10_000
GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
ARCHIVES = (
    b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"\xfd7zXZ\x00", b"BZh", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c",
    b"Rar!", b"\x04\x22\x4d\x18",
)  # fmt: skip
"""How zip, xz, bzip2, zstandard, 7z, rar and lz4 begin."""
TAR, TAR_AT = b"ustar", 257
_FRONT = re.compile(r"\A\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
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


def look_over(folder: Path) -> None:
    """Raises `DataError` for a pipe, a device, an archive, what unpacks to too much, a card that names files elsewhere,
    and more files than `MOST_FILES`: half of a disk is not looked through."""
    for name in CARDS:
        if (folder / name).exists():
            _look_over_card(folder / name)
    paths = list(islice(folder.rglob("*"), MOST_FILES + 1))
    if len(paths) > MOST_FILES:
        raise _refused(folder, f"holds more than {MOST_FILES:,} files")
    for path in sorted(paths):
        if not path.is_dir():
            try:
                _look_over_file(path)
            except OSError as error:
                raise _refused(path, error.strerror or str(error)) from error


def _look_over_file(path: Path) -> None:
    with open_given(path) as file:
        head = file.read(TAR_AT + len(TAR))
    if head.startswith(ARCHIVES) or head[TAR_AT:] == TAR:
        raise _refused(path, "a folder of rows holds no archives", "unpack it")
    if head.startswith(GZIP):
        with Unpacked(str(path)) as unpacked:
            while unpacked.read(1 << 22):
                pass
    elif head.startswith(PARQUET):
        for _ in Parquet(BaseOptions(path=str(path))).rows():
            pass


def _look_over_card(path: Path) -> None:
    import yaml

    text = read_given(path, MOST_CARD_BYTES).decode("utf-8", "replace")
    front = _FRONT.match(text)
    try:
        data = yaml.safe_load(text if path.name != CARDS[0] else front[1] if front else "")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _refused(path, "the card's YAML cannot be read") from error
    if not isinstance(data, dict):
        return
    try:
        size = _size(data, {})
    except RecursionError:
        size = MOST_NODES + 1
    if size > MOST_NODES:
        raise _refused(path, "the card's YAML is too large")
    for name in _texts([one for one in data.get("configs") or () if isinstance(one, dict)]):
        if ":" in name or PurePath(name).is_absolute() or ".." in PurePath(name).parts or name.startswith("~"):
            raise _refused(path, f"the card names files outside its folder: {name[:200]!r}")


def _size(node: Any, known: dict[int, int]) -> int:
    """How many nodes a tree has when every alias is written out, counted without doing so."""
    if not isinstance(node, dict | list):
        return 1
    if id(node) not in known:
        known[id(node)] = MOST_NODES + 1  # what holds itself has no end
        parts = node.values() if isinstance(node, dict) else node
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def _texts(configs: list[dict[str, Any]]) -> Iterator[str]:
    """The files and folders that the configurations of a card name."""
    waiting: list[Any] = [one[key] for one in configs for key in ("data_files", "data_dir") if key in one]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += [value for key, value in node.items() if key != "split"]
        elif isinstance(node, list):
            waiting += node
        elif isinstance(node, str):
            yield node


def _refused(path: Path, what: str, hint: str = "") -> DataError:
    hint = hint or "name the file of rows instead: base.path"
    return DataError(what, hint=hint, place=Place(shown_path(str(path))))
