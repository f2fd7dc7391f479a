"""Files named for output: what is there is not destroyed, and no text drives the terminal."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from datagen_cli.cli import console
from datagen_cli.cli.outputs import refuse_outputs, write_output
from datagen_cli.core.errors import UsageError


def test_a_link_is_followed_and_its_target_written_whole(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_output(str(tmp_path / "link"), b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    seen: list[bytes] = []
    reader = threading.Thread(target=lambda: seen.append(pipe.read_bytes()))
    reader.start()
    write_output(str(pipe), b"words")
    reader.join(10)
    assert seen == [b"words"]
    assert pipe.is_fifo()


def test_a_full_device_is_an_error_and_stays_a_device() -> None:
    with pytest.raises(UsageError, match="no space left"):
        write_output("/dev/full", b"words")
    assert Path("/dev/full").is_char_device()
    write_output("/dev/null", b"words")
    assert Path("/dev/null").is_char_device()


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
