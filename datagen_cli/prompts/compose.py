"""From a planned record to the messages a model is sent.

What all prompts of a run share comes first, as the author's plain words: the dataset, the fields, the rules, how to
answer. Rows of the base follow as turns of a conversation: what was asked for, and the row as the answer. Then comes
the request for this record. Whatever else is not the author's own (what to avoid, rows that read like instructions)
stands between tags as data. Templates are rendered in a sandbox and see the variables of `config/schema.py`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from datagen_cli.config.recipe import AnswerForm
from datagen_cli.core.chat import Message, Prompt
from datagen_cli.core.constraint import Described
from datagen_cli.core.digest import digest
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.record import Slot
from datagen_cli.core.task import Form, Task, Wanted
from datagen_cli.prompts.described import field_line, field_words, label_lines, wanted_line
from datagen_cli.prompts.echo import Echoes
from datagen_cli.prompts.fences import fence
from datagen_cli.prompts.foreign import neutral, plain_value, reads_like_orders, shortened, texts_in
from datagen_cli.prompts.given import Method
from datagen_cli.prompts.rendering import compile_template, render_template, shipped_template, template_source
from datagen_cli.prompts.sections import as_sections, sections_form
from datagen_cli.prompts.wording import FOUND, ONE_OBJECT, RECORDS_FORM, SEVERAL_NEW, SEVERAL_OBJECTS, TEXT_FORM

MOST_MEANINGS = 20
_CHANGING: dict[str, Any] = {
    **dict.fromkeys(("examples", "records", "avoid", "request", "label", "meaning", "attributes", "input"), ""),
    "lessons": "",
    "texts": [],
}  # fmt: skip
INSTANCE = Method("instance", {})


class Composer:
    """Composes the prompts of one run. `specs` are the fields, `label_field` names the planned label or is empty.

    `plain` says that one text field is asked for as a text, not as JSON; `answer_form` is the recipe's `format`;
    without it programs are asked for in fences. `foreign_labels` says that the label's values were written by the
    authors of the base, not by the recipe's, and `foreign_attributes` whose values were; `method` what base rows give.
    `about` is the dataset, as prompts tell it.
    """

    def __init__(
        self,
        *,
        description: str,
        specs: Sequence[FieldSpec],
        label_field: str = "",
        meanings: Mapping[Any, str] | None = None,
        value_notes: Mapping[str, Mapping[str, str]] | None = None,
        constraints: Sequence[Described] = (),
        system: str | None = None,
        generate: str | None = None,
        plain: bool = True,
        answer_form: AnswerForm | None = None,
        foreign_labels: bool = False,
        foreign_attributes: Collection[str] = (),
        method: Method = INSTANCE,
    ) -> None:
        self.about = About(description, tuple(specs), meanings or {}, tuple(constraints), label_field)
        self.asked = self.about.asked
        self._custom = generate is not None
        self._method = method
        self._one = self._form(plain, answer_form)
        self._foreign_labels = foreign_labels
        self._foreign_attributes = foreign_attributes
        self._value_notes = value_notes or {}
        self._sources = {
            "system": template_source(system, method.templates[0], "prompts.system"),
            "generate": template_source(generate, method.templates[1], "prompts.generate"),
            "repair": shipped_template("repair"),
        }
        own = {"system": system is not None, "generate": generate is not None}
        self._templates = {
            name: compile_template(name, text, own=own.get(name, False)) for name, text in self._sources.items()
        }
        self.echoes = Echoes(self.about, [text for name, text in self._sources.items() if own.get(name)])
        self._fixed = self._same_in_all()
        self._check()
        self._systems = {n: self._system(n) for n in (1, 2)}

    def form(self, n: int) -> Form:
        """How `n` records are asked for."""
        return self._one if n == 1 else "json"

    def is_text(self, n: int) -> bool:
        """Whether `n` records are asked for as one plain text."""
        return self.form(n) == "text"

    def _form(self, plain: bool, wanted: AnswerForm | None) -> Form:
        code = any(spec.code for spec in self.asked)
        if self._custom or wanted == "json":
            return "json"
        if len(self.asked) == 1 and self.asked[0].type == "text" and not code and (plain or wanted == "fences"):
            return "text"
        return "fences" if code or wanted == "fences" else "json"

    @property
    def templates_digest(self) -> str:
        """Digest of the templates and of all that every generation prompt shares, constraints apart.

        Constraints are left out on purpose: a changed one re-checks what was paid for instead of asking again.
        """
        fixed = {key: value for key, value in self._fixed.items() if key not in ("constraints", "rules")}
        if self._method.name == "instance":
            del fixed["method"], fixed["given"]
        form = self._one if self._one == "fences" else self._one == "text"
        return digest(self._sources["system"], self._sources["generate"], fixed, form, self._foreign_labels)

    @property
    def repair_digest(self) -> str:
        """Digest of what the repair prompts add to the generation prompts."""
        return digest(self._sources["repair"], self._fixed["constraints"])

    def generate(
        self,
        slots: Sequence[Slot],
        *,
        examples: Sequence[Mapping[str, Any]] = (),
        avoid: Sequence[Any] = (),
        lessons: Sequence[str] = (),
    ) -> Prompt:
        """Asks for one record per slot, in slot order. `lessons` are words of the person who reviews the run."""
        n, parents = len(slots), [slot.parent for slot in slots]
        planned = tuple(self._wanted(slot) for slot in slots)
        variables, turns = self._variables(planned, parents, examples, avoid, lessons)
        shown = [message for at in range(0, len(turns), n) for message in self._turn(turns[at : at + n], n)]
        request = self._render("generate", variables)
        if lessons and variables["lessons"] not in request:  # a template of the recipe's own that does not name them
            request += f"\n{variables['lessons']}\n"
        rows = self._method.of(parents)
        if self._method.name == "enhance" and self._as_conversation(rows):
            shown += self._turn(rows, 1)
        messages = (self._systems[min(n, 2)], *shown, Message("user", request))
        names = tuple(spec.name for spec in self.asked)
        kind, more = "improve" if self._method.name == "enhance" else "generate", self._method.weak(parents)
        task = Task(kind, self.about, names, self.form(n), planned, tuple(examples), tuple(avoid), more=more)
        return Prompt(messages, task)

    def rendered(self, slot: Slot, examples: Sequence[Mapping[str, Any]], avoid: Sequence[Any]) -> str:
        """The template of the request as it is rendered, its white space kept."""
        variables, _ = self._variables([self._wanted(slot)], [slot.parent], examples, avoid, ())
        return render_template(self._templates["generate"], "generate", variables)

    def _variables(
        self, planned: Sequence[Wanted], parents: Sequence[str], examples: Sequence[Mapping[str, Any]],
        avoid: Sequence[Any], lessons: Sequence[str],
    ) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:  # fmt: skip
        """What the template of a request sees, and the examples that are shown as turns."""
        n = len(planned)
        harmless = [row for row in examples if not self._gives_orders(row)]
        orders = bool(examples) and not harmless  # a set of instructions, which would be empty without them
        harmless = [*examples] if orders else harmless
        by_turns = not self._custom and (n == 1 or not self._given)
        turns = [row for row in harmless if by_turns and self._is_turn(row)]
        fenced = [row for row in harmless if row not in turns]
        variables = {**self._fixed, **self._of_request(planned, parents, fenced, harmless), "n": n}
        unlike = [one for one in avoid if orders or not reads_like_orders("\n".join(texts_in([one])))]
        if self._given:
            unlike = [self._written(one) if isinstance(one, Mapping) else one for one in avoid]
        said = {"avoid": fence("avoid", unlike) if unlike else "", "lessons": "\n".join(f"- {one}" for one in lessons)}
        return {**variables, "answer_form": self._answer_form(n), **said, "lessons": neutral(said["lessons"])}, turns

    def given(self, slot: Slot) -> dict[str, Any]:
        """The fields of a slot's record that its base row gives."""
        return self._method.given(self.about, slot.parent)

    def lineage(self, slot: Slot) -> dict[str, str]:
        """Which base row the slot's record is written for, and by which method; empty for method `instance`."""
        return {"parent": slot.parent, "method": self._method.name} if slot.parent else {}

    def leaves(self, slot: Slot, fields: Mapping[str, Any]) -> bool:
        """Whether the weak record of a slot came back as it was, up to case and white space."""
        return self._method.leaves(self.about, slot.parent, fields)

    def repair(self, asked: Prompt, record: Mapping[str, Any], failures: Sequence[str]) -> Prompt:
        """The one re-ask: what was asked, what came, and what failed, quoted."""
        given = asked.task.wanted[0].given if asked.task.wanted else {}
        label = given.get(self.about.label_field)
        variables = {
            "failures": fence("failures", failures),
            "answer_form": self._answer_form(1),
            "label": "" if label is None or self._foreign_labels else str(label),
        }
        came = {spec.name: record.get(spec.name) for spec in self.about.written}
        task = replace(asked.task, kind="repair", record=came, failures=tuple(failures))
        said = Message("assistant", self._as_answer(record))
        return Prompt((*asked.messages, said, Message("user", self._render("repair", variables))), task)

    def _same_in_all(self) -> dict[str, Any]:
        about, spec = self.about, self.asked[0]
        told = label_lines(about.meanings) if self._meanings_in_all else []
        return {
            "description": neutral(" ".join(about.description.split())),
            "dataset": fence("dataset", [about.description.strip()]),
            "fields": fence("fields", [field_line(spec) for spec in self.asked]),
            "labels": fence("labels", label_lines(about.meanings)) if label_lines(about.meanings) else "",
            "constraints": fence("constraints", about.sentences) if about.constraints else "",
            "rules": neutral("\n".join(f"- {sentence}" for sentence in about.sentences)),
            "about_fields": neutral("\n".join(f"- {field_words(spec)}" for spec in self.asked)),
            "what": neutral(spec.description or f"the {spec.name}"),
            "method": self._method.name,
            "given": neutral("\n".join(f"- {field_words(spec)}" for spec in about.given)),
            "label_name": next((spec.name for spec in about.specs if spec.type == "label"), "the label"),
            "meanings": neutral("\n".join(f"- {line['value']}: {line['meaning']}" for line in told)),
        }

    def _system(self, n: int) -> Message:
        variables = {**self._fixed, **_CHANGING, "n": n, "text": self.is_text(n), "answer_form": self._answer_form(n)}
        return Message("system", self._render("system", variables))

    def _check(self) -> None:
        """Renders every template once with stand-ins, so that a mistake in one is found before anything is paid."""
        for n, word in ((1, ""), (2, "x")):
            stand_ins = {**dict.fromkeys(_CHANGING, word), "texts": [word] if word else []}
            self._render("generate", {**self._fixed, **stand_ins, "n": n, "answer_form": self._answer_form(n)})

    def _answer_form(self, n: int) -> str:
        """How to answer, in words: nothing in it can be copied into a record."""
        if self.is_text(n):
            return TEXT_FORM
        if self.form(n) == "fences":
            return sections_form(self.asked)
        keys = ", ".join(json.dumps(spec.name, ensure_ascii=False) for spec in self.asked)
        return RECORDS_FORM.format(several=ONE_OBJECT if n == 1 else SEVERAL_OBJECTS, keys=keys)

    def _of_request(
        self,
        planned: Sequence[Wanted],
        parents: Sequence[str],
        fenced: Sequence[Mapping[str, Any]],
        examples: Sequence[Mapping[str, Any]],
    ) -> dict[str, Any]:
        """What changes from request to request."""
        first = planned[0]
        rows = self._method.of(parents)
        plain = self._as_conversation(rows)
        given = self._method.plain(self.about, rows[0]) if plain else self._method.fenced(self.about, rows)
        label = first.given.get(self.about.label_field)
        lines = [wanted_line(number, one) for number, one in enumerate(planned, start=1)]
        shown = [self._text_of(row) for row in examples if self._is_turn(row)]
        meaning = self.about.meanings.get(label, "") if label is not None else ""
        request = self._request(planned, len(planned), meaning=not self._meanings_in_all)
        if plain and given and self._method.name == "response" and not self._attribute_words(first):
            request = ""  # what is given says it all
        return {
            "examples": fence("examples", [self._whole(row) for row in fenced]) if fenced else "",
            "input": given,
            "records": fence("records", lines) if any(len(line) > 1 for line in lines) else "",
            "request": "\n".join(part for part in (request, self._found(planned), given) if part),
            "label": self._screened(label),
            "meaning": neutral(meaning),
            "attributes": "\n".join(self._attribute_words(first)),
            "texts": [text for text in shown if text],
        }

    def _request(self, planned: Sequence[Wanted], n: int, *, meaning: bool) -> str:
        """What is asked for, as it is where `n` records are asked for at once."""
        if self._given:
            each = [
                f"{number}. {'; '.join(words)}"
                for number, one in enumerate(planned, 1)
                if (words := self._attribute_words(one))
            ]
            opening = self._method.opening(self.about, len(planned))
            if len(planned) == 1 and each:
                return f"{opening} ({each[0].removeprefix('1. ')})."
            return "\n".join([f"{opening}.", *each])
        if n == 1:
            attributes = "; ".join(self._attribute_words(planned[0]))
            lines = self._given_lines(planned[0].given, meaning=meaning)
            return "\n".join([f"{self._opening} ({attributes})." if attributes else f"{self._opening}.", *lines])
        listed = []
        for number, one in enumerate(planned, start=1):
            parts = [*self._given_lines(one.given, meaning=meaning), *self._attribute_words(one)]
            listed.append(f"{number}. {'; '.join(parts)}" if parts else "")
        lines = [line for line in listed if line]
        opening = SEVERAL_NEW.format(count=len(planned)) if len(planned) > 1 else "Write a new record."
        return "\n".join([opening, *lines])

    def _attribute_words(self, wanted: Wanted) -> list[str]:
        """`tone: calm`, of attributes whose values are the author's."""
        own = {name: value for name, value in wanted.attributes.items() if name not in self._foreign_attributes}
        return [neutral(f"{name}: {value}") for name, value in own.items()]

    def _found(self, planned: Sequence[Wanted]) -> str:
        """The attributes whose values were found in a base or by a model, as data; empty where there are none."""
        drawn = [{k: v for k, v in one.attributes.items() if k in self._foreign_attributes} for one in planned]
        lines = drawn if len(drawn) == 1 else [{"record": n, **one} for n, one in enumerate(drawn, 1)]
        return f"{FOUND}\n{fence('attributes', lines)}" if any(drawn) else ""

    @property
    def _opening(self) -> str:
        return f"Write a new {self.asked[0].name.replace('_', ' ')}" if self.is_text(1) else "Write a new record"

    @property
    def _meanings_in_all(self) -> bool:
        """Whether the meanings of labels stand in what all prompts share, so that requests look like the turns before
        them; those of many labels stand where each is asked for."""
        return not self.about.label_field or len(self.about.meanings) <= MOST_MEANINGS

    def _given_lines(self, given: Mapping[str, Any], *, meaning: bool) -> list[str]:
        """`category: billing (charges and refunds)`; a foreign value that is no plain word stands between tags."""
        found = []
        for name, value in given.items():
            if value is None:
                continue
            word, told = self._screened(value), self.about.meanings.get(value, "") if meaning else ""
            found.append(f"{name}: {word}" + (neutral(f" ({told})") if told else "") if word else fence(name, [value]))
        return found

    def _screened(self, value: Any) -> str:
        """A label's value as a plain word; empty for a foreign one that may not stand among plain words."""
        text = "" if value is None else " ".join(str(value).split())
        return neutral(text) if not self._foreign_labels or plain_value(text) else ""

    def _as_conversation(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether what base rows give may stand as words of the user, and a weak answer as an answer."""
        return len(rows) == 1 and not self._custom and self._method.is_plain(self.about, rows[0])

    def _turn(self, rows: Sequence[Mapping[str, Any]], n: int) -> tuple[Message, Message]:
        """Rows of the base, at most `n`, as a question and its answer, as they are where `n` are asked for at once."""
        if self._given:
            asked = self._method.plain(self.about, rows[0]) or f"{self._opening}."
        else:
            field = self.about.label_field
            planned = [Wanted({field: row.get(field)} if field else {}, {}) for row in rows]
            asked = self._request(planned, n, meaning=False)
        answer = self._as_answer(rows[0]) if n == 1 else self._as_json(rows)
        return Message("user", f"{asked}\n"), Message("assistant", answer)

    def _is_turn(self, row: Mapping[str, Any]) -> bool:
        """Whether a row may be shown as an answer: it has every field that is asked for, and reads like no order."""
        whole = all(row.get(spec.name) is not None for spec in self.asked)
        return whole and (self._method.is_plain(self.about, row) if self._given else not self._gives_orders(row))

    def _gives_orders(self, row: Mapping[str, Any]) -> bool:
        """Whether a row reads like an order: it is left out, or stands between tags where all rows do."""
        return reads_like_orders("\n".join(texts_in(self._written(row).values())))

    def _as_answer(self, row: Mapping[str, Any]) -> str:
        if self.is_text(1):
            return neutral(shortened(str(row.get(self.asked[0].name) or "")))
        if self.form(1) == "fences":
            return neutral(as_sections(row, self.asked))
        return self._as_json([row])

    def _as_json(self, rows: Sequence[Mapping[str, Any]]) -> str:
        return neutral(json.dumps({"records": [self._written(row) for row in rows]}, ensure_ascii=False))

    @property
    def _given(self) -> bool:
        """Whether records are written for base rows."""
        return self._method.name != "instance"

    def _whole(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row as an example between tags: what was written, and what it was written for."""
        return {spec.name: row.get(spec.name) for spec in self.about.specs} if self._given else self._written(row)

    def _written(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {spec.name: row.get(spec.name) for spec in self.asked}

    def _text_of(self, row: Mapping[str, Any]) -> str:
        """The first text of a row on one line, for templates."""
        return next((neutral(" ".join(text.split())) for text in texts_in(self._written(row).values())), "")

    def _wanted(self, slot: Slot) -> Wanted:
        planned = bool(self.about.label_field) and slot.label is not None
        attributes = {
            name: self._described(name, value) for name, value in slot.attributes.items() if value is not None
        }
        label = {self.about.label_field: slot.label} if planned else {}
        return Wanted({**self._method.given(self.about, slot.parent), **label}, attributes)

    def _described(self, name: str, value: str) -> str:
        note = self._value_notes.get(name, {}).get(value, "")
        return f"{value} ({note})" if note else value

    def _render(self, name: str, variables: Mapping[str, Any]) -> str:
        return render_template(self._templates[name], name, variables).strip() + "\n"
