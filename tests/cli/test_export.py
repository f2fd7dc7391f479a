"""`datagen export`: files that pandas and `datasets` read, nothing overwritten, nothing half written."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from datagen_cli.cli.app import run
from tests.grids import mostly_slow
from tests.runs.whole import generate


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "run"
    assert generate("tickets", "-n", "40", "-o", folder, "--quiet") == 0
    return folder


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_file_and_its_card_are_written_and_said(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(made), "--to", "messages", "-o", "sub/train.jsonl", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == ["sub/train.jsonl", "sub/train.jsonl.README.md"]
    assert (found["prompt"], found["completion"], found["rows"]) == (["text"], ["category"], {"train": 40})
    lines = [json.loads(line) for line in Path("sub/train.jsonl").read_text("utf-8").splitlines()]
    assert [turn["role"] for turn in lines[0]["messages"]] == ["user", "assistant"]
    assert "data_files: [train.jsonl]" in Path("sub/train.jsonl.README.md").read_text("utf-8")


def test_an_export_of_a_run_that_is_short_says_how_many_records_of_how_many(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = capsys.readouterr
    assert generate("tickets", "-n", "12", "-o", "cut", "--max-total-tokens", "14000", "--quiet") == 4
    kept = json.loads(Path("cut/run.json").read_text())["accepted"]
    assert 0 < kept < 12
    said()
    assert run(["export", "cut", "--to", "jsonl", "-o", "cut.jsonl"]) == 0
    assert f"note: cut holds {kept} of the 12 records that were asked for (state: stopped)" in said().err
    assert run(["export", "cut", "--to", "jsonl", "-o", "two.jsonl", "--json"]) == 0
    found = json.loads(said().out)
    assert (found["accepted"], found["count"], found["state"]) == (kept, 12, "stopped")


@pytest.mark.parametrize("thing", ["a link", "a pipe", "a folder"])
def test_a_card_that_is_no_file_of_the_run_is_not_handed_out(
    thing: str, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(made, "stranger")
    card = Path("stranger/README.md")
    card.unlink()
    Path("mine").write_text("precious")
    if thing == "a link":
        card.symlink_to("../mine")
    elif thing == "a pipe":
        os.mkfifo(card)
    else:
        card.mkdir()
    capsys.readouterr()
    assert run(["export", "stranger", "--to", "hf", "-o", "hub", "--allow-simulated"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: stranger/README.md: this is ") or "cannot be read" in said
    assert not Path("hub").exists()
    card.rmdir() if thing == "a folder" else card.unlink()
    assert run(["export", "stranger", "--to", "hf", "-o", "hub", "--allow-simulated"]) == 0  # and without one


def test_a_dash_writes_lines_to_stdout_and_no_card(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(made), "--to", "prompt-completion", "-o", "-"]) == 0
    shown = capsys.readouterr()
    assert len([json.loads(line) for line in shown.out.splitlines()]) == 40
    assert not list(Path().iterdir())


@pytest.mark.parametrize(("form", "options"), [("csv", []), ("csv", ["--bom"]), ("jsonl", [])])
def test_a_dash_writes_what_the_file_holds(
    made: Path, form: str, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(made), "--to", form, "-o", "file", *options]) == 0
    capsys.readouterr()
    assert run(["export", str(made), "--to", form, "-o", "-", *options]) == 0
    assert capsys.readouterr().out.encode() == Path("file").read_bytes()


def test_an_instruction_is_proposed_for_labels_and_refused_where_nothing_is_asked(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(made), "--to", "messages", "-o", "x.jsonl"]) == 0
    said = capsys.readouterr().err
    assert "--instruction 'What is the category? Answer with one of: " in said
    assert run(["export", str(made), "--to", "messages", "-o", "y.jsonl", "--instruction", "Which?"]) == 0
    assert "--instruction" not in capsys.readouterr().err
    assert json.loads(Path("y.jsonl").read_text().splitlines()[0])["messages"][0]["content"] == "Which?"
    assert run(["export", str(made), "--to", "csv", "-o", "z.csv", "--instruction", "Which?"]) == 2
    assert "--instruction: csv asks nothing" in capsys.readouterr().err


def test_pandas_reads_tables_back(made: Path) -> None:
    pandas = pytest.importorskip("pandas")
    assert run(["export", str(made), "--to", "csv", "-o", "x.csv"]) == 0
    table = pandas.read_csv("x.csv")
    assert len(table) == 40
    assert {"id", "text", "category", "attributes.tone", "simulated"} <= set(table.columns)


@pytest.mark.slow
def test_datasets_reads_the_hub_layout_with_its_splits(made: Path) -> None:
    datasets = pytest.importorskip("datasets")
    arguments = ["export", str(made), "--to", "hf", "-o", "hub", "--split", "train=0.8,test=0.2", "--allow-simulated"]
    assert run(arguments) == 0
    found = datasets.load_dataset(str(Path("hub").resolve()), cache_dir=str(Path("cache").resolve()))
    assert {name: len(part) for name, part in found.items()} == {"train": 32, "test": 8}
    ids = [set(part["id"]) for part in found.values()]
    assert not ids[0] & ids[1]


def test_splits_of_lines_are_files_of_a_folder(made: Path) -> None:
    assert run(["export", str(made), "--to", "alpaca", "-o", "parts", "--split", "train=0.75,test=0.25"]) == 0
    counts = {path.name: len(path.read_text("utf-8").splitlines()) for path in Path("parts").glob("*.jsonl")}
    assert counts == {"train.jsonl": 30, "test.jsonl": 10}
    assert "split: train\n    path: train.jsonl" in Path("parts/README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("one", "other"), mostly_slow([("on", "off"), ("1", "null"), ("train", "test_2"), ("é", "1e3")])
)
def test_the_card_names_splits_and_files_as_texts_and_keeps_the_name(one: str, other: str, made: Path) -> None:
    names = (one, other)
    split = ",".join(f"{name}=0.5" for name in names)
    assert run(["export", str(made), "--to", "jsonl", "-o", "parts", "--split", split]) == 0
    front = yaml.safe_load(Path("parts/README.md").read_text("utf-8").split("---\n")[1])
    found = front["configs"][0]["data_files"]
    assert found == [{"split": name, "path": f"{name}.jsonl"} for name in names]
    assert (front["pretty_name"], front["tags"]) == ("tickets", ["synthetic", "datagen", "simulated"])
    assert run(["export", str(made), "--to", "jsonl", "-o", "a, b: [c] #1.jsonl"]) == 0
    front = yaml.safe_load(Path("a, b: [c] #1.jsonl.README.md").read_text("utf-8").split("---\n")[1])
    assert front["configs"][0]["data_files"] == ["a, b: [c] #1.jsonl"]


def test_a_review_is_honoured(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [json.loads(line)["id"] for line in (made / "dataset.jsonl").read_text("utf-8").splitlines()]
    review = made / "review.jsonl"
    review.write_text(json.dumps({"id": ids[0], "decision": "reject", "reason": "no", "fields": None}) + "\n")
    try:
        assert run(["export", str(made), "--to", "jsonl", "-o", "x.jsonl", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["left_out"] == 1
        assert ids[0] not in Path("x.jsonl").read_text("utf-8")
    finally:
        review.unlink()


@pytest.mark.parametrize(
    ("arguments", "words", "hint"),
    [
        (["--to", "mesages", "-o", "x"], "unknown format 'mesages'", "did you mean messages?"),
        (["--to", "jsonl", "-o", "there.jsonl"], "there.jsonl: exists already", "nothing is overwritten"),
        (["--to", "hf", "-o", "x"], "its rows are simulated", "--allow-simulated"),
        (["--to", "jsonl", "-o", "x", "--split", "train=2"], "--split: the shares add up to 2", "train=0.8,test=0.2"),
        (
            ["--to", "messages", "-o", "x", "--prompt", "txet"],
            "--prompt: there is no field 'txet'",
            "did you mean text?",
        ),
        (["--to", "parquet", "-o", "-"], "-o -: this format is no text", "name a file"),
        (["--to", "jsonl", "-o", "-", "--split", "a=0.5,b=0.5"], "-o -: this format is no text", "name a file"),
    ],
)
def test_what_cannot_be_written_says_why_and_leaves_nothing(
    made: Path, arguments: list[str], words: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("there.jsonl").write_text("mine\n")
    assert run(["export", str(made), *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert hint in said
    assert [path.name for path in Path().iterdir()] == ["there.jsonl"]
    assert Path("there.jsonl").read_text() == "mine\n"


def test_a_run_without_accepted_records_has_nothing_to_export(capsys: pytest.CaptureFixture[str]) -> None:
    impossible = ["--set", "limits.attempts_per_record=1", "--set", "model.faults.refusal=1"]
    assert generate("tickets", "-n", "1", "-o", "none", *impossible, "--quiet") == 3
    capsys.readouterr()
    assert run(["export", "none", "--to", "jsonl", "-o", "x.jsonl"]) == 2
    assert "none: the run has no accepted record: nothing to export" in capsys.readouterr().err


def _killed(made: Path, tmp_path: Path) -> Path:
    """A run as a killed process leaves it: its dataset is written when it ends."""
    (tmp_path / "cut").mkdir()
    manifest = json.loads((made / "run.json").read_text())
    (tmp_path / "cut" / "run.json").write_text(json.dumps({**manifest, "state": "running"}))
    return Path("cut")


def test_a_killed_run_is_not_said_to_have_no_accepted_record(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(_killed(made, tmp_path)), "--to", "jsonl", "-o", "x.jsonl"]) == 2
    said = capsys.readouterr().err
    assert "cut: the run has not ended, and its dataset is written when it does: nothing to export" in said
    assert "datagen status cut" in said


def test_eval_of_a_killed_run_without_rows_measures_nothing_and_says_so(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["eval", str(_killed(made, tmp_path)), "--metrics", "length"]) == 2
    shown = capsys.readouterr()
    assert "cut: the run has not ended, and its dataset is written when it does: nothing to measure" in shown.err
    assert "hint: datagen status cut" in shown.err and not shown.out
    assert run(["eval", str(made), "cut", "--table", "md", "--metrics", "length"]) == 2


def test_no_page_is_offered_of_a_run_that_kept_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    impossible = ["--set", "limits.attempts_per_record=1", "--set", "model.faults.refusal=1"]
    assert generate("tickets", "-n", "1", "-o", "none", *impossible) == 3
    assert "\ndataset: " not in capsys.readouterr().err
    assert run(["eval", "none", "--metrics", "length"]) == 0
    said = capsys.readouterr().err
    assert "--html" not in said and "none: there are no rows to measure" in said
    assert "next: datagen status none" in said
    assert run(["eval", "none", "--metrics", "length", "--strict"]) == 3


TALK = """
version: 1
name: talk
description: Talks between a customer and the support of a shop.
fields:
  talk:
    type: json
    schema:
      type: array
      minItems: 2
      items: {type: object, required: [role, content],
              properties: {role: {enum: [user, assistant]}, content: {type: string}}}
  topic: {type: label}
