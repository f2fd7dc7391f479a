"""Dedup against accepted records, the base, named files and earlier runs, with embeddings deciding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datagen_cli.core.errors import DataError
from datagen_cli.sources.named import read_named
from tests.runs.whole import generate, outcome, report, rows


def copies(folder: Path, path: Path) -> None:
    """A file that holds every record of a run with one word changed."""
    with open(path, "w") as file:
        for row in rows(folder):
            words = row["question"].split()
            words[len(words) // 2] = "something"
            file.write(json.dumps({"question": " ".join(words), "answer": row["answer"]}) + "\n")


def test_records_of_a_named_file_and_of_an_earlier_run_are_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quickstart = ["quickstart", "-n", "30", "--set=model.faults=none"]
    assert generate(*quickstart, "-o", tmp_path / "first") == 0
    copies(tmp_path / "first", tmp_path / "copies.jsonl")
    for number, against in enumerate((tmp_path / "copies.jsonl", tmp_path / "first", tmp_path / "fir*")):
        sets = [f"--set=dedup={{near: 0.8, against: [accepted, base, '{against}']}}"]
        found = report(capsys, *quickstart, *sets, "-o", tmp_path / f"second{number}")
        assert found["accepted"] == 30
        repeats = found["rejected"].get("near_duplicate", 0) + found["rejected"].get("duplicate", 0)
        assert repeats >= 25, found["rejected"]
        named = [row["repeats"] for row in rows(tmp_path / f"second{number}", "rejected.jsonl") if row["repeats"]]
        assert any("first" in name or "copies.jsonl" in name for name in named)
        old = {row["question"] for row in rows(tmp_path / "first")}
        assert not old & {row["question"] for row in rows(tmp_path / f"second{number}")}


def test_a_file_that_has_none_of_the_fields_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.jsonl").write_text('{"x": 1}\n')
    against = f"--set=dedup={{near: 0.8, against: [accepted, '{tmp_path / 'other.jsonl'}']}}"
    assert generate("quickstart", "-o", tmp_path / "run", against) == 2
    assert "no row has the fields of this recipe" in capsys.readouterr().err
    against = f"--set=dedup={{near: 0.8, against: [accepted, '{tmp_path / 'none.jsonl'}']}}"
    assert generate("quickstart", "-o", tmp_path / "run", against) == 2
    assert "there is no such file or run" in capsys.readouterr().err


def test_a_pattern_that_goes_through_half_of_a_disk_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(pattern: str) -> list[str]:
        while True:
            pass

    monkeypatch.setattr("datagen_cli.sources.named.LOOKING_S", 0.05)
    monkeypatch.setattr("glob.glob", endless)
    with pytest.raises(DataError, match="too many folders") as caught:
        read_named("/*/*/*/*.jsonl", (), ())
    assert caught.value.place is not None and caught.value.hint


@pytest.mark.slow
def test_the_same_bytes_at_any_concurrency_with_embeddings_deciding(tmp_path: Path) -> None:
    settings = [
        "--set=dedup={near: 0.99, threshold: 0.75, embedder: minilm}",
        "--set=examples={strategy: clusters, k: 3}",
        "--set=model.faults.near_copy=0.2",
    ]
    for name, concurrency in (("one", 1), ("eight", 8), ("sixty", 60)):
        arguments = ["quickstart", "-n", "24", "-o", tmp_path / name, "--concurrency", concurrency]
        assert generate(*map(str, arguments), *settings, "--set=limits.attempts_per_record=20") == 0
    assert outcome(tmp_path / "one") == outcome(tmp_path / "eight") == outcome(tmp_path / "sixty")
    reasons = {row["reason"] for row in rows(tmp_path / "one", "rejected.jsonl")}
    assert "neighbour" in reasons


def test_a_refill_is_told_what_to_differ_from(tmp_path: Path) -> None:
    assert generate("quickstart", "-n", "20", "-o", tmp_path, "--set=model.faults.duplicate=0.5") == 0
    refused = [row for row in rows(tmp_path, "rejected.jsonl") if row["reason"] == "duplicate"]
    assert refused
    lines = {line["unit"]: line for line in rows(tmp_path / "checkpoints", "6-dedup.jsonl") if "unit" in line}
    evidence = [line["rejection"]["evidence"] for line in lines.values() if line.get("rejection")]
    assert evidence
    assert all(set(item) == {"question", "answer"} for item in evidence)
