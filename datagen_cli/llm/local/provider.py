"""Models in this process (`local/<hub id or path>`), as a provider: chat requests, and groups sampled together.

Payloads are OpenAI chat bodies. With `group` they ask for several texts at once (correlated sampling):

    {"variant", "contrast", "intra_share", "guidance", "plausibility", "gamma",
     "rows": [{"key", "group": int, "label", "prompt": PROMPT, "negatives": [PROMPT, ...] (cfg)}, ...]}

PROMPT is a prompt of `llm/local/model.py`; where it does not fit into the context the first of its `shorter` ones that
does is taken, and said. The reply's text is JSON: {"rows": [{"text", "finish": stop | length, "steps", "tokens_in",
"tokens_out"}, ...], "forward_rows", "notes": [...]}. A row ends where the model says so, or at the blank line that ends
a text (`prompts/free_text.py`), which is in the reply then. Rows draw from (payload seed, row key) only.

The model is loaded with the first request; one thread does all the work, lowest slot first. A group is a batch of its
own; chat requests that wait and agree in their sampling go together, as many as `concurrency`. Time-outs do not apply.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.core.digest import seed_of
from datagen_cli.core.errors import MissingExtra, UsageError
from datagen_cli.llm.faults import RequestRefused
from datagen_cli.llm.gguf.files import gguf_file, names_gguf, speaks_of_reasoning
from datagen_cli.llm.keys import Target
from datagen_cli.llm.local.model import LocalModel
from datagen_cli.llm.local.rows import MOST_TOKENS, Decoded, Halted, Row, Settings, Written
from datagen_cli.llm.local.weights import check_device, check_model, open_model, weights_digest
from datagen_cli.llm.local.worker import Worker
from datagen_cli.llm.provider import FOREVER_S, ProviderFacts, RawReply
from datagen_cli.prompts.free_text import clean_text

HUB = "huggingface.co"
TAKEN = ("model", "messages", "max_tokens", "max_completion_tokens", "seed", "temperature", "top_p", "top_k", "group")
CORRELATED = ("variant", "contrast", "intra_share", "guidance", "plausibility", "gamma")


@dataclass(eq=False, slots=True)
class _Waiting:
    """A request, and who waits for it."""

    payload: Mapping[str, Any]
    draw: Draw
    reply: asyncio.Future[RawReply]
    number: int

    @property
    def place(self) -> tuple[int, int, int]:
        return self.draw.slot, self.draw.attempt, self.number

    @property
    def sampling(self) -> tuple[Any, ...]:
        return tuple(self.payload.get(name) for name in ("temperature", "top_p", "top_k"))


class Local(ProviderFacts):
    """Provider of `local/...`."""

    free = on_this_machine = correlates = True
    own_options = ("device", "dtype")
    extra = "local"
    prefix = "local/"

    @classmethod
    def locate(cls, options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str]) -> Target:
        """This process: it has no address, needs no key, and is sent no parameters."""
        given = {"base_url": options.base_url, "api_key_env": options.api_key_env, "headers": options.headers}
        found = [*(name for name, value in given.items() if value), *(f"params.{name}" for name in options.params)]
        for name in found:
            raise UsageError(
                f"model {options.name}: {name} does not go with a model in this process",
                hint=f"remove {name}; a model that is served is hosted_vllm/... or ollama/...",
            )
        return Target("local", _model_of(options))

    @classmethod
    def identity(cls, options: ModelOptions) -> dict[str, Any]:
        """The number format, and what is in its folder: a path can be trained anew."""
        return {"dtype": options.dtype, "weights": weights_digest(_model_of(options))}

    @classmethod
    def check(cls, options: ModelOptions, role: str, *, chats: bool, to_run: bool) -> None:
        """Raises `UsageError` for a path that holds no model, for one without a chat template that is to chat, and for
        a device that is not there; `MissingExtra` without what runs models."""
        if to_run:
            check_device(options.device)
        if check_model(_model_of(options)).has_chat_template is False and chats:
            raise UsageError(
                f"model {options.name}: has no chat template, so it cannot be the {role}",
                hint="name a model that was trained to chat; a generator without one goes with sampling.correlated",
            )

    @classmethod
    def time_outs(cls, options: ModelOptions) -> tuple[float, float]:
        """None: a step is never late."""
        return FOREVER_S, FOREVER_S

    @classmethod
    def stopped_by(cls, options: ModelOptions) -> tuple[str, ...]:
        """The limit, for a GGUF file that does not speak of reasoning; of other weights that is not known."""
        model = _model_of(options)
        here = names_gguf(model) and not speaks_of_reasoning(gguf_file(options.name, model))
        return ("max_tokens",) if here else ()

    @classmethod
    def fetched_from(cls, options: ModelOptions) -> str | None:
        """The hub, for weights that are not here yet."""
        model = _model_of(options)
        if names_gguf(model):
            return None
        try:
            there = check_model(model).folder is not None
        except MissingExtra:
            there = Path(model).exists()
        return None if there else HUB

    def __init__(self, options: ModelOptions, target: Target, *, concurrency: int = 1) -> None:
        self._name = target.model
        self._open = partial(open_model, target.model, device=options.device, dtype=options.dtype)
        self._most = max(1, concurrency)
        self._model: LocalModel | None = None
        self._waiting: list[_Waiting] = []
        self._count = 0
        self._serving: asyncio.Task[None] | None = None
        self._closed = threading.Event()
        self._worker = Worker("local-model")

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        """The reply. Raises `RequestRefused` (an unknown parameter, a prompt longer than the context), `UsageError`
        (no model there, no chat template, no room for a group's prompts) and `ProviderError` (out of memory)."""
        unknown = next((name for name in payload if name not in TAKEN), None)
        if unknown is not None:
            raise RequestRefused(None, f"a model in this process takes no {unknown}")
        waiting = _Waiting(payload, draw, asyncio.get_running_loop().create_future(), self._count)
        self._count += 1
        self._waiting.append(waiting)
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        return await waiting.reply

    async def close(self) -> None:
        """Ends the work under way after its step, and waits for none of it; may be called twice."""
        self._closed.set()
        if self._serving is not None:
            self._serving.cancel()
        for one in self._waiting:
            one.reply.cancel()
        self._worker.close()

    async def _serve(self) -> None:
        """Batch after batch, until nobody waits."""
        await asyncio.sleep(0)  # what is asked for in the same turn of the loop goes together
        while batch := self._next_batch():
            work = self._group if "group" in batch[0].payload else self._chat
            stop = partial(_nobody_waits, self._closed, [one.reply for one in batch])
            try:
                results: Sequence[RawReply | Exception] = await self._worker.run(
                    partial(work, [(one.payload, one.draw) for one in batch], stop)
                )
            except asyncio.CancelledError:
                for one in batch:
                    one.reply.cancel()
                raise
            except Halted:
                for one in batch:
                    one.reply.cancel()
                continue
            except Exception as error:  # it belongs to those who wait, whatever it is
                results = [error] * len(batch)
            for one, result in zip(batch, results, strict=True):
                if one.reply.done():
                    continue
                if isinstance(result, Exception):
                    one.reply.set_exception(result)
                else:
                    one.reply.set_result(result)

    def _next_batch(self) -> list[_Waiting]:
        """The request of the lowest slot, and those that can go with it; they wait no longer."""
        alive = sorted((one for one in self._waiting if not one.reply.done()), key=lambda one: one.place)
        batch = alive[:1]
        if batch and "group" not in batch[0].payload:
            same = [one for one in alive if "group" not in one.payload and one.sampling == batch[0].sampling]
            batch = same[: self._most]
        taken = set(map(id, batch))
        self._waiting = [one for one in alive if id(one) not in taken]
        return batch

    # what follows runs in the worker's thread

    def _loaded(self) -> LocalModel:
        if self._model is None:
            self._model = self._open()
        return self._model

    def _group(self, asked: Sequence[tuple[Mapping[str, Any], Draw]], stop: Callable[[], bool]) -> list[RawReply]:
        """The one group of `asked`."""
        payload = asked[0][0]
        return [write_group(self._loaded(), payload, stop)]

    def _chat(
        self, asked: Sequence[tuple[Mapping[str, Any], Draw]], stop: Callable[[], bool]
    ) -> list[RawReply | Exception]:
        """A reply or a refusal for each."""
        from datagen_cli.llm.local.decode import decode

        model = self._loaded()
        found: dict[int, RawReply | Exception] = {}
        rows: dict[int, Row] = {}
        for place, (payload, draw) in enumerate(asked):
            ids = model.encode_chat(payload["messages"])
            room = model.room(len(ids), _most_tokens(payload))
            if room <= 0:
                found[place] = RequestRefused(None, f"the prompt has {len(ids)} tokens, the context {model.context}")
            else:
                rows[place] = Row(ids, seed_of(payload.get("seed"), str(draw)), group=place, max_tokens=room)
        if rows:
            most = max(row.max_tokens or 0 for row in rows.values())
            decoded = decode(model, list(rows.values()), replace(_sampling(asked[0][0]), max_tokens=most), stop=stop)
            for place, written in zip(rows, decoded.rows, strict=True):
                text = model.text(written.ids)
                found[place] = RawReply(text, written.finish, len(rows[place].ids), written.steps, model.name)
        return [found[place] for place in range(len(asked))]


def _model_of(options: ModelOptions) -> str:
    return options.name.removeprefix(Local.prefix)


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
        rows.append(Row(ids, seed, row["group"], row.get("label"), negatives, room))
    notes = list(model.notes)
    # without how many prompts, so that the notes of all batches are the same words, said once a run
    pairs = sorted(shown, key=str)
    notes += [f"context of {model.context} tokens: prompts showed {k} of {m} examples" for k, m in pairs]
    if cut:
        notes.append(f"context of {model.context} tokens: less than max_tokens {most} left for some texts")
    settings = replace(
        _sampling(payload),
        max_tokens=most,
        ended=partial(_text_ended, model),
        **{name: group[name] for name in CORRELATED if name in group},
    )
    decoded = decode(model, rows, settings, stop=stop)
    return _group_reply(model, rows, decoded, [*notes, *decoded.notes])


def _group_reply(model: LocalModel, rows: Sequence[Row], decoded: Decoded, notes: list[str]) -> RawReply:
    said = [_row_reply(model, row, written) for row, written in zip(rows, decoded.rows, strict=True)]
    text = json.dumps({"rows": said, "forward_rows": decoded.forward_rows, "notes": notes}, ensure_ascii=False)
    tokens_in, tokens_out = (sum(one[name] for one in said) for name in ("tokens_in", "tokens_out"))
    return RawReply(text, "stop", tokens_in, tokens_out, model.name)


def _row_reply(model: LocalModel, row: Row, written: Written) -> dict[str, Any]:
    return {
        "text": model.text(written.ids),
        "finish": written.finish,
        "steps": written.steps,
        "tokens_in": len(row.ids),
        "tokens_out": written.steps,
    }


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


def _text_ended(model: LocalModel, ids: Sequence[int]) -> bool:
    """Whether a text is over at the token just written: only a line end can be what ends it."""
    return "\n" in model.text(ids[-1:]) and clean_text(model.text(ids))[1]


def _sampling(payload: Mapping[str, Any]) -> Settings:
    """The sampling of a payload; what it does not say is plain sampling at temperature 1."""
    said = {name: payload[name] for name in ("temperature", "top_p", "top_k") if payload.get(name) is not None}
    return Settings(variant="plain", **said)


def _most_tokens(payload: Mapping[str, Any]) -> int:
    return int(payload.get("max_completion_tokens") or payload.get("max_tokens") or MOST_TOKENS)


def _nobody_waits(closed: threading.Event, replies: Sequence[asyncio.Future[RawReply]]) -> bool:
    return closed.is_set() or all(reply.cancelled() for reply in replies)
