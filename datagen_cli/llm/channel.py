"""One endpoint and model as the client holds it: provider, gate, paces, price, and what is known of its ways.

Roles that use the same model share one channel. The provider is built with the first call, so that a run answered by
the cache imports no HTTP client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datagen_cli.config.models import Limits, ModelOptions
from datagen_cli.core import registry
from datagen_cli.core.chat import Draw, Usage
from datagen_cli.llm.budget import Budget, Hold
from datagen_cli.llm.cache import endpoint_key
from datagen_cli.llm.faults import AuthRefused, TransportError
from datagen_cli.llm.keys import Target
from datagen_cli.llm.limits import Gate, Pace, pause
from datagen_cli.llm.prices import price_of, rate_of
from datagen_cli.llm.provider import Payload, Provider, RawReply
from datagen_cli.llm.retry import Clock, Health, Policy, stops_run
from datagen_cli.llm.usage import Tally

BYTES_PER_TOKEN = 3  # a guess for tokens_per_minute only; it is corrected by what the endpoint counts


class Channel:
    """Shared by all roles that use one endpoint and model."""

    def __init__(
        self,
        options: ModelOptions,
        target: Target,
        *,
        seed: int,
        limits: Limits,
        plant: Callable[[dict[str, Any]], None],
    ) -> None:
        self.target = target
        self.policy = Policy(options.timeout_s, options.deadline_s, limits.patience_s)
        self.health = Health(target)
        self.gate = Gate(limits.concurrency)
        self.price = price_of(options, target)
        self.rate = rate_of(self.price)
        self.dropped: frozenset[str] = frozenset()
        self.key_state = endpoint_key(_known_by(options, target), seed)
        self.uncounted = False
        self._options = options
        self._plant = plant
        self._concurrency = limits.concurrency
        self._requests = Pace(options.requests_per_minute) if options.requests_per_minute else None
        self._tokens = Pace(options.tokens_per_minute) if options.tokens_per_minute else None
        self._provider: Provider | None = None

    async def send_once(
        self, payload: Payload, draw: Draw, hold: Hold, clock: Clock, again: bool, run: Spending
    ) -> RawReply:
        """One try: waits for its place, its pace and its money, sends, and settles."""
        await self.gate.enter(again=again)
        try:
            guess = hold.tokens_in // BYTES_PER_TOKEN + hold.tokens_out
            await pause(self._requests, 1)
            await pause(self._tokens, guess)
            await run.budget.reserve(hold)
            used: Usage | None = Usage()
            try:
                reply = await self.provider().complete(payload, draw, timeout_s=clock.begin())
                used = self.usage_of(reply)
                return reply
            except AuthRefused as fault:
                if stops_run(fault, self.health.answers):
                    self.gate.halt()  # before the place is given back: nobody else need be refused
                raise
            except TransportError as fault:
                if fault.may_have_cost:
                    used = None
                    run.tally.lost += 1
                raise
            except BaseException as error:
                if not isinstance(error, Exception):
                    used = None  # cancelled under way: it may be paid for although nobody waits for it
                raise
            finally:
                self._settle(hold, used, guess, run)
        finally:
            self.gate.leave()

    def usage_of(self, reply: RawReply) -> Usage | None:
        """What a reply used; None when the endpoint does not say."""
        if reply.tokens_in is None or reply.tokens_out is None:
            return None
        cost = self.rate.cost_usd(reply.tokens_in, reply.tokens_out) if self.rate else None
        return Usage(reply.tokens_in, reply.tokens_out, cost)

    def hold_for(self, body: bytes, most_tokens: int) -> Hold:
        """The most that a call can use: a token for each byte sent, and all that it may write."""
        cost = self.rate.cost_usd(len(body), most_tokens) if self.rate else 0.0
        return Hold(len(body), most_tokens, cost)

    def provider(self) -> Provider:
        """The provider, built when it is first needed."""
        if self._provider is None:
            build = registry.load("providers", self.target.kind)
            if self.target.kind == "offline":
                self._provider = build(self._options, self._plant)
            else:
                self._provider = build(self._options, self.target, concurrency=self._concurrency)
        return self._provider

    async def close(self) -> None:
        """Closes the provider, if there is one."""
        if self._provider is not None:
            await self._provider.close()

    def _settle(self, hold: Hold, used: Usage | None, guess: int, run: Spending) -> None:
        if used is None:
            used = Usage(hold.tokens_in, hold.tokens_out, hold.cost_usd if self.rate else None)
        run.budget.settle(hold, used.tokens_in + used.tokens_out, used.cost_usd)
        if used.tokens_in or used.tokens_out:
            run.tally.add(used)
        if self._tokens is not None:
            self._tokens.give_back(guess - used.tokens_in - used.tokens_out)


class Spending:
    """Where a call's use is written down: the caps, and the tally of its role and purpose."""

    __slots__ = ("budget", "tally")

    def __init__(self, budget: Budget, tally: Tally) -> None:
        self.budget = budget
        self.tally = tally


def _known_by(options: ModelOptions, target: Target) -> dict[str, Any]:
    """What the call cache knows the endpoint by. The faults of `offline` are part of what answers."""
    found: dict[str, Any] = dict(target.identity)
    if target.kind == "offline":
        faults = options.faults
        found["faults"] = (
            faults.model_dump(mode="json") if faults is not None and not isinstance(faults, str) else faults
        )
    return found
