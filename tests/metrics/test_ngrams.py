"""Counting n-grams as numbers against counting them as tuples."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_cli.metrics import ngrams
from datagen_cli.metrics.ngrams import count_ngrams, number_ngrams, number_tokens, tokenise
from datagen_cli.text.tokens import tokens as cut

TEXTS = st.lists(st.text(alphabet="ab c.é", max_size=20), max_size=8)


def counters(texts: list[str], n: int) -> list[Counter[tuple[str, ...]]]:
    tokens = [cut(text) for text in texts]
    return [Counter(tuple(one[i : i + n]) for i in range(len(one) - n + 1)) for one in tokens]


def check(texts: list[str]) -> None:
    for counts in count_ngrams(tokenise(texts), 4):
        expected = counters(texts, counts.n)
        every = sum(expected, Counter())
        assert counts.distinct == len(every)
        assert counts.total == every.total()
        assert counts.totals.tolist() == [one.total() for one in expected]
        for place, one in enumerate(expected):
            others = expected[:place] + expected[place + 1 :]
            assert counts.matched[place] == sum(
                min(number, max((other[gram] for other in others), default=0)) for gram, number in one.items()
            )


@given(TEXTS)
def test_counts_are_those_of_tuples(texts: list[str]) -> None:
    check(texts)


@pytest.mark.slow
@given(TEXTS)
def test_counts_are_those_of_tuples_when_keys_do_not_fit_beside_places(texts: list[str]) -> None:
    table = tokenise(texts)
    wide = ngrams.TokenTable(table.ids, table.offsets, table.size)
    whole = [(c.matched.tolist(), c.distinct) for c in count_ngrams(wide, 3)]
    with pytest.MonkeyPatch.context() as patch:
        sort = ngrams._sort
        patch.setattr(ngrams, "_sort", lambda keys, most: sort(keys, 1 << 62))
        assert [(c.matched.tolist(), c.distinct) for c in count_ngrams(wide, 3)] == whole


@pytest.mark.slow
@given(TEXTS, st.integers(1, 9))
def test_portions_of_any_size_give_the_same_counts(texts: list[str], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngrams, "PORTION", size)
        check(texts)


def test_tokens_are_words_and_single_other_characters_with_case_kept() -> None:
    table = tokenise(["Don't  stop!!", "don 北京", ""])
    assert [part.tolist() for part in table.split()] == [[0, 1, 2, 3, 4, 4], [5, 6, 7], []]
    assert table.size == 8
    assert table.lengths.tolist() == [6, 3, 0]


def test_equal_ngrams_have_equal_numbers_without_gaps_and_none_crosses_texts() -> None:
    starts, numbers, distinct = list(number_ngrams(number_tokens(["abcab", "ab", "a"]), 2))[-1]
    assert starts.tolist() == [0, 1, 2, 3, 5]
    assert numbers[0] == numbers[3] == numbers[4]
    assert sorted(set(numbers.tolist())) == [0, 1, 2]
    assert distinct == 3
