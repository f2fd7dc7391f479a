"""The experiment from end to end, on a teacher of CI size: real runs of `datagen generate`, measured and reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.corrsynth.experiment import REAL, Experiment
from benchmarks.corrsynth.measure import Truth
from benchmarks.corrsynth.runs import RunFailed, generate, read_run
from benchmarks.corrsynth.table import markdown
from benchmarks.corrsynth.train import one_thread
from benchmarks.corrsynth.variants import FEWGEN, VARIANTS
from tests.benchmarks.corrsynth.conftest import Trained

CROSS = next(one for one in VARIANTS if one.name == "cross, c = 0.3")
COUNT = 8
MORE = ("--set", "examples.k=1", "--set", "sampling.correlated.per_label=1", "--set", "limits.attempts_per_record=30")


@pytest.mark.slow
def test_plain_and_cross_are_run_measured_and_compared(trained: Trained, tmp_path: Path) -> None:
    truth = Truth(trained.items[:400], trained.others)
    experiment = Experiment(COUNT, (1, 2), trained.folder, tmp_path, truth, more=MORE)
    with one_thread():
        reports = list(experiment.run((VARIANTS[0], CROSS)))
    assert [report["seeds"] for report in reports] == [[1], [1, 2]]
    real, plain, cross = json.loads(json.dumps(reports[-1]))["rows"]
    assert [row["name"] for row in (real, plain, cross)] == [REAL, FEWGEN, CROSS.name]
    assert cross["figures"]["self_bleu"]["n"] == 2 and set(cross["values"]["words"]) == {"1", "2"}
    assert cross["tokens_a_text"] > 1 and cross["forward_rows"] >= COUNT
    assert set(cross["against"]) == {FEWGEN} and not plain["against"] and not real["against"]
    assert len(markdown(reports[-1]).splitlines()) == 5

    run = read_run(tmp_path / "plain__FewGen_-1")
    assert len(run.items) == COUNT
    assert sorted(item.label for item in run.items) == sorted(["World", "Sports", "Business", "Sci/Tech"] * 2)
    assert {item.text for item in run.items} != {item.text for item in read_run(tmp_path / "plain__FewGen_-2").items}
    # the same command again reads what is there
    assert list(experiment.run((VARIANTS[0], CROSS)))[-1]["rows"][2]["values"] == reports[-1]["rows"][2]["values"]


def test_a_run_that_fails_says_why(sample: Callable[[str], Path], tmp_path: Path) -> None:
    sample("ag_news/train.jsonl")  # the recipe's base: without it that is what the run would say first
    with pytest.raises(RunFailed, match=r"seed 1: exit 2: .*no such folder"):
        generate(VARIANTS[0], 1, COUNT, tmp_path / "nowhere", tmp_path / "run")
