"""Writes a new record for a request: first the fields that play a part in the dataset's shape, then the others by name
and type; then it keeps the constraints, and plants the faults.

Among these are instructions with responses, questions with answers, and small Python functions for tasks: those of the
corpus, else one that answers as the tests of the task ask.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from datagen_cli.config.fields import label_text
from datagen_cli.constraints.keeping import Pen, keep, spoil
from datagen_cli.constraints.language import Language
from datagen_cli.core.digest import rng as rng_of
from datagen_cli.core.task import Task, Wanted
from datagen_cli.offline.corpus import Slots, corpus, pick, telling_words
from datagen_cli.offline.dataset import dataset_of
from datagen_cli.offline.labelled import fill_choice, fill_class, fill_truth
from datagen_cli.offline.problems.record import fill_problem
from datagen_cli.offline.quiz import Quiz, answer_of, facts, write_quiz
from datagen_cli.offline.texts import filler, genre_of
from datagen_cli.offline.values import value_of
from datagen_cli.offline.written import Draft, Plant

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


TRIES = 6
STOCK = 5
FILLS = {
    "problem": fill_problem, "choice": fill_choice, "truth": fill_truth, "classes": fill_class, "pair": fill_pair,
}  # fmt: skip
_NONE = frozenset[str]()


class Author:
    def __init__(self, task: Task, rng: random.Random) -> None:
        self.task, self.rng = task, rng
        self.data = dataset_of(task)
        given = [one.given for one in task.wanted if task.about.given]
        self.shape = self.data.shape(task.examples or ([task.record] if task.record else task.more.get("weak", given)))

    def draft(self, wanted: Wanted, fields: Mapping[str, Any], faults: frozenset[str] = _NONE) -> Draft:
        """A record that begins with some fields."""
        return Draft(self.rng, self.data, self.shape, self.task.examples, wanted, faults, dict(fields))

    def write(self, wanted: Wanted, faults: frozenset[str] = _NONE) -> Draft:
        """A record for `wanted` that satisfies what is asked, but for `faults`."""
        for _ in range(TRIES):
            draft = self.draft(wanted, wanted.given, faults)
            self._fill(draft)
            if self.data.holds(draft.fields):
                break
        else:
            self.keep(draft.fields, wanted.given)
        name = self._open_text(wanted)
        for fault in ("contradicted", "injected"):
            if fault in faults and isinstance(draft.fields.get(name), str):
                self._insert(draft, fault, name)
        if "off_constraint" in faults:
            self.break_rule(draft)
        return draft

    def repeat(self, wanted: Wanted, faults: frozenset[str]) -> Draft | None:
        """A record that repeats an example, or one of a few that many slots write; or an example slightly changed."""
        names, name, rng = [spec.name for spec in self.data.specs], self.main_text, self.rng
        fitting = [
            row
            for row in self.task.examples
            if all(key in row for key in names)
            and all(label_text(row[key]) == label_text(value) for key, value in wanted.given.items() if key in row)
        ]
        found, truth = dict[str, Any](), None
        if "duplicate" in faults:
            fault, truth = "duplicate", "example"
            if fitting and rng.random() < 0.6:
                found = dict(pick(rng, fitting))
            else:
                place = [self.task.about.description, [[spec.name, spec.type] for spec in self.task.about.specs]]
                stock = rng_of("offline stock", place, dict(wanted.given), int(rng.random() * STOCK))
                found, truth = Author(self.task, stock).write(Wanted(wanted.given)).fields, "stock"
            if isinstance(text := found.get(name), str):  # the same up to case and white space
                ways = (text, text.replace(". ", ".  ", 1), text[:1].swapcase() + text[1:], text + " ")
                found[name] = pick(rng, ways)
        elif "near_copy" in faults and fitting:
            row = pick(rng, fitting)
            fault, truth, copied = "near_copy", row.get(name), _near_copy(rng, row.get(name))
            found = {**row, name: copied} if copied is not None else {}
        if not found:
            return None
        draft = self.draft(wanted, {key: found[key] for key in names})
        draft.plants.append(Plant(fault, name, truth))
        return draft

    def complete(self, fields: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
        """The record, with the fields that it lacks as a new one has them."""
        missing = [spec.name for spec in self.data.specs if fields.get(spec.name) is None]
        fresh = self.write(wanted).fields if missing else {}
        return {**fields, **{name: fresh[name] for name in missing}}

    def keep(self, fields: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Changes the fields that break a constraint, as little as needed; what is given stays."""
        for name, rules in self.data.rules.items():
            own = [rule for rule in rules if not isinstance(rule, Language)]
            if name in fields and name not in given:
                fields[name] = keep(name, fields[name], own, self.pen(name))
        for rule in self.data.together:
            if rule.field not in given and not rule.holds(fields):
                alone = self.data.rules.get(rule.field, ())
                for value in rule.beside(fields, self.pen(rule.field)):
                    if rule.holds({**fields, rule.field: value}) and all(one.holds(rule.field, value) for one in alone):
                        fields[rule.field] = value
                        break

    def pen(self, name: str) -> Pen:
        """What writes further sentences of a field."""
        rng, code = self.rng, self.data.language.get(name)
        if code:
            return Pen(rng, lambda: Slots(rng).say(corpus("languages")[code]["say"]))
        genre = "problem" if self.shape.kind == "problem" else genre_of(self.data.description, ())
        return Pen(rng, lambda: filler(rng, genre))

    @property
    def main_text(self) -> str:
        """The field with the text that a reader would look at first."""
        texts = [spec.name for spec in self.data.specs if spec.type == "text"]
        return next((name for name in (self.shape.name("text"), self.shape.name("question"), *texts) if name), "")

    def _fill(self, draft: Draft) -> None:
        if self.shape.kind in FILLS:
            FILLS[self.shape.kind](draft)
        for spec in self.data.specs:
            if spec.name not in draft.fields:
                shown = [row[spec.name] for row in draft.rows if row.get(spec.name) is not None]
                draft.fields[spec.name] = value_of(self.rng, self.data.description, spec, shown)
        for name in self.data.language:
            if name not in draft.wanted.given and isinstance(draft.fields.get(name), str):
                more = self.pen(name).more
                draft.fields[name] = " ".join(dict.fromkeys(more() for _ in range(2 + int(self.rng.random() * 2))))
        draft.fields = {spec.name: draft.fields[spec.name] for spec in self.data.specs}

    def _open_text(self, wanted: Wanted) -> str:
        """The field that a sentence can be put into: the main text, or the answer of a given one; empty for none."""
        if self.main_text not in wanted.given:
            return self.main_text
        answer = self.shape.name("answer") if self.shape.kind == "pair" else ""
        return answer if answer and answer not in wanted.given and not self.data.spec(answer).code else ""

    def _insert(self, draft: Draft, fault: str, name: str) -> None:
        """Puts a sentence into a text that stays within its constraints: a false fact, or an instruction."""
        rng, text = self.rng, draft.fields[name]
        sentence, truth = pick(rng, corpus("sentences")["order"]["say"]), None
        if fault == "contradicted":
            (country, (right,)), (_, (false,)) = rng.sample(list(facts("capital").items()), 2)
            sentence, truth = (f"The capital of {country} is {city}." for city in (false, right))
        longer = f"{sentence} {text}" if text.endswith("?") or rng.random() < 0.5 else f"{text} {sentence}"
        fields = {name: longer}
        self.keep(fields, {})
        if fields[name] == longer or (sentence in fields[name] and self.shape.kind in ("classes", "plain")):
            draft.fields |= fields
            draft.plants.append(Plant(fault, name, truth))

    def break_rule(self, draft: Draft) -> None:
        """Breaks one constraint on purpose, where one can be broken within its field's type."""
        open_to = [name for name in self.data.rules if name in draft.fields and name not in draft.wanted.given]
        rules = [(name, rule) for name in open_to for rule in self.data.rules[name]]
        self.rng.shuffle(rules)
        for name, rule in rules:
            value = spoil(name, draft.fields[name], rule, self.pen(name))
            if value is not None:
                draft.fields[name] = value
                draft.plants.append(Plant("off_constraint", name, type(rule).__name__.lower()))
                return


def _near_copy(rng: random.Random, text: Any) -> str | None:
    """A text with a word or two changed; None when it has too few."""
    words = text.split(" ") if isinstance(text, str) else []
    places = [at for at, word in enumerate(words) if word.isalpha() and len(word) > 3]
    if len(places) < 4:
        return None
    for at in rng.sample(places, 1 + int(rng.random() * 2)):
        words[at] = Slots(rng).fill("{adjective}" if words[at].islower() else "{name}")
    return " ".join(words)
