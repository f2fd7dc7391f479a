"""Benches run through the command line in a folder of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run

ROOT = Path(__file__).resolve().parents[2]
MINI = str(ROOT / "configs" / "bench" / "agora-mini.yaml")
NEWS = str(ROOT / "configs" / "bench" / "recipes" / "news.yaml")
TEST = str(ROOT / "configs" / "bench" / "data" / "news_test.jsonl")
SEEDS = ("--seed", "1", "--seed", "2")


def bench(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the object that `--json` prints, and what was said."""
    code = run(["bench", *words, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out), said.err


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a bench that is refused says, in one line; nothing was written."""
    before = set(Path.cwd().iterdir())
    code, found, _ = bench(capsys, *words)
    assert code == 2 and found["exit_code"] == 2, found
    assert set(Path.cwd().iterdir()) == before, "something was written"
    assert "\n" not in found["error"] and found["hint"]
    return f"{found['error']} | {found['hint']}"


def offline(path: Path, **faults: float | str) -> str:
    """A model file of the offline model with these faults and no others."""
    names = (
        "wrong_label", "wrong_program", "wrong_verdict", "wrong_answer", "malformed", "truncated", "duplicate",
        "refusal", "unsolvable", "off_constraint", "contradicted", "near_copy", "injected",
    )  # fmt: skip
    rates: Mapping[str, float | str] = {**dict.fromkeys(names, 0), **faults}
    path.write_text(json.dumps({"name": "offline", "faults": rates}))
    return str(path)


def row_of(found: Mapping[str, Any], generator: str) -> dict[str, Any]:
    """The only row of a generator."""
    (row,) = (row for row in found["rows"] if row["generator"] == generator)
    return dict(row)
