"""What `datagen init --from` says at the terminal: what is left to write, and lists that can be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datagen_cli.cli.app import run


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def told(data: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    Path("a.csv").write_text(data)
    assert run(["init", "--from", "a.csv"]) == 0
    return capsys.readouterr().err.splitlines()


SAID = ["I cannot find my parcel", "You took the money twice", "Where do I log in"]
ROWS = [(f"{SAID[n % 3]} {n}", ("delivery", "billing")[n % 2]) for n in range(24)]


def test_what_is_still_to_write_is_said_and_not_only_in_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told("text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS), capsys)
    at = lines.index("still to write in a.yaml:")
    assert lines[at + 1 : at + 3] == [
        "  description: what the texts are, who writes them and for whom",
        "  label.values: what each of the 2 values of label means",
    ]
    assert run(["init", "--from", "a.csv", "b.yaml", "--json"]) == 0
    assert [what.partition(":")[0] for what in json.loads(capsys.readouterr().out)["to_write"]] == [
        "description",
        "label.values",
    ]


def test_one_row_is_one_row_and_tells_little(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told("text,label\nHello there my friend,a\n", capsys)
    assert lines[0] == "a.csv: 1 row, UTF-8, columns separated by a ','"
    assert "1 row cannot tell much: label, lengths and types are guesses" in lines
    assert "1 rows" not in Path("a.yaml").read_text()


def test_many_columns_are_counted_and_the_texts_come_first(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"Nr {n}" for n in range(40)] + [f"size{n}" for n in range(30)] + ["message"]
    rows = [[*[str(n * 7 + k) for k in range(70)], text] for n, (text, _) in enumerate(ROWS)]
    lines = told("\n".join(",".join(row) for row in [names, *rows]) + "\n", capsys)
    assert "columns left out: an id: Nr 0, Nr 1, Nr 2, Nr 3 and 36 more" in lines
    (fields,) = (line for line in lines if line.startswith("fields: "))
    assert fields.startswith("fields: message (text), size0 (number), size1 (number), size2 (number) and 27 more; ")
    assert max(map(len, lines)) < 160


def test_a_number_whose_name_ends_with_a_sign_is_no_id(capsys: pytest.CaptureFixture[str]) -> None:
    table = "".join(f"{text},{n * 13 % 101}\n" for n, (text, _) in enumerate(ROWS))
    assert "fields: text (text), price (number)" in told(f"text,Price (€)\n{table}", capsys)


@pytest.mark.parametrize(
    ("row", "label", "others"),
    [
        (lambda n, text, label: ("web", "mail")[n % 2] + f",{text},{label}", "column_3", " (column_1 could be it)"),
        (lambda n, text, label: f"{n % 4 + 1},{SAID[n % 3]} today,{text} and more of it.", "column_1", ""),
    ],
)
def test_without_a_header_the_label_is_looked_for_at_the_ends_of_a_row_and_is_a_guess(
    row: object, label: str, others: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(row)
    three = ["delivery", "billing", "login"]
    lines = told("".join(row(n, text, three[n % 3]) + "\n" for n, (text, _) in enumerate(ROWS)), capsys)
    assert [line for line in lines if line.startswith(f"label: {label}, ")], lines
    assert (
        f"there is no header: the columns have no names, the label {label} is a guess{others}; a first line with their"
        " names tells more"
    ) in lines


def test_values_that_are_numbers_are_told_from_how_many_rows_have_them(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told("text,stars\n" + "".join(f"{text},{n % 2 + 1}\n" for n, (text, _) in enumerate(ROWS)), capsys)
    assert "label: stars, 1 (12), 2 (12)" in lines


def test_a_recipe_is_called_as_its_file_in_plain_letters(capsys: pytest.CaptureFixture[str]) -> None:
    Path("Tabellé für Ñandú.csv").write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS))
    assert run(["init", "--from", "Tabellé für Ñandú.csv"]) == 0
    assert Path("Tabelle-fur-Nandu.yaml").exists()
