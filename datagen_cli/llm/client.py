"""The client: the one way from a question to a model's answer. Picks the model of a role, looks into the call cache,
waits for its turn and its money, sends, tries again, and commits the answer before anyone sees it.

Retries are in `retry.py`, places and paces in `limits.py`, money in `budget.py`, keys in `keys.py`; a provider does one
try. Everything runs on one event loop.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from datagen_cli.config.models import OWN_OPTIONS, Limits, Sampling, SharedModel
from datagen_cli.core.chat import Draw, Reply, Request, Usage
from datagen_cli.core.errors import CallPending, CallRefused, ProviderError, UsageError
from datagen_cli.core.json_text import make_encoder
from datagen_cli.core.ports import Ledger, MakeWorkers, Observer
from datagen_cli.llm.binding import ModelBinding, Shares
from datagen_cli.llm.budget import Budget
from datagen_cli.llm.cache import CallCache, call_digest, limit_of
from datagen_cli.llm.channel import Call, Channel, Spending
from datagen_cli.llm.deferred_work import DeferredWork
from datagen_cli.llm.faults import RequestRefused, TransportError
from datagen_cli.llm.health import OutageDetector, Refusals
from datagen_cli.llm.identity import role_identity
from datagen_cli.llm.keys import Target, resolve
from datagen_cli.llm.parameter_fallback import note, objection
from datagen_cli.llm.provider import Payload, RawReply
from datagen_cli.llm.retry import FIRST_CALLS, call_with_retries, mend_refusal, refused_from_the_start, said, start_of
from datagen_cli.llm.usage import Totals
from datagen_cli.llm.waiting import WaitTeller

_encode = make_encoder(sort_keys=False)


class Client:
    """All models of a run, by role.

    Raises `UsageError` (unknown provider, a key for a foreign host, `max_cost` with an unknown price) and
    `ProviderError` (a missing key) before anything is sent; give it only the roles that the run uses. `spent` is
    what earlier runs of the folder used, for the caps; `ledger`
    keeps what this one uses. `plant` takes what the offline model planted. `troubled` is called when a try fails.
    """

    def __init__(
        self,
        models: Mapping[str, tuple[SharedModel, ...]],
        *,
        seed: int,
        sampling: Sampling,
        limits: Limits,
        cache: CallCache | None,
        observer: Observer,
        environ: Mapping[str, str],
        allow_hosts: Collection[str] = (),
        plant: Callable[[dict[str, Any]], None] = lambda _: None,
        spent: Usage | None = None,
        ledger: Ledger | None = None,
        deferred: DeferredWork | None = None,
        answered_before: bool = False,
        workers: MakeWorkers | None = None,
    ) -> None:
        self.totals = Totals()
        self.troubled: Callable[[], None] = lambda: None
        self._models = models
        self._seed = seed
        self._sampling = sampling
        self._cache = cache
        self._observer = observer
        self._ledger = ledger
        self._budget = Budget(limits.max_cost, limits.max_total_tokens, spent)
        self._outage = OutageDetector()
        self._refusals = Refusals()
        self._deferred = deferred or DeferredWork()
        self._rng = random.Random(seed)
        self._waits = WaitTeller()
        self._unread: set[str] = set()
        self._patience_s = limits.patience_s
        self._last_fault = ""
        self._answered_before = answered_before
        self._workers = workers
        self._channels: dict[Any, Channel] = {}
        self._bindings: dict[str, list[ModelBinding]] = {}
        self._shares = {role: Shares([model.share for model in several], seed) for role, several in models.items()}
        for role, several in models.items():
            targets = [(options, resolve(options, environ, allow_hosts)) for options in several]
            self._bindings[role] = [
                ModelBinding(options, role, sampling, self._channel(options, target, limits, plant))
                for options, target in targets
            ]
        _check_prices(self._channels.values(), limits)
        _check_batch(self._channels.values(), limits, observer)
        if limits.max_cost is not None and spent is not None and spent.cost_usd is None:
            observer.event(
                "note", text="what earlier runs of this folder cost is not known; max_cost counts from now on"
            )

    def side_by_side(self, most: int) -> int:
        """How many units may be under way, at most `most`, so that the caps leave room for a call of each; batches are
        filled with all of them."""
        return most if any(channel.batched for channel in self._channels.values()) else self._budget.side_by_side(most)

    async def ask(self, request: Request) -> Reply:
        """The answer of the role's model, committed to the cache. The text may be cut off (`finish_reason: length`).

        Raises `CallRefused` (this request costs its attempt), `CallPending` (no answer before the deadline),
        `CapReached` and `ProviderError` (the run stops).
        """
        draw = request.draw
        bindings = self._bindings[request.role]
        binding = bindings[self._shares[request.role].pick(draw.slot)] if len(bindings) > 1 else bindings[0]
        channel = binding.channel
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        seed = draw_seed(self._seed, draw)
        dropped = channel.dropped
        while True:
            values = binding.payload(request, messages, seed, dropped)
            payload = Payload(values, to_bytes(values), request.task, binding.end_of(request))
            digest = call_digest(channel.key_state, payload.body, str(draw))
            if request.role in self._refusals.lifted and digest in self._refusals.known:
                raise self._refusals.known[digest]
            cached = await self._stored(channel, payload, digest)
            if cached is not None:
                self._keep(channel, dropped)
                self.totals.tally(request.role, draw.purpose).cached_calls += 1
                self._refusals.lifted.add(request.role)
                return self._reply(request, channel, payload, digest, cached, cached=True)
            try:
                reply = await self._send(request, channel, payload, digest)
            except RequestRefused as fault:
                name = objection(fault.message, payload, binding.chosen, fault.named, dropped)
                if name is None:
                    raise self._refused(fault, channel.target, request.role, digest) from fault
                dropped = dropped | {name}
                continue
            finally:
                if self._cache is not None:
                    self._cache.release(digest)
            self._keep(channel, dropped)
            self._refusals.lifted.add(request.role)
            await self._deferred.take()
            for text in channel.remarks(reply):
                self._observer.event("note", text=text)
            return self._reply(request, channel, payload, digest, reply, cached=False)

    @property
    def may_cost(self) -> bool:
        """Whether a call that is sent one by one may cost money: its price is above 0, or nobody knows it."""
        return any(
            not channel.batched and (channel.rate is None or channel.rate.cost_usd(1, 1) > 0)
            for channel in self._channels.values()
        )

    def prices(self) -> dict[str, dict[str, float] | None]:
        """USD per million tokens by model name, None where it is not known: for the lock."""
        return {
            binding.options.name: None
            if binding.channel.price is None
            else binding.channel.price.model_dump(exclude_none=True)
            for bindings in self._bindings.values()
            for binding in bindings
        }

    def identity(self, role: str) -> dict[str, Any]:
        """What the role's models are, for fingerprints."""
        return role_identity(self._models, role, self._sampling)

    def tell_waits(self, now: float) -> None:
        """Says what the run waits for when that lasts; `now` is the loop's time. To be called every second or so."""
        channels = self._channels.values()
        text = self._waits.tell(now, channels, self._outage, self._patience_s, self._last_fault)
        if text:
            self._observer.event("note", text=text)
        for channel in channels:
            if channel.unread and channel.unread not in self._unread:
                self._unread.add(channel.unread)
                self._observer.event("note", text=f"{channel.target.label} says what cannot be read: {channel.unread}")

    @property
    def in_flight(self) -> int:
        return sum(channel.limiter.in_flight for channel in self._channels.values())

    @property
    def waits_for(self) -> str:
        """What the run waits for, as `tell_waits` found it last; empty while calls are answered."""
        return self._waits.now

    def halt(self) -> None:
        """Sends nothing any more; calls in flight may finish, all others raise `CallPending`."""
        for channel in self._channels.values():
            channel.halt()

    async def forget(self, digests: Collection[str]) -> None:
        """Takes replies out of the call cache."""
        for digest in digests if self._cache is not None else ():
            await self._cache.forget(digest)  # type: ignore[union-attr]

    async def close(self) -> None:
        """Closes all providers; the cache belongs to whoever opened it."""
        for channel in self._channels.values():
            await channel.close()

    async def _stored(self, channel: Channel, payload: Payload, digest: str) -> RawReply | None:
        """The reply that lies in the call cache, or that another process which shares it is about to put there; with
        None the call is ours to make."""
        if self._cache is None:
            return None
        most, limiter = limit_of(payload), channel.limiter
        found = self._cache.get(digest, most)
        if found is not None:
            return found
        return await self._cache.claim(digest, most, lambda: limiter.halted, at_most_s=channel.policy.deadline_s)

    async def _send(self, request: Request, channel: Channel, payload: Payload, digest: str) -> RawReply:
        """The call with all its tries, its reply committed."""
        keep = _kept_nowhere if self._cache is None else partial(self._cache.put, digest, body=payload.body)
        place = (request.role, request.draw.purpose)
        run = Spending(self._budget, self._ledger, place, self.totals.tally(*place), keep)
        call = Call(payload, request.draw, channel.reservation_for(payload), run)
        try:
            return await call_with_retries(
                lambda clock, again: channel.send_once(call, clock, again=again or request.draw.mends),
                request.draw,
                policy=channel.policy,
                health=channel.health,
                outage=self._outage,
                rng=self._rng,
                retrying=partial(self._retrying, request.draw, channel.target),
                busy=lambda: channel.concurrency.busy,
            )
        except ProviderError:
            channel.halt()  # the run ends: whoever has just been given a place sends nothing either
            raise

    def _reply(
        self, request: Request, channel: Channel, payload: Payload, digest: str, raw: RawReply, *, cached: bool
    ) -> Reply:
        """A reply as the pipeline sees it; `usage` of a stored one says what it cost when it was paid for."""
        usage = channel.usage_of(raw) or channel.most_of(channel.reservation_for(payload))
        self._observer.event("call", role=request.role, purpose=request.draw.purpose, cached=cached, usage=usage)
        return Reply(raw.text, raw.finish_reason, usage, raw.model or channel.target.model, digest, cached, payload.end)

    def _keep(self, channel: Channel, dropped: frozenset[str]) -> None:
        """Remembers what the endpoint does not take, now that a request without it was answered; said once."""
        for name in sorted(dropped - channel.dropped):
            self._observer.event("note", text=note(name, channel.target.label))
        channel.dropped |= dropped

    def _refused(self, fault: RequestRefused, target: Target, role: str, digest: str) -> Exception:
        """What a refused request leads to: it costs its attempt once a call of the role has succeeded. Until then it
        waits: were all refused, the fault would be the recipe's, which uses up no attempt."""
        refusal = CallRefused(said(fault.message, target, fault.status))
        refused = self._refusals.refused(role)
        if refused >= FIRST_CALLS:
            return refused_from_the_start(fault, target, role)
        if not refused:
            return refusal
        self._refusals.known[digest] = refusal
        return CallPending(str(refusal), hint=mend_refusal(fault, target))

    def _retrying(self, draw: Draw, target: Target, fault: TransportError, wait_s: float) -> None:
        self.troubled()
        start = start_of(fault, target)
        self._last_fault = f"last: {said(fault.message, target, fault.status)}" + (f"; {start}" if start else "")
        self._observer.event(
            "retry", text=said(fault.message, target, fault.status), draw=draw, fault=fault.kind, wait_s=wait_s
        )

    def _turned(self) -> None:
        """Takes replies together while an endpoint is known to take fewer calls than there may be."""
        self._deferred.together = any(
            channel.limiter.limit < channel.concurrency.most for channel in self._channels.values()
        )

    def _channel(
        self, options: SharedModel, target: Target, limits: Limits, plant: Callable[[dict[str, Any]], None]
    ) -> Channel:
        """The channel of a model; models that differ only in sampling and length share one."""
        own = ("timeout_s", "deadline_s", "requests_per_minute", "tokens_per_minute", "price", *OWN_OPTIONS)
        place = target, repr([getattr(options, name) for name in own])
        if place not in self._channels:
            store = None if self._cache is None else self._cache.store
            self._channels[place] = Channel(
                options, target, seed=self._seed, limits=limits, plant=plant, store=store,
                answered_before=self._answered_before, workers=self._workers,
            )  # fmt: skip
            self._channels[place].concurrency.turned = self._turned
        return self._channels[place]


