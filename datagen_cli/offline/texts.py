"""Texts of a class: support messages, news, headlines, reviews, jokes, statements.

Which kind of text a dataset wants, and which section of the corpora each of its labels is about, is told by words
alone. Each label draws on its own section, so that a classifier can learn them apart; people, places, dates and the
form of a text vary for all labels alike. Labels that no section knows are written about with their own words and those
of their examples.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from datagen_cli.offline.corpus import Section, Slots, corpus, pick, subjects, telling_words, tidied, words_of

FILES = {"ticket": "tickets", "news": "news", "headline": "news", "review": "reviews", "humor": "sentences"}
_FILLERS = {**FILES, "problem": "problems"}
_WITH_STORY = re.compile(
    r"\b(?:headlines?|titles?)\b[^.]*\b(?:and|with|then|plus|followed)\b[^.]*"
    r"\b(?:story|stories|sentences?|descriptions?|body|bodies|texts?|leads?|paragraphs?)\b"
)
Labels = tuple[tuple[str, str], ...]
"""Label values as text, with their meanings."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a label's texts are about: a section of a file (an empty file: words only), which share of it, and words of
    the label's own. `part` of `parts` tells labels of one section apart."""

    file: str
    key: str = ""
    keywords: tuple[str, ...] = ()
    part: int = 0
    parts: int = 1


@lru_cache(maxsize=16)
def _sections(file: str) -> dict[str, Section]:
    if file == "sentences":
        return {key: corpus(file)[key] for key in ("joke", "plain")}
    return subjects(file) if file else {}


@lru_cache(maxsize=256)
def genre_of(about: str, labels: Labels) -> str:
    """The genre of texts: ticket, review, headline, news, humor, question or statement."""
    words = words_of(about)
    genres = corpus("words")["genres"].pairs("words")
    scores = {name: sum(words.count(word) for word in known.split()) for name, known in genres}
    for genre in ("ticket", "news", "review"):
        fitting = sum(_fit(FILES[genre], value, meaning)[1] >= 3 for value, meaning in labels)
        scores[genre] += 2 * (fitting == len(labels) > 0) + (fitting > len(labels) / 2)
    best = max(scores, key=lambda name: scores[name])
    if scores[best] == 0:
        return "statement"
    if best in ("news", "headline") and scores["headline"]:
        return "news" if _WITH_STORY.search(about.lower()) else "headline"
    return best


def _fit(file: str, value: str, meaning: str) -> tuple[str, float]:
    """The section of a file that a label fits best, and how well: 3 a word of the value, 1 a word of its meaning."""
    own, meant = set(words_of(value)), set(words_of(meaning))
    scores = {
        key: 3.0 * len(own & section.words) + len(meant & section.words) + 4 * (key in own)
        for key, section in _sections(file).items()
    }
    best = max(scores, key=lambda key: scores[key], default="")
    return (best, scores[best]) if best and scores[best] else ("", 0.0)


@lru_cache(maxsize=256)
def topics_of(labels: Labels, genre: str) -> Mapping[str, Topic]:
    """A topic for each label."""
    first = FILES.get(genre, "")
    order = [first] if first in ("reviews", "sentences") else list(dict.fromkeys((first, "tickets", "news")))
    found: dict[str, Topic] = {}
    for value, meaning in labels:
        keywords = tuple(telling_words((value, meaning)))
        ranked = [(file, *_fit(file, value, meaning)) for file in order if file]
        file, key, score = max(ranked, key=lambda row: row[2] + (row[0] == first), default=("", "", 0.0))
        found[value] = Topic(file, key, keywords) if score else Topic("", "", keywords or (value,))
    if first == "reviews" and {"0", "1"} == set(found) and not any(meaning for _, meaning in labels):
        found = {"0": Topic(first, "negative"), "1": Topic(first, "positive")}
    return _told_apart(found)


def _told_apart(topics: Mapping[str, Topic]) -> dict[str, Topic]:
    """Labels that share a section get a share of it each."""
    found = dict(topics)
    for value, topic in topics.items():
        sharing = [name for name, other in topics.items() if (other.file, other.key) == (topic.file, topic.key)]
        if topic.file and len(sharing) > 1:
            others = {word for name in sharing if name != value for word in topics[name].keywords}
            own = tuple(word for word in topic.keywords if word not in others) or (value,)
            found[value] = replace(topic, keywords=own, part=sharing.index(value), parts=len(sharing))
    return found


@lru_cache(maxsize=256)
def reviewed(about: str) -> str:
    """What is reviewed: film, restaurant, hotel, book or product."""
    words = set(words_of(about))
    scores = {key: len(words & section.words) for key, section in subjects("reviewed").items()}
    best = max(scores, key=lambda key: scores[key])
    return best if scores[best] else "product"


@lru_cache(maxsize=256)
def _vocabulary(topic: Topic) -> frozenset[str]:
    """The telling words of a topic."""
    section = _sections(topic.file).get(topic.key)
    lines = [line for part in section.parts.values() for line in part] if section else []
    told = telling_words([re.sub(r"\{\w+\}", " ", line) for line in lines], 1000)
    return frozenset((*told, *map(str.lower, topic.keywords)))


def topic_of(text: str, topics: Mapping[str, Topic]) -> str | None:
    """The label whose words a text uses most; None when no label leads."""
    words = set(telling_words((text,), 400))
    vocabularies = {label: _vocabulary(topic) for label, topic in topics.items()}
    scores = {}
    for label, own in vocabularies.items():
        others = frozenset().union(*(other for name, other in vocabularies.items() if name != label))
        scores[label] = 3 * len(words & (own - others)) + len(words & own)
    most = max(scores.values(), default=0)
    leading = [label for label, score in scores.items() if score == most]
    return leading[0] if most and len(leading) == 1 else None


def write_text(rng: random.Random, genre: str, topic: Topic, kind: str = "product", mood: str = "") -> str:
    """A text about a topic in a genre; `kind` is what a review is of, `mood` a sentence that has to be in the text (a
    headline has none)."""
    sections = corpus(topic.file or "sentences")
    own = sections[topic.key if topic.file else "about"].parts
    parts = dict(sections["all"].parts)
    parts |= {part: lines[topic.part :: topic.parts] or lines for part, lines in own.items()}
    words = topic.keywords
    given = {"mood": mood}
    if topic.file == "reviews":
        given["thing"] = pick(rng, corpus("reviewed")[kind].listed("thing"))
        parts["part"] = corpus("reviewed")[kind].listed("part")
    if not topic.file:
        invented = (Slots(rng).fill("a {adjective} {thing}") for _ in range(3 - len(words)))
        given["w"] = pick(rng, words)
        given["w2"], given["w3"] = rng.sample([word for word in (*words, *invented) if word != given["w"]], 2)
    text = Slots(rng, given, parts).say(parts.get(genre, parts["form"]))
    if topic.parts > 1 and words:
        text = f"{pick(rng, words)}: {text}" if genre == "headline" else f"{text} It is about {pick(rng, words)}."
    if mood and genre != "headline" and mood not in text:
        text = f"{text} {mood}"
    return tidied(text).rstrip(".") if genre == "headline" else tidied(text)


def filler(rng: random.Random, genre: str = "") -> str:
    """One more sentence that fits any text of the genre and says nothing of its label."""
    file = _FILLERS.get(genre, "sentences")
    lines = corpus(file)["all"]["filler"] if file != "sentences" else corpus(file)["plain"]["say"]
    return tidied(Slots(rng).say(lines))
