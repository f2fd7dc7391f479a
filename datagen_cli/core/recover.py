"""Pairs out of a damaged store: every leaf page that can still be read, in the file and in its write-ahead log.

The format is SQLite's (https://www.sqlite.org/fileformat2.html): a table's rows lie in leaf pages, a long value goes on
in a chain of overflow pages. Nothing here trusts a page: a value counts when its own checksum, which starts from its
key, is right, so that a wrong guess finds nothing; a chain that goes in a circle ends, and all chains together are
followed for some multiple of the files' size. Keeps keys and places in memory, and no values.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from datagen_cli.core.system import read_own

LEAF = 0x0D
HEAD_BYTES = 100
LOG_HEAD, FRAME_HEAD = 32, 24
STEP = 512
"""Pages that something was put in front of begin at a multiple of this."""
PAGE = 4096
LEAST_CELL = 12
"""Bytes of the smallest row, its pointer included."""
READ_AGAIN, READ_AGAIN_IN_LOG, SOME_BYTES = 4, 64, 1 << 20
"""How often all bytes of a file, or of a log, may be read as parts of long values: a log has a page once a commit, and
with each of them the same values again. So many bytes more are for files of a few pages."""
Content = bytes | mmap.mmap
Good = Callable[[str, bytes], bool]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row stands: number of its writing, pages as they were read then, page, cell."""

    written: int
    pages: _Pages
    shift: int
    offset: int
    cell: int


def readable_pairs(path: Path, good: Good) -> Iterator[tuple[str, bytes]]:
    """Key and stored value of all rows of a file and its log that are `good`; of several for one key the last."""
    database, log = _content(path), _content(Path(f"{path}-wal"))
    size = _page_size(database, log)
    found: dict[str, _Place] = {}
    pages = _Pages(database, size)
    for offset in range(0, len(database), STEP):
        _take(pages, offset, offset % size, good, found)
    _take_log(database, log, size, good, found)
    yield from _read(found)


def pairs_in_log(path: Path, good: Good) -> list[tuple[str, bytes]]:
    """The same of the log alone, which holds some megabytes at most."""
    log = _content(Path(f"{path}-wal"))
    found: dict[str, _Place] = {}
    if log:
        database = _content(path)
        _take_log(database, log, _page_size(database, log), good, found)
    return list(_read(found))


def _take_log(database: Content, log: Content, size: int, good: Good, found: dict[str, _Place]) -> None:
    pages = _Pages(database, size, log)
    for offset in pages.in_log:
        _take(pages, offset, 0, good, found)


def _read(found: dict[str, _Place]) -> Iterator[tuple[str, bytes]]:
    for key, place in found.items():
        row = _cell(place.pages, place.offset, place.shift, place.cell)
        if row is not None:
            yield key, row[2]


class _Pages:
    """Pages by number: of the log where it has them, else of the file."""

    def __init__(self, database: Content, size: int, log: Content = b"") -> None:
        self.size = size
        self._database = database
        self._log = log
        self._by_number: dict[int, int] = {}
        self.length = len(database) + len(log)
        self.may_read = READ_AGAIN * len(database) + READ_AGAIN_IN_LOG * len(log) + SOME_BYTES
        regular = range(LOG_HEAD, len(log) - FRAME_HEAD - size + 1, FRAME_HEAD + size)
        frames = [*regular, *islice(_frames(log, size), 2 * len(regular))]
        for offset in frames:
            self._by_number[int.from_bytes(log[offset : offset + 4], "big")] = offset + FRAME_HEAD
        self.in_log = [offset + FRAME_HEAD for offset in dict.fromkeys(frames)]

    def at(self, offset: int) -> bytes:
        """The page that begins at a place of the log, where there is one, or of the file."""
        return (self._log or self._database)[offset : offset + self.size]

    def numbered(self, number: int, shift: int) -> bytes:
        """A page by its number, all of the file's `shift` bytes further on; shorter, or empty, where there is none."""
        if number in self._by_number:
            return self.at(self._by_number[number])
        offset = (number - 1) * self.size + shift
        return self._database[offset : offset + self.size] if number > 0 else b""


