"""Files that the user names for output: written whole or not at all, and never over what was read.

A link is followed within its own folder; one that leads elsewhere is refused: a folder from somebody else may hold it.
What is no regular file (a device, a pipe, a descriptor of the shell's) is written to and stays what it is.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

from datagen_cli.cli import console
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.jsonl import write_aside, write_errors
from datagen_cli.core.system import CLOSE_ON_EXEC

STANDARD = "-"
TABLES = (".csv", ".tsv", ".parquet", ".xlsx", ".xls", ".ods", ".arrow", ".feather")
DESCRIPTORS = ("/dev/fd/", "/dev/stdout", "/dev/stderr", "/proc/self/fd/")


def write_output(name: str, content: bytes | Iterable[bytes]) -> None:
    """Writes a file, from one piece or from many, each of whole lines; `-` is standard output. Raises `UsageError`
    where that cannot be done."""
    chunks = [content] if isinstance(content, bytes) else content
    if name == STANDARD:
        for chunk in chunks:
            console.out(chunk.decode("utf-8").rstrip("\n"))
        return
    path = Path(name)
    if name.startswith(DESCRIPTORS) or (path.exists() and not path.is_file()):
        with write_errors(path), _opened(path) as file:
            for chunk in chunks:
                file.write(chunk)
        return
    write_aside(_place_of(path), chunks)


def _opened(path: Path) -> IO[bytes]:
    """A descriptor of the shell's, or what is no file; raises `OSError` where a file has come in its place since."""
    if str(path).startswith(DESCRIPTORS):
        return open(path, "wb")
    descriptor = os.open(path, os.O_WRONLY | CLOSE_ON_EXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EEXIST, "a file is in the way", str(path))
    return os.fdopen(descriptor, "wb")


def _place_of(path: Path) -> Path:
    """The file that a name stands for, looked up once: a link that comes later is replaced and not followed. Raises
    `UsageError` for a link to a file of another folder."""
    place = os.path.realpath(path)
    if path.is_symlink() and os.path.dirname(place) != os.path.realpath(path.parent):
        raise UsageError(
            "this is a link to a file elsewhere", hint=f"name the file itself: {place}", place=Place(str(path))
        )
    return Path(place)


def refuse_outputs(outputs: Mapping[str, str | None], inputs: Sequence[str | None]) -> None:
    """Raises `UsageError` for an output that cannot be written, is read as well, or is named twice.

    `outputs` maps options to the files they name. Said before minutes of work, not after.
    """
    read = {os.path.realpath(name) for name in inputs if name not in (None, STANDARD)}
    taken: dict[str, str] = {}
    for option, name in outputs.items():
        if name is None or name == STANDARD:
            continue
        place = os.path.realpath(name)
        if place in read:
            raise UsageError(
                f"{option}: this file is read by the same command", hint="name another file", place=Place(name)
            )
        if place in taken:
            raise UsageError(
                f"{option}: {taken[place]} names the same file", hint="name another file", place=Place(name)
            )
        taken[place] = option
        if not name.startswith(DESCRIPTORS):
            _refuse_unwritable(option, Path(name), Path(place))


def refuse_ending(option: str, name: str, ending: str = ".jsonl") -> None:
    """Raises `UsageError` for rows that would stand under the name of another format: a spreadsheet reads JSON lines
    under `.csv` as cells, and finds formulas in them."""
    given = Path(name).suffix.lower()
    if name != STANDARD and given in TABLES and given not in (ending, ".tsv" if ending == ".csv" else ""):
        kind = "JSON lines" if ending == ".jsonl" else f"a {ending} file"
        raise UsageError(
            f"{option} {name}: {kind} would be called like a {given} file",
            hint=f"{option} {shlex.quote(str(Path(name).with_suffix(ending)))}",
        )


def _refuse_unwritable(option: str, named: Path, file: Path) -> None:
    if not file.exists() or file.is_file():
        _place_of(named)
    if file.is_dir():
        raise UsageError(f"{option}: a folder is in the way", hint="name a file", place=Place(str(named)))
    above = str(named.parent)
    if not file.parent.is_dir():
        raise UsageError(f"{option}: there is no such folder", hint="create it first", place=Place(above))
    if not os.access(file.parent, os.W_OK) and not (file.exists() and os.access(file, os.W_OK)):
        raise UsageError(f"{option}: not writable", hint="choose another folder", place=Place(above))
