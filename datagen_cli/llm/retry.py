"""What follows from a fault: try again, wait how long, leave the unit pending, refuse the request, or end the run.

The decisions are pure functions; `call_with_retries` is the loop around one call. It reads time from the event loop
only and takes jitter from the generator it is given. Nothing here knows HTTP.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from datagen_cli.core.chat import Draw
from datagen_cli.core.errors import CallPending, ProviderError
from datagen_cli.llm.faults import PACKED, AuthRefused, RequestRefused, TransportError
from datagen_cli.llm.health import Health, OutageDetector, Vain
from datagen_cli.llm.keys import Target
from datagen_cli.llm.provider import RawReply
from datagen_cli.llm.vendors import vendor_of_name

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
FIRST_CALLS = 5
FIRST_TRIES = 8
FOREIGN_CALLS = 3
SEVERAL_PROMPTS = 3
LONGEST_FLOOR_S = 2.0
STARTS = {":11434": "`ollama serve`", ":1234": "`lms server start`"}
"""What starts the servers that usually listen at these ports."""
TICK_S = 0.001  # a timer may be early by the clock's resolution
OF_GATEWAYS = (502, 504, *range(520, 528), 530)
"""Statuses with which a gateway says that whoever stands behind it does not answer."""
RESUME = "run the same command again to go on from here"


@dataclass(frozen=True, slots=True)
class Policy:
    """How long to try: one try, one call with all its tries, and the run while nothing at all succeeds. `batched` tries
    may take hours, which is no silence of the endpoint."""

    timeout_s: float
    deadline_s: float
    patience_s: float
    batched: bool = False

    @property
    def longest_gap_s(self) -> float:
        """Between two failures of a call that is still tried, when nothing else is under way."""
        return 2 * min(self.timeout_s + LONGEST_WAIT_S, self.deadline_s)


def backoff_s(tries: int, jitter: float) -> float:
    """The wait after the `tries`-th try (from 1): doubles from 0.5 s to 30 s, then half of it to all of it by `jitter`
    (0 to 1)."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(tries - 1, 10)) * (0.5 + 0.5 * jitter)


def wait_s(fault: TransportError, tries: int, jitter: float) -> float:
    """The wait before the next try: what the endpoint asks for and up to a tenth more, else `backoff_s`. An endpoint
    that asks for none again and again waits all the same, twice as long each time, up to `LONGEST_FLOOR_S`."""
    if fault.retry_after_s is None:
        return backoff_s(tries, jitter)
    floor = min(LONGEST_FLOOR_S, backoff_s(tries - 1, jitter) / 4) if tries > 1 else 0.05 * jitter
    return max(fault.retry_after_s * (1.0 + 0.1 * jitter) + 0.05 * jitter, floor)


def stops_run(fault: AuthRefused, health: Health) -> bool:
    """Whether a refused key, model or address ends the run: always before the first answer. Later on a refused key or
    account still does; a lost model or page (404, a redirect), or a 403 that names neither (a firewall that minds one
    prompt's words), when so many calls in a row meet it."""
    if health.answers == 0 or health.lost >= FIRST_CALLS:
        return True
    return fault.status in (401, 402, 407) or (fault.status == 403 and fault.about in ("key", "account"))


def is_spent(fault: TransportError, patience_s: float, *, others: bool) -> bool:
    """Whether the quota is spent: the endpoint says so, or it asks to wait for longer than the run's patience while no
    `others` are answered or may be."""
    if fault.quota:
        return True
    return fault.kind == "rate" and (fault.retry_after_s or 0.0) > patience_s and not others


