"""Every format of export: a file that can be read back row by row, in the shape that its name promises.

A new format is greeted here: say in `SHAPES` which columns its lines have.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.errors import UsageError
from datagen_cli.core.registry import load, names
from datagen_cli.export.format import Columns, Exported, Format

ROWS = [
    {
        "id": f"a1b2c3-{n:06d}", "question": f"what is {n} + {n}?\nsay it", "answer": 2 * n,
        "attributes": {"tone": "calm"}, "verdicts": {"code": "pass"}, "simulated": False,
    }
    for n in range(3)
]  # fmt: skip
REJECTED = [
    {"id": "a1b2c3-000001", "question": "what is 1 + 1?\nsay it", "answer": 3, "stage": "validate", "reason": "code"}
]
TABLE = {"id", "question", "answer", "attributes.tone", "verdicts.code", "simulated"}
SHAPES = {
    "jsonl": {"id", "question", "answer", "attributes", "verdicts", "simulated"},
    "alpaca": {"instruction", "input", "output"},
    "sharegpt": {"conversations"},
    "messages": {"messages"},
    "prompt-completion": {"prompt", "completion"},
    "preference": {"prompt", "chosen", "rejected"},
    "csv": TABLE,
    "parquet": TABLE,
    "hf": TABLE,
}
COLUMNS = Columns(("question", "answer"), ("question",), ("answer",), "sums")


def written(name: str, path: Path) -> list[dict[str, Any]]:
    load("formats", name)(COLUMNS).write(path, Exported(ROWS, REJECTED))
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".parquet":
        from pyarrow.parquet import read_table

        return list(read_table(path).to_pylist())
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_every_format_is_tried() -> None:
    assert {*names("formats")} - {*SHAPES} == set(), "a new format gets a line in SHAPES of this file: its columns"


@pytest.mark.parametrize("name", SHAPES)
def test_the_file_has_a_row_for_every_record_in_the_promised_shape(name: str, tmp_path: Path) -> None:
    shelf = load("formats", name)
    assert issubclass(shelf, Format)
    if shelf.suffix == ".parquet":
        pytest.importorskip("pyarrow")
    rows = written(name, tmp_path / f"x{shelf.suffix}")
    assert len(rows) == (1 if name == "preference" else 3)
    assert all(set(row) == SHAPES[name] for row in rows)
    assert "4" in json.dumps(rows[-1]) or name == "preference"


@pytest.mark.parametrize("name", SHAPES)
def test_texts_keep_their_line_breaks_and_every_letter(name: str, tmp_path: Path) -> None:
    shelf = load("formats", name)
    if shelf.suffix == ".parquet":
        pytest.importorskip("pyarrow")
    rows = written(name, tmp_path / f"x{shelf.suffix}")
    assert "what is 1 + 1?\\nsay it" in json.dumps(rows)


@pytest.mark.parametrize("name", SHAPES)
def test_one_that_asks_needs_to_know_which_field_does(name: str) -> None:
    shelf = load("formats", name)
    if shelf.asks:
        with pytest.raises(UsageError) as caught:
            shelf(Columns(("a", "b", "c")))
        assert "--prompt" in caught.value.hint and "a, b, c" in caught.value.hint
    else:
        shelf(Columns(("a", "b", "c")))
