"""Who answers, and whose silence is its own."""

from __future__ import annotations

import asyncio

from datagen_cli.core.chat import Draw
from datagen_cli.llm.health import Health, OutageDetector, Refusals
from datagen_cli.llm.keys import Target
from tests.llm.virtual import run_virtual

ONE, TWO, THREE = (Draw(slot, 1, "generate") for slot in (1, 2, 3))


def health() -> Health:
    return Health(Target("openai", "m"))


def test_a_call_is_alone_when_no_other_failed_since_the_last_answer() -> None:
    found = health()
    found.failed(ONE, "server", 0.0, 0.0)
    assert not found.is_alone(ONE, since=0.0, recent=0.0)  # nothing was ever answered: the endpoint may be gone
    found.answered(THREE, 10.0)
    found.failed(ONE, "server", 20.0, 20.0)
    assert found.is_alone(ONE, since=50.0, recent=0.0)
    found.failed(TWO, "server", 20.0, 20.0)
    assert not found.is_alone(ONE, since=50.0, recent=0.0)
    assert found.is_alone(ONE, since=5.0, recent=0.0)


def test_a_slot_that_timed_out_while_others_were_answered_does_not_keep_another_company() -> None:
    found = health()
    found.answered(THREE, 10.0)
    found.failed(ONE, "timeout", 5.0, 5.0)
    found.failed(TWO, "timeout", 20.0, 20.0)
    assert found.suspects == {1}
    assert found.is_alone(TWO, since=50.0, recent=0.0)
    assert not found.is_alone(ONE, since=50.0, recent=0.0)
    found.answered(ONE, 60.0)
    assert found.suspects == set()


def test_a_slot_that_is_tried_no_more_keeps_nobody_company() -> None:
    found = health()
    found.answered(THREE, 10.0)
    found.failed(ONE, "timeout", 5.0, 11.0)
    found.failed(TWO, "timeout", 12.0, 20.0)
    assert not found.is_alone(ONE, since=50.0, recent=20.0)
    assert found.is_alone(ONE, since=50.0, recent=20.1)


def test_patience_counts_across_calls_from_the_last_answer() -> None:
    outage = OutageDetector()
    outage.answered(1000.0)
    outage.failed(ONE, "server", 900.0, suspect=False)
    outage.failed(TWO, "dropped", 1200.0, suspect=False)
    assert outage.silent_s(1250.0) == 250.0
    outage.answered(1260.0)
    assert outage.silent_s(2000.0) == 0.0


def test_a_slot_that_alone_times_out_is_no_sign_of_an_outage_and_two_are() -> None:
    outage = OutageDetector()
    outage.answered(10.0)
    outage.failed(ONE, "timeout", 20.0, suspect=False)
    outage.failed(ONE, "timeout", 80.0, suspect=False)
    assert outage.silent_s(500.0) == 0.0
    outage.failed(TWO, "timeout", 90.0, suspect=True)
    assert outage.silent_s(500.0) == 0.0
    outage.failed(THREE, "timeout", 100.0, suspect=False)
    assert outage.silent_s(500.0) == 480.0


def test_before_the_first_answer_every_silence_is_a_sign() -> None:
    outage = OutageDetector()
    outage.failed(ONE, "timeout", 20.0, suspect=False)
    assert outage.silent_s(100.0) == 80.0


def test_an_answer_after_a_silence_ends_the_waits_and_a_usual_one_does_not() -> None:
    async def main() -> list[float]:
        found, ends = health(), []

        async def wait(until_answer: bool) -> None:
            await found.pause(30.0, until_answer=until_answer)
            ends.append(asyncio.get_running_loop().time())

        tasks = [asyncio.ensure_future(wait(until_answer)) for until_answer in (True, False)]
        await asyncio.sleep(9)
        found.last_answer = 8.5
        found.answered(ONE, 9.0)
        await asyncio.sleep(11)
        found.answered(ONE, 20.0)
        await asyncio.gather(*tasks)
        return ends

    assert run_virtual(main()) == [20.0, 30.0]


def test_refusals_count_until_the_role_has_succeeded_once() -> None:
    refusals = Refusals()
    assert [refusals.refused("coder") for _ in range(5)] == [1, 2, 3, 4, 5]
    assert refusals.refused("solver") == 1
    refusals.lifted.add("coder")
    assert refusals.refused("coder") == 0
