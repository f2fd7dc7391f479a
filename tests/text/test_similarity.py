"""Near copies by words and by vectors: what counts as one, what does not, and how many are found in real texts."""

from __future__ import annotations

import json
import random
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datagen_cli.text.embed import default_embedder, open_embedder
from datagen_cli.text.minhash import DEEPEST, FIRST_ROWS, MISSED, MOST_BANDS, BandTable, bands_for
from datagen_cli.text.near import NearIndex, jaccard, numbered_words, ones, shingles, sketches, words_bar
from datagen_cli.text.neighbours import BLOCK_NUMBERS, NeighbourIndex
from datagen_cli.text.tokens import term_key, terms
from tests.grids import mostly_slow

needs_model = pytest.mark.skipif(default_embedder() != "minilm", reason="the [embed] extra is not installed")
STORY = (
    "Weng earns $12 an hour for babysitting. Yesterday, she just did 50 minutes of babysitting for her neighbours. "
    "How much did she earn in all?"
)


def index_of(*texts: str, near: float = 0.8) -> NearIndex:
    index = NearIndex(near)
    assert [index.add(text) for text in texts] == list(range(len(texts)))
    return index


# The measures.


def test_the_measures_are_what_they_say() -> None:
    assert shingles(["a", "b", "c", "d"]) == {"a b c", "b c d"}
    assert shingles(["a", "b"]) == {"a b"}
    assert shingles([]) == set()
    assert numbered_words(["the", "cat", "the"]) == {"the", "cat", "the 2"}
    assert jaccard({"a", "b", "c"}, {"b", "c", "d"}) == 0.5
    assert jaccard(set(), set()) == 0.0
    assert words_bar(0.8) == pytest.approx(0.85)
    assert words_bar(1.0) == 1.0


@pytest.mark.parametrize("bar", [0.05, 0.3, 0.5, 0.8, 0.85, 0.95, 1.0])
def test_hashing_hides_few_at_the_bar(bar: float) -> None:
    rows, bands = bands_for(bar)
    assert (1 - bar**rows) ** bands <= MISSED
    assert bands <= MOST_BANDS or rows == 1


# Near copies.


@pytest.mark.parametrize(
    ("copy", "measure"),
    [
        (STORY, "letters"),
        (STORY.upper().replace(",", " -").replace(".", "!"), "letters"),
        (STORY.replace(" ", "  \n"), "letters"),
        (STORY.replace("12", "15"), "words"),
        ("How much did she earn in all? " + STORY.removesuffix(" How much did she earn in all?"), "words"),
        (STORY + " Explain.", "words"),
    ],
)
def test_a_near_copy_is_named_with_its_similarity(copy: str, measure: str) -> None:
    found = index_of("Something else entirely was said here, and at some length.", STORY).nearest(copy)
    assert found is not None
    assert (found.index, found.measure) == (1, measure)
    assert 0.85 <= found.similarity <= 1.0


def test_the_similarity_is_exact() -> None:
    ten = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    found = index_of(ten).nearest(ten.replace("seven ", "other "))
    assert found is not None
    assert found.similarity == pytest.approx(14 / 16)
    assert index_of(ten, near=0.95).nearest(ten.replace("seven ", "other ")) is None


def test_repeated_words_count_once_as_shingles() -> None:
    found = index_of("ha " * 10).nearest("ha " * 30)
    assert found is not None
    assert (found.measure, found.similarity) == ("shingles", 1.0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("What is the capital of Spain?", "What is the capital of France?"),
        (STORY, "A farmer has 12 cows and sells 5 of them at the market. How many cows does he have in all?"),
        ("", ""),
        ("?!", "?!"),
        ("one", "two"),
    ],
)
def test_another_text_is_no_near_copy(first: str, second: str) -> None:
    assert index_of(first).nearest(second) is None


def test_of_several_the_most_alike_is_named_and_of_equals_the_first() -> None:
    changed = STORY.replace("neighbours", "friends")
    index = index_of(changed.replace("50", "40"), changed, changed + "!", STORY, STORY)
    exact = index.nearest(STORY)
    assert exact is not None
    assert (exact.index, exact.similarity) == (3, 1.0)
    closest = index.nearest(changed + " Why?")
    assert closest is not None
    assert closest.index == 1


def test_it_grows_as_records_are_accepted() -> None:
    index = NearIndex()
    assert index.nearest(STORY) is None
    index.add(STORY)
    assert len(index) == 1
    assert index.nearest(STORY) is not None


def test_texts_without_spaces_and_other_scripts_are_compared_too() -> None:
    text = "小明有五个苹果，他给了小红两个。他还剩几个苹果？"
    found = index_of(text).nearest(text.replace("，", "。"))
    assert found is not None
    assert index_of(text).nearest("今天天气很好，我们去公园散步吧。") is None


