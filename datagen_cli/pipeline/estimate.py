"""What a run would take, before it: calls, tokens, cost and time, low and high, and every host it would contact.

Low: every first attempt is kept and replies are as short as usual. High: every second attempt is refused, every record
is asked for again once where a check may do so, and replies are long. Nothing is sent and nothing is written.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from datagen_cli.config.models import SharedModel
from datagen_cli.core.flow import FLOW, stage_of
from datagen_cli.core.record import Slot
from datagen_cli.llm.channel import BATCH_PRICE_SHARE
from datagen_cli.llm.keys import hosts, locate
from datagen_cli.llm.prices import price_of, rate_of, share_of
from datagen_cli.pipeline.build import Built
from datagen_cli.pipeline.connect import roles
from datagen_cli.pipeline.groups import Groups
from datagen_cli.pipeline.values import A_CALL, PURPOSE, ROLE, most_calls
from datagen_cli.stages.generate import Unit
from datagen_cli.text.tokens import BYTES_PER_TOKEN

PER_CALL = (1, 5, 10)
SAMPLE = 20
HIGH_ATTEMPTS = 2.0
HARDER_PROMPT = (80, 400)
"""Tokens of what a difficulty operator says, without the record."""
HIGH_BYTES_PER_TOKEN = 3
FIELD_TOKENS = {
    "text": (25, 250), "number": (2, 8), "boolean": (1, 2), "label": (1, 8), "list": (10, 80), "json": (20, 200),
}  # fmt: skip
SECONDS_A_CALL, TOKENS_A_SECOND = (0.3, 2.0), (150.0, 20.0)
OFFLINE_RECORDS_A_SECOND = (1500.0, 200.0)
HUB = "huggingface.co"


class Span(NamedTuple):
    """A low and a high figure."""

    low: float
    high: float

    def __add__(self, other: Span) -> Span:  # type: ignore[override]
        return Span(self.low + other.low, self.high + other.high)

    def times(self, other: Span) -> Span:
        """Both figures multiplied."""
        return Span(self.low * other.low, self.high * other.high)

    def within(self, most: float) -> Span:
        """Both figures, at most so many."""
        return Span(min(self.low, most), min(self.high, most))

    def ends(self, digits: int) -> dict[str, float]:
        """`{"low", "high"}`, rounded."""
        return {"low": round(self.low, digits), "high": round(self.high, digits)}


NOTHING = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Load:
    """What one role is asked for a purpose: calls in all, tokens in and out of one call."""

    role: str
    purpose: str
    calls: Span
    tokens_in: Span
    tokens_out: Span


def estimate(
    built: Built, environ: Mapping[str, str], allow_hosts: Collection[str] = (), *, count: int | None = None
) -> dict[str, Any]:
    """What `--dry-run --json` prints. Costs in USD, None where a price is not known; times in seconds."""
    options = built.recipe.options
    wanted = options.count if count is None else count
    yours = built.per_call
    sizes = [yours] if built.groups else sorted({*PER_CALL, yours})
    limits = options.limits
    return {
        "recipe": built.recipe.file,
        "count": wanted,
        "records_per_call": yours,
        "estimates": [_at(built, environ, allow_hosts, wanted, size) for size in sizes],
        "shared_prefix": shared_prefix(built),
        "hosts": contacted(built, environ),
        "models": {role: [model.name for model in built.recipe.models[role]] for role in roles(built.recipe)},
        "caps": {"max_cost": limits.max_cost, "max_total_tokens": limits.max_total_tokens},
        "assumptions": {
            "attempts_a_record": {"low": 1, "high": _attempts(built).high},
            "seconds_a_call": {"low": SECONDS_A_CALL[0], "high": SECONDS_A_CALL[1]},
            "tokens_a_second": {"low": TOKENS_A_SECOND[1], "high": TOKENS_A_SECOND[0]},
        },
        "simulated": built.simulated,
    }


def contacted(built: Built, environ: Mapping[str, str]) -> list[str]:
    """Every host that a run would contact: models, and the hub for what has to come from there."""
    recipe = built.recipe
    models = [model for role in roles(recipe) for model in recipe.models[role]]
    found = set(hosts(models, environ))
    if recipe.options.base is not None and recipe.options.base.hf is not None:
        found.add(f"{HUB} (the base, unless it is in the local cache)")
    name = (recipe.options.dedup.embedder if recipe.options.dedup else None) or recipe.options.embedder
    if built.embedder is not None and name is not None and "/" in name:
        found.add(f"{HUB} (the embedder, unless it is in the local cache)")
    found |= {host for check in recipe.checks if not built.simulated for host in check.facts.hosts(check.options)}
    fetched = {model.provider.fetched_from(model) for model in models} - {None}
    found |= {f"{host} (the model, which is not in the local cache)" for host in fetched}
    return sorted(found)


def _at(
    built: Built, environ: Mapping[str, str], allow_hosts: Collection[str], count: int, per_call: int
) -> dict[str, Any]:
    """The figures at so many records a call."""
    asked = _grouped(built, built.groups, count) if built.groups else _generator(built, count, per_call)
    checked = _checkers(built, count, _attempts(built).high)
    tasks = [*_found_values(built), *asked, *checked, *_harder(built, count)]
    figures = _figures(built, environ, allow_hosts, count, tasks)
    return {"records_per_call": per_call, "yours": per_call == built.per_call, **figures}


def estimate_checks(
    built: Built, environ: Mapping[str, str], allow_hosts: Collection[str], names: Collection[str], count: int
) -> dict[str, Any]:
    """What so many records take that are there already and are checked once, by these checks alone."""
    return _figures(built, environ, allow_hosts, count, list(_checkers(built, count, 1.0, names)))


def _figures(
    built: Built, environ: Mapping[str, str], allow_hosts: Collection[str], count: int, tasks: Sequence[Load]
) -> dict[str, Any]:
    """Calls, tokens, cost and seconds of all that is asked."""
    calls, tokens_in, tokens_out, cost, unknown = NOTHING, NOTHING, NOTHING, NOTHING, False
    for task in tasks:
        into, out = task.calls.times(task.tokens_in), task.calls.times(task.tokens_out)
        calls, tokens_in, tokens_out = calls + task.calls, tokens_in + into, tokens_out + out
        price = _price(built.recipe.models[task.role], environ, allow_hosts, batch=built.recipe.options.limits.batch)
        unknown |= price is None
        if price is not None:
            cost += Span(price(into.low, out.low), price(into.high, out.high))
    asked, answered = _whole(tokens_in), _whole(tokens_out)
    return {
        "calls": _whole(calls),
        "calls_by_stage": _by_stage(tasks),
        "tokens": {end: {"in": asked[end], "out": answered[end]} for end in asked},
        "cost_usd": {"low": None, "high": None} if unknown else cost.ends(6),
        "seconds": _seconds(built, count, tasks).ends(1),
    }


def _by_stage(tasks: Sequence[Load]) -> dict[str, dict[str, int]]:
    """Calls of every stage that asks, in the order of the flow."""
    found = {stage.name: NOTHING for stage in FLOW}
    for task in tasks:
        found[stage_of(task.purpose)] += task.calls
    return {name: _whole(span) for name, span in found.items() if span.high}


def _whole(span: Span) -> dict[str, int]:
    return {"low": math.ceil(span.low), "high": math.ceil(span.high)}


def _longest(built: Built, role: str) -> int:
    """The most tokens of a reply in this role."""
    return max(model.max_tokens for model in built.recipe.models[role])


def _attempts(built: Built) -> Span:
    return Span(1.0, min(HIGH_ATTEMPTS, float(built.recipe.options.limits.attempts_per_record)))


def _found_values(built: Built) -> Iterator[Load]:
    """Calls that find the values of attributes, once for the run: few where every reply names as many as it may."""
    record = record_tokens(built)
    named = Span(30, 150).within(_longest(built, ROLE))
    for attribute in built.unknown.values():
        rows = A_CALL if attribute.extract else 0
        calls = Span(math.ceil(attribute.wanted / A_CALL), most_calls(attribute))
        into = Span(100 + rows * record.low, 250 + rows * record.high)
        yield Load(ROLE, PURPOSE, calls, into, named)


def _generator(built: Built, count: int, per_call: int) -> Iterator[Load]:
    """First attempts, so many records a call; refills, one a call; repairs."""
    record = record_tokens(built)
    size = min(per_call, count)
    calls = Span(*[math.ceil(count / size)] * 2)
    yield Load("generator", "generate", calls, _prompt(built, count, size), _reply(built, size))
    again = count * (_attempts(built).high - 1)
    one, prompt = _reply(built, 1), _prompt(built, count, 1)
    yield Load("generator", "generate", Span(0, again), Span(prompt.low, prompt.high + record.high), one)
    if any(check.on_fail == "fix" for check in built.bound):
        repair = Span(prompt.low, prompt.high + 2 * record.high)
        yield Load("generator", "repair", Span(0, count * _attempts(built).high), repair, one)


def _grouped(built: Built, groups: Groups, count: int) -> Iterator[Load]:
    """Whole batches of groups, then a group for every attempt that is refused; no repairs."""
    cut = groups.cut
    unit = groups.unit(list(built.slots(cut.most)), 1)
    said = sum(_row_bytes(row) for row in groups.generate.request(unit)["rows"]) / cut.most
    into = Span(said / BYTES_PER_TOKEN, said / HIGH_BYTES_PER_TOKEN)
    out = record_tokens(built).within(_longest(built, "generator"))
    calls = sum(1 for _ in cut.starts(count))
    rows, group = Span(*[cut.end(count) / calls] * 2), Span(groups.size, groups.size)
    yield Load("generator", "generate", Span(calls, calls), into.times(rows), out.times(rows))
    again = count * (_attempts(built).high - 1)
    yield Load("generator", "generate", Span(0, again), into.times(group), out.times(group))


def _row_bytes(row: Mapping[str, Any]) -> int:
    """Bytes of a row's prompt, and of those that it is steered away from."""
    prompts = [row["prompt"], *row.get("negatives", ())]
    return sum(len(message["content"].encode()) for prompt in prompts for message in prompt["messages"])


