"""Small Python functions for a task that is given: those of the corpus, else one that answers as the tests ask."""

from __future__ import annotations

import ast
import random
import re
from typing import Any

from datagen_cli.offline.corpus import corpus, pick

_HEAD = re.compile(r"\b([a-z_]\w*)\(([\w\s,]*)\)")


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
    return _function(name, parameters or ["*given"], f"return {answers!r}.get(repr({_packed(parameters)}))")


def spoiled_function(rng: random.Random, code: str) -> str:
    """The function with a last line that gives something else back."""
    head, _, last = code.rpartition("return ")
    return f"{head}return {pick(rng, ('None', f'not ({last})', f'[{last}]'))}"


def _function(name: str, parameters: list[str], body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    return f"def {name}({', '.join(parameters)}):\n{lines}"


def _packed(parameters: list[str]) -> str:
    return f"({', '.join(parameters)},)" if parameters else "given"


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
