"""Leakage: exact, contained, quoted and near by embedding, each with its evidence, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.leakage import Leakage, leaks
from tests.metrics.given_vectors import Given, texts, unit

LONG = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May to others."
OTHER = "A train leaves the station at noon and covers 60 kilometers every hour until it reaches the coast at six."


def kinds(found: str, *reference: str) -> list[str]:
    return [leak.kind for leak in leaks([found], reference)]


@pytest.mark.parametrize(
    "copy", [LONG.upper(), LONG.replace(" ", "\n  "), LONG.replace(",", ""), f" {LONG}!", LONG.replace("A", "Ａ")]
)
def test_case_spacing_line_ends_and_punctuation_do_not_hide_a_copy(copy: str) -> None:
    assert kinds(copy, OTHER, LONG) == ["exact"]


def test_a_copy_with_one_word_changed_at_its_end_is_contained() -> None:
    (leak,) = leaks([LONG.replace("others", "strangers")], [OTHER, LONG])
    assert (leak.kind, leak.reference) == ("contained", 1)
    assert 0.8 <= leak.similarity < 1


def test_a_copy_wrapped_into_other_words_is_quoted() -> None:
    wrapped = f"Please read this and think step by step before you answer it: {LONG} Explain every step, and be brief."
    assert kinds(wrapped, OTHER, LONG) == ["quoted"]


def test_a_cut_off_copy_is_contained() -> None:
    assert kinds(" ".join(LONG.split()[:12]), LONG) == ["contained"]


def test_short_texts_go_by_three_words() -> None:
    assert kinds("what is the capital of France", "tell me: what is the capital of France, please?") == ["contained"]
    assert kinds("what is the capital of Spain today", "what is the capital of France") == []


def test_very_short_texts_must_be_exact() -> None:
    assert kinds("great film", "a great film indeed") == []
    assert kinds("Great film!", "great film") == ["exact"]
    assert kinds("!!!", "???") == []


@pytest.mark.parametrize("text", ["", "   ", OTHER])
def test_what_repeats_nothing_is_not_called_leaked(text: str) -> None:
    assert kinds(text, LONG, "") == []


def test_the_reference_text_that_is_named_is_the_one_repeated() -> None:
    reference = [f"{LONG} Variant {number} of this problem asks for something quite else." for number in range(100)]
    found = leaks([f"{LONG} Variant 42 of this problem asks for something quite else today."], reference)
    assert found[0].reference == 42


def test_of_two_that_fit_the_closer_is_named() -> None:
    nearly, whole = LONG.replace("others", "strangers"), f"{LONG} And then some more."
    for reference in ([nearly, whole], [whole, nearly]):
        (leak,) = leaks([LONG.replace("others", "others and")], reference)
        assert reference[leak.reference] == whole


def test_a_rewording_is_found_by_its_embedding() -> None:
    vectors = unit(2, 16)
    ours = Features(Dataset("a", [{"t": "some words"}, {"t": "others"}], ("t",)), embedder=Given(vectors))
    theirs = Features(Dataset("b", [{"t": "quite different"}], ("t",)), embedder=Given(vectors[1:]))
    found = Leakage().compute(ours, theirs)
    assert (found.value, found.detail["cosine"]) == (0.5, 1)
    assert found.detail["evidence"][0]["text"] == "others"


def test_a_dataset_against_itself_leaks_wholly() -> None:
    same = texts(LONG, OTHER, "short one", "Ünïcode 文字列")
    found = Leakage().compute(same, same)
    assert found.value == 1
    assert found.bound == pytest.approx((0.473, 1), abs=0.001)
    evidence = found.detail["evidence"]
    assert [item["repeats"] for item in evidence] == ["1", "2", "3", "4"]
    assert evidence[0]["reference"] == LONG


def test_without_a_reference_there_is_a_reason() -> None:
    assert Leakage().compute(texts(LONG), None).reason == "no reference given"
    assert Leakage().compute(texts(LONG), texts()).reason == "reference: no rows"
    assert Leakage().compute(texts(), texts(LONG)).reason == "no rows"


@pytest.mark.samples
def test_test_questions_in_a_published_seed_set_are_found(sample: Callable[[str], Path]) -> None:
    seeds = [json.loads(line)["text"] for line in sample("synthetic/unigen/seed_gsm8k.jsonl").open()]
    questions = [json.loads(line)["question"] for line in sample("gsm8k/test.jsonl").open()]
    found = leaks(seeds, questions)
    assert sum(leak.kind == "exact" for leak in found) == 223
    for leak in found:
        ours, theirs = set(seeds[leak.text].lower().split()), set(questions[leak.reference].lower().split())
        assert len(ours & theirs) >= 0.7 * len(theirs), (seeds[leak.text], questions[leak.reference])


@pytest.mark.slow
def test_time_grows_with_n_and_not_with_n_times_m() -> None:
    import time

    random = np.random.default_rng(0)
    words = np.array([f"w{number}" for number in range(3000)])

    def some(n: int) -> list[str]:
        return [" ".join(random.choice(words, size=30)) for _ in range(n)]

    times = []
    for n in (1000, 4000):
        first, second = some(n), some(n)
        start = time.process_time()
        assert leaks(first, second) == []
        times.append(time.process_time() - start)
    assert times[1] < 10 * times[0]
