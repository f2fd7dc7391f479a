"""A command is a module: only the invoked one is imported, help says what belongs together, the shell completes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli import complete, console
from datagen_cli.cli.app import SECTIONS, load_command, run

COMMANDS = [name for section in SECTIONS.values() for name in section]
MODULES = Path(complete.__file__).parent


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True).stdout


FORKED = """
import os, sys
from datagen_cli.cli import console
from datagen_cli.cli.app import run
for name in sys.argv[1:]:
    sys.stdout.flush()
    if os.fork() == 0:
        run([name, "-h"])
        print("MODULES", *sys.modules, flush=True)
        os._exit(0)
    os.wait()
"""
"""Each command in a child of a process that has imported nothing but the program's start."""


@pytest.mark.slow
def test_only_the_module_of_the_invoked_command_is_imported() -> None:
    said = subprocess.run([sys.executable, "-c", FORKED, *COMMANDS], capture_output=True, text=True, check=True).stdout
    found = [set(line.split()) for line in said.splitlines() if line.startswith("MODULES ")]
    assert len(found) == len(COMMANDS)
    for name, loaded in zip(COMMANDS, found, strict=True):
        assert {other for other in COMMANDS if f"datagen_cli.cli.{other}" in loaded} == {name}


def test_a_run_that_calls_an_endpoint_waits_for_no_library_of_other_providers(tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "version: 1\nname: r\ndescription: d\nfields: {text: {type: text}}\ncount: 1\nlimits: {patience_s: 0.1}\n"
        "model: {name: m, base_url: 'http://127.0.0.1:9/v1', price: free}\n"
    )
    args = ["generate", str(recipe), "-o", str(tmp_path / "run"), "--quiet"]
    said = python(f"import sys\nfrom datagen_cli.cli.app import run\nrun({args!r})\nprint('MODULES', *sys.modules)")
    loaded = set(said.partition("MODULES ")[2].split())
    assert "aiohttp" in loaded
    assert not loaded & {"numpy", "torch", "transformers", "litellm", "xllamacpp", "pandas", "sklearn"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says_of_itself(name: str) -> None:
    summary = next(section[name] for section in SECTIONS.values() if name in section)
    assert (load_command(name).help or "").partition("\n")[0] == summary


def test_every_module_with_a_command_stands_in_the_table() -> None:
    defined = {path.stem for path in MODULES.glob("*.py") if "\ndef command(" in path.read_text("utf-8")}
    assert defined == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_h_and_help_say_the_same_and_end_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "-h"]) == 0
    short = capsys.readouterr().out
    assert run([name, "--help"]) == 0
    assert capsys.readouterr().out == short
    assert f"    datagen {name}" in short.partition("Examples:")[2]


def test_examples_of_a_narrow_terminal_break_between_words_and_can_be_pasted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "is_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", "60")
    for name in COMMANDS:
        assert run([name, "-h"]) == 0
        said = capsys.readouterr().out.partition("Examples:\n")[2]
        assert [line for line in said.splitlines() if len(line) > 60] == []
        pasted = [shlex.split(line) for line in said.replace("\\\n", " ").splitlines()]
        assert pasted == [shlex.split(line) for line in import_module(f"datagen_cli.cli.{name}").EXAMPLES]


@pytest.mark.parametrize("name", COMMANDS)
def test_arguments_are_told_without_types_of_python(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "-h"]) == 0
    assert "<" not in capsys.readouterr().out.partition("Arguments:")[2].partition("Options:")[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_is_a_command_line_that_the_command_takes(name: str) -> None:
    command: Any = load_command(name)
    for line in import_module(f"datagen_cli.cli.{name}").EXAMPLES:
        words = shlex.split(line.partition(">")[0] if " > " in line else line.partition("|")[0])
        assert words[:2] == ["datagen", name]
        context = command.make_context(name, words[2:])
        assert context.command is command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_names_every_option_once(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "-h"]) == 0
    said = capsys.readouterr().out.partition("Examples:")[0]
    options = [max(option.opts, key=len) for option in load_command(name).params]
    shown = [word.strip(",") for line in said.splitlines() for word in line.split()[:2] if word.startswith("--")]
    assert sorted(shown) == sorted([*(word for word in options if word.startswith("--")), "--help"])


def test_a_misspelt_command_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gnerate", "x"]) == 2
    assert capsys.readouterr().err == "error: no such command 'gnerate'\n\nhint: did you mean generate?\n"
    assert run(["zzz"]) == 2
    assert "hint: see datagen --help" in capsys.readouterr().err


def test_version_says_which_one_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("datagen ")


def completed(words: str, folder: Path) -> list[str]:
    environment = {**os.environ, "_DATAGEN_COMPLETE": "complete_bash", "COMP_WORDS": f"datagen {words}"}
    environment["COMP_CWORD"] = str(len(words.split(" ")))
    done = subprocess.run(
        [sys.executable, "-m", "datagen_cli"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.slow
def test_the_shell_completes_commands_recipes_runs_measures_and_models(tmp_path: Path) -> None:
    for name in ("runs/first", "runs/other", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "run.json").write_text("{}")
    (tmp_path / "runs" / "no-run").mkdir()
    (tmp_path / "mine.yaml").write_text("")
    (tmp_path / "notes.txt").write_text("")
    assert completed("pre", tmp_path) == ["preview"]
    assert completed("generate qui", tmp_path) == ["quickstart"]
    assert completed("validate mi", tmp_path) == ["mine.yaml"]
    assert completed("validate no", tmp_path) == []
    assert completed("status r", tmp_path) == ["runs/first", "runs/other"]
    assert completed("show runs/o", tmp_path) == ["runs/other"]
    assert completed("why else", tmp_path) == ["elsewhere"]
    assert completed("eval x --metrics self_bleu,vend", tmp_path) == ["self_bleu,vendi"]
    assert completed("generate x --model offl", tmp_path) == ["offline"]
    assert completed("generate x --model judge=ollama/", tmp_path) == ["judge=ollama/"]
    assert completed("list metr", tmp_path) == ["metrics"]


def test_what_is_typed_is_no_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("")
    assert complete.recipes("*") == []
    assert complete.runs("[") == []