class Clock:
    """The deadline of one call. It starts with the first try, not while the call waits in a queue to be sent."""

    __slots__ = ("_loop", "_policy", "sent_at", "started")

    def __init__(self, policy: Policy) -> None:
        self._loop = asyncio.get_running_loop()
        self._policy = policy
        self.started: float | None = None
        self.sent_at = 0.0

    def begin(self) -> float:
        """Starts a try; the longest that it may take. Raises `TransportError` when the deadline passed in the queue."""
        self.sent_at = self._loop.time()
        if self.started is None:
            self.started = self.sent_at
            return min(self._policy.timeout_s, self._policy.deadline_s)
        left = self.left_s()
        if left <= 0:
            raise TransportError("dropped", "no turn before the deadline", sent=False)
        return min(self._policy.timeout_s, left)

    def left_s(self) -> float:
        if self.started is None:
            return self._policy.deadline_s
        return self.started + self._policy.deadline_s - self._loop.time()


async def call_with_retries(
    send: Callable[[Clock, bool], Awaitable[RawReply]],
    draw: Draw,
    *,
    policy: Policy,
    health: Health,
    outage: OutageDetector,
    rng: random.Random,
    retrying: Callable[[TransportError, float], None],
    busy: Callable[[], bool] = lambda: False,
) -> RawReply:
    """One call with all its tries. `send(clock, again)` sends it once and calls `clock.begin()` when it does; `busy`
    says whether other calls are on the wire.

    Raises `RequestRefused` (never tried again), `CallPending` (the deadline, a prompt that ends without a reply, or a
    404 after answers) and `ProviderError` (the run has to stop).
    """
    loop = asyncio.get_running_loop()
    clock = Clock(policy)
    tries = 0
    while True:
        try:
            reply = await send(clock, tries > 0)
        except RequestRefused as fault:
            health.forget(draw)
            if fault.status is not None:  # else it was refused here, and nobody answered
                outage.answered(loop.time())
            raise
        except AuthRefused as fault:
            health.forget(draw)
            health.lost += 1
            if stops_run(fault, health):
                raise refused_by_all(fault, health.target) from fault
            raise CallPending(said(fault.message, health.target, fault.status), no_reply=True) from fault
        except TransportError as fault:
            tries += 1
            now = loop.time()
            message = said(fault.message, health.target, fault.status)
            recent = now - policy.longest_gap_s
            if fault.may_be_prompt:
                health.failed(draw, clock.sent_at, now)
            if not (fault.may_be_prompt and health.is_own_fault(draw, recent=recent)):
                outage.failed(now if policy.batched else clock.sent_at)
            elif health.ends_without_reply(draw, recent=recent):
                raise CallPending(message, no_reply=True) from fault
            ending = _foreign(fault, message, health) or _hopeless(fault, message, draw, health, policy)
            others = busy() or health.last_answer > clock.sent_at
            ending = ending or _given_up(fault, message, policy, health.target, outage.silent_s(loop.time()), others)
            if ending is not None:
                raise ending from fault
            wait = wait_s(fault, tries, rng.random())
            asked_until = loop.time() + min(fault.retry_after_s or 0.0, policy.patience_s)
            left = clock.left_s()
            if left > 0:
                retrying(fault, min(wait, left))
                backing_off = fault.kind != "rate" and fault.retry_after_s is None
                await health.pause(min(wait, left), until_answer=backing_off and tries > 1)
            if clock.left_s() <= TICK_S:
                raise CallPending(message, rest_s=max(0.0, asked_until - loop.time())) from fault
        else:
            health.answered(draw, loop.time())
            outage.answered(loop.time())
            return reply


def _end(message: str, advice: str) -> ProviderError:
    """The end of a run, and what to do before it goes on."""
    return ProviderError(message, hint=f"{advice}; then {RESUME}")


