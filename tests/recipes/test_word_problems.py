"""Every answer of the shipped word problems, computed twice: step by step as written, and by a formula of its own."""

from __future__ import annotations

import ast
import json
import operator
import re
from fractions import Fraction
from pathlib import Path

import pytest

BASE = Path(__file__).resolve().parents[2] / "recipes" / "data" / "word_problems.jsonl"
STEP = re.compile(r"<<([^=<>]+)=([^<>]+)>>(\S+)")
OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}

# Opening words of each problem, and its answer as one formula written from the question alone.
FORMULAS = {
    "Mara bakes": "(4 * 12 - 8) / 5",
    "A bus leaves": "17 + (6 - 4) + 2 * 6",
    "Priya saves": "(180 - 8 * 15) / 2",
    "A gardener plants": "6 * 14 * 3 / 4 - 9",
    "A school library": "350 + 25 - (350 * 0.4 - 90)",
    "Oskar runs": "5 * (3 + 3 + 4 * 0.5) / 2",
    "A farmer collects": "(96 + 60) * 4 / 12 - 15",
    "Ben reads": "5 + (288 - 5 * 24) / 28",
    "A water tank": "900 * 2 / 3 / (40 - 10)",
    "Three friends": "(5 + 2 * 14 + 3) / 3",
    "A cinema has": "15 * 18 * 2 / 3 * 9 - 620",
    "Lena is": "8 + (8 + 4) * (1 + 3)",
    "A recipe for": "(300 * 10 / 4 - 350) / 200",
    "From 6 a.m.": "(18 - 6) * 60 / (20 + 10) * 35",
    "A pair of shoes": "100 - (80 * 0.75 - 10)",
    "In a class": "28 * 3 / 7 / 2 + 5",
    "A carpenter has": "(300 - 4 * 55) / 16",
    "A football team": "9 * 3 + 5 * 1 + 4 * 0 - 28",
    "A baker uses": "2.5 / 4 * (36 + 28)",
    "A train covers": "120 / 80 + 1 / 2 + 150 / 100",
    "Ida has": "45 * 2 / 3 - 6 + 2 * 8",
    "At a fruit stall": "20 - (10 * 0.40 + 8 * 0.55)",
    "A rectangular garden": "(18 + 12 + 18 + 12 - 3) * 14",
    "A museum ticket": "12 * (5 + 16 / 2) - 30",
    "A printer prints": "6 * 45 / 18 + 5",
    "A candle is": "24 - 3 * 4 * 1.5",
    "In an aquarium": "9 * (1 + 5 + 1) + 3",
    "A phone plan": "2 * 18 + (340 - 200) * 0.05",
    "Four painters": "2 * 6 * 4 / 3",
    "A bag holds": "60 * 0.8 * 3 / 4 - 60 * 0.2",
    "A hiker climbs": "(1480 - 640) / (120 / 20) + 2 * 15",
    "A shop buys": "30 * 7 + (40 - 30) * 7 / 2 - 40 * 3",
    "A swimming pool": "25 * (32 + 32 * 1.5)",
    "A beekeeper has": "(14 - 3 / 2) * 18 / 0.5",
    "Zoe earns": "8 * 11 + (10 - 8) * 16 + 6 * 11",
    "A jug holds": "(1.8 - 7 * 0.2) * (1 + 3)",
    "A theatre club": "6 * (120 + 2 * (120 * 3 / 4) + 15)",
    "A parking garage": "3 + 2 * (15 - 9 - 1)",
    "A jigsaw puzzle": "(1000 - 4 * 120) / (120 + 10)",
    "A florist has": "(72 / 6 - 2) * 18",
    "An empty lorry": "(7.5 - 4.2) * 1000 - 80 * 35",
    "Noah has": "85 + 3 * (85 - 82)",
    "A summer camp": "5 * 1 + 2 * 6",
    "A chess club": "35 * (12 - 4) - 250",
    "A lift carries": "(600 - 8 * 68) / 7",
    "An orchard has": "250 * 0.9 * 0.8",
    "A weaver needs": "9 * 5 * (12 + 3 * 4)",
    "The battery of": "420 - 135 - 3 * (135 - 60)",
    "In a village": "640 * 5 / 8 * 0.85 + 22",
    "A picture that": "(20 + 2 * 5) * (30 + 2 * 5)",
    "A radio station": "7 * (4 * 3.5 + 3 * 4)",
    "Two cyclists": "84 * 16 / (16 + 12)",
}


