"""Quantity against quality: students of fewer records, what these cost, and who teaches more for the same money."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datagen_cli.bench.gap import mean_hits
from datagen_cli.bench.grid import NAME, equal_cost
from tests.bench.running import NEWS, TEST, bench, offline, refused, row_of
from tests.evaluation.files import news


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.slow
def test_students_of_fewer_records_stand_in_the_table_and_learn_less(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = [
        word
        for name, seed in (("a", 1), ("b", 2))
        for word in ("--dataset", f"{name}={write(folder / name, news(80, seed))}")
    ]
    real = ["--train", write(folder / "real.jsonl", news(80, 3)), "--test", write(folder / "test.jsonl", news(100, 4))]
    code, found, _ = bench(capsys, *sets, *real, "--sizes", "10,40,900", "-o", "out")
    assert code == 0
    grid = [(point["generator"], point["n"]) for point in found["grid"]]
    assert grid == [("a", 10), ("b", 10), ("a", 40), ("b", 40)]
    values = {(point["generator"], point["n"]): point[NAME]["value"] for point in found["grid"]}
    assert values["a", 10] < values["a", 40] <= row_of(found, "a")["metrics"]["accuracy[tstr]"]["value"] + 0.05
    assert all(
        point[NAME]["interval"][0] <= point[NAME]["value"] <= point[NAME]["interval"][1] for point in found["grid"]
    )
    assert all(point["cost_usd"] is None for point in found["grid"])  # nobody knows what a ready dataset cost
    assert any("no students of 900 rows" in note for note in found["notes"])
    table = (folder / "out" / "leaderboard.md").read_text()
    assert "| a | 40 | unknown |" in table


def test_for_the_same_money_more_records_of_a_cheap_one_are_held_against_fewer_of_a_dear_one() -> None:
    rng = np.random.default_rng(1)

    def scores(mean: float) -> Any:
        return mean_hits((rng.random((3, 400)) < mean).astype(float))

    def point(name: str, n: int, cost: float, value: float) -> dict[str, Any]:
        return {"setting": "s", "generator": name, "n": n, "cost_usd": cost, NAME: {"value": value}, "pgr[tstr]": None}

    means = {("dear", 50): 0.5, ("dear", 200): 0.6, ("cheap", 50): 0.4, ("cheap", 200): 0.7}
    points = [point(name, n, n * (0.04 if name == "dear" else 0.01), mean) for (name, n), mean in means.items()]
    said = equal_cost("s", points, {key: scores(mean) for key, mean in means.items()})
    assert said == ["s: for $2: 200 records of cheap 0.700, 50 of dear 0.500: cheap teaches more"]
    alike = {key: scores(0.5) for key in means}
    assert "no more than chance apart" in equal_cost("s", points, alike)[0]
    assert equal_cost("s", [{**one, "cost_usd": None} for one in points], alike) == []


def test_sizes_that_are_no_numbers_and_a_reader_that_is_no_model_are_refused_before_anything_is_paid(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = offline(folder / "one.yaml"), offline(folder / "two.yaml", wrong_label=0.5)
    words = (NEWS, "-m", one, "-m", two, "--test", TEST)
    assert "--sizes" in refused(capsys, *words, "--sizes", "10,many")
    assert "sizes" in refused(capsys, *words, "--sizes", "1")
    assert "no such folder" in refused(capsys, *words, "--perplexity", "./nothing")


@pytest.mark.slow
def test_a_local_model_says_how_usual_the_texts_are(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    from tests.llm.local.tiny import save_model

    reader = str(save_model(folder / "reader"))
    plain = [{**row, "text": "a cat sat on a mat"} for row in news(20, 1)]
    sets = ["--dataset", f"a={write(folder / 'a', news(20, 1))}", "--dataset", f"b={write(folder / 'b', plain)}"]
    code, found, _ = bench(capsys, *sets, "--perplexity", reader)
    assert code == 0
    read = {name: row_of(found, name)["metrics"]["perplexity"] for name in ("a", "b")}
    assert read["a"]["value"] > 1 and read["b"]["interval"] == pytest.approx([read["b"]["value"]] * 2)
    assert "N=20" in read["a"]["signature"] and "rank" not in read["a"]
