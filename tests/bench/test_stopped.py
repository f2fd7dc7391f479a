"""A bench that is killed, or stopped by a cap: what it says then, and that it ends as an undisturbed one does."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.bench.running import NEWS, SEEDS, TEST, bench, offline, row_of
from tests.runs.whole import signalled

FAULTS: dict[str, float | str] = {"wrong_label": 0.2, "wrong_label_to": "next", "duplicate": 0.1, "malformed": 0.05}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words(folder: Path, count: int = 200) -> list[str]:
    one, other = (
        offline(folder / "one.yaml", **FAULTS),
        offline(folder / "other.yaml", **{**FAULTS, "wrong_label": 0.6}),
    )
    judge = offline(folder / "judge.yaml", wrong_verdict=0.2)
    return [NEWS, "-m", one, "-m", other, "--test", TEST, "--judge", judge, "-n", str(count), *SEEDS]


def calls(out: Path) -> dict[str, int]:
    """Calls that were answered, by folder: those from the cache apart."""
    found = {}
    for path in sorted(out.rglob("spending.jsonl")):
        spent = json.loads(path.read_text().splitlines()[0])["spent"]
        counts = [counts for purposes in spent.values() for counts in purposes.values()]
        found[str(path.parent.relative_to(out))] = sum(one["calls"] for one in counts)
    return found


@pytest.mark.slow
def test_killed_in_the_middle_it_ends_in_the_same_bytes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = words(folder, 120)
    assert bench(capsys, *line, "-o", "whole")[0] == 0
    kills = 2
    for made in (30, 360):  # in the first of the four runs, and in the last
        command = [*signalled(signal.SIGKILL, "generate", made), "bench", *line, "-o", "killed", "--quiet"]
        assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    assert bench(capsys, *line, "-o", "killed")[0] == 0
    for name in ("leaderboard.json", "leaderboard.csv", "leaderboard.md", "leaderboard.html"):
        assert (folder / "killed" / name).read_bytes() == (folder / "whole" / name).read_bytes(), name
    whole, killed = calls(folder / "whole"), calls(folder / "killed")
    assert whole.keys() == killed.keys()
    in_flight = 64 * kills
    assert all(killed[place] - whole[place] <= in_flight for place in whole)


@pytest.mark.slow
def test_a_cap_in_the_middle_says_which_are_short_and_ranks_only_the_rest(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = {}
    for name, rate in (("one", 0.1), ("other", 0.2), ("third", 0.4)):
        path = folder / f"{name}.yaml"
        offline(path, wrong_label=rate)
        text = json.loads(path.read_text())
        path.write_text(json.dumps({**text, "price": {"input_per_million": 1.0, "output_per_million": 1.0}}))
        models[name] = str(path)
    line = [NEWS, *(word for path in models.values() for word in ("-m", path)), "--test", TEST, "-n", "40", *SEEDS]
    code, whole, _ = bench(capsys, *line, "-o", "whole")
    assert code == 0
    total = sum(row["cost_usd"] for row in whole["rows"])
    assert total > 0
    cap = total * 0.9
    code, found, said = bench(capsys, *line, "-o", "capped", "--max-cost", f"{cap:.6f}")
    assert code == 4 and found["exit_code"] == 4
    assert sum(row["cost_usd"] or 0 for row in found["rows"]) <= cap
    assert [item["generator"] for item in found["short"]] == ["third"]
    assert "seed 2" in found["short"][0]["reason"] and " of 40 records" in found["short"][0]["reason"]
    third = row_of(found, "third")
    assert third["short"] and not any("rank" in item for item in third["metrics"].values())
    assert not any(name.startswith("pgr") for name in third["metrics"])
    assert all("third" not in (pair["a"], pair["b"]) for pair in found["pairs"])
    assert row_of(found, "one")["metrics"]["correctness"]["rank"]
    assert "max_cost" in said and "raise the cap, then resume with: datagen bench" in said
    code, again, _ = bench(capsys, *line, "-o", "capped", "--max-cost", f"{total * 1.2:.6f}")
    assert code == 0 and not again["short"]
    assert again["rows"] == whole["rows"]


def test_a_simulated_generator_without_a_record_is_told_as_simulated(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = offline(folder / "one.yaml"), offline(folder / "other.yaml", malformed=1.0)
    code, found, _ = bench(capsys, NEWS, "-m", one, "-m", other, "--test", TEST, "-n", "40", "-o", "none")
    assert code == 3
    assert [(row["n"], row["simulated"]) for row in found["rows"]] == [(120, True), (0, True)]
