"""What kind of text a dataset wants, and which bank of words each of its labels is about. Decided from words alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from datagen_cli.llm.simulation.banks_news import NEWS
from datagen_cli.llm.simulation.banks_reviews import ASPECTS, SENTIMENTS
from datagen_cli.llm.simulation.banks_tickets import TICKETS
from datagen_cli.llm.simulation.names import words as listed

REGISTERS = {
    "ticket": (
        "ticket tickets support helpdesk helpline complaint complaints customer enquiry inquiry "
        "service desk banking intent"
    ),
    "review": "review reviews sentiment rating ratings opinion opinions imdb yelp stars emotion feeling",
    "headline": "headline headlines title titles",
    "news": "news article articles newspaper journalism press story stories reports",
    "humor": "humor humour humorous joke jokes funny comic witty puns",
    "question": "question questions faq quiz",
}
WITH_STORY = re.compile(
    r"\b(?:headlines?|titles?)\b[^.]*\b(?:and|with|then|plus|followed)\b[^.]*"
    r"\b(?:story|stories|sentences?|descriptions?|body|bodies|texts?|leads?|paragraphs?)\b"
)
HUMOR = ("true 1 yes funny joke jokes humor humour humorous", "false 0 no serious plain news not")
STOP = frozenset(
    listed(
        "the a an and or of to in is are was were be been it its this that with for on as by at from not "
        "no than then they them their "
        "there here what which who whom how when where why will would can could should may might do does "
        "did done have has had one two "
        "about into over under more most such some any all each other his her he she you your our we us i "
        "my me but if so also only "
        "very text label class category records record example value new data dataset"
    )
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a label's texts are about: a bank and its key, which share of it, and words of the label's own.

    `bank` is tickets, news, sentiment, humor, statement or words; `part` of `parts` tells labels of one key apart.
    """

    bank: str
    key: str
    keywords: tuple[str, ...] = ()
    part: int = 0
    parts: int = 1


def words_of(text: str) -> list[str]:
    """Lower-case words; `Sci/Tech` and `two_factor` fall apart."""
    return [word for word in re.findall(r"[a-z]+|\d+", text.lower().replace("_", " ")) if word]


def content_words(text: str, limit: int = 12) -> list[str]:
    """The telling words of a text, in order, each once."""
    found = dict.fromkeys(word for word in words_of(text) if len(word) > 3 and word not in STOP)
    return list(found)[:limit]


@lru_cache(maxsize=1)
def _banks() -> dict[str, dict[str, frozenset[str]]]:
    return {
        "tickets": {key: frozenset(bank[0].split()) for key, bank in TICKETS.items()},
        "news": {key: frozenset(bank[0].split()) for key, bank in NEWS.items()},
        "sentiment": {key: frozenset(bank[0].split()) for key, bank in SENTIMENTS.items()},
        "humor": dict(zip(("joke", "plain"), (frozenset(text.split()) for text in HUMOR), strict=True)),
    }


FIRST_BANK = {"ticket": "tickets", "news": "news", "headline": "news", "review": "sentiment", "humor": "humor"}


@lru_cache(maxsize=256)
def register_of(about: str, labels: tuple[tuple[str, str], ...]) -> str:
    """The register of texts: ticket, review, headline, news, humor or statement."""
    words = words_of(about)
    scores = {name: sum(words.count(word) for word in known.split()) for name, known in REGISTERS.items()}
    for register, bank in (("ticket", "tickets"), ("news", "news"), ("review", "sentiment")):
        fitting = sum(1 for value, meaning in labels if _score(_banks()[bank], value, meaning)[1] >= 3)
        scores[register] += 2 * (fitting == len(labels) > 0) + (fitting > len(labels) / 2)
    best = max(scores, key=lambda name: scores[name])
    if scores[best] == 0:
        return "statement"
    if best in ("news", "headline") and scores["headline"]:
        return "news" if WITH_STORY.search(about.lower()) else "headline"
    return best


def _score(bank: Mapping[str, frozenset[str]], value: str, meaning: str) -> tuple[str, float]:
    """The key of a bank that a label fits best, and how well: 3 a word of the value, 1 a word of its meaning."""
    own, meant = set(words_of(value)), set(words_of(meaning))
    best, score = "", 0.0
    for key, words in bank.items():
        found = 3 * len(own & words) + 1.0 * len(meant & words) + 4 * (key in own)
        if found > score:
            best, score = key, found
    return best, score


@lru_cache(maxsize=256)
def subjects_of(labels: tuple[tuple[str, str], ...], register: str) -> dict[str, Subject]:
    """A subject for each label, given as (text of the value, meaning)."""
    first = FIRST_BANK.get(register, "")
    order = (
        [first]
        if first in ("sentiment", "humor")
        else [first, *(bank for bank in ("tickets", "news") if bank != first)]
    )
    found: dict[str, Subject] = {}
    for value, meaning in labels:
        keywords = tuple(dict.fromkeys([*content_words(value), *content_words(meaning)]))
        ranked = [(bank, *_score(_banks()[bank], value, meaning)) for bank in order if bank]
        bank, key, score = max(ranked, key=lambda row: row[2] + (row[0] == first), default=("", "", 0.0))
        if score == 0 and first == "sentiment" and value.isdigit():
            bank, key, score = "sentiment", ("negative", "neutral", "positive")[min(2, int(value) // 2)], 1.0
        found[value] = Subject(bank, key, keywords) if score > 0 else Subject("words", "", keywords or (value,))
    if first == "sentiment" and {"0", "1"} == set(found):
        for value, meaning in labels:
            if not meaning:
                found[value] = Subject("sentiment", "positive" if value == "1" else "negative")
    return _told_apart(found)


def _told_apart(subjects: dict[str, Subject]) -> dict[str, Subject]:
    """Labels that share a key of a bank get a share of it each."""
    sharing: dict[tuple[str, str], list[str]] = {}
    for value, subject in subjects.items():
        if subject.bank != "words":
            sharing.setdefault((subject.bank, subject.key), []).append(value)
    for values in sharing.values():
        if len(values) > 1:
            words = {value: set(subjects[value].keywords) for value in values}
            for part, value in enumerate(values):
                old = subjects[value]
                others = set().union(*(words[other] for other in values if other != value))
                own = tuple(word for word in old.keywords if word not in others) or (value,)
                subjects[value] = Subject(old.bank, old.key, own, part, len(values))
    return subjects


@lru_cache(maxsize=256)
def aspect_of(about: str) -> str:
    """What is reviewed: film, restaurant, hotel, book or product."""
    words = set(words_of(about))
    scores = {key: len(words & set(aspect[0].split())) for key, aspect in ASPECTS.items()}
    best = max(scores, key=lambda key: scores[key])
    return best if scores[best] else "product"