def _reply(built: Built, records: int) -> Span:
    """Tokens of a generator's reply of so many records."""
    record = record_tokens(built)
    return Span(record.low * records + 6, record.high * records + 30).within(_longest(built, "generator"))


def _checkers(built: Built, count: int, attempts: float, names: Collection[str] | None = None) -> Iterator[Load]:
    """What the checks ask (None: all of them), at most so many times a record."""
    record = record_tokens(built)
    for check in built.recipe.checks:
        if names is not None and check.name not in names:
            continue
        cost = check.facts.cost(check.options)
        calls = Span(count * cost.calls[0], count * cost.calls[1] * attempts)
        into = Span(record.low + cost.prompt[0], record.high + cost.prompt[1])
        most = cost.reply[1] + (record.high if cost.rewrites else 0)
        for role in check.facts.roles:
            yield Load(role, check.type, calls, into, Span(cost.reply[0], most).within(_longest(built, role)))


def _harder(built: Built, count: int) -> Iterator[Load]:
    """Children of a share of the records that were checked, their checks again, and the answers that measure them."""
    operators = built.operators
    if operators is None:
        return
    record, attempts = record_tokens(built), _attempts(built)
    children = max(1, math.floor(count * operators.share))
    most = math.ceil(children * attempts.high)
    one = Span(record.low + HARDER_PROMPT[0], record.high + HARDER_PROMPT[1])
    yield Load("generator", "enhance", Span(children, 2 * most), one, _reply(built, 1))
    for load in _checkers(built, children, attempts.high):
        yield replace(load, calls=Span(0, load.calls.high))
    measure = built.recipe.options.difficulty.measure if built.recipe.options.difficulty else None
    if measure is not None:
        calls = Span(children * measure.attempts, 4 * most * measure.attempts)
        yield Load("solver", "measure", calls, Span(record.low + 40, record.high + 200), Span(20, 200))


