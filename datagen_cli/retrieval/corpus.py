"""`corpus`: documents of one's own, ranked by BM25 (SQLite FTS5, `porter unicode61`).

A document is a line of a .jsonl file (its texts joined, `title` apart), or a .txt or .md file; a folder is all of them.
Long documents are cut into passages of about `PASSAGE_WORDS` words between paragraphs. The index is made once for what
the files hold and kept beside the caches of this user; it needs about twice the size of the texts.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from datagen_cli.core.errors import DataError, Place
from datagen_cli.core.jsonl import read_lines
from datagen_cli.core.system import is_plain_file, open_given, read_given
from datagen_cli.retrieval.passage import Passage, SearchFailed, whole_characters

VERSION = 1
PASSAGE_WORDS = 200
MOST_TERMS = 64
MOST_TEXT = 64_000_000
"""Bytes of a document that is a file of its own."""
MOST_FILES = 100_000
ENDINGS = (".jsonl", ".txt", ".md")
Words = Callable[[str], list[str]]


class Corpus:
    """Passages of a file or folder of your own.

    `words` takes texts apart, so that scripts without spaces can be searched. Raises `DataError` when there is nothing
    to read. `keep` is the folder for the index; None keeps it in memory.
    """

    name: ClassVar[str] = "corpus"
    host: ClassVar[str] = ""
    of_files: ClassVar[bool] = True

    def __init__(self, path: Path, words: Words, keep: Path | None = None) -> None:
        self._words = words
        self._files = _files(path)
        self.digest = _digest(self._files)
        self._index = keep / f"corpus-{self.digest}.sqlite" if keep is not None else None
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    async def find(self, query: str, most: int) -> Sequence[Passage]:
        """See `PassageSource.find`."""
        return await asyncio.to_thread(self.lookup, query, most)

    def lookup(self, query: str, most: int) -> list[Passage]:
        """The passages that share the most telling words with the query, the nearest first."""
        terms = list(dict.fromkeys(word.replace('"', "") for word in self._words(query)))[:MOST_TERMS]
        wanted = " OR ".join(f'"{term}"' for term in terms if term)
        if not wanted:
            return []
        with self._lock:
            try:
                return self._ranked(wanted, most)
            except sqlite3.Error as error:
                if self._index is None:
                    raise SearchFailed(f"the index of the corpus: {error}") from error
            self.close()
            self._index.unlink(missing_ok=True)  # damaged: the files make it again
            try:
                return self._ranked(wanted, most)
            except sqlite3.Error as error:
                raise SearchFailed(f"the index of the corpus: {error}") from error

    def _ranked(self, wanted: str, most: int) -> list[Passage]:
        rows = self._open().execute(
            "SELECT title, body, -bm25(words) FROM words JOIN passages ON passages.rowid = words.rowid"
            " WHERE words MATCH ? ORDER BY bm25(words) LIMIT ?",
            (wanted, most),
        )
        return [Passage(self.name, title, body, round(score, 3)) for title, body, score in rows]

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._kept() or self._made(":memory:")
        return self._connection

    def _kept(self) -> sqlite3.Connection | None:
        """The index from its file, made first where it is missing; None where it cannot be kept."""
        if self._index is None:
            return None
        if not is_plain_file(self._index, own=True):
            aside = self._index.with_name(f".{self._index.name}.{os.getpid()}.part")
            try:
                self._made(str(aside)).close()
                os.replace(aside, self._index)
            except (sqlite3.Error, OSError):
                aside.unlink(missing_ok=True)
                return None
        return sqlite3.connect(f"file:{quote(str(self._index))}?mode=ro", uri=True, check_same_thread=False)

    def _made(self, place: str) -> sqlite3.Connection:
        connection = sqlite3.connect(place, check_same_thread=False)
        connection.execute("CREATE TABLE passages (title TEXT, body TEXT)")
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(content, tokenize = 'porter unicode61')")
        with closing(connection.cursor()) as cursor:
            for title, body in self._passages():
                cursor.execute("INSERT INTO passages VALUES (?, ?)", (title, body))
                text = " ".join(self._words(f"{title} {body}"))
                cursor.execute("INSERT INTO words (rowid, content) VALUES (?, ?)", (cursor.lastrowid, text))
        connection.commit()
        return connection

    def _passages(self) -> Iterator[tuple[str, str]]:
        for file in self._files:
            for title, text in _documents(file):
                for part in cut(text):
                    yield title, part


def cut(text: str) -> list[str]:
    """A text in passages: whole paragraphs, some `PASSAGE_WORDS` words each; a longer paragraph is cut at its words."""
    parts: list[list[str]] = [[]]
    size = 0
    for paragraph in re.split(r"\n\s*\n", text):
        words = paragraph.split()
        for start in range(0, len(words), PASSAGE_WORDS):
            piece = words[start : start + PASSAGE_WORDS]
            if size and size + len(piece) > PASSAGE_WORDS:
                parts.append([])
                size = 0
            parts[-1].append(" ".join(piece))
            size += len(piece)
    return ["\n\n".join(part) for part in parts if part]


def _documents(file: Path) -> Iterator[tuple[str, str]]:
    """(title, text) of every document of a file."""
    if file.suffix != ".jsonl":
        yield file.stem, read_given(file, MOST_TEXT).decode("utf-8", "replace")
        return
    for row in read_lines(file):
        title = str(row.get("title") or row.get("id") or "")
        texts = [value for key, value in row.items() if isinstance(value, str) and key not in ("title", "id", "url")]
        if texts:
            yield whole_characters(title), whole_characters("\n\n".join(texts))


def _files(path: Path) -> list[Path]:
    inside = list(islice(path.rglob("*"), MOST_FILES + 1)) if path.is_dir() else [path]
    if len(inside) > MOST_FILES:
        raise DataError(f"holds more than {MOST_FILES:,} files", hint="name a smaller folder", place=Place(str(path)))
    found = [file for file in sorted(inside) if file.suffix in ENDINGS and is_plain_file(file)]
    large = next((file for file in found if file.suffix != ".jsonl" and file.stat().st_size > MOST_TEXT), None)
    if large is not None:
        hint = "one document a line of a .jsonl file"
        raise DataError(f"larger than {MOST_TEXT // 1_000_000} MB", hint=hint, place=Place(str(large)))
    if not any(file.stat().st_size for file in found):
        hint = f"a file, or a folder with files, that end in {', '.join(ENDINGS)}"
        raise DataError("there is no document to search", hint=hint, place=Place(str(path)))
    return found


def _digest(files: Sequence[Path]) -> str:
    state = hashlib.blake2b(b"%d" % VERSION, digest_size=16)
    for file in files:
        with open_given(file) as content:
            while chunk := content.read(1 << 20):
                state.update(chunk)
        state.update(b"\x00")
    return state.hexdigest()
