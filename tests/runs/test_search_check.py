"""Whole runs with `search`: a corpus contradicts what the simulation plants, hosts are named, `why` shows passages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datagen_cli.cli.app import run
from tests.runs.whole import generate, outcome, rows

RECIPE = """
version: 1
name: facts
description: Short notes that name a fact of geography.
fields: {text: {type: text, description: a note}}
model: {name: offline, faults: {contradicted: 0.4, wrong_verdict: 0, malformed: 0}}
count: 12
seed: 3
validators:
  - search: {fields: [text], sources: [%s], %s on_fail: drop, on_unknown: keep}
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def recipe(folder: Path, sources: str = "corpus", corpus: str = "corpus: facts.jsonl,") -> Path:
    from datagen_cli.offline.quiz import facts

    lines = [
        json.dumps({"title": country, "text": f"The capital of {country} is {city}."})
        for country, (city, *_) in facts("capital").items()
    ]
    (folder / "facts.jsonl").write_text("\n".join(lines))
    (folder / "r.yaml").write_text(RECIPE % (sources, corpus))
    return folder / "r.yaml"


@pytest.mark.slow
def test_planted_contradictions_are_found_and_why_shows_the_passage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recipe(tmp_path)
    assert generate(path, "-o", tmp_path / "a") == 0
    planted = {
        (plant["slot"], plant["attempt"])
        for plant in rows(tmp_path / "a", "plants.jsonl")
        if plant["fault"] == "contradicted" and plant["purpose"] == "generate"
    }
    refused = [line for line in rows(tmp_path / "a", "rejected.jsonl") if line["reason"] == "search"]
    assert planted and len(refused) >= 0.8 * len(planted)
    slot = int(refused[0]["id"].split("-")[1].split(".")[0])
    capsys.readouterr()
    assert run(["why", str(tmp_path / "a"), str(slot)]) == 0
    told = capsys.readouterr().out
    assert "contradicted" in told and '"source": "corpus"' in told
    assert generate(path, "-o", tmp_path / "b", "--concurrency", "1") == 0
    assert outcome(tmp_path / "a") == outcome(tmp_path / "b")


def test_hosts_are_named_before_anything_is_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recipe(tmp_path, "wikipedia, duckduckgo", "")
    model = "--model=hosted_vllm/m"
    assert run(["validate", str(path), model, "--set", "model.base_url=http://127.0.0.1:9/v1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["hosts"]
    assert {"en.wikipedia.org", "html.duckduckgo.com", "127.0.0.1:9"} <= set(found)
    assert run(["validate", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hosts"] == []  # the models are simulated: nothing is contacted


@pytest.mark.parametrize(
    ("sources", "corpus", "problem"),
    [
        ("corpus", "", "go together"),
        ("wikipedia", "corpus: facts.jsonl,", "go together"),
        ("bing", "", "unknown bing"),
        ("corpus", "corpus: nothing.jsonl,", "no document to search"),
    ],
)
def test_a_source_that_cannot_be_is_refused(
    sources: str, corpus: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["validate", str(recipe(tmp_path, sources, corpus))]) == 2
    assert problem in capsys.readouterr().err
