"""Bad input to `datagen generate`: one line that says what and where, a hint, exit code 2, and nothing lost."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from datagen_cli.cli.app import run
from datagen_cli.runs.folder import RunFolder
from tests.runs.whole import generate, outcome, rows

RECIPE = """\
version: 1
name: words
description: Short sentences.
base: {path: base.jsonl}
fields: {text: text, kind: kind}
label: {field: kind, values: [a, b]}
model: offline
count: 4
"""
ROWS = '{"text": "one row", "kind": "a"}\n{"text": "another row", "kind": "b"}\n'


def fails(capsys: pytest.CaptureFixture[str], recipe: Path, *words: str, more: tuple[str, ...] = ()) -> str:
    """Runs a recipe that must end with 2, one `error:` line with these words and, after a blank line, a hint."""
    capsys.readouterr()
    assert generate(recipe, "-o", recipe.parent / "run", *more) == 2
    said = capsys.readouterr().err
    lines = [line for line in said.splitlines() if not line.startswith("simulated:")]
    assert lines[0].startswith("error: ")
    assert lines[1] == ""
    assert lines[2].startswith("hint: ")
    assert len(lines) == 3
    for word in words:
        assert word in lines[0], lines[0]
    assert "Traceback" not in said
    return said


def write(tmp_path: Path, recipe: str | bytes = RECIPE, base: str | bytes = ROWS) -> Path:
    for name, content in (("x.yaml", recipe), ("base.jsonl", base)):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
    return tmp_path / "x.yaml"


RECIPES = {
    "an unknown key": (RECIPE + "colour: red\n", ["x.yaml:9", "colour", "unknown option"]),
    "an unknown nested key": (RECIPE + "limits: {max_costs: 3}\n", ["x.yaml:9", "limits.max_costs", "unknown option"]),
    "a wrong type": (RECIPE.replace("count: 4", "count: four"), ["x.yaml:8", "count"]),
    "a count of 0": (RECIPE.replace("count: 4", "count: 0"), ["x.yaml:8", "count"]),
    "no YAML": ("a: [1\nb: }", ["x.yaml:2"]),
    "a YAML list": ("- a\n- b\n", ["x.yaml"]),
    "an empty file": ("", ["x.yaml"]),
    "a Python tag": ("version: !!python/object/apply:os.system [ls]\n", ["x.yaml:1"]),
    "NUL bytes": (RECIPE.encode() + b"\x00", ["x.yaml"]),
    "another encoding": (RECIPE.encode("utf-16"), ["x.yaml"]),
    "an include of itself": (RECIPE + "include: x.yaml\n", ["x.yaml", "include"]),
    "a missing include": (RECIPE + "include: none.yaml\n", ["x.yaml:9", "none.yaml"]),
    "min_words over max_words": (
        RECIPE + "constraints:\n  - length: {field: text, min_words: 9, max_words: 3}\n",
        ["x.yaml:10", "constraints[0].length", "min_words"],
    ),
    "a constraint on a field that does not exist": (
        RECIPE + "constraints:\n  - length: {field: txt, min_words: 9}\n",
        ["x.yaml:10", "constraints[0].length", "txt"],
    ),
    "a broken regex": (
        RECIPE + "constraints:\n  - pattern: {field: text, regex: '(a'}\n",
        ["x.yaml:10", "constraints[0].pattern.regex", "regular expression"],
    ),
    "an unset environment variable": (
        RECIPE.replace("base.jsonl", "'${NOT_SET_ANYWHERE}/base.jsonl'"),
        ["x.yaml:4", "base.path", "NOT_SET_ANYWHERE"],
    ),
    "an unknown provider": (RECIPE.replace("offline", "nobody-knows/this"), ["nobody-knows/this"]),
    "an unknown constraint": (RECIPE + "constraints:\n  - lenght: {field: text}\n", ["x.yaml:10", "lenght"]),
    "a missing base": (RECIPE.replace("base.jsonl", "none.jsonl"), ["none.jsonl"]),
    "a label that is no field": (RECIPE.replace("field: kind,", "field: sort,"), ["x.yaml:6", "sort"]),
    "no model": (RECIPE.replace("model: offline\n", ""), ["model"]),
}


@pytest.mark.parametrize("case", RECIPES, ids=lambda case: case.replace(" ", "-"))
def test_a_recipe_with(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, words = RECIPES[case]
    fails(capsys, write(tmp_path, recipe), *words)  # type: ignore[arg-type]


BASES = {
    "no rows": ("", ["base.jsonl", "no rows"]),
    "a broken row": (ROWS + '{"text": "cut\n', ["base.jsonl:3"]),
    "a row that is no object": (ROWS + "[1]\n", ["base.jsonl:3"]),
    "a row without a mapped field": (ROWS + '{"text": "x"}\n', ["base.jsonl:3", "kind"]),
    "a label outside its values": (ROWS + '{"text": "x", "kind": "z"}\n', ["base.jsonl:3", "z"]),
    "NUL bytes": (ROWS.encode() + b"\x00\x00\n", ["base.jsonl:3", "NUL"]),
    "a line over 10 MB": (ROWS + '{"text": "' + "x" * 10_500_000 + '", "kind": "a"}\n', ["base.jsonl:3", "10 MB"]),
    "another encoding": (ROWS.replace("one", "öne").encode("latin-1"), ["base.jsonl:1", "UTF-8"]),
}


@pytest.mark.parametrize("case", BASES, ids=lambda case: case.replace(" ", "-"))
def test_a_base_with(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, words = BASES[case]
    fails(capsys, write(tmp_path, base=base), *words)  # type: ignore[arg-type]


def test_bad_rows_can_be_skipped_and_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ROWS + '{"text": "cut\n' + '{"text": "x", "kind": "z"}\n'
    recipe = write(tmp_path, base=base)
    assert run(["generate", str(recipe), "-o", str(tmp_path / "run"), "--set=base.on_bad_row=skip"]) == 0
    assert len(rows(tmp_path / "run")) == 4
    assert "2 bad rows" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write(tmp_path)
    (tmp_path / "run").write_text("a file is in the way")
    fails(capsys, recipe, "run", "cannot write")


def test_a_folder_that_another_process_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write(tmp_path)
    with RunFolder(tmp_path / "run"):
        fails(capsys, recipe, "run", "another process")


def test_a_folder_of_another_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write(tmp_path)
    assert generate(recipe, "-o", tmp_path / "run") == 0
    before = outcome(tmp_path / "run")
    other = tmp_path / "y.yaml"
    other.write_text(RECIPE.replace("name: words", "name: other", 1))
    fails(capsys, other, "belongs to the recipe")
    assert outcome(tmp_path / "run") == before


@pytest.mark.slow
@pytest.mark.parametrize("size", [1000, 5000, 9000, 30_000])
def test_a_disk_that_takes_no_more_loses_nothing(size: int, tmp_path: Path) -> None:
    """A file size limit stands for a full disk; root is not exempt from it."""
    recipe = write(tmp_path)
    command = [sys.executable, "-m", "datagen_cli", "generate", str(recipe), "-n", "60", "-o", str(tmp_path / "run")]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    full = subprocess.run(command, preexec_fn=limited, capture_output=True, text=True, timeout=600)
    assert full.returncode == 2, full.stderr
    assert "cannot write" in full.stderr or "cannot be written" in full.stderr
    assert "hint: " in full.stderr
    assert "Traceback" not in full.stderr
    assert subprocess.run(command, capture_output=True, timeout=600).returncode == 0
    assert generate(recipe, "-n", "60", "-o", tmp_path / "never-full") == 0
    assert outcome(tmp_path / "run") == outcome(tmp_path / "never-full")


def test_a_folder_that_is_a_full_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(write(tmp_path), "-o", "/dev/full") == 2
    said = capsys.readouterr().err
    assert "error: /dev/full: cannot write" in said
    assert "hint: " in said


@pytest.mark.parametrize("name", ["checkpoints/3-generate.jsonl", "checkpoints/6-dedup.jsonl"])
def test_a_checkpoint_on_a_full_device(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write(tmp_path)
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    os.symlink("/dev/full", tmp_path / "run" / name)
    assert generate(recipe, "-o", tmp_path / "run") == 2
    said = capsys.readouterr().err
    assert "cannot write" in said
    assert "Traceback" not in said
    (tmp_path / "run" / name).unlink()
    assert generate(recipe, "-o", tmp_path / "run") == 0


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_folder_on_a_file_system_without_locks(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    assert generate("quickstart", "-n", "2", "-o", tmp_path / "run") == 2
    said = capsys.readouterr().err
    assert f"error: {tmp_path / 'run'}: cannot write: its file system has no locks" in said
    assert "hint: choose a folder on another one with -o" in said
    assert not (tmp_path / "run" / "checkpoints").exists()
