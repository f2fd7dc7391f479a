"""One endpoint and model as the client holds it: provider, limiter, paces, price, and what is known of its behaviour.

Roles that use the same model share one channel. The provider is built with the first call, so that a run answered by
the cache imports no HTTP client.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from datagen_cli.config.models import Limits, ModelOptions
from datagen_cli.core.chat import Draw, Usage
from datagen_cli.core.errors import CallPending, ProviderError
from datagen_cli.core.ports import Ledger, MakeWorkers
from datagen_cli.core.store import Store
from datagen_cli.core.traces import covered
from datagen_cli.llm.adaptive_concurrency import AdaptiveConcurrency, Permit
from datagen_cli.llm.budget import Budget, Reservation
from datagen_cli.llm.cache import endpoint_key, limit_of
from datagen_cli.llm.faults import COVER, AuthRefused, Fault, TransportError, clean_fault, redact
from datagen_cli.llm.finish import seems_cut
from datagen_cli.llm.health import Health
from datagen_cli.llm.hedge import Hedge
from datagen_cli.llm.keys import Target, secrets
from datagen_cli.llm.limits import HALTED, ConcurrencyLimiter, RateLimiter, pause
from datagen_cli.llm.prices import price_of, rate_of, share_of
from datagen_cli.llm.provider import Around, Payload, Provider, RawReply, Ready, Start
from datagen_cli.llm.ratelimit import closed_s, unreadable
from datagen_cli.llm.retry import Clock, Policy, exhausted, stops_run
from datagen_cli.llm.usage import Tally

UNCOUNTED = "does not count tokens; each call counts at its most"
BESIDE = {
    "reasoning": "writes only reasoning and no text: raise max_tokens, turn its reasoning off (params), or mend the"
    " server's reasoning parser",
    "tool_calls": "calls tools and writes no text: send it no tools (params), or --set the model's structured=off",
}
"""What a reply without a text says of an endpoint."""
BATCH_WINDOW_S = 25 * 3600.0
BATCH_PRICE_SHARE = 0.5
ECHO_CHARS = 8  # a shorter header's value is a word that a text may hold by itself
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
        store: Store | None = None,
        answered_before: bool = False,
        workers: MakeWorkers | None = None,
    ) -> None:
        self.target = target
        self.provider_facts = options.provider
        self.batched = limits.batch and self.provider_facts.batches and options.form != "completion"
        timeout_s, deadline_s = self.provider_facts.time_outs(options)
        self.policy = Policy(timeout_s, deadline_s, limits.patience_s)
        self.health = Health(target, answered_before)
        self.limiter = ConcurrencyLimiter(
            self.provider_facts.at_once(options, limits.concurrency) if workers is None else limits.concurrency
        )
        self.concurrency = AdaptiveConcurrency(self.limiter)
        self.hedge = Hedge(self.limiter) if limits.hedge and not self.provider_facts.on_this_machine else None
        self.price = price_of(options, target)
        if self.batched:
            self.policy = Policy(BATCH_WINDOW_S, 2 * BATCH_WINDOW_S, limits.patience_s, batched=True)
            self.price = share_of(self.price, BATCH_PRICE_SHARE)
        self.rate = rate_of(self.price)
        self.dropped: frozenset[str] = frozenset()
        self.key_state = endpoint_key(
            {**target.identity, "identity": options.known_as, **self.provider_facts.identity(options)}, seed
        )
        self._said: set[str] = set()
        self.exhausted: ProviderError | None = None
        self.unread = ""
        self._busy_since = 0.0
        self._options = options
        self._around = Around(limits.concurrency, self.batched, store, plant, limits.patience_s, workers)
        self._requests = RateLimiter(options.requests_per_minute) if options.requests_per_minute else None
        self._tokens = RateLimiter(options.tokens_per_minute) if options.tokens_per_minute else None
        self._usual_tokens = 1.0  # of a call, smoothed
        self._echoes = tuple(form for form in target.reply_forms if len(form) >= ECHO_CHARS)
        self._secrets = secrets(target)
        self._provider: Provider | None = None
        self._ready: Ready | None = None

    async def send_once(self, call: Call, clock: Clock, *, again: bool) -> RawReply:
        """One try: waits for its place, its pace and its money, sends, settles, and commits the reply."""
        if self.exhausted is not None:
            raise self.exhausted
        attempt = Attempt(self, call, clock, again=again)
        try:
            if self.hedge is None:
                reply = await attempt.send()
            else:
                await attempt.acquire()
                reply = await self.hedge.race(attempt.send(), lambda acquired: self._double(call, clock, acquired))
            await call.run.keep(reply)  # the place is held until then: never more are lost than have a place
            return reply
        finally:
            attempt.leave()

    async def _double(self, call: Call, clock: Clock, acquired: Callable[[], None]) -> RawReply:
        """The same request once more, in a place of its own (`acquired` is called when it has it) and for money of its
        own."""
        attempt = Attempt(self, call, clock, again=True)
        try:
            await attempt.enter()
            acquired()
            await self.pace(call.guess)
            call.run.tally.hedged += 1
            return await attempt.send()
        finally:
            attempt.leave()

    async def ask(self, payload: Payload, draw: Draw, start: Start) -> RawReply:
        """The provider's reply. One that can makes its request ready before `start`, the others after it."""
        provider = self._provider or self.provider()
        try:
            if self._ready is not None:
                reply = await self._ready.complete_when(payload, draw, start)
            else:
                reply = await provider.complete(payload, draw, timeout_s=await start())
        except Fault as fault:
            clean_fault(fault, self._secrets)
            raise
        return cut_off_at(limit_of(payload), hide(reply, self._echoes))

    async def pace(self, tokens: int) -> None:
        """Waits until the requests and tokens of a minute allow a call."""
        if self._requests is not None or self._tokens is not None:
            await pause(self._requests, 1)
            await pause(self._tokens, tokens)

    @property
    def quiet_since(self) -> float | None:
        """Since when calls have been on the wire without any answer; None while there are none."""
        return max(self._busy_since, self.health.last_answer) if self.concurrency.busy else None

    @property
    def writing(self) -> str:
        """How far replies under way are, where the provider knows: `smollm2 writes 1 reply, 43 tokens so far`."""
        words = getattr(self._provider, "writing", "")
        return words and f"{self.target.label} {words}"

    def sends(self, now: float) -> None:
        """A call goes out now."""
        if not self.concurrency.busy:
            self._busy_since = now

    def usage_of(self, reply: RawReply) -> Usage | None:
        """What a reply used; None when the endpoint does not say."""
        if reply.tokens_in is None or reply.tokens_out is None:
            return None
        return self.priced(reply.tokens_in, reply.tokens_out, reply.tokens_cached)

    def remarks(self, reply: RawReply) -> Iterator[str]:
        """What a reply says of the endpoint that the user should know, each once."""
        found = {"uncounted": UNCOUNTED} if self.usage_of(reply) is None else {}
        found |= {reply.beside: BESIDE[reply.beside]} if reply.beside else {}
        for name in found.keys() - self._said:
            yield f"{self.target.label} {found[name]}"
        self._said |= found.keys()

    def priced(self, tokens_in: int, tokens_out: int, cached: int = 0) -> Usage:
        """So many tokens with what they cost."""
        cost = self.rate.cost_usd(tokens_in, tokens_out, cached) if self.rate else None
        return Usage(tokens_in, tokens_out, cost, cached)

    def reservation_for(self, payload: Payload) -> Reservation:
        """The most that a call can use: a token for each byte sent, and all that it may write, by every row of a group;
        as much as the model's own limit where the request sets none."""
        rows = len(payload["group"]["rows"]) if "group" in payload else 1
        tokens_in, most = len(payload.body), rows * (limit_of(payload) or self._options.max_tokens)
        return Reservation(tokens_in, most, self.rate.cost_usd(tokens_in, most) if self.rate else 0.0)

    def most_of(self, reservation: Reservation) -> Usage:
        """All of a reservation, as used."""
        return Usage(reservation.tokens_in, reservation.tokens_out, reservation.cost_usd if self.rate else None)

    def if_lost(self, reservation: Reservation) -> Usage:
        """What a call counts as if its use never becomes known: all of its reservation; nothing for a model on this
        machine."""
        return Usage() if self.provider_facts.on_this_machine else self.most_of(reservation)

    def provider(self) -> Provider:
        """The provider, built when it is first needed."""
        if self._provider is None:
            self._provider = self.provider_facts.open(self._options, self.target, self._around)
            self._ready = self._provider if isinstance(self._provider, Ready) else None
            if hasattr(self._provider, "heard"):
                self._provider.heard = self._heard
        return self._provider

    def halt(self) -> None:
        """Sends nothing any more; calls that wait to be sent, or to be tried again, stop waiting."""
        self.limiter.halt()
        self.health.halt()

    async def close(self) -> None:
        if self._provider is not None:
            await self._provider.close()

    def _heard(self, headers: Mapping[str, str]) -> None:
        """Sends nothing more while the headers of a reply say that nothing more will be taken."""
        wait_s = closed_s(headers, self._usual_tokens, time.time())
        if wait_s > self.policy.patience_s:
            self.exhausted = exhausted(self.target, wait_s)
            self.halt()
        elif wait_s:
            self.limiter.close_for(wait_s)
        elif not self.unread:
            self.unread = unreadable(headers, time.time())

    def settle(self, call: Call, entry: int, used: Usage | None, *, lost: bool = False) -> None:
        """Ends a reservation with what was used; None: with all of it, for nobody knows."""
        used = self.if_lost(call.reservation) if used is None else used
        call.run.settle(call.reservation, entry, used, lost=lost)
        if used.tokens_in or used.tokens_out:
            self._usual_tokens += 0.1 * (used.tokens_in + used.tokens_out - self._usual_tokens)
        if self._tokens is not None:
            self._tokens.give_back(call.guess - used.tokens_in - used.tokens_out)


