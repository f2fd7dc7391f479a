"""Instructions with responses, questions with answers, and small Python functions for tasks: those of
the corpus, else one that answers as the tests of the task ask."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Sequence
from typing import Any

from datagen_cli.offline.corpus import Slots, corpus, pick
from datagen_cli.offline.quiz import Quiz, write_quiz

MARK = " => "
_HEAD = re.compile(r"\b([a-z_]\w*)\(([\w\s,]*)\)")


def write_pair(rng: random.Random, *, code: bool, question: bool, with_input: bool) -> Quiz:
    """A pair; `code` asks for a program, `question` for a question with a short answer."""
    kind = (
        "code"
        if code
        else "question"
        if question
        else pick(rng, ("tips", "explain", "note", "question", "sort", "turn"))
    )
    if kind == "question":
        return write_quiz(rng)
    if kind in ("sort", "turn"):
        slots = Slots(rng)
        words = list(dict.fromkeys(slots.fill(slots.say(("{thing}", "{city}", "{name}"))) for _ in range(8)))
        asked, given = corpus("advice")["asked"][kind][0], ", ".join(words)
        right = ", ".join(sorted(words, key=str.lower) if kind == "sort" else words[::-1])
        return Quiz(asked, right, (given,), input=given) if with_input else Quiz(f"{asked} {given}", right, (given,))
    asked, right, wrong = _told(rng, kind).replace("\\n", "\n").split(MARK)
    return Quiz(asked, right, (wrong,))


def _told(rng: random.Random, kind: str) -> str:
    """A form of the kind with its slots filled, each of them alike at all its places."""
    told = {}
    if kind == "tips":
        goals = [(goal, one["tip"]) for goal, one in corpus("advice").items() if one["tip"]]
        (goal, right), (_, wrong) = rng.sample(goals, 2)
        count = 2 + int(rng.random() * 3)
        told = {"goal": goal, "k": str(count), "right": _numbered(rng.sample(right, count))}
        told["wrong"] = _numbered(rng.sample(wrong, count))
    elif kind == "explain":
        known, other = rng.sample(corpus("advice")["concepts"].pairs(), 2)
        told = {"what": known[0], "right": known[1], "wrong": other[1]}
    asked = corpus("advice")["asked"]
    return Slots(rng, told, asked.parts, kept=True).say(asked[kind])


def _numbered(lines: Sequence[str]) -> str:
    return "\n".join(f"{place}. {line}" for place, line in enumerate(lines, 1))


def function_for(task: str, tests: str = "") -> str:
    """A function that does what the task says; one that knows the answers of `tests` where that is not known."""
    found = _HEAD.search(task)
    name, parameters = (found[1], [part.strip() for part in found[2].split(",") if part.strip()]) if found else ("", [])
    known = _tested(tests)
    name = name or next((call for call, _, _ in known), "solve")
    for asked, body in corpus("programs")["all"].pairs(mark=" => "):
        if asked in task:
            names = parameters or ["a", "b"]
            return _function(name, names, body.format(*names, *"ab").replace("\\n", "\n"))
    answers = {repr(arguments): value for call, arguments, value in known if call == name}
    return _function(name, ["*given"], f"return {answers!r}.get(repr(given))")


def spoiled_function(rng: random.Random, code: str) -> str:
    """The function with a last line that gives something else back."""
    head, _, last = code.rpartition("return ")
    return f"{head}return {pick(rng, ('None', f'not ({last})', f'[{last}]'))}"


def _function(name: str, parameters: list[str], body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    return f"def {name}({', '.join(parameters)}):\n{lines}"


def _tested(tests: str) -> list[tuple[str, tuple[Any, ...], Any]]:
    """(function, arguments, value) of every `assert f(…) == value` with literals."""
    found = []
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError):
        return []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare) and isinstance(node.test.left, ast.Call):
            call = node.test.left
            try:
                arguments = tuple(ast.literal_eval(argument) for argument in call.args)
                value = ast.literal_eval(node.test.comparators[0])
            except ValueError:
                continue
            if isinstance(call.func, ast.Name):
                found.append((call.func.id, arguments, value))
    return found
