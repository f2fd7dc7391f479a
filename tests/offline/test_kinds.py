"""Every kind of request but `generate` and `repair`: programs, answers, verdicts, values, claims, scores, operators."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from datagen_cli.offline.kinds import ANSWERS
from datagen_cli.offline.problems.reading import read
from tests.grids import mostly_slow
from tests.offline.asking import only, problems, tickets


def printed(program: str) -> str:
    """What a program prints, run beside the tests."""
    return subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=600
    ).stdout.strip()


async def test_code_computes_the_answer_from_the_question_alone() -> None:
    asker = problems()
    programs: list[Any] = []
    answers: list[Any] = []
    for record in await asker.whole(60):
        reply = await asker.told("code", len(answers), question=record["question"])
        programs.append(reply.text.removeprefix("```python\n").removesuffix("\n```"))
        answers.append(record["answer"])
    shown = printed("\n".join(f"exec({program!r}, {{}})" for program in programs)).splitlines()
    assert [float(text) for text in shown] == [pytest.approx(answer) for answer in answers]


async def test_code_says_unsolvable_for_what_it_cannot_work_out() -> None:
    asker = problems(faults=only(unsolvable=1.0))
    (record,) = await asker.whole(1)
    for question in (record["question"], "How long is a piece of string that is 3 times as long as another?"):
        reply = await asker.told("code", question=question)
        assert "UNSOLVABLE" in reply.text


async def test_wrong_programs_come_at_their_rate_and_are_wrong() -> None:
    asker, right = problems(faults=only(wrong_program=0.5)), problems()
    question = (await right.whole(1))[0]["question"]
    for k in range(80):
        await asker.told("code", k, question=question)
    assert 25 <= len(asker.plants) <= 55
    assert all(plant["fault"] == "wrong_program" and "print(" in plant["truth"] for plant in asker.plants)


async def test_solve_finds_the_right_choice_whatever_the_order() -> None:
    choices = ["Oslo", "Lima", "Nairobi", "Paris"]
    for order in (choices, choices[::-1]):
        asked = {"question": "What is the capital of Kenya?", "more": {"choices": order}}
        assert await problems().found("solve", **asked) == {"answer": "Nairobi"}  # type: ignore[arg-type]


async def test_solve_works_a_problem_out_and_tells_the_label_of_a_text() -> None:
    for record in await problems().whole(20):
        found = await problems().found("solve", question=record["question"])
        assert float(found["answer"]) == record["answer"]
    asker, right = tickets(), 0
    for record in await asker.whole(60):
        asked = {"question": record["text"], "more": {"values": list(asker.values)}}
        right += (await asker.found("solve", **asked))["answer"] == record["category"]
    assert right >= 54


async def test_wrong_answers_come_at_their_rate_with_the_truth() -> None:
    asker = problems(faults=only(wrong_answer=0.5))
    asked = {"question": "What is the capital of Kenya?"}
    for more in ({"choices": ["Oslo", "Nairobi"]}, {}):
        found = [(await asker.found("solve", k, **asked, more=more))["answer"] for k in range(80)]
        wrong = sum(answer != "Nairobi" for answer in found)
        assert 25 <= wrong == len(asker.plants) <= 55
        assert {(plant["fault"], plant["truth"]) for plant in asker.plants} == {("wrong_answer", "Nairobi")}
        asker.plants.clear()


async def test_review_calls_right_records_good_and_wrong_ones_bad() -> None:
    right, wrong = problems(), problems(faults=only(wrong_label=1.0))
    for asker, verdict in ((right, "good"), (wrong, "bad")):
        for record in await asker.whole(20):
            told = await right.found("review", record=record)
            assert told["verdict"] == verdict
            assert (told["rewrite"] is None) == (verdict == "good")
            assert bool(told["reasons"]) == (verdict == "bad")


async def test_extract_gives_so_many_different_values() -> None:
    found = await problems().found("extract", more={"attribute": "setting", "count": 30})
    assert len(set(found["values"])) == 30


async def test_a_claim_is_judged_by_the_passages() -> None:
    told = {"passages": ["Nairobi is the capital of Kenya, a country in Africa."]}
    claims = (await problems().found("claims", record={"text": "The capital of Kenya is Lima. Is it?"}))["claims"]
    assert [claim["claim"] for claim in claims] == ["The capital of Kenya is Lima."]
    for claim, verdict, correction in (
        ("The capital of Kenya is Nairobi.", "supported", None),
        ("The capital of Kenya is Lima.", "contradicted", "The capital of Kenya is Nairobi."),
        ("Whales sing to their calves at night.", "not_found", None),
    ):
        found = await problems().found("judge", statement=claim, more=told)
        assert (found["verdict"], found["correction"]) == (verdict, correction)


async def test_scores_lie_from_1_to_5_and_fall_with_faults() -> None:
    good, bad = await problems().whole(20), await problems(faults=only(wrong_label=1.0)).whole(20)
    scores = [[(await problems().found("score", record=row))["score"] for row in rows] for rows in (good, bad)]
    assert set(scores[0]) <= {4, 5} and set(scores[1]) <= {1, 2, 3}


async def test_a_rewrite_mends_what_is_wrong_and_keeps_the_rest() -> None:
    for record in await problems(faults=only(wrong_label=1.0)).whole(20):
        (found,) = (await problems().found("rewrite", record=record))["records"]
        known = read(record["question"])
        assert known is not None and found == {**record, "answer": known.answer}


@pytest.mark.parametrize("operator", mostly_slow(["paraphrase", "add_context", "more_steps", "something new"]))
async def test_a_harder_problem_has_the_answer_that_it_says(operator: str) -> None:
    for record in await problems().whole(20):
        (found,) = (await problems().found("enhance", record=record, more={"operator": operator}))["records"]
        known = read(found["question"])
        assert known is not None and known.answer == found["answer"] and found["question"] != record["question"]


@pytest.mark.parametrize("kind", [*ANSWERS, "a new one", "os"])
async def test_no_kind_fails_on_an_empty_task(kind: str) -> None:
    assert (await problems(faults=None).told(kind)).text
