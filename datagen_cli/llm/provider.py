"""What every provider offers the client: facts about itself, and one try of one chat call, with no retries and no
state of the run. A class on the shelf is a `ProviderFacts`; what it opens is a `Provider`, often an instance of itself.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.chat import NO_END, Draw, End
from datagen_cli.core.ports import MakeWorkers
from datagen_cli.core.store import Store
from datagen_cli.core.task import Task
from datagen_cli.llm.keys import Target

Heard = Callable[[Mapping[str, str]], None]
"""Told the headers of every reply, if a provider has an attribute `heard` of this type. One on this machine may have a
property `writing`: what it does at this moment, in words that follow its name (see `writes`); empty while that is
nothing, or not known."""

Start = Callable[[], Awaitable[float]]
"""Waits until a request may be sent (its place, its pace, its money); returns the seconds that it may take then. To be
awaited once, right before anything is sent. It raises faults and errors of ours only, which are passed on."""


@dataclass(frozen=True, slots=True)
class RawReply:
    """A model's answer to one try. Token counts are None when the endpoint does not say them;
    `tokens_cached` of those that came in were in the endpoint's cache. `beside` names what came in place of a text.
    """

    text: str
    finish_reason: str = "stop"
    tokens_in: int | None = None
    tokens_out: int | None = None
    model: str = ""
    tokens_cached: int = 0
    beside: str = ""


class Payload(dict[str, Any]):
    """The body of a request as a mapping, and as the JSON bytes that were made of it once.

    `task` is what the body asks, as data; `end` is what in the body stops the reply where a fitting answer has ended.
    """

    __slots__ = ("body", "end", "task")

    def __init__(self, values: Mapping[str, Any], body: bytes, task: Task | None = None, end: End = NO_END) -> None:
        super().__init__(values)
        self.body = body
        self.task = task
        self.end = end


def body_of(payload: Mapping[str, Any]) -> bytes:
    """The JSON bytes of a request's body."""
    return payload.body if isinstance(payload, Payload) else json.dumps(payload).encode()


class Provider(Protocol):
    """Sends one request once. Raises the faults of `llm/faults.py` and nothing else."""

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        """The reply to an OpenAI chat body: `model`, `messages`, `max_tokens`, `seed` and the like."""

    async def close(self) -> None:
        """Closes connections; may be called twice."""


class Ready:
    """A provider that can make a request ready while it waits for its place, which then goes out sooner."""

    async def complete_when(self, payload: Mapping[str, Any], draw: Draw, start: Start) -> RawReply:
        """`complete`, which sends once `start` has returned."""
        raise NotImplementedError

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        """See `Provider.complete`."""

        async def at_once() -> float:
            return timeout_s

        return await self.complete_when(payload, draw, at_once)


def writes(replies: int, tokens: int) -> str:
    """`writes 2 replies, the longest of 43 tokens so far`; before the first token: `reads 2 prompts`."""
    several = "" if replies == 1 else "s"
    if not replies or tokens <= 0:
        return f"reads {replies} prompt{several}" if replies else ""
    so_far = f"{tokens:,} token{'' if tokens == 1 else 's'} so far"
    return f"writes 1 reply, {so_far}" if replies == 1 else f"writes {replies} replies, the longest of {so_far}"


FOREVER_S = 1e9


@dataclass(frozen=True, slots=True)
class Around:
    """What a run gives a provider that it opens: the most calls at once, whether they go as batches, where those are
    remembered, who is told what a simulated model does wrong on purpose, and what makes workers where the engine has
    other machines."""

    concurrency: int
    batched: bool
    store: Store | None
    plant: Callable[[dict[str, Any]], None]
    patience_s: float = 300.0
    workers: MakeWorkers | None = None


class ProviderFacts:
    """What the class of a provider states of itself; the values here are the defaults.

    `simulated`: its texts are made up, by no model. `free`: nobody is paid for its calls. `on_this_machine`: it
    computes here: nothing is gained by asking twice, and nothing is spent on what is lost. `batches`: it has OpenAI's
    batch API. `completes`: it takes a text to go on with in place of a conversation. `streams`: it reads a stream that
    is asked for. `correlates`: it gives every next-token probability. `own_options`: keys of a model mapping that go
    with it only. `extra`: what is installed for it. `prefix`: what names of its models begin with, whatever address is
    given with them; empty for a provider that `claims` models otherwise.
    """

    simulated: ClassVar[bool] = False
    free: ClassVar[bool] = False
    on_this_machine: ClassVar[bool] = False
    batches: ClassVar[bool] = False
    completes: ClassVar[bool] = False
    streams: ClassVar[bool] = False
    correlates: ClassVar[bool] = False
    own_options: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    prefix: ClassVar[str] = ""

    @classmethod
    def model_of(cls, options: ModelOptions) -> str:
        return options.name.removeprefix(cls.prefix)

    @classmethod
    def forms(cls) -> tuple[str, ...]:
        """How names of its models look: `local/...`."""
        return (f"{cls.prefix}...",) if cls.prefix else ()

    @classmethod
    def claims(cls, options: ModelOptions) -> bool:
        """Whether it serves this model. The provider that the name begins with is asked first, then all in order."""
        if cls.prefix:
            return options.name.startswith(cls.prefix) and options.name != cls.prefix
        return options.base_url is None and "/" in options.name

    @classmethod
    def locate(cls, options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str]) -> Target:
        """Where calls go. Raises `UsageError` for options that lead nowhere, and for a key that would go astray."""
        kind, _, model = options.name.partition("/")
        return Target(kind, model, key_env=options.api_key_env)

    @classmethod
    def licence(cls, options: ModelOptions) -> str:
        """The licence of the model where its own files state it, and where: no call is made; empty where none does."""
        return ""

    @classmethod
    def needs_key(cls, options: ModelOptions) -> bool:
        """Whether nobody is answered without the key of the target."""
        return True

    @classmethod
    def identity(cls, options: ModelOptions) -> dict[str, Any]:
        """What decides the texts beside the name and the sampling, as JSON values: for fingerprints and the cache."""
        return {}

    @classmethod
    def check(cls, options: ModelOptions, role: str, *, chats: bool, to_run: bool) -> None:
        """Raises `UsageError` or `MissingExtra` for a model that cannot play the role, before anything is loaded.

        `chats`: it is asked questions; `to_run`: this machine is to run it now.
        """

    @classmethod
    def time_outs(cls, options: ModelOptions) -> tuple[float, float]:
        """The longest wait in seconds for one try of a call, and for a call with all its tries."""
        return options.timeout_s, options.deadline_s

    @classmethod
    def at_once(cls, options: ModelOptions, concurrency: int) -> int:
        """The most calls that are sent side by side, at most `concurrency`."""
        return concurrency

    @classmethod
    def stopped_by(cls, options: ModelOptions) -> tuple[str, ...]:
        """Which of `max_tokens`, `stop` and `maxItems` (of lists) may end a reply where any fitting answer has ended.
        Only of a model that is here can it be known that it does not reason first, in tokens and paragraphs that
        nobody can foresee, and that it is held to a schema whose lists have an end."""
        return ()

    @classmethod
    def fetched_from(cls, options: ModelOptions) -> str | None:
        """The host that the model's files would come from; None when they are here, or elsewhere for good."""
        return None

    @classmethod
    def open(cls, options: ModelOptions, target: Target, around: Around) -> Provider:
        """What sends the calls. Opens no connection and loads no weights yet."""
        build: Any = cls
        return build(options, target, concurrency=around.concurrency)
