"""Commands that are printed to be pasted name the tool as it was called."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from datagen_cli.cli import called, console
from datagen_cli.cli.called import spoken
from datagen_cli.core.errors import UsageError

SCRIPT = Path(sys.executable).with_name("datagen")


@pytest.fixture
def script(tmp_path: Path) -> str:
    """A `datagen` that is there, in a folder whose name has a blank."""
    place = tmp_path / "my tools" / "datagen"
    place.parent.mkdir()
    place.write_text("")
    return str(place)


def test_the_tool_is_named_as_it_was_called(script: str) -> None:
    nowhere, module = (lambda name: None), "/x/datagen_cli/__main__.py"
    assert spoken((".venv/bin/datagen", "python3"), nowhere) == ".venv/bin/datagen"
    assert spoken((script, "python3"), nowhere) == f"'{script}'"
    assert spoken((script, "python3"), lambda name: script) == "datagen"
    assert spoken((script, "python3"), lambda name: "/usr/bin/env") == f"'{script}'", "another program of that name"
    assert spoken((module, ".venv/bin/python"), nowhere) == ".venv/bin/python -m datagen_cli"
    assert spoken((module, "python"), lambda name: script) == "python -m datagen_cli"
    assert spoken(("/x/other/__main__.py", "python"), nowhere) == "datagen"
    assert spoken(("", ""), nowhere) == "datagen", "in a notebook"


def test_a_hint_names_it_too_and_words_about_it_stay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(called, "spoken", lambda words: "bin/datagen")
    console.error(UsageError("no", hint="this version of datagen does it: `datagen show x`, see datagen eval --help"))
    console.next_step("datagen init tickets - | datagen generate - -o 'a datagen show x'")
    assert capsys.readouterr().err.splitlines()[2:] == [
        "hint: this version of datagen does it: `bin/datagen show x`, see bin/datagen eval --help",
        "next: bin/datagen init tickets - | bin/datagen generate - -o 'a datagen show x'",
    ]


@pytest.mark.slow
@pytest.mark.skipif(not SCRIPT.exists(), reason="the command is not installed beside this Python")
def test_what_is_printed_can_be_pasted_where_datagen_is_no_command_of_the_shell(tmp_path: Path) -> None:
    (tmp_path / "bin").symlink_to(SCRIPT.parent)
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}

    def shell(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True)

    said = shell("bin/datagen init my.yaml").stderr
    assert said.splitlines()[-1] == "next: bin/datagen preview my.yaml"
    wrong = shell("bin/datagen validate my.yam")
    assert wrong.returncode == 2
    assert "datagen" not in wrong.stderr.replace("bin/datagen", "")
    module = f"{shlex.quote(sys.executable)} -m datagen_cli"
    said = shell(f"{module} schema").stderr.splitlines()[-1]
    assert said == f"next: {module} validate my.yaml"
    assert shell(said.removeprefix("next: ")).returncode == 0
