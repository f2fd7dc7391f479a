"""What a folder may hold that `datasets` is given as a base: plain files of rows, and a card that names no others.

`datasets` follows a card (`README.md`, `.huggingface.yaml`) to files elsewhere and to any address, waits for pipes, and
unpacks archives by what they hold, whatever they are called, without a bound. So a folder is looked over first. Files
packed with gzip and Parquet files are read through once, within the bounds of `unpacking`; other archives are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.errors import DataError, Place
from datagen_cli.core.system import open_given, read_given
from datagen_cli.sources.parquet import Parquet
from datagen_cli.sources.rows import shown_path
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
