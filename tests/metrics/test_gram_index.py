"""The joins of `gram_index` against the plain definition, text by text."""

from __future__ import annotations

import random

import pytest

from datagen_cli.metrics import gram_index, postings
from datagen_cli.metrics.gram_index import Best, GramIndex, Shared, Vocabulary

BAR, LEAST = 0.8, 4


def grams(words: list[str], n: int) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + n]) for at in range(len(words) - n + 1)}


def plain_best(text: list[str], reference: list[list[str]], n: int, least: int | None) -> Best:
    """One text against every reference text, for sets so small that no limit matters."""
    own = grams(text, n)
    shared = {place: len(own & grams(other, n)) for place, other in enumerate(reference)}
    order = sorted((place for place in shared if shared[place]), key=lambda place: (-shared[place], place))
    contained: Shared | None = None
    quoted: Shared | None = None
    for place in order:
        size = len(grams(reference[place], n))
        share = shared[place] / len(own)
        if share >= BAR and (contained is None or share > contained.share):
            contained = Shared(place, share)
        share = shared[place] / size
        if least and min(size, len(own)) >= least and share >= BAR and (quoted is None or share > quoted.share):
            quoted = Shared(place, share)
    return Best(contained, None if contained else quoted)


def drawn(rng: random.Random, count: int, letters: str) -> list[list[str]]:
    return [[rng.choice(letters) for _ in range(rng.choice([0, 1, 4, 5, 6, 8, 12, 20]))] for _ in range(count)]


@pytest.mark.parametrize("letters", ["a", "ab", "abc", "abcdefgh"])
@pytest.mark.parametrize(("n", "least"), [(5, LEAST), (3, None)])
def test_the_joins_find_what_the_definition_says(letters: str, n: int, least: int | None) -> None:
    rng = random.Random(len(letters))
    reference = drawn(rng, 8, letters)
    cut = [[*text[rng.randrange(3) :], *rng.choices(letters, k=rng.randrange(4))] for text in reference * 3]
    texts = [*drawn(rng, 40, letters), *cut]
    index = GramIndex(Vocabulary(), reference, n)
    assert index.best(texts, BAR, least) == [plain_best(text, reference, n, least) for text in texts]


def test_portions_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    reference, texts = drawn(rng, 60, "abcd"), drawn(rng, 200, "abcd")
    whole = GramIndex(Vocabulary(), reference, 3).best(texts, BAR, LEAST)
    assert any(best.contained for best in whole) and any(best.quoted for best in whole)
    monkeypatch.setattr(gram_index, "TEXTS", 7)
    monkeypatch.setattr(postings, "PORTION", 50)
    found = GramIndex(Vocabulary(), reference, 3).best(texts, BAR, LEAST)
    assert [(one.contained is None, one.quoted is None) for one in found] == [
        (one.contained is None, one.quoted is None) for one in whole
    ]


def test_what_every_reference_text_holds_finds_the_one_that_holds_the_rest() -> None:
    ask = "please answer this one with care {}"
    reference = [ask.format(number).split() for number in range(192)]
    text = ask.format(128).split()
    assert GramIndex(Vocabulary(), reference, 3).best([text], BAR, None) == [Best(Shared(128, 1.0))]


def test_nothing_is_found_in_nothing() -> None:
    assert GramIndex(Vocabulary(), [], 3).best([["a", "b", "c"], []], BAR, LEAST) == [Best(), Best()]
    assert GramIndex(Vocabulary(), [["a", "b", "c"]], 3).best([], BAR, LEAST) == []
    assert GramIndex(Vocabulary(), [["a"], []], 3).best([["a"], ["a", "b", "c"]], BAR, LEAST) == [Best(), Best()]
