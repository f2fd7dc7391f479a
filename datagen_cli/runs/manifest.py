"""`run.json` (state, counts, cost) and `recipe.lock.yaml` (what exactly was run)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_origin, get_type_hints

from datagen_cli.core.extras import DISTRIBUTION
from datagen_cli.core.jsonl import write_aside
from datagen_cli.runs.spending import add_spending, cost_shares, is_spending, rounded, tokens_of, total_of

if TYPE_CHECKING:
    from datagen_cli.llm.client import Client

FILE, LOCK = "run.json", "recipe.lock.yaml"
PACKAGES = ("pydantic", "aiohttp", "jinja2", "numpy")

NEEDED = ("run", "recipe", "count", "seed", "simulated", "fingerprints", "resume_command")
INNER = {
    "recipe": ("name",), "tokens": ("in", "out"), "checks": ("before", "after"), "failed_slots": ("id", "reason"),
}  # fmt: skip
"""Keys within a key of `run.json` that every reader may rely on."""


@dataclass(slots=True)
class Manifest:
    """The content of `run.json`, a superset of what `generate --json` prints. Costs in USD, None when unknown.

    `rejected` counts attempts by reason, `no_reply` prompts that ended without a reply in this run, `surplus` records
    that nobody had asked for; `probed` is what each check found of records that a probe made bad on purpose.
    `spent_now` and `seconds` are of this run, `spent` of all runs of the folder; `earlier_seconds` of those before it.
    """

    run: str
    recipe: dict[str, Any]
    count: int
    seed: int
    simulated: bool
    fingerprints: dict[str, str]
    resume_command: str
    cohorts: list[int] = field(default_factory=list)
    state: str = "running"
    reason: str = ""
    accepted: int = 0
    new_records: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    max_tokens: int = 0
    no_reply: int = 0
    surplus: int = 0
    failed_slots: list[dict[str, str]] = field(default_factory=list)
    calls: int = 0
    cached_calls: int = 0
    tokens: dict[str, int] = field(default_factory=lambda: {"in": 0, "out": 0, "cached": 0})
    cost_usd: float | None = 0.0
    cost: dict[str, Any] = field(default_factory=dict)
    spent: dict[str, Any] = field(default_factory=dict)
    spent_now: dict[str, Any] = field(default_factory=dict)
    checks: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    planted: dict[str, dict[str, int]] = field(default_factory=dict)
    probed: dict[str, dict[str, int]] = field(default_factory=dict)
    shift: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, Any] = field(default_factory=dict)
    coverage: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    seconds: float = 0.0
    earlier_seconds: float = 0.0
    stage_seconds: dict[str, float] = field(default_factory=dict)
    started: str = field(default_factory=lambda: now())
    finished: str | None = None
    exit_code: int | None = None
    dataset: str | None = None
    shards: list[str] = field(default_factory=list)
    models: dict[str, list[str]] = field(default_factory=dict)
    model_ids: list[str] = field(default_factory=list)
    licences: dict[str, str] = field(default_factory=dict)
    base: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    seal: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """`run.json` as an object."""
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            **self.totals(),
            "stages": {name: round(value, 3) for name, value in self.stage_seconds.items()},
            "versions": versions(),
        }

    def record_spending(
        self, before: Mapping[str, Any], now: Mapping[str, Any], ahead: Mapping[str, Any] | None = None
    ) -> None:
        """Counts of this run (`now`), and cost and tokens of the folder across resumes: `before` is what it had spent
        when this run began, `ahead` what of that this call of it paid for attributes."""
        self.spent = add_spending(before, now)
        self.spent_now = add_spending(ahead or {}, now)
        mine, whole = total_of(self.spent_now), total_of(self.spent)
        self.calls, self.cached_calls = mine["calls"], mine["cached_calls"]
        self.tokens = tokens_of(whole)
        self.cost_usd = rounded(whole["cost_usd"])
        self.cost = cost_shares(self.spent, self.accepted)

    def totals(self) -> dict[str, dict[str, Any]]:
        """Calls, tokens, cost in USD and seconds of this run, and of all runs of the folder."""
        return {
            "this_run": _took(self.spent_now, self.seconds),
            "all_runs": _took(self.spent, self.earlier_seconds + self.seconds),
        }

    def pulse(self, calls: Client | None, in_turn: int) -> dict[str, Any]:
        """What a `tick` tells: calls, tokens and cost of the folder up to now, what came of this run, attempts that are
        ready to be judged `in_turn`, calls in flight, and what the run waits for."""
        names = ("new_records", "cached_calls", "tokens", "cost_usd")
        flying = {"in_flight": calls.in_flight, "waits_for": calls.waits_for} if calls is not None else {}
        kept = {name: getattr(self, name) for name in names}
        return {"calls": total_of(self.spent)["calls"], "in_turn": in_turn, **kept, **flying}

    def report(self) -> dict[str, Any]:
        """What `generate --json` prints."""
        names = (
            "state", "reason", "run", "dataset", "count", "accepted", "new_records", "rejected", "no_reply", "surplus",
            "calls", "cached_calls", "tokens", "cost_usd", "simulated", "seconds", "exit_code", "resume_command",
            "failed_slots",
        )  # fmt: skip
        return {**{name: getattr(self, name) for name in names}, **self.totals()}


def _took(spent: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    whole = total_of(spent)
    took = {"calls": whole["calls"], "tokens": tokens_of(whole), "cost_usd": rounded(whole["cost_usd"])}
    return {**took, "seconds": round(seconds, 3)}


def read_manifest(document: Mapping[str, Any]) -> tuple[Manifest, list[str]]:
    """The manifest that a `run.json` holds, and the names of what is missing or of another type: that is empty."""
    from pydantic import ValidationError

    found: dict[str, Any] = {}
    wrong = []
    for name, (kind, inner) in _kinds().items():
        try:
            if inner is not None:
                inner.validate_python(document[name])
            found[name] = kind.validate_python(document[name], strict=True)
        except KeyError:
            wrong += [name] if name in NEEDED else []
        except ValidationError:
            wrong.append(name)
        else:
            if not _has_its_keys(name, found[name]):
                del found[name]
                wrong.append(name)
    kinds = get_type_hints(Manifest)
    empty: dict[str, Any] = {name: (get_origin(kinds[name]) or kinds[name])() for name in NEEDED}
    empty["recipe"] = dict.fromkeys(INNER["recipe"], "unknown")
    return Manifest(**{**empty, **found}), wrong


@cache
def _kinds() -> Mapping[str, tuple[Any, Any]]:
    """What checks the type of each key and, where it holds more, of what is inside; made once: that takes ten
    milliseconds."""
    from pydantic import TypeAdapter

    from datagen_cli.runs import told

    inner = {name: TypeAdapter(kind) for name, kind in told.INNER.items()}
    return {name: (TypeAdapter(kind), inner.get(name)) for name, kind in get_type_hints(Manifest).items()}


def _has_its_keys(name: str, value: Any) -> bool:
    """Whether a mapping, or each of a list or mapping of such, holds the keys that all readers rely on."""
    if name in ("spent", "spent_now"):
        return is_spending(value)
    keys = INNER.get(name, ())
    inner = [value] if name in ("recipe", "tokens") else value.values() if isinstance(value, dict) else value
    if not keys:
        return True
    kind = str if name in ("recipe", "failed_slots") else int if name == "tokens" else dict
    return all(isinstance(part.get(key), kind) for part in inner for key in keys)


def now() -> str:
    """The time now, as people read it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def versions() -> Mapping[str, str]:
    """Versions of what a run depends on, read once: finding them takes milliseconds."""
    found = {"python": ".".join(map(str, sys.version_info[:3])), "datagen": package_version(DISTRIBUTION)}
    return {**found, **{name: package_version(name) for name in PACKAGES}}


def package_version(name: str) -> str:
    """An installed package's version, or `not installed`."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def write_lock(folder: Path, source: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """`recipe.lock.yaml`: the recipe as resolved, `${ENV}` unexpanded, and under `locked` what it stood for."""
    from datagen_cli.config.yaml_lines import write_yaml

    text = write_yaml({**source, "locked": dict(facts)})
    head = "# written by datagen: the recipe of this run as resolved, and what its names stood for\n"
    write_aside(folder / LOCK, [head.encode(), text.encode("utf-8", "replace")])
