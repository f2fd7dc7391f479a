"""What joins the sentences of a word problem, and sentences that only set the scene."""

from __future__ import annotations

from datagen_cli.llm.simulation.names import words

CONNECTORS = (
    "Then ",
    "After that, ",
    "Later, ",
    "The next day, ",
    "Next, ",
    "A little later, ",
    "In the afternoon, ",
    "Soon after, ",
    "Some days later, ",
    "In the evening, ",
    "A week later, ",
    "Afterwards, ",
)
# openings before which no connecting word fits
FRONTED = frozenset(words("By Before In Over On So Every There If For Out Delivery Rain Frost Birds"))
CONTEXT = (
    "{N} lives in {city}.",
    "It is a sunny {day} in {city}.",
    "{N} has been looking forward to this day for a long time.",
    "{N} likes to keep track of everything in a small notebook.",
    "The weather in {city} is better than expected.",
    "{N} {surname} tells this story to {w}.",
    "It all starts on a quiet {day} morning.",
    "{N} has promised to help {w}.",
    "Everybody in {city} is talking about the coming holidays.",
    "{N} wants to get the numbers right this time.",
    "Nobody is in a hurry on this {day}.",
    "{N} writes everything down so that nothing is forgotten.",
)
