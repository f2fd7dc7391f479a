"""Heads of GGUF files, made on the spot."""

from __future__ import annotations

import struct
from pathlib import Path

TEMPLATE = b"tokenizer.chat_template"


def text(value: bytes) -> bytes:
    """A text behind its length."""
    return struct.pack("<Q", len(value)) + value


def pair(key: bytes, kind: int, value: bytes) -> bytes:
    """A key, the type of its value, and the value."""
    return text(key) + struct.pack("<I", kind) + value


def texts(*values: bytes) -> bytes:
    """A list of texts."""
    return struct.pack("<IQ", 8, len(values)) + b"".join(map(text, values))


def head(*pairs: bytes, version: int = 3, count: int | None = None) -> bytes:
    """A file without tensors; `count` is how many pairs it says it has."""
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(pairs) if count is None else count) + b"".join(pairs)


def with_template(source: Path, target: Path, template: bytes) -> Path:
    """A model whose chat template is another one, of the same length or shorter, filled up by a comment."""
    content = source.read_bytes()
    at = content.index(text_key := text(TEMPLATE)) + len(text_key) + 4
    length = int.from_bytes(content[at : at + 8], "little")
    filled = template + b"{#" + b" " * (length - len(template) - 4) + b"#}"
    assert len(filled) == length
    target.write_bytes(content[: at + 8] + filled + content[at + 8 + length :])
    return target
