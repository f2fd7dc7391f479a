"""Tables in terminals of any width: no word is broken, no line is too long, nothing is left out."""

from __future__ import annotations

import re

import pytest

from datagen_cli.cli import console

HEADS = ("generator", "n", "yield", "cost", "correctness", "constraints", "pgr", "label_kept", "judged_quality")
CAREFUL = (
    "careful",
    640,
    0.94,
    "$0",
    "0.936 (0.914 to 0.952) #1",
    "0.944 (0.924 to 0.959)",
    "86.7 #1",
    "0.8 #1",
    "4.1",
)
CARELESS = ("careless", 640, 0.9, "$0", "0.505 (0.466 to 0.543)", "0.804 (0.773 to 0.832)", "33.5 #3", "0.4 #3", "3.6")
BENCH = (HEADS, [CAREFUL, CARELESS])
MANY = (BENCH[0], BENCH[1] * 6)
LONG = (
    ("model", "answers", "detail"),
    [("configs/models/ollama-llama3.yaml", "no", "nothing listens on port 11434 " * 5)],
)
WIDE = (("标签", "rows"), [("客户支持的工单分类" * 2, "1,204"), ("配送", "7")])


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 120, 140])
@pytest.mark.parametrize("table", [BENCH, MANY, LONG, WIDE], ids=["bench", "many", "long", "wide"])
def test_words_of_a_table_break_at_spaces_and_all_are_told(
    table: tuple[tuple[str, ...], list[tuple[object, ...]]],
    width: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(console, "is_terminal", lambda stream: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    columns, rows = table
    console.table("kept", columns, rows)
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if len(line) > width] == []
    told = re.findall(r"[^\s─]+", said)
    expected = [word for text in (*columns, *(str(cell) for row in rows for cell in row)) for word in text.split()]
    assert {*expected} <= {*told}
    assert {*told} <= {*expected, "kept"}


def test_a_wide_table_of_few_rows_is_turned_round(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "is_terminal", lambda stream: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    console.table("", *BENCH)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["generator", "careful", "careless"] in lines
    assert f"correctness {CAREFUL[4]} {CARELESS[4]}".split() in lines
