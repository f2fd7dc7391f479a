from __future__ import annotations

import gzip
import hashlib
import io
import json
from pathlib import Path

import pytest

from datagen_cli.core.errors import DataError
from datagen_cli.sources import rows as rows_module

from .bases import data, failure, opened

ROWS = [{"q": "a", "n": 1}, {"q": "b é\u2028", "n": 2.5}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", LINES),
        ("a.ndjson", LINES.replace("\n", "\r\n\n")),
        ("a.JSONL", "\ufeff" + LINES.rstrip("\n")),
        ("a.jsonl.gz", LINES),
        ("a.json", json.dumps(ROWS, indent=1)),
        ("a.json", json.dumps({"data": ROWS, "other": [1]})),
        ("a.json", json.dumps({"version": 2, "rows": ROWS})),
        ("a.json.gz", "\ufeff" + json.dumps(ROWS)),
    ],
)
def test_json_rows_are_read_in_all_their_forms(tmp_path: Path, name: str, content: str) -> None:
    assert data(write(tmp_path, name, content)) == ROWS


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'q,n\r\n"a, ""b""\nc",1\r\n\r\nd,2\r\n'),
        ("a.csv", '\ufeffq , n\n"a, ""b""\nc",1\nd,2'),
        ("a.tsv", 'q\tn\n"a, ""b""\nc"\t1\nd\t2\n'),
        ("a.csv.gz", 'q,n\n"a, ""b""\nc",1\nd,2\n'),
    ],
)
def test_tables_are_read_as_texts_with_quoted_line_breaks(tmp_path: Path, name: str, content: str) -> None:
    rows = data(write(tmp_path, name, content))
    assert [{key: value.replace("\r\n", "\n") for key, value in row.items()} for row in rows] == [
        {"q": 'a, "b"\nc', "n": "1"},
        {"q": "d", "n": "2"},
    ]


def test_a_long_cell_is_read(tmp_path: Path) -> None:
    assert data(write(tmp_path, "a.csv", f"q\n{'x' * 300_000}\n")) == [{"q": "x" * 300_000}]


def test_a_missing_last_cell_is_a_missing_column(tmp_path: Path) -> None:
    assert data(write(tmp_path, "a.csv", "q,n\na\n")) == [{"q": "a"}]


def test_rows_carry_the_line_they_start_on(tmp_path: Path) -> None:
    table = opened(write(tmp_path, "a.csv", 'q\n"a\nb"\nc\n'))
    assert [row.line for row in table.rows()] == [2, 4]
    lines = opened(write(tmp_path, "a.jsonl", "\n" + LINES))
    assert [row.line for row in lines.rows()] == [2, 3]


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    for name, content in (("a.jsonl", LINES + "\n"), ("a.csv", "q\na\n"), ("a.json", json.dumps(ROWS))):
        base = opened(write(tmp_path, name, content))
        list(base.rows())
        assert base.digest == hashlib.sha256(content.encode()).hexdigest()


