"""A path that is not what a command wants: one line, and the command or the name that was meant."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from datagen_cli.cli.app import run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe, its run and a table of rows."""
    folder = tmp_path_factory.mktemp("here")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(["init", "my.yaml"]) == 0
        assert run(["generate", "my.yaml", "-n", "3", "--quiet"]) == 0
    (folder / "rows.csv").write_text("text,label\nA text,a\n", "utf-8")
    return folder


@pytest.fixture
def here(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A copy of it, where the test is."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        (["generate", "my.yml"], "no such recipe: my.yml", "did you mean my.yaml?"),
        (["validate", "quickstart.yml"], "no such recipe: quickstart.yml", "did you mean quickstart?"),
        (["generate", "rows.csv"], "rows.csv: these are rows, no recipe", "datagen init --from rows.csv my.yaml"),
        (
            ["generate", "runs/my"],
            "runs/my: is a folder, not a file",
            "to go on with this run: datagen generate my.yaml -n 3",
        ),
        (["generate", "my.yaml", "-n", "0"], "--count: must be at least 1, found 0", "see datagen generate --help"),
        (["show", "runs/mmy"], "runs/mmy: there is no such folder", "did you mean runs/my?"),
        (["view", "runs"], "runs: this folder holds no run (no run.json)", "runs that are there: runs/my"),
        (["why", "runs/my/dataset.jsonl", "0"], "this is a file, no run folder", "name its folder: runs/my"),
        (["eval", "row.csv"], "row.csv: no such file or folder", "did you mean rows.csv?"),
        (["eval", "rows.csv", "--compare", "runs/m"], "runs/m: no such file or folder", "did you mean runs/my?"),
        (["init", "--from", "rwos.csv"], "rwos.csv: no such file or directory", "did you mean rows.csv?"),
        (["generate", "my.yaml", "--set", "base.path=row.csv"], "row.csv: no such file", "did you mean rows.csv?"),
        (["show", "runs/my", "--by", "topc"], "--by: there is no column 'topc'", "did you mean topic?"),
    ],
)
def test_what_was_meant_is_named(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[str], what: str, hint: str
) -> None:
    assert run(words) == 2
    said = capsys.readouterr().err
    assert what in said
    assert hint in said


def test_a_column_is_named_once_among_those_to_count_by(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = "attributes={topic: {values: [money, travel], emit: true}}"
    assert run(["generate", "my.yaml", "-n", "3", "--set", known, "--quiet", "-o", "runs/emitted"]) == 0
    assert run(["show", "runs/emitted", "--by", "zzzz"]) == 2
    assert len(re.findall(r"\btopic\b", capsys.readouterr().err)) == 1
