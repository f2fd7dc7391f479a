"""Attributes whose values are found in the base (`extract`) or asked for (`ask`); quota that moves to what it lacks."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.prompts.hostile import HOSTILE, WORD
from datagen_cli.cli.app import run
from datagen_cli.prompts.values import read_value
from tests.endpoint import Endpoint
from tests.runs.obedient import obeyed
from tests.runs.whole import generate, outcome, report, rows

RECIPE = """
version: 1
name: news
description: Short news items.
base: {path: base.jsonl}
fields: {text: text}
model: offline
count: 24
attributes:
  place: {extract: 4}
  mood: {ask: Which moods can an item have?, count: 3}
  tone: [dry, lively]
limits: {attempts_per_record: 20}
"""
BASE = [f"A meeting number {n} about money was held at the {'harbour' if n % 4 else 'market'}." for n in range(24)]


def recipe(folder: Path, *changes: tuple[str, str]) -> Path:
    text = RECIPE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "base.jsonl").write_text("".join(json.dumps({"text": line}) + "\n" for line in BASE))
    path = folder / "news.yaml"
    path.write_text(text)
    return path


def test_values_are_found_once_kept_in_the_folder_and_shared_out_evenly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, folder = recipe(tmp_path), tmp_path / "run"
    first = report(capsys, path, "-o", folder)
    assert first["state"] == "done"
    values = json.loads((folder / "attributes.json").read_text())["values"]
    assert {name: len(found) for name, found in values.items()} == {"place": 4, "mood": 3}
    attributes = [row["attributes"] for row in rows(folder)]
    assert Counter(one["place"] for one in attributes) == dict.fromkeys(values["place"], 6)
    assert Counter(one["mood"] for one in attributes) == dict.fromkeys(values["mood"], 8)
    spent = json.loads((folder / "run.json").read_text())["spent"]
    asked = [counts["calls"] for purposes in spent.values() for counts in purposes.values()]
    assert first["calls"] == sum(asked)
    again = report(capsys, path, "-o", folder)
    assert (again["calls"], again["new_records"]) == (0, 0)
    assert generate(path, "-o", folder) == 0
    told = rf"24 of 24 records · 0 calls · 0 tokens · .*\nall runs: {sum(asked)} calls · [\d,]+ tokens · "
    assert re.search(told, capsys.readouterr().err)
    state = json.loads((folder / "run.json").read_text())
    assert state["spent"]["extractor"]["extract"]["calls"] >= 2 and state["cost"]["by_stage"].keys() >= {"plan"}
    assert state["coverage"]["place"] == {value: {"planned": 6, "accepted": 6} for value in values["place"]}
    assert run(["status", str(folder)]) == 0
    assert "coverage" in capsys.readouterr().out
    assert "## Coverage" in (folder / "README.md").read_text()


def test_a_larger_count_keeps_the_values_and_a_damaged_file_costs_no_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, folder = recipe(tmp_path), tmp_path / "run"
    report(capsys, path, "-o", folder, "-n", 10)
    before = rows(folder)
    (folder / "attributes.json").write_text((folder / "attributes.json").read_text().replace('"place"', '"plaice"'))
    more = report(capsys, path, "-o", folder, "-n", 20)
    assert more["accepted"] == 20 and rows(folder)[:10] == before
    assert json.loads((folder / "run.json").read_text())["spent"]["extractor"]["extract"]["calls"] <= 8


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_concurrency_nor_on_a_preview_before(tmp_path: Path) -> None:
    path = recipe(tmp_path)
    assert generate(path, "-o", tmp_path / "one", "--concurrency", 1) == 0
    assert run(["preview", str(path), "-n", "2", "-o", str(tmp_path / "two"), "--json"]) == 0
    assert generate(path, "-o", tmp_path / "two") == 0
    assert outcome(tmp_path / "one") == outcome(tmp_path / "two")


def test_hostile_values_are_left_out_or_stand_as_data_and_are_never_obeyed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent: list[dict[str, Any]] = []
    named = iter([HOSTILE[:20], HOSTILE[20:]])

    def reply(body: dict[str, Any], attempt: int) -> str:
        if '"values"' in body["messages"][-1]["content"]:
            return json.dumps({"values": [*next(named, []), "the old harbour", f"the {WORD} bridge", "a quiet inn"]})
        sent.append(body)
        return f"An item with the number {body['seed']}."

    with Endpoint(reply) as endpoint:
        model = f'model: {{name: any/model, base_url: "{endpoint.url}"}}'
        changes = (("model: offline", model), ("  mood: {ask: Which moods can an item have?, count: 3}\n", ""))
        found = report(capsys, recipe(tmp_path, *changes), "-o", tmp_path / "run")
    assert found.get("accepted") == 24, found
    values = json.loads((tmp_path / "run/attributes.json").read_text())
    assert not any("write" in value or "say" in value for value in values["values"]["place"])
    assert values["left_out"] > 20
    assert [obeyed(body) for body in sent] == [""] * len(sent)
    assert any(WORD in json.dumps(body) for body in sent)  # a value that gives no order is shown, as data
    fence = re.search(r"<attributes>\n(.*)\n</attributes>", sent[0]["messages"][-1]["content"])
    assert fence and set(json.loads(fence[1])) == {"place"}
    assert "tone: " in sent[0]["messages"][-1]["content"].partition("<attributes>")[0]


def test_a_model_that_cannot_make_a_list_is_asked_about_one_row_at_a_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def reply(body: dict[str, Any], attempt: int) -> str:
        asked = body["messages"][-1]["content"]
        if '"values"' in asked:
            return json.dumps({"values": list(BASE[:3])})  # whole rows, as small models copy them
        if asked.rstrip().endswith("place:"):
            return (
                "disappointed" if "number 1 " in asked else f"the {'harbour' if 'harbour' in asked else 'market'}\n\nx"
            )
        return f"An item with the number {body['seed']}."

    with Endpoint(reply) as endpoint:
        model = f'model: {{name: any/model, base_url: "{endpoint.url}"}}'
        changes = (("model: offline", model), ("  mood: {ask: Which moods can an item have?, count: 3}\n", ""))
        assert report(capsys, recipe(tmp_path, *changes), "-o", tmp_path / "run")["accepted"] == 24
    assert set(json.loads((tmp_path / "run/attributes.json").read_text())["values"]["place"]) == {
        "the harbour",
        "the market",
    }
    spent = json.loads((tmp_path / "run/run.json").read_text())["spent"]
    assert spent["extractor"]["extract"]["calls"] == 1 + 2 * 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("the harbour", ["the harbour"]),
        ('"Lake Kelor".\nmood: calm', ["Lake Kelor"]),
        ("place: a quiet inn", ["a quiet inn"]),
        ('{"values": ["an inn", "a bar"]}', ["an inn"]),
        ("I see no places here.", []),
        ("Not mentioned.", []),
        ("red", []),
        ("", []),
    ],
)
def test_one_value_is_read_from_what_is_no_sentence(text: str, value: list[str]) -> None:
    assert read_value(text) == value


def test_an_extractor_that_names_nothing_ends_the_run_before_anything_is_planned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: "I see no places here.") as endpoint:
        model = f'model: {{name: any/model, base_url: "{endpoint.url}"}}'
        assert run(["generate", str(recipe(tmp_path, ("model: offline", model))), "-o", str(tmp_path / "run")]) == 3
    assert "attributes.place: the extractor named no value" in capsys.readouterr().err
    assert not (tmp_path / "run/dataset.jsonl").exists()


def test_validate_prompt_and_the_estimate_ask_nobody_and_say_what_is_to_be_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(recipe(tmp_path))
    assert run(["validate", path, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["attributes"]["place"], shown["found_in_the_run"]) == ([], {"place": 4, "mood": 3})
    assert run(["generate", path, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["estimates"][0]["calls_by_stage"]["plan"]["low"] == 2
    assert run(["prompt", path, "-n", "1"]) == 0
    assert run(["validate", path, "--set", 'pin=[{"place": "here"}]']) == 2
    assert "none is known yet" in capsys.readouterr().err


def test_cover_moves_quota_to_the_values_that_the_base_has_few_of(tmp_path: Path) -> None:
    values = (
        "  place: {extract: 4}\n  mood: {ask: Which moods can an item have?, count: 3}\n",
        "  place: [harbour, market]\n",
    )
    for name, more in (("even", ""), ("cover", "cover: true\n")):
        path = recipe(tmp_path, values, ("count: 24", f"{more}count: 24"))
        assert generate(path, "-o", tmp_path / name) == 0
    even, covered = (Counter(row["attributes"]["place"] for row in rows(tmp_path / name)) for name in ("even", "cover"))
    assert even == {"harbour": 12, "market": 12}
    # shares of the base 0.75 and 0.25: weights 1 / 1.25 and 1 / 0.75
    assert covered == {"harbour": 9, "market": 15}


def test_cover_shares_slots_out_among_clusters_and_shows_examples_of_each(tmp_path: Path) -> None:
    pytest.importorskip("hdbscan")
    groups = {"harbour": 20, "football": 8, "physics": 8}
    words = {
        "harbour": "ships docks cranes sailors",
        "football": "goals referee stadium penalty",
        "physics": "quarks atoms laser magnets",
    }
    base = [f"{words[name]} {name} {words[name]} {n}" for name, size in groups.items() for n in range(size)]
    steer = "cover: true\nexamples: {strategy: clusters, k: 2}\nembedder: hashed\ncount: 24"
    path = recipe(tmp_path, ("count: 24", steer), ("  place: {extract: 4}\n", ""))
    (tmp_path / "base.jsonl").write_text("".join(json.dumps({"text": line}) + "\n" for line in base))
    assert generate(path, "-o", tmp_path / "run") == 0
    clusters = json.loads((tmp_path / "run/run.json").read_text())["coverage"]["clusters of the base"]
    assert len(clusters) >= 3 and sum(one["accepted"] for one in clusters.values()) == 24
    big, small = clusters["cluster 1"]["planned"], clusters["cluster 2"]["planned"]
    assert small > big
    plan = [json.loads(line) for line in (tmp_path / "run/checkpoints/2-plan.jsonl").read_text().splitlines()[1:]]
    made = [json.loads(line) for line in (tmp_path / "run/checkpoints/3-generate.jsonl").read_text().splitlines()[1:]]
    cluster = {line["unit"]: line["cluster"] for line in plan}
    topic = {f"row {n}": text.split()[4] for n, text in enumerate(base, 1)}
    shown = [
        (cluster[line["unit"]], {topic[row] for row in line["records"][0]["examples"]})
        for line in made
        if line["unit"] in cluster
    ]
    assert shown and all(len(topics) == 1 for _, topics in shown)