class Attempt:
    """One try on its way to the endpoint and back: the place, the money and the permit that it has taken.

    Whoever makes one calls `leave` in the end."""

    __slots__ = ("_again", "_call", "_channel", "_clock", "_entry", "_holds_place", "_permit")

    def __init__(self, channel: Channel, call: Call, clock: Clock, *, again: bool) -> None:
        self._channel, self._call, self._clock, self._again = channel, call, clock, again
        self._entry: int | None = None
        self._permit: Permit | None = None
        self._holds_place = False

    async def enter(self) -> None:
        await self._channel.limiter.enter(again=self._again)
        self._holds_place = True

    def leave(self) -> None:
        if self._holds_place:
            self._channel.limiter.leave()

    async def acquire(self) -> None:
        """Waits for a place and its pace."""
        await self.enter()
        await self._channel.pace(self._call.guess)

    async def start(self) -> float:
        """Waits for all that a request needs to be sent; the longest that it may take then."""
        if not self._holds_place:
            await self.acquire()
        channel, most = self._channel, self._call.reservation
        self._entry = await self._call.run.reserve(most, channel.if_lost(most), waits=channel.batched)
        if channel.limiter.halted:  # while its pace or its money was waited for
            raise CallPending(HALTED)
        timeout_s = self._clock.begin()
        channel.sends(self._clock.sent_at)
        self._permit = channel.concurrency.sent()
        return timeout_s

    async def send(self) -> RawReply:
        """Sends, tells the adaptive limit what came of it, and settles."""
        channel = self._channel
        try:
            reply = await channel.ask(self._call.payload, self._call.draw, self.start)
            used = channel.usage_of(reply)
        except BaseException as error:
            self._failed(error)
            raise
        assert self._permit is not None and self._entry is not None
        channel.concurrency.answered(self._permit)
        channel.settle(self._call, self._entry, used)
        self._call.run.tally.calls += 1
        return reply

    def _failed(self, error: BaseException) -> None:
        """Gives back the permit, and the money unless the call may have cost something."""
        channel = self._channel
        if self._permit is not None:
            if isinstance(error, TransportError) and error.kind == "rate":
                channel.concurrency.refused(self._permit, error.retry_after_s)
            else:
                channel.concurrency.ended(self._permit)
        if isinstance(error, AuthRefused) and stops_run(error, channel.health):
            channel.halt()  # nobody else need be refused
        if self._entry is None:
            return
        used = Usage()
        if isinstance(error, TransportError):
            used, lost = channel.priced(*error.used), error.may_have_cost
        else:  # cancelled under way: it may be paid for although nobody waits for it; a batch is paid for when fetched
            lost = not isinstance(error, Exception) and not channel.batched
        channel.settle(self._call, self._entry, None if lost else used, lost=lost)


