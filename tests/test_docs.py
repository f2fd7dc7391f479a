"""The pages of docs/: written from the package, linked, and every command, recipe and program on them works."""

from __future__ import annotations

import importlib.util
import re
import runpy
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from datagen_cli.catalog import CATALOG
from datagen_cli.cli.app import SECTIONS, load_command
from datagen_cli.config.load import load_recipe
from datagen_cli.config.models import ModelOptions
from datagen_cli.core.registry import load
from datagen_cli.evaluation.gates import parse_gate

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    path for path in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md"]
)
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.py"))
ACTIONS = DOCS / "github-actions.yml"


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language; blocks in lists lose their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [re.sub(rf"(?m)^{indent}", "", text) for indent, text in found]


def all_blocks(language: str) -> list[tuple[str, str]]:
    return [(str(page.relative_to(ROOT)), text) for page in PAGES for text in blocks(page, language)]


def command_lines(text: str) -> list[list[str]]:
    """The `datagen` calls of a shell text as words, without what they are piped or written to."""
    lines = text.replace("\\\n", " ").splitlines()
    calls = [shlex.split(line, comments=True) for line in lines if line.strip().startswith("datagen ")]
    ends = ("|", ">", "||", "&&", ";")
    return [words[: next((i for i, word in enumerate(words) if word in ends), len(words))] for words in calls]


def parses(words: list[str]) -> None:
    """Raises an error when a command has no such option or argument; nothing is run."""
    if words[1].startswith("-"):
        return
    load_command(words[1]).make_context(words[1], words[2:])


def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_pages", DOCS / "pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_what_the_package_says() -> None:
    assert pages().stale() == [], "make docs writes them anew"


def test_the_reference_names_every_check_measure_format_and_command() -> None:
    for page, names in (
        ("checks.md", [*CATALOG["constraints"], *CATALOG["validators"]]),
        ("measures.md", CATALOG["metrics"]),
        ("formats.md", CATALOG["formats"]),
        ("commands.md", [f"datagen {name}" for section in SECTIONS.values() for name in section]),
    ):
        text = (DOCS / "reference" / page).read_text("utf-8")
        assert [name for name in names if f"# `{name}`\n" not in text] == [], "make docs writes them"


@pytest.mark.parametrize("page", ["recipe.md", "checks.md"])
def test_every_option_says_what_it_is(page: str) -> None:
    rows = [line for line in (DOCS / "reference" / page).read_text("utf-8").splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_measure_says_when_it_misleads() -> None:
    told = {name: pages().misleads(load("metrics", name)) for name in CATALOG["metrics"]}
    silent = [name for name, words in told.items() if not words]
    assert silent == [], 'the docstring of its module ends with "It misleads when …."'


@pytest.mark.parametrize(("page", "text"), [*all_blocks("bash"), *all_blocks("")])
def test_every_command_on_a_page_has_the_options_it_is_shown_with(page: str, text: str) -> None:
    for words in command_lines(text):
        parses(words)


def test_every_command_of_the_readme_has_an_example_that_its_options_allow() -> None:
    table = (ROOT / "README.md").read_text("utf-8").partition("\n## Commands\n")[2].partition("\n## ")[0]
    shown = [shlex.split(line) for line in re.findall(r"^\| `([^`]+)` \|", table, flags=re.MULTILINE)]
    commands = sorted(name for section in SECTIONS.values() for name in section)
    assert sorted(words[0] for words in shown) == commands, "README.md has a row for each under Commands"
    for words in shown:
        parses(["datagen", *words])


def test_a_misspelt_option_on_a_page_would_be_seen() -> None:
    with pytest.raises(Exception, match="No such option: --gates-file"):
        parses(command_lines("datagen eval runs/a --gates-file x | tee y")[0])


@pytest.mark.parametrize(("page", "text"), all_blocks("yaml"))
def test_every_recipe_and_model_on_a_page_is_valid(page: str, text: str, tmp_path: Path) -> None:
    found = yaml.safe_load(text)
    if isinstance(found, dict) and "version" in found:
        (tmp_path / "page.yaml").write_text(text)
        load_recipe("page.yaml", environ={}, cwd=tmp_path)
    elif isinstance(found, dict) and isinstance(found.get("model"), dict):
        ModelOptions.model_validate(found["model"])


@pytest.mark.parametrize(("page", "text"), all_blocks("python"))
def test_every_program_on_a_page_runs(
    page: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(text, page, "exec"), {})
    assert capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_every_notebook_runs(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(notebook))
    assert capsys.readouterr().out


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        if "://" not in file:
            place = page.parent / file if file else page
            assert place.exists(), target
            assert not anchor or anchor in anchors(place), target


def test_the_example_for_github_actions_calls_commands_and_gates_that_exist() -> None:
    steps = yaml.safe_load(ACTIONS.read_text("utf-8"))["jobs"]["dataset"]["steps"]
    calls = [words for step in steps for words in command_lines(step.get("run", ""))]
    assert [words[1] for words in calls] == ["generate", "eval"]
    for words in calls:
        parses(words)
    gates = [value for words in calls for option, value in pairwise(words) if option == "--gate"]
    assert len(gates) == 3
    for gate in gates:
        parse_gate(gate)


def test_the_example_for_github_actions_fails_when_generate_does_and_keeps_what_was_paid() -> None:
    steps = yaml.safe_load(ACTIONS.read_text("utf-8"))["jobs"]["dataset"]["steps"]
    # Actions runs steps without pipefail unless told: the exit code of `datagen generate | tee` would be that of tee
    assert not [step for step in steps if "|" in step.get("run", "").replace("||", "") and step.get("shell") != "bash"]
    # actions/cache saves nothing after a failed step, and a cap is one: restore and save stand apart
    caches = {step["uses"]: step for step in steps if step.get("uses", "").startswith("actions/cache")}
    assert set(caches) == {"actions/cache/restore@v4", "actions/cache/save@v4"}
    assert caches["actions/cache/save@v4"]["if"] == "always()"
    # the next night makes a dataset of its own: the folder of a finished one would be "already complete" for ever
    assert caches["actions/cache/restore@v4"]["with"]["restore-keys"] == "run-${{ github.run_id }}-"
    keys = {step["with"]["key"] for step in caches.values()}
    assert keys == {"run-${{ github.run_id }}-${{ github.run_attempt }}"}  # a key that is there is not written again


def test_every_page_can_be_reached_from_the_first() -> None:
    listed = set(re.findall(r"^([\w/]+)$", (DOCS / "index.md").read_text("utf-8"), flags=re.MULTILINE))
    there = {str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.md")} - {"index"}
    assert there - listed == set()
    assert {name for name in listed if "/" in name or (DOCS / f"{name}.md").exists()} == there


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(DOCS), str(tmp_path / "site")]
    done = subprocess.run(build, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "reference" / "recipe.html").exists()