def test_with_a_limit_only_the_first_rows_are_read_and_hashed(tmp_path: Path) -> None:
    base = opened(write(tmp_path, "a.jsonl", LINES + "broken"), limit=2)
    assert [row.data for row in base.rows()] == ROWS
    assert base.digest == hashlib.sha256(LINES.encode()).hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "message", "line", "hint"),
    [
        ("a.jsonl", LINES + '{"q": }\n', "not JSON: expecting value at column 7", 3, "every row is a JSON object"),
        ("a.jsonl", LINES + "[1]\n", "expected an object, found list", 3, ".json file"),
        ("a.jsonl", '[\n{"q": 1}\n]', "not JSON: expecting value", 1, "name the file .json"),
        ("a.jsonl", LINES + '{"q": NaN}\n', "not JSON: NaN is not JSON", 3, "object"),
        ("a.jsonl", LINES + '{"q": "\\udc00"}\n', "not JSON: half of a surrogate pair", 3, "object"),
        ("a.jsonl", b'{"q": "a"}\n{"q": "\x00"}\n', "holds a NUL byte", 2, "damaged"),
        ("a.jsonl", b'{"q": "caf\xe9"}\n', "not UTF-8: byte 0xe9 at position 11", 1, "iconv"),
        ("a.jsonl", LINES.encode("utf-16"), "the file is UTF-16, not UTF-8", 1, "iconv -f UTF-16"),
        ("a.csv", "q\na\n".encode("utf-16"), "the file is UTF-16, not UTF-8", 1, "iconv -f UTF-16"),
        ("a.jsonl", "", "the base has no rows", 0, "at least one row"),
        ("a.jsonl", "\n \n", "the base has no rows", 0, "at least one row"),
        ("a.json", "", "the base has no rows", 0, "at least one row"),
        ("a.json", "[]", "the base has no rows", 0, "at least one row"),
        ("a.json", LINES, "not JSON: extra data", 2, "name the file .jsonl"),
        ("a.json", '[{"q": 1},\n 2 3]', "not JSON: expecting ',' delimiter at column 4", 2, "JSON tool"),
        ("a.json", '{"a": [], "b": []}', "expected a list of rows, found an object with 2 lists", 0, "under data"),
        ("a.json", "3", "expected a list of rows, found number", 0, "under data"),
        ("a.json", '[{"q": 1}, 2]', "row 2: expected an object, found number", 0, "object"),
        ("a.json", b'[{"q":\n "\x00"}]', "holds a NUL byte", 2, "damaged"),
        ("a.csv", "", "the base has no rows", 0, "below its header"),
        ("a.csv", "q,n\n", "the base has no rows", 0, "below its header"),
        ("a.csv", "q,q\na,b\n", "two columns are called 'q'", 1, "rename"),
        ("a.csv", "q,\na,b\n", "column 2 has no name in the header", 1, "name every column"),
        ("a.csv", "1,2.5\n3,4\n", "no header: the first line holds numbers (1, 2.5)", 1, "name the columns"),
        ("a.csv", "q,n\na,b,c\n", "3 cells, the header has 2", 2, "double quotes"),
        ("a.tsv", "q\tn\na\tb\tc\n", "3 cells, the header has 2", 2, "a tab"),
        ("a.csv", 'q,n\n"a,b\nc,d\n', "a quoted cell that is never closed", 2, "end it with"),
        ("a.csv", 'q,n\n"a"x,b\n', 'text after the closing " of a cell', 2, "inside a quoted cell"),
        ("a.csv", b"q,n\na,\x00\n", "holds a NUL byte", 2, "damaged"),
        ("a.csv", b"q,\xff\n", "the header: not UTF-8: byte 0xff at position 3", 1, "iconv"),
    ],
)
def test_bad_input_is_one_line_with_its_place_and_a_hint(
    tmp_path: Path, name: str, content: str | bytes, message: str, line: int, hint: str
) -> None:
    path = write(tmp_path, name, content)
    error = failure(path)
    assert isinstance(error, DataError)
    assert error.message.startswith(message)
    assert "\n" not in error.message
    assert error.place is not None and (error.place.file, error.place.line) == (str(path), line)
    assert hint in error.hint
    assert error.exit_code == 2


def test_a_line_over_10_mb_is_not_held_in_memory_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "MAX_LINE_BYTES", 50)
    path = write(tmp_path, "a.jsonl", f'{{"q": "{"x" * 4_000_000}"}}\n' + LINES)
    assert failure(path).message.startswith("a line over")
    base = opened(path, on_bad_row="skip")
    assert [row.data for row in base.rows()] == ROWS
    assert base.skipped == 1
    assert base.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_of_a_line_too_long_no_more_is_read_before_the_next_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "MAX_LINE_BYTES", 50)
    stream = io.BytesIO(b"x" * 4_000 + b"\n" + b"y" * 50 + b"\nnext\n")
    lines = rows_module.Lines("-", "a.csv", stream)
    assert isinstance(next(lines), rows_module.BadLine)
    assert stream.tell() == 51 and lines.unended
    assert isinstance(next(lines), rows_module.BadLine)
    assert not lines.unended
    assert next(lines) == "next\n"
    assert lines.digest == hashlib.sha256(stream.getvalue()).hexdigest()


