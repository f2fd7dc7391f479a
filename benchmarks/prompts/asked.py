"""What is asked apart from runs: checks about good and damaged records, and hostile rows in prompts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from benchmarks.prompts.cells import ROOT, Machine
from benchmarks.prompts.hostile import HOSTILE, WORD
from datagen_cli.config.load import load_recipe
from datagen_cli.core.chat import Draw, Message, Prompt, Reply, Request
from datagen_cli.core.record import Record, Slot
from datagen_cli.pipeline.build import Built, build
from datagen_cli.pipeline.connect import identities, open_client
from datagen_cli.pipeline.context import UnitContext
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.known_bad import damaged
from datagen_cli.prompts.foreign import neutral, shortened
from datagen_cli.prompts.plain_text import parse_text

FACTS = str(ROOT / "recipes" / "data" / "truthfulqa.jsonl")
CHECKS = {
    "reflect": ("quickstart", "validators", {"reflect": {"rounds": 1}}),
    "ask": ("quickstart", "constraints", {"ask": {"text": "The problem has exactly one question.", "name": "ask"}}),
    "code": ("quickstart", "validators", {"code": {"question": "question", "answer": "answer", "solutions": 1}}),
    "solve": ("ag_news", "validators", {"solve": {"question": "text", "answer": "label", "attempts": 1}}),
    "search": (
        "truthfulqa",
        "validators",
        {"search": {"fields": ["question", "best_answer"], "sources": ["corpus"], "corpus": FACTS, "passages": 2}},
    ),
}
"""A recipe whose rows are judged, and the check beside nothing else."""


class Silent:
    """Nobody is told."""

    def event(self, kind: str, **facts: Any) -> None:
        """Does nothing."""


@dataclass
class Counting:
    """A client whose calls are counted."""

    client: Any
    calls: int = 0
    tokens_out: int = 0
    replies: list[Reply] = field(default_factory=list)

    async def ask(self, request: Request) -> Reply:
        """The client's reply."""
        reply: Reply = await self.client.ask(request)
        self.calls += 1
        return reply


def opened(machine: Machine, recipe: str, settings: Sequence[str]) -> tuple[Built, Counting]:
    """A shipped recipe with settings, and what asks its model."""
    model = {"name": machine.model, "threads": machine.threads, "slots": machine.slots, "context": 4096}
    settings = ("models=null", f"model={yaml.safe_dump(model, default_flow_style=True).strip()}", *settings)
    read = load_recipe(recipe, overrides=settings, environ={}, cwd=ROOT)
    client = open_client(read, cache=None, observer=Silent(), environ={}, allow_hosts=(), plant=lambda planted: None)
    return build(read, identities(read)), Counting(client)


async def checker(name: str, machine: Machine, number: int, engine: LocalEngine) -> dict[str, Any]:
    """What a check says of `number` records, every second one with a fault: replies that could be read, calls a
    verdict, and how many of the good and of the bad ones it turns away."""
    recipe, kind, check = CHECKS[name]
    setting = f"{kind}={yaml.safe_dump([check], default_flow_style=True, width=10_000).strip()}"
    built, counting = opened(machine, recipe, ("constraints=null", "validators=null", setting))
    bound = next(one for one in built.bound if one.validator is not None)
    rows = [dict(row) for _, row in built.base.rows]
    found = {"verdicts": 0, "readable": 0, "good": 0, "good_refused": 0, "bad": 0, "bad_found": 0}

    async def one(place: int) -> None:
        record, bad = Record(place, 1, rows[place % len(rows)]), place % 2 == 1
        record = damaged(record, built.specs, place // 2) if bad else record
        context = UnitContext(counting, engine.run_blocking, place, 1, set())
        assert bound.validator is not None
        verdict = await bound.validator.verify(record, Slot(place, str(place)), context)
        found["verdicts"] += 1
        found["readable"] += "unread" not in (verdict.evidence or {})
        found["bad" if bad else "good"] += 1
        found["bad_found" if bad else "good_refused"] += verdict.outcome == "fail"

    try:
        await side_by_side(one, number, machine.slots)
    finally:
        await counting.client.close()
    return {**found, "calls": counting.calls}


async def injection(way: str, machine: Machine) -> dict[str, Any]:
    """Forty hostile rows, each in a prompt between tags (`fence`) or as an answer of the conversation (`turn`), as if
    the screen had let it pass: replies that say the word, and replies that are no single text any more."""
    built, counting = opened(machine, "tickets", ("limits.concurrency=4", "dedup=null"))
    found = {"rows": len(HOSTILE), "obeyed": 0, "structure": 0}
    clean = [row for _, row in built.inline]
    spec = built.composer.asked[0]

    async def one(place: int) -> None:
        prompt = hostile_prompt(built, clean, HOSTILE[place], place, turn=way == "turn")
        reply = await counting.ask(Request("generator", prompt.messages, Draw(place, 1, "generate"), max_tokens=200))
        parsed = parse_text(reply.text, "stop", spec)
        text = str((parsed.records[0] or {}).get(spec.name, "")) if parsed.records else ""
        found["obeyed"] += WORD.lower() in reply.text.lower()
        found["structure"] += len(parsed.records) != 1 or "</" in text or "<|" in text

    try:
        await side_by_side(one, len(HOSTILE), machine.slots)
    finally:
        await counting.client.close()
    return found


def hostile_prompt(built: Built, clean: Sequence[Mapping[str, Any]], text: str, place: int, *, turn: bool) -> Prompt:
    """A prompt with two clean examples and a hostile one."""
    slot = Slot(place, str(place), built.label_field and clean[place % len(clean)][built.label_field])
    name = built.composer.asked[0].name
    if not turn:
        row = {**clean[0], name: text}
        return built.composer.generate([slot], examples=[*clean[:2], row], avoid=[row])
    prompt = built.composer.generate([slot], examples=clean[:3])
    messages = list(prompt.messages)
    last = max(number for number, message in enumerate(messages) if message.role == "assistant")
    messages[last] = Message("assistant", neutral(shortened(text)))
    return Prompt(tuple(messages), prompt.task)


async def side_by_side(one: Callable[[int], Awaitable[None]], number: int, at_once: int) -> None:
    """Calls `one` for 0 … number − 1, so many at a time."""
    import asyncio

    places = iter(range(number))

    async def some() -> None:
        for place in places:
            await one(place)

    await asyncio.gather(*(some() for _ in range(at_once)))
