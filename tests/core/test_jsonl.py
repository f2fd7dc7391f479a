"""JSON Lines files: written aside, readable, and errors that say what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from datagen_cli.core.errors import DataError, UsageError
from datagen_cli.core.jsonl import dump, read_json, read_lines, write_aside, write_errors, write_json


def test_a_dumped_value_is_one_compact_line_with_keys_in_their_order() -> None:
    assert dump({"b": 1, "a": "ü"}) == '{"b":1,"a":"ü"}'.encode()


def test_a_file_written_aside_replaces_the_old_one_whole_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("old")
    write_aside(path, [b"a\n", b"b\n"])
    assert path.read_bytes() == b"a\nb\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_while_writing_aside_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("old")

    def chunks() -> Iterator[bytes]:
        yield b"new"
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_aside(path, chunks())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "no space left"), (errno.EACCES, "not writable"), (errno.EFBIG, "file size limit")],
)
def test_write_errors_name_the_file_and_say_what_is_wrong(number: int, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught, write_errors("runs/x"):
        raise OSError(number, "no")
    assert str(caught.value).startswith("runs/x: cannot write: ")
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_a_broken_line_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n\n{"a": \n')
    rows = read_lines(path)
    assert next(rows) == {"a": 1}
    with pytest.raises(DataError) as caught:
        next(rows)
    assert caught.value.place is not None
    assert caught.value.place.line == 3


def test_a_missing_file_has_no_lines_and_a_broken_document_reads_as_none(tmp_path: Path) -> None:
    assert list(read_lines(tmp_path / "none")) == []
    (tmp_path / "broken.json").write_text("{")
    assert read_json(tmp_path / "broken.json") is None
    write_json(tmp_path / "whole.json", {"a": 1})
    assert read_json(tmp_path / "whole.json") == {"a": 1}
