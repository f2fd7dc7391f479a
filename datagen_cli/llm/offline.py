"""The embedded simulated model: answers every request of the pipeline from its text alone, seeded by the request.

A pure function of (payload, draw, fault rates), with one exception: a reply is never cut off on purpose when its
`max_tokens` is twice that of the model's own options. Content comes from the fences of the prompt only; the draw's
purpose tells no more than the kind of request. Errs on purpose, and reports each fault once through `plant`. Nothing
here uses the network.

`max_tokens` does not change what is written, only where it ends. A record costs 0.1 to 0.2 ms.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from datagen_cli.config.models import Faults, ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.core.digest import rng
from datagen_cli.llm.keys import Target
from datagen_cli.llm.provider import Around, Provider, ProviderFacts, RawReply
from datagen_cli.text.tokens import BYTES_PER_TOKEN, estimate_tokens

if TYPE_CHECKING:
    from datagen_cli.llm.simulation.replies import Plant, Written

MODEL = "offline"
LENGTHS = ("max_tokens", "max_completion_tokens")
FAULTS = tuple(Faults.model_fields)


class Offline(ProviderFacts):
    """Provider of the model `offline`."""

    simulated = free = True
    own_options = ("faults",)

    @classmethod
    def forms(cls) -> tuple[str, ...]:
        """Its one name."""
        return (MODEL,)

    @classmethod
    def claims(cls, options: ModelOptions) -> bool:
        """Its one name, whatever address is given with it."""
        return options.name == MODEL

    @classmethod
    def locate(cls, options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str]) -> Target:
        """This process."""
        return Target(MODEL, MODEL, loopback=True)

    @classmethod
    def identity(cls, options: ModelOptions) -> dict[str, Any]:
        """How often it errs, the defaults included."""
        faults = options.faults if options.faults is not None else Faults()
        return {"faults": faults if isinstance(faults, str) else faults.model_dump(mode="json")}

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
        content = {name: value for name, value in payload.items() if name not in LENGTHS}
        written = self._written(payload, draw, most, rng("offline", content, str(draw)))
        for plant in written.plants:
            self._plant(_line(plant, draw))
        tokens_in = sum(_tokens(message.get("content")) + 4 for message in payload.get("messages") or ())
        return RawReply(written.text, written.finish_reason, tokens_in, estimate_tokens(written.text), MODEL)

    async def close(self) -> None:
        """Nothing to close."""

    def _written(self, payload: Mapping[str, Any], draw: Draw, most: int, fates: random.Random) -> Written:
        from datagen_cli.llm.simulation import replies
        from datagen_cli.llm.simulation.replies import Plant, Written
        from datagen_cli.llm.simulation.slots import pick

        refused, cut = fates.random() < self._rates["refusal"], fates.random()
        if refused:
            return Written(
                pick(fates, replies.REFUSALS), pick(fates, ("stop", "stop", "content_filter")), [Plant("refusal")]
            )
        written = self._answer(payload, draw, fates)
        if self._cut_off(cut, most):
            end = max(1, int(len(written.text) * (0.3 + 0.5 * fates.random())))
            return Written(written.text[:end], "length", [Plant("truncated")])
        if most and len(written.text) > most and estimate_tokens(written.text) > most:
            return Written(_first_tokens(written.text, most), "length")
        return written

    def _answer(self, payload: Mapping[str, Any], draw: Draw, drawn: random.Random) -> Written:
        from datagen_cli.llm.simulation import answers, replies
        from datagen_cli.llm.simulation.prompt import Asked

        asked = Asked(payload)
        if draw.purpose == "generate":
            return replies.generate(asked, drawn, self._rates)
        if draw.purpose == "repair":
            return replies.repair(asked, drawn, self._rates)
        return answers.answer(draw.purpose, asked, drawn, self._rates)

    def _cut_off(self, drawn: float, most: int) -> bool:
        """Whether the reply is cut off: with its rate at any `max_tokens`, but not at twice one where it was.

        The rate is a window of the drawn number that moves on with each doubling, so that two neighbours never overlap
        while it is at most a half.
        """
        rate = self._rates["truncated"]
        return most != 2 * self._own_most and (drawn + most.bit_length() * rate) % 1.0 < rate


def rates_of(faults: Faults | str | None) -> dict[str, float]:
    """The share of each fault: the defaults when nothing is said, 0 for `none`."""
    if faults == "none":
        return dict.fromkeys(FAULTS, 0.0)
    chosen = faults if isinstance(faults, Faults) else Faults()
    return {name: float(getattr(chosen, name)) for name in FAULTS}


def _line(plant: Plant, draw: Draw) -> dict[str, Any]:
    return {
        "slot": draw.slot,
        "attempt": draw.attempt,
        "purpose": draw.purpose,
        "k": draw.k,
        "record": plant.record,
        "fault": plant.fault,
        "field": plant.field,
        "truth": plant.truth,
    }


def _tokens(content: Any) -> int:
    return estimate_tokens(content) if isinstance(content, str) else estimate_tokens(str(content or ""))


def _first_tokens(text: str, most: int) -> str:
    """As much of the text as fits into `most` tokens."""
    cut = text.encode("utf-8")[: most * BYTES_PER_TOKEN]
    return cut.decode("utf-8", "ignore")
