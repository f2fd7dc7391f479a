"""Everyday scenes and how they go on, for multiple choice between endings."""

from __future__ import annotations

import random

from datagen_cli.llm.simulation.quiz import Quiz
from datagen_cli.llm.simulation.slots import Slots, pick

PEOPLE = (
    "A man",
    "A woman",
    "A boy",
    "A girl",
    "An old man",
    "A young woman",
    "A coach",
    "A chef",
    "A gardener",
    "A student",
    "A tourist",
    "A neighbor",
    "A tall man",
    "A woman in a {color} coat",
    "A boy with a {color} cap",
    "A man named {name}",
    "A woman from {city}",
)
WHERE = (
    "in {city}",
    "on a {day} morning",
    "near the station",
    "behind a {adjective} house",
    "while music is playing",
    "as a {relative} watches",
)
# name -> (what is going on, what happens next)
ACTIVITIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Washing dishes": (
        (
            "stands at the sink and puts {n} plates into the soapy water",
            "rolls up both sleeves in front of a pile of {adjective} pans",
        ),
        (
            "rinses the plates and puts them on a rack to dry.",
            "scrubs the pans with a sponge.",
            "dries the cups with a towel.",
        ),
    ),
    "Playing violin": (
        ("lifts a violin to the chin on a small stage", "tunes the strings of a {adjective} violin"),
        ("draws the bow across the strings and begins a slow tune.", "plays a few notes and nods to the pianist."),
    ),
    "Repairing a bicycle": (
        ("turns a {color} bicycle upside down", "takes the front wheel off a {adjective} bicycle"),
        (
            "pulls out the tube and looks for the hole.",
            "oils the chain and spins the pedals.",
            "pumps up the tire again.",
        ),
    ),
    "Baking bread": (
        ("kneads a ball of dough on a floured table", "weighs {n} spoons of flour into a bowl"),
        (
            "leaves the dough to rise under a cloth.",
            "slides the loaf into the hot oven.",
            "shapes the dough into a loaf.",
        ),
    ),
    "Painting a wall": (
        ("opens a bucket of {color} paint", "covers the floor of an empty room with newspaper"),
        ("dips the roller and paints the wall from top to bottom.", "tapes the edges of the window before painting."),
    ),
    "Swimming": (
        ("stands on the starting block of a pool", "puts on goggles beside the water"),
        ("dives in and swims to the far end.", "jumps into the water and starts with long strokes."),
    ),
    "Fishing": (
        ("sits on a pier with a rod and {n} worms", "throws a line into a quiet lake"),
        ("waits until the float moves and reels in the line.", "pulls a small trout out of the water."),
    ),
    "Mowing the lawn": (
        ("pulls the cord of a {adjective} mower", "pushes a mower across the yard"),
        ("walks up and down until the grass is short.", "empties the bag of cut grass onto the compost."),
    ),
    "Playing chess": (
        ("sets up {n} chess boards in a hall", "moves a white pawn two squares"),
        ("presses the clock and waits for the black move.", "takes a knight and says check."),
    ),
    "Ironing clothes": (
        ("unfolds an ironing board next to a basket", "fills a {color} iron with water"),
        ("smooths the sleeves of a shirt with the iron.", "hangs the warm shirt on a hanger."),
    ),
    "Building a snowman": (
        ("rolls a big ball through fresh snow", "stacks {m} balls of snow in the yard"),
        ("adds a carrot as the nose.", "puts an old hat on top of the snowman."),
    ),
    "Cutting hair": (
        ("combs the wet hair of a customer", "puts a cape around the shoulders of a customer"),
        ("snips the ends with scissors.", "holds up a mirror to show the haircut."),
    ),
    "Putting up a tent": (
        ("spreads a {color} tent on the grass", "sorts {n} pegs at a camp site"),
        ("pushes the poles through the loops and raises the tent.", "hammers the pegs into the ground."),
    ),
    "Making coffee": (
        ("grinds a handful of coffee beans", "fills a {adjective} kettle in the kitchen"),
        ("pours hot water over the ground beans.", "adds a little milk to the cup and takes a sip."),
    ),
    "Climbing": (
        ("ties into a rope below a rock face", "chalks both hands and looks up at the wall"),
        ("reaches for the first hold and pulls up.", "clips the rope into a bolt and climbs on."),
    ),
}


def write_ending(rng: random.Random, *, wrong: int = 3) -> tuple[Quiz, str]:
    """A beginning with the ending that fits and `wrong` that do not; and the name of the activity."""
    name = pick(rng, tuple(ACTIVITIES))
    begins, endings = ACTIVITIES[name]
    slots = Slots(rng)
    person = slots.fill(pick(rng, PEOPLE))
    place = slots.fill(pick(rng, WHERE))
    again = slots.fill(
        pick(
            rng,
            (
                "A {adjective} {thing} stands nearby. ",
                "It is {n} minutes past {m}. ",
                "",
                "A friend called {name} looks on. ",
            ),
        )
    )
    begin = f"{person} {slots.fill(pick(rng, begins))} {place}. {again}Then {person[0].lower() + person[1:]}"
    others = [other for other in ACTIVITIES if other != name]
    found: dict[str, None] = {}
    while len(found) < min(wrong, 20):
        found[pick(rng, ACTIVITIES[pick(rng, others)][1])] = None
    return Quiz(begin, pick(rng, endings), tuple(found)), name


def ending_of(context: str, endings: list[str]) -> int | None:
    """Which ending continues the context, told from the activity both belong to; None when no activity fits."""
    for begins, nexts in ACTIVITIES.values():
        stems = [begin.split("{")[0].strip() for begin in begins]
        tails = [begin.split("}")[-1].strip() for begin in begins]
        if any(stem in context and tail in context for stem, tail in zip(stems, tails, strict=True)):
            return next((at for at, ending in enumerate(endings) if ending in nexts), None)
    return None
