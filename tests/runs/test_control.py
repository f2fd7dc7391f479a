"""`--control`: the control without contrast beside a correlated run, and what `eval` says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from datagen_cli.cli.app import run
from datagen_cli.pipeline.control import control_folder
from tests.runs.correlated import FakeLocal, text_of, use_fake, write_recipe
from tests.runs.whole import generate, report, rows


def evaluated(capsys: pytest.CaptureFixture[str], folder: Path) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["eval", str(folder), "--metrics", "distinct_n,self_bleu", "--embedder", "hashed", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def rows_asked(fake: type[FakeLocal], call: int) -> list[tuple[Any, ...]]:
    return [(row["key"], row["label"], row["prompt"]) for row in fake.asked[call]["group"]["rows"]]


def test_the_control_is_the_plain_run_at_t_over_delta_with_the_same_plan_seed_and_prompts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = use_fake(monkeypatch)
    recipe = write_recipe(tmp_path, contrast=0.5, gamma=1.25)
    arguments = (recipe, "-o", tmp_path / "run", "--control", "-n", "6", "--set", "sampling.temperature=0.9")
    found = report(capsys, *arguments)
    own, control = fake.asked
    assert (own["temperature"], control["temperature"]) == (0.9, pytest.approx(0.9 / 0.75))
    assert (own["group"]["variant"], control["group"]["variant"], control["group"]["gamma"]) == ("cross", "plain", 1.0)
    assert own["seed"] == control["seed"]
    assert rows_asked(fake, 0) == rows_asked(fake, 1)
    assert (found["accepted"], found["control"]["accepted"]) == (6, 6)
    assert found["control"]["run"] == f"{tmp_path}/run-control"
    assert "--control" in found["resume_command"]
    assert [row["label"] for row in rows(tmp_path / "run")] == [row["label"] for row in rows(tmp_path / "run-control")]
    again = report(capsys, *arguments)
    assert (again["new_records"], again["control"]["new_records"], len(fake.asked)) == (0, 0, 2)


def test_the_control_of_cfg_is_plain_at_its_own_temperature_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = use_fake(monkeypatch)
    assert generate(write_recipe(tmp_path, variant="cfg"), "-o", tmp_path / "run", "--control") == 0
    assert fake.asked[-1]["temperature"] == 1.0
    assert "the weights of cfg sum to 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("correlated", "settings", "message"),
    [
        ({}, ["--set=sampling.correlated=null"], "--control: this recipe has no correlated sampling"),
        ({"contrast": 1.0}, [], "with contrast = gamma no plain temperature corresponds"),
        ({"variant": "plain"}, [], "the variant plain has no contrast to control for"),
        ({"contrast": 0.999}, [], "its temperature would be 1e+03, which is noise"),
    ],
)
def test_where_there_is_no_control_it_is_refused_before_anything_is_made(
    correlated: dict[str, Any], settings: list[str], message: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    fake = use_fake(monkeypatch)
    assert generate(write_recipe(tmp_path, **correlated), "-o", tmp_path / "run", "--control", *settings) == 2
    assert message in capsys.readouterr().err
    assert fake.asked == []
    assert not (tmp_path / "run").exists()


def test_the_control_of_a_run_that_stops_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_fake(monkeypatch)
    recipe = write_recipe(tmp_path)
    assert generate(recipe, "-o", tmp_path / "run", "--control", "--max-total-tokens", "10") == 4
    assert "the control was not begun" in capsys.readouterr().err
    assert not (tmp_path / "run-control").exists()


def test_a_control_that_falls_short_ends_the_command_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(payload: Any, row: Any) -> dict[str, Any]:
        plain = payload["group"]["variant"] == "plain"
        return {"text": "", "finish": "stop", "steps": 0} if plain else text_of(payload, row)

    use_fake(monkeypatch, script)
    found = report(capsys, write_recipe(tmp_path), "-o", tmp_path / "run", "--control")
    assert (found["exit_code"], found["control"]["exit_code"]) == (3, 3)
    assert generate(write_recipe(tmp_path), "-o", tmp_path / "run", "--control") == 3


def test_a_new_run_and_its_control_share_their_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = use_fake(monkeypatch)
    monkeypatch.chdir(tmp_path)
    found = report(capsys, write_recipe(tmp_path), "--new", "--control")
    assert found["control"]["run"] == f"{found['run']}-control"
    assert [rows_asked(fake, call) for call in (0, 1)] == [rows_asked(fake, call) for call in (2, 3)]


def test_a_dry_run_says_what_the_control_would_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path)
    assert run(["generate", str(recipe), "--control", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["control"] == "plain at T = 1 / 0.7 = 1.429"
    assert run(["generate", str(recipe), "--control", "--dry-run"]) == 0
    assert "--control: as much again, plain at T = 1 / 0.7 = 1.429" in capsys.readouterr().out


def test_eval_says_when_a_contrasted_run_has_no_control_and_measures_the_one_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_fake(monkeypatch)
    recipe = write_recipe(tmp_path)
    assert generate(recipe, "-o", tmp_path / "run") == 0
    assert evaluated(capsys, tmp_path / "run")["control"] == "not run"
    assert run(["eval", str(tmp_path / "run"), "--metrics", "distinct_n"]) == 0
    assert "\ncontrol: not run\n" in capsys.readouterr().out
    assert generate(recipe, "-o", tmp_path / "run", "--control") == 0
    found = evaluated(capsys, tmp_path / "run")["control"]
    beside = evaluated(capsys, tmp_path / "run-control")
    assert (found["dataset"], found["n"]) == (f"{tmp_path}/run-control", 12)
    assert found["temperature"] == pytest.approx(1 / 0.7)
    assert found["metrics"] == beside["metrics"]
    assert beside["control"] is None
    assert run(["eval", str(tmp_path / "run"), "--metrics", "distinct_n"]) == 0
    value = found["metrics"]["distinct_n"]["value"]
    assert f"(plain at T = 1.429, 12 rows): distinct_n {value:.4g}" in capsys.readouterr().out


def test_eval_takes_no_other_folder_for_the_control(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_fake(monkeypatch)
    recipe = write_recipe(tmp_path)
    assert generate(recipe, "-o", tmp_path / "run") == 0
    assert generate(recipe, "-o", tmp_path / "run-control", "--set", "sampling.correlated.contrast=0.1") == 0
    assert evaluated(capsys, tmp_path / "run")["control"] == "not run"


@pytest.mark.parametrize(
    ("later", "why"),
    [(["--set=sampling.correlated.contrast=0.6"], "is the control of another recipe"), (["-n", "13"], "has 12 rows")],
)
def test_a_control_of_an_earlier_state_of_the_run_is_none(
    later: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_fake(monkeypatch)
    recipe = write_recipe(tmp_path)
    assert generate(recipe, "-o", tmp_path / "run", "--control") == 0
    assert generate(recipe, "-o", tmp_path / "run", *later) == 0
    control = evaluated(capsys, tmp_path / "run")["control"]
    assert control.startswith("not run (") and why in control


def test_the_report_of_a_run_survives_a_control_that_cannot_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_fake(monkeypatch)
    (tmp_path / "other").mkdir()
    other = (write_recipe(tmp_path / "other"), "--set", "name=other")
    assert generate(*other, "-o", tmp_path / "run-control") == 0
    capsys.readouterr()
    assert run(["generate", str(write_recipe(tmp_path)), "-o", str(tmp_path / "run"), "--control", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["accepted"], found["exit_code"]) == ("done", 12, 2)
    assert "belongs to the recipe" in found["error"]


def test_the_folder_of_the_control_lies_beside_that_of_the_run_however_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run" / "in").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "run")
    assert control_folder(Path("..")).resolve() == tmp_path.with_name(f"{tmp_path.name}-control")
    assert control_folder(Path(".")) == tmp_path / "run-control"
    assert control_folder(Path("a/b")) == Path("a/b-control")


def test_eval_of_a_run_without_correlated_sampling_says_nothing_of_controls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate("tickets", "-o", tmp_path / "run", "-n", "20") == 0
    assert evaluated(capsys, tmp_path / "run")["control"] is None


def test_the_lock_of_the_control_is_that_of_a_plain_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake(monkeypatch)
    assert generate(write_recipe(tmp_path), "-o", tmp_path / "run", "--control") == 0
    locks = [yaml.safe_load((tmp_path / name / "recipe.lock.yaml").read_text()) for name in ("run", "run-control")]
    assert [lock["sampling"]["correlated"]["variant"] for lock in locks] == ["cross", "plain"]
    assert "temperature" not in locks[0]["sampling"]
