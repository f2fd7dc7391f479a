"""Ready datasets in the table: measured on as many rows as one another, and named where they do not fit."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.bench.running import NEWS, bench, offline, refused, row_of

WORDS = ("rain", "wind", "sun", "road", "town", "goal", "vote", "bank", "film", "song", "train", "phone", "river")
GROWING = ("self_bleu", "ingf", "distinct_n", "compression_ratio")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, n: int, seed: int, text: str = "text", label: str | None = "label") -> str:
    drawn = random.Random(seed)
    rows = []
    for row in range(n):
        kind = row % 2
        words = " ".join(drawn.choices(WORDS, k=9)) + (" cats purr" if kind else " cars drive")
        rows.append({text: words} | ({label: "ab"[kind]} if label else {}))
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def test_what_grows_with_the_number_of_texts_is_measured_on_as_many_of_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sets = ["--dataset", f"many={write('many.jsonl', 400, 1)}", "--dataset", f"few={write('few.jsonl', 100, 2)}"]
    code, found, _ = bench(capsys, *sets, "-o", "out", "--metrics", ",".join((*GROWING, "length")))
    many, few = row_of(found, "many"), row_of(found, "few")
    assert code == 0 and (many["n"], few["n"]) == (400, 100)
    for name in GROWING:  # texts of one source: alike at equal n, far apart where each is measured whole
        assert many["metrics"][name]["value"] == pytest.approx(few["metrics"][name]["value"], rel=0.1), name
    assert any("on 100 rows of each" in note and "length" not in note for note in found["notes"])


def test_a_count_cuts_ready_sets_too_and_one_that_has_fewer_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    sets = ["--dataset", f"a={write('a.jsonl', 60, 1)}", "--dataset", f"b={write('b.jsonl', 30, 2)}"]
    code, found, _ = bench(capsys, *sets, "-n", "24", "-o", "out", "--metrics", "distinct_n")
    assert code == 0 and [row["n"] for row in found["rows"]] == [24, 24] and found["notes"] == []
    code, found, _ = bench(capsys, *sets, "-n", "40", "-o", "more", "--metrics", "length")
    assert [row["n"] for row in found["rows"]] == [40, 30] and found["notes"] == ["b has 30 rows, 40 were asked for"]


def test_a_set_beside_a_generator_is_measured_on_as_many_rows_as_it_writes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    model, ready = offline(Path("m.yaml")), write("ready.jsonl", 200, 3, label="topic")
    words = [NEWS, "-m", model, "--dataset", f"ready={ready}", "--seed", "1", "--seed", "2"]
    code, found, _ = bench(capsys, *words, "--metrics", "distinct_n", "-o", "out", "--set", "count=16")
    assert code == 0, found
    assert any("distinct_n: on 16 rows of each" in note for note in found["notes"])


def test_a_set_without_the_label_is_named_with_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    good, test = write("good.jsonl", 60, 1), write("test.jsonl", 200, 2)
    bad = write("bad.jsonl", 60, 3, "body", "class")
    for sets in ((good, bad), (bad, good)):
        options = [word for path in sets for word in ("--dataset", f"{path[:-6]}={path}")]
        assert "bad.jsonl: no column label | its columns are body, class" in refused(capsys, *options, "--test", test)


def test_a_set_that_is_the_test_itself_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    test, train = write("test.jsonl", 80, 1), write("train.jsonl", 80, 2)
    sets = ["--dataset", f"a={write('a.jsonl', 60, 3)}", "--dataset", f"same={test}"]
    said = refused(capsys, *sets, "--test", test, "--train", train, "-o", "out")
    assert "--dataset same: needs at least 10 labelled training rows, has 0 beside 80 that stand in the test" in said
    assert "80 of its 80 rows have no label or stand in the test" in said


@pytest.mark.slow
def test_sets_too_small_to_show_a_gap_are_named_as_that(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": " ".join(random.Random(n).choices(WORDS, k=5)), "label": "ab"[n % 2]} for n in range(200)]
    Path("noise.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:100]))
    Path("test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[100:]))
    sets = ["--dataset", f"a={write('a.jsonl', 60, 3)}", "--dataset", f"b={write('b.jsonl', 12, 4)}"]
    said = refused(capsys, *sets, "--test", "test.jsonl", "--train", "noise.jsonl", "-o", "out")
    assert "no gap to recover; the reference learns from 12 of 100 real rows, the size of --dataset b" in said
    assert "| larger sets, or a test" in said
