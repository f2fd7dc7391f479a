"""Texts of a class: support messages, news, headlines, reviews, jokes, statements.

Each label draws on its own section of the corpora, so that a classifier can learn them apart; people, places, dates and
the way a text is put together vary for all labels alike. Labels that no section knows are written about with their own
words and those of their examples.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from datagen_cli.offline.corpus import Slots, corpus, lowered, pick, sentence
from datagen_cli.offline.topics import FILES, Topic

_BEFORE = re.compile(r" (?:of|in|near|to|around|outside|about) ")


def write_text(rng: random.Random, genre: str, topic: Topic, kind: str = "product", mood: str = "") -> str:
    """A text about a topic in a genre; `kind` is what a review is of, `mood` a sentence that has to be in the text (a
    headline has none)."""
    if topic.file == "tickets":
        return _ticket(rng, topic, mood)
    if topic.file == "news":
        text = _headline(rng, topic) if genre == "headline" else _news(rng, topic)
    elif topic.file == "reviews":
        text = _review(rng, topic, kind)
    elif topic.file == "sentences":
        section, slots = corpus("sentences")[topic.key], Slots(rng)
        text = f"{slots.say(section['heard'])} {sentence(slots.say(section['say']))}"
    else:
        text = _about(rng, topic.keywords, genre)
    return f"{text} {mood}" if mood and genre != "headline" else text


def filler(rng: random.Random, genre: str) -> str:
    """One more sentence that fits any text of the genre and says nothing of its label."""
    file = FILES.get(genre, "sentences")
    lines = corpus(file)["all"]["filler"] if file != "sentences" else corpus(file)["plain"]["say"]
    return sentence(Slots(rng).say(lines))


def statement(rng: random.Random) -> str:
    """A sentence about nothing in particular."""
    return sentence(Slots(rng).say(corpus("sentences")["plain"]["say"]))


def _share(lines: Sequence[str], topic: Topic) -> Sequence[str]:
    return lines[topic.part :: topic.parts] or lines


def _ticket(rng: random.Random, topic: Topic, mood: str) -> str:
    own, shared, slots = corpus("tickets")[topic.key], corpus("tickets")["all"], Slots(rng)
    body = [sentence(slots.say(_share(own["say"], topic)))]
    if topic.parts > 1 and topic.keywords:
        body.append(f"It is about {pick(rng, topic.keywords)}.")
    draw = rng.random()
    if draw < 0.75:
        body.insert(int(rng.random() * 2), slots.say(shared["context"]))
    if draw < 0.2:
        body.append(slots.say(shared["context"]))
    if rng.random() < 0.8:
        body.append(slots.say(_share(own["ask"], topic)))
    if mood:
        body.insert(1 + int(rng.random() * len(body)), mood)
    if rng.random() < 0.55:
        body[0] = f"{pick(rng, shared['opener'])} {lowered(body[0])}"
    body.append(slots.say(shared["closer" if draw >= 0.75 or rng.random() < 0.5 else "reference"]))
    return " ".join(dict.fromkeys(body))


def _event(topic: Topic, slots: Slots) -> str:
    """Somebody does something."""
    section = corpus("news")[topic.key]
    actor, action = pick(slots.rng, section["who"]), pick(slots.rng, _share(section["does"], topic))
    head = _BEFORE.split(actor, maxsplit=1)[0].split()[-1]
    if (not head.endswith("s") and head != "Police") or head == "Actress":
        verb, _, rest = action.partition(" ")
        action = f"{verb}{'es' if verb.endswith(('ch', 'sh', 'ss', 'x', 'go')) else 's'} {rest}"
    return slots.fill(f"{actor} {action}")


def _headline(rng: random.Random, topic: Topic) -> str:
    """One line without a full stop; with small words, so that a detector sees that it is English."""
    own = pick(rng, topic.keywords).capitalize() if topic.parts > 1 and topic.keywords else ""
    slots = Slots(rng)
    text = _event(topic, slots)
    if own and own not in text:
        text = f"{own}: {text}"
    if rng.random() < 0.5:
        other = _event(topic, slots)
        other = lowered(other) if other.startswith(("The ", "A ")) else other
        return text + slots.say((" on {day}", " in {month}", "")) + f" as {other}"
    return f"{text} {slots.say(corpus('news')['all']['end'])}".replace(" ,", ",")


def _news(rng: random.Random, topic: Topic) -> str:
    slots = Slots(rng)
    head = _event(topic, slots)
    body = [slots.say(corpus("news")[topic.key]["detail"])]
    if topic.parts > 1 and topic.keywords:
        body.append(f"It is part of a series about {pick(rng, topic.keywords)}.")
    more, draw = rng.random(), rng.random()
    if more < 0.6:
        body.append(slots.say(corpus("news")["all"]["filler"]))
    if more > 0.4:
        body.append(f"{_event(topic, slots)}.")
    source = slots.fill("{city}").upper() if draw < 0.5 else ""
    lead = f"{source} - " if draw < 0.3 else f"{source} (Wire) - " if source else ""
    return f"{head}. {lead}{' '.join(dict.fromkeys(body))}"


def _review(rng: random.Random, topic: Topic, kind: str) -> str:
    own, of = corpus("reviews")[topic.key], corpus("reviewed")[kind]
    slots = Slots(rng, thing=pick(rng, of.listed("thing")))
    body = [slots.say(_share(own["opening"], topic))]
    for _ in range(1 + int(rng.random() * 3)):
        slots["part"] = pick(rng, of.listed("part"))
        verdict = slots.say(_share(own["verdict"], topic))
        if rng.random() < 0.35:
            slots["part"] = pick(rng, of.listed("part"))
            verdict += f", and {lowered(slots.say(_share(own['verdict'], topic)))}"
        body.append(verdict + ".")
    if len(body) == 2 or rng.random() < 0.5:
        body.append(slots.say(corpus("reviews")["all"]["filler"]))
    if rng.random() < 0.7:
        body.append(pick(rng, _share(own["closing"], topic)))
    return " ".join(dict.fromkeys(body))


def _about(rng: random.Random, keywords: Sequence[str], genre: str) -> str:
    frames, slots = corpus("sentences")["about"], Slots(rng)
    words = [*keywords, *(slots.fill("a {adjective} {thing}") for _ in range(3 - len(keywords)))]
    body = []
    for _ in range(1 if genre in ("headline", "question") else 2 + int(rng.random() * 2)):
        at = int(rng.random() * max(1, len(keywords)))
        named = Slots(rng, w=words[at], w2=words[at - 1], w3=words[at - 2])
        body.append(sentence(named.say(frames["question" if genre == "question" else "statement"])))
    text = " ".join(dict.fromkeys(body))
    if genre == "question":
        return f"{slots.say(frames['asking'])} {text}"
    return text.rstrip(".") if genre == "headline" else text
