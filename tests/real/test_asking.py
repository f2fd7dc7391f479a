"""What else asks a model, on a real one: correlated groups, a probe, a second opinion, a score."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from datagen_cli.cli.app import run
from tests.real.small import MOODS, SMALL, WEATHER, checked, recipe
from tests.real_model import needs_smollm2
from tests.runs.whole import report, rows

pytestmark = pytest.mark.real
Tell = Callable[[str], None]
REVIEWED = {"reflect": {"rounds": 1, "on_fail": "keep"}}


def said(capsys: Any, *arguments: object) -> tuple[int, dict[str, Any]]:
    """The exit code of a command and what it prints with `--json`."""
    capsys.readouterr()
    code = run([*map(str, arguments), "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


def test_a_group_is_sampled_together(tmp_path: Path, capsys: Any, tell: Tell) -> None:
    needs_smollm2("torch", "transformers", "gguf", "accelerate")
    import torch

    torch.set_num_threads(1)  # threads of torch wait busily for each other, and two of these tests run at a time
    correlated = {"variant": "cross", "contrast": 0.3, "per_label": 1, "field": "text"}
    local = {"name": "local/smollm2", "max_tokens": 24}
    file = recipe(
        tmp_path, count=2, model=local, sampling={"temperature": 0.9, "correlated": correlated},
        limits={"attempts_per_record": 1},
    )  # fmt: skip
    found = report(capsys, file, "-o", tmp_path / "correlated")
    checked(found, tmp_path / "correlated", WEATHER, tell)
    assert len(rows(tmp_path / "correlated", "lineage.jsonl")) >= found["accepted"]


def test_a_probe_plants_bad_records_for_the_checks_and_is_not_paid_again(
    tmp_path: Path, capsys: Any, tell: Tell
) -> None:
    file = recipe(tmp_path, count=2, validators=[REVIEWED])
    _, probed = said(capsys, "generate", file, "--probe", "2", "-o", tmp_path / "probe")
    planted = probed["planted"]["reflect"]
    assert planted["planted"] == 2 and 0 <= planted["found"] + planted["unknown"] <= 2
    tell(f"probe: of {planted['planted']} planted records the reviewer found {planted['found']}")
    assert report(capsys, file, "-o", tmp_path / "probe")["cached_calls"] >= 4


def test_a_dataset_is_answered(tmp_path: Path, capsys: Any, tell: Tell) -> None:
    kept = "".join(json.dumps({"id": str(n), **row}) + "\n" for n, row in enumerate(MOODS["examples"]["inline"]))
    (tmp_path / "kept.jsonl").write_text(kept)
    columns = ("--question", "text", "--label", "mood")
    code, found = said(capsys, "score", "kept.jsonl", *columns, "-m", short(tmp_path), "-o", tmp_path / "score")
    (model,) = found["models"]
    assert (code, found["n"], model["right"] + model["wrong"]) == (0, 2, 2)
    tell(f"score: {model['right']} of 2 right, {model['unread']} that could not be read")


def test_a_run_is_solved_again(tmp_path: Path, capsys: Any, tell: Tell) -> None:
    solved = {"solve": {"question": "text", "answer": "mood", "attempts": 1, "on_fail": "keep", "on_unknown": "keep"}}
    file = recipe(tmp_path, count=2, validators=[solved])
    report(capsys, file, "-o", tmp_path / "run")
    code, found = said(capsys, "eval", tmp_path / "run", "--recheck", "-m", short(tmp_path), "--metrics", "correctness")
    correctness = found["metrics"]["correctness"]
    assert code == 0 and ("detail" in correctness or correctness["reason"]), correctness
    counts = {name: correctness.get("detail", {}).get(name) for name in ("right", "wrong", "unknown")}
    tell(f"solved again: {counts}")


def short(folder: Path) -> Path:
    """A model's file with short replies."""
    path = folder / "short.yaml"
    path.write_text(yaml.safe_dump({**SMALL, "max_tokens": 60, "temperature": 0}))
    return path