def test_the_limit_of_a_line_is_10_mb() -> None:
    assert rows_module.MAX_LINE_BYTES == 10_000_000


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", '{}\n{"q": 1, "q": 2}\n{"m": {"k": 1, "k": 2}}', "2 objects hold {}: the first: 'q' on line 2"),
        ("a.json", '[{"q": 1, "q": 2}]', "1 object holds {}: 'q'"),
        ("a.json", '[{"q": {"q": 1}}]', None),
    ],
)  # fmt: skip
def test_keys_that_an_object_holds_twice_are_said(tmp_path: Path, name: str, content: str, said: str | None) -> None:
    base = opened(write(tmp_path, name, content))
    rows = list(base.rows())
    what = "a key more than once, whose last value counts"
    assert [note.partition(": ")[2] for note in base.notes] == ([] if said is None else [said.format(what)])
    assert said is None or any(row.data.get("q") == 2 for row in rows)


def test_bad_rows_can_be_skipped_and_are_counted_with_the_first_reasons(tmp_path: Path) -> None:
    bad = b'[]\n{\n{"q": "\x00"}\n{"q": "\xe9"}\n3\nnull\n'
    base = opened(write(tmp_path, "a.jsonl", LINES.encode() + bad + LINES.encode()), on_bad_row="skip")
    assert [row.data for row in base.rows()] == ROWS + ROWS
    assert (base.read, base.skipped, len(base.reasons)) == (10, 6, 5)
    assert base.reasons[0].endswith("a.jsonl:3: expected an object, found list")


def test_bad_rows_of_a_table_can_be_skipped_too(tmp_path: Path) -> None:
    content = b'q,n\na,1\nb,\x00\nc,1,2\n"d"x,1\ne,2\n"f\n\x00",3\ng,3\n'
    base = opened(write(tmp_path, "a.csv", content), on_bad_row="skip")
    assert [row.data["q"] for row in base.rows()] == ["a", "e", "g"]


def test_bad_rows_count_towards_the_limit(tmp_path: Path) -> None:
    base = opened(write(tmp_path, "a.jsonl", "[]\n" + LINES), on_bad_row="skip", limit=2)
    assert [row.data for row in base.rows()] == ROWS[:1]


def test_a_missing_file_is_named_with_its_neighbour(tmp_path: Path) -> None:
    write(tmp_path, "train.jsonl", LINES)
    error = failure(tmp_path / "trian.jsonl")
    assert (error.message, error.hint) == ("no such file", "did you mean train.jsonl?")
    assert "folder does not exist" in failure(tmp_path / "no" / "train.jsonl").hint


def test_a_folder_is_named_with_the_files_in_it(tmp_path: Path) -> None:
    write(tmp_path, "train.jsonl", LINES)
    error = failure(tmp_path)
    assert (error.message, error.hint) == ("is a folder, not a file", "name a file in it: train.jsonl")


@pytest.mark.parametrize(
    ("name", "message"), [("a.txt", "unknown kind of file .txt"), ("train", "the name has no ending")]
)
def test_a_file_of_an_unknown_kind_is_refused_with_the_kinds_there_are(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        opened(write(tmp_path, name, LINES))
    assert ".jsonl, .json, .csv, .tsv, .parquet" in caught.value.hint


def test_standard_input_is_refused_because_a_run_reads_its_base_again() -> None:
    assert "standard input" in failure("-").message


def test_a_file_without_permission_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path, "a.jsonl", LINES)
    monkeypatch.setattr("os.open", refuse)
    assert failure(path).message == "may not be read"


BROKEN = {"plain text": b"plain text", "cut off": gzip.compress(LINES.encode() * 50)[:-20]}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_gzip_file_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(content)
    assert failure(path).message == "broken gzip file"


def test_reading_a_few_rows_of_a_large_file_is_streamed(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", LINES * 50_000)
    rows = opened(path).rows()
    assert next(rows).data == ROWS[0]
