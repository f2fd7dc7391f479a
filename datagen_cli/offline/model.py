"""The embedded simulated model: answers every request of the pipeline from its task, seeded by the task and its draw.

A pure function of (task, draw, sampling, fault rates), with one exception: a reply is never cut off on purpose when its
`max_tokens` is twice that of the model's own options. Errs on purpose, and reports each fault once through `plant`.
Nothing here reads a prompt or uses the network. `max_tokens` does not change what is written, only where it ends. A
record costs 0.1 to 0.3 ms.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any

from datagen_cli.config.models import Faults, ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.core.digest import rng
from datagen_cli.core.task import Task
from datagen_cli.llm.keys import Target
from datagen_cli.llm.provider import Around, Provider, ProviderFacts, RawReply
from datagen_cli.offline.corpus import corpus, pick
from datagen_cli.offline.kinds import ANSWERS
from datagen_cli.offline.written import Plant, Written
from datagen_cli.text.tokens import BYTES_PER_TOKEN, estimate_tokens

MODEL = "offline"
VERSION = 3
LENGTHS = ("max_tokens", "max_completion_tokens")
FAULTS = tuple(name for name, field in Faults.model_fields.items() if field.annotation is float)
NOTHING = "I have read the request and have nothing to add to it."
_OWN_FORM = ("generate", "improve", "repair", "rewrite", "enhance")  # these plant `malformed` record by record


class Offline(ProviderFacts):
    """The simulation in the package: no network, no key, and mistakes on purpose."""

    simulated = free = True
    own_options = ("faults",)

    @classmethod
    def forms(cls) -> tuple[str, ...]:
        return (MODEL,)

    @classmethod
    def claims(cls, options: ModelOptions) -> bool:
        return options.name == MODEL

    @classmethod
    def locate(cls, options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str]) -> Target:
        return Target(MODEL, MODEL, loopback=True)

    @classmethod
    def identity(cls, options: ModelOptions) -> dict[str, Any]:
        """How often it errs, the defaults included, and its version."""
        faults = options.faults if options.faults is not None else Faults()
        return {"faults": faults if isinstance(faults, str) else faults.model_dump(mode="json"), "version": VERSION}

    @classmethod
    def open(cls, options: ModelOptions, target: Target, around: Around) -> Provider:
        """The model, which reports what it plants."""
        return cls(options, around.plant)

    def __init__(self, options: ModelOptions, plant: Callable[[dict[str, Any]], None]) -> None:
        self._rates = rates_of(options.faults)
        self._own_most = options.max_tokens
        self._plant = plant

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        """The simulated reply; never fails and never waits."""
        most = next((int(payload[name]) for name in LENGTHS if payload.get(name)), 0)
        task: Task | None = getattr(payload, "task", None)
        written = self._written(task, most, rng("offline", VERSION, _seed(payload, task), str(draw)))
        for plant in written.plants:
            self._plant({**asdict(draw), "record": plant.record, **asdict(plant)})
        said = (message.get("content") or "" for message in payload.get("messages") or ())
        tokens_in = sum(estimate_tokens(str(content)) + 4 for content in said)
        return RawReply(written.text, written.finish_reason, tokens_in, estimate_tokens(written.text), MODEL)

    async def close(self) -> None:
        """Nothing to close."""

    def _written(self, task: Task | None, most: int, fates: random.Random) -> Written:
        refused, cut = fates.random() < self._rates["refusal"], fates.random()
        if refused:
            finish = pick(fates, ("stop", "stop", "content_filter"))
            return Written(pick(fates, corpus("sentences")["refusal"]["say"]), finish, [Plant("refusal")])
        written = self._answer(task, fates)
        if self._cut_off(cut, most):
            end = max(1, int(len(written.text) * (0.3 + 0.5 * fates.random())))
            return Written(written.text[:end], "length", [Plant("truncated")])
        if most and len(written.text) > most and estimate_tokens(written.text) > most:
            beginning = written.text.encode("utf-8")[: most * BYTES_PER_TOKEN]
            return Written(beginning.decode("utf-8", "ignore"), "length")
        return written

    def _answer(self, task: Task | None, drawn: random.Random) -> Written:
        """The reply of the task's kind; a plain sentence to what is not known."""
        if task is None or task.kind not in ANSWERS:
            return Written(NOTHING)
        written = ANSWERS[task.kind](task, drawn, self._rates)
        if task.kind not in _OWN_FORM and drawn.random() < self._rates["malformed"]:
            return Written(written.text[: max(1, len(written.text) * 2 // 3)], plants=[Plant("malformed", truth="cut")])
        return written

    def _cut_off(self, drawn: float, most: int) -> bool:
        """Whether the reply is cut off: with its rate at any `max_tokens`, but not at twice one where it was.

        The rate is a window of the drawn number that moves on with each doubling, so that two neighbours never overlap
        while it is at most a half.
        """
        rate = self._rates["truncated"]
        return most != 2 * self._own_most and (drawn + most.bit_length() * rate) % 1.0 < rate


def rates_of(faults: Faults | str | None) -> dict[str, float]:
    """The share of each fault: the defaults when nothing is said, 0 for `none`; and `next_label` where a wrong label is
    the one after the right one."""
    if faults == "none":
        return dict.fromkeys(FAULTS, 0.0)
    chosen = faults if isinstance(faults, Faults) else Faults()
    shares = {name: float(getattr(chosen, name)) for name in FAULTS}
    return shares | ({"next_label": 1.0} if chosen.wrong_label_to == "next" else {})


def _seed(payload: Mapping[str, Any], task: Task | None) -> list[Any]:
    """What decides a reply beside its draw: sampling, and the task as data; without a task, the messages."""
    skip = (*LENGTHS, "messages", "response_format")
    sampling = {name: value for name, value in payload.items() if name not in skip}
    if task is None:
        return [sampling, payload.get("messages")]
    return [
        sampling, task.kind, task.about.description, [[spec.name, spec.type] for spec in task.about.specs],
        [[dict(one.given), dict(one.attributes)] for one in task.wanted], [dict(row) for row in task.examples],
        list(task.avoid), task.record and dict(task.record), task.failures, task.question, task.statement,
        dict(task.more),
    ]  # fmt: skip
