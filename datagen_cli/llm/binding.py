"""One model in one role: from a request to the body that is sent; and which of several generators writes a slot: exact
shares, the same for a longer run, independent of the labels.

Webster's method (highest share / (2·given + 1)) says which models the slots of a block get; a seeded shuffle within
each block says which slot gets which. Without the shuffle, two generators and two balanced labels, both in Webster's
order, would give each label one generator.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from threading import Lock
from typing import Any

from datagen_cli.config.models import Sampling, SharedModel
from datagen_cli.core.chat import NO_END, End, Request
from datagen_cli.core.digest import rng
from datagen_cli.llm.as_text import completed
from datagen_cli.llm.channel import Channel
from datagen_cli.llm.identity import sampling_of
from datagen_cli.llm.parameter_fallback import STREAM, SYSTEM, amended, merged

LIMITS = {"max_completion_tokens": "max_tokens"}
HELD = "maxItems"
"""Of `stopped_by`: the model is held to the bounds of a schema."""


class ModelBinding:
    """One model in one role: its channel and all of the request that does not change from call to call."""

    __slots__ = ("channel", "chosen", "head", "max_tokens", "options", "params", "stopped_by", "warm")

    def __init__(self, options: SharedModel, role: str, sampling: Sampling, channel: Channel) -> None:
        self.options = options
        self.channel = channel
        self.head = {"model": channel.target.model, **sampling_of(options, role, sampling)}
        self.warm = {"model": channel.target.model, **sampling_of(options, role, sampling, several=True)}
        self.max_tokens = options.max_tokens
        self.params = dict(sorted(options.params.items()))
        given = {*self.params, *(("max_tokens",) if "max_tokens" in options.model_fields_set else ())}
        self.stopped_by = set(channel.provider_facts.stopped_by(options)) - {LIMITS.get(name, name) for name in given}
        own = sampling.temperature if role == "generator" and sampling.temperature is not None else options.temperature
        streams = channel.provider_facts.streams and not channel.batched
        self.chosen = {*self.params, *(() if own is None else ("temperature",)), *(() if streams else (STREAM,))}

    def payload(
        self, request: Request, messages: list[dict[str, str]], seed: int, dropped: Collection[str]
    ) -> dict[str, Any]:
        """The body of a request. What the request says of `max_tokens` wins over `params`, they win over the rest; a
        null in them leaves its key out."""
        found = dict(self.warm if request.several or request.draw.k else self.head)
        found["messages"] = messages
        if self.options.system == "merge":
            found["messages"] = merged(messages)
        elif self.options.system == "off":
            found["messages"] = [message for message in messages if message["role"] != SYSTEM]
        found["max_tokens"] = self.max_tokens
        found["seed"] = seed
        if request.group is not None:
            found["group"] = request.group
        if request.response_format is not None and self.options.structured in ("auto", "json"):
            end = request.end if HELD in self.stopped_by else None
            found["response_format"] = with_ends(request.response_format, end) if end else request.response_format
        if self.params:
            found.update(self.params)
            if "max_completion_tokens" in self.params:
                del found["max_tokens"]
            found = {name: value for name, value in found.items() if value is not None or name not in self.params}
        if request.max_tokens is not None or request.more_tokens != 1:
            name = "max_completion_tokens" if "max_completion_tokens" in found else "max_tokens"
            if name in found:
                found[name] = (request.max_tokens or found[name]) * request.more_tokens
        end = self.end_of(request)
        if end.tokens is not None:
            found["max_tokens"] = end.tokens
        if end.mark is not None:
            found["stop"] = [end.mark]
        if self.options.form == "completion":
            found = completed(found)
        return amended(found, dropped) if dropped else found

    def end_of(self, request: Request) -> End:
        """Where the model is stopped, of what the request says of the end of fitting answers."""
        if request.end is None or not self.stopped_by:
            return NO_END
        tokens = (request.end.tokens or self.max_tokens) * request.more_tokens
        below = "max_tokens" in self.stopped_by and tokens < self.max_tokens
        return End(tokens if below else None, request.end.mark if "stop" in self.stopped_by else None)


def with_ends(response_format: Mapping[str, Any], end: End) -> dict[str, Any]:
    """The format in which lists and texts of these fields end, where it says nothing of it: of records, else of the
    object itself."""
    found: dict[str, Any] = deepcopy(dict(response_format))
    fields = found["json_schema"]["schema"]["properties"]
    fields = fields.get("records", {}).get("items", {}).get("properties", fields)
    for name, most in end.items.items():
        if fields.get(name, {}).get("type") == "array":
            fields[name].setdefault("maxItems", max(most, fields[name].get("minItems", 0)))
    for name, most in end.characters.items():
        text = fields.get(name, {})
        text = text.get("items", text)
        if "string" in text.get("type", ()) and "enum" not in text:
            text.setdefault("maxLength", most)
    return found


class Shares:
    """Maps slots to indices of models. `shares` are positive weights."""

    def __init__(self, shares: Sequence[float], seed: int) -> None:
        self._shares = list(shares)
        self._seed = seed
        self._block = 4 * len(self._shares)
        self._given = [0] * len(self._shares)
        self._picks = bytearray()
        self._lock = Lock()

    def pick(self, slot: int) -> int:
        """The index of the model that writes this slot (from 0)."""
        if len(self._shares) == 1:
            return 0
        with self._lock:
            while len(self._picks) <= slot:
                self._add_block()
        return self._picks[slot]

    def _add_block(self) -> None:
        """Extends the sequence by one block of Webster's picks, shuffled."""
        picks = []
        for _ in range(self._block):
            quotients = [share / (2 * given + 1) for share, given in zip(self._shares, self._given, strict=True)]
            best = quotients.index(max(quotients))
            self._given[best] += 1
            picks.append(best)
        rng(self._seed, "generators", len(self._picks)).shuffle(picks)
        self._picks.extend(picks)
