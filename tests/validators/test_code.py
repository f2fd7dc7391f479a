"""The code check: votes of programs, what they lead to, and how few are asked for."""

from __future__ import annotations

import pytest

from datagen_cli.core.chat import Reply
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.validators.code import END, Code, CodeOptions, printed_value
from tests.validators.asked import Scripted

SPECS = {"question": FieldSpec("question"), "answer": FieldSpec("answer", "number")}
ABOUT = About("Word problems", tuple(SPECS.values()))


async def verdict(programs: list[str], answer: object = 42, solutions: int = 3) -> tuple[Verdict, Scripted]:
    check = Code(CodeOptions(question="question", answer="answer", solutions=solutions), SPECS, ABOUT)
    ctx = Scripted(lambda purpose, k, text: programs[k] if k < len(programs) else "no code")
    record = Record(0, 1, {"question": "What is six times seven?", "answer": answer})
    return await check.verify(record, Slot(0, "x"), ctx), ctx


def block(code: str) -> str:
    return f"Here it is:\n```python\n{code}\n```"


async def test_two_programs_that_agree_with_the_answer_are_enough_of_three() -> None:
    found, ctx = await verdict([block("print(6 * 7)"), block("print(42.0)"), block("print(0)")])
    assert found.outcome == "pass"
    assert ctx.asked == [("coder", "code", 0), ("coder", "code", 1)]


async def test_the_coder_sees_the_question_and_not_the_answer() -> None:
    seen = []
    check = Code(CodeOptions(question="question", answer="answer", solutions=1), SPECS, ABOUT)
    ctx = Scripted(lambda purpose, k, text: seen.append(text) or block("print(1)"))  # type: ignore[func-returns-value]
    await check.verify(Record(0, 1, {"question": "What is six times seven?", "answer": 987654}), Slot(0, "x"), ctx)
    assert "six times seven" in seen[0]
    assert "987654" not in seen[0]


async def test_a_majority_against_the_answer_is_a_fail_with_the_fix_in_the_answers_form() -> None:
    found, _ = await verdict([block("print(42)"), block("print(7)"), block("print(42)")], answer="43 apples")
    assert found.outcome == "fail"
    assert found.fix == {"answer": "42 apples"}
    assert "programs compute 42, the record says 43 apples" in found.detail


async def test_a_majority_for_unsolvable_is_a_fail_without_a_fix() -> None:
    found, _ = await verdict([block("print('UNSOLVABLE')")] * 2)
    assert (found.outcome, found.fix) == ("fail", None)


@pytest.mark.parametrize(
    "programs",
    [
        [block("print(1)"), block("print(2)"), block("print(3)")],
        ["I cannot write code.", "no", "sorry"],
        [block("1/0"), block("while True: pass"), block("print('many')")],
        [block("print(42)"), block("print(")],
    ],
)
async def test_no_majority_is_unknown(programs: list[str]) -> None:
    found, _ = await verdict(programs)
    assert found.outcome == "unknown"
    assert found.fix is None


async def test_a_reply_without_a_usable_program_is_asked_for_once_more() -> None:
    programs = [
        block("print(42)"),
        "cut off ```python\nprint(",
        block("print(1)"),
        block("print(9)"),
        block("print(42)"),
    ]
    found, ctx = await verdict(programs)
    assert found.outcome == "pass"
    assert [k for _, _, k in ctx.asked] == [0, 1, 4]


def test_a_result_is_the_number_on_the_last_line() -> None:
    assert printed_value("working...\n42\n") == "42"
    assert printed_value("unsolvable.") == "UNSOLVABLE"
    assert printed_value("") is None
    assert printed_value("many apples") is None


@pytest.mark.parametrize(
    ("reply", "asked", "outcome"),
    [
        (block("print(42)") + "\nThis program multiplies the two numbers and then it", 1, "pass"),
        ("```python\nprint(6 * 7)\nprint(41", 4, "unknown"),  # the block was open at the cut
        ("```\nprint(42)\n```\nThe output of which is not", 4, "unknown"),  # nothing says that it is the program
        (block("x = 42"), 4, "unknown"),  # it prints nothing
        (block("print(7)") + "\nWait, that is wrong:\n" + block("print(42)") + "\nand", 1, "pass"),
    ],
)
async def test_of_a_reply_that_was_cut_off_a_program_that_was_closed_counts(
    reply: str, asked: int, outcome: str
) -> None:
    check = Code(CodeOptions(question="question", answer="answer", solutions=1), SPECS, ABOUT)
    ctx = Scripted(lambda purpose, k, text: Reply(reply, "length"))
    record = Record(0, 1, {"question": "What is six times seven?", "answer": 42})
    found = await check.verify(record, Slot(0, "x"), ctx)
    assert (len(ctx.asked), found.outcome) == (asked, outcome)


async def test_a_model_that_runs_here_is_stopped_after_the_block_of_its_program() -> None:
    assert END.mark is not None and END.tokens is not None
    whole = "```python\nprint(42)\n```\nThis prints 42.\n```python\nprint(7)\n```\n"
    ctx = Scripted(lambda purpose, k, text: whole.split(END.mark)[0] if k == 0 else "no")
    check = Code(CodeOptions(question="question", answer="answer", solutions=1), SPECS, ABOUT)
    found = await check.verify(Record(0, 1, {"question": "Six times seven?", "answer": 42}), Slot(0, "x"), ctx)
    assert (len(ctx.asked), found.outcome, ctx.ends) == (1, "pass", [END])


async def test_a_model_that_runs_on_to_where_any_program_has_ended_is_asked_anew_and_not_for_more() -> None:
    ctx = Scripted(lambda purpose, k, text: Reply("```python\nprint(1", "length", end=END))
    check = Code(CodeOptions(question="question", answer="answer", solutions=1), SPECS, ABOUT)
    found = await check.verify(Record(0, 1, {"question": "Six times seven?", "answer": 42}), Slot(0, "x"), ctx)
    assert ([k for _, _, k in ctx.asked], found.outcome) == ([0, 1], "unknown")


async def test_a_reply_that_only_repeats_itself_is_asked_anew_and_not_for_more() -> None:
    ctx = Scripted(lambda purpose, k, text: Reply("```python\n" + "x = x + 1\n" * 200, "length"))
    check = Code(CodeOptions(question="question", answer="answer", solutions=1), SPECS, ABOUT)
    found = await check.verify(Record(0, 1, {"question": "Six times seven?", "answer": 42}), Slot(0, "x"), ctx)
    assert ([k for _, _, k in ctx.asked], found.outcome) == ([0, 1], "unknown")
