"""near_duplicates and leakage against comparing every pair, on random corpora of many kinds, in any order."""

from __future__ import annotations

import random

import pytest

from datagen_cli.metrics.leakage import CONTAINED, LONG, LONG_FROM_WORDS, SHORT, leaks
from datagen_cli.metrics.near_duplicates import SHINGLE, THRESHOLD, find_near_duplicates
from datagen_cli.text.tokens import term_key, terms

SCRIPTS = {
    "latin": "abcdefghijklmnopqrstuvwxyz", "cyrillic": "абвгдежзиклмнопрст", "han": "天地玄黃宇宙洪荒日月盈昃辰宿列張",
    "kana": "あいうえおかきくけこサシスセソ", "thai": "กขคงจชดตทนบปผพมยรลวส", "arabic": "ابتثجحخدذرزسشصضطظع",
}  # fmt: skip
SIGNS = ["+", "-", "C++", "C#", "=", "<", ">", "12", "3", "1", "23", "-5", "5", "%"]


def corpus(rng: random.Random, kind: str, n: int) -> list[str]:
    """Texts of one kind, with some near copies and exact ones."""
    letters = SCRIPTS.get(kind, SCRIPTS["latin"])
    joint = "" if kind in ("han", "kana", "thai") else " "
    size = rng.choice([3, 8, 20, 40])
    vocabulary = ["".join(rng.choices(letters, k=1 if joint == "" else rng.randint(2, 7))) for _ in range(200)]
    if kind == "signs":
        vocabulary = SIGNS
    if kind == "templates":
        slots = [rng.sample(vocabulary, 4) for _ in range(5)]
        frame = rng.choices(vocabulary, k=2 * size)
        return [" ".join([*frame, *(rng.choice(slot) for slot in slots)]) for _ in range(n)]
    texts = [rng.choices(vocabulary, k=rng.randint(1, size)) for _ in range(n)]
    for _ in range(n // 2):
        changed = list(rng.choice(texts))
        changed[rng.randrange(len(changed))] = rng.choice(vocabulary)
        texts[rng.randrange(n)] = changed
    return [joint.join(text) for text in texts]


def grams(found: list[str], n: int, *, short: bool = False) -> set[tuple[str, ...]]:
    if short and 0 < len(found) < n:
        return {tuple(found)}
    return {tuple(found[at : at + n]) for at in range(len(found) - n + 1)}


def near_by_every_pair(texts: list[str]) -> list[bool]:
    keys = [term_key(terms(text), text) for text in texts]
    sets = [grams(terms(text), SHINGLE, short=True) for text in texts]
    near = [False] * len(texts)
    for a in range(len(texts)):
        for b in range(a):
            alike = bool(keys[a]) and keys[a] == keys[b]
            if not alike and (shared := len(sets[a] & sets[b])):
                alike = shared >= THRESHOLD * len(sets[a] | sets[b]) - 1e-9
            if alike:
                near[a] = near[b] = True
    return near


def leaking_by_every_pair(texts: list[str], reference: list[str]) -> list[bool]:
    found = []
    others = [terms(text) for text in reference]
    keys = {term_key(other, text) for other, text in zip(others, reference, strict=True)} - {""}
    for text in texts:
        own = terms(text)
        long = len(own) >= LONG_FROM_WORDS
        n = LONG if long else SHORT
        mine = grams(own, n)
        leak = term_key(own, text) in keys
        for other in others:
            theirs = grams(other, n)
            shared = len(mine & theirs)
            leak = leak or bool(mine and shared >= CONTAINED * len(mine) - 1e-9)
            quotable = long and len(theirs) >= LONG_FROM_WORDS - LONG + 1 and len(mine) >= LONG_FROM_WORDS - LONG + 1
            leak = leak or bool(quotable and shared >= CONTAINED * len(theirs) - 1e-9)
        found.append(leak)
    return found


KINDS = [*SCRIPTS, "templates", "signs"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(25))
def test_what_is_named_is_what_every_pair_shows_in_any_order(kind: str, seed: int) -> None:
    rng = random.Random(f"{kind} {seed}")
    texts = corpus(rng, kind, rng.choice([2, 3, 7, 20, 60, 150]))
    near = near_by_every_pair(texts)
    assert find_near_duplicates(texts).near.tolist() == near
    order = rng.sample(range(len(texts)), len(texts))
    assert find_near_duplicates([texts[row] for row in order]).near.tolist() == [near[row] for row in order]
    half = len(texts) // 2
    ours, reference = texts[:half], texts[half:]
    expected = [number for number, leak in enumerate(leaking_by_every_pair(ours, reference)) if leak]
    assert [leak.text for leak in leaks(ours, reference)] == expected
    assert [leak.text for leak in leaks(ours, reference[::-1])] == expected


@pytest.mark.slow
@pytest.mark.parametrize("kind", [KINDS[0], "templates", "signs"])
def test_of_three_thousand_texts_the_same_are_near_as_by_every_pair(kind: str) -> None:
    texts = corpus(random.Random(kind), kind, 3000)
    assert find_near_duplicates(texts).near.tolist() == near_by_every_pair(texts)


def fillings() -> list[str]:
    """5,184 fillings of one template, in the order of the product."""
    names, things, places = (
        [f"{kind}{n}" for n in range(size)] for kind, size in (("n", 12), ("t", 12), ("p", 36))
    )  # fmt: skip
    frame = "at the end of a long day {} carried the {} all the way down to the harbour of {} and sat down to rest"
    return [frame.format(name, thing, place) for name in names for thing in things for place in places]


@pytest.mark.slow
def test_fillings_of_a_template_are_near_in_any_order() -> None:
    texts = fillings()
    one = find_near_duplicates(texts)
    random.Random(0).shuffle(texts)
    other = find_near_duplicates(texts)
    assert one.near.mean() == other.near.mean()


def test_a_passage_of_many_references_leaks_as_one_of_few_does() -> None:
    passage = "the quick brown fox jumps over the lazy dog and runs away from the old farm"
    for count in (1, 64, 65, 500):
        reference = [f"{passage} number {n} of the tale that nobody ever told before" for n in range(count)]
        assert len(leaks([passage], reference)) == 1
