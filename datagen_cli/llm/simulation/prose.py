"""Texts of a class: support messages, news, headlines, reviews, jokes, statements.

Each label draws on its own bank of words, so that a classifier can learn them apart; people, places, dates and the way
a text is put together vary for all labels alike. Labels that no bank knows are written about with their own words and
those of their examples.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from datagen_cli.llm.simulation.banks_news import FILLERS, NEWS
from datagen_cli.llm.simulation.banks_reviews import ASPECTS, JOKES, SENTIMENTS, STATEMENTS
from datagen_cli.llm.simulation.banks_tickets import CLOSERS, CONTEXTS, OPENERS, TICKETS
from datagen_cli.llm.simulation.registers import Subject
from datagen_cli.llm.simulation.slots import Slots, pick, sentence

_BEFORE = re.compile(r" (?:of|in|near|to|around|outside|about) ")
WORD_FRAMES = (
    "{name} from {city} wrote about {w} and {w2} on {day}.",
    "In {city}, {w} matters more than {w2} this {month}.",
    "The {adjective} part of {w} is how it goes together with {w2}.",
    "{name} {surname} has looked into {w} for {n} years.",
    "People in {city} keep asking about {w}, {w2} and {w3}.",
    "After {n} weeks of {w}, {name} turned to {w2}.",
    "There is a {adjective} side to {w} that {name} noticed in {month}.",
    "{name} compared {w} with {w2} and preferred the {adjective} one.",
    "A note from {month} {year} mentions {w} next to {w2}.",
    "Nobody in {city} expected {w} to be so {adjective}.",
    "What {name} {surname} says about {w} is mostly about {w2}.",
    "{n} people came to {city} on {day} because of {w}.",
)
QUESTION_FRAMES = (
    "How does {w} change {w2} over {n} years?",
    "What should {name} know about {w} before {month}?",
    "Why is {w} so {adjective} in {city}, and what does {w2} have to do with it?",
    "Who in {city} can tell {name} more about {w} and {w2}?",
    "Is {w} better than {w2} for a {adjective} {thing}?",
    "When did people in {city} first hear of {w}?",
    "How much {w} does one need for {n} days of {w2}?",
    "Which kind of {w} would {name} {surname} choose for {w2}?",
    "Can {w} and {w2} go together if there are only {n} weeks left?",
)
ASKING = (
    "{name} {surname} from {city} asks:",
    "I read your page on {day} in {city}, {name} sent me.",
    "A question from {name} {surname}:",
    "{name} and {name2} talked about this in {city}.",
)
REFERENCES = (
    "My customer number is {ref}.",
    "The order number is {ref}.",
    "It is about the account of {name} {surname} in {city}.",
    "You can find me as {name} {surname}, {city}.",
)
HEARD = (
    "{name} from {city} says:",
    "Overheard by {name} {surname}:",
    "{name} and {name2} in {city} know this one:",
    "Seen in {city} in {month} {year}:",
    "{name} {surname} writes:",
)
HEADLINE_ENDS = (
    ", and {name} {surname} of {city} says it is only the start",
    ", which nobody in {city} had expected, {name} {surname} writes",
    " after {n} days, and {name} {surname} was there to see it",
    " in {month} {year}, the {nth} time that this has happened in {city}",
    ", and {surname} and {name2} want to know why",
)
TICKET_FILLERS = (
    *CONTEXTS,
    "I hope you can look into this soon.",
    "I have a {device} and a {color} case, if that matters.",
    "My colleague {name2} in {city} can confirm it.",
    "The first time was in {month}.",
)
REVIEW_FILLERS = (
    "I was there with my {relative} on {day}.",
    "{name} from {city} had told me about it.",
    "I had waited for it since {month}.",
    "It took me {n} minutes to make up my mind.",
    "My {relative} saw it the same way.",
    "I paid {amount} for it.",
    "That was in {city} in {month}.",
)


def class_text(rng: random.Random, register: str, subject: Subject, aspect: str = "product", mood: str = "") -> str:
    """A text about a subject in a register; `mood` is a sentence that has to be in it (a headline has none)."""
    if subject.bank == "tickets":
        return _ticket(rng, subject, mood)
    text = _other_text(rng, register, subject, aspect)
    return f"{text} {mood}" if mood and register != "headline" else text


def _other_text(rng: random.Random, register: str, subject: Subject, aspect: str) -> str:
    if subject.bank == "news":
        return _headline(rng, subject) if register == "headline" else _news(rng, subject)
    if subject.bank == "sentiment":
        return _review(rng, subject, aspect)
    if subject.bank == "humor":
        text = sentence(Slots(rng).fill(pick(rng, JOKES if subject.key == "joke" else STATEMENTS)))
        return f"{Slots(rng).fill(pick(rng, HEARD))} {text}"
    if subject.bank == "words":
        return _about_words(rng, subject.keywords, register)
    return statement(rng)


def filler(rng: random.Random, register: str) -> str:
    """One more sentence that fits any text of the register and says nothing of its label."""
    pool = {"ticket": TICKET_FILLERS, "news": FILLERS, "headline": FILLERS, "review": REVIEW_FILLERS}.get(
        register, STATEMENTS
    )
    return sentence(Slots(rng).fill(pick(rng, pool)))


def statement(rng: random.Random) -> str:
    """A sentence about nothing in particular."""
    return sentence(Slots(rng).fill(pick(rng, STATEMENTS)))


def _share(values: Sequence[str], subject: Subject) -> Sequence[str]:
    return values[subject.part :: subject.parts] or values


def _ticket(rng: random.Random, subject: Subject, mood: str) -> str:
    _, problems, asks = TICKETS[subject.key]
    slots = Slots(rng)
    body = [sentence(slots.fill(pick(rng, _share(problems, subject))))]
    if subject.parts > 1 and subject.keywords:
        body.append(f"It is about {pick(rng, subject.keywords)}.")
    draw = rng.random()
    if draw < 0.75:
        body.insert(int(rng.random() * 2), slots.fill(pick(rng, CONTEXTS)))
    if draw < 0.2:
        body.append(slots.fill(pick(rng, CONTEXTS)))
    if rng.random() < 0.8:
        body.append(slots.fill(pick(rng, _share(asks, subject))))
    if mood:
        body.insert(1 + int(rng.random() * len(body)), mood)
    if rng.random() < 0.55:
        first = body[0]
        body[0] = f"{pick(rng, OPENERS)} {first if first.startswith('I ') else first[0].lower() + first[1:]}"
    if draw >= 0.75 or rng.random() < 0.5:
        body.append(slots.fill(pick(rng, CLOSERS)))
    else:
        body.append(slots.fill(pick(rng, REFERENCES)))
    return " ".join(dict.fromkeys(body))


def _event(rng: random.Random, subject: Subject, slots: Slots) -> str:
    """Somebody does something."""
    actor, action = pick(rng, NEWS[subject.key][1]), pick(rng, _share(NEWS[subject.key][2], subject))
    head = _BEFORE.split(actor, maxsplit=1)[0].split()[-1]
    if (not head.endswith("s") and head != "Police") or head == "Actress":
        verb, _, rest = action.partition(" ")
        action = f"{verb}{'es' if verb.endswith(('ch', 'sh', 'ss', 'x', 'go')) else 's'} {rest}"
    return slots.fill(f"{actor} {action}")


def _headline(rng: random.Random, subject: Subject) -> str:
    """One line without a full stop; in lower case and with small words, so that a detector sees that it is English."""
    own = pick(rng, subject.keywords).capitalize() if subject.parts > 1 and subject.keywords else ""
    slots = Slots(rng, city=own) if own and subject.key == "city" else Slots(rng)
    text = _event(rng, subject, slots)
    if own and own not in text:
        text = f"{own}: {text}"
    draw = rng.random()
    if draw < 0.5:
        other = _event(rng, subject, slots)
        text += (
            slots.fill(pick(rng, (" on {day}", " in {month}", "")))
            + f" as {other[0].lower() + other[1:] if other.startswith(('The ', 'A ')) else other}"
        )
    else:
        text += slots.fill(pick(rng, HEADLINE_ENDS))
    return text


def _news(rng: random.Random, subject: Subject) -> str:
    details = NEWS[subject.key][3]
    slots = Slots(rng)
    head = _event(rng, subject, slots)
    body = [slots.fill(pick(rng, details))]
    if subject.parts > 1 and subject.keywords:
        body.append(f"It is part of a series about {pick(rng, subject.keywords)}.")
    more = rng.random()
    if more < 0.6:
        body.append(slots.fill(pick(rng, FILLERS)))
    if more > 0.4:
        body.append(f"{_event(rng, subject, slots)}.")
    draw = rng.random()
    source = slots.fill("{city}").upper() if draw < 0.5 else ""
    lead = f"{source} - " if draw < 0.3 else f"{source} (Wire) - " if source else ""
    return f"{head}. {lead}{' '.join(dict.fromkeys(body))}"


def _review(rng: random.Random, subject: Subject, aspect: str) -> str:
    _, things, parts = ASPECTS[aspect]
    _, openings, verdicts, closings = SENTIMENTS[subject.key]
    slots = Slots(rng, thing=pick(rng, things))
    body = [slots.fill(pick(rng, _share(openings, subject)))]
    for _ in range(1 + int(rng.random() * 3)):
        slots["part"] = pick(rng, parts)
        verdict = slots.fill(pick(rng, _share(verdicts, subject)))
        if rng.random() < 0.35:
            slots["part"] = pick(rng, parts)
            other = slots.fill(pick(rng, _share(verdicts, subject)))
            verdict += f", and {other if other.startswith('I ') else other[0].lower() + other[1:]}"
        body.append(verdict + ".")
    if len(body) == 2 or rng.random() < 0.5:
        body.append(slots.fill(pick(rng, REVIEW_FILLERS)))
    if rng.random() < 0.7:
        body.append(pick(rng, _share(closings, subject)))
    return " ".join(dict.fromkeys(body))


def _about_words(rng: random.Random, keywords: Sequence[str], register: str) -> str:
    words = list(keywords) if len(keywords) > 2 else [*keywords, slots_word(rng), slots_word(rng)]
    body = []
    frames = QUESTION_FRAMES if register == "question" else WORD_FRAMES
    for _ in range(1 if register in ("headline", "question") else 2 + int(rng.random() * 2)):
        at = int(rng.random() * len(keywords))
        slots = Slots(rng, w=words[at], w2=words[at - 1], w3=words[at - 2])
        body.append(sentence(slots.fill(pick(rng, frames))))
    text = " ".join(dict.fromkeys(body))
    if register == "question":
        text = f"{Slots(rng).fill(pick(rng, ASKING))} {text}"
    return text.rstrip(".") if register == "headline" else text


def slots_word(rng: random.Random) -> str:
    """A thing with a quality, to stand beside words that are too few."""
    return Slots(rng).fill("a {adjective} {thing}")
