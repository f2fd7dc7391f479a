"""Checkpoints: torn ends are cut, stale lines do not count, and a full disk tears nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datagen_cli.core.errors import UsageError
from datagen_cli.runs.checkpoint import Checkpoint, stored_fingerprint


def opened(path: Path, fingerprint: str = "f") -> Checkpoint:
    return Checkpoint(path, "generate", fingerprint)


def test_a_line_is_found_by_unit_and_by_what_it_was_made_from(tmp_path: Path) -> None:
    checkpoint = opened(tmp_path / "c")
    checkpoint.append(12, 1, "aaaa", {"x": 1})
    checkpoint.append(12, 2, "bbbb", {"x": 2})
    again = opened(tmp_path / "c")
    for each in (checkpoint, again):
        assert each.find(12, 1, "aaaa") == {"unit": "000012.1", "from": "aaaa", "x": 1}
        assert each.find(12, 1, "other") is None
        assert each.find(12, 2, "bbbb") is not None
        assert each.find(3, 1, "aaaa") is None
        assert len(each.index) == 2


def test_the_last_line_of_a_unit_counts(tmp_path: Path) -> None:
    checkpoint = opened(tmp_path / "c")
    checkpoint.append(0, 1, "a", {"x": 1})
    checkpoint.append(0, 1, "b", {"x": 2})
    assert opened(tmp_path / "c").find(0, 1, "a") is None
    assert opened(tmp_path / "c").find(0, 1, "b") is not None


def test_a_file_cut_anywhere_keeps_its_whole_lines_and_goes_on_from_there(tmp_path: Path) -> None:
    path = tmp_path / "c"
    checkpoint = opened(path)
    for slot in range(3):
        checkpoint.append(slot, 1, "a", {"text": "ü" * 5})
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        again = opened(path)
        kept = len(again.index)
        assert kept == max(whole[:cut].count(b"\n") - 1, 0)
        for slot in range(kept, 3):
            again.append(slot, 1, "a", {"text": "ü" * 5})
        again.close()
        assert path.read_bytes() == whole


def test_a_damaged_line_in_the_middle_is_counted_and_the_rest_kept(tmp_path: Path) -> None:
    path = tmp_path / "c"
    checkpoint = opened(path)
    for slot in range(3):
        checkpoint.append(slot, 1, "a", {})
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1] + b'\x00\x00"}\n' + lines[3])
    again = opened(path)
    assert again.damaged == 1
    assert again.find(1, 1, "a") is None
    assert again.find(2, 1, "a") is not None


def test_the_fingerprint_is_stored_in_the_first_line(tmp_path: Path) -> None:
    opened(tmp_path / "c", "abc")
    assert stored_fingerprint(tmp_path / "c") == "abc"
    (tmp_path / "torn").write_bytes(b'{"stage":"generate"')
    assert stored_fingerprint(tmp_path / "torn") is None
    assert stored_fingerprint(tmp_path / "none") is None


def test_a_disk_that_takes_no_more_leaves_no_torn_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = opened(tmp_path / "c")
    checkpoint.append(0, 1, "a", {})
    before = (tmp_path / "c").read_bytes()
    real = os.pwrite

    def full(descriptor: int, data: bytes, offset: int) -> int:
        if len(data) > 4:
            return real(descriptor, data[:4], offset)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(UsageError, match="no space left"):
        checkpoint.append(1, 1, "a", {})
    assert (tmp_path / "c").read_bytes() == before


def test_the_file_is_private(tmp_path: Path) -> None:
    opened(tmp_path / "c")
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o600
