"""A local model where it is run: in a thread of a run's process, or in an actor of another machine.

`ModelHost` loads it with the first request and keeps nothing else. A group is a batch of its own; chat requests come
as many together as the provider puts together. What is drawn depends on the requests only, never on which host it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from datagen_cli.core.chat import Draw
from datagen_cli.core.digest import seed_of
from datagen_cli.core.errors import UsageError
from datagen_cli.llm.as_text import NEXT, answer_in
from datagen_cli.llm.faults import RequestRefused
from datagen_cli.llm.local.model import LocalModel
from datagen_cli.llm.local.rows import MOST_TOKENS, Row, Settings
from datagen_cli.llm.local.weights import open_model
from datagen_cli.llm.provider import RawReply
from datagen_cli.prompts.free_text import clean_text

LOOKED_BACK = 12
"""Tokens at the end of a text in which the next question is looked for."""
CORRELATED = ("variant", "contrast", "intra_share", "guidance", "plausibility", "gamma")

Asked = Sequence[tuple[Mapping[str, Any], Draw]]


class ModelHost:
    """One model by its name, on a device and in a number format. Not thread-safe."""

    def __init__(self, name: str, device: str | None, dtype: str | None) -> None:
        self._open = partial(open_model, name, device=device, dtype=dtype)
        self._model: LocalModel | None = None

    def group(self, asked: Asked, stop: Callable[[], bool]) -> list[RawReply]:
        payload = asked[0][0]
        return [write_group(self._loaded(), payload, stop)]

    def chat(self, asked: Asked, stop: Callable[[], bool]) -> list[RawReply | Exception]:
        from datagen_cli.llm.local.decode import decode

        model = self._loaded()
        found: dict[int, RawReply | Exception] = {}
        rows: dict[int, Row] = {}
        for place, (payload, draw) in enumerate(asked):
            text = payload.get("prompt")
            ids = model.encode_chat(payload["messages"]) if text is None else model.encode_text(text)
            room = model.room(len(ids), _most_tokens(payload))
            if room <= 0:
                found[place] = RequestRefused(None, f"the prompt has {len(ids)} tokens, the context {model.context}")
            else:
                rows[place] = Row(ids, seed_of(payload.get("seed"), str(draw)), group=place, max_tokens=room)
        if rows:
            most = max(row.max_tokens or 0 for row in rows.values())
            goes_on = "prompt" in asked[0][0]
            ended = (lambda ids: NEXT in model.text(ids[-LOOKED_BACK:])) if goes_on else None  # it asks again
            settings = replace(_sampling(asked[0][0]), max_tokens=most, ended=ended)
            decoded = decode(model, list(rows.values()), settings, stop=stop)
            for place, written in zip(rows, decoded.rows, strict=True):
                text = answer_in(model.text(written.ids)) if goes_on else model.text(written.ids)
                found[place] = RawReply(text, written.finish, len(rows[place].ids), written.steps, model.name)
        return [found[place] for place in range(len(asked))]

    def _loaded(self) -> LocalModel:
        if self._model is None:
            self._model = self._open()
        return self._model


def as_anywhere(name: str) -> str:
    """The model's name for a process with another working folder: paths are whole."""
    return str(Path(name).absolute()) if Path(name).exists() else name


def write_group(model: LocalModel, payload: Mapping[str, Any], stop: Callable[[], bool] = lambda: False) -> RawReply:
    """The reply to a payload with `group`. Raises `UsageError` when the context has no room for a prompt."""
    from datagen_cli.llm.local.decode import decode

    group = payload["group"]
    most = _most_tokens(payload)
    shown: set[tuple[Any, Any]] = set()
    rows, cut = [], False
    for row in group["rows"]:
        ids = _encoded(model, row["prompt"], most, shown)
        negatives = [_encoded(model, prompt, most, shown) for prompt in row.get("negatives") or ()]
        room = min(model.room(len(prompt), most) for prompt in (ids, *negatives))
        cut = cut or room < most
        seed = seed_of(payload.get("seed"), row["key"])
        rows.append(Row(ids, seed, row["group"], row.get("label"), negatives, room, bool(row.get("peer"))))
    notes = list(model.notes)
    # without how many prompts, so that the notes of all batches are the same words, said once a run
    pairs = sorted(shown, key=str)
    notes += [f"context of {model.context} tokens: prompts showed {k} of {m} examples" for k, m in pairs]
    if cut:
        notes.append(f"context of {model.context} tokens: less than max_tokens {most} left for some texts")
    settings = replace(
        _sampling(payload),
        max_tokens=most,
        # only a line end can be what ends a text
        ended=lambda ids: "\n" in model.text(ids[-1:]) and clean_text(model.text(ids))[1],
        **{name: group[name] for name in CORRELATED if name in group},
    )
    decoded = decode(model, rows, settings, stop=stop)
    said = [
        {
            "text": model.text(written.ids),
            "finish": written.finish,
            "steps": written.steps,
            "tokens_in": len(row.ids),
            "tokens_out": written.steps,
        }
        for row, written in zip(rows, decoded.rows, strict=True)
    ]
    answer = {"rows": said, "forward_rows": decoded.forward_rows, "notes": [*notes, *decoded.notes]}
    tokens_in, tokens_out = sum(len(row.ids) for row in rows), sum(written.steps for written in decoded.rows)
    return RawReply(json.dumps(answer, ensure_ascii=False), "stop", tokens_in, tokens_out, model.name)


def _encoded(model: LocalModel, prompt: Mapping[str, Any], most: int, shown: set[tuple[Any, Any]]) -> list[int]:
    """The ids of a prompt, or of the first shorter one that fits; puts into `shown` how many examples that left."""
    for form in (prompt, *(prompt.get("shorter") or ())):
        ids = model.encode(form)
        if model.has_room(len(ids), most):
            if form is not prompt:
                shown.add((form.get("examples", "fewer"), prompt.get("examples", "all")))
            return ids
    raise UsageError(
        f"model local/{model.name}: its context of {model.context} tokens has no room for a prompt of {len(ids)} tokens"
        f" and a reply of {min(most, (model.context or 0) // 2)}",
        hint="a shorter description or template, fewer max_tokens, or a model with a longer context",
    )


def _sampling(payload: Mapping[str, Any]) -> Settings:
    """The sampling of a payload; what it does not say is plain sampling at temperature 1."""
    said = {name: payload[name] for name in ("temperature", "top_p", "top_k") if payload.get(name) is not None}
    return Settings(variant="plain", **said)


def _most_tokens(payload: Mapping[str, Any]) -> int:
    return int(payload.get("max_completion_tokens") or payload.get("max_tokens") or MOST_TOKENS)
