"""Who answers, and whose silence is its own."""

from __future__ import annotations

import asyncio

from datagen_cli.core.chat import Draw
from datagen_cli.llm.health import Health, OutageDetector, Refusals
from datagen_cli.llm.keys import Target
from tests.llm.virtual import run_virtual

ONE, TWO, THREE, FOUR = (Draw(slot, 1, "generate") for slot in (1, 2, 3, 4))


def health() -> Health:
    return Health(Target("openai", "m"))


def test_a_prompt_fails_by_its_own_fault_when_others_were_answered_since_or_nothing_else_fails() -> None:
    found = health()
    found.failed(ONE, 0.0, 0.0)
    assert not found.is_own_fault(ONE, recent=0.0)  # nothing was ever answered: the endpoint may be gone
    found.answered(THREE, 10.0)
    assert found.is_own_fault(ONE, recent=0.0)
    found.failed(TWO, 20.0, 20.0)
    assert found.is_own_fault(TWO, recent=0.0)  # the first one's failures are its own, so this one is alone
    found.failed(FOUR, 21.0, 21.0)
    assert not found.is_own_fault(TWO, recent=0.0) and not found.is_own_fault(FOUR, recent=0.0)
    assert not found.is_own_fault(ONE, recent=0.0)  # two that nobody was answered since: an outage, it seems
    assert found.is_own_fault(ONE, recent=20.5)


def test_a_prompt_that_times_out_although_others_were_answered_meanwhile_does_so_by_its_own_fault() -> None:
    found = health()
    found.answered(THREE, 10.0)
    for draw in (ONE, TWO):
        found.failed(draw, 9.0, 69.0)
    assert found.is_own_fault(ONE, recent=0.0) and found.is_own_fault(TWO, recent=0.0)


def test_a_prompt_ends_after_three_failures_of_its_own_and_what_was_an_outage_does_not_count() -> None:
    found = health()
    found.answered(THREE, 1.0)
    for now in (2.0, 3.0, 4.0):
        found.failed(ONE, now, now)
        found.failed(TWO, now, now)
        assert not found.ends_without_reply(ONE, recent=0.0)
    found.answered(TWO, 5.0)
    assert not found.ends_without_reply(ONE, recent=0.0)
    found.failed(ONE, 6.0, 6.0)
    assert not found.ends_without_reply(ONE, recent=0.0)
    found.failed(ONE, 7.0, 7.0)
    assert found.ends_without_reply(ONE, recent=0.0)
    assert not found.ends_without_reply(ONE, recent=0.0)  # it begins anew


def test_a_prompt_that_is_asked_no_more_is_no_sign_of_an_outage() -> None:
    found = health()
    found.answered(THREE, 1.0)
    for now in range(2, 8):
        found.failed(ONE, float(now), float(now))
        found.ends_without_reply(ONE, recent=0.0)
    found.failed(TWO, 9.0, 9.0)
    assert found.is_own_fault(TWO, recent=0.0)


def test_an_answer_in_an_earlier_run_of_the_folder_is_an_answer() -> None:
    found = Health(Target("openai", "m"), answered_before=True)
    found.failed(ONE, 0.0, 0.0)
    assert found.is_own_fault(ONE, recent=0.0)
    found.failed(TWO, 0.0, 0.0)
    assert not found.is_own_fault(ONE, recent=0.0)


def test_patience_counts_across_calls_from_the_last_answer() -> None:
    outage = OutageDetector()
    outage.answered(1000.0)
    outage.failed(900.0)
    outage.failed(1200.0)
    assert outage.silent_s(1250.0) == 250.0
    outage.answered(1260.0)
    assert outage.silent_s(2000.0) == 0.0


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


def test_a_halt_ends_all_waits_and_none_begins_after_it() -> None:
    async def main() -> float:
        found = health()
        tasks = [asyncio.ensure_future(found.pause(3600.0, until_answer=until)) for until in (True, False)]
        await asyncio.sleep(2)
        found.halt()
        await asyncio.gather(*tasks)
        await found.pause(3600.0, until_answer=False)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 2.0