def _frames(log: Content, size: int) -> Iterator[int]:
    """Where the frames of a log begin, also behind a place where bytes came in or went: each names the log's salts. In
    a damaged head other bytes may stand for them, such as zeros, which are everywhere."""
    salts = log[16:24]
    place = log.find(salts, LOG_HEAD) if salts else -1
    while 0 <= place <= len(log) - size - FRAME_HEAD + 8:
        yield place - 8
        place = log.find(salts, place + 8)


def _take(pages: _Pages, offset: int, shift: int, good: Good, found: dict[str, _Place]) -> None:
    """Keeps the places of the good rows of the page at `offset`."""
    page = pages.at(offset)
    head = _head(page)
    if len(page) < head + 8 or page[head] != LEAF:
        return
    count = min(int.from_bytes(page[head + 3 : head + 5], "big"), pages.size // LEAST_CELL)
    pointers = page[head + 8 : head + 8 + 2 * count]
    cells = {pointers[at : at + 2]: at // 2 for at in range(0, len(pointers), 2)}  # of cells in one place, one
    for number in cells.values():
        row = _cell(pages, offset, shift, number)
        if row is not None and (row[1] not in found or found[row[1]].written < row[0]) and good(row[1], row[2]):
            found[row[1]] = _Place(row[0], pages, shift, offset, number)


def _head(page: bytes) -> int:
    """Where a page's own head stands: the first page of a file has the file's before it."""
    return HEAD_BYTES if page.startswith(b"SQLite format 3") else 0


def _cell(pages: _Pages, offset: int, shift: int, number: int) -> tuple[int, str, bytes] | None:
    """Row number, key and value of a cell; None where it is none of a pair."""
    page = pages.at(offset)
    pointer = _head(page) + 8 + 2 * number
    try:
        length, place = _varint(page, int.from_bytes(page[pointer : pointer + 2], "big"))
        written, place = _varint(page, place)
        payload = _payload(pages, shift, page, place, length)
        head, at = _varint(payload, 0)
        key_type, at = _varint(payload, at)
        value_type, at = _varint(payload, at)
        if at != head or key_type < 13 or not key_type % 2 or value_type < 12 or value_type % 2:
            return None
        middle = head + (key_type - 13) // 2
        if middle + (value_type - 12) // 2 != len(payload):
            return None
        return written, payload[head:middle].decode(), payload[middle:]
    except (IndexError, UnicodeDecodeError):
        return None


def _payload(pages: _Pages, shift: int, page: bytes, place: int, length: int) -> bytes:
    """The bytes of a row, with what stands in its overflow pages. Raises `IndexError` where they end too early, or
    never."""
    usable = pages.size
    most = usable - 35
    if length <= most:
        return page[place : place + length]
    if length > pages.length:
        raise IndexError
    least = (usable - 12) * 32 // 255 - 23
    near = least + (length - least) % (usable - 4)
    near = near if near <= most else least
    parts = [page[place : place + near]]
    missing = length - near
    following = int.from_bytes(page[place + near : place + near + 4], "big")
    seen: set[int] = set()
    while missing > 0:
        over = pages.numbered(following, shift)
        pages.may_read -= usable
        if len(over) < usable or following in seen or pages.may_read < 0:
            raise IndexError
        seen.add(following)
        parts.append(over[4 : 4 + missing])
        missing -= len(parts[-1])
        following = int.from_bytes(over[:4], "big")
    return b"".join(parts)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """SQLite's number of 1 to 9 bytes, and the place behind it."""
    value = 0
    for count in range(9):
        byte = data[place + count]
        if count == 8:
            return value << 8 | byte, place + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + count + 1
    raise IndexError


def _page_size(database: Content, log: Content) -> int:
    for size in (int.from_bytes(database[16:18], "big"), int.from_bytes(log[8:12], "big")):
        if 512 <= size <= 32768 and size & (size - 1) == 0:
            return size
    return PAGE


def _content(path: Path) -> Content:
    try:
        with read_own(path) as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # none, or an empty one
        return b""