def compute(expression: str) -> Fraction:
    """The exact value of an expression of numbers, + - * / and parentheses; anything else is a `ValueError`."""
    return _value(ast.parse(expression.strip(), mode="eval").body, expression)


def _value(node: ast.expr, text: str) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return Fraction(ast.get_source_segment(text.strip(), node) or "")
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        return OPERATIONS[type(node.op)](_value(node.left, text), _value(node.right, text))
    raise ValueError(f"no arithmetic: {text}")


def final_number(answer: str) -> Fraction:
    """The number after `####`."""
    found = re.fullmatch(r"(?s).*\n#### (-?\d+(?:\.\d+)?)", answer)
    if not found:
        raise ValueError(f"no final number: {answer}")
    return Fraction(found[1])


def wrong_steps(answer: str) -> list[str]:
    """What is wrong with a solution: annotations that do not add up, or whose last is not the answer."""
    lines = answer.split("\n")[:-1]
    found = [f"no step in {line!r}" for line in lines if not STEP.search(line)]
    results = []
    for expression, result, shown in STEP.findall(answer):
        results.append(Fraction(result))
        if compute(expression) != Fraction(result):
            found.append(f"{expression} is not {result}")
        if not re.fullmatch(re.escape(result) + r"(?!\d)\D*", shown):
            found.append(f"{result} is shown as {shown}")
    if results and results[-1] != final_number(answer):
        found.append(f"the last step gives {results[-1]}, the answer is {final_number(answer)}")
    return found


def rows() -> list[dict[str, str]]:
    return [json.loads(line) for line in BASE.read_text("utf-8").splitlines()]


ROWS = rows()


def test_there_are_at_least_48_different_problems() -> None:
    assert len(ROWS) >= 48
    assert len({row["question"].casefold() for row in ROWS}) == len(ROWS)


def test_every_problem_has_its_own_formula() -> None:
    openings = [[start for start in FORMULAS if row["question"].startswith(start + " ")] for row in ROWS]
    assert [len(found) for found in openings] == [1] * len(ROWS)
    assert {found[0] for found in openings} == set(FORMULAS)


@pytest.mark.parametrize("row", ROWS, ids=[" ".join(row["question"].split()[:3]) for row in ROWS])
def test_the_answer_is_right(row: dict[str, str]) -> None:
    question, answer = row["question"], row["answer"]
    assert set(row) == {"question", "answer"}
    assert wrong_steps(answer) == []
    assert 2 <= len(STEP.findall(answer)) <= 8
    formula = next(formula for start, formula in FORMULAS.items() if question.startswith(start + " "))
    assert compute(formula) == final_number(answer)
    assert question.count("?") == 1
    assert question.endswith("?")
    assert 15 <= len(question.split()) <= 60


def test_arithmetic_is_exact_and_nothing_else_is_computed() -> None:
    assert compute("0.1 + 0.2") == Fraction(3, 10)
    assert compute("(1 + 2) * 3 / 2") == Fraction(9, 2)
    for bad in ("2 ** 9", "len('x')", "True", "x"):
        with pytest.raises(ValueError, match="no arithmetic"):
            compute(bad)


def test_a_wrong_solution_is_caught() -> None:
    assert wrong_steps("So 2+2=<<2+2=4>>4.\n#### 4") == []
    assert wrong_steps("So 2+2=<<2+2=5>>5.\n#### 5") == ["2+2 is not 5"]
    assert wrong_steps("So 2+2=<<2+2=4>>5.\n#### 4") == ["4 is shown as 5."]
    assert wrong_steps("So 2+2=<<2+2=4>>4.\n#### 6") == ["the last step gives 4, the answer is 6"]
    assert wrong_steps("Four of them.\n#### 4") == ["no step in 'Four of them.'"]
