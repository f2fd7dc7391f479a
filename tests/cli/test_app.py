"""The command line as a whole: help that is quick, usage errors, JSON on failure, and no traceback for a user."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from datagen_cli.cli.app import run
from datagen_cli.core.errors import Stopped
from tests.grids import mostly_slow

COMMANDS = (
    "generate", "validate", "prompt", "preview", "status", "show", "why", "init", "list", "schema", "doctor",
)  # fmt: skip
HEAVY = {
    "pydantic", "numpy", "yaml", "jinja2", "aiohttp", "rich", "litellm", "torch", "hdbscan", "asyncio", "sqlite3",
    "jsonschema", "json_repair", "ddgs",
}  # fmt: skip


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True).stdout


def test_help_imports_nothing_heavy() -> None:
    said = python(
        "import sys\n"
        "from datagen_cli.cli.app import run\n"
        "run(['--help'])\n"
        "print('MODULES', *{name.partition('.')[0] for name in sys.modules})\n"
        "print('COUNT', sum(name.startswith('datagen_cli') for name in sys.modules))"
    )
    modules = set(said.partition("MODULES ")[2].splitlines()[0].split())
    assert modules & HEAVY == set()
    assert int(said.partition("COUNT ")[2]) <= 10


def test_a_run_on_the_offline_model_imports_no_network_client_and_no_heavy_library(tmp_path: Path) -> None:
    said = python(
        "import sys\n"
        "from datagen_cli.cli.app import run\n"
        f"code = run(['generate', 'tickets', '-n', '2', '-o', {str(tmp_path)!r}, '--quiet', '--set', 'dedup=null'])\n"
        "print('MODULES', code, *{name.partition('.')[0] for name in sys.modules})"
    )
    code, *modules = said.partition("MODULES ")[2].split()
    assert code == "0"
    assert set(modules) & {"torch", "litellm", "hdbscan", "pandas", "rich", "ddgs", "numpy", "aiohttp"} == set()


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "-h"]) == 0
    assert "--json" in capsys.readouterr().out


def test_a_wrong_option_is_a_usage_error_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "quickstart", "--cuont", "3"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: no such option: --cuont (did you mean --count?)\n")
    assert "hint: see datagen generate --help" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("show . -n many", "invalid value for '-n' / '--count': expected a number"),
        ("review . --sample 0", "invalid value for '--sample': must be at least 1"),
        ("view . --port 99999", "invalid value for '--port': must be at most 65535"),
    ],
)
def test_a_wrong_number_is_said_in_plain_words(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words.split()) == 2
    assert capsys.readouterr().err.startswith(f"error: {said}\n")


def test_json_speaks_on_failure_too(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["status", "/no/such/run"], ["generate", "no-such-recipe"], ["why", "/no/such/run", "x"]):
        assert run([*arguments, "--json"]) == 2
        found = json.loads(capsys.readouterr().out)
        assert found["exit_code"] == 2
        assert found["error"]
        assert found["hint"]


def test_python_dash_m_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "datagen_cli", "list", "recipes"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert "quickstart" in done.stdout


def test_a_bug_ends_with_1_and_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("datagen_cli.cli.status.RunReader", lambda name: 1 / 0)
    assert run(["status", "x"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: unexpected ZeroDivisionError")
    assert "Traceback" not in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_while_a_class_is_made_ends_the_command_with_its_code(
    number: signal.Signals, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Part:
        def __set_name__(self, owner: type, name: str) -> None:
            os.kill(os.getpid(), number)

    def stopped(name: str) -> None:
        try:
            type("Whole", (), {"part": Part()})
        except Stopped as error:  # Python 3.12 and later
            raise RuntimeError("error calling __set_name__") from error

    monkeypatch.setattr("datagen_cli.cli.status.RunReader", stopped)
    assert run(["status", "x"]) == code
    assert "bug" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "threads"),
    mostly_slow([({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3"), ({"OMP_NUM_THREADS": "2"}, None)]),
)
def test_matrix_threads_do_not_spin_beside_other_work_unless_they_are_asked_for(
    given: dict[str, str], threads: str | None
) -> None:
    code = (
        "import os\nfrom datagen_cli.cli.app import main\n"
        "try:\n    main(['list', 'metrics'])\nfinally:\n    print(os.environ.get('OPENBLAS_NUM_THREADS'))"
    )
    known = {
        name: value for name, value in os.environ.items() if name not in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**known, **given})
    assert done.stdout.splitlines()[-1] == str(threads)
