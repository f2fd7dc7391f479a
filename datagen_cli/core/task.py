"""What a model is asked, as data: who composes the messages also says in a `Task` what they ask.

A real model gets the messages and never sees the task. The simulated one answers from the task, so that no wording of a
prompt decides what it writes. A task is in no payload and in no cache key: the messages stand for it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from datagen_cli.core.fields import About

Form = Literal["json", "text", "fences"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One record asked for: the values of fields that are given (a planned label, fields of the base), and its
    attributes in words.

    An attribute stands here as it stands in the prompt: its value, with its description in brackets where it has one.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """One request. `kind` says what is asked, and which of the other parts are set:

    - `generate`: `wanted` (one entry a record, in order), `examples` (rows of the base), `avoid` (what earlier attempts
      repeated: rows or texts)
    - `improve`: the same for weak records, which `more` holds as `weak`, in the order of `wanted`
    - `repair`: the same, with the `record` that came and the `failures` found in it, in words
    - `code`: a program that computes the answer to `question`
    - `ask`: whether `statement` holds of `record`
    - `review`: whether `record` is good, why not, and a rewrite

    `fields` names the fields that the reply holds; it is empty when these are all that are written. `form` is how they
    come: `json` (an object with `records`), `text` (the one field's text and nothing else), or `fences` (parts in free
    text, code in fenced blocks).

    `about` is the dataset, with every field; those with `written` set are to be written. It is empty where the model is
    told nothing of the dataset (`code`). A kind that needs more puts it into `more`, by name. `offline/kinds.py` has
    every kind.
    """

    kind: str
    about: About = field(default_factory=About)
    fields: tuple[str, ...] = ()
    form: Form = "json"
    wanted: tuple[Wanted, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    avoid: tuple[Any, ...] = ()
    record: Mapping[str, Any] | None = None
    failures: tuple[str, ...] = ()
    question: str = ""
    statement: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
