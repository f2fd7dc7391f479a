"""What follows from a fault, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from datagen_cli.core.chat import Draw
from datagen_cli.core.errors import CallPending, ProviderError
from datagen_cli.llm.faults import AuthRefused, RequestRefused, TransportError
from datagen_cli.llm.health import Health, OutageDetector
from datagen_cli.llm.keys import Target
from datagen_cli.llm.litellm import fault_from
from datagen_cli.llm.provider import RawReply
from datagen_cli.llm.retry import Clock, Policy, backoff_s, call_with_retries, refused_by_all, stops_run, wait_s
from tests.llm.virtual import run_virtual

TARGET = Target(
    "openai",
    "m",
    "https://api.openai.com/v1/chat/completions",
    "api.openai.com",
    False,
    "OPENAI_API_KEY",
    "k",  # type: ignore[arg-type]
)
POLICY = Policy(timeout_s=60, deadline_s=300, patience_s=300)


class World:
    """One endpoint; `script(try, now)` returns a fault or None for an answer; each try takes `took_s`."""

    def __init__(
        self, script: Callable[[int, float], Exception | None], took_s: float = 0.0, policy: Policy = POLICY
    ) -> None:
        self.script, self.took_s, self.policy = script, took_s, policy
        self.health, self.outage, self.draw = Health(TARGET), OutageDetector(), Draw(0, 1, "generate")
        self.times: list[float] = []
        self.limits: list[float] = []
        self.busy = False

    async def send(self, clock: Clock, again: bool) -> RawReply:
        loop = asyncio.get_running_loop()
        assert again == bool(self.times)
        self.limits.append(clock.begin())
        self.times.append(loop.time())
        await asyncio.sleep(min(self.took_s, self.limits[-1]))
        fault = self.script(len(self.times), loop.time())
        if fault is not None:
            raise fault
        return RawReply("ok")

    async def call(self) -> RawReply:
        return await call_with_retries(
            self.send,
            self.draw,
            policy=self.policy,
            health=self.health,
            outage=self.outage,
            rng=random.Random(1),
            retrying=lambda *_: None,
            busy=lambda: self.busy,
        )


def end_of(world: World) -> tuple[Any, float]:
    """The exception that a call ends with (None for an answer), and when."""

    async def main() -> tuple[Any, float]:
        loop = asyncio.get_running_loop()
        try:
            await world.call()
        except Exception as error:
            return error, loop.time()
        return None, loop.time()

    return run_virtual(main())


def test_waits_double_with_jitter_up_to_half_a_minute() -> None:
    assert [backoff_s(n, 1.0) for n in (1, 2, 3, 4, 7, 50, 10**6)] == [0.5, 1.0, 2.0, 4.0, 30.0, 30.0, 30.0]
    assert backoff_s(3, 0.0) == 1.0


def test_retry_after_is_never_undercut() -> None:
    fault = TransportError("rate", "slow", retry_after_s=7.0)
    assert wait_s(fault, 1, 0.0) == 7.0
    assert 7.0 < wait_s(fault, 1, 1.0) < 8.0
    nothing = TransportError("rate", "slow", retry_after_s=0.0)
    assert [wait_s(nothing, n, 1.0) for n in (1, 2, 3, 4, 5, 50)] == [0.05, 0.125, 0.25, 0.5, 1.0, 2.0]


def test_a_passing_fault_is_tried_again() -> None:
    world = World(lambda n, _: TransportError("server", "busy") if n < 4 else None)
    error, _ = end_of(world)
    assert error is None
    assert len(world.times) == 4
    assert world.health.answers == 1


def test_the_endpoint_is_left_alone_for_as_long_as_it_asks() -> None:
    world = World(lambda n, _: TransportError("rate", "slow", retry_after_s=20.0) if n == 1 else None)
    end_of(world)
    assert 20.0 <= world.times[1] - world.times[0] <= 22.1


def test_the_whole_call_ends_at_its_deadline_and_leaves_the_unit_pending() -> None:
    world = World(lambda n, _: TransportError("timeout", "none"), took_s=60, policy=Policy(60, 150, 10_000))
    error, now = end_of(world)
    assert isinstance(error, CallPending)
    assert not error.no_reply
    assert now == pytest.approx(150)
    assert world.limits[-1] < 60


def test_a_wait_beyond_the_deadline_ends_at_the_deadline() -> None:
    world = World(lambda n, _: TransportError("rate", "slow", retry_after_s=200.0), policy=Policy(60, 100, 300))
    error, now = end_of(world)
    assert isinstance(error, CallPending)
    assert not error.no_reply
    assert (now, error.rest_s) == (100.0, 100.0)


@pytest.mark.parametrize("others", ["on the wire", "answered"])
def test_one_call_that_is_asked_to_wait_for_hours_does_not_end_a_run_whose_other_calls_are_answered(
    others: str,
) -> None:
    async def main() -> BaseException:
        long = TransportError("rate", "slow", retry_after_s=3600.0)
        world = World(lambda n, _: long, took_s=1, policy=Policy(60, 100, 300))
        world.busy = others == "on the wire"
        task = asyncio.ensure_future(world.call())
        await asyncio.sleep(0.5)
        if others == "answered":
            world.health.answered(Draw(4, 1, "generate"), 0.5)
        with pytest.raises(CallPending) as raised:
            await task
        return raised.value

    error = run_virtual(main())
    assert isinstance(error, CallPending)
    assert error.rest_s == pytest.approx(200.0, abs=2.0)  # no longer than the patience


def test_a_prompt_that_fails_three_times_while_others_are_answered_ends_without_a_reply() -> None:
    async def main() -> tuple[CallPending, int]:
        world = World(lambda n, _: TransportError("timeout", "none"), took_s=60, policy=Policy(60, 900, 10_000))
        task = asyncio.ensure_future(world.call())
        await asyncio.sleep(90)
        world.health.answered(Draw(4, 1, "generate"), 90.0)
        world.health.failed(Draw(5, 1, "generate"), 90.0, 90.0)
        with pytest.raises(CallPending) as raised:
            await task
        return raised.value, len(world.times)

    error, tries = run_virtual(main())
    assert error.no_reply
    assert tries == 3


@pytest.mark.parametrize(
    "fault",
    [
        TransportError("rate", "slow"),
        TransportError("server", "come back", retry_after_s=1.0),
        TransportError("dropped", "cannot connect", sent=False),
    ],
)
def test_a_fault_that_cannot_be_the_prompts_ends_no_prompt(fault: TransportError) -> None:
    world = World(lambda n, _: fault if n < 8 else None, policy=Policy(60, 900, 10_000))
    world.health.answered(Draw(4, 1, "generate"), 0.0)
    error, _ = end_of(world)
    assert error is None


def test_nothing_answered_for_the_patience_ends_the_run() -> None:
    world = World(lambda n, _: TransportError("dropped", "gone", sent=False), policy=Policy(60, 10_000, 300))
    error, now = end_of(world)
    assert isinstance(error, ProviderError)
    assert error.exit_code == 5
    assert error.message.startswith("nothing has answered for 300 s; last: m at api.openai.com")
    assert 300 <= now <= 331


def test_what_waiting_does_not_mend_ends_the_run_at_the_third_try_before_any_answer() -> None:
    said = "unable to load model: /models/x"
    world = World(lambda n, _: TransportError("server", said, status=500, about="load"))
    error, now = end_of(world)
    assert isinstance(error, ProviderError) and len(world.times) == 3 and now < 5
    assert error.message == f'refused: m at api.openai.com (500): "{said}"'
    assert error.hint is not None and error.hint.startswith("api.openai.com cannot load the model")
    world = World(lambda n, _: TransportError("server", said, status=500, about="load") if n < 3 else None)
    world.health.answers = 1
    assert end_of(world)[0] is None  # it may be loaded again


def test_a_deadline_passed_while_others_succeed_is_no_reason_to_stop() -> None:
    async def main() -> Any:
        world = World(lambda n, _: TransportError("rate", "busy"), policy=Policy(60, 900, 300))
        task = asyncio.ensure_future(world.call())
        for _ in range(10):
            await asyncio.sleep(100)
            world.outage.answered(asyncio.get_running_loop().time())
        with pytest.raises(CallPending) as raised:
            await task
        return raised.value

    assert not run_virtual(main()).no_reply


@pytest.mark.parametrize(
    "fault",
    [
        TransportError("rate", "You exceeded your current quota", status=429, quota=True),
        TransportError("rate", "daily limit", retry_after_s=3600.0, status=429),
    ],
)
def test_a_spent_quota_ends_the_run_at_once(fault: TransportError) -> None:
    error, now = end_of(World(lambda n, _: fault))
    assert isinstance(error, ProviderError)
    assert "the quota is spent" in error.message and fault.message in error.message
    assert now == 0.0


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        (AuthRefused(401, "no entry"), "OPENAI_API_KEY"),
        (AuthRefused(402, "no entry"), "credit"),
        (AuthRefused(403, "no entry"), "rights"),
        (AuthRefused(404, "no entry"), "model's name 'm'"),
        (AuthRefused(307, "no entry"), "redirect"),
        (AuthRefused(400, "no entry", "key"), "OPENAI_API_KEY"),
        (AuthRefused(400, "no entry", "model"), "model's name 'm'"),
        (AuthRefused(401, "no entry", "account"), "credit"),
        (AuthRefused(403, "no entry", "account"), "credit"),
        (AuthRefused(412, "no entry", "account"), "credit"),
    ],
)
def test_a_refused_key_on_the_first_call_ends_the_run_and_says_what_to_do(fault: AuthRefused, hint: str) -> None:
    world, status = World(lambda n, _: fault), fault.status
    error, _ = end_of(world)
    assert isinstance(error, ProviderError)
    assert '"no entry"' in error.message and str(status) in error.message
    assert hint in error.hint
    assert len(world.times) == 1


def test_after_an_answer_a_lost_page_leaves_its_call_pending_and_a_lost_key_ends_the_run() -> None:
    world = World(lambda n, _: AuthRefused(404, "gone"))
    world.health.answers = 1
    found = [status for status in (401, 402, 403, 404, 307) if stops_run(AuthRefused(status, ""), world.health)]
    assert found == [401, 402]
    assert stops_run(AuthRefused(403, "", "account"), world.health)
    error, _ = end_of(world)
    assert isinstance(error, CallPending) and error.no_reply
    world = World(lambda n, _: AuthRefused(404, "gone"))
    world.health.answers, world.health.lost = 1, 4
    error, _ = end_of(world)
    assert isinstance(error, ProviderError) and "model's name" in error.hint


def test_a_refused_request_is_never_tried_again() -> None:
    world = World(lambda n, _: RequestRefused(400, "no"))
    error, _ = end_of(world)
    assert isinstance(error, RequestRefused)
    assert len(world.times) == 1


def test_a_batch_that_took_hours_and_failed_is_no_silence_of_the_endpoint() -> None:
    hours = Policy(90_000, 180_000, 300, batched=True)
    world = World(lambda n, _: TransportError("server", "expired") if n == 1 else None, took_s=36_000, policy=hours)
    error, now = end_of(world)
    assert error is None
    assert now > 72_000


@pytest.mark.parametrize(("loopback", "start"), [(True, "start `ollama serve`"), (False, "can be reached")])
def test_of_a_server_of_this_machine_that_does_not_run_it_is_said_what_starts_it(loopback: bool, start: str) -> None:
    gone = TransportError("dropped", "cannot connect", sent=False, absent=True)
    world = World(lambda n, _: gone, policy=Policy(60, 10_000, 300))
    world.health.target = replace(world.health.target, host="localhost:11434", loopback=loopback)
    error, now = end_of(world)
    assert isinstance(error, ProviderError) and 290 <= now <= 360  # it may be starting
    assert start in error.hint


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (TransportError("server", "Service Unavailable", status=503), "has room"),
        (TransportError("server", "overloaded", status=529), "has room"),
        (TransportError("server", "Bad Gateway", status=502), "the model behind it"),
        (TransportError("timeout", "Gateway Time-out", status=504), "not timeout_s"),
        (TransportError("server", "a web page: origin error", status=522), "the model behind it"),
        (TransportError("server", "CUDA error", status=500), "its own log"),
        (TransportError("empty", "the reply holds no choice", status=200), "hold nothing"),
        (TransportError("dropped", "the reply is broken off", status=200), "cuts them"),
    ],
)
def test_who_answers_with_errors_can_be_reached_and_is_not_said_to_be_away(fault: TransportError, words: str) -> None:
    error, _ = end_of(World(lambda n, _: fault, policy=Policy(60, 10_000, 300)))
    assert isinstance(error, ProviderError)
    assert words in error.hint and "can be reached" not in error.hint
    assert "nothing has answered" not in error.message


def end_of_all(prompts: int, fault: TransportError, *, answered: str) -> str:
    """The first end of calls of a check that all meet this fault, after a call of that purpose was answered."""
    health, outage = Health(TARGET), OutageDetector()
    policy = Policy(60, 10_000, 300)

    async def send(clock: Clock, again: bool) -> RawReply:
        clock.begin()
        raise fault

    async def main() -> str:
        health.answered(Draw(99, 1, answered), asyncio.get_running_loop().time())
        calls = (
            call_with_retries(
                send,
                Draw(slot, 1, "code"),
                policy=policy,
                health=health,
                outage=outage,
                rng=random.Random(slot),
                retrying=lambda *_: None,
            )
            for slot in range(prompts)
        )
        found = await asyncio.gather(*calls, return_exceptions=True)
        return next((str(error) for error in found if isinstance(error, ProviderError)), "")

    return run_virtual(main())


BROKEN = TransportError("dropped", "the reply is broken off", status=200)
SILENT = TransportError("timeout", "no answer within 60 s")


@pytest.mark.parametrize(
    ("fault", "words"), [(BROKEN, "replies of code were all broken off"), (SILENT, "tries of code")]
)
def test_a_check_whose_replies_are_all_lost_ends_the_run_although_others_are_answered(
    fault: TransportError, words: str
) -> None:
    assert words in end_of_all(8, fault, answered="generate")
    assert "for 300 s" in end_of_all(8, fault, answered="code")  # it may be away: waited for
    assert "of code" not in end_of_all(2, fault, answered="generate")


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("vertex_ai/gemini", "No module named 'google.auth'", "pip install google-auth"),
        ("bedrock/x", "Invalid Authentication - Unable to locate credentials", "AWS_ACCESS_KEY_ID"),
        ("vertex_ai/gemini", "Your default credentials were not found.", "GOOGLE_APPLICATION_CREDENTIALS"),
    ],
)
def test_what_litellm_lacks_on_this_machine_is_no_outage(name: str, said: str, hint: str) -> None:
    fault = fault_from(Exception(said))
    assert isinstance(fault, AuthRefused)
    assert hint in refused_by_all(fault, Target("litellm", name, host="x.example")).hint
