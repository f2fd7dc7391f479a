"""Records asked for in parts of free text: read as models write them, code as it stands in its block."""

from __future__ import annotations

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.sections import as_sections, parse_sections, sections_form

TASK, CODE = FieldSpec("task"), FieldSpec("solution", code=True)
STEPS, NUMBER = FieldSpec("steps"), FieldSpec("final_answer", "number")
PROGRAM = 'def f(x):\n    """Says: no.\n\n    task: none\n    """\n    return x + 1'


def test_what_is_shown_is_what_is_read() -> None:
    for specs, record in (
        ((CODE,), {"solution": PROGRAM}),
        ((TASK, CODE), {"task": "Add one.", "solution": PROGRAM}),
        ((STEPS, NUMBER), {"steps": "1 + 1 = 2\nso 2", "final_answer": 2}),
    ):
        assert parse_sections(as_sections(record, specs), "stop", specs).records == (record,)
    assert sections_form((CODE,)) == "Answer with the program alone, in one ```python block."


@pytest.mark.parametrize(
    "reply",
    [
        f"```python\n{PROGRAM}\n```",
        f"Sure! Here it is:\n\n```py\n{PROGRAM}\n```\n\nIt prints:\n```\n3\n```\nHope this helps!",
        f"<think>```python\nwrong\n```</think>\n```python\n{PROGRAM}\n```",
        f"solution:\n```\n{PROGRAM}\n```",
        f"**solution:**\n```python\n{PROGRAM}\n```",
        PROGRAM,
        f"```python\n{PROGRAM}",
    ],
)
def test_a_program_is_found_in_what_models_write_around_it(reply: str) -> None:
    assert parse_sections(reply, "stop", [CODE]).records == ({"solution": PROGRAM},)


@pytest.mark.parametrize(
    "reply",
    [
        "steps: 3 * 4 = 12\nfinal_answer: 12",
        "**Steps:** 3 * 4 = 12\n\n**Final answer:** 12",
        "## steps:\n3 * 4 = 12\n## final answer: 12",
        "3 * 4 = 12\nFinal answer: 12",
        'Here: {"records": [{"steps": "3 * 4 = 12", "final_answer": 12}]}',
        "1. steps: 3 * 4 = 12\n2. final_answer: 12\n",
    ],
)
def test_parts_are_read_as_models_name_them(reply: str) -> None:
    assert parse_sections(reply, "stop", [STEPS, NUMBER]).records == ({"steps": "3 * 4 = 12", "final_answer": 12},)


@pytest.mark.parametrize(
    ("reply", "reason", "refused"),
    [
        ("", "the reply is empty", False),
        ("I cannot write these records. Please ask for something else.", "solution: null", True),
        ("There is no program here.", "solution: null", False),
    ],
)
def test_what_holds_no_program_is_no_record(reply: str, reason: str, refused: bool) -> None:
    parsed = parse_sections(reply, "stop", [CODE])
    assert not parsed.whole
    assert (parsed.problems[0], parsed.refused) == (reason, refused)
    assert parse_sections(f"```python\n{PROGRAM}\n```", "length", [CODE]).truncated


def test_the_last_field_is_what_stands_after_its_last_name() -> None:
    text = "steps: the final answer: is near\nfinal_answer: 3\nno, final\nfinal_answer: 4"
    assert parse_sections(text, "stop", [STEPS, NUMBER]).records[0]["final_answer"] == 4  # type: ignore[index]


@pytest.mark.parametrize(
    ("reply", "records"),
    [
        (f"Add one.\n```python\n{PROGRAM}\n```", ({"task": "Add one.", "solution": PROGRAM},)),
        (f"```python\n{PROGRAM}\n```\nAdd one.", ({"task": "Add one.", "solution": PROGRAM},)),
        ("Add one.", (None,)),
        ("```x\n```x\n", (None,)),
    ],
)
def test_a_reply_without_names_of_parts_is_read_or_refused(reply: str, records: tuple[object, ...]) -> None:
    assert parse_sections(reply, "stop", [TASK, CODE]).records == records