label: {field: topic, values: {billing: charges, delivery: parcels}}
model: offline
count: 4
"""


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("talk")
    (folder / "talk.yaml").write_text(TALK)
    assert run(["generate", str(folder / "talk.yaml"), "-o", str(folder / "run"), "--quiet"]) == 0
    return folder / "run"


def test_a_field_of_turns_is_exported_as_turns(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = [json.loads(line)["talk"] for line in (talk / "dataset.jsonl").read_text("utf-8").splitlines()]
    found: dict[str, list[dict[str, Any]]] = {}
    for form in ("messages", "sharegpt", "prompt-completion"):
        assert run(["export", str(talk), "--to", form, "-o", f"{form}.jsonl"]) == 0
        assert "turns: talk" in capsys.readouterr().err
        found[form] = [json.loads(line) for line in Path(f"{form}.jsonl").read_text("utf-8").splitlines()]
    assert [row["messages"] for row in found["messages"]] == said
    names = {"user": "human", "assistant": "gpt"}
    turns = [[{"from": names[turn["role"]], "value": turn["content"]} for turn in one] for one in said]
    assert [row["conversations"] for row in found["sharegpt"]] == turns
    row = found["prompt-completion"][0]
    assert row["completion"][0] in said[0] and row["prompt"] == said[0][: len(row["prompt"])]
    assert run(["export", str(talk), "--to", "messages", "-o", "b.jsonl", "--prompt", "talk"]) == 0
    first = json.loads(Path("b.jsonl").read_text("utf-8").splitlines()[0])["messages"]
    assert first[:-1] == said[0] and first[-1]["content"] in ("billing", "delivery")


def test_alpaca_of_a_conversation_takes_what_it_is_told(talk: Path) -> None:
    assert run(["export", str(talk), "--to", "alpaca", "-o", "a.jsonl"]) == 0
    assert json.loads(Path("a.jsonl").read_text("utf-8").splitlines()[0])["output"] in ("billing", "delivery")


def test_a_csv_for_excel_begins_with_a_mark_that_our_reader_and_pandas_know(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(made, "run")
    with Path("run/review.jsonl").open("w", encoding="utf-8") as file:
        first = json.loads(Path("run/dataset.jsonl").read_text("utf-8").splitlines()[0])
        decision = {"decision": "edit", "reason": "", "fields": {"text": "Où est le café – 5 €?"}}
        file.write(json.dumps({"id": first["id"], **decision}) + "\n")
    capsys.readouterr()
    assert run(["export", "run", "--to", "csv", "-o", "plain.csv"]) == 0
    assert "--bom writes one" in capsys.readouterr().err
    assert run(["export", "run", "--to", "csv", "-o", "x.csv", "--bom"]) == 0
    assert "--bom" not in capsys.readouterr().err
    assert Path("x.csv").read_bytes() == b"\xef\xbb\xbf" + Path("plain.csv").read_bytes()
    from datagen_cli.evaluation.load import Wanted, load_dataset

    ours = load_dataset("x.csv", Wanted()).dataset.rows
    assert ours == load_dataset("plain.csv", Wanted()).dataset.rows and ours[0]["text"] == "Où est le café – 5 €?"
    with Path("x.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.DictReader(file))["id"] == first["id"]
    pandas = pytest.importorskip("pandas")
    assert pandas.read_csv("x.csv").equals(pandas.read_csv("plain.csv"))


@pytest.mark.parametrize(
    ("more", "said", "hint"),
    [
        (["--to", "csv", "-o", "x.csv", "--separator", "x"], "--separator: csv has roles or columns", "prompt-"),
        (["--to", "messages", "-o", "x.jsonl", "--bom"], "--bom: messages has no byte order mark", "--to csv"),
        (["--to", "messages", "-o", "x.jsonl", "--split", "a=0.5,b=0.5"], "splits are files in a folder", "-o x"),
        (["--to", "hf", "-o", "y/x.parquet", "--allow-simulated"], "the hub's layout is a folder", "-o y/x"),
    ],
)
def test_a_folder_is_not_called_like_a_file_and_a_mark_is_for_tables(
    more: list[str], said: str, hint: str, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["export", str(made), *more]) == 2
    told = capsys.readouterr().err
    assert said in told and f"hint: {hint}" in told.replace("it is for ", "") and not Path("x.jsonl").exists()


def test_that_an_answer_is_put_right_behind_its_prompt_is_said_and_a_separator_ends_the_prompt(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(made), "--to", "prompt-completion", "-o", "a.jsonl"]) == 0
    assert "put an answer right behind its prompt" in capsys.readouterr().err
    assert run(["export", str(made), "--to", "prompt-completion", "-o", "b.jsonl", "--separator", r"\n"]) == 0
    assert "right behind" not in capsys.readouterr().err
    bare, ended = (json.loads(Path(name).read_text("utf-8").splitlines()[0]) for name in ("a.jsonl", "b.jsonl"))
    assert ended == {"prompt": bare["prompt"] + "\n", "completion": bare["completion"]}
