"""Tables of every form: what their first lines show, what must be said, and what one bad row costs."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.errors import DatagenError
from datagen_cli.evaluation.load import Wanted, load_dataset
from datagen_cli.sources.dialect import title_lines
from datagen_cli.sources.foreign import read_foreign
from datagen_cli.sources.rows import Row

from .bases import data, failure, opened

ROWS = [{"text": f"this is text {n}, of many", "n": str(n)} for n in range(5)]


def table(folder: Path, text: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_the_sign_between_columns_is_found_and_said(sign: str, tmp_path: Path) -> None:
    lines = [sign.join(("text", "n")), *(sign.join((row["text"], row["n"])) for row in ROWS)]
    base = opened(table(tmp_path, "\n".join(lines)))
    assert [row.data for row in base.rows()] == ROWS
    assert "separated by" in base.notes[0]
    assert data(table(tmp_path, "\n".join(lines)), csv={"delimiter": sign}) == ROWS


def test_a_first_line_that_names_the_sign_is_none_of_the_table(tmp_path: Path) -> None:
    assert data(table(tmp_path, 'sep=;\r\ntext;n\r\na, b;1\r\n"c\r\nd";2\r\n')) == [
        {"text": "a, b", "n": "1"},
        {"text": "c\r\nd", "n": "2"},
    ]
    bad = opened(table(tmp_path, '"sep=,"\ntext,n\na,1\nb,2,3\n'), on_bad_row="skip")
    assert [row.line for row in bad.rows()] == [3]
    assert data(table(tmp_path, "sep=;,n\na,1\n")) == [{"sep=;": "a", "n": "1"}]


def test_commas_in_texts_do_not_make_a_table_of_semicolons(tmp_path: Path) -> None:
    assert data(table(tmp_path, "text\na; b\nc; d\n")) == [{"text": "a; b"}, {"text": "c; d"}]
    assert data(table(tmp_path, 'a,b\n"x; y; z",1\n')) == [{"a": "x; y; z", "b": "1"}]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("text\nan apple, a day\ntwo pears\nplums, or figs, or dates\n", True),
        ("It is late, I said.\nHe went home then.\nTea, milk, sugar, all gone.\nWe left, too, by six.\n", False),
        ('"It is late, I said."\n"He went home then."\n', False),
        ("How many plums are there?\nHow many pears are left?\nWhat is a fig?\n", False),
        ("What did you like here?\nThe plums were good.\nNothing at all, or little.\n", True),
    ],
)
def test_lines_of_text_are_one_column_and_the_first_is_a_row_if_it_is_like_the_others(
    text: str, header: bool, tmp_path: Path
) -> None:
    rows = load_dataset(str(table(tmp_path, text)), Wanted()).dataset.rows
    assert [list(row.values()) for row in rows] == [[line.strip('"')] for line in text.splitlines()[header:]]


def test_a_line_above_the_header_does_not_make_a_table_one_column(tmp_path: Path) -> None:
    assert "2 cells, the header has 1" in failure(table(tmp_path, "# by hand\ntext,n\na,1\nb,2,3\n")).message


def test_decimal_commas_are_read_where_the_recipe_says_so(tmp_path: Path) -> None:
    path = table(tmp_path, "t;n\na;1,5\nb;1.234,25\n")
    assert [row["n"] for row in data(path, csv={"decimal": ","})] == ["1.5", "1234.25"]


def test_a_quote_that_is_never_closed_costs_its_own_row(tmp_path: Path) -> None:
    lines = ["q,n", *(f"text {n},{n}" for n in range(300))]
    lines[5] = '"open,4'
    path = table(tmp_path, "\n".join(lines))
    assert failure(path).message == "a quoted cell that is never closed"
    found = opened(path, on_bad_row="skip")
    rows = list(found.rows())
    assert (len(rows), found.skipped) == (299, 1)
    assert [row.line for row in rows[:6]] == [2, 3, 4, 5, 7, 8]


def test_a_quote_closed_rows_later_costs_its_own_row(tmp_path: Path) -> None:
    path = table(tmp_path, 'q,n\n"a,1\nb,2\n"c d",3\ne,4\n')
    assert [row["q"] for row in data(path, on_bad_row="skip")] == ["b", "c d", "e"]


@pytest.mark.parametrize(
    "text",
    [
        "some text,1\nother text,2\n",
        "a,World\nb,World\nc,Sports\nd,World\n",
        f"{'long ' * 40},x\nb,y\n",
        "It came too late.,late\nb,Late\nc,Late\nd,other\n",
    ],
)
def test_a_first_line_that_is_a_row_is_not_taken_for_a_header(text: str, tmp_path: Path) -> None:
    path = table(tmp_path, text)
    error = failure(path)
    assert error.message.startswith("no header: the first line holds")
    assert "header" in error.hint
    rows = data(path, csv={"header": False})
    assert len(rows) == text.count("\n") and set(rows[0]) == {"column_1", "column_2"}
    assert set(data(path, csv={"header": ["q", "l"]})[0]) == {"q", "l"}
    assert len(data(path, csv={"header": True})) == text.count("\n") - 1
    loaded = load_dataset(str(path), Wanted())
    assert loaded.total == text.count("\n")
    assert "no header" in loaded.notes[0]


@pytest.mark.parametrize(
    "text",
    [
        "text,label\na,b\n",
        "question,2019\nx,y\n",
        "label,text\nWorld,a\nWorld,b\n",
        "What did you like best?,Spam\na,no\nb,spam\n",
        "mail,Spam\na,spam\nb,spam\n",
    ],
)
def test_a_header_is_a_header(text: str, tmp_path: Path) -> None:
    assert len(data(table(tmp_path, text))) == text.count("\n") - 1


def test_columns_of_one_name_or_none_are_refused_in_a_base_and_named_where_rows_are_measured(tmp_path: Path) -> None:
    path = table(tmp_path, "text,label,text,,\na b,x,c d,1,\ne f,y,g h,2,3\n")
    assert "two columns are called" in failure(path).message or "no name in the header" in failure(path).message
    loaded = load_dataset(str(path), Wanted())
    assert list(loaded.dataset.rows[1]) == ["text", "label", "text 2", "column 4", "column 5"]
    assert "columns without a name of their own are called text 2, column 4, column 5" in loaded.notes[0]


def test_lines_of_old_macs_and_spreadsheets_say_what_to_do(tmp_path: Path) -> None:
    error = failure(table(tmp_path, "text,label\ra,b\rc,d\r"))
    assert error.message.endswith("lines end with a carriage return alone") and "init --from" in error.hint
    for start, said in (
        (b"PK\x03\x04", "a zip archive"),
        (b"BZh91AY&", "packed with bzip2"),
        (b"ARROW1\0\0", "an Arrow"),
    ):
        found = failure(table(tmp_path, start + b'\n{"text": "a"}\n', "a.jsonl"))
        assert said in found.message and found.hint
    assert data(table(tmp_path, b"\xef\xbb\xbf" * 2 + b"text\na\n")) == [{"text": "a"}]
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(DatagenError, match="a spreadsheet cannot be read"):
        load_dataset(str(tmp_path / "a.xlsx"), Wanted())


def test_the_index_of_pandas_has_a_name_and_ctrl_z_ends_the_file(tmp_path: Path) -> None:
    assert data(table(tmp_path, ",text\n0,a\n1,b\n\x1a")) == [
        {"Unnamed: 0": "0", "text": "a"},
        {"Unnamed: 0": "1", "text": "b"},
    ]
    assert len(data(table(tmp_path, '{"q": "a"}\n\x1a\n', "a.jsonl"))) == 1


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "gb18030"])
def test_a_table_in_another_encoding_is_read_where_it_is_named(encoding: str, tmp_path: Path) -> None:
    price = "é 5" if encoding == "latin-1" else "5 €" if encoding != "gb18030" else "价格"
    path = table(tmp_path, f"t,n\n{price},1\n".encode(encoding))
    assert data(path, csv={"encoding": encoding}) == [{"t": price, "n": "1"}]
    if encoding == "cp1252":
        assert "cp1252" in failure(path).hint
    for name in ("utf-88", "hex", "rot13"):  # the last two are codecs that read no text
        with pytest.raises(ValueError, match="no encoding"):
            opened(path, csv={"encoding": name})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.json.gz", "a.csv.gz"])
def test_a_packed_file_that_unpacks_without_end_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = '{"t": "' + "x" * 5_000_000 + '"}\n'
    long = "t\n" + ("x" * 99 + "\n") * 600_000
    texts = {"a.jsonl.gz": row * 12, "a.json.gz": f"[{','.join([row] * 12)}]", "a.csv.gz": long}
    path = tmp_path / name
    path.write_bytes(gzip.compress(texts[name].encode()))
    monkeypatch.setattr("datagen_cli.sources.unpacking.MOST", 50_000_000)
    error: DatagenError = failure(path)
    assert "unpacks to more than" in error.message
    monkeypatch.setenv("DATAGEN_MAX_UNPACKED_GB", "1")
    assert data(path)


def test_options_of_a_table_are_checked(tmp_path: Path) -> None:
    path = table(tmp_path, "a,b\n1,x\n")
    bad: dict[str, Any]
    for bad in ({"delimiter": ";;"}, {"decimal": "x"}, {"unknown": 1}):
        with pytest.raises(ValueError, match="csv"):
            opened(path, csv=bad)


def test_lines_of_nothing_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datagen_cli.sources.rows.MOST_EMPTY", 1_000)
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" + b"\n" * 5_000 + b"1,2\n")
    with pytest.raises(DatagenError, match="more than 1,000 empty lines"):
        load_dataset(str(path), Wanted())


def test_a_table_of_one_endless_line_is_refused_at_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datagen_cli.core.system.MOST_HOLES", 1 << 62)
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(b"question,answer\n")
        file.truncate(1 << 40)  # a hole, which takes no room and an hour to read
    assert failure(path).message.startswith("a line over")


TITLED = "Id{0}Message{0}Kind\n" + "".join(f"{n}{{0}}words {n} of it{{0}}{'xyz'[n % 3]}\n" for n in range(9))


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize(
    "title", ["Export of 2024{0}{0}", "Export of 2024", "Tickets\n", "Tickets{0}{0}\nof 2024{0}{0}\n"]
)
def test_titles_above_the_header_are_passed_over_and_said(sign: str, title: str, tmp_path: Path) -> None:
    path = table(tmp_path, f"{title}\n{TITLED}".format(sign))
    base = opened(path)
    rows = [row for row in base.rows() if isinstance(row, Row)]
    assert rows[1].data == {"Id": "1", "Message": "words 1 of it", "Kind": "y"}
    assert rows[0].line == 3 + title.count("\n")
    assert any("above the header and" in note for note in base.notes)
    measured = load_dataset(str(path), Wanted()).dataset.rows
    assert [row["Message"] for row in measured] == [row.data["Message"] for row in rows]
    found = read_foreign(path, "a.csv")
    assert found.rows == [row.data for row in rows] and "above the header" in found.about


@pytest.mark.parametrize(
    "text",
    [
        "text\nan apple,a day\ntwo pears,or so\n",
        "text,,\na b,c d,\ne f,g h,\ni j,g h,\n",
        "text,label\na; b,x\nc; d,y\ne; f,x\n",
        "the text\n1,2\n3,4\n5,6\n",
        "Some words of prose here.\nAnd a few more, as it goes, to the end.\nThen, at last, it is over.\n",
        ",text\n0,a b\n1,c d\n",
    ],
)
def test_a_first_line_over_no_header_is_no_title(text: str) -> None:
    assert title_lines(text.splitlines(keepends=True), ",", '"') == 0


def test_json_in_cells_is_no_text_that_is_measured(tmp_path: Path) -> None:
    rows = [f'"some words of row {n}","{{""channel"": ""web"", ""n"": {n}}}"' for n in range(30)]
    loaded = load_dataset(str(table(tmp_path, "\n".join(["body,meta", *rows]) + "\n")), Wanted())
    assert list(loaded.dataset.text_fields) == ["body"]
