"""Prompts of correlated sampling: each asks for one new text and nothing else (CorrSynth, arXiv 2411.08553).

Structure that all rows share would be flattened by the contrast, so no JSON is asked for: the text alone is sampled and
wrapped into the record afterwards. A prompt has two forms: chat `messages`, and a plain `text` that a base model
without a chat template goes on with. A prompt is few-shot in the manner of FewGen: the examples are texts of the row's
own label. Each comes with `shorter` ones, with fewer examples, for a context that does not hold it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.core.chat import Message
from datagen_cli.core.digest import digest
from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.described import field_line, field_words
from datagen_cli.prompts.fences import fence
from datagen_cli.prompts.foreign import neutral
from datagen_cli.prompts.plain_text import unquoted
from datagen_cli.prompts.rendering import compile_template, make_environment, render_template, template_source

ANSWER = "the text alone"
CHANGING = ("labels", "examples", "records", "avoid", "label", "meaning", "attributes")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


def clean_text(raw: str) -> tuple[str, bool]:
    """What a model wrote as one text, and whether it had come to an end.

    White space around it goes, so does everything from the first blank line on (a base model goes on with another
    text), and so do quotation marks around the whole; a JSON string is read as one. A first paragraph that ends in a
    colon (`Here is one:`) is passed over when more follows. The text had come to an end when a blank line follows it.
    Half surrogates become `?`, since UTF-8 cannot hold them.
    """
    text = raw.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").lstrip()
    first, ended, rest = _paragraph(text)
    if first.endswith(":"):
        first, ended, _ = _paragraph(rest) if rest else (first, False, "")
    return unquoted(first), ended


def _paragraph(text: str) -> tuple[str, bool, str]:
    """The text up to its first blank line, whether there is one, and what stands after it."""
    cut = _BLANK_LINE.search(text)
    return (text.strip(), False, "") if cut is None else (text[: cut.start()].strip(), True, text[cut.end() :].lstrip())


def completion(description: str, label: Any, meaning: str, attributes: Mapping[str, str], texts: Sequence[str]) -> str:
    """The few-shot pattern for a model without a chat template: `LABEL: TEXT`, separated by blank lines, the last one
    left open. Line ends within a text are folded, so that a blank line always ends a text."""
    name = str(label) if label is not None else "Text"
    head = [" ".join(description.split())]
    if meaning:
        head.append(f"{name} means: {meaning}")
    head += [f"{name}: {' '.join(text.split())}" for text in texts]
    wanted = "; ".join(f"{key}: {value}" for key, value in attributes.items())
    return "\n\n".join([*head, f"{name} ({wanted}):" if wanted else f"{name}:"])


class FreeText:
    """Composes the prompts of one run's rows. `spec` is the field that is sampled; `generate` replaces the template of
    both forms: it is the user's message, and, as rendered, what a model without a chat template goes on with.

    Raises `RecipeError` for a template that cannot be read or uses what there is not.
    """

    def __init__(
        self,
        *,
        description: str,
        spec: FieldSpec,
        label_field: str = "",
        meanings: Mapping[Any, str] | None = None,
        value_notes: Mapping[str, Mapping[str, str]] | None = None,
        constraints: Sequence[str] = (),
        system: str | None = None,
        generate: str | None = None,
    ) -> None:
        self._description = description.strip()
        self._label_field = label_field
        self._meanings = meanings or {}
        self._value_notes = value_notes or {}
        self._custom = generate is not None
        self._sources = {
            "system": template_source(system, "system_correlated.j2", "prompts.system"),
            "generate": template_source(generate, "free_text.j2", "prompts.generate"),
        }
        environment = make_environment()
        own = {"system": system is not None, "generate": generate is not None}
        self._templates = {
            name: compile_template(environment, name, text, own=own[name]) for name, text in self._sources.items()
        }
        self._fixed: dict[str, Any] = {
            "n": 1,
            "dataset": fence("dataset", [self._description]),
            "fields": fence("fields", [field_line(spec)]),
            "constraints": fence("constraints", constraints) if constraints else "",
            "answer_form": ANSWER,
            "description": neutral(" ".join(self._description.split())),
            "about_fields": neutral(f"- {field_words(spec)}"),
            "rules": neutral("\n".join(f"- {sentence}" for sentence in constraints)),
            "what": neutral(spec.description or f"the {spec.name}"),
            "label_name": label_field or "the label",
            **dict.fromkeys(("meanings", "request"), ""),
        }
        nothing: dict[str, Any] = dict.fromkeys(CHANGING, "")
        self._system = Message("system", self._render("system", {**self._fixed, **nothing, "texts": []}).strip() + "\n")
        self._render("generate", {**self._fixed, **nothing, "texts": []})
        self._render("generate", {**self._fixed, **dict.fromkeys(nothing, "x"), "texts": ["x"]})

    @property
    def identity(self) -> list[Any]:
        """What every prompt of the run depends on, constraints apart (as in `Composer.templates_digest`)."""
        fixed = {key: value for key, value in self._fixed.items() if key not in ("constraints", "rules")}
        meanings = [[value, meaning] for value, meaning in self._meanings.items()]
        return [digest(self._sources["system"], self._sources["generate"], fixed), self._label_field, meanings]

    def prompt(
        self, label: Any, attributes: Mapping[str, str | None], texts: Sequence[str], avoid: Sequence[str] = ()
    ) -> dict[str, Any]:
        """`{"messages", "text", "examples", "shorter"}` of one row: two forms of a prompt, how many examples they show,
        and the same with half as many, a quarter and so on down to none."""
        counts = [len(texts)]
        while counts[-1]:
            counts.append(counts[-1] // 2)
        whole, *shorter = (self._form(label, attributes, texts[:count], avoid) for count in counts)
        return {**whole, "shorter": shorter} if shorter else whole

    def _form(
        self, label: Any, attributes: Mapping[str, str | None], texts: Sequence[str], avoid: Sequence[str]
    ) -> dict[str, Any]:
        drawn = {name: self._described(name, value) for name, value in attributes.items() if value is not None}
        meaning = self._meanings.get(label, "") if label is not None else ""
        own = {"value": label, **({"meaning": meaning} if meaning else {})}
        variables = {
            **self._fixed,
            "labels": fence("labels", [own]) if label is not None else "",
            "records": fence("records", [{"attributes": drawn}]) if drawn else "",
            "examples": fence("examples", texts) if texts else "",
            "avoid": fence("avoid", avoid) if avoid else "",
            "label": "" if label is None else label,
            "meaning": meaning,
            "attributes": neutral("\n".join(f"{name}: {value}" for name, value in drawn.items())),
            "texts": [neutral(text) for text in texts],
        }
        rendered = self._render("generate", variables)
        plain = rendered.lstrip() if self._custom else completion(self._description, label, meaning, drawn, texts)
        messages = [self._system, Message("user", rendered.strip() + "\n")]
        said = [{"role": each.role, "content": each.content} for each in messages]
        return {"messages": said, "text": plain, "examples": len(texts)}

    def _described(self, name: str, value: str) -> str:
        note = self._value_notes.get(name, {}).get(value, "")
        return f"{value} ({note})" if note else value

    def _render(self, name: str, variables: Mapping[str, Any]) -> str:
        return render_template(self._templates[name], name, variables)
