"""Asks the offline model as the pipeline does: tasks made by the composer, replies read by the parser."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datagen_cli.config.models import Faults, ModelOptions
from datagen_cli.core.chat import Draw, Prompt
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.record import Slot
from datagen_cli.core.registry import load
from datagen_cli.core.task import Task
from datagen_cli.llm.provider import Payload, RawReply
from datagen_cli.offline.model import FAULTS, Offline
from datagen_cli.prompts.compose import Composer
from datagen_cli.prompts.parse import parse_reply

QUESTION = FieldSpec("question", "text")
ANSWER = FieldSpec("answer", "number")
PROBLEMS = "Grade-school math word problems with one numeric answer."
TICKETS = "Messages that customers of an online shop write to its support team."
MEANINGS = {
    "billing": "charges and refunds",
    "login": "passwords and locked accounts",
    "delivery": "late or lost parcels",
}
TICKET_SPECS = (FieldSpec("text", "text"), FieldSpec("category", "label", values=tuple(MEANINGS)))


def only(**rates: float) -> Faults:
    """Faults that are all 0 but for the given ones."""
    return Faults.model_validate({**dict.fromkeys(FAULTS, 0.0), **rates})


def rows(path: Path, *names: str, limit: int = 300) -> list[dict[str, Any]]:
    """The first rows of a JSONL file, with the named columns."""
    found = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found.append({name: row[name] for name in names})
            if len(found) == limit:
                break
    return found


@dataclass
class Asker:
    """One dataset and one offline model."""

    description: str
    specs: Sequence[FieldSpec]
    label: str = ""
    meanings: Mapping[str, str] = field(default_factory=dict)
    constraints: Sequence[Any] = ()
    examples: Sequence[dict[str, Any]] = ()
    faults: Any = "none"
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    max_tokens: int = 2048

    def __post_init__(self) -> None:
        self.plants: list[dict[str, Any]] = []
        self.model = Offline(
            ModelOptions(name="offline", faults=self.faults, max_tokens=self.max_tokens), self.plants.append
        )
        self.composer = Composer(
            description=self.description,
            specs=self.specs,
            label_field=self.label,
            meanings=self.meanings,
            constraints=self.constraints,
            plain=False,
        )
        self.values = next((spec.values for spec in self.specs if spec.name == self.label), ())

    def slot(self, index: int) -> Slot:
        """A planned slot: labels and attribute values in turn."""
        label = self.values[index % len(self.values)] if self.values else None
        drawn = {name: values[index % len(values)] for name, values in self.attributes.items()}
        return Slot(index, f"a-{index:06d}", label, drawn)

    def prompt(self, index: int, *, per_call: int = 1, avoid: Sequence[Any] = ()) -> Prompt:
        """What one call asks."""
        examples = [self.examples[(3 * index + at) % len(self.examples)] for at in range(3)] if self.examples else ()
        return self.composer.generate([self.slot(index + at) for at in range(per_call)], examples=examples, avoid=avoid)

    def payload(self, prompt: Prompt, **changes: Any) -> Payload:
        """The body of a request."""
        messages = [{"role": one.role, "content": one.content} for one in prompt.messages]
        values = {"model": "offline", "messages": messages, "max_tokens": self.max_tokens, "seed": 1, **changes}
        return Payload(values, b"", prompt.task)

    async def reply(self, index: int = 0, *, attempt: int = 1, per_call: int = 1, **changes: Any) -> RawReply:
        """The raw reply to a request for records."""
        payload = self.payload(self.prompt(index, per_call=per_call), **changes)
        return await self.model.complete(payload, Draw(index, attempt, "generate"), timeout_s=1.0)

    async def records(self, count: int, *, per_call: int = 1) -> list[dict[str, Any] | None]:
        """Records of so many slots; None for one that cannot be read."""
        found: list[dict[str, Any] | None] = []
        for index in range(0, count, per_call):
            reply = await self.reply(index, per_call=per_call)
            parsed = parse_reply(reply.text, reply.finish_reason, self.composer.asked, per_call)
            found += [record and self.labelled(record, index + at) for at, record in enumerate(parsed.records)]
            found += [None] * (per_call - len(parsed.records))
        return found

    def labelled(self, record: Mapping[str, Any], index: int) -> dict[str, Any]:
        """A record with the planned label of its slot, in the order of the fields."""
        values = {**record, **({self.label: self.slot(index).label} if self.values else {})}
        return {spec.name: values[spec.name] for spec in self.specs if spec.name in values}

    async def whole(self, count: int, *, per_call: int = 1) -> list[dict[str, Any]]:
        """Records of so many slots, all of which must be readable."""
        found = await self.records(count, per_call=per_call)
        assert None not in found
        return [record for record in found if record is not None]

    async def repaired(self, record: Mapping[str, Any], failures: Sequence[str], index: int = 0) -> RawReply:
        """The reply to the one re-ask."""
        payload = self.payload(self.composer.repair(self.prompt(index), record, failures))
        return await self.model.complete(payload, Draw(index, 1, "repair"), timeout_s=1.0)

    async def told(self, kind: str, k: int = 0, **parts: Any) -> RawReply:
        """The reply to a task of another kind."""
        payload = Payload({"model": "offline", "max_tokens": 2048, "seed": k}, b"", Task(kind, self.about, **parts))
        return await self.model.complete(payload, Draw(0, 1, kind, k), timeout_s=1.0)

    async def asked(self, task: Task) -> RawReply:
        """The reply to a task."""
        payload = Payload({"model": "offline", "max_tokens": 2048, "seed": 1}, b"", task)
        return await self.model.complete(payload, Draw(0, 1, task.kind), timeout_s=1.0)

    async def found(self, kind: str, k: int = 0, **parts: Any) -> dict[str, Any]:
        """The JSON object in a reply."""
        value: dict[str, Any] = json.loads((await self.told(kind, k, **parts)).text)
        return value

    @property
    def about(self) -> About:
        """The dataset."""
        return self.prompt(0).task.about


def rule(kind: str, *specs: FieldSpec, **options: Any) -> Any:
    """A constraint on one of the fields."""
    check = load("constraints", kind)
    return check(check.options.model_validate(options), {spec.name: spec for spec in specs or TICKET_SPECS})


def problems(**more: Any) -> Asker:
    """Word problems with a number as the answer."""
    return Asker(PROBLEMS, (QUESTION, ANSWER), **more)


def tickets(**more: Any) -> Asker:
    """Support tickets of three classes."""
    return Asker(TICKETS, TICKET_SPECS, label="category", meanings=MEANINGS, **more)
