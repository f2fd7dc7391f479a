"""The classifier that judges labels: it learns, knows its accuracy, calibrates, and aims its threshold."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datagen_cli.text import linear
from datagen_cli.text.classifier import Classifier, TooFewRows, folds, odds_of, view_weights

WORDS = {"sport": ["match", "team", "goal"], "money": ["bank", "stock", "price"], "sky": ["star", "moon", "sun"]}


def some(n: int, seed: int = 0, wrong: float = 0.0) -> tuple[list[str], list[str]]:
    """Texts of three labels; a share of them reads like another label than its own."""
    draw = random.Random(seed)
    labels = [draw.choice(sorted(WORDS)) for _ in range(n)]
    texts = []
    for label in labels:
        about = draw.choice([one for one in WORDS if one != label]) if draw.random() < wrong else label
        texts.append(" ".join([draw.choice(WORDS[about]), "the", str(draw.randrange(90))]))
    return texts, labels


def test_a_label_that_words_contradict_fails_and_a_fitting_one_passes() -> None:
    classifier = Classifier(harmed=0.04).fit(*some(400, 1, wrong=0.1))
    judged = classifier.judge(["goal the 3", "goal the 4", "goal the 5"], ["sport", "money", "cooking"])
    assert [one.outcome for one in judged] == ["pass", "fail", "unknown"]
    assert judged[1].preferred == "sport" and judged[1].own_odds < 0.2 < judged[1].preferred_odds
    assert judged[2].own_odds == 0


def test_accuracy_is_that_of_rows_held_out() -> None:
    classifier = Classifier().fit(*some(400, 1, wrong=0.2))
    texts, labels = some(2000, 2, wrong=0.2)
    fresh = np.mean([said == label for said, label in zip(classifier.predict(texts), labels, strict=True)])
    assert classifier.held_out.rows == 400 and classifier.held_out.accuracy == pytest.approx(fresh, abs=0.04)


def test_labels_that_words_do_not_tell_are_told_by_chance_only() -> None:
    draw = random.Random(5)
    texts, _ = some(300, 2)
    assert Classifier().fit(texts, [draw.choice("abc") for _ in texts]).held_out.accuracy < 0.45


@pytest.mark.parametrize("aim", [0.0, 0.04, 0.5])
def test_the_threshold_fails_the_aimed_share_of_the_training_rows_and_never_more(aim: float) -> None:
    held_out = Classifier(harmed=aim).fit(*some(400, 1, wrong=0.2)).held_out
    wrong = held_out.rows - held_out.right
    assert held_out.harmed <= max(1, aim * held_out.rows)
    assert held_out.lost == (held_out.harmed / wrong)
    assert aim != 0.5 or held_out.harmed == wrong


def test_odds_are_calibrated() -> None:
    classifier = Classifier().fit(*some(900, 1, wrong=0.3))
    texts, labels = some(900, 7, wrong=0.3)
    odds = classifier.odds(texts)
    assert odds.sum(axis=1) == pytest.approx(np.ones(900))
    right = np.mean([classifier.labels[row.argmax()] == label for row, label in zip(odds, labels, strict=True)])
    assert odds.max(axis=1).mean() == pytest.approx(right, abs=0.05)


@pytest.mark.slow
def test_a_second_view_that_says_nothing_weighs_little() -> None:
    def noise(texts: list[str]) -> np.ndarray:
        return np.asarray([np.random.default_rng(sum(map(ord, text)) % 97).normal(size=4) for text in texts])

    texts, labels = some(300, 3, wrong=0.1)
    alone = Classifier().fit(texts, labels).held_out.accuracy
    blended = Classifier(embed=noise).fit(texts, labels)  # type: ignore[arg-type]
    assert blended.held_out.accuracy >= alone - 0.02
    assert "+embedding+nearest" in blended.signature


def test_the_nearest_rows_vote_for_labels_that_no_line_tells_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "MOST_ROWS", 50)
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, size=400)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    labels = ["right" if round(angle / 0.3) % 2 else "left" for angle in angles]
    model = linear.fit_nearest(vectors[:300], labels[:300])
    assert len(model._fit_X) == 50
    found = linear.votes(model, vectors, ["left", "never", "right"])
    assert found.shape == (400, 3) and (found[:, 1] == np.log(linear.LEAST_VOTE)).all()
    monkeypatch.setattr(linear, "MOST_ROWS", 300)
    found = linear.votes(linear.fit_nearest(vectors[:300], labels[:300]), vectors[300:], ["left", "right"])
    right = np.mean([("left", "right")[row.argmax()] == label for row, label in zip(found, labels[300:], strict=True)])
    assert right > 0.75 > linear.fit_linear(vectors[:300], labels[:300]).score(vectors[300:], labels[300:])


def test_labels_with_too_few_rows_are_not_learned_and_one_label_is_refused() -> None:
    texts, labels = some(100, 4)
    classifier = Classifier().fit([*texts, "rare thing"], [*labels, "rare"])
    assert "rare" not in classifier.labels
    assert classifier.judge(["rare thing"], ["rare"])[0].outcome == "unknown"
    with pytest.raises(TooFewRows, match="two labels"):
        Classifier().fit(["a"] * 9, ["x"] * 9)


def test_the_same_rows_give_the_same_odds_and_no_texts_give_nothing() -> None:
    first, second = (Classifier().fit(*some(120, 6, wrong=0.1)) for _ in range(2))
    texts, _ = some(50, 8)
    assert (first.odds(texts) == second.odds(texts)).all() and first.threshold == second.threshold
    assert first.judge([], []) == [] and first.predict([]) == []


def test_every_label_has_a_row_in_every_fold() -> None:
    labels = ["a"] * 5 + ["b"] * 13
    dealt = folds(labels, 5, seed=1)
    assert sorted(dealt[:5]) == [0, 1, 2, 3, 4] and set(dealt[5:]) == {0, 1, 2, 3, 4}


def test_a_view_that_points_the_wrong_way_gets_no_weight() -> None:
    own = np.asarray([0, 1] * 20)
    good = np.where(np.arange(2)[None, :] == own[:, None], 1.0, -1.0) * np.linspace(-0.3, 2, 40)[:, None]
    weights = view_weights(np.stack([good, -good]), own)
    assert weights[0] > 0 and weights[1] >= 0 and weights[0] > weights[1]
    assert odds_of(np.stack([good, -good]), weights)[39, 1] > 0.5


@pytest.mark.slow
@pytest.mark.samples
def test_changed_labels_of_real_news_are_found_and_right_ones_are_spared(sample: Callable[[str], Path]) -> None:
    train, test = (
        [json.loads(line) for line in sample(f"ag_news/{name}.jsonl").read_text("utf-8").splitlines()[:2000]]
        for name in ("train", "test")
    )
    draw = random.Random(0)
    changed = set(draw.sample(range(len(test)), len(test) // 5))
    topics = sorted({row["label"] for row in test})
    given = [
        draw.choice([topic for topic in topics if topic != row["label"]]) if number in changed else row["label"]
        for number, row in enumerate(test)
    ]
    classifier = Classifier().fit([row["text"] for row in train], [row["label"] for row in train])
    judged = classifier.judge([row["text"] for row in test], given)
    failed = {number for number, one in enumerate(judged) if one.outcome == "fail"}
    assert len(failed & changed) / len(changed) >= 0.78
    assert len(failed - changed) / (len(test) - len(changed)) <= 0.05
