"""Prompts of correlated sampling: each asks for one new text and nothing else (CorrSynth, arXiv 2411.08553).

Structure that all rows share would be flattened by the contrast, so no JSON is asked for: the text alone is sampled and
wrapped into the record afterwards. A prompt has two forms: chat `messages`, as in any run that asks for one plain
text, and a plain `text` that a base model without a chat template goes on with. A prompt is few-shot in the manner of
FewGen: the examples are texts of the row's own label. Each comes with `shorter` ones, with fewer examples, for a
context that does not hold it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.config.recipe import AnswerForm
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Slot
from datagen_cli.core.task import Form
from datagen_cli.prompts.compose import Composer
from datagen_cli.prompts.plain_text import unquoted

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


class OneText(Composer):
    """Asks for one plain text, whatever template the recipe brings."""

    def _form(self, plain: bool, wanted: AnswerForm | None) -> Form:
        return "text"


class FreeText:
    """Composes the prompts of one run's rows. The chat form is that of any run that asks for one plain text: the
    examples are turns of a conversation. `spec` is the field that is sampled, `label` the planned label's; `generate`
    replaces the template of both forms: it is the user's message, and, as rendered, what a model without a chat
    template goes on with. The other arguments are those of `Composer`.

    Raises `RecipeError` for a template that cannot be read or uses what there is not.
    """

    def __init__(
        self, *, spec: FieldSpec, label: FieldSpec | None = None, generate: str | None = None, **options: Any
    ) -> None:
        self._spec = spec
        self._label_field = label.name if label is not None else ""
        self._custom = generate is not None
        specs = [spec] if label is None else [spec, label]
        self._composer = OneText(specs=specs, label_field=self._label_field, generate=generate, **options)

    @property
    def identity(self) -> list[Any]:
        """What every prompt of the run depends on, constraints apart (as in `Composer.templates_digest`)."""
        return [self._composer.templates_digest, self._label_field]

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
        slot = Slot(0, "", label, attributes)
        named = {self._label_field: label} if self._label_field else {}
        rows = [{self._spec.name: text, **named} for text in texts]
        prompt = self._composer.generate([slot], examples=rows, avoid=avoid)
        said = [{"role": each.role, "content": each.content} for each in prompt.messages]
        if self._custom:
            plain = self._composer.rendered(slot, rows, avoid).lstrip()
        else:
            about, wanted = prompt.task.about, prompt.task.wanted[0]
            meaning = about.meanings.get(label, "") if label is not None else ""
            plain = completion(about.description.strip(), label, meaning, wanted.attributes, texts)
        return {"messages": said, "text": plain, "examples": len(texts)}
