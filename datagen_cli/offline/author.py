"""A new record for a request: the fields with a part in the dataset's shape first, every other by its name and type,
then the constraints; and what is to be wrong with it on purpose.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

from datagen_cli.constraints.keeping import Pen, keep, spoil
from datagen_cli.constraints.language import Language
from datagen_cli.core.digest import rng as rng_of
from datagen_cli.core.task import Task, Wanted
from datagen_cli.offline.corpus import Slots, corpus, pick, telling_words
from datagen_cli.offline.dataset import dataset_of, label_text
from datagen_cli.offline.labelled import fill_choice, fill_class, fill_truth
from datagen_cli.offline.pairs import write_pair
from datagen_cli.offline.problems.record import context, fill_problem
from datagen_cli.offline.programs import function_for, spoiled_function
from datagen_cli.offline.quiz import answer_of, facts
from datagen_cli.offline.texts import filler
from datagen_cli.offline.topics import genre_of
from datagen_cli.offline.values import value_of
from datagen_cli.offline.written import Draft, Job

TRIES = 6
STOCK = 5
_FILL = {"problem": fill_problem, "choice": fill_choice, "truth": fill_truth, "classes": fill_class}
Faults = frozenset[str]


class Author:
    """Writes the records of one request."""

    def __init__(self, task: Task) -> None:
        self.data = dataset_of(task)
        self.rows = task.examples
        given = [one.given for one in task.wanted if task.about.given]
        self.shape = self.data.shape(task.examples or ([task.record] if task.record else task.more.get("weak", given)))
        self._place = [task.about.description, [[spec.name, spec.type] for spec in task.about.specs]]

    def write(self, rng: random.Random, wanted: Wanted, faults: Faults = frozenset()) -> Draft:
        """A record for `wanted` that satisfies what is asked, but for `faults`."""
        draft = Draft({})
        for _ in range(TRIES):
            draft = self._draft(rng, wanted, faults)
            if self.data.holds(draft.fields):
                break
        else:
            self.keep(rng, draft.fields, wanted.given)
        text = str(draft.fields.get(self._open_text(wanted)))
        draft.plants = [plant for plant in draft.plants if draft.inserted.get(plant[0], "") in text]
        if "off_constraint" in faults:
            self.break_rule(rng, draft, wanted)
        return draft

    def repeat(self, rng: random.Random, wanted: Wanted, faults: Faults) -> Draft | None:
        """A record that repeats an example, or one of a few that many slots write; or an example slightly changed."""
        names, name = [spec.name for spec in self.data.specs], self.main_text
        fitting = [
            row
            for row in self.rows
            if all(key in row for key in names)
            and all(label_text(row[key]) == label_text(value) for key, value in wanted.given.items() if key in row)
        ]
        if "duplicate" in faults:
            if fitting and rng.random() < 0.6:
                found, truth = {key: pick(rng, fitting)[key] for key in names}, "example"
                found.update(pick(rng, fitting))
            else:
                stock = rng_of("offline stock", self._place, dict(wanted.given), int(rng.random() * STOCK))
                found, truth = self.write(stock, Wanted(wanted.given)).fields, "stock"
            if isinstance(found.get(name), str):
                found[name] = _respaced(rng, found[name])
            return Draft({key: found[key] for key in names}, [("duplicate", name, truth)])
        if "near_copy" in faults and fitting:
            row = pick(rng, fitting)
            copied = _near_copy(rng, row.get(name))
            if copied is not None:
                return Draft({**{key: row[key] for key in names}, name: copied}, [("near_copy", name, row[name])])
        return None

    def complete(self, rng: random.Random, fields: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
        """The record, with the fields that it lacks as a new one has them."""
        missing = [spec.name for spec in self.data.specs if fields.get(spec.name) is None]
        fresh = self.write(rng, wanted).fields if missing else {}
        return {**fields, **{name: fresh[name] for name in missing}}

    def keep(self, rng: random.Random, fields: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Changes the fields that break a constraint, as little as needed; what is given stays."""
        for name, rules in self.data.rules.items():
            own = [rule for rule in rules if not isinstance(rule, Language)]
            if name in fields and name not in given:
                fields[name] = keep(name, fields[name], own, self.pen(rng, name))
        for rule in self.data.together:
            if rule.field not in given and not rule.holds(fields):
                pen, alone = self.pen(rng, rule.field), self.data.rules.get(rule.field, ())
                near = (
                    value for value in rule.beside(fields, pen) if all(one.holds(rule.field, value) for one in alone)
                )
                fields[rule.field] = next(
                    (v for v in near if rule.holds({**fields, rule.field: v})), fields[rule.field]
                )

    def pen(self, rng: random.Random, name: str) -> Pen:
        """Who writes further sentences of a field."""
        code = self.data.language.get(name)
        if code:
            return Pen(rng, lambda: Slots(rng).say(corpus("languages")[code]["say"]))
        if self.shape.kind == "problem":
            return Pen(rng, lambda: context(rng))
        genre = genre_of(self.data.description, ())
        return Pen(rng, lambda: filler(rng, genre))

    @property
    def main_text(self) -> str:
        """The field with the text that a reader would look at first."""
        texts = [spec.name for spec in self.data.specs if spec.type == "text"]
        return next((name for name in (self.shape.name("text"), self.shape.name("question"), *texts) if name), "")

    def _draft(self, rng: random.Random, wanted: Wanted, faults: Faults) -> Draft:
        draft = Draft(dict(wanted.given))
        job = Job(rng, self.data, self.shape, self.rows, wanted, faults, draft)
        fill = self._pair if self.shape.kind == "pair" else _FILL.get(self.shape.kind)
        if fill:
            fill(job)
        for spec in self.data.specs:
            if spec.name not in draft.fields:
                shown = [row[spec.name] for row in self.rows if row.get(spec.name) is not None]
                draft.fields[spec.name] = value_of(rng, self.data.description, spec, shown)
        for name in self.data.language:
            if name not in wanted.given and isinstance(draft.fields.get(name), str):
                more = self.pen(rng, name).more
                draft.fields[name] = " ".join(dict.fromkeys(more() for _ in range(2 + int(rng.random() * 2))))
        for fault in ("contradicted", "injected"):
            if fault in faults and (name := self._open_text(wanted)):
                self._insert(rng, draft, fault, name)
        draft.fields = {spec.name: draft.fields[spec.name] for spec in self.data.specs}
        return draft

    def _pair(self, job: Job) -> None:
        question, answer, given = (self.shape.name(role) for role in ("question", "answer", "input"))
        about = f"{answer} {self.data.spec(answer).description} {self.data.description}".lower()
        code = self.data.spec(answer).code or answer == "code" or bool(re.search(r"\b(python|function|program)", about))
        asks = question.lower().endswith(("question", "query"))
        pair = write_pair(job.rng, code=code, question=asks, with_input=bool(given))
        right, wrong, asked = pair.right, pair.wrong, job.get("question")
        if isinstance(asked, str):
            right, wrong = self._reply(job.rng, job.draft, asked, code)
        job.put("question", pair.instruction)
        job.put("answer", wrong if "wrong_label" in job.faults else right)
        job.put("input", pair.input or "none")
        if "wrong_label" in job.faults:
            job.plant("wrong_label", "answer", right)

    def _reply(self, rng: random.Random, draft: Draft, asked: str, code: bool) -> tuple[str, str]:
        """A right and a wrong answer to what is given."""
        if code:
            tests = next((value for name, value in draft.fields.items() if "test" in name.lower()), "")
            right = function_for(asked, str(tests))
            return right, spoiled_function(rng, right)
        genre = genre_of(self.data.description, ())
        known = answer_of(asked)
        words = ", ".join(telling_words((asked,), 3)) or "this"
        said = f"On {words}: {filler(rng, genre)} {filler(rng, genre)}"
        return known if known is not None else said, filler(rng, genre)

    def _open_text(self, wanted: Wanted) -> str:
        """The field that a sentence can be put into: the main text, or the answer of a given one; empty for none."""
        if self.main_text not in wanted.given:
            return self.main_text
        answer = self.shape.name("answer") if self.shape.kind == "pair" else ""
        return answer if answer and answer not in wanted.given and not self.data.spec(answer).code else ""

    def _insert(self, rng: random.Random, draft: Draft, fault: str, name: str) -> None:
        """Puts a sentence into a text: a false fact, or an instruction."""
        text = draft.fields.get(name)
        if not isinstance(text, str):
            return
        sentence, truth = pick(rng, corpus("sentences")["order"]["say"]), None
        if fault == "contradicted":
            country = pick(rng, tuple(facts("capital")))
            right = facts("capital")[country][0]
            false = pick(rng, [city for (city,) in facts("capital").values() if city != right])
            sentence, truth = (f"The capital of {country} is {city}." for city in (false, right))
        first = text.endswith("?") or rng.random() < 0.5
        draft.fields[name] = f"{sentence} {text}" if first else f"{text} {sentence}"
        draft.inserted[fault] = sentence
        draft.plants.append((fault, name, truth))

    def break_rule(self, rng: random.Random, draft: Draft, wanted: Wanted) -> None:
        """Breaks one constraint on purpose, where one can be broken within its field's type."""
        open_to = [name for name in self.data.rules if name in draft.fields and name not in wanted.given]
        rules = [(name, rule) for name in open_to for rule in self.data.rules[name]]
        rng.shuffle(rules)
        for name, rule in rules:
            value = spoil(name, draft.fields[name], rule, self.pen(rng, name))
            if value is not None:
                draft.fields[name] = value
                draft.plants.append(("off_constraint", name, type(rule).__name__.lower()))
                return


def _respaced(rng: random.Random, text: str) -> str:
    """The same text up to case and white space."""
    return pick(rng, (text, text.replace(". ", ".  ", 1), text[:1].swapcase() + text[1:], text + " "))


def _near_copy(rng: random.Random, text: Any) -> str | None:
    """A text with a word or two changed; None when it has too few."""
    words = text.split(" ") if isinstance(text, str) else []
    places = [at for at, word in enumerate(words) if word.isalpha() and len(word) > 3]
    if len(places) < 4:
        return None
    for at in rng.sample(places, 1 + int(rng.random() * 2)):
        words[at] = Slots(rng).fill("{adjective}" if words[at].islower() else "{name}")
    return " ".join(words)