def _hopeless(fault: TransportError, message: str, draw: Draw, health: Health, policy: Policy) -> ProviderError | None:
    """The end of a run in which the first tries of this purpose, which may have cost something, all came to nothing for
    a reason that waiting does not mend. Once others were answered it takes several prompts to say so."""
    if draw.purpose in health.answered_for:
        return None
    vain = health.vain.setdefault(draw.purpose, Vain())
    vain.prompts.add(draw)
    vain.silent += fault.kind == "timeout" and fault.sent
    vain.broken += fault.kind == "garbled" or (fault.kind == "dropped" and fault.status == 200)
    first = FIRST_TRIES if not health.answers or len(vain.prompts) >= SEVERAL_PROMPTS else math.inf
    of = f" of {draw.purpose}" if health.answers else ""
    if vain.broken >= first:
        return _end(
            f"the first {FIRST_TRIES} replies{of} were all broken off, and may have cost all that they could:"
            f" {message}",
            "a limit of the server, or of a proxy before it, cuts them, or what it sends is no whole JSON:"
            " `datagen doctor` shows what comes",
        )
    if vain.silent < first or policy.batched:
        return None
    if fault.status is not None:
        return _end(
            f"the first {FIRST_TRIES} tries{of} were given up by a gateway before the model had answered; last:"
            f" {message}",
            "the gateway's own limit counts, not timeout_s (nginx: proxy_read_timeout): raise it, ask for fewer"
            " max_tokens, or lower limits.concurrency",
        )
    return _end(
        f"the first {FIRST_TRIES} tries{of} had no answer within timeout_s: {policy.timeout_s:g}; last: {message}",
        "a slow model needs more time: --set model.timeout_s=300 --set model.deadline_s=1200, fewer max_tokens"
        " or less concurrency; `datagen doctor` says whether it can be reached",
    )


def _foreign(fault: TransportError, message: str, health: Health) -> ProviderError | None:
    """The end of a run whose first answers do not come from a model's endpoint, or all name what waiting does not mend:
    a model that cannot be loaded, a key or an account that a gateway refuses under a status for outages."""
    if health.answers or not (fault.about or fault.kind in ("foreign", "garbled")):
        return None
    health.foreign += 1
    if health.foreign < FOREIGN_CALLS:
        return None
    if fault.about:
        return refused_by_all(AuthRefused(fault.status, fault.message, fault.about), health.target)
    where = health.target.url or health.target.host
    if fault.kind == "garbled":
        return _end(
            f"the address answers, and what comes is not HTTP as it must be: {message}",
            f"see whether {where} names the right port, and https where that is spoken; else the server, or a proxy"
            " before it, writes broken replies (a Content-Length too small)",
        )
    packed = fault.message.startswith(PACKED)
    mend = "turn its packing off, or install the package that is named; base_url may well be right"
    return _end(
        f"the address answers, but not as a model's endpoint does: {message}",
        mend if packed else f"check base_url: the calls went to {where}; most end in /v1",
    )


def _given_up(
    fault: TransportError, message: str, policy: Policy, target: Target, silent_s: float, others: bool
) -> ProviderError | None:
    """The end of a run whose quota is spent, or in which nothing at all has been answered for as long as its
    patience."""
    if is_spent(fault, policy.patience_s, others=others):
        asks = f"; it asks to wait {fault.retry_after_s:,.0f} s" if fault.retry_after_s else ""
        return _end(f"the quota is spent: {message}{asks}", "raise the quota or wait until it is renewed")
    if silent_s < policy.patience_s:
        return None
    last = f"for {policy.patience_s:g} s; last: {message}"
    if fault.kind == "rate":
        return _end(
            f"no call has been taken {last}",
            "the endpoint answers, but takes no calls: lower limits.concurrency, set the model's"
            " requests_per_minute, or wait until its limit is renewed",
        )
    came = "nothing has answered" if fault.status is None else "no call has been answered with a reply"
    return _end(f"{came} {last}", start_of(fault, target) or outage_advice(fault, target))


def outage_advice(fault: TransportError, target: Target) -> str:
    """What to look at where no call came to anything for so long: by what came in place of a reply."""
    host = target.host or "the endpoint"
    if fault.kind == "timeout" and fault.sent and fault.status is None:
        return (
            f"{host} takes calls and is silent: a slow model needs more time (--set model.timeout_s=300) or fewer calls"
        )
    if fault.status is None:
        return f"check that {host} can be reached (`datagen doctor`)"
    if fault.status in OF_GATEWAYS:
        return f"{host} answers, and the model behind it does not: see whether the model's server runs"
    if fault.status == 500:
        return f"{host} answers, and fails at every call: its own log says why"
    if fault.status < 300:
        return f"{host} answers, and its replies hold nothing: `datagen doctor` shows what comes; its own log says why"
    return f"{host} answers, and takes no calls: wait until it has started or has room, or lower limits.concurrency"


