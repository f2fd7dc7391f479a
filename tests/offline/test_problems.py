"""Word problems: right answers, every sentence recognised, numbers left out noticed, nothing guessed."""

from __future__ import annotations

import random

import pytest

from datagen_cli.offline.corpus import corpus
from datagen_cli.offline.problems.arithmetic import PERCENTS, Scale, draw, exact, money, read_number, work_out
from datagen_cli.offline.problems.reading import program_for, read, spoiled
from datagen_cli.offline.problems.scenes import Wording, all_scenes, money_phase, questions, scenes_for, statements
from datagen_cli.offline.problems.tell import Wish, write


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Mia has 12 marbles. How many marbles does she have now?", 12),
        ("Mia has 12 marbles. Then she buys three more marbles. How many marbles does she have now?", 15),
        (
            "Mia has 4 bags with 6 marbles in each. She gives a quarter of the marbles to her aunt. "
            "How many marbles does Mia have in the end?",
            18,
        ),
        ("Omar takes 3 mugs at $4.50 each to the checkout. He pays with $20. How much change does he get back?", 6.5),
        (
            "Ruth collects 1,200 liters of rainwater. In the heat 25% of the water evaporates. "
            "How many liters are there now?",
            900,
        ),
        (
            "Nils drives for 3 hours at 60 kilometers an hour. There are 5 other passengers. "
            "How many kilometers is that in all?",
            180,
        ),
    ],
)
def test_a_question_is_read_back(question: str, answer: float) -> None:
    program = read(question)
    assert program is not None and program.answer == answer


@pytest.mark.parametrize(
    "question",
    [
        "Mia has some marbles. She buys 3 more marbles. How many marbles does she have now?",
        "She buys 3 more marbles. How many marbles does she have now?",
        "Mia has 12 marbles. She shares all of the marbles equally among 0 friends. "
        "How many marbles does each friend get?",
    ],
)
def test_a_problem_without_an_answer_is_noticed(question: str) -> None:
    program = read(question)
    assert program is not None and program.answer is None


@pytest.mark.parametrize(
    "question",
    [
        "",
        "How old is the moon?",
        "Mia has 12 marbles and half of them are blue, so she paints 2. How many marbles does she have now?",
        "Mia has 12 marbles. Her dog eats three of them. How many marbles does she have now?",
        "Mia has 12 marbles. How many of the marbles are blue?",
        "Mia has 12 marbles. Tom has 3 marbles. How many marbles does he have now?",
        "word " * 5000 + "has 12 marbles. How many marbles does she have now?",
    ],
)
def test_what_is_not_understood_is_not_guessed(question: str) -> None:
    assert read(question) is None


@pytest.mark.slow
def test_two_thousand_problems_are_read_back_exactly() -> None:
    for number in range(2000):
        problem = write(random.Random(number), Wish(steps=number % 9))
        program = read(problem.question)
        assert program is not None and program.answer == problem.answer, problem.question


def test_two_hundred_problems_without_a_number_have_no_answer() -> None:
    for number in range(200):
        program = read(write(random.Random(number), Wish(missing=True)).question)
        assert program is not None and program.answer is None


def test_calculations_lead_to_the_answer() -> None:
    for number in range(300):
        problem = write(random.Random(number))
        for line in problem.lines:
            assert eval(line.calculation, {"__builtins__": {}}) == pytest.approx(line.result)
        if problem.lines:
            assert problem.lines[-1].result == problem.answer


@pytest.mark.parametrize("steps", range(1, 9))
def test_the_number_of_calculations_is_kept(steps: int) -> None:
    assert {len(write(random.Random(number), Wish(steps=steps)).lines) for number in range(60)} == {steps}


def printed(program: str) -> str:
    """What a program of ours prints; the name of the error that ends it."""
    said: list[str] = []
    try:
        exec(program, {"print": lambda value: said.append(str(value))})
    except NameError as error:
        return type(error).__name__
    return said[0]


