"""Near-duplicate pairs against comparing every pair, edges, and known answers on real sets."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from datagen_cli.metrics import postings, similar_sets
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.near_duplicates import NearDuplicates, find_near_duplicates
from datagen_cli.metrics.similar_sets import rarest_first
from datagen_cli.metrics.similar_sets import similar_sets as alike
from datagen_cli.text.tokens import term_key, terms
from tests.grids import mostly_slow
from tests.metrics.given_texts import features

Sample = Callable[[str], Path]
REAL = [
    ("synthetic/supergen_sst2/train.jsonl", "text", 800),
    ("synthetic/gpteacher/toolformer_dedupe-only.jsonl", "instruction", 400),
    ("synthetic/agnews_deepseek_r1_1.5b/baseline.jsonl", "text", 500),
    ("gsm8k/train.jsonl", "question", 400),
]


def every_pair(texts: Sequence[str], bar: float) -> dict[tuple[int, int], float]:
    """Jaccard of word 3-shingles of all pairs, at or above the bar."""
    sets = []
    for text in texts:
        words = terms(text)
        sets.append({tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} if words else set())
    found = {}
    for second in range(len(sets)):
        for first in range(second):
            if shared := len(sets[first] & sets[second]):
                similarity = shared / len(sets[first] | sets[second])
                if similarity >= bar - 1e-12:
                    found[first, second] = similarity
    return found


def without_twins(texts: Sequence[str]) -> list[str]:
    kept = {term_key(terms(text), text): text for text in texts}
    return list(kept.values())


def agrees(texts: list[str], bar: float = 0.8) -> int:
    expected = every_pair(texts, bar)
    found = find_near_duplicates(texts, bar)
    assert {(first, second): value for first, second, value in found.pairs} == pytest.approx(expected)
    assert np.flatnonzero(found.near).tolist() == sorted({row for pair in expected for row in pair})
    return len(expected)


@pytest.mark.samples
@pytest.mark.parametrize(("name", "field", "count"), mostly_slow(REAL, 1))
def test_pairs_are_those_of_comparing_every_pair(sample: Sample, name: str, field: str, count: int) -> None:
    texts = [json.loads(line)[field] for line in sample(name).read_text("utf-8").splitlines()][:count]
    agrees(without_twins(texts))


@pytest.mark.parametrize("bar", [0.3, 0.5, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_pairs_of_changed_texts_are_those_of_comparing_every_pair(bar: float, seed: int) -> None:
    rng = random.Random(seed)
    texts = []
    for _ in range(12):
        words = [f"w{rng.randint(0, 300)}" for _ in range(rng.randint(1, 60))]
        for _ in range(rng.randint(1, 4)):
            words = [f"w{rng.randint(0, 300)}" if rng.random() < 0.04 else word for word in words]
            texts.append(" ".join(words))
    agrees(without_twins(texts), bar)


def test_one_word_more_in_a_long_text_is_a_near_copy_with_its_similarity() -> None:
    text = " ".join(f"w{i}" for i in range(20))
    found = find_near_duplicates([text, "another thing entirely", text + " more"])
    assert found.pairs == [(0, 2, 18 / 19)]
    assert found.near.tolist() == [True, False, True]
    assert (found.exact_rows, found.exact_extra) == (0, 0)


def test_twins_up_to_case_and_punctuation_are_exact_and_paired_with_the_first() -> None:
    found = find_near_duplicates(["Hello, world!", "hello world", "HELLO -- world.", "bye"])
    assert found.pairs == [(0, 1, 1.0), (0, 2, 1.0)]
    assert (found.exact_rows, found.exact_extra) == (3, 2)


def test_empty_texts_repeat_nothing_and_signs_repeat_themselves() -> None:
    found = find_near_duplicates(["", "", "!!!", "!!!", "??", "🙂", "🙂"])
    assert found.near.tolist() == [False, False, True, True, False, True, True]
    assert (found.exact_rows, found.exact_extra) == (4, 2)


def test_texts_of_one_or_two_words_are_one_shingle() -> None:
    found = find_near_duplicates(["one", "one two", "one two three", "two"])
    assert found.pairs == []


@pytest.mark.slow
def test_large_clusters_of_near_copies_are_marked_whole() -> None:
    rng = random.Random(0)
    text = [f"w{i}" for i in range(60)]
    texts = [" ".join([*text, f"x{rng.randint(0, 10**9)}"]) for _ in range(500)]
    found = find_near_duplicates([*texts, "something else"])
    assert found.near.tolist() == [True] * 500 + [False]
    assert found.complete and len(found.pairs) == 500 * 499 / 2


def test_small_portions_find_the_same_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(1)
    texts = [" ".join(f"w{i}" for i in range(start, start + 30)) for start in rng.sample(range(400), 60)]
    whole = find_near_duplicates(texts, 0.5).pairs
    assert len(whole) > 10
    monkeypatch.setattr(postings, "PORTION", 64)
    assert find_near_duplicates(texts, 0.5).pairs == whole


@pytest.mark.parametrize("limit", ["ALL", "MOST"])
def test_beyond_the_limits_the_same_texts_are_near(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(2)
    texts = [" ".join(f"w{i}" for i in range(start, start + 30)) for start in rng.sample(range(3000), 300)]
    whole = find_near_duplicates(texts)
    monkeypatch.setattr(similar_sets, "ALL", 10)
    if limit == "MOST":
        monkeypatch.setattr(similar_sets, "MOST", 20)
    found = find_near_duplicates(texts)
    assert (found.complete, found.exact) == (False, limit == "ALL")
    assert found.near.tolist() == whole.near.tolist()
    assert {row for pair in found.pairs for row in pair[:2]} == set(np.flatnonzero(whole.near).tolist())


def test_no_sets_and_empty_sets_have_no_pairs() -> None:
    nothing = np.zeros(0, np.int64)
    assert alike(rarest_first(nothing, nothing, 0), 0.8).pairs == []
    assert alike(rarest_first(nothing, nothing, 3), 0.8).pairs == []


@pytest.mark.samples
@pytest.mark.parametrize(
    ("name", "field", "rows", "extra"),
    [
        ("synthetic/supergen_sst2/train.jsonl", "text", 435, 237),
        ("synthetic/worker_vs_gpt_sentiment/llama-2-70b_augmented.jsonl", "augmented_text", 131, 75),
    ],
)
def test_exact_repeats_of_real_sets_are_known(sample: Sample, name: str, field: str, rows: int, extra: int) -> None:
    texts = [json.loads(line)[field] for line in sample(name).read_text("utf-8").splitlines()]
    measure = NearDuplicates().compute(features(texts), None)
    assert measure.detail["exact"] == {"rows": rows, "extra": extra}
    assert measure.interval is not None and measure.value is not None
    assert rows / len(texts) <= measure.value
    assert measure.interval[0] <= measure.value <= measure.interval[1]


def test_the_measure_names_rows_by_id() -> None:
    dataset = Dataset("d", [{"t": "a b c"}, {"t": "x"}, {"t": "A b, c"}, {"t": "y"}], ["t"], ids=["p", "q", "r", "s"])
    measure = NearDuplicates().compute(Features(dataset), None)
    assert measure.value == 0.5
    assert measure.detail == {"exact": {"rows": 2, "extra": 1}, "pairs": [["p", "r", 1.0]], "total": 1}
    assert measure.signature == "jaccard=0.8|shingle=3|tok=folded+signs|spaceless=char|N=4"


@pytest.mark.parametrize(("texts", "reason"), [([], "no rows"), (["a"], "needs at least 2 rows, has 1")])
def test_too_little_gives_a_reason(texts: list[str], reason: str) -> None:
    measure = NearDuplicates().compute(features(texts), None)
    assert (measure.value, measure.reason) == (None, reason)
