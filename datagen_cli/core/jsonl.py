"""JSON Lines files that survive the death of the process: appended lines, torn ends, files written aside.

Every write error (folder not writable, disk full, file size limit) becomes a `UsageError` with the file's name.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from datagen_cli.core.below import make_folders, replace, unlink
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.json_text import make_encoder
from datagen_cli.core.system import open_own, read_own

MODE = 0o600
IN_MEMORY = 1 << 22
_ENCODE = make_encoder(sort_keys=False)
_ADVICE = {
    errno.ENOSPC: ("no space left", "free some space and run the same command again: nothing is lost"),
    errno.EDQUOT: ("the disk quota is used up", "free some space and run the same command again: nothing is lost"),
    errno.EFBIG: (
        "the file size limit is reached",
        "raise `ulimit -f` and run the same command again: nothing is lost",
    ),
    errno.EACCES: ("not writable", "choose another folder with -o, or change its permissions"),
    errno.EPERM: ("not writable", "choose another folder with -o, or change its permissions"),
    errno.EROFS: ("on a read-only file system", "choose another folder with -o"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "choose another folder with -o"),
    errno.EEXIST: ("a file is in the way", "choose another folder with -o"),
    errno.ELOOP: ("a link is in the way", "a run writes to no link: remove it, or choose another folder with -o"),
    errno.EMLINK: (
        "the file has a second name elsewhere (a hard link)",
        "what is written would change that one, too: copy the folder (cp -r), and use the copy",
    ),
    errno.ENOTSUP: ("this is not a regular file", "remove it, or choose another folder with -o"),
    errno.ENOLCK: ("its file system has no locks", "choose a folder on another one with -o"),
    errno.ENXIO: ("this is not a regular file", "remove it, or choose another folder with -o"),
    errno.EISDIR: ("a folder is in the way", "choose another name"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
}


class write_errors:
    """A context that turns an `OSError` of writing into a `UsageError` that names the file and says what to do.

    It is entered for every line that is written, at a third of what one made of a generator costs.
    """

    __slots__ = ("_path",)

    def __init__(self, path: Path | str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            what, hint = _ADVICE.get(error.errno or 0, (error.strerror or str(error), "choose another place with -o"))
            raise UsageError(f"cannot write: {what}", hint=hint, place=Place(str(self._path))) from error


def dump(value: Any) -> bytes:
    """One compact JSON line without its line end, keys in their order."""
    return _ENCODE(value).encode("utf-8")


def write_aside(path: Path, chunks: Iterable[bytes]) -> None:
    """Writes a whole file beside `path` and renames it into place: readers see the old or the new one, never half."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    with write_errors(path):
        descriptor = open_own(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        try:
            with os.fdopen(descriptor, "wb", buffering=1 << 18) as file:
                for chunk in chunks:
                    file.write(chunk)
            replace(aside, path)
        except BaseException:
            unlink(aside, missing_ok=True)
            raise


def put_by() -> IO[bytes]:
    """A file without a name for lines that are written later: in memory up to `IN_MEMORY` bytes, then on disk."""
    return cast("IO[bytes]", tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))


def write_json(path: Path, value: Any) -> None:
    """One JSON document, indented, written aside."""
    write_aside(path, [json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8"), b"\n"])


def read_json(path: Path) -> Any:
    """A JSON document, or None when the file is missing or broken."""
    try:
        with read_own(path) as file:
            return json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file, one at a time; a missing file has none. Raises `DataError` at a broken line."""
    if not path.exists():
        return
    try:
        opened = read_own(path)
    except OSError as error:
        raise DataError("not a plain file that can be read", place=Place(str(path))) from error
    with opened as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"not JSON: {error}", place=Place(str(path), number)) from error
            if not isinstance(value, dict):
                raise DataError("expected a JSON object on every line", place=Place(str(path), number))
            yield value


def make_folder(path: Path, *, own: bool = False) -> None:
    """Creates a folder with its parents. `own`: a folder of a run, which is no link."""
    with write_errors(path):
        make_folders(path)
        if own and path.is_symlink():
            raise OSError(errno.ELOOP, "a link is in the way")
