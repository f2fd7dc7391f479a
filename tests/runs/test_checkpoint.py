"""Checkpoints: torn ends are cut, stale lines do not count, and a full disk tears nothing."""

from __future__ import annotations

import os
from functools import partial
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
        assert len([*each.index.units()]) == 2


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
        kept = len([*again.index.units()])
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


@pytest.mark.slow
def test_a_byte_changed_anywhere_loses_at_most_its_line_and_never_changes_one(tmp_path: Path) -> None:
    path = tmp_path / "c"
    checkpoint = opened(path)
    for slot in range(3):
        checkpoint.append(slot, 1, "a", {"n": 1000 + slot})
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 2]) + content[place + 1 :])
        again = opened(path)
        found = [again.find(slot, 1, "a") for slot in range(3)]
        at_a_line_end = content[place] == 10  # then the lines on both sides are lost, at the end the torn one alone
        assert len([line for line in found if line is None]) <= 1 + at_a_line_end
        assert all(line["n"] == 1000 + slot for slot, line in enumerate(found) if line is not None)
        assert again.damaged == (place < len(content) - 1)
        assert opened(path).damaged == 0  # the damaged line is taken out
        for slot, line in enumerate(found):
            if line is None:
                again.append(slot, 1, "a", {"n": 1000 + slot})
        assert [opened(path).line(slot, 1) for slot in range(3)] == [again.line(slot, 1) for slot in range(3)]


def test_a_whole_line_of_another_stage_or_recipe_does_not_count(tmp_path: Path) -> None:
    mine, other = opened(tmp_path / "c"), opened(tmp_path / "d", "other")
    mine.append(0, 1, "a", {"n": 1})
    other.append(1, 1, "a", {"n": 2})
    with (tmp_path / "c").open("ab") as file:
        file.write((tmp_path / "d").read_bytes().splitlines(keepends=True)[1])
    again = opened(tmp_path / "c")
    assert (len([*again.index.units()]), again.damaged) == (1, 1)


def test_a_file_of_an_older_version_is_taken_as_it_is_and_new_lines_have_sums(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_bytes(
        b'{"stage":"generate","fingerprint":"f"}\n{"unit":"000000.1","from":"a","n":1}\n'
        b'{"unit":"000001.1","from":"a","n":2}\n'
    )
    again = opened(path)
    again.append(2, 1, "a", {"n": 3})
    again.close()
    path.write_bytes(path.read_bytes().replace(b'"n":3', b'"n":4'))
    once_more = opened(path)
    assert [(once_more.line(slot, 1) or {}).get("n") for slot in range(3)] == [1, 2, None]
    assert once_more.damaged == 1
    assert stored_fingerprint(path) == "f"


def test_under_a_damaged_first_line_the_others_still_count(tmp_path: Path) -> None:
    checkpoint = opened(tmp_path / "c")
    checkpoint.append(0, 1, "a", {"n": 1})
    content = (tmp_path / "c").read_bytes()
    (tmp_path / "c").write_bytes(content.replace(b'"fingerprint":"f"', b'"fingerprint":"g"'))
    assert stored_fingerprint(tmp_path / "c") is None
    again = opened(tmp_path / "c")
    assert (len([*again.index.units()]), again.damaged) == (1, 1)
    assert (tmp_path / "c").read_bytes() == content


@pytest.mark.parametrize("size", [3, 900, 2000, 70_000, 200_000])
def test_a_line_that_something_else_changed_or_cut_off_meanwhile_is_an_error_and_no_answer(
    size: int, tmp_path: Path
) -> None:
    path = tmp_path / "c"
    checkpoint = opened(path)
    for slot in range(3):
        checkpoint.append(slot, 1, "a", {"text": "x" * size})
    whole = path.read_bytes()
    _, first, second, third = whole.splitlines(keepends=True)
    head = len(whole) - len(first + second + third)
    for changed in (
        whole[:head],
        whole[: -len(third) - 1],
        whole[:head] + first + second.replace(b"x", b"y", 1) + third,
        whole[:head] + first + third + second,
        whole[:head] + bytes(len(first + second)) + third,
    ):
        with path.open("r+b") as file:  # the same file, which is open
            file.truncate(file.write(changed))
        for read in (
            partial(checkpoint.find, 1, 1, "a"),
            partial(checkpoint.line, 1, 1),
            partial(checkpoint.has, 1, 1, ""),
        ):
            with pytest.raises(UsageError, match="changed by something else while the run went on"):
                read()
    path.write_bytes(whole)
    assert checkpoint.line(1, 1) == {"unit": "000001.1", "from": "a", "text": "x" * size}