def start_of(fault: TransportError, target: Target) -> str:
    """What to start, where nobody listens at an address of this machine; empty elsewhere."""
    if not (fault.absent and target.loopback):
        return ""
    starts = (start for port, start in STARTS.items() if (target.host or "").endswith(port))
    return f"start {next(starts, 'the server')}"


def said(message: str, target: Target, status: int | None) -> str:
    """`gpt-4o at api.openai.com (429): "slow down"`."""
    code = "" if status is None else f" ({status})"
    return f'{target.label}{code}: "{message}"'


def exhausted(target: Target, wait_s: float) -> ProviderError:
    """The end of a run whose endpoint says that it takes no more calls for longer than the run's patience."""
    until = datetime.fromtimestamp(time.time() + wait_s).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return ProviderError(
        f"{target.label} takes no more calls until {until}, as its rate-limit headers say; that is longer than"
        " limits.patience_s",
        hint=f"raise the quota, or wait until then and {RESUME}",
    )


def refused_by_all(fault: AuthRefused, target: Target) -> ProviderError:
    """The end of a run whose key, model or address is refused, with what to do about it."""
    key = target.key_env or "a key (api_key_env)"
    missing = re.search(r"(?:No module named|pip install) '?([\w.-]+)", fault.message)
    package = missing[1].replace(".", "-") if missing else "..."
    where = target.url or target.host
    hints = {
        "key": f"the key in {key} is refused: check it" if target.key else f"the endpoint wants a key: set {key}",
        "account": "the account cannot pay: add credit or raise its limit, or choose another model",
        "rights": f"the key in {key} may not use this model: check the account's rights and base_url, or choose another"
        if target.key
        else f"nobody is let in there without a key: set {key}, or check base_url; the call went to {where}",
        "model": f"check the model's name {target.model!r} and base_url; the call went to {where}",
        "load": f"{target.host or 'the server'} cannot load the model, and its own log says why (too little memory, a"
        " file that is missing or broken): mend that, or name a smaller model",
        "access": f"set {vendor_of_name(target.model.partition('/')[0]).access or key}",
        "package": f"install what litellm needs for it: pip install {package}",
        "proxy": "the proxy that the environment names refuses these calls: put its user and password into it"
        f" (http://user:password@host:port), or the host of {target.url or target.host} into NO_PROXY",
        "tls": "the address speaks TLS: write https:// in base_url",
        "moved": "the address answers with a redirect: give the one it points to as base_url",
    }
    by_status = {401: "key", 402: "account", 403: "rights", 407: "proxy"}.get(fault.status or 0, "model")
    by_status = "moved" if 300 <= (fault.status or 0) < 400 else by_status
    about = fault.about if fault.about in hints and fault.status != 404 else by_status
    return _end(f"refused: {said(fault.message, target, fault.status)}", hints[about])


def mend_refusal(fault: RequestRefused, target: Target) -> str:
    """What to change where requests are refused."""
    if fault.about == "length":
        first, last = (
            (target.room, "") if target.room else ("--set model.max_tokens=512", ", or a model with a longer context")
        )
        return (
            f"the prompt and max_tokens do not fit: {first}, fewer or shorter examples (examples.k){last};"
            " `datagen prompt` counts the tokens"
        )
    if fault.about == "content":
        return "the provider's filter minds the prompt: change the recipe's words or examples, or choose another model"
    return (
        "check the model's name, params, max_tokens and sampling (`params: {seed: null}` leaves a key out);"
        " `datagen prompt` shows what is sent"
    )


def refused_from_the_start(fault: RequestRefused, target: Target, role: str) -> ProviderError:
    """The end of a run in which every one of a role's first calls was refused as a bad request."""
    message = said(fault.message, target, fault.status)
    return _end(f"the first {FIRST_CALLS} calls of the {role} were all refused: {message}", mend_refusal(fault, target))