# What candidates cost, and that none is lost on the way to them.


def made_up(count: int, seed: int = 1) -> list[str]:
    source = random.Random(seed)
    words = ["".join(source.choices("abcdefghijklmnop", k=5)) for _ in range(4000)]
    return [" ".join(source.choices(words, k=18)) for _ in range(count)]


def test_a_sketch_differs_in_no_more_bits_than_its_set_in_members() -> None:
    source = random.Random(3)
    for size in (1, 20, 400, 3000):
        first = {str(source.random()) for _ in range(size)}
        second = set(source.sample(sorted(first), size // 2)) | {str(source.random()) for _ in range(size // 3)}
        one, other = sketches([first, second])
        assert 0 < int(ones(one ^ other)) <= len(first ^ second)
    assert ones(sketches([set()])).tolist() == [0]


def test_every_text_finds_itself_however_many_tables_there_are() -> None:
    texts = made_up(FIRST_ROWS + 3)
    index = index_of(*texts)
    assert [getattr(index.nearest(text), "index", None) for text in texts[::97]] == list(range(0, len(texts), 97))


@pytest.mark.slow
def test_a_text_takes_less_than_a_kilobyte_of_memory_whatever_its_length() -> None:
    texts = made_up(FIRST_ROWS)
    tracemalloc.start()
    index = index_of(*texts)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / len(index) < 1000


def test_terms_on_disk_are_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datagen_cli.text.near.IN_MEMORY_BYTES", 100)
    texts = [*made_up(50), "", "naïve Größe \ud800 und 東京 " + made_up(1)[0]]
    index = index_of(*texts)
    found = [index.nearest(text) for text in texts]
    assert [near and (near.index, near.measure) for near in found] == [
        *((number, "letters") for number in range(50)),
        None,
        (51, "letters"),
    ]


@pytest.mark.slow
def test_texts_of_one_template_are_told_apart_and_their_copies_found() -> None:
    frame = "Dear customer {}, your parcel {} left our house in {} today and will be with you by {} or a day later"
    source = random.Random(2)
    texts = [frame.format(*source.sample(range(10**6), 4)) for _ in range(250)]
    index = index_of(*texts)
    assert all(getattr(index.nearest(text + " Yours"), "index", None) == place for place, text in enumerate(texts))


def test_where_most_share_a_band_all_are_candidates() -> None:
    table = BandTable(2)
    for number in range(DEEPEST + 2):
        table.add(np.array([7, number], np.uint32))
    assert table.find(np.array([7, 5], np.uint32)) is None
    found = table.find(np.array([8, 5], np.uint32))
    assert found is not None and 5 in found


# How many are found in real texts.


def rows(sample: Callable[[str], Path], name: str, *columns: str) -> list[str]:
    """Texts of a sample; those that are the same up to writing only once."""
    with sample(name).open(encoding="utf-8") as lines:
        texts = ["\n\n".join(filter(None, (row[column] for column in columns))) for row in map(json.loads, lines)]
    return list({term_key(terms(text), text): text for text in texts}.values())


def word_changed(text: str, source: random.Random, vocabulary: list[str]) -> str:
    parts = text.split()
    parts[source.randrange(len(parts))] = source.choice(vocabulary)
    return " ".join(parts)


def order_changed(text: str, source: random.Random, _: list[str]) -> str:
    sentences = re.split(r"(?<=[.!?])\s+", text)
    parts = sentences if len(sentences) > 1 else text.split()
    place = source.randrange(len(parts) - 1)
    parts[place], parts[place + 1] = parts[place + 1], parts[place]
    return " ".join(parts)


def punctuation_changed(text: str, source: random.Random, _: list[str]) -> str:
    return source.choice(
        [re.sub(MARKS, " ", text), re.sub(r"[,;!?]", "", text), re.sub(r"[.,;]", " -", text), f"“{text}”…"]
    )


MARKS = r"[^\w\s+=<>*/%^#&$€£@~|\\-]|(?<=\D)-(?=\D)"

CHANGES = (word_changed, order_changed, punctuation_changed)
SAMPLES = [("gsm8k/train.jsonl", "question"), ("ag_news/train.jsonl", "text")]


@pytest.mark.slow
@pytest.mark.samples
@pytest.mark.parametrize(("name", "column"), SAMPLES)
def test_planted_near_copies_of_real_rows_are_found(sample: Callable[[str], Path], name: str, column: str) -> None:
    texts, source = rows(sample, name, column)[:2000], random.Random(5)
    vocabulary = sorted({word for text in texts[:300] for word in text.split()})
    index = index_of(*texts)
    for change in CHANGES:
        copies = [change(text, source, vocabulary) for text in source.sample(texts, 400)]
        found = sum(index.nearest(copy) is not None for copy in copies) / 400
        print(f"{name}: {change.__name__} {found:.1%} found")
        assert found >= 0.97


@pytest.mark.slow
@pytest.mark.samples
@pytest.mark.parametrize(
    ("name", "columns"),
    [("gsm8k/train.jsonl", ["question"]), ("ag_news/train.jsonl", ["text"]), ("alpaca/alpaca.jsonl", ["instruction"]),
     ("hellaswag/val.jsonl", ["ctx"]), ("truthfulqa/truthfulqa.jsonl", ["Question"]),
     ("toi_headlines/headlines.jsonl", ["headline_text"])],
)  # fmt: skip
def test_few_distinct_real_rows_are_refused(sample: Callable[[str], Path], name: str, columns: list[str]) -> None:
    texts, index, refused = rows(sample, name, *columns), NearIndex(), 0
    for text in texts:
        refused += index.nearest(text) is not None
        index.add(text)
    print(f"{name}: {refused} of {len(texts)} refused")
    assert refused / len(texts) <= 0.01


@pytest.mark.samples
@pytest.mark.parametrize(("name", "column"), mostly_slow(SAMPLES, 1))
@pytest.mark.parametrize(
    ("model", "size"),
    [("hashed", 1000), pytest.param("minilm", 150, marks=[pytest.mark.slow, needs_model])],
)
def test_vectors_find_planted_copies_too(
    sample: Callable[[str], Path], name: str, column: str, model: str, size: int
) -> None:
    texts, source, embedder = rows(sample, name, column)[:size], random.Random(5), open_embedder(model, None)
    vocabulary = sorted({word for text in texts[:300] for word in text.split()})
    vectors, index = embedder.encode(texts), NeighbourIndex(embedder.default_threshold, embedder.dim)
    refused = 0
    for vector in vectors:
        refused += index.nearest(vector) is not None
        index.add(vector)
    print(f"{model}, {name}: {refused} of {size} refused")
    assert refused / size <= 0.01
    for change in CHANGES:
        chosen = source.sample(texts, min(200, size // 3))
        copies = embedder.encode([change(text, source, vocabulary) for text in chosen])
        found = sum(index.nearest(copy) is not None for copy in copies) / len(copies)
        print(f"{model}, {name}: {change.__name__} {found:.1%} found")
        assert found >= 0.98


# Neighbours of vectors.


def unit(rows: int, dim: int = 16, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).standard_normal((rows, dim))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def test_the_neighbour_is_the_most_alike_and_of_equals_the_first() -> None:
    vectors = unit(5)
    index = NeighbourIndex(0.9, 16)
    assert index.nearest(vectors[0]) is None
    assert index.add(vectors[:3]) == 0
    assert index.add(vectors[1]) == 3
    found = index.nearest(vectors[1])
    assert found is not None
    assert (found.index, found.similarity) == (1, 1.0)
    assert index.nearest(vectors[4]) is None


def test_the_threshold_is_inclusive_and_the_similarity_the_cosine() -> None:
    first, second = np.array([1.0, 0.0]), np.array([0.6, 0.8])
    index = NeighbourIndex(0.6, 2)
    index.add(first)
    found = index.nearest(second)
    assert found is not None
    assert found.similarity == 0.6
    strict = NeighbourIndex(0.61, 2)
    strict.add(first)
    assert strict.nearest(second) is None


def test_blocks_change_nothing() -> None:
    rows = 3 * (BLOCK_NUMBERS // 256) + 7
    vectors, queries = unit(rows, 256), unit(50, 256, seed=1)
    whole, single = NeighbourIndex(0.1, 256), NeighbourIndex(0.1, 256)
    whole.add(vectors)
    for vector in vectors:
        single.add(vector)
    assert len(whole) == len(single) == rows
    exact = vectors.astype(np.float64) @ queries.astype(np.float64).T
    for column, query in enumerate(queries):
        found = whole.nearest(query)
        assert found == single.nearest(query)
        assert found is not None
        assert found.index == exact[:, column].argmax()
        assert found.similarity == pytest.approx(exact[:, column].max(), abs=1e-6)


def test_a_similarity_does_not_depend_on_what_lies_around() -> None:
    vectors, query = unit(4000, 384), unit(1, 384, seed=9)[0]
    near = (vectors[123] * 0.97 + query * 0.1).astype(np.float32)
    near /= np.linalg.norm(near)
    alone, among = NeighbourIndex(0.5, 384), NeighbourIndex(0.5, 384)
    alone.add(vectors[123])
    among.add(vectors)
    one, many = alone.nearest(near), among.nearest(near)
    assert one is not None
    assert many is not None
    assert (many.index, many.similarity) == (123, one.similarity)


def test_vectors_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="vectors of 16 numbers"):
        NeighbourIndex(0.9, 16).add(np.zeros((2, 8)))
