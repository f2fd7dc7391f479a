"""`--dry-run` sends and writes nothing and brackets what a run takes; `--probe N` is paid once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.offline.model import Offline
from tests.endpoint import Endpoint
from tests.grids import mostly_slow
from tests.runs.test_money import Till, recipe
from tests.runs.whole import outcome, report

CODE = "--set=validators=[{code: {question: question, answer: answer}}, {reflect: {rounds: 1}}]"


def asked(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    capsys.readouterr()
    assert run([*map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_dry_run_sends_nothing_writes_nothing_and_names_the_hosts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    till = Till()
    with Endpoint(till) as endpoint:
        path = recipe(tmp_path, endpoint)
        before = files(tmp_path)
        found = asked(capsys, "generate", path, "--dry-run")
        assert found["hosts"] == [f"127.0.0.1:{endpoint.port}"]
        assert asked(capsys, "preview", path, "-n", "3", "--dry-run")["count"] == 3
        hosted = asked(capsys, "generate", "quickstart", CODE, "--model", "openai/gpt-4o-mini", "--dry-run")
        assert hosted["hosts"] == ["api.openai.com"]
        assert run(["generate", str(path), "--dry-run"]) == 0
        assert "hosts contacted: 127.0.0.1" in capsys.readouterr().out
        assert run(["generate", "quickstart", "-n", "6", "--dry-run"]) == 0
        told = capsys.readouterr()
        assert "1 s to 1 s" not in told.out and "\nnext: datagen generate quickstart -n 6 --probe 6\n" in told.err
        assert endpoint.count == 0
    assert files(tmp_path) == before
    assert "HF_HUB_OFFLINE" not in os.environ


def test_several_records_a_call_of_a_model_that_runs_here_are_asked_for_and_advised_against(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    many = [
        "generate",
        "tickets",
        "--set=records_per_call=5",
        "--set=model.faults=none",
        "--set=validators=null",
        "-n",
        "10",
    ]
    assert run([*many, "-o", str(tmp_path / "away")]) == 0
    assert "records_per_call" not in capsys.readouterr().err
    monkeypatch.setattr(Offline, "on_this_machine", True)
    assert run([*many, "-o", str(tmp_path / "here")]) == 0
    assert "small ones write better one at a time" in " ".join(capsys.readouterr().err.split())
    assert json.loads((tmp_path / "here/run.json").read_text())["calls"] == 2  # what the recipe says is done


def test_a_dry_run_shows_1_5_and_10_records_a_call_and_the_recipes_own(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "generate", "quickstart", "--set=records_per_call=7", "-n", "700", "--dry-run")
    assert [item["records_per_call"] for item in found["estimates"]] == [1, 5, 7, 10]
    assert [item["yours"] for item in found["estimates"]] == [False, False, True, False]
    assert [item["calls"]["low"] for item in found["estimates"]] == [700, 140, 100, 70]
    sums = [sum(item["tokens"]["low"].values()) for item in found["estimates"]]
    assert sums == sorted(sums, reverse=True)


def test_a_dry_run_says_which_stage_makes_how_many_calls(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "generate", "quickstart", CODE, "-n", "60", "--dry-run")["estimates"][0]
    stages = found["calls_by_stage"]
    assert list(stages) == ["generate", "validate"]
    assert stages["generate"] == {"low": 60, "high": 120}
    for end in ("low", "high"):
        assert sum(stage[end] for stage in stages.values()) == found["calls"][end]


@pytest.mark.parametrize(("rate", "a_minute"), [("requests_per_minute", 60), ("tokens_per_minute", 6000)])
def test_a_dry_run_is_no_faster_than_the_rates_that_the_recipe_sets(
    rate: str, a_minute: int, capsys: pytest.CaptureFixture[str]
) -> None:
    model = f"--set=model={{name: openai/gpt-4o-mini, {rate}: {a_minute}}}"
    found = asked(capsys, "generate", "quickstart", model, "-n", "600", "--dry-run")
    for item in found["estimates"]:
        for side in ("low", "high"):
            tokens = sum(item["tokens"][side].values())
            amount = item["calls"][side] if rate == "requests_per_minute" else tokens
            assert item["seconds"][side] >= 60 * amount / a_minute * 0.99


@pytest.mark.parametrize(
    "settings", mostly_slow([[], [CODE], ["--set=records_per_call=5"]]), ids=["plain", "checked", "batched"]
)
def test_what_a_run_takes_lies_between_low_and_high(
    settings: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["quickstart", "-n", "60", *settings, "--set=limits.attempts_per_record=20"]
    found = asked(capsys, "generate", *arguments, "--dry-run")
    mine = next(item for item in found["estimates"] if item["yours"])
    taken = report(capsys, *arguments, "-o", tmp_path / "run")
    assert mine["calls"]["low"] <= taken["calls"] <= mine["calls"]["high"]
    for way in ("in", "out"):
        assert mine["tokens"]["low"][way] * 0.9 <= taken["tokens"][way] <= mine["tokens"]["high"][way]


def test_an_unknown_price_is_unknown_and_a_known_one_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    price = "--set=model.price={input_per_million: 1000000, output_per_million: 0}"
    model = ["--model", "hosted_vllm/nobody-knows", "--set=model.base_url=http://example.org/v1"]
    for more, known in (([], False), ([price], True)):
        item = asked(capsys, "generate", "quickstart", *model, *more, "--dry-run")["estimates"][0]
        assert (item["cost_usd"]["low"] is not None) == known
    assert item["cost_usd"]["low"] == pytest.approx(item["tokens"]["low"]["in"], rel=1e-2)


def test_a_probe_is_kept_in_the_runs_cache_and_projects_the_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    till = Till(delay_s=0.02)
    with Endpoint(till) as endpoint:
        path = recipe(tmp_path, endpoint)
        found = asked(capsys, "generate", path, "-o", tmp_path / "run", "--probe", "10")
        assert (found["probed"], found["would_be_accepted"], found["calls"], till.calls) == (10, 10, 10, 10)
        assert found["tokens"] == {"in": till.tokens_in, "out": till.tokens_out}
        assert found["projected"]["expected"]["calls"] == 40
        assert found["projected"]["expected"]["cost_usd"] == pytest.approx(4 * till.cost_usd)
        assert found["projected"]["high"]["calls"] >= 40
        assert found["projected"]["expected"]["seconds"] > 0
        again = asked(capsys, "generate", path, "-o", tmp_path / "run", "--probe", "10")
        assert (again["calls"], again["cached_calls"], till.calls) == (10, 10, 10)
        assert again["projected"]["expected"]["cost_usd"] == found["projected"]["expected"]["cost_usd"]
        assert again["projected"]["expected"]["seconds"] is None
        whole = report(capsys, path, "-o", tmp_path / "run")
        assert (whole["calls"], whole["cached_calls"]) == (30, 10)
        assert whole["tokens"] == {"in": till.tokens_in, "out": till.tokens_out, "cached": 0}
        report(capsys, path, "-o", tmp_path / "unprobed")
    assert outcome(tmp_path / "run") == outcome(tmp_path / "unprobed")


def test_a_probe_of_batches_makes_whole_batches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batched = ["--set=records_per_call=5", "--set=model.faults=none", "--set=validators=null", "-o", tmp_path / "run"]
    found = asked(capsys, "generate", "tickets", *batched, "-n", "60", "--probe", "7")
    assert (found["probed"], found["calls"], found["projected"]["expected"]["calls"]) == (10, 2, 12)
    assert run(["generate", "tickets", *map(str, batched), "--probe", "0"]) == 2
    assert run(["generate", "tickets", *map(str, batched), "--probe", "3"]) == 0
    said = capsys.readouterr().out
    assert "first attempts would be kept" in said
    assert "expected" in said


def test_a_probe_keeps_to_the_cap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    till = Till()
    with Endpoint(till) as endpoint:
        path = recipe(tmp_path, endpoint)
        assert run(["generate", str(path), "-o", str(tmp_path / "run"), "--max-cost", "0.5", "--probe", "40"]) == 4
    assert till.cost_usd <= 0.5
    assert "max_cost" in capsys.readouterr().err


def test_a_batch_costs_half(capsys: pytest.CaptureFixture[str]) -> None:
    model = ["--model", "openai/gpt-4o-mini", "--dry-run"]
    costs = [
        asked(capsys, "generate", "quickstart", "-n", "1000", *model, f"--set=limits.batch={batch}")["estimates"][0][
            "cost_usd"
        ]
        for batch in ("false", "true")
    ]
    assert costs[0]["low"] > 0
    assert costs[1]["low"] == pytest.approx(costs[0]["low"] / 2, rel=1e-3)


def test_what_a_probe_says_to_do_next_goes_on_with_what_was_paid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "run")
    for command in (["generate", "quickstart", "-n", "6", "--probe", "2"], ["preview", "quickstart", "--seed", "5"]):
        assert run([*command, "-o", f"{out} {command[0]}"]) == 0
        said = capsys.readouterr().err
        options = "-n 6" if command[0] == "generate" else "--seed 5"
        assert f"next: datagen generate quickstart -o '{out} {command[0]}' {options}\n" in said


def test_a_probe_leaves_the_folder_of_another_recipe_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "run")
    assert run(["generate", "tickets", "-n", "5", "-o", out, "--quiet"]) == 0
    before = outcome(tmp_path / "run")
    assert run(["generate", "quickstart", "-o", out, "--probe", "2"]) == 2
    assert "this folder belongs to the recipe" in capsys.readouterr().err
    assert outcome(tmp_path / "run") == before
