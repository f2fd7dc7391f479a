"""The five recipes on the real samples: 200 accepted, distinct, valid records each, quotas exact.

Embeddings come from the built-in embedder here, so that the test is quick on any machine; with `minilm` the recipes do
the same, a few seconds slower.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs.whole import generate, rows

SAMPLES = {
    "gsm8k": "gsm8k/train.jsonl",
    "mmlu": "mmlu/test.jsonl",
    "truthfulqa": "truthfulqa/truthfulqa.jsonl",
    "hellaswag": "hellaswag/val.jsonl",
    "ag_news": "ag_news/train.jsonl",
}
EVEN = {"mmlu": "answer", "hellaswag": "label", "ag_news": "label"}
HASHED = ["--set=dedup.embedder=hashed", "--set=dedup.threshold=0.88"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_two_hundred_records_after_the_real_sample(name: str, tmp_path: Path, sample: Callable[[str], Path]) -> None:
    embeds = HASHED if name in ("gsm8k", "ag_news") else []
    base = f"--set=base.path={sample(SAMPLES[name])}"
    assert generate(name, "-n", "200", "-o", tmp_path, base, *embeds) == 0
    found = rows(tmp_path)
    assert len(found) == 200
    written = [field for field in found[0] if field not in ("id", "attributes", "verdicts", "simulated")]
    assert len({json.dumps([row[field] for field in written]).casefold() for row in found}) == 200
    assert all("fail" not in row["verdicts"].values() for row in found)
    if name in EVEN:
        counts = Counter(row[EVEN[name]] for row in found)
        assert len(counts) == 4
        assert set(counts.values()) == {50}
