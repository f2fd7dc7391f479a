"""Chat templates and licence in the head of a GGUF file, which may be anybody's: no length in it is trusted.

The format is GGUF's (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), versions 2 and 3, little-endian: the
magic, the version, the numbers of tensors and of pairs, then the pairs of a key and a value. Other versions are left to
llama.cpp, which refuses them. At most `MOST_BYTES` are read: a vocabulary of 260,000 words takes some 12 MB.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from datagen_cli.core.errors import UsageError
from datagen_cli.core.licence import MOST_CHARACTERS
from datagen_cli.core.system import open_given

VERSIONS = (2, 3)
MOST_BYTES = 64_000_000
BEYOND = f"what it says of itself ends beyond the file, or beyond {MOST_BYTES // 1_000_000} MB"
TEMPLATE = b"tokenizer.chat_template"
LICENCE = b"general.license"
TEXT, LIST = 8, 9
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value by its type: numbers and truth values."""


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
        self._most = min(len(data), MOST_BYTES)
        self._at = 0

    def skip(self, length: int) -> int:
        """Goes on by so many bytes, and gives the place before."""
        before = self._at
        self._at += length
        if self._at > self._most:
            raise ValueError(BEYOND)
        return before

    def number(self, size: int) -> int:
        """An integer without a sign."""
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
    """The pairs whose value is a text."""
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
