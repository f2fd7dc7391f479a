"""The one type that flows from the first stage to the file: a planned slot and the attempt that fills it.

A rejected record stays a record, with the rejection that says which stage turned it away and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Outcome = Literal["pass", "fail", "unknown"]
JsonValue = Any


@dataclass(frozen=True, slots=True)
class Slot:
    """A planned place in the dataset. `index` counts from 0; `label` is None without a quota.

    `attributes` maps every attribute of the recipe to its drawn value, or None where its condition does not hold.
    `parent` is the id of the base row that the record is written for (methods response and enhance), else empty;
    `cluster` the cluster of the base that its examples are of (`cover: true`), else None.
    """

    index: int
    id: str
    label: JsonValue = None
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    parent: str = ""
    cluster: int | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an attempt is not kept: the stage, a short reason to count by, and a sentence.

    `repeats` is the id of what it collided with and `evidence` that row's fields: the next attempt is told to differ.
    """

    stage: str
    reason: str
    detail: str = ""
    repeats: str | None = None
    evidence: Mapping[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One model call made for a record: its cache key, what it was for, and what it cost."""

    digest: str
    role: str
    purpose: str
    model: str
    tokens_in: int
    tokens_out: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Record:
    """One attempt at one slot.

    `fields` holds the recipe's fields in order, scratch ones included. `verdicts` maps check names to outcomes,
    `first_verdicts` to the outcomes before any repair (only those that changed). `notes` holds a sentence per check,
    `evidence` what a check based its last verdict on (results of programs, answers, passages, reasons).
    `examples` are ids of base rows shown to the model. `repaired` says that the reply was not valid JSON as it came.
    `changes` lists what was mended, oldest first: `{"by": check, "before": {field: old value}, "evidence"}`, the
    evidence being that of the verdict that led to the change. `lineage` says how a text that was sampled together with
    others came about: its group, its row there, steps and the like.
    """

    slot: int
    attempt: int
    fields: Mapping[str, JsonValue]
    verdicts: Mapping[str, Outcome] = field(default_factory=dict)
    first_verdicts: Mapping[str, Outcome] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    rejection: Rejection | None = None
    repaired: bool = False
    changes: tuple[Mapping[str, JsonValue], ...] = ()
    lineage: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, int]:
        """Order in which the dedup stage judges: all first attempts in slot order, then all second ones."""
        return (self.attempt, self.slot)

    def rejected(self, rejection: Rejection) -> Record:
        """This record, turned away."""
        return replace(self, rejection=rejection)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says of a record. `fix` holds fields to replace when the check can repair the record itself."""

    outcome: Outcome
    detail: str = ""
    fix: Mapping[str, JsonValue] | None = None
    evidence: Mapping[str, JsonValue] | None = None


def unit_name(slot: int, attempt: int) -> str:
    """`000012.2`: slot 12, second attempt, as checkpoints name it."""
    return f"{slot:06d}.{attempt}"


def record_id(prefix: str, slot: int, attempt: int = 1) -> str:
    """`a1b2c3-000012`, its second attempt `a1b2c3-000012.2`."""
    base = f"{prefix}-{slot:06d}"
    return base if attempt == 1 else f"{base}.{attempt}"
