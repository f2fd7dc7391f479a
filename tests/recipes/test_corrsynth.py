"""The four tasks of CorrSynth: recipes for a small local model, bases of our own, nothing loaded to check them."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from datagen_cli.cli.app import run
from datagen_cli.config.load import load_recipe
from datagen_cli.config.shipped import shipped_recipes
from datagen_cli.text.normalise import fold

ROOT = Path(__file__).resolve().parents[2]
TASKS = {"ag_news": ("text", 4), "humor": ("question", 2), "imdb": ("text", 2), "toi_headlines": ("headline", 10)}
NAMES = [f"corrsynth/{task}" for task in TASKS]


def base_of(task: str) -> list[dict[str, Any]]:
    lines = (ROOT / "recipes" / "data" / f"{task}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_four_tasks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert [name for name in shipped_recipes() if "/" in name] == NAMES
    run(["list", "recipes", "--json"])
    listed = {row["name"]: row["about"] for row in json.loads(capsys.readouterr().out)["recipes"]}
    assert all("local model" in listed[name] for name in NAMES)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_samples_its_text_for_balanced_labels_with_a_small_local_model(task: str) -> None:
    field, labels = TASKS[task]
    options = load_recipe(f"corrsynth/{task}", environ={}, cwd=ROOT).options
    assert options.model is not None and options.model.name.startswith("local/")
    assert options.sampling.correlated is not None and options.sampling.correlated.field == field
    assert options.label is not None and len(options.label.values or {}) == labels
    assert (options.label.quota, options.count % labels) == ("balanced", 0)


@pytest.mark.parametrize("task", TASKS)
def test_a_base_is_large_enough_balanced_and_without_repeats(task: str) -> None:
    recipe = yaml.safe_load((ROOT / "recipes" / "corrsynth" / f"{task}.yaml").read_text("utf-8"))
    assert recipe["base"]["path"] == f"../data/{task}.jsonl"
    rows, field = base_of(task), TASKS[task][0]
    counts = Counter(row[recipe["label"]["field"]] for row in rows)
    assert len(rows) >= 40
    assert set(counts) == set(recipe["label"]["values"])
    assert len(set(counts.values())) == 1
    assert min(counts.values()) > recipe["examples"]["k"]
    assert len({fold(row[field]) for row in rows}) == len(rows)


@pytest.mark.parametrize("task", TASKS)
def test_validate_passes_and_loads_no_model(task: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = {"torch", "transformers"} & set(sys.modules)
    assert run(["validate", f"corrsynth/{task}", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"torch", "transformers"} & set(sys.modules) == before
    assert found["valid"]
    assert found["group"]["rows"] == found["group"]["labels"] * (4 if TASKS[task][1] == 2 else 2)
    assert all(check["pass"] == check["rows"] for check in found["constraints_on_base"].values())
    assert all("huggingface.co" in host for host in found["hosts"])


def test_a_dry_run_and_the_prompts_load_no_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "corrsynth/ag_news", "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (only,) = found["estimates"]
    assert (only["records_per_call"], only["calls"]["low"], only["cost_usd"]["high"]) == (32, 9, 0)
    assert only["tokens"]["low"]["in"] > 200 * 100
    assert run(["prompt", "corrsynth/ag_news", "--json"]) == 0
    prompts = json.loads(capsys.readouterr().out)["prompts"]
    assert Counter(prompt["label"] for prompt in prompts) == dict.fromkeys(
        ("World", "Sports", "Business", "Sci/Tech"), 2
    )
    assert len({prompt["group"] for prompt in prompts}) == 1
    for prompt in prompts:
        assert prompt["text"].endswith(f"\n\n{prompt['label']}:")
        assert prompt["messages"][-1]["content"].endswith(f": {prompt['label']}\n")


def test_init_writes_one_with_its_base_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init", "corrsynth/humor", "mine/jokes.yaml"]) == 0
    text = (tmp_path / "mine" / "jokes.yaml").read_text("utf-8")
    assert "datagen generate mine/jokes.yaml" in text
    assert "runs/jokes/dataset.jsonl" in text
    assert (tmp_path / "mine" / "data" / "humor.jsonl").is_file()
    assert run(["validate", "mine/jokes.yaml", "--json"]) == 0
