"""From a planned record to the messages a model is sent.

What all prompts of a run share comes first, as the author's plain words: the dataset, the fields, the rules, how to
answer. Rows of the base follow as turns of a conversation: what was asked for, and the row as the answer. Then comes
the request for this record. Whatever else is not the author's own (what to avoid, rows that read like instructions)
stands between tags as data. Templates are rendered in a sandbox and see the variables of `config/schema.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datagen_cli.config.schema import template_variables
from datagen_cli.core.chat import Message, Prompt
from datagen_cli.core.constraint import Described
from datagen_cli.core.digest import digest
from datagen_cli.core.errors import Place, RecipeError
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.record import Slot
from datagen_cli.core.system import read_given
from datagen_cli.core.task import Task, Wanted
from datagen_cli.prompts.fences import fence
from datagen_cli.prompts.foreign import neutral, plain_value, reads_like_orders, shortened
from datagen_cli.text.templating import Environment, Template, TemplateProblem

TEMPLATES = Path(__file__).parent / "templates"
TEXT_FORM = "Answer with the text alone: no title, no label, no quotation marks, no comment."
MOST_MEANINGS = 20
_CHANGING: dict[str, Any] = {
    **dict.fromkeys(("examples", "records", "avoid", "request", "label", "meaning", "attributes"), ""), "texts": []
}  # fmt: skip


class Composer:
    """Composes the prompts of one run. `specs` are the fields, `label_field` names the planned label or is empty.

    `plain` says that one text field is asked for as a text, not as JSON; `foreign_labels` that the label's values were
    written by the authors of the base, not by the recipe's.
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
        foreign_labels: bool = False,
    ) -> None:
        self._about = About(description, tuple(specs), meanings or {}, tuple(constraints), label_field)
        self.asked = self._about.asked
        self._custom = generate is not None
        self._plain = plain and not self._custom and len(self.asked) == 1 and self.asked[0].type == "text"
        self._foreign_labels = foreign_labels
        self._value_notes = value_notes or {}
        self._sources = {
            "system": template_source(system, "system.j2", "prompts.system"),
            "generate": template_source(generate, "generate.j2", "prompts.generate"),
            "repair": (TEMPLATES / "repair.j2").read_text(encoding="utf-8"),
        }
        environment = make_environment()
        own = {"system": system is not None, "generate": generate is not None}
        self._templates = {
            name: compile_template(environment, name, text, own=own.get(name, False))
            for name, text in self._sources.items()
        }
        self._fixed = self._same_in_all()
        self._check()
        self._systems = {n: self._system(n) for n in (1, 2)}

    def is_text(self, n: int) -> bool:
        """Whether `n` records are asked for as one plain text."""
        return self._plain and n == 1

    @property
    def templates_digest(self) -> str:
        """Digest of the templates and of all that every generation prompt shares, constraints apart.

        Constraints are left out on purpose: a changed one re-checks what was paid for instead of asking again.
        """
        fixed = {key: value for key, value in self._fixed.items() if key not in ("constraints", "rules")}
        return digest(self._sources["system"], self._sources["generate"], fixed, self._plain, self._foreign_labels)

    @property
    def repair_digest(self) -> str:
        """Digest of what the repair prompts add to the generation prompts."""
        return digest(self._sources["repair"], self._fixed["constraints"])

    def generate(
        self, slots: Sequence[Slot], *, examples: Sequence[Mapping[str, Any]] = (), avoid: Sequence[Any] = ()
    ) -> Prompt:
        """Asks for one record per slot, in slot order."""
        planned = tuple(self._wanted(slot) for slot in slots)
        n = len(slots)
        harmless = [row for row in examples if not self._gives_orders(row)]
        orders = bool(examples) and not harmless  # a set of instructions, which would be empty without them
        harmless = [*examples] if orders else harmless
        turns = [row for row in harmless if self._is_turn(row)] if n == 1 and not self._custom else []
        fenced = [row for row in harmless if row not in turns]
        variables = {**self._fixed, **self._of_request(planned, fenced, harmless), "n": n}
        unlike = [one for one in avoid if orders or not reads_like_orders("\n".join(_texts([one])))]
        variables |= {"answer_form": self._answer_form(n), "avoid": fence("avoid", unlike) if unlike else ""}
        shown = [message for row in turns for message in self._turn(row)]
        messages = (self._systems[min(n, 2)], *shown, Message("user", self._render("generate", variables)))
        names = tuple(spec.name for spec in self.asked)
        form: Any = "text" if self.is_text(n) else "json"
        task = Task("generate", self._about, names, form, planned, tuple(examples), tuple(avoid))
        return Prompt(messages, task)

    def repair(self, asked: Prompt, record: Mapping[str, Any], failures: Sequence[str]) -> Prompt:
        """The one re-ask: what was asked, what came, and what failed, quoted."""
        given = asked.task.wanted[0].given if asked.task.wanted else {}
        label = given.get(self._about.label_field)
        variables = {
            "failures": fence("failures", failures),
            "answer_form": self._answer_form(1),
            "label": "" if label is None or self._foreign_labels else str(label),
        }
        came = {spec.name: record.get(spec.name) for spec in self._about.written}
        task = replace(asked.task, kind="repair", record=came, failures=tuple(failures))
        said = Message("assistant", self._as_answer(record))
        return Prompt((*asked.messages, said, Message("user", self._render("repair", variables))), task)

    def _same_in_all(self) -> dict[str, Any]:
        about, spec = self._about, self.asked[0]
        foreign = {name: neutral(text) for name, text in (("description", " ".join(about.description.split())),)}
        told = label_lines(about.meanings) if self._meanings_in_all else []
        return {
            **foreign,
            "dataset": fence("dataset", [about.description.strip()]),
            "fields": fence("fields", [field_line(spec) for spec in self.asked]),
            "labels": fence("labels", label_lines(about.meanings)) if label_lines(about.meanings) else "",
            "constraints": fence("constraints", about.sentences) if about.constraints else "",
            "rules": neutral("\n".join(f"- {sentence}" for sentence in about.sentences)),
            "about_fields": neutral("\n".join(f"- {field_words(spec)}" for spec in self.asked)),
            "what": neutral(spec.description or f"the {spec.name}"),
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
        keys = ", ".join(json.dumps(spec.name, ensure_ascii=False) for spec in self.asked)
        several = "one object" if n == 1 else "as many objects as records are asked for, in their order"
        return (
            f'Answer with one JSON object and nothing else: its key "records" holds a list of {several},'
            f" each with the keys {keys}."
        )

    def _of_request(
        self, planned: Sequence[Wanted], fenced: Sequence[Mapping[str, Any]], examples: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """What changes from request to request."""
        first = planned[0]
        label = first.given.get(self._about.label_field)
        lines = [_wanted_line(number, one) for number, one in enumerate(planned, start=1)]
        shown = [self._text_of(row) for row in examples if self._is_turn(row)]
        meaning = self._about.meanings.get(label, "") if label is not None else ""
        return {
            "examples": fence("examples", [self._written(row) for row in fenced]) if fenced else "",
            "records": fence("records", lines) if any(len(line) > 1 for line in lines) else "",
            "request": self._request(planned),
            "label": self._screened(label),
            "meaning": neutral(meaning),
            "attributes": neutral("\n".join(f"{name}: {value}" for name, value in first.attributes.items())),
            "texts": [text for text in shown if text],
        }

    def _request(self, planned: Sequence[Wanted]) -> str:
        meaning = not self._meanings_in_all
        if len(planned) == 1:
            attributes = "; ".join(_attribute_words(planned[0]))
            lines = self._given_lines(planned[0].given, meaning=meaning)
            return "\n".join([f"{self._opening} ({attributes})." if attributes else f"{self._opening}.", *lines])
        listed = []
        for number, one in enumerate(planned, start=1):
            parts = [*self._given_lines(one.given, meaning=meaning), *_attribute_words(one)]
            listed.append(f"{number}. {'; '.join(parts)}" if parts else "")
        lines = [line for line in listed if line]
        return "\n".join([f"Write {len(planned)} new records, all different.", *lines])

    @property
    def _opening(self) -> str:
        return f"Write a new {self.asked[0].name.replace('_', ' ')}" if self.is_text(1) else "Write a new record"

    @property
    def _meanings_in_all(self) -> bool:
        """Whether the meanings of labels stand in what all prompts share, so that requests look like the turns before
        them; those of many labels stand where each is asked for."""
        return not self._about.label_field or len(self._about.meanings) <= MOST_MEANINGS

    def _given_lines(self, given: Mapping[str, Any], *, meaning: bool) -> list[str]:
        """`category: billing (charges and refunds)`; a foreign value that is no plain word stands between tags."""
        found = []
        for name, value in given.items():
            if value is None:
                continue
            word, told = self._screened(value), self._about.meanings.get(value, "") if meaning else ""
            found.append(f"{name}: {word}" + (neutral(f" ({told})") if told else "") if word else fence(name, [value]))
        return found

    def _screened(self, value: Any) -> str:
        """A label's value as a plain word; empty for a foreign one that may not stand among plain words."""
        text = "" if value is None else " ".join(str(value).split())
        return neutral(text) if not self._foreign_labels or plain_value(text) else ""

    def _turn(self, row: Mapping[str, Any]) -> tuple[Message, Message]:
        """A row of the base as a question and its answer."""
        field = self._about.label_field
        lines = self._given_lines({field: row.get(field)} if field else {}, meaning=False)
        return Message("user", "\n".join([f"{self._opening}.", *lines]) + "\n"), Message(
            "assistant", self._as_answer(row)
        )

    def _is_turn(self, row: Mapping[str, Any]) -> bool:
        """Whether a row may be shown as an answer: it has every field that is asked for, and reads like no order."""
        return all(row.get(spec.name) is not None for spec in self.asked) and not self._gives_orders(row)

    def _gives_orders(self, row: Mapping[str, Any]) -> bool:
        """Whether a row reads like an order: it is left out, or stands between tags where all rows do."""
        return reads_like_orders("\n".join(_texts(list(self._written(row).values()))))

    def _as_answer(self, row: Mapping[str, Any]) -> str:
        if self.is_text(1):
            return neutral(shortened(str(row.get(self.asked[0].name) or "")))
        return neutral(json.dumps({"records": [self._written(row)]}, ensure_ascii=False))

    def _written(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {spec.name: row.get(spec.name) for spec in self.asked}

    def _text_of(self, row: Mapping[str, Any]) -> str:
        """The first text of a row on one line, for templates."""
        return next((neutral(" ".join(text.split())) for text in _texts(list(self._written(row).values()))), "")

    def _wanted(self, slot: Slot) -> Wanted:
        planned = bool(self._about.label_field) and slot.label is not None
        attributes = {
            name: self._described(name, value) for name, value in slot.attributes.items() if value is not None
        }
        return Wanted({self._about.label_field: slot.label} if planned else {}, attributes)

    def _described(self, name: str, value: str) -> str:
        note = self._value_notes.get(name, {}).get(value, "")
        return f"{value} ({note})" if note else value

    def _render(self, name: str, variables: Mapping[str, Any]) -> str:
        return render_template(self._templates[name], name, variables).strip() + "\n"


def _attribute_words(wanted: Wanted) -> list[str]:
    return [neutral(f"{name}: {value}") for name, value in wanted.attributes.items()]


def _texts(values: Sequence[Any]) -> list[str]:
    """Every text in some values, those inside lists and mappings included."""
    found: list[str] = []
    for value in values:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += _texts(value)
        elif isinstance(value, Mapping):
            found += _texts([*value.keys(), *value.values()])
    return found


def make_environment() -> Environment:
    """Where the templates of prompts are rendered."""
    return Environment(trim_blocks=True, lstrip_blocks=True)


def template_source(given: str | None, shipped: str, where: str) -> str:
    """The template's text: the recipe's own (a file that ends in .j2, or text), else the shipped one."""
    if given is None:
        return (TEMPLATES / shipped).read_text(encoding="utf-8")
    if not given.endswith(".j2"):
        return given
    try:
        return read_given(given).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"{where}: cannot read {given}", hint="give a UTF-8 file, or the text itself", place=Place(given)
        ) from error


def compile_template(environment: Environment, name: str, text: str, *, own: bool = False) -> Template:
    """The template, ready to render; `own`: it is the recipe's. Raises `RecipeError` where the text is no template."""
    try:
        return Template(environment, text, bounded=own)
    except TemplateProblem as error:
        raise RecipeError(f"prompts.{name}: {error}", hint="the template is not valid Jinja") from error


def render_template(template: Template, name: str, variables: Mapping[str, Any]) -> str:
    """The text of a prompt. Raises `RecipeError` where the template cannot be rendered."""
    try:
        return template.render(variables)
    except TemplateProblem as error:
        known = ", ".join(template_variables())
        raise RecipeError(f"prompts.{name}: {error}", hint=f"templates see: {known}") from error


def field_line(spec: FieldSpec) -> dict[str, Any]:
    """A field as prompts describe it."""
    line: dict[str, Any] = {"name": spec.name, "type": spec.type}
    if spec.description:
        line["description"] = spec.description
    if spec.values:
        line["values"] = list(spec.values)
    if spec.schema:
        line["schema"] = dict(spec.schema)
    if spec.item_type:
        line["items"] = spec.item_type
    return line


def field_words(spec: FieldSpec) -> str:
    """`answer (number): the final number`, with the values and the schema where there are any."""
    kind = f"{spec.type} of {spec.item_type}" if spec.item_type else spec.type
    told = f"{spec.name} ({kind})" + (f": {spec.description}" if spec.description else "")
    if spec.values:
        told += f"; one of {', '.join(str(value) for value in spec.values)}"
    return told + (f"; JSON Schema: {json.dumps(dict(spec.schema), ensure_ascii=False)}" if spec.schema else "")


def label_lines(meanings: Mapping[Any, str] | None) -> list[dict[str, Any]]:
    """Label values with their meanings, those that have one."""
    return [{"value": value, "meaning": meaning} for value, meaning in (meanings or {}).items() if meaning]


def _wanted_line(number: int, wanted: Wanted) -> dict[str, Any]:
    line: dict[str, Any] = {"record": number, **wanted.given}
    if wanted.attributes:
        line["attributes"] = dict(wanted.attributes)
    return line
