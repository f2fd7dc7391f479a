"""What a value says in words never contradicts the value, on tiny and degenerate sets too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest

from datagen_cli.core.registry import names
from datagen_cli.evaluation.evaluate import Evaluation, evaluate, metric
from datagen_cli.evaluation.load import Loaded
from datagen_cli.evaluation.reading import readings
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.measure import Measure
from datagen_cli.metrics.wording import counted, percent
from datagen_cli.text.embed import open_embedder

SETS: dict[str, Sequence[str]] = {
    "fifty yes": ["yes"] * 50,
    "one": ["only one text here"],
    "two alike": ["a text of five words"] * 2,
    "two": ["a text of five words", "something else is in here"],
    "nearly all empty": [""] * 9 + ["word"],
    "white space": ["   ", "\n", "a b c"],
    "letters": list("abcdefghij"),
    "emoji": ["😀" * times for times in range(1, 20)],
    "loops": ["go on and " * 30] * 3,
    "numbers": [str(number) for number in range(30)],
    "Han": [f"北京天气很好{chr(0x4E00 + number)}今天" for number in range(30)],
    "templates": [f"Anna Smith of Paris paid {number} dollars on Monday" for number in range(40)],
    "nearly all alike": ["the very same text as ever before"] * 249 + ["one other text that is not the same"],
    "mixed": [f"{'a b c d e f'[: number % 11]} {number // 3} of the {number % 7} houses" for number in range(40)],
    "much": [f"{'a b c d e f'[: number % 11]} {number // 3} of the {number % 7} houses" for number in range(200)],
    "secrets": ["mail someone@company.test now"] * 3,
    "long": ["word " * 3000, "text " * 3000],
}
ALIKE = ("fifty yes", "two alike", "loops")
SHARES = ("near_duplicates", "leakage", "distinct_n", "safety")


def evaluated(name: str, beside: str) -> Evaluation:
    def loaded(key: str) -> Loaded:
        rows = [{"text": text, "label": "ab"[place % 2]} for place, text in enumerate(SETS[key])]
        return Loaded(Dataset(key, rows, ("text",), "label"), len(rows))

    embedder = open_embedder("hashed", None)
    return evaluate(loaded(name), loaded(beside), _measures(), embedder=embedder, given={}, say=lambda _: None)


def _measures() -> list[str]:
    return [name for name in names("metrics") if name not in ("student", "mauve")]


def contradictions(found: Evaluation, name: str, words: str) -> Iterator[str]:
    one, beside = found.measures[name], found.reference_measures.get(name)
    value, n = one.value, len(found.views.all)
    assert value is not None
    for shown in map(float, re.findall(r"(-?\d+(?:\.\d+)?) %", words)):
        if not 0 <= shown <= 100:
            yield "no share is so large"
    if re.search(r"(?<![\d.,])1 (?:words|texts|rows|exact extra rows)\b", words):
        yield "one of several"
    if name in SHARES and ("100 %" in words.partition(";")[0]) != (value == 1):
        yield "all, or not"
    if name in SHARES and words.startswith("0 %") != (value == 0):
        yield "none, or not"
    if (varied := re.search(r"as varied as ([\d.,]+) text", words)) and float(varied[1].replace(",", "")) > n:
        yield "more than there are"
    if re.search(r"\b(?:better|worse) than|\b(?:above|below) the", words):
        assert beside is not None
        (low, high), (other_low, other_high) = _ends(one), _ends(beside)
        if "at equal n" not in words and low <= other_high and other_low <= high:
            yield "not told apart"


def _ends(one: Measure) -> tuple[float, float]:
    assert one.value is not None
    return one.interval or one.bound or (one.value, one.value)


@pytest.mark.slow
@pytest.mark.parametrize("beside", ["two", "templates"])
@pytest.mark.parametrize("name", list(SETS))
def test_no_reading_contradicts_its_value(name: str, beside: str) -> None:
    found = evaluated(name, beside)
    said = readings(found)
    assert set(said) == {key for key, one in found.measures.items() if one.value is not None}
    wrong = {key: (words, list(contradictions(found, key, words))) for key, words in said.items()}
    assert {key: both for key, both in wrong.items() if both[1]} == {}
    if name in ALIKE:
        ours = " ".join(words.partition(";")[0] for words in said.values())
        assert not re.search("few phrases|different things|nothing in common", ours)


def test_few_rows_do_not_tell_better_from_worse() -> None:
    said = readings(evaluated("letters", "two"))
    assert said["compression_ratio"].startswith("too little text to pack")
    assert "the reference has" in said["remote_clique"]
    assert "than the reference" not in said["remote_clique"]


@pytest.mark.slow
def test_of_few_rows_there_is_a_bound_and_the_reason_instead_of_an_interval() -> None:
    one = evaluated("mixed", "two").measures["self_bleu"]
    assert one.interval is None and one.bound is not None and one.value is not None
    assert one.bound[0] < one.value < one.bound[1]
    assert one.no_interval == "needs 192 rows or groups, has 40: `bound` is wider, for at least 95 %"
    enough = evaluated("much", "two").measures["self_bleu"]
    assert enough.interval is not None and not enough.no_interval


def test_which_measures_need_many_rows_is_said_by_their_classes() -> None:
    few = [name for name in names("metrics") if metric(name).enough]
    assert "self_bleu" in few and "length" not in few and "safety" not in few


def test_numbers_and_shares_in_words() -> None:
    assert [counted(number, "word") for number in (0, 0.1, 1, 1.96, 3, 12.4, 1204)] == [
        "0 words", "0.1 words", "1 word", "2.0 words", "3 words", "12 words", "1,204 words",
    ]  # fmt: skip
    assert [percent(share) for share in (0, 0.0005, 0.034, 0.5, 0.996, 0.9999, 1)] == [
        "0 %", "under 0.1 %", "3.4 %", "50 %", "99.6 %", "over 99.9 %", "100 %",
    ]  # fmt: skip