def _prompt(built: Built, count: int, size: int) -> Span:
    """Tokens of a generation prompt for so many records, measured on real ones."""
    slots = list(built.slots(min(max(SAMPLE, size), max(count, size))))
    rows = [name for name, _ in built.example_rows]
    k = built.recipe.examples.k if built.recipe.examples else 0
    shown = tuple(rows[:k]) if built.recipe.examples and built.recipe.examples.strategy != "none" else ()
    sizes = [_bytes(built, slots[start : start + size], shown) for start in range(0, len(slots) - size + 1, size)]
    schema = len(json.dumps(built.chat.format(size)))
    return Span(min(sizes) / BYTES_PER_TOKEN, (max(sizes) + schema) / HIGH_BYTES_PER_TOKEN)


def shared_prefix(built: Built) -> dict[str, float]:
    """How many tokens all prompts of a run begin with, and their share of a prompt: providers keep them at hand."""
    size = built.per_call
    slots = list(built.slots(2 * size * SAMPLE // 10)) if not built.groups else []
    units = [built.unit(slots[start : start + size], 1) for start in range(0, len(slots) - size + 1, size)]
    asked = [built.chat.prompt(unit).messages for unit in units]
    texts = ["\n".join(message.content for message in messages) for messages in asked]
    if len(texts) < 2:
        return {"tokens": 0, "share": 0.0}
    first, last, mean = min(texts), max(texts), sum(len(text) for text in texts) / len(texts)
    common = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return {"tokens": int(common // BYTES_PER_TOKEN), "share": round(common / mean, 3)}


def _bytes(built: Built, slots: list[Slot], examples: tuple[str, ...]) -> int:
    messages = built.chat.prompt(Unit(tuple(slots), 1, examples)).messages
    return sum(len(message.content.encode()) for message in messages)


def record_tokens(built: Built) -> Span:
    """Tokens of one record as JSON: as in the base, else by the types of its fields."""
    written = [spec for spec in built.specs if spec.written]
    rows = [row for _, row in built.base.rows[:500] if all(row.get(spec.name) is not None for spec in written)]
    if rows:
        sizes = sorted(
            len(json.dumps({spec.name: row.get(spec.name) for spec in written}, ensure_ascii=False).encode())
            for row in rows
        )
        low, high = sizes[len(sizes) // 4], sizes[min(len(sizes) * 19 // 20, len(sizes) - 1)]
        return Span(low / BYTES_PER_TOKEN, 1.5 * high / HIGH_BYTES_PER_TOKEN)
    names = sum(len(spec.name) for spec in written) / BYTES_PER_TOKEN + 3 * len(written)
    low, high = (sum(FIELD_TOKENS.get(spec.type, (5, 100))[side] for spec in written) for side in (0, 1))
    return Span(low + names, high + 2 * names)


def _price(
    models: tuple[SharedModel, ...], environ: Mapping[str, str], allow_hosts: Collection[str], *, batch: bool
) -> Callable[[float, float], float] | None:
    """What tokens cost in this role; several models by their shares. None when a price is not known."""
    rates = []
    for model in models:
        target = locate(model, environ, allow_hosts)
        price = price_of(model, target)
        if batch and model.provider.batches:
            price = share_of(price, BATCH_PRICE_SHARE)
        rates.append((model.share, rate_of(price)))
    if any(rate is None for _, rate in rates):
        return None
    whole = sum(share for share, _ in rates)

    def cost(tokens_in: float, tokens_out: float) -> float:
        return sum(
            share / whole * (tokens_in * rate.input_usd + tokens_out * rate.output_usd) for share, rate in rates if rate
        )

    return cost


def _seconds(built: Built, count: int, tasks: Sequence[Load]) -> Span:
    """Calls side by side at the recipe's concurrency; never faster than the rates that the recipe sets."""
    recipe = built.recipe
    found = NOTHING
    for task in tasks:
        models = recipe.models[task.role]
        if all(model.provider.simulated for model in models):
            fast, slow = OFFLINE_RECORDS_A_SECOND
            found += Span(task.calls.low / fast, task.calls.high / slow)
            continue
        low = task.calls.low * (SECONDS_A_CALL[0] + task.tokens_out.low / TOKENS_A_SECOND[0])
        high = task.calls.high * (SECONDS_A_CALL[1] + task.tokens_out.high / TOKENS_A_SECOND[1])
        side_by_side = min(recipe.options.limits.concurrency, max(count, 1))
        if all(model.provider.on_this_machine for model in models):
            side_by_side = 1
        tokens = task.calls.times(task.tokens_in + task.tokens_out)
        slowest = max(_paced_s(model, task.calls.low, tokens.low) for model in models)
        slowest_high = max(_paced_s(model, task.calls.high, tokens.high) for model in models)
        found += Span(max(low / side_by_side, slowest), max(high / side_by_side, slowest_high))
    return found


def _paced_s(model: SharedModel, calls: float, tokens: float) -> float:
    """The least that so many calls and tokens take at the rates that the recipe sets."""
    asked, sent = model.requests_per_minute, model.tokens_per_minute
    return 60.0 * max(calls / asked if asked else 0.0, tokens / sent if sent else 0.0)
