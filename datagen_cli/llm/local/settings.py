"""Files beside a model's weights, whoever wrote them, read within bounds (settings, chat templates), and its digest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datagen_cli.core.errors import UsageError
from datagen_cli.core.files import parse_object
from datagen_cli.core.system import open_given, read_given
from datagen_cli.llm.chat_template import refuse_templates
from datagen_cli.llm.gguf.files import gguf_digest, gguf_file, names_gguf

MOST_BYTES = 200_000_000
"""A tokenizer of 260,000 words has some 35 MB."""
_TEMPLATES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
_EDGE_BYTES = 65536
_WHOLE = (".json", ".jinja", ".model", ".txt")


def read_settings(name: str, path: Path) -> dict[str, Any]:
    """What a JSON file says; nothing where it holds no object. Raises `UsageError` where it cannot be read."""
    try:
        found = json.loads(read_given(path, MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"model local/{name}: {path.name} cannot be read: {error}", hint="download or save the model again"
        ) from error
    return found if isinstance(found, dict) else {}


def weights_digest(name: str) -> str | None:
    """A digest of a GGUF file or of what is in a model's folder: for caches, since a path can be trained anew. None for
    a hub id.

    The settings, the tokenizer and the chat template in full, and the size, the first and the last 64 KiB of each file
    of weights.
    """
    if names_gguf(name):
        return gguf_digest(gguf_file(f"local/{name}", name))
    path = Path(os.path.expanduser(name))
    if not path.is_dir():
        return None
    total = hashlib.blake2b(digest_size=16)
    for file in sorted(file for file in path.iterdir() if file.suffix in (*_WHOLE, ".safetensors") and file.is_file()):
        try:
            size = file.stat().st_size
            edges = read_given(file, MOST_BYTES) if file.suffix in _WHOLE else _edges(file, size)
        except OSError as error:  # it cannot be read, or is larger than any settings are
            raise UsageError(f"model local/{name}: {file.name} cannot be read: {error.strerror or error}") from error
        total.update(f"{file.name} {size} ".encode() + hashlib.blake2b(edges).digest())
    return total.hexdigest()


def _edges(file: Path, size: int) -> bytes:
    with open_given(file) as data:
        start = data.read(_EDGE_BYTES)
        data.seek(max(0, size - _EDGE_BYTES))
        return start + data.read()


def has_chat_template(name: str, folder: Path) -> bool:
    """Whether a model's folder has a chat template. Raises `UsageError` for one that runs or grows without end."""
    sources = list(_templates(folder))
    refuse_templates(f"local/{name}", sources)
    return bool(sources)


def _templates(folder: Path) -> Iterator[str]:
    """The sources of a folder's templates: a file of their own, or a text or a list in the tokenizer's settings."""
    for file in _TEMPLATES:
        path = folder / file
        if not path.is_file():
            continue
        try:
            content = read_given(path, MOST_BYTES)
        except OSError:
            continue
        if file.endswith(".jinja"):
            yield content.decode("utf-8", "replace")
            continue
        said = (parse_object(content) or {}).get("chat_template")
        for one in said if isinstance(said, list) else [said]:
            text = one.get("template") if isinstance(one, dict) else one
            if text and isinstance(text, str):
                yield text
