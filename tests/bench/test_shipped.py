"""Every shipped bench file runs offline at small N as its command says, and shows what it is for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen_cli.bench.options import read_bench
from datagen_cli.cli.app import run
from datagen_cli.config.load import load_recipe
from datagen_cli.sandbox import confine
from tests.bench.running import ROOT, SEEDS, bench, row_of
from tests.grids import mostly_slow

FILES = sorted(path.stem for path in (ROOT / "configs" / "bench").glob("*.yaml"))
ELSEWHERE = {"real-mini", "difficulty-mini", "agora", "agora-mini", "code-check", "adherence"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_its_head_names_its_command_and_its_files_are_there(name: str) -> None:
    text = (ROOT / "configs" / "bench" / f"{name}.yaml").read_text()
    assert f"# Command   datagen bench {name}" in text and "# What      " in text
    options = read_bench(name, Path.cwd())
    assert options is not None and options.name == name
    assert all(Path(path).exists() for path in (options.test, options.train) if path)


@pytest.mark.parametrize("name", mostly_slow(["real-mini", "difficulty-mini"], 1))
def test_what_a_real_model_writes_is_marked_so_and_can_be_estimated(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bench", name, "--dry-run"]) == 0
    said = "".join(capsys.readouterr())
    assert "simulated" not in said and "$0.00" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FILES if name not in ELSEWHERE])
def test_it_runs_offline_at_small_n(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, said = bench(capsys, name, "-n", "36", *SEEDS)
    assert code == 0, said
    assert len(found["rows"]) >= 2 and not found["short"] and found["simulated"]
    assert all(row["n"] == 72 and row["metrics"] for row in found["rows"])


def test_agora_has_nine_settings_each_method_in_each_domain_after_three_demonstrations() -> None:
    options = read_bench("agora", Path.cwd())
    assert options is not None and options.include_seed
    recipes = [load_recipe(path, environ={}, cwd=Path.cwd()) for path in options.recipes]
    methods = {(recipe.options.name.split("-")[1], recipe.options.method) for recipe in recipes}
    assert methods == {(d, m) for d in ("math", "code", "instruction") for m in ("instance", "response", "enhance")}
    assert all(recipe.examples is not None and recipe.examples.k == 3 for recipe in recipes)


def test_where_no_program_can_be_confined_it_is_refused_before_the_first_cell_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confine, "confinement_missing", lambda: "the kernel lacks Landlock")
    code, _, said = bench(capsys, "agora", "-n", "6", *SEEDS)
    assert code == 2 and "the kernel lacks Landlock" in said
    assert not (folder / "runs").exists()


@pytest.mark.slow
def test_agora_runs_offline_in_every_setting_and_tests_tell_code_apart(capsys: pytest.CaptureFixture[str]) -> None:
    code, found, said = bench(capsys, "agora", "-n", "6", *SEEDS)
    assert code == 0, said
    assert len(found["rows"]) == 18 and not found["short"]
    assert all(row["n"] == 12 for row in found["rows"])
    passed = {
        row["generator"]: row["metrics"]["verified"]["value"]
        for row in found["rows"]
        if row["setting"] == "agora-code-response"
    }
    assert passed["steady"] > passed["hasty"]


@pytest.mark.slow
def test_code_in_fences_and_in_json_are_variants_of_one_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    recipe = str(ROOT / "configs" / "bench" / "recipes" / "agora-code-response.yaml")
    code, found, said = bench(capsys, recipe, "--vary", "format=fences,json", "-n", "4", *SEEDS)
    assert code == 0, said
    assert [row["varied"] for row in found["rows"]] == [{"format": "fences"}, {"format": "json"}]
    assert all(row["n"] == 8 for row in found["rows"])


@pytest.mark.slow
def test_a_real_one_offline_is_the_same_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = bench(capsys, "real-mini", "--model", "offline")
    assert code == 0
    assert [row["varied"] for row in found["rows"]] == [
        {"sampling.temperature": t, "examples.k": k} for t in ("0.7", "1.1") for k in ("1", "4")
    ]


@pytest.mark.slow
def test_the_code_check_makes_labels_right(capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = bench(capsys, "code-check", "-n", "60", *SEEDS)
    assert code == 0
    checked, bare = (row_of(found, f"validators={value}") for value in ("as-is", "null"))
    after, before = (row["metrics"]["correctness"]["value"] for row in (checked, bare))
    assert after > 0.97 > 0.9 > before
    assert checked["yield"] < bare["yield"]


@pytest.mark.slow
def test_adherence_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    found: dict[str, Any] = bench(capsys, "adherence", "-n", "40", *SEEDS)[1]
    obedient, heedless = (row_of(found, name)["metrics"]["constraints"] for name in ("obedient", "heedless"))
    assert obedient["interval"][0] > heedless["interval"][1]
