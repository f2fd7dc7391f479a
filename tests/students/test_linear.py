"""Students: they learn what can be learned, scores equal scikit-learn's, the map finds changed labels."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest

from datagen_cli.evaluation.correctness import accuracy, macro_f1
from datagen_cli.students.cartography import cartography
from datagen_cli.students.linear import Linear

WORDS = {"sport": ["match", "team", "goal", "coach"], "money": ["bank", "stock", "price", "loan"]}


def some(n: int, seed: int = 0) -> tuple[list[str], list[str]]:
    draw = random.Random(seed)
    labels = [draw.choice(sorted(WORDS)) for _ in range(n)]
    return [
        " ".join([draw.choice(WORDS[label]), draw.choice(["the", "a"]), str(draw.randrange(9))]) for label in labels
    ], labels


def test_a_student_learns_what_words_tell() -> None:
    texts, truth = some(100, 1)
    assert accuracy(truth, Linear().fit(*some(60)).predict(texts)) == 1


def test_a_student_learns_from_vectors() -> None:
    def embed(texts: list[str]) -> np.ndarray:
        return np.asarray([[float("bank" in text or "stock" in text), 1.0] for text in texts])

    student = Linear(embed=embed)  # type: ignore[arg-type]
    assert student.fit(["bank", "team", "stock", "goal"], ["m", "s", "m", "s"]).predict(["stock x", "goal"]) == [
        "m",
        "s",
    ]
    assert student.signature == "embedding+logistic"


def test_one_label_is_all_that_a_student_of_it_says() -> None:
    assert Linear().fit(["a", "b"], ["x", "x"]).predict(["c", "d"]) == ["x", "x"]


def test_the_same_rows_give_the_same_student() -> None:
    texts, _ = some(50, 2)
    assert Linear().fit(*some(30)).predict(texts) == Linear().fit(*some(30)).predict(texts)


def test_scores_equal_those_of_scikit_learn() -> None:
    from sklearn.metrics import accuracy_score, f1_score

    draw = random.Random(3)
    truth = [draw.choice("abc") for _ in range(200)]
    said = [draw.choice("abcd") for _ in range(200)]
    assert accuracy(truth, said) == pytest.approx(accuracy_score(truth, said))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert macro_f1(truth, said) == pytest.approx(f1_score(truth, said, average="macro"))


def test_changed_labels_lie_in_the_hard_corner() -> None:
    texts, labels = some(300)
    changed = list(labels)
    for row in range(0, 300, 15):
        changed[row] = "money" if labels[row] == "sport" else "sport"
    places = cartography(texts, changed)
    lowest = sorted(range(300), key=lambda row: places[row].confidence)[:20]
    assert sum(row % 15 == 0 for row in lowest) >= 18
    assert {places[row].region for row in range(0, 300, 15)} == {"hard"}
    assert sum(place.region == "easy" for place in places) > 200


def test_a_map_of_one_label_is_refused() -> None:
    with pytest.raises(ValueError, match="two labels"):
        cartography(["a", "b"], ["x", "x"])


def test_texts_that_share_no_word_can_be_mapped() -> None:
    assert len(cartography([f"word{number}" for number in range(6)], list("ababab"))) == 6
