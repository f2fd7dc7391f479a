"""One corpus in five formats, with odd columns around it, is measured as the same rows."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.recipe import CsvOptions
from datagen_cli.core.errors import UsageError
from datagen_cli.evaluation.document import document
from datagen_cli.evaluation.evaluate import evaluate
from datagen_cli.evaluation.load import Wanted, load_dataset, table_form

METRICS = ["self_bleu", "distinct_n", "near_duplicates", "length", "balance", "repetition", "compression_ratio"]
ROWS: list[dict[str, Any]] = [
    {
        "id": n, "text": f"text number {n % 7} says {n} things, and so on", "label": n % 3, "score": n / 4,
        "when": f"2024-01-{n % 28 + 1:02d}T10:00:00", "good": n % 2 == 0, "rating": None if n < 3 else n,
    }
    for n in range(40)
]  # fmt: skip


def written(folder: Path, kind: str, rows: list[dict[str, Any]]) -> str:
    path = folder / f"a.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif kind == "json":
        path.write_text(json.dumps(rows))
    elif kind == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        pyarrow.parquet = pytest.importorskip("pyarrow.parquet")
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        pyarrow.parquet.write_table(pyarrow.table(columns | {"__index_level_0__": list(range(len(rows)))}), path)
    else:
        with path.open("w", newline="") as file:
            writer = csv.writer(file, delimiter="\t" if kind == "tsv" else ",")
            writer.writerow(["", *rows[0]])
            for number, row in enumerate(rows):
                writer.writerow([number, *row.values()])
    return str(path)


def measured(name: str, form: CsvOptions | None = None) -> dict[str, Any]:
    loaded = load_dataset(name, Wanted(csv=form))
    found = document(evaluate(loaded, None, METRICS, embedder=None, given={}, say=lambda text: None), [])
    return {key: value for key, value in found.items() if key not in ("dataset", "notes")}


@pytest.mark.parametrize("kind", ["json", "csv", "tsv", "parquet"])
def test_the_same_rows_give_the_same_values_in_every_format(kind: str, tmp_path: Path) -> None:
    expected = measured(written(tmp_path, "jsonl", ROWS))
    assert (expected["text_fields"], expected["label_field"]) == (["text"], "label")
    assert measured(written(tmp_path, kind, ROWS)) == expected


def test_a_parquet_file_with_classes_gives_the_report_of_its_rows_with_names(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    names = ["World", "Sports", "Sci/Tech"]
    features = {"label": {"names": names, "_type": "ClassLabel"}}
    table = pyarrow.table({"text": [row["text"] for row in ROWS], "label": [row["label"] for row in ROWS]})
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    parquet.write_table(table.replace_schema_metadata(metadata), tmp_path / "classes.parquet")
    named = [{"text": row["text"], "label": names[row["label"]]} for row in ROWS]
    expected = measured(written(tmp_path, "jsonl", named))
    assert measured(str(tmp_path / "classes.parquet")) == expected
    assert expected["metrics"]["balance"]["detail"]["labels"] == {"World": 14, "Sports": 13, "Sci/Tech": 13}
    assert not load_dataset(str(tmp_path / "classes.parquet"), Wanted()).notes


def test_text_fields_do_not_depend_on_which_rows_come_first(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"a": None, "b": "some text"}, {"a": 3, "b": "more text"}]
    rows += [{"a": f"text {n}", "b": f"other {n}"} for n in range(2000)]
    for order in (rows, rows[::-1]):
        assert load_dataset(written(tmp_path, "jsonl", order), Wanted()).dataset.text_fields == ("a", "b")


def test_what_was_named_is_taken(tmp_path: Path) -> None:
    rows = [{"text": "a b", "kind": None, "label": "x"}, {"text": "c", "kind": None, "label": "y"}]
    name = written(tmp_path, "jsonl", rows)
    found = load_dataset(name, Wanted(("text", "text"), "kind")).dataset
    assert (found.text_fields, found.label_field) == (("text",), "kind")


def test_a_column_called_group_is_no_group_unless_a_run_wrote_it(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": f"t {n}", "group": "g"} for n in range(9)]
    assert load_dataset(written(tmp_path, "jsonl", rows), Wanted()).dataset.groups is None
    rows = [row | {"verdicts": {}} for row in rows]
    assert load_dataset(written(tmp_path, "jsonl", rows), Wanted()).dataset.groups == ("g",) * 9


def test_the_form_of_a_table_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("ein Text;1,5\nnoch ein Text;2,5 \n".encode("cp1252"))
    form = table_form(["delimiter=;", "header=t,n", "decimal=,", "encoding=cp1252"])
    assert load_dataset(str(path), Wanted(csv=form)).dataset.rows == [
        {"t": "ein Text", "n": 1.5}, {"t": "noch ein Text", "n": 2.5},
    ]  # fmt: skip
    assert table_form([]) is None
    for bad in (["delimiter"], ["decimal=x"], ["color=red"]):
        with pytest.raises(UsageError, match="--csv"):
            table_form(bad)


def test_a_label_that_is_written_in_two_ways_is_said(tmp_path: Path) -> None:
    rows = [{"text": f"t {n}", "label": label} for n, label in enumerate(["Delivery", "delivery ", "billing"])]
    loaded = load_dataset(written(tmp_path, "jsonl", rows), Wanted())
    assert "'Delivery' and 'delivery '" in loaded.notes[0]


Sample = Callable[[str], Path]
CORPORA = ("ag_news/test.jsonl", "gsm8k/test.jsonl", "mmlu/test.jsonl", "toi_headlines/headlines.jsonl")
"""Labels, line breaks inside cells, near copies, dates written as numbers."""


@pytest.mark.slow
@pytest.mark.samples
@pytest.mark.parametrize("corpus", CORPORA)
def test_a_public_corpus_gives_one_json_in_five_formats_whatever_its_header_looks_like(
    corpus: str, sample: Sample, tmp_path: Path
) -> None:
    read = _first_rows(sample(corpus), 80)
    columns = [name for name in read[0] if not any(isinstance(row[name], list | dict) for row in read)]
    rows = [{name: row[name] for name in columns} for row in read]
    expected = measured(written(tmp_path, "jsonl", rows))
    assert expected["text_fields"]
    for kind in ("json", "csv", "tsv", "parquet"):
        assert measured(written(tmp_path, kind, rows)) == expected, kind
    table = (tmp_path / "a.csv").read_text(encoding="utf-8")
    tricks = {
        "mark.csv": ("\ufeff" + table).encode(),
        "lines.csv": table.replace("\r\n", "\n").encode(),
        "packed.csv.gz": gzip.compress(table.encode()),
        "packed.jsonl.gz": gzip.compress((tmp_path / "a.jsonl").read_bytes()),
    }
    for name, content in tricks.items():
        (tmp_path / name).write_bytes(content)
        assert measured(str(tmp_path / name)) == expected, name
    for name, style in {"semicolon.csv": ";", "pipe.csv": "|", "tab.csv": "\t"}.items():
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=style, quoting=csv.QUOTE_ALL)
            writer.writerows([list(rows[0]), *(row.values() for row in rows)])
        assert measured(str(tmp_path / name)) == expected, name
    (tmp_path / "wide.csv").write_bytes(table.encode("utf-16"))
    assert measured(str(tmp_path / "wide.csv"), table_form(["encoding=utf-16"])) == expected


def _first_rows(path: Path, count: int) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line, _ in zip(file, range(count), strict=False)]


def test_rows_of_a_table_are_numbered_as_rows_not_as_lines(tmp_path: Path) -> None:
    rows = [{"text": f"a text\nof two lines {n}"} for n in range(4)]
    expected = load_dataset(written(tmp_path, "jsonl", rows), Wanted()).dataset.ids
    assert expected == load_dataset(written(tmp_path, "csv", rows), Wanted()).dataset.ids == ("1", "2", "3", "4")


def test_empty_lines_between_rows_change_nothing(tmp_path: Path) -> None:
    rows = [{"text": row["text"]} for row in ROWS]
    (tmp_path / "b.jsonl").write_text("\n".join(json.dumps(row) + "\n  \n" for row in rows))
    assert measured(str(tmp_path / "b.jsonl")) == measured(written(tmp_path, "jsonl", rows))


def test_numbers_written_as_text_are_no_text_beside_words(tmp_path: Path) -> None:
    rows = [{"day": f"200101{n:02d}", "text": f"some words {n}"} for n in range(10, 20)]
    for kind in ("jsonl", "csv"):
        assert load_dataset(written(tmp_path, kind, rows), Wanted()).dataset.text_fields == ("text",)
    for price in ("3,50", "1.234,50", "$1,000", "€ 5", "12 %", "-7.5", "1e3"):
        rows = [{"price": price, "text": f"some words {n}"} for n in range(10, 20)]
        assert load_dataset(written(tmp_path, "tsv", rows), Wanted()).dataset.text_fields == ("text",), price
    rows = [{"price": "3 or 4", "text": f"some words {n}"} for n in range(10, 20)]
    assert load_dataset(written(tmp_path, "tsv", rows), Wanted()).dataset.text_fields == ("price", "text")
    only = load_dataset(written(tmp_path, "jsonl", [{"text": str(n)} for n in range(10)]), Wanted())
    assert only.dataset.text_fields == ("text",)


def test_numbers_that_no_json_reader_holds_stay_text_in_a_table(tmp_path: Path) -> None:
    for cell in ("9" * 5000, "1e400"):
        path = tmp_path / "a.csv"
        path.write_text(f"text,n\na b,{cell}\nc d,1\n", "utf-8")
        assert [row["n"] for row in load_dataset(str(path), Wanted()).dataset.rows] == [cell, "1"]


def test_ids_dates_and_a_dirty_label_are_not_measured_as_text(tmp_path: Path) -> None:
    spelt = ["Delivery", "delivery ", "DELIVERY", "Billing", "Login.", "Login"]
    rows = [
        {"Ticket ID": f"T-{n:05}", "ref": f"A{n}b", "Message": f"words of message {n} that say something about {n * 7}",
         "Category": spelt[n % 6], "Date": f"{n % 28 + 1:02}.03.2024", "at": f"{n % 28 + 1}/3/2024 9:{n % 50 + 10}"}
        for n in range(120)
    ]  # fmt: skip
    for kind in ("jsonl", "csv"):
        loaded = load_dataset(written(tmp_path, kind, rows), Wanted())
        assert loaded.dataset.text_fields == ("Message",)
        assert (
            "Category has few values and is not measured as text; --text names what is, and --label Category"
            in (loaded.notes[0])
        )


def test_a_note_of_rows_left_out_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"t": "a"}\n{"t": "\xff"}\n')
    (note,) = load_dataset(str(tmp_path / "a.jsonl"), Wanted()).notes
    assert "1 row cannot be read and is left out" in note and "convert the file first" in note


def test_conversations_are_measured_by_what_each_role_says(tmp_path: Path) -> None:
    talk = [("user", "Where is it?"), ("assistant", "On its way."), ("user", "Thanks.")]
    ours = [{"messages": [{"role": role, "content": text} for role, text in talk]} for _ in range(3)]
    who = {"user": "human", "assistant": "gpt"}
    theirs = [{"conversations": [{"from": who[role], "value": text} for role, text in talk]} for _ in range(3)]
    for rows in (ours, theirs):
        loaded = load_dataset(written(tmp_path, "jsonl", rows), Wanted())
        assert loaded.dataset.text_fields == ("user", "assistant")
        assert loaded.dataset.texts[0] == "Where is it?\n\nThanks.\n\nOn its way."
        assert "are read as user, assistant" in loaded.notes[0]
    pairs = [{"prompt": row["messages"][:1], "completion": row["messages"][1:2]} for row in ours]
    found = load_dataset(written(tmp_path, "jsonl", pairs), Wanted()).dataset
    assert found.text_fields == ("prompt user", "completion assistant")


def test_a_table_that_excel_calls_text_is_read_as_a_table(tmp_path: Path) -> None:
    table = "Nr\tText\n" + "".join(f"{n}\tsome words {n}\n" for n in range(9))
    for name, codec in (("a.txt", "utf-16"), ("b.txt", "utf-8"), ("c.tab", "utf-8-sig")):
        (tmp_path / name).write_bytes(table.encode(codec))
        found = load_dataset(str(tmp_path / name), Wanted()).dataset
        assert (found.text_fields, len(found)) == (("Text",), 9)


def test_addresses_are_no_text_beside_words(tmp_path: Path) -> None:
    rows = [{"who": f"a{n}@example.org", "page": f"https://example.org/{n}", "text": f"words {n}"} for n in range(9)]
    assert load_dataset(written(tmp_path, "jsonl", rows), Wanted()).dataset.text_fields == ("text",)


def test_texts_inside_objects_are_measured_where_there_are_no_others_or_they_are_named(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"meta": {"id": n}, "data": {"text": f"some words {n}", "label": "ab"[n % 2]}} for n in range(9)
    ]
    name = written(tmp_path, "jsonl", rows)
    loaded = load_dataset(name, Wanted(("data.text",), "data.label"))
    assert loaded.dataset.texts[0] == "some words 0" and (loaded.dataset.labels or [])[:2] == ["a", "b"]
    assert "objects are read as columns: meta.id, data.text, data.label" in loaded.notes[0]
    assert "data.text" in load_dataset(name, Wanted()).dataset.text_fields
    labelled = [{"ticket": {"text": f"some words {n}"}, "label": "ab"[n % 2]} for n in range(9)]
    found = load_dataset(written(tmp_path, "jsonl", labelled), Wanted()).dataset
    assert (found.text_fields, found.label_field) == (("ticket.text",), "label")
    plain = [{"text": "a b", "meta": {"k": "c d"}}]
    assert load_dataset(written(tmp_path, "jsonl", plain), Wanted()).dataset.text_fields == ("text",)
    assert load_dataset(written(tmp_path, "jsonl", plain), Wanted(("meta.k",))).dataset.texts == ["c d"]
