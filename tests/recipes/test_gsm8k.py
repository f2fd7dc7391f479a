"""Every answer of the gsm8k base, computed twice: step by step as written, and by a formula of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.recipes.test_word_problems import STEP, compute, final_number, wrong_steps

DATA = Path(__file__).resolve().parents[2] / "recipes" / "data"
ROWS = [json.loads(line) for line in (DATA / "gsm8k.jsonl").read_text("utf-8").splitlines()]

# The first three words of each problem, and its answer as one formula written from the question alone.
FORMULAS = {
    "Tobias stacks firewood": "7*18-7*5",
    "A ferry crosses": "5*45+45/3",
    "Nadia pours 3": "3*1000/250-5",
    "A clockmaker repairs": "6*(5*4+7)",
    "The string of": "80*3/4*1.5",
    "An elevator starts": "3+14-9+14/2",
    "In one morning": "120*0.5+35*4-130",
    "Selma knits 24": "(216+24)/24",
    "A school orders": "9*20-12*13",
    "Pavel walks 1.5": "90/(1.5*2*5)",
    "A tailor buys": "(40-8*3.5)/1.5",
    "A choir has": "18+14+14/2+14/2-2",
    "The battery of": "64-5*6+20",
    "A fisherman catches": "(36-36/6-8)*3",
    "Two trucks bring": "4*6+2.5*10",
    "Emre reads 30": "(210/30-210/42)*60",
    "A snail climbs": "6*(40-15)",
    "A hotel has": "8*22*7/8-97",
    "Hana buys 3": "20-3*2.4-1.8",
    "A town of": "12000*1.05+300",
    "A gym charges": "(135-3*25)/4",
    "A rope of": "36*3/4",
    "A vineyard fills": "(960/6-9)*48",
    "Ingrid plants shrubs": "2*(24/1.5+1)",
    "A train has": "9*64*7/8-120+75",
    "A cook has": "5000-30*(80+70)",
    "A puppy weighs": "(7-3)*1000/400",
    "In a quiz": "14*5-(20-14)*2",
    "A tank that": "150*4/5/(8-2)",
    "A photographer takes": "45*4*2/3/4",
    "Two adults and": "2*14+3*14/2-42",
    "A farmer has": "15*22*2/10",
    "A crew paves": "5+(1500-5*120)/90",
    "Viktor is 4": "(42-6)/4",
    "A library charges": "(4*5+12)*20",
    "The wheel of": "150*2*30/1000",
    "A shop lowers": "2*(60*0.85-6)",
    "Dario has 3": "20*2/(3-1)*(3+1)",
    "An office uses": "6*500*0.6",
    "A lighthouse flashes": "60/15*60*3",
    "A mason builds": "420+420*2/3+420*2/3*1.5",
    "A company runs": "12/2*35*1.6*5",
    "Chloe gets $9": "(3*2+2)*9*4",
    "A greenhouse starts": "240*0.95/4",
    "A cyclist rides": "18*2+20*45/60",
    "Painters work on": "300-(24+30+36+42)",
    "It takes 3": "27*8/9/3*8",
    "The 26 pupils": "208/20-208/26",
    "A parcel with": "(2.4*1000-300)/7",
    "Sami saves half": "(75-19)/(16/2)",
    "A market stall": "14*30*0.9/9",
    "A diver goes": "12-5+2*5",
}


def opening(question: str) -> str:
    return " ".join(question.split()[:3])


def test_every_problem_has_its_own_formula() -> None:
    openings = [opening(row["question"]) for row in ROWS]
    assert len(ROWS) >= 40
    assert sorted(openings) == sorted(FORMULAS)
    assert len({row["question"].casefold() for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[opening(row["question"]) for row in ROWS])
def test_the_answer_is_right(row: dict[str, str]) -> None:
    question, answer = row["question"], row["answer"]
    assert wrong_steps(answer) == []
    assert 2 <= len(STEP.findall(answer)) <= 8
    assert compute(FORMULAS[opening(question)]) == final_number(answer)
    assert question.count("?") == 1
    assert question.endswith("?")
    assert 15 <= len(question.split()) <= 60


def test_no_problem_is_one_of_the_quickstart() -> None:
    other = (DATA / "word_problems.jsonl").read_text("utf-8").splitlines()
    known = {json.loads(line)["question"].casefold() for line in other}
    assert not known & {row["question"].casefold() for row in ROWS}
