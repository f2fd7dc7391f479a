"""A stand-in for local models, and recipes for it: what the pipeline makes of groups, without any weights.

Every row's text follows from the payload's seed and the row's key, as a real model's does.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from datagen_cli.core.chat import Draw
from datagen_cli.llm.local.provider import Local
from datagen_cli.llm.provider import RawReply

WORDS = ("amber", "brook", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty", "knoll", "ledge")
Script = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]


def text_of(payload: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A text of ten words."""
    source = random.Random(f"{payload['seed']}/{row['key']}/{payload['group']['variant']}")
    return {"text": " ".join(source.choices(WORDS, k=10)), "finish": "stop", "steps": 10}


class FakeLocal:
    """Answers groups; `asked` holds every payload."""

    asked: ClassVar[list[dict[str, Any]]] = []
    script: Script = staticmethod(text_of)
    notes: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        pass

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        type(self).asked.append(dict(payload))
        rows = [type(self).script(payload, row) for row in payload["group"]["rows"]]
        text = json.dumps({"rows": rows, "forward_rows": 10 * len(rows), "notes": type(self).notes})
        return RawReply(text, "stop", 100 * len(rows), 10 * len(rows), payload["model"])

    async def close(self) -> None:
        pass


def use_fake(monkeypatch: pytest.MonkeyPatch, script: Script = text_of, notes: tuple[str, ...] = ()) -> type[FakeLocal]:
    """Local models are played by a fresh fake from here on."""
    fake = type("Fake", (FakeLocal,), {"asked": [], "script": staticmethod(script), "notes": list(notes)})

    monkeypatch.setattr(Local, "open", classmethod(lambda cls, options, target, around: fake()))
    return fake


BASE = [
    {"text": f"{label} story number {number} of the base", "label": label}
    for number in range(8)
    for label in ("red", "green", "blue")
]


def write_recipe(folder: Path, more: str = "", *, model: str = "local/tiny", **correlated: Any) -> Path:
    """A recipe of three labels in `folder`, with a base of eight texts each."""
    options = {"variant": "cross", **correlated}
    shown = ", ".join(f"{name}: {value}" for name, value in options.items())
    (folder / "base.jsonl").write_text("".join(json.dumps(row) + "\n" for row in BASE))
    path = folder / "colours.yaml"
    path.write_text(
        f"""
version: 1
name: colours
description: Short stories of one colour.
base: {{path: base.jsonl}}
fields: {{text: text, label: label}}
label: {{field: label, values: {{red: warm, green: "", blue: cold}}}}
model: {model}
count: 12
seed: 5
sampling: {{correlated: {{{shown}}}}}
{more}
"""
    )
    return path
