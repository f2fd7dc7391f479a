"""From a planned record to the messages a model is sent: fenced data in sandboxed Jinja templates.

Templates see the fenced variables of `VARIABLES` and nothing else. What is the same in every prompt of a run
is rendered to text once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from datagen_cli.core.chat import Message, Prompt
from datagen_cli.core.constraint import Described
from datagen_cli.core.digest import digest
from datagen_cli.core.errors import Place, RecipeError
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.record import Slot
from datagen_cli.core.task import Task, Wanted
from datagen_cli.prompts.fences import fence, fence_line

VARIABLES = {
    "n": "how many records to write",
    "dataset": "the recipe's description",
    "fields": "name, type and description of every field to write",
    "labels": "label values with their meanings; empty without them",
    "examples": "records of the base; empty without them",
    "constraints": "one sentence a constraint; empty without them",
    "records": "label and attributes of each record wanted; empty when there are none",
    "avoid": "what earlier attempts at this record repeated; empty on first attempts",
    "answer_form": "the JSON object to answer with",
}
TEMPLATES = Path(__file__).parent / "templates"


class Composer:
    """Composes the prompts of one run. `specs` are the fields, `label` names the planned label field or is empty."""

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
    ) -> None:
        self._about = About(description, tuple(specs), meanings or {}, tuple(constraints), label_field)
        self._written = self._about.written
        self._label_field = label_field
        self._value_notes = value_notes or {}
        self._sources = {
            "system": template_source(system, "system.j2", "prompts.system"),
            "generate": template_source(generate, "generate.j2", "prompts.generate"),
            "repair": (TEMPLATES / "repair.j2").read_text(encoding="utf-8"),
        }
        environment = make_environment()
        self._templates = {name: compile_template(environment, name, text) for name, text in self._sources.items()}
        self._fixed = {
            "dataset": fence("dataset", [description.strip()]),
            "fields": fence("fields", [field_line(spec) for spec in self._written]),
            "labels": fence("labels", label_lines(meanings)) if label_lines(meanings) else "",
            "constraints": fence("constraints", self._about.sentences) if constraints else "",
            "answer_form": fence_line({"records": [{spec.name: _placeholder(spec) for spec in self._written}]}),
        }
        self._check()
        self._system = Message(
            "system",
            self._render("system", {**self._fixed, **dict.fromkeys(("examples", "records", "avoid"), ""), "n": 1}),
        )

    def _check(self) -> None:
        """Renders every template once with stand-ins, so that a mistake in one is found before anything is paid."""
        stand_ins = dict.fromkeys(("examples", "records", "avoid"), "")
        self._render("generate", {**self._fixed, **stand_ins, "n": 1})
        self._render("generate", {**self._fixed, **dict.fromkeys(stand_ins, "x"), "n": 2})

    @property
    def templates_digest(self) -> str:
        """Digest of the templates and of all that every generation prompt shares, constraints apart.

        Constraints are left out on purpose: a changed one re-checks what was paid for instead of asking again.
        """
        fixed = {key: value for key, value in self._fixed.items() if key != "constraints"}
        return digest(self._sources["system"], self._sources["generate"], fixed)

    @property
    def repair_digest(self) -> str:
        """Digest of what the repair prompts add to the generation prompts."""
        return digest(self._sources["repair"], self._fixed["constraints"])

    def generate(
        self, slots: Sequence[Slot], *, examples: Sequence[Mapping[str, Any]] = (), avoid: Sequence[Any] = ()
    ) -> Prompt:
        """Asks for one record per slot, in slot order."""
        planned = tuple(self._wanted(slot) for slot in slots)
        wanted = [_wanted_line(number, one) for number, one in enumerate(planned, start=1)]
        variables = {
            **self._fixed,
            "n": len(slots),
            "examples": fence("examples", examples) if examples else "",
            "records": fence("records", wanted) if any(len(line) > 1 for line in wanted) else "",
            "avoid": fence("avoid", avoid) if avoid else "",
        }
        messages = (self._system, Message("user", self._render("generate", variables)))
        task = Task("generate", self._about, wanted=planned, examples=tuple(examples), avoid=tuple(avoid))
        return Prompt(messages, task)

    def repair(self, asked: Prompt, record: Mapping[str, Any], failures: Sequence[str]) -> Prompt:
        """The one re-ask: what was asked, what came, and what failed, quoted."""
        came = {spec.name: record.get(spec.name) for spec in self._written}
        text = self._render(
            "repair",
            {
                "record": fence("record", [came]),
                "failures": fence("failures", failures),
                "answer_form": self._fixed["answer_form"],
                "label": bool(self._label_field),
            },
        )
        said = Message("assistant", fence_line({"records": [came]}))
        task = replace(asked.task, kind="repair", record=came, failures=tuple(failures))
        return Prompt((*asked.messages, said, Message("user", text)), task)

    def _wanted(self, slot: Slot) -> Wanted:
        planned = bool(self._label_field) and slot.label is not None
        attributes = {
            name: self._described(name, value) for name, value in slot.attributes.items() if value is not None
        }
        return Wanted({self._label_field: slot.label} if planned else {}, attributes)

    def _described(self, name: str, value: str) -> str:
        note = self._value_notes.get(name, {}).get(value, "")
        return f"{value} ({note})" if note else value

    def _render(self, name: str, variables: Mapping[str, Any]) -> str:
        try:
            return self._templates[name].render(variables).strip() + "\n"
        except TemplateError as error:
            raise RecipeError(f"prompts.{name}: {error}", hint=f"templates see: {', '.join(VARIABLES)}") from error


def make_environment() -> ImmutableSandboxedEnvironment:
    """Where templates are rendered: sandboxed, and a name that there is not is an error."""
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )


def template_source(given: str | None, shipped: str, where: str) -> str:
    """The template's text: the recipe's own (a file that ends in .j2, or text), else the shipped one."""
    if given is None:
        return (TEMPLATES / shipped).read_text(encoding="utf-8")
    if not given.endswith(".j2"):
        return given
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"{where}: cannot read {given}", hint="give a UTF-8 file, or the text itself", place=Place(given)
        ) from error


def compile_template(environment: ImmutableSandboxedEnvironment, name: str, text: str) -> Any:
    """The template, ready to render. Raises `RecipeError` where the text is no template."""
    try:
        return environment.from_string(text)
    except TemplateError as error:
        raise RecipeError(f"prompts.{name}: {error}", hint="the template is not valid Jinja") from error


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


def label_lines(meanings: Mapping[Any, str] | None) -> list[dict[str, Any]]:
    """Label values with their meanings, those that have one."""
    return [{"value": value, "meaning": meaning} for value, meaning in (meanings or {}).items() if meaning]


def _wanted_line(number: int, wanted: Wanted) -> dict[str, Any]:
    line: dict[str, Any] = {"record": number, **wanted.given}
    if wanted.attributes:
        line["attributes"] = dict(wanted.attributes)
    return line


def _placeholder(spec: FieldSpec) -> Any:
    """A value that shows the JSON type to write in the answer form."""
    return {"number": 0, "boolean": True, "list": ["..."], "json": {}}.get(
        spec.type, spec.values[0] if spec.values else "..."
    )
