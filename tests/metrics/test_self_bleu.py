"""Self-BLEU against nltk's own loop, its edges, and known answers on real sets."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from datagen_cli.metrics import ngrams
from datagen_cli.metrics.self_bleu import SelfBleu, bleu_scores, closest_other_lengths, self_bleu
from datagen_cli.text.tokens import tokens as cut
from tests.metrics.given_texts import features

Sample = Callable[[str], Path]
ODD = ["", "", "one", "one", "été 北京 ñandú", "北京", "same text here .", "same text here .", "!!!", " \n\t"]
REAL = [
    ("gsm8k/train.jsonl", "question"),
    ("ag_news/train.jsonl", "text"),
    ("humor/short_texts.jsonl", "text"),
    ("synthetic/supergen_sst2/train.jsonl", "text"),
    ("mbpp/mbpp.jsonl", "code"),
]


def nltk_self_bleu(texts: Sequence[str], n: int) -> float:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    tokens = [cut(text) for text in texts]
    smooth = SmoothingFunction().method1
    scores = [
        sentence_bleu(tokens[:i] + tokens[i + 1 :], tokens[i], weights=(1 / n,) * n, smoothing_function=smooth)
        for i in range(len(tokens))
    ]
    return sum(scores) / len(scores)


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(8))
def test_it_equals_nltk_on_random_texts_with_odd_ones_among_them(n: int, seed: int) -> None:
    rng = random.Random(seed)
    texts = [" ".join(rng.choices("ab cd.", k=rng.randint(0, 12))) for _ in range(rng.randint(2, 25))] + ODD
    rng.shuffle(texts)
    assert self_bleu(texts, n=n) == pytest.approx(nltk_self_bleu(texts, n), abs=1e-9)


@pytest.mark.slow
@pytest.mark.samples
@pytest.mark.parametrize("n", [2, 5])
@pytest.mark.parametrize(("name", "field"), REAL)
def test_it_equals_nltk_on_real_texts_with_odd_ones_among_them(sample: Sample, name: str, field: str, n: int) -> None:
    texts = [row[field] for row in rows(sample(name))[:40]] + ODD
    assert self_bleu(texts, n=n) == pytest.approx(nltk_self_bleu(texts, n), abs=1e-9)


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        (["a b c d e", "a b c d e"], 1.0),
        (["a b c d e"] * 7, 1.0),
        (["a b c d", "e f g h"], 0.0),
        (["", ""], 0.0),
        (["a", ""], 0.0),
        (["a", "a"], (1 * 0.1**3) ** 0.25),
    ],
)
def test_literal_values(texts: list[str], value: float) -> None:
    assert self_bleu(texts) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("texts", [[], ["alone"]])
def test_fewer_than_two_texts_have_no_value(texts: list[str]) -> None:
    assert math.isnan(self_bleu(texts))


def test_case_counts() -> None:
    assert self_bleu(["A B C D", "a b c d"]) == 0.0


def test_a_clip_is_the_largest_count_in_another_text_not_in_the_own() -> None:
    assert self_bleu(["a a a", "a", "b"], n=1) == pytest.approx((1 / 3 + 1 + 0) / 3)


def test_the_closest_other_length_is_the_shorter_of_two_equally_close() -> None:
    lengths = np.array([2, 4, 6, 6, 20])
    assert closest_other_lengths(lengths).tolist() == [4, 2, 6, 6, 6]
    assert closest_other_lengths(np.array([3, 5, 1])).tolist() == [1, 3, 3]
    assert closest_other_lengths(np.array([7, 7])).tolist() == [7, 7]
    assert closest_other_lengths(np.array([0, 9])).tolist() == [9, 0]


def test_sorting_in_small_portions_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(3)
    texts = [" ".join(rng.choices("abcdef", k=rng.randint(1, 30))) for _ in range(60)]
    whole = [(c.matched.tolist(), sorted(c.holders.tolist()), c.distinct) for c in features(texts)._ngrams]
    monkeypatch.setattr(ngrams, "PORTION", 50)
    assert [(c.matched.tolist(), sorted(c.holders.tolist()), c.distinct) for c in features(texts)._ngrams] == whole


def test_the_measure_has_headline_detail_signature_and_an_interval_with_the_value() -> None:
    measure = SelfBleu().compute(features(["the cat sat on a mat", "the cat sat on a rug", "dogs bark"]), None)
    assert measure.signature == "n=4|tok=word|spaceless=char|smooth=m1|N=3"
    assert measure.direction == "lower"
    assert list(measure.detail) == ["2", "3", "4", "5"]
    assert measure.value == measure.detail["4"]
    assert measure.interval is not None and measure.value is not None
    assert 0 <= measure.interval[0] <= measure.value <= measure.interval[1] <= 1


def test_longer_ngrams_repeat_less() -> None:
    texts = ["the cat sat on a mat today", "the cat sat on a rug", "a cat on a mat", "the dog sat on a log"]
    values = [self_bleu(texts, n=n) for n in (2, 3, 4, 5)]
    assert all(first > second for first, second in pairwise(values))


@pytest.mark.parametrize(
    ("texts", "reason"),
    [([], "no rows"), (["alone"], "needs at least 2 rows, has 1"), (["", " "], "no text in any row")],
)
def test_too_little_gives_a_reason_and_never_a_number(texts: list[str], reason: str) -> None:
    measure = SelfBleu().compute(features(texts), None)
    assert (measure.value, measure.interval, measure.reason) == (None, None, reason)


def test_groups_widen_the_interval_when_their_rows_are_alike() -> None:
    texts = ["one two three four five"] * 4 + ["six seven eight nine", "ten eleven twelve", "red green", "blue grey"]
    alone = SelfBleu().compute(features(texts), None).interval
    grouped = SelfBleu().compute(features(texts, groups=["a"] * 4 + ["b"] * 4), None).interval
    assert alone is not None and grouped is not None
    assert grouped[1] - grouped[0] > alone[1] - alone[0]


@pytest.mark.samples
def test_real_news_repeats_less_than_either_generated_set(sample: Sample) -> None:
    real = self_bleu([row["text"] for row in rows(sample("ag_news/train.jsonl"))[:500]])
    for name in ("baseline", "targeted_tags"):
        made = [row["text"] for row in rows(sample(f"synthetic/agnews_deepseek_r1_1.5b/{name}.jsonl"))]
        assert len(made) == 500
        assert real < self_bleu(made)


@pytest.mark.samples
def test_filtering_by_similarity_lowers_it(sample: Sample) -> None:
    joined = {
        name: ["\n\n".join(row.values()) for row in rows(sample(f"synthetic/gpteacher/toolformer_{name}.jsonl"))]
        for name in ("similarity-0.6", "dedupe-only")
    }
    assert self_bleu(joined["similarity-0.6"]) < self_bleu(joined["dedupe-only"])


def test_scores_are_in_the_order_of_the_texts() -> None:
    counts = features(["a b c d", "a b c d", "x y z w"]).ngrams
    assert bleu_scores([counts(n) for n in (1, 2)])[-1].tolist() == [1.0, 1.0, 0.0]
