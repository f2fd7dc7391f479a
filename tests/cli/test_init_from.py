"""`datagen init --from`: a recipe that validates and runs, a clean copy of the rows, the user's file untouched."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
import yaml

from datagen_cli.cli.app import run
from datagen_cli.core.jsonl import dump
from tests.grids import mostly_slow

SPELT = ["Delivery", "delivery ", "DELIVERY", "Billing", "billing", "Login", "Returns", "Product fault", "Other"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def messy(rows: int = 200) -> bytes:
    """Six uneven classes in nine spellings, quotes, line breaks, Windows-1252, semicolons."""
    table = StringIO()
    writer = csv.writer(table, delimiter=";")
    writer.writerow(["Ticket ID", "Customer message", "Category", "Date", "Sent by"])
    for n in range(rows):
        spelt = SPELT[min(n % 13, 8)]
        text = f'They said "never", and my café order {n} about {spelt.strip().lower()} is late\nplease help “me” — {n}'
        writer.writerow([n + 1, text, spelt, f"{n % 28 + 1:02}.03.2024", ("web", "mail", "")[n % 3]])
    return table.getvalue().encode("cp1252")


@pytest.mark.parametrize(
    ("data", "said", "hint"),
    [
        ('{"a": 1\n', "no row can be read: not JSON", "one JSON object a line"),
        ("", "there are no rows", "it needs a header and rows below it"),
    ],
)
def test_a_file_without_a_row_says_why(data: str, said: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rows.jsonl").write_text(data)
    assert run(["init", "--from", "rows.jsonl"]) == 2
    told = capsys.readouterr().err
    assert f"error: rows.jsonl: {said}" in told and f"hint: {hint}" in told


def test_a_messy_table_becomes_a_recipe_that_validates_and_runs(capsys: pytest.CaptureFixture[str]) -> None:
    data = messy()
    Path("tickets.csv").write_bytes(data)
    assert run(["init", "--from", "tickets.csv", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert sorted(result["written"]) == ["data/tickets.jsonl", "recipe.schema.json", "tickets.yaml"]
    assert result["next"] == "datagen validate tickets.yaml"
    assert "tickets.csv: 200 rows, Windows-1252, columns separated by a ';'" in result["found"]
    assert Path("tickets.csv").read_bytes() == data
    recipe = yaml.safe_load(Path("tickets.yaml").read_text("utf-8"))
    assert list(recipe["fields"]) == ["customer_message", "category"]
    assert len(recipe["label"]["values"]) == 6 and recipe["dedup"] == {"near": 0.8}
    assert recipe["attributes"] == {"sent_by": {"values": ["web", "mail"], "weights": [67, 67], "emit": True}}
    assert run(["validate", "tickets.yaml"]) == 0
    assert run(["generate", "tickets.yaml", "-n", "12", "--quiet"]) == 0
    rows = [json.loads(line) for line in Path("runs/tickets/dataset.jsonl").read_text("utf-8").splitlines()]
    assert sorted({row["category"] for row in rows}) == sorted(recipe["label"]["values"])


def test_the_path_may_be_given_and_nothing_is_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("my rows.jsonl").write_text("".join(json.dumps({"text": f"a few words {n}"}) + "\n" for n in range(9)))
    assert run(["init", "sub/mine.yaml", "--from", "my rows.jsonl"]) == 0
    assert Path("sub/data/my-rows.jsonl").is_file()
    assert run(["validate", "sub/mine.yaml"]) == 0
    capsys.readouterr()
    assert run(["init", "sub/mine.yaml", "--from", "my rows.jsonl"]) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "header"),
    mostly_slow(
        [("yes", "no"), ("~", "true"), ("a: b", "#x"), ("1", "2.5"), ("{x}", "[y]"), ("é", "日本"), ("'", '"')], 0, 3
    ),
)
def test_names_and_labels_that_yaml_reads_otherwise_are_quoted(name: str, header: str) -> None:
    rows = [{header: f"some words here {n}", "label": name if n % 2 else "other"} for n in range(12)]
    Path("x.json").write_text(json.dumps(rows), encoding="utf-8")
    assert run(["init", "--from", "x.json"]) == 0
    assert run(["validate", "x.yaml"]) == 0
    assert set(yaml.safe_load(Path("x.yaml").read_text("utf-8"))["label"]["values"]) == {name, "other"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "none.csv"], "none.csv: no such file"),
        (["tickets", "--from", "x.csv"], "a template cannot be named beside it"),
        (["a.yaml", "b.yaml", "--from", "x.csv"], "a template cannot be named beside it"),
        (["--from", "."], "is a directory"),
        (["--from", "numbers.csv"], "no column becomes a field"),
    ],
)
def test_what_cannot_be_proposed_says_why(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text("text,label\na b c,d\n")
    Path("numbers.csv").write_text("a,b\n1,2\n3,4\n")
    assert run(["init", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "\nhint: " in said


TABLE = "text,label\n" + "".join(
    f"Where is order {n}?,{('Delivery', 'delivery', 'Billing')[n % 3]}\n" for n in range(12)
)
TALK = [
    ("system", "Be brief."),
    ("user", "How are you {}?"),
    ("assistant", "Well, {}."),
    ("user", "Good."),
    ("user", ""),
]


TALKS = [{"messages": [{"role": who, "content": text.format(n)} for who, text in TALK]} for n in range(9)]
SHARED = [
    {"conversations": [{"from": "human", "value": f"Why {n}?"}, {"from": "gpt", "value": "So."}]} for n in range(9)
]
CHINESE = [f"{n},我的包裹在哪里? {n},{('物流', '账单')[n % 2]}" for n in range(12)]
MIXED = TABLE.replace("?", "? café").encode("cp1252") + "in the café,Billing\n".encode()
NAMELESS = TABLE.replace("text,label\n", "I lost my parcel today.,billing\n")


@pytest.mark.parametrize(
    ("name", "data", "found", "fields"),
    mostly_slow(
        [
            ("a.csv", b"sep=;\r\n" + TABLE.replace(",", ";").encode(), "separated by a ';'", ["text", "label"]),
            ("a.csv.gz", gzip.compress(TABLE.encode()), "12 rows, UTF-8", ["text", "label"]),
            ("a.csv", MIXED, "UTF-8 and Windows-1252 mixed", ["text", "label"]),
            ("a.csv", NAMELESS.encode(), "without a header", ["column_1", "column_2"]),
            ("a.jsonl", b"".join(dump(row) + b"\n" for row in TALKS), "9 rows", ["user", "assistant"]),
            ("a.json", dump(SHARED), "9 rows", ["user"]),
            ("a.csv", "\n".join(["n,文本,标签", *CHINESE]).encode(), "12 rows", ["文本", "标签"]),
        ],
        0,
        2,
        5,
    ),
)
def test_files_as_people_have_them_become_recipes_that_their_rows_keep_to(
    name: str, data: bytes, found: str, fields: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path(name).write_bytes(data)
    assert run(["init", "--from", name, "a.yaml"]) == 0
    assert found in capsys.readouterr().err
    assert list(yaml.safe_load(Path("a.yaml").read_text("utf-8"))["fields"]) == fields
    assert "�" not in Path("data/a.jsonl").read_text("utf-8") and "Ã" not in Path("data/a.jsonl").read_text("utf-8")
    assert run(["validate", "a.yaml", "--json"]) == 0
    checked = json.loads(capsys.readouterr().out)
    assert all(one["pass"] == one["rows"] == checked["base"]["rows"] for one in checked["constraints_on_base"].values())


@pytest.mark.parametrize("spoilt", [lambda data: data[:-20], lambda data: data[:-8] + bytes(8), lambda data: b"no"])
def test_a_packed_file_that_is_not_whole_is_said_to_be(
    spoilt: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.csv.gz").write_bytes(spoilt(gzip.compress(TABLE.encode() * 50)))
    assert run(["init", "--from", "a.csv.gz", "a.yaml"]) == 2
    assert "a.csv.gz: broken gzip file" in capsys.readouterr().err


def test_a_file_that_is_larger_than_any_example_is_not_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("datagen_cli.sources.foreign.MOST_BYTES", 1 << 20)
    with Path("a.csv").open("wb") as file:
        file.write(TABLE.encode())
        file.truncate(1 << 24)
    assert run(["init", "--from", "a.csv", "a.yaml"]) == 2
    assert "larger than" in capsys.readouterr().err


def test_of_spellings_that_are_equally_frequent_the_usual_one_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    spelt = ["DELIVERY", "delivery", "Delivery", "login", "Login"]
    rows = [{"text": f"a few words {n}", "category": spelt[n % 5]} for n in range(30)]
    Path("x.json").write_text(json.dumps(rows))
    assert run(["init", "--from", "x.json"]) == 0
    assert set(yaml.safe_load(Path("x.yaml").read_text("utf-8"))["label"]["values"]) == {"Delivery", "Login"}


def test_a_guess_of_the_encoding_is_said_and_can_be_overruled(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"Płatność {n} została pobrana dwa razy;{'zwrot' if n % 2 else 'płatność'}" for n in range(20)]
    Path("a.csv").write_bytes("\n".join(["Treść;Kategoria", *rows]).encode("cp1250"))
    assert run(["init", "--from", "a.csv"]) == 0
    told = capsys.readouterr().err
    assert "a.csv: 20 rows, Windows-1250" in told and "is 'Treść' a word of yours? else --csv encoding=NAME" in told
    assert set(yaml.safe_load(Path("a.yaml").read_text("utf-8"))["label"]["values"]) == {"płatność", "zwrot"}
    assert run(["init", "other/b.yaml", "--from", "a.csv", "--csv", "encoding=cp1252"]) == 0
    assert "a guess" not in capsys.readouterr().err
    assert run(["init", "x.yaml", "--csv", "encoding=cp1252"]) == 2
    assert "--csv is for --from" in capsys.readouterr().err


def test_one_column_of_prose_without_a_header_is_not_cut_at_its_commas() -> None:
    said = (
        "Hi, where is order {}, please",
        "Order {} is late",
        "Hello, hello, is {}, the lamp, on its way",
        "{}, and so",
    )
    rows = [said[n % 4].format(n) for n in range(40)] + ["You took €12,50, twice that is."]
    Path("lines.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert run(["init", "--from", "lines.csv"]) == 0
    found = [json.loads(line) for line in Path("data/lines.jsonl").read_text("utf-8").splitlines()]
    assert [next(iter(row.values())) for row in found][-39:] == rows[-39:]


def test_a_spreadsheet_that_is_called_csv_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_bytes(b"PK\x03\x04" + b"\0" * 99)
    assert run(["init", "--from", "a.csv"]) == 2
    assert "if it is a spreadsheet, save the sheet as CSV" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["Sterne", "stars", "Bewertung", "Kategorie", "Type (new)"])
def test_stars_and_names_of_other_languages_are_labels(name: str) -> None:
    rows = [{"text": f"a few words {n}", "n": n % 4, name: n % 5 + 1} for n in range(40)]
    Path("a.json").write_text(json.dumps(rows))
    assert run(["init", "--from", "a.json"]) == 0
    assert set(yaml.safe_load(Path("a.yaml").read_text("utf-8"))["label"]["values"]) == {"1", "2", "3", "4", "5"}


def test_the_column_that_is_called_label_is_the_label_and_a_spelling_without_a_dot_is_kept() -> None:
    table = "text,label,label\n" + "".join(
        f"some words {n},{'ABC'[n % 3]}{'.' * (n % 2)},{n % 2}x\n" for n in range(30)
    )
    Path("a.csv").write_text(table)
    assert run(["init", "--from", "a.csv"]) == 0
    recipe = yaml.safe_load(Path("a.yaml").read_text("utf-8"))
    assert recipe["label"]["field"] == "label" and set(recipe["label"]["values"]) == {"A", "B", "C"}


def test_texts_longer_than_a_reply_are_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": f"some words {n} " * (1_000 if n % 3 else 10), "label": "ab"[n % 2]} for n in range(20)]
    Path("a.json").write_text(json.dumps(rows))
    assert run(["init", "--from", "a.json"]) == 0
    assert "text: some texts are longer than a reply: max_words is 1,000" in capsys.readouterr().err
    assert yaml.safe_load(Path("a.yaml").read_text("utf-8"))["constraints"][0]["length"]["max_words"] == 1_000


def test_fields_inside_objects_become_fields() -> None:
    rows = [
        {"meta": {"id": n, "at": "2024-03-01T10:00:00Z"}, "data": {"text": f"words {n}", "label": "ab"[n % 2]}}
        for n in range(20)
    ]
    Path("a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert run(["init", "--from", "a.jsonl"]) == 0
    recipe = yaml.safe_load(Path("a.yaml").read_text("utf-8"))
    assert list(recipe["fields"]) == ["data_text", "data_label"] and recipe["label"]["field"] == "data_label"
    assert run(["validate", "a.yaml"]) == 0
