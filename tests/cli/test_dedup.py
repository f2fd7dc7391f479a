"""`datagen dedup`: rows that repeat neither each other nor rows of other files, whatever the format."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli import dedup
from datagen_cli.cli.app import run
from datagen_cli.evaluation import load
from datagen_cli.pipeline import sift
from tests.cli.held import Text, counted

TEXTS = [
    "The parcel has not come yet, although it was sent a week ago.",
    "I cannot log in with my new password since this morning.",
    "the parcel  has not come yet, although it was sent a week AGO.",
    "I was charged twice for the same order of last Tuesday.",
    "The parcel has not come yet, although it was sent a week ago!!",
    "Please tell me how I change the address of my order.",
]


def write(path: Path, texts: list[str], **more: Any) -> Path:
    path.write_text("".join(json.dumps({"text": text, **more}) + "\n" for text in texts))
    return path


def deduped(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["dedup", *map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_first_of_rows_that_repeat_each_other_is_kept_as_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "a.jsonl", TEXTS, extra=[1, None])
    found = deduped(capsys, file, "-o", tmp_path / "k.jsonl", "--rejected", tmp_path / "r.jsonl")
    assert (found["rows"], found["kept"], found["left_out"]) == (6, 5, {"duplicate": 1})
    assert lines(tmp_path / "k.jsonl") == [{"text": TEXTS[n], "extra": [1, None]} for n in (0, 1, 3, 4, 5)]
    (left,) = lines(tmp_path / "r.jsonl")
    assert left["text"] == TEXTS[2] and left["dedup"]["repeats"] == "row 1" and left["dedup"]["row"] == "row 3"


def test_near_copies_and_other_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "a.jsonl", TEXTS)
    other = tmp_path / "b.csv"
    other.write_text('text,label\n"I WAS charged twice for the same order of last Tuesday.",x\n')
    found = deduped(capsys, file, "--against", other, "--near", "0.8", "-o", tmp_path / "k.jsonl")
    assert [row["text"] for row in lines(tmp_path / "k.jsonl")] == [TEXTS[0], TEXTS[1], TEXTS[5]]
    assert found["left_out"] == {"duplicate": 2, "near_duplicate": 1}
    found = deduped(
        capsys, file, "--threshold", "0.9", "--embedder", "hashed", "-o", tmp_path / "k2.jsonl", "--against", file
    )
    assert found["kept"] == 0


def test_other_files_may_call_the_column_in_other_case_with_spaces_and_marks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = tmp_path / "ours.jsonl"
    ours.write_text("".join(json.dumps({"customer_message": text}) + "\n" for text in TEXTS[:2]))
    theirs = tmp_path / "theirs.csv"
    theirs.write_text(f'Customer message,Kind\n"{TEXTS[0]}",x\n')
    found = deduped(capsys, ours, "--against", theirs, "-o", tmp_path / "k.jsonl")
    assert (found["kept"], found["fields"]) == (1, ["customer_message"])
    named = deduped(capsys, theirs, "--text", "customer_message", "-o", tmp_path / "t.jsonl")
    assert (named["kept"], named["fields"]) == (1, ["Customer message"])


def test_what_is_kept_is_whole_in_a_pipe_of_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"text":"Grüße 🙂"}\n', "utf-8")
    surroundings = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "datagen_cli", "dedup", str(file)]
    done = subprocess.run(command, env=surroundings, capture_output=True, check=True)
    assert done.stdout.decode("utf-8") == '{"text":"Grüße 🙂"}\n'


def test_what_is_kept_can_be_piped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "a.jsonl", TEXTS)
    assert run(["dedup", str(file)]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 5 and "5 of 6 rows kept; left out: 1 duplicate" in said.err


def test_a_run_folder_is_a_file_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "tickets", "-n", "6", "-o", str(tmp_path / "run"), "--quiet"]) == 0
    found = deduped(capsys, tmp_path / "run", "-o", tmp_path / "k.jsonl")
    assert found["kept"] == 6 and lines(tmp_path / "k.jsonl") == lines(tmp_path / "run" / "dataset.jsonl")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["a.jsonl", "--text", "body"], "no row has a column body"),
        (["a.jsonl", "--against", "c.jsonl"], "no row has a column text"),
        (["nothing.jsonl"], "no such file"),
        (["a.jsonl", "-o", "a.jsonl"], "is read by the same command"),
        (["a.jsonl", "--embedder", "hashed"], "--embedder does nothing without --threshold"),
        (["a.jsonl", "--json"], "only one of --json and -o -"),
        (["numbers.jsonl"], "numbers.jsonl: there is nothing to compare: no column of text"),
        (["empty.jsonl"], "empty.jsonl: there is nothing to compare: no rows"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    arguments: list[str], problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.jsonl", TEXTS)
    (tmp_path / "c.jsonl").write_text('{"words": "other"}\n')
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "numbers.jsonl").write_text('{"n": 1}\n{"n": 1}\n')
    assert run(["dedup", *arguments]) == 2
    assert problem in capsys.readouterr().err + capsys.readouterr().out


def test_more_rows_than_neighbours_are_looked_for_among_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datagen_cli.pipeline.sift.MOST_NEIGHBOURS", 5)
    file = write(tmp_path / "a.jsonl", TEXTS)
    assert run(["dedup", str(file), "--threshold", "0.9", "--embedder", "hashed", "-o", str(tmp_path / "k")]) == 2
    said = capsys.readouterr().err
    assert "neighbours are looked for among at most 5 rows" in said and "hint: use `near` alone" in said
    assert not (tmp_path / "k").exists()
    assert deduped(capsys, file, "--near", "0.8", "-o", tmp_path / "k")["rows"] == 6


def test_a_run_is_not_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("some.jsonl").write_text('{"text": "a"}\n')
    assert run(["merge", "some.jsonl", "-o", "both"]) == 2
    assert "error: some.jsonl: this is a file, no run folder" in capsys.readouterr().err


@pytest.mark.parametrize("named", [True, False])
def test_of_a_large_file_some_rows_are_held_at_a_time_and_how_far_it_is_is_told(
    named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "a.jsonl", [f"the text of row number {number} of many" for number in range(60)] * 2)
    told: list[str] = []

    @contextmanager
    def telling() -> Iterator[Any]:
        yield told.append

    monkeypatch.setattr(dedup, "under_way", telling)
    monkeypatch.setattr("datagen_cli.core.telling.EVERY", 40)
    monkeypatch.setattr(dedup, "LOOKED_AT", 10)
    monkeypatch.setattr(sift, "AT_ONCE", 4)
    read = load.all_rows

    def rows_of(*arguments: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        numbered = read(*arguments)
        for number, row in enumerate(counted((row for _, row in numbered), "text"), start=1):
            yield number, row
            del row

    monkeypatch.setattr(dedup, "all_rows", rows_of)
    words = ["dedup", str(file), "-o", str(tmp_path / "k.jsonl"), "--rejected", str(tmp_path / "r.jsonl")]
    assert run([*words, *(["--text", "text"] if named else [])]) == 0
    assert (len(lines(tmp_path / "k.jsonl")), len(lines(tmp_path / "r.jsonl"))) == (60, 60)
    assert Text.most <= (8 if named else 20)
    assert told == [
        *(f"{file}: {read} rows read" for read in (0, 40, 80)),
        *(f"{file}: {done} of 120 rows compared" for done in (0, 40, 80)),
    ]
