"""What is sent to a chat model and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.core.task import Task


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; `role` is `system`, `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question in both forms: the messages, and the same as data."""

    messages: tuple[Message, ...]
    task: Task


@dataclass(frozen=True, slots=True)
class Draw:
    """The place of a call in the run, and the only source of variety between identical prompts.

    Never "the n-th identical request so far": the same place draws the same reply whatever ran before it.
    `purpose` is what is asked for (`generate`, `repair`, `code`, ...); `k` counts independent draws of one purpose.
    """

    slot: int
    attempt: int
    purpose: str
    k: int = 0

    def __str__(self) -> str:
        return f"{self.slot}.{self.attempt}.{self.purpose}.{self.k}"

    @property
    def mends(self) -> bool:
        """Whether the call repairs a written record: later records wait to be judged after it."""
        return self.purpose == "repair"


@dataclass(frozen=True, slots=True)
class End:
    """Where any fitting answer has ended: `tokens` are more than one has, `mark` is in none; None where it is unknown.
    `items` are the most entries of lists, `characters` the most of texts (or of each text of a list), by field.

    Models that are run here and answer at once, without reasoning, are stopped there. Others are left alone.
    """

    tokens: int | None = None
    mark: str | None = None
    items: Mapping[str, int] = field(default_factory=dict, hash=False)
    characters: Mapping[str, int] = field(default_factory=dict, hash=False)


NO_END = End()


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the model of a role (`generator`, `coder`, `reviewer`, ...).

    `response_format` is an OpenAI `json_schema` object or None. `max_tokens` overrides the model's own when set, and
    `more_tokens` multiplies either. `end` says where any fitting answer has ended. `several` says that this is one of
    several independent draws of a purpose (as `draw.k` > 0 does), for which solver and coder are warmer. `group` asks a
    local model for several texts at once that are sampled together (correlated sampling), in place of `messages`; its
    form is that of `llm/local/batches.py`. `task` says what the messages ask as data; only the simulated model looks
    at it.
    """

    role: str
    messages: tuple[Message, ...]
    draw: Draw
    response_format: Mapping[str, Any] | None = None
    max_tokens: int | None = None
    more_tokens: int = 1
    end: End | None = None
    several: bool = False
    group: Mapping[str, Any] | None = None
    task: Task | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call or a sum of calls; `cost_usd` is None when a price is unknown, never 0 for unknown.
    `tokens_cached` are those of `tokens_in` that the endpoint had in its cache."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = 0.0
    tokens_cached: int = 0

    def __add__(self, other: Usage) -> Usage:
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            (self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
            self.tokens_cached + other.tokens_cached,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer. `finish_reason` is `stop`, `length`, `content_filter` or what the provider said.

    `digest` is the key of the call in the call cache; `cached` says that it was not paid now; `model` is the id
    that the provider returned. `end`: where the model was stopped, of the request's `end`.
    """

    text: str
    finish_reason: str = "stop"
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    digest: str = ""
    cached: bool = False
    end: End = NO_END
