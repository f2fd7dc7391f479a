"""Quizzes, endings, registers, tasks and programs of the simulation."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from datagen_cli.constraints.language import Language, LanguageOptions
from datagen_cli.core.fields import FieldSpec
from datagen_cli.llm.simulation.activities import ending_of, write_ending
from datagen_cli.llm.simulation.banks_news import NEWS
from datagen_cli.llm.simulation.names import article, plural
from datagen_cli.llm.simulation.pairs import write_pair
from datagen_cli.llm.simulation.programs import UNSOLVABLE, program_for, spoiled
from datagen_cli.llm.simulation.prompt import FieldAsked, Frame
from datagen_cli.llm.simulation.prose import class_text, filler
from datagen_cli.llm.simulation.quiz import answer_of, is_kind, misconception, write_quiz
from datagen_cli.llm.simulation.registers import register_of, subjects_of
from datagen_cli.llm.simulation.tasks import task_of
from datagen_cli.llm.simulation.word_problems import write


def test_every_quiz_can_be_answered_from_its_text() -> None:
    for seed in range(1500):
        quiz = write_quiz(random.Random(seed))
        assert answer_of(quiz.question) == quiz.right or is_kind(quiz.question, quiz.right), quiz
        assert quiz.right not in quiz.wrong and len(set(quiz.wrong)) == 3


@pytest.mark.parametrize("wrong", [1, 5, 9])
def test_a_quiz_has_as_many_wrong_answers_as_asked_for(wrong: int) -> None:
    for seed in range(60):
        assert len(set(write_quiz(random.Random(seed), wrong=wrong).wrong)) == wrong


def test_a_misconception_is_answered_by_its_best_answer() -> None:
    question, best, also, wrong = misconception(random.Random(4))
    assert answer_of(question) == best
    assert best not in wrong and also not in wrong


def test_the_ending_of_a_scene_is_found() -> None:
    for seed in range(300):
        quiz, _ = write_ending(random.Random(seed))
        endings = [*quiz.wrong, quiz.right]
        assert ending_of(quiz.question, endings) == 3


@pytest.mark.parametrize(
    ("about", "labels", "register"),
    [
        ("Support tickets of a shop", ("billing", "login"), "ticket"),
        ("News of four sections", ("World", "Sports"), "news"),
        ("Headlines of news", ("city", "sports"), "headline"),
        ("Film reviews", ("0", "1"), "review"),
        ("Some texts", ("positive", "negative"), "review"),
        ("Jokes and other texts", ("true", "false"), "humor"),
        ("Things", ("zorb", "quib"), "statement"),
    ],
)
def test_the_register_is_told_from_words_and_labels(about: str, labels: tuple[str, ...], register: str) -> None:
    assert register_of(about, tuple((label, "") for label in labels)) == register


def test_labels_of_one_subject_share_its_bank_without_overlap() -> None:
    subjects = subjects_of((("city.delhi", ""), ("city.mumbai", "")), "headline")
    assert {(one.key, one.part, one.parts) for one in subjects.values()} == {("city", 0, 2), ("city", 1, 2)}
    assert "delhi" in subjects["city.delhi"].keywords and "delhi" not in subjects["city.mumbai"].keywords


KNOWN = {
    "ticket": ("billing", "feature"),
    "news": ("World", "health"),
    "headline": ("city", "education"),
    "review": ("positive", "neutral"),
    "humor": ("true", "false"),
    "question": ("soil", "light"),
}


def test_no_slot_is_left_open() -> None:
    for register, labels in KNOWN.items():
        subjects = subjects_of(tuple((label, "") for label in labels), register)
        for label in labels:
            for seed in range(200):
                text = class_text(random.Random(seed), register, subjects[label], "hotel")
                assert text and "{" not in text and "  " not in text
        assert filler(random.Random(1), register).endswith((".", "!", "?"))


def frame(*fields: FieldAsked, about: str = "") -> Frame:
    return Frame(about, fields, {}, {})


@pytest.mark.parametrize(
    ("asked", "examples", "kind"),
    [
        (frame(FieldAsked("question"), FieldAsked("answer", "number")), [], "word_problem"),
        (
            frame(FieldAsked("question"), FieldAsked("answer", "label")),
            [{"question": "How many?", "answer": 3}],
            "word_problem",
        ),
        (
            frame(FieldAsked("question"), FieldAsked("answer")),
            [{"question": "How many?", "answer": "So.\n#### 3"}],
            "word_problem",
        ),
        (frame(FieldAsked("problem"), FieldAsked("solution"), about="Math of a school"), [], "word_problem"),
        (frame(FieldAsked("question"), FieldAsked("answer")), [{"question": "Who?", "answer": "Ann did."}], "pair"),
        (
            frame(
                FieldAsked("question"), FieldAsked("choices", "list"), FieldAsked("answer", "label", values=("A", "B"))
            ),
            [],
            "choice",
        ),
        (
            frame(FieldAsked("Question"), FieldAsked("Best Answer"), FieldAsked("Incorrect Answers", "list")),
            [],
            "truth",
        ),
        (frame(FieldAsked("text"), FieldAsked("label", "label", values=("a", "b"))), [], "classes"),
        (frame(FieldAsked("text"), FieldAsked("humor", "boolean")), [], "classes"),
        (frame(FieldAsked("instruction"), FieldAsked("output")), [], "pair"),
        (frame(FieldAsked("price", "number"), FieldAsked("product")), [], "plain"),
    ],
)
def test_the_task_is_told_from_fields_and_examples(asked: Frame, examples: list[dict[str, Any]], kind: str) -> None:
    assert task_of(asked, examples).kind == kind


def test_a_field_of_the_very_name_plays_the_part_before_one_that_only_ends_in_it() -> None:
    asked = frame(
        FieldAsked("activity_label"), FieldAsked("ctx_a"), FieldAsked("ctx"), FieldAsked("endings", "list"),
        FieldAsked("label", "number"),
    )  # fmt: skip
    roles = task_of(asked, []).roles
    assert (roles["label"], roles["question"]) == ("label", "ctx")
    gold = frame(FieldAsked("activity_label"), FieldAsked("ctx"), FieldAsked("endings", "list"), FieldAsked("gold"))
    assert task_of(gold, []).name("label") == "gold"


@pytest.mark.parametrize("register", ["news", "headline"])
def test_news_are_seen_to_be_english(register: str) -> None:
    constraint = Language(LanguageOptions.model_validate({"is": "en"}), {"text": FieldSpec("text", "text")})
    outcomes = Counter(
        constraint.check({"text": class_text(random.Random(seed), register, subject)}).outcome
        for key in NEWS
        for subject in subjects_of(((key, ""),), register).values()
        for seed in range(150)
    )
    assert outcomes["pass"] >= 0.99 * outcomes.total(), outcomes
    assert outcomes["fail"] == 0


@pytest.mark.parametrize(
    ("about", "register"),
    [
        ("News items: a headline and, after it, one or two sentences of the story, as one text.", "news"),
        ("Title and description of news articles", "news"),
        ("Headlines of news articles and magazines", "headline"),
    ],
)
def test_a_headline_with_its_story_is_a_news_text(about: str, register: str) -> None:
    assert register_of(about, (("World", ""), ("Sports", ""))) == register


def test_a_spoiled_program_is_another_one() -> None:
    for seed in range(100):
        rng = random.Random(seed)
        program = program_for(rng, write(rng).question)
        assert UNSOLVABLE not in program
        assert spoiled(rng, program) != program
    assert UNSOLVABLE not in spoiled(random.Random(1), program_for(random.Random(1), "What?"))


def test_code_pairs_hold_python_that_differs_when_wrong() -> None:
    for seed in range(100):
        pair = write_pair(random.Random(seed), code=True, question=False, with_input=False)
        compile(pair.right, "pair", "exec")
        assert pair.right != pair.wrong


def test_inputs_are_put_into_the_instruction_when_there_is_no_field_for_them() -> None:
    for seed in range(200):
        pair = write_pair(random.Random(seed), code=False, question=False, with_input=False)
        assert pair.input == "" and pair.instruction and pair.right


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("box of tea", "boxes of tea"),
        ("battery", "batteries"),
        ("toy", "toys"),
        ("fish", "fish"),
        ("loaf of bread", "loaves of bread"),
        ("potato", "potatoes"),
    ],
)
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many


def test_articles() -> None:
    assert (article("apple"), article("pear")) == ("an apple", "a pear")