def test_a_program_prints_the_answer_and_one_with_a_mistake_does_not() -> None:
    for number in range(200):
        rng = random.Random(number)
        problem = write(rng, Wish(steps=number % 9, missing=number % 20 == 7))
        program = program_for(rng, problem.question)
        right = printed(program)
        assert right == ("UNSOLVABLE" if number % 20 == 7 else f"{round(problem.answer, 2):g}"), problem.question
        assert printed(spoiled(rng, program)) != right, program


def test_an_instruction_that_stands_before_a_problem_changes_none_of_its_numbers() -> None:
    question = write(random.Random(3), Wish(steps=2)).question
    for order in corpus("sentences")["order"]["say"]:
        assert read(question) is not None
        assert read(f"{order} {question}") == read(question), order


def test_bounds_and_words_are_kept() -> None:
    def fits(question: str, answer: float) -> bool:
        return 10 <= answer <= 60 and 35 <= len(question.split()) <= 60

    for number in range(100):
        problem = write(random.Random(number), Wish(whole=True, fits=fits))
        assert fits(problem.question, problem.answer) and isinstance(problem.answer, int)


def test_every_line_of_every_scene_is_told_and_told_apart() -> None:
    """Each sentence, filled in, is recognised with its own formulas."""
    rng = random.Random(1)
    words = {
        "N": "Mia",
        "S": "She",
        "s": "she",
        "h": "her",
        "o": "marbles",
        "o1": "marble",
        "b": "boxes",
        "w": "her aunt",
        "g": "drinks",
    }
    words |= {"l": "desk", "gift": "hat", "A": "Omar", "B": "Lena"}
    for scene in (*all_scenes(), money_phase()):
        for section in ("start", "steps", "end", "money"):
            for telling in scene.lines[section]:
                op = telling.formulas
                numbers = {"n": "14", "m": "15", "k": "6", "p": "$17", "t": "three", "c": "20", "f": "a third"}
                sentence = telling.fill({**words, **numbers})
                read_as = next(wording for wording in statements() if wording.read(sentence) is not None)
                assert read_as.formulas == op, (sentence, read_as.text)
                assert draw(rng, op, 240, Scale(10, 200)) is not None
    assert len(questions()) > 50


def test_every_scene_has_what_a_story_needs() -> None:
    for scene in all_scenes():
        assert scene.topics and scene.things and scene.lines["start"] and scene.lines["steps"]
        assert scene.lines["ask"]


def test_a_topic_finds_its_scenes_and_an_unknown_one_all() -> None:
    cooking, known = scenes_for("Cooking", needs_money=False)
    assert known and len(cooking) < len(all_scenes())
    everything, known = scenes_for("quantum", needs_money=False)
    assert not known and len(everything) == len(all_scenes())


def test_formulas_are_worked_out_from_left_to_right() -> None:
    lines, value = work_out("n * m, v - x", 50, {"n": 3, "m": 4})
    assert [(line.calculation, line.result) for line in lines] == [("3 * 4", 12), ("50 - 12", 38)]
    assert value == 38
    assert work_out("v * a / b, v - x", 40, {"a": 1, "b": 4})[0][0].calculation == "40 / 4"


def test_drawn_numbers_give_exact_results() -> None:
    rng = random.Random(5)
    for formulas in (
        "v / k",
        "v * a / b, v - x",
        "v * c / 100, v - x",
        "v - n",
        "n * m, v - x",
        "n - v",
        "v * k, x / 60",
    ):
        for v in range(12, 400, 7):
            given = draw(rng, formulas, v, Scale(10, 200, whole=True))
            if given is not None:
                assert exact(work_out(formulas, v, given)[0], whole=True), (formulas, v, given)
    assert all(100 % 5 == 0 and 0 < percent < 100 for percent in PERCENTS)


def test_a_wording_reads_what_it_writes() -> None:
    wording = Wording("{S} buys {n} {o} for {p}.")
    assert wording.read("Mia buys 1,200 old books for $3.50.") == {
        "S": "Mia",
        "n": "1,200",
        "o": "old books",
        "p": "$3.50",
    }
    assert wording.read("Mia buys many books for $3.50.") is None
    assert read_number("1,200") == 1200 and read_number("$3.50") == 3.5 and read_number("seven") == 7
    assert read_number("some") is None
    assert money(1250, "€") == "€1,250" and money(2.5, "$") == "$2.50"
