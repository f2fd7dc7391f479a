"""Files named for output: what is there is not destroyed, and no text drives the terminal."""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.attack.swaps import swapped
from datagen_cli.cli import console
from datagen_cli.cli.app import run
from datagen_cli.cli.outputs import refuse_outputs, write_output
from datagen_cli.core.errors import UsageError


def test_a_link_is_followed_and_its_target_written_whole(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_output(str(tmp_path / "link"), b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_that_leads_out_of_its_folder_is_not_written_through(there: bool, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    victim = tmp_path / "victim"
    if there:
        victim.write_text("precious")
        victim.chmod(0o755)
    link = tmp_path / "run" / "page.html"
    link.symlink_to("../victim")
    with pytest.raises(UsageError, match="this is a link to a file elsewhere"):
        write_output(str(link), b"new")
    with pytest.raises(UsageError, match="this is a link to a file elsewhere"):
        refuse_outputs({"--html": str(link)}, [])
    assert victim.exists() == there and (not there or victim.read_text() == "precious")
    assert not there or victim.stat().st_mode & 0o777 == 0o755


def test_what_the_shell_opened_is_written_to(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        refuse_outputs({"--html": f"/dev/fd/{file.fileno()}"}, [])
        write_output(f"/dev/fd/{file.fileno()}", b"new")
        inode = os.fstat(file.fileno()).st_ino
    assert (tmp_path / "out").read_bytes() == b"new" and (tmp_path / "out").stat().st_ino == inode


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    seen: list[bytes] = []
    reader = threading.Thread(target=lambda: seen.append(pipe.read_bytes()))
    reader.start()
    write_output(str(pipe), b"words")
    reader.join(600)
    assert seen == [b"words"]
    assert pipe.is_fifo()


def test_a_full_device_is_an_error_and_stays_a_device() -> None:
    with pytest.raises(UsageError, match="no space left"):
        write_output("/dev/full", b"words")
    assert Path("/dev/full").is_char_device()
    write_output("/dev/null", b"words")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("looks", range(6))
@pytest.mark.parametrize("first", ["nothing", "a file", "a pipe", "a link beside"])
def test_a_link_that_comes_while_an_output_is_written_is_not_followed(first: str, looks: int, tmp_path: Path) -> None:
    victim, out = tmp_path / "victim", tmp_path / "out" / "page.html"
    victim.write_text("precious")
    out.parent.mkdir()
    if first == "a file":
        out.write_text("old")
    elif first == "a pipe":
        os.mkfifo(out)
    elif first == "a link beside":
        (out.parent / "beside").write_text("old")
        out.symlink_to("beside")

    def change() -> None:
        (tmp_path / "link").symlink_to(victim)
        (tmp_path / "link").rename(out)

    reader = os.open(out, os.O_RDONLY | os.O_NONBLOCK) if first == "a pipe" else -1
    with swapped(out, change, looks), suppress(UsageError):
        write_output(str(out), b"new")
    if reader >= 0:
        os.close(reader)
    assert victim.read_text() == "precious"


def test_an_output_that_is_read_or_named_twice_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("{}")
    (tmp_path / "link").symlink_to(data)
    with pytest.raises(UsageError, match="--detail: this file is read by the same command"):
        refuse_outputs({"--detail": str(tmp_path / "link"), "--html": None}, [str(data), None, "-"])
    with pytest.raises(UsageError, match="--html: --detail names the same file"):
        refuse_outputs({"--detail": str(tmp_path / "x"), "--html": str(tmp_path / "x")}, [])
    refuse_outputs({"--detail": "-", "--html": str(tmp_path / "x")}, ["-"])


def test_eval_does_not_write_over_its_dataset(tmp_path: Path) -> None:
    from datagen_cli.cli.app import run

    data = tmp_path / "data.jsonl"
    data.write_text('{"text": "one"}\n')
    assert run(["eval", str(data), "--metrics", "length", "--detail", str(data)]) == 2
    assert data.read_text() == '{"text": "one"}\n'


def test_control_characters_are_shown_and_colours_stay() -> None:
    assert console.harmless("a\x1b[2J\x1b]0;x\x07b\x9bc\td\n") == "a\\x1b[2J\\x1b]0;x\\x07b\\x9bc\td\n"
    assert console.harmless("\x1b[1;31merror:\x1b[0m") == "\x1b[1;31merror:\x1b[0m"


def test_in_a_terminal_no_part_of_a_text_that_others_wrote_begins_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "first\nnext: FORGED\r\nerror: FORGED" + " " * 300 + "hint: FORGED\x1b[8m"
    for shows in (console.quotation, console.line, lambda text: console.note(text)):
        for columns in (40, 80, 200):
            monkeypatch.setenv("COLUMNS", str(columns))
            monkeypatch.setattr(console, "is_terminal", lambda stream: True)
            shows(text)
            said = "".join(capsys.readouterr())
            assert not [line for line in said.splitlines() if line.startswith(("next:", "error:", "hint:"))]
            assert "\x1b[8m" not in said
    monkeypatch.setattr(console, "is_terminal", lambda stream: False)
    console.next_step("datagen eval 'b\nnext: FORGED.jsonl'")
    assert capsys.readouterr().err == "next: datagen eval 'b\\nnext: FORGED.jsonl'\n"
    console.quotation(text)
    assert capsys.readouterr().out == f"{text}\n"


def test_json_holds_nothing_that_reorders_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    console.emit_json({"a\u202e": ["\x9b8m", "\u2066é", "\x1b"]})
    said = capsys.readouterr().out
    assert said == '{"a\\u202e": ["\\u009b8m", "\\u2066é", "\\u001b"]}\n'
    assert json.loads(said) == {"a\u202e": ["\x9b8m", "\u2066é", "\x1b"]}


def test_a_name_that_begins_with_a_dash_is_a_path_in_the_command_that_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("-dash", "-my dir", "-n"):
        Path(name).mkdir()
    console.next_step("datagen show -dash -n 3 --rejected")
    console.next_step("datagen generate '-my dir' -o -dash '-none'")
    assert capsys.readouterr().err == (
        "next: datagen show ./-dash -n 3 --rejected\nnext: datagen generate './-my dir' -o ./-dash '-none'\n"
    )


def test_without_colours_a_table_in_a_terminal_has_no_codes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "is_terminal", lambda stream: True)
    monkeypatch.setenv("NO_COLOR", "1")
    console.table("kept", ("name", "rows"), [("a", 1)])
    assert "kept" in (said := capsys.readouterr().out) and "\x1b" not in said


def test_a_working_folder_that_is_gone_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from datagen_cli.cli.app import run

    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert run(["generate", "quickstart", "-n", "2"]) == 2
    assert capsys.readouterr().err.startswith("error: the working folder is gone\n\nhint: change to a folder")


def test_a_clock_beyond_what_python_can_read_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `time.time` does from 12 April 2262 on."""
    from datagen_cli.cli import failures

    def late() -> float:
        raise OverflowError("timestamp too large to convert to C _PyTime_t")

    monkeypatch.setattr("time.time", late)
    assert failures.reported(late, ["list"]) == 2
    assert capsys.readouterr().err.startswith("error: the clock stands beyond the year 2262")
    monkeypatch.undo()
    assert failures.reported(late, ["list"]) == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("dedup rows.jsonl -o kept.csv", "-o kept.csv: JSON lines would be called like a .csv file"),
        (
            "dedup rows.jsonl -o k.jsonl --rejected r.PARQUET",
            "--rejected r.PARQUET: JSON lines would be called like a .parquet file",
        ),
        ("export run --to jsonl -o out.csv", "-o out.csv: JSON lines would be called like a .csv file"),
        ("export run --to messages -o out.tsv", "-o out.tsv: JSON lines would be called like a .tsv file"),
        ("export run --to parquet -o out.csv", "-o out.csv: a .parquet file would be called like a .csv file"),
    ],
)
def test_rows_stand_under_no_other_formats_name(
    command: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A spreadsheet would find formulas in them, and no command of ours could read them."""
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_text('{"text": "a tap drips", "=name": "=1+1"}\n')
    if command.startswith("export"):
        assert run(["generate", "quickstart", "-n", "2", "-o", "run", "--quiet"]) == 0
    assert run(command.split()) == 2
    assert said in capsys.readouterr().err
    assert not [path.name for path in Path().iterdir() if path.name not in ("rows.jsonl", "run")]
