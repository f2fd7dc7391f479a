"""What is left of a recipe without its broken parts, so that one look at it finds every problem.

A part that is not valid is told and taken out, and what is left is looked at again, until nothing is wrong with it.
What then seems wrong because of a part that was taken out is not told: it may be right once that part is.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from itertools import takewhile

from pydantic import ValidationError

from datagen_cli.config.consistency import inconsistencies
from datagen_cli.config.explain import Problem, placed, problems_of
from datagen_cli.config.recipe import RecipeOptions
from datagen_cli.config.tree import Node, as_node, put, without

MOST_ROUNDS = 12
STAND_INS = {"version": 1, "name": "recipe", "description": "records", "count": 1, "model": "offline"}
LEADING = ("base", "fields", "attributes", "method", "write", "sampling", "include")
"""Sections that much of a recipe refers to: without one of them little can be said of the others."""

Taken = set[tuple[str, ...]]


def sound_options(root: Node) -> tuple[RecipeOptions | None, list[Problem], Taken]:
    """The options of what is left (None where that is too little), every problem, and the paths taken out."""
    told: list[Problem] = []
    taken: Taken = set()
    for _ in range(MOST_ROUNDS):
        options: RecipeOptions | None = None
        try:
            options = RecipeOptions.model_validate(root.plain())
            found = inconsistencies(options, root)
        except ValidationError as error:
            found = placed(problems_of(error, root, (), RecipeOptions), root)
        if not found:
            return options, told, taken
        told += [one for one in found if not (follows(one.message, taken) or _around(one, taken))]
        for problem in found:
            left = _taken_out(root, problem, taken)
            if left is None:
                return None, told, taken
            root = left
    return None, told, taken


def follows(message: str, taken: Collection[tuple[str, ...]]) -> bool:
    """Whether a problem names something that was taken out, and may be there because of that alone."""
    words = set(re.findall(r"[\w-]+", message))
    return any(path[-1] in words for path in taken)


def _around(problem: Problem, taken: Taken) -> bool:
    """Whether a problem lies around, in or at something that was taken out."""
    path = tuple(map(str, problem.path))
    return any(path[: len(one)] == one[: len(path)] for one in taken)


def _taken_out(root: Node, problem: Problem, taken: Taken) -> Node | None:
    """The tree without what a problem lies in, a list as a whole; None where a leading section would go."""
    path = tuple(str(part) for part in takewhile(lambda part: isinstance(part, str), problem.path))
    if problem.message.startswith("model is missing"):
        path = ("model",)
    if path and root.at(path) is None:
        if len(path) == 1 and path[0] in STAND_INS:
            return put(root, path, as_node(STAND_INS[path[0]], root.source))
        path = path[:-1]
    if not path or (len(path) == 1 and difflib.get_close_matches(path[0], LEADING, n=1)):
        return None
    taken.add(path)
    if path[0] in STAND_INS and len(path) == 1:
        return put(root, path, as_node(STAND_INS[path[0]], root.source))
    return without(root, path) if root.at(path) is not None else root
