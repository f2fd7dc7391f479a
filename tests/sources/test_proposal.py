"""A recipe proposed for rows as users have them: odd encodings, columns of no use, labels spelt anyhow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datagen_cli.core.errors import DataError
from datagen_cli.evaluation.columns import string_columns
from datagen_cli.sources import foreign
from datagen_cli.sources.dialect import column_names
from datagen_cli.sources.foreign import decode, read_foreign
from datagen_cli.sources.proposal import folded, propose

TEXTS = ["the parcel never came", "please send me the invoice", "I cannot log in any more", "where is my money"]


def test_encodings_are_found_out() -> None:
    assert decode("a é".encode()) == ("a é", "UTF-8", "")
    assert decode("a é".encode("utf-8-sig")) == ("a é", "UTF-8", "")
    assert decode("a é".encode("utf-16")) == ("a é", "UTF-16", "")
    assert decode("some words, é".encode("utf-16-le")) == ("some words, é", "UTF-16 without a mark", "")
    assert decode("“é” €".encode("cp1252")) == ("“é” €", "Windows-1252", "é")
    assert decode("“é” €".encode("cp1252"), encoding="cp1250")[0] == "“é” €"
    assert decode(b"a\0b" + b"c" * 300) == ("ab" + "c" * 300, "UTF-8, 1 NUL byte taken out", "")
    with pytest.raises(DataError, match="not text"):
        decode(b"PK\x03\x04\x00\x00")


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_makes_a_table(sign: str, tmp_path: Path) -> None:
    rows = [["text", "label"], ['"one, two; three | four\nfive"', "a"], ['"no, nothing"', "b"]]
    (tmp_path / "x.txt").write_text("\n".join(sign.join(row) for row in rows))
    assert [row["label"] for row in read_foreign(tmp_path / "x.txt", "x.txt").rows] == ["a", "b"]


def test_one_column_is_a_table_too_and_so_is_one_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("text\nhello there\n")
    assert read_foreign(tmp_path / "one.csv", "one.csv").rows == [{"text": "hello there"}]
    (tmp_path / "none.csv").write_text("3,no parcel\n4,no money\n5,no answer\n")
    found = read_foreign(tmp_path / "none.csv", "none.csv")
    assert found.rows[0] == {"column 1": "3", "column 2": "no parcel"}
    assert found.about == "UTF-8, columns separated by a ',', without a header"


def test_columns_without_a_name_or_with_one_twice_get_their_own() -> None:
    assert column_names(["a", "", "a", " b  c ", ""]) == ["a", "column 2", "a 2", "b c", "column 5"]


def test_a_messy_table_is_read_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(
        'text;label\n"one\ntwo; three";a\nfour;b;too much\n\n;;\nfünf;a\n'.encode("cp1252")
    )
    found = read_foreign(tmp_path / "x.csv", "x.csv")
    assert found.rows == [{"text": "one\ntwo; three", "label": "a"}, {"text": "fünf", "label": "a"}]
    assert found.about == "Windows-1252, columns separated by a ';'"
    assert found.left_out == {"more cells than the header": 2}


def test_json_in_the_cells_of_a_table_is_read_as_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(
        "text,meta,tags,note\n"
        '"one","{""channel"": ""web"", ""at"": {""day"": 2}}","[""a"", ""b""]","[Name] wrote"\n'
        "\"two\",\"{'channel': 'mail', 'at': {'day': None}}\",\"[]\",\"[1]\"\n"
        '"three","","[\'c\']","{x}"\n'
    )
    assert read_foreign(tmp_path / "x.csv", "x.csv").rows == [
        {"text": "one", "meta.channel": "web", "meta.at.day": 2, "tags": ["a", "b"], "note": "[Name] wrote"},
        {"text": "two", "meta.channel": "mail", "meta.at.day": None, "tags": [], "note": "[1]"},
        {"text": "three", "meta": "", "tags": ["c"], "note": "{x}"},
    ]
    turns = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day"}]
    line = json.dumps(turns).replace('"', '""')
    (tmp_path / "x.csv").write_text(f'id,messages\n1,"{line}"\n')
    assert read_foreign(tmp_path / "x.csv", "x.csv").rows == [{"id": "1", "user": "hello", "assistant": "good day"}]


def test_an_input_that_only_some_rows_have_stands_behind_what_is_asked() -> None:
    rows = [
        {"instruction": f"do {n} now", "input": "" if n % 2 else f"this {n}", "output": f"x {n} y"} for n in range(8)
    ]
    made = propose(rows)
    assert [column.name for column in made.columns] == ["instruction", "output"]
    assert made.rows[:2] == [
        {"instruction": "do 0 now\n\nthis 0", "output": "x 0 y"},
        {"instruction": "do 1 now", "output": "x 1 y"},
    ]
    assert made.notes == ["input, which is empty in 4 rows, stands behind instruction in the others"]
    whole = propose([{**row, "input": "always"} for row in rows] + [{**rows[0], "input": "now and then"}])
    assert not any("stands behind" in note for note in whole.notes)


def test_json_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text('[{"x": 1}, 3, {"x": 2}]')
    (tmp_path / "b.log").write_text('{"x": 1}\nnot json\n{"x": 2}\n')
    for name in ("a.txt", "b.log"):
        found = read_foreign(tmp_path / name, name)
        assert [row["x"] for row in found.rows] == [1, 2]
        assert found.left_out.total() == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.csv", b"text,n\n" + b"a,1\n" * 9),
        ("x.csv", b"text,1\n" + b"text,2\n" * 9),
        ("x.jsonl", b'{"text": "a"}\nno row\n' * 9),
        ("x.txt", b'{"text": "a"}\n' * 9),
        ("x.json", b"[" + b'{"text": "a"},' * 9 + b"{}]"),
    ],
)
def test_of_a_large_file_the_first_rows_are_read_and_that_is_said(
    name: str, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "MOST_ROWS", 6)
    (tmp_path / name).write_bytes(data)
    found = read_foreign(tmp_path / name, name)
    assert len(found.rows) + found.left_out.total() == 6
    assert found.about.endswith("the first 6 of the file; the rest is not read")


@pytest.mark.parametrize("rows", [5, 6])
def test_a_file_of_as_many_rows_as_are_read_is_read_whole(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "MOST_ROWS", 6)
    (tmp_path / "x.csv").write_bytes(b"text,n\n" + b"a,1\n" * rows)
    assert read_foreign(tmp_path / "x.csv", "x.csv").about == "UTF-8, columns separated by a ','"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.txt", b"[" * 100_000, "no row can be read"),
        ("x.log", b'{"a":' * 100_000, "no row can be read"),
        ("x\udcff.csv", b"text\na\n", "the name is not UTF-8"),
        ("x.xlsx", b"PK", "a spreadsheet cannot be read"),
        ("x.csv", b"", "there are no rows"),
        ("x.csv", b"text,label\n", "there are no rows"),
        ("x.csv", b"\x00\x01", "no text"),
    ],
)
def test_what_holds_no_rows_says_so(name: str, data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=words) as caught:
        read_foreign(tmp_path / name, name)
    assert caught.value.hint


def test_columns_become_fields_by_what_they_hold() -> None:
    rows = [
        {
            "ID": str(n), "Message": TEXTS[n % 4] + f" {n}", "Category": ["a", "b"][n % 2], "sent": f"{n % 9 + 1}.3.24",
            "mail": f"u{n}@x.org", "price": f"{n},50", "empty": "", "same": "x", "score": n / 2, "paid": n % 2 == 0,
        }
        for n in range(20)
    ]  # fmt: skip
    made = propose(rows)
    assert [(column.name, column.type) for column in made.columns] == [
        ("message", "text"), ("category", "label"), ("price", "decimal"), ("score", "number"), ("paid", "boolean"),
    ]  # fmt: skip
    assert made.rows[3] == {"message": TEXTS[3] + " 3", "category": "b", "price": 3.5, "score": 1.5, "paid": False}
    assert "ID (an id)" in made.notes[0]
    assert "mail (contacts)" in made.notes[0]


def test_spellings_of_a_label_are_one_and_lookalikes_are_pointed_out() -> None:
    spelt = ["Delivery"] * 5 + ["delivery "] * 2 + ["DELIVERY!"] + ["Billing"] * 4 + ["Biling"] * 3
    made = propose([{"text": f"{TEXTS[n % 4]} {n}", "topic": topic} for n, topic in enumerate(spelt)])
    assert made.counts == {"Delivery": 8, "Billing": 4, "Biling": 3}
    assert {row["topic"] for row in made.rows} == {"Delivery", "Billing", "Biling"}
    assert any("'Billing' and 'Biling' look alike" in note for note in made.notes)


@pytest.mark.parametrize(("one", "other"), [("C++", "C#"), ("-1", "1"), ("a/b test", "a c test"), ("10", "1.0.0")])
def test_labels_that_differ_by_a_sign_are_not_one(one: str, other: str) -> None:
    assert folded(one) != folded(other)


def test_rows_without_a_label_or_a_text_are_left_out_and_counted() -> None:
    rows = [{"text": TEXTS[n % 4] + str(n), "label": "ab"[n % 2]} for n in range(12)]
    made = propose([*rows, {"text": "x", "label": ""}, {"text": "", "label": "a"}, {"text": "n/a", "label": "a"}])
    assert len(made.rows) == 12
    assert made.notes[-1] == "3 rows have empty cells: left out"


def test_columns_with_empty_cells_become_attributes_or_are_left_out_and_the_rows_have_none() -> None:
    rows = [
        {
            "Ticket Nr": str(4000 + n * 37 % 90), "text": f"{TEXTS[n % 4]} {n}", "topic": "ab"[n % 2],
            "Channel": ["web", "Mail", "mail ", "mail", ""][n % 5], "age": "" if n % 3 else str(n),
            "note": "" if n == 7 else f"a word {n} or two", "tags": [] if n == 9 else ["x", str(n)],
        }
        for n in range(100)
    ]  # fmt: skip
    made = propose(rows)
    assert [column.name for column in made.columns] == ["text", "topic", "note", "tags"]
    assert made.attributes == {"channel": {"web": 20, "mail": 60}}
    assert made.notes == [
        "columns left out: Ticket Nr (an id), age (empty in 66 rows)", "2 rows have empty cells: left out",
    ]  # fmt: skip
    assert all(value for row in made.rows for value in row.values())


def test_texts_alone_have_no_label_and_reserved_names_are_not_taken() -> None:
    made = propose([{"id": f"{text} {text}", "simulated": text} for text in TEXTS])
    assert made.label is None
    assert [column.name for column in made.columns] == ["id_text", "simulated_text"]


def test_rows_that_all_have_other_columns_are_refused_soon() -> None:
    rows = [{f"{row} {column}": "words" for column in range(100)} for row in range(1000)]
    for read in (propose, lambda rows: string_columns(rows)):
        with pytest.raises(DataError, match="more than 5,000 columns"):
            read(rows)


def test_many_columns_of_one_name_are_told_apart_in_bounded_time() -> None:
    assert len(set(column_names(["a"] * 50_000))) == 50_000
    assert column_names(["a", "a 2", "a", "a"]) == ["a", "a 2", "a 3", "a 4"]


def test_ids_and_days_are_no_fields_and_whole_numbers_of_few_values_are_drawn() -> None:
    rows = [
        {
            "userId": n % 7, "product_id": f"p~{n % 5}", "source_id": f"wiki~{n}", "task": f"HumanEval/{n}",
            "day": 20010100 + n % 28 + 1, "category": ["toys", "books", "food"][n % 3], "rating": n * 7 % 5 + 1,
            "year": str(2019 + n * 3 % 4), "price": 1.5 + n, "text": f"{TEXTS[n % 4]} {n}",
        }
        for n in range(60)
    ]  # fmt: skip
    made = propose(rows)
    assert [(column.name, column.type) for column in made.columns] == [
        ("category", "label"), ("price", "number"), ("text", "text"),
    ]  # fmt: skip
    assert {name: sorted(counts) for name, counts in made.attributes.items()} == {
        "rating": ["1", "2", "3", "4", "5"], "year": ["2019", "2020", "2021", "2022"],
    }  # fmt: skip
    said = "userId (an id), product_id (an id), source_id (an id), task (an id), day (dates)"
    assert made.notes == [f"columns left out: {said}"]


def test_a_class_may_be_called_an_id_and_a_column_of_rare_values_is_no_label() -> None:
    rows = [{"class_id": n % 3, "who": f"person {n if n % 3 else 0}", "text": f"{TEXTS[n % 4]} {n}"} for n in range(60)]
    made = propose(rows)
    assert made.label == "class_id" and not made.attributes
    assert propose([{name: row[name] for name in ("who", "text")} for row in rows]).label is None


def test_what_follows_from_the_label_is_not_drawn_beside_it() -> None:
    """Drawn by itself it would contradict the label in every other record."""
    rows = [
        {"answer": "Yes" if n % 2 else "No", "other": "No" if n % 2 else "Yes", "team": f"t{n % 6 // 2}",
         "label": n % 6, "text": f"{TEXTS[n % 4]} {n}"}
        for n in range(60)
    ]  # fmt: skip
    made = propose(rows)
    assert made.label == "label" and not made.attributes
    assert made.notes[0].startswith("columns left out: answer (follows from label), other (follows from label), team")
