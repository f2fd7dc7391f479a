"""Instructions with responses, questions with answers, and small Python functions for tasks: those of
the corpus, else one that answers as the tests of the task ask."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from datagen_cli.offline.corpus import Slots, corpus, pick, telling_words
from datagen_cli.offline.quiz import Quiz, answer_of, write_quiz
from datagen_cli.offline.texts import filler, genre_of
from datagen_cli.offline.written import Draft

KINDS = ("tips", "explain", "note", "question", "sort", "turn")
_HEAD = re.compile(r"\b([a-z_]\w*)\(([\w\s,]*)\)")


def fill_pair(draft: Draft) -> None:
    """An instruction or question with its response; with `wrong_label`, a response to something else."""
    rng, data = draft.rng, draft.data
    question, answer, given = (draft.shape.name(role) for role in ("question", "answer", "input"))
    about = f"{answer} {data.spec(answer).description} {data.description}".lower()
    code = data.spec(answer).code or answer == "code" or bool(re.search(r"\b(python|function|program)", about))
    asks = question.lower().endswith(("question", "query"))
    pair = _pair(rng, "code" if code else "question" if asks else pick(rng, KINDS), with_input=bool(given))
    right, wrong, asked = pair.right, pair.wrong[0], draft.get("question")
    if isinstance(asked, str) and code:
        tests = next((str(text) for name, text in draft.fields.items() if "test" in name.lower()), "")
        right = _function_for(asked, tests)
        wrong = _spoiled(rng, right)
    elif isinstance(asked, str):
        genre = genre_of(data.description, ())
        words = ", ".join(telling_words((asked,), 3)) or "this"
        said = f"On {words}: {filler(rng, genre)} {filler(rng, genre)}"
        right, wrong = answer_of(asked) or said, filler(rng, genre)
    draft.put("question", pair.question)
    draft.put("answer", wrong if "wrong_label" in draft.faults else right)
    draft.put("input", pair.input or "none")
    if "wrong_label" in draft.faults:
        draft.plant("wrong_label", "answer", right)


def _pair(rng: random.Random, kind: str, *, with_input: bool) -> Quiz:
    if kind == "question":
        return write_quiz(rng)
    if kind in ("sort", "turn"):
        slots = Slots(rng)
        words = list(dict.fromkeys(slots.fill(slots.say(("{thing}", "{city}", "{name}"))) for _ in range(8)))
        asked, given = corpus("advice")["asked"][kind][0], ", ".join(words)
        right = ", ".join(sorted(words, key=str.lower) if kind == "sort" else words[::-1])
        return Quiz(asked, right, (given,), input=given) if with_input else Quiz(f"{asked} {given}", right, (given,))
    asked, right, wrong = _told(rng, kind).replace("\\n", "\n").split(" => ")
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


def _function_for(task: str, tests: str) -> str:
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


def _spoiled(rng: random.Random, code: str) -> str:
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
        match node:
            case ast.Assert(ast.Compare(ast.Call(ast.Name(name), given), _, [value, *_])):
                with suppress(ValueError):
                    found.append((name, tuple(map(ast.literal_eval, given)), ast.literal_eval(value)))
    return found