@dataclass(slots=True)
class Spending:
    """Where a call's use is written down: the caps, the ledger of the run folder (if any), and the tally of its role
    and purpose; `keep` commits its reply."""

    budget: Budget
    ledger: Ledger | None
    place: tuple[str, str]
    tally: Tally
    keep: Callable[[RawReply], Awaitable[None]]

    async def reserve(self, reservation: Reservation, if_lost: Usage, *, waits: bool) -> int:
        """Waits for room under the caps and writes down what the call counts as should nobody ever know what it used.
        Returns the number of its entry."""
        await self.budget.reserve(reservation, patient=not waits)
        if self.ledger is None:
            return 0
        try:
            return self.ledger.reserve(*self.place, if_lost, waits=waits)
        except BaseException:
            self.budget.settle(reservation, 0, 0.0)
            raise

    def settle(self, reservation: Reservation, entry: int, used: Usage, *, lost: bool) -> None:
        """Ends a reservation with what was used."""
        if self.ledger is not None:
            self.ledger.settle(entry, used, lost=lost)
        tokens = used.tokens_in + used.tokens_out
        self.budget.settle(reservation, tokens, used.cost_usd)
        self.tally.lost += lost
        if tokens:
            self.tally.usage += used


@dataclass(frozen=True, slots=True)
class Call:
    """A request, the draw that it is sent for, the most that it can use, and where its use is written down."""

    payload: Payload
    draw: Draw
    reservation: Reservation
    run: Spending

    @property
    def guess(self) -> int:
        """Its tokens before it is sent, for `tokens_per_minute`."""
        return self.reservation.tokens_in // BYTES_PER_TOKEN + self.reservation.tokens_out


def hide(reply: RawReply, echoes: tuple[str, ...]) -> RawReply:
    """The reply without what the request held in secret, should the endpoint have repeated it."""
    if not echoes:
        return reply
    flat, short = "".join(reply.text.split()), f"{reply.finish_reason}\n{reply.model}\n{reply.beside}"
    exact = any(echo in reply.text or echo in flat or echo[:ECHO_CHARS] in short for echo in echoes)
    if not exact and (said := f"{reply.text}\n{short}") == covered(said, echoes, COVER):
        return reply
    text, model = redact(reply.text, echoes), redact(reply.model, echoes)
    ending, beside = redact(reply.finish_reason, echoes), redact(reply.beside, echoes)
    return replace(reply, text=text, model=model, finish_reason=ending, beside=beside)


def cut_off_at(most: int, reply: RawReply) -> RawReply:
    """The reply as one that was cut off, where it used up the `most` tokens that its request allowed (0: no bound) and
    does not read like a whole one; some endpoints say `stop`, or nothing, then."""
    used_up = most > 0 and reply.tokens_out in (most, most + 1)
    if used_up and reply.finish_reason == "stop" and seems_cut(reply.text):
        return replace(reply, finish_reason="length")
    return reply