def draw_seed(run_seed: int, draw: Draw) -> int:
    """The `seed` that is sent for a draw: 31 bits that depend on the run's seed and the draw only."""
    place = hashlib.blake2b(f"{run_seed}/{draw}".encode("utf-8", "surrogatepass"), digest_size=4)
    return int.from_bytes(place.digest(), "big") >> 1


def to_bytes(values: Mapping[str, Any]) -> bytes:
    """The body as UTF-8 JSON. Half of a surrogate pair, which UTF-8 cannot say, is written as an escape."""
    text = _encode(values)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(values, separators=(",", ":")).encode()


async def _kept_nowhere(reply: RawReply) -> None:
    """Without a cache."""


def _check_batch(channels: Collection[Channel], limits: Limits, observer: Observer) -> None:
    """Raises `UsageError` for a batch that cannot be; says where `batch` changes nothing."""
    if not limits.batch:
        return
    if limits.hedge:
        raise UsageError(
            "limits: batch and hedge do not go together", hint="a batch has no single slow calls; remove one"
        )
    for channel in channels:
        if channel.target.host and not channel.provider_facts.batches:
            raise UsageError(
                f"limits.batch: {channel.target.label} has no batch API that datagen uses",
                hint="give the model a base_url with an OpenAI-compatible batch API, or remove limits.batch",
            )
        if not channel.batched:
            observer.event("note", text=f"limits.batch changes nothing for {channel.target.label}")


def _check_prices(channels: Collection[Channel], limits: Limits) -> None:
    """Raises `UsageError` when a cap on cost cannot be kept because a price is not known."""
    if limits.max_cost is None:
        return
    for channel in channels:
        if channel.price is None:
            raise UsageError(
                f"max_cost needs a price, and that of {channel.target.label} is not known",
                hint="give the model a price: {input_per_million, output_per_million} or price: free,"
                " or cap tokens instead with --max-total-tokens",
            )
