"""The stages of a run, in order: the one list that the runner, previews, estimates, files and cost booking follow.

A run loads the base, plans its slots, generates records, takes every record through the stages that are `step`s,
judges it against those accepted so far, and takes up what people said of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `asks` are the purposes of its calls; a `step` works on one record after generation."""

    name: str
    asks: tuple[str, ...] = ()
    step: bool = False


CHECKS = "validate"
"""The stage whose checks ask with purposes of their own."""
REVIEW = "review"
"""The stage of people: it has a checkpoint only where somebody has looked at records."""
FLOW = (
    Stage("load"),
    Stage("plan", asks=("extract",)),
    Stage("generate", asks=("generate",)),
    Stage(CHECKS, asks=("repair",), step=True),
    Stage("enhance", asks=("enhance", "measure"), step=True),
    Stage("dedup"),
    Stage(REVIEW),
)
STAGES = tuple(stage.name for stage in FLOW)
ATTEMPTED = STAGES[STAGES.index("generate") :]
"""The stages that keep lines of attempts, each of those that reached it."""
STEPS = tuple(stage.name for stage in FLOW if stage.step)


def stage_of(purpose: str) -> str:
    """The stage that asks for a purpose: the one that says so, else the one that runs the checks."""
    return next((stage.name for stage in FLOW if purpose in stage.asks), CHECKS)
