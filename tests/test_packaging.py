"""The wheel, the constraints and the small files around the package: what they promise, held."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINS = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel alone; its dependencies are borrowed from this one's."""
    folder = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", "--without-pip", "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    done = run(
        sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    site = next((folder / "env" / "lib").glob("python*/site-packages"))
    # a folder named in a .pth file is searched, its own .pth files (the checkout's) are not read
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    found = run(python, "-c", "import datagen_cli; print(datagen_cli.__file__)", cwd=folder)
    assert str(site) in found.stdout, found.stderr
    return python.parent


def test_the_wheel_carries_recipes_and_configs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("recipes", "configs"):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
        assert files
        assert {f"datagen_cli/{path.relative_to(ROOT).as_posix()}" for path in files} <= names
    assert {name.split("/")[0] for name in names} == {"datagen_cli", f"datagen_llm-{PROJECT['version']}.dist-info"}
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_the_wheel_carries_everything_of_the_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [path for path in (ROOT / "datagen_cli").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {path.relative_to(ROOT).as_posix() for path in files} <= names


def test_the_wheel_has_the_command_and_the_licence(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    points = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "datagen = datagen_cli.cli.app:main" in archive.read(points).decode()
    assert [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]


@pytest.mark.slow
def test_the_wheel_works_in_an_environment_elsewhere(elsewhere: Path, tmp_path: Path) -> None:
    datagen = elsewhere / "datagen"
    listed = run(datagen, "list", "recipes", "--json", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert {"quickstart", "tickets"} <= {row["name"] for row in json.loads(listed.stdout)["recipes"]}
    made = run(datagen, "init", "my.yaml", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "my.yaml").is_file()
    for recipe, folder in (("quickstart", "runs/quickstart"), ("my.yaml", "runs/my")):
        done = run(datagen, "generate", recipe, "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        assert (summary["accepted"], summary["simulated"]) == (24, True)
        assert len((tmp_path / folder / "dataset.jsonl").read_text("utf-8").splitlines()) == 24
    assert run(elsewhere / "python", "-m", "datagen_cli", "--help", cwd=tmp_path).returncode == 0


def test_constraints_pin_versions_and_name_no_machine() -> None:
    assert PINS
    assert [line for line in PINS if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._!]+", line)] == []
    assert len({canonicalize_name(line.split("==")[0]) for line in PINS}) == len(PINS)


@pytest.mark.parametrize("extra", ["", "embed", "sympy", "local", "ray", "hub", "train", "dev"])
def test_what_is_declared_is_pinned_within_its_bounds(extra: str) -> None:
    pinned = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in PINS}
    lines = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    for requirement in map(Requirement, lines):
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} is not in constraints.txt: make constraints"
        assert requirement.specifier.contains(pinned[name], prereleases=True), requirement


def test_torch_is_in_no_core_requirement_and_all_is_the_sum_of_the_others() -> None:
    heavy = {"torch", "transformers", "sentence-transformers", "ray", "datasets"}
    assert heavy & {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]} == set()
    assert PROJECT["optional-dependencies"]["all"] == ["datagen-llm[embed,sympy,local,gguf,hub,ray,train]"]


def test_make_alone_lists_every_target_for_users() -> None:
    done = run("make", "--no-print-directory", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
    assert phony is not None
    assert sorted(re.findall(r"^  make ([\w-]+)", done.stdout, flags=re.MULTILINE)) == sorted(phony[1].split())
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_make_names_one_host_only() -> None:
    assert re.findall(r"https?://([^/\s]+)", (ROOT / "Makefile").read_text("utf-8")) == ["download.pytorch.org"]


def test_continuous_integration_runs_the_checks_and_the_whole_suite() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text("utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text
    targets = re.search(r"^for target in (.*); do$", text, flags=re.MULTILINE)
    assert targets is not None and {"check", "test", "test-slow", "test-real"} <= set(targets[1].split())


def test_the_licence_is_apache() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert PROJECT["license"] == "Apache-2.0"


def test_no_shipped_file_names_a_path_of_this_machine() -> None:
    own = {str(ROOT), str(Path.home())} - {"/"}
    files = [path for folder in ("recipes", "configs", "datagen_cli") for path in (ROOT / folder).rglob("*.*")]
    files += [ROOT / name for name in ("Makefile", "README.md", "constraints.txt", "pyproject.toml")]
    texts = {
        path: path.read_text("utf-8", errors="replace") for path in files if path.is_file() and path.suffix != ".pyc"
    }
    assert [path.name for path, text in texts.items() if any(f"{name}/" in text for name in own)] == []
