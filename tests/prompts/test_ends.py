"""Ends of replies that are made after what is shown, and values that are the question's own words."""

from __future__ import annotations

import json

import pytest

from datagen_cli.core.chat import End, Reply
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.prompts.compose import Composer
from datagen_cli.prompts.ends import end_after, end_of_rewrite
from datagen_cli.prompts.values import is_value
from datagen_cli.stages.enhance import Enhance, Operators
from datagen_cli.stages.generate import Unit
from datagen_cli.stages.validate import Validate
from datagen_cli.validators.reflect import Reflect, ReflectOptions
from tests.stages.test_end_of_replies import Model

SPECS = (FieldSpec("text"),)
RECORD = Record(0, 1, {"text": "My lamp flickers."})
ABOUT = About("Messages.", specs=SPECS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Say the text in other words and another sentence structure.", "echo: the prompt came back"),
        ("My lamp flickers.{", "nothing was changed"),
        ("my LAMP – flickers!", "nothing was changed"),
    ],
)
async def test_a_child_that_says_nothing_new_leaves_the_parent_in_its_place(text: str, why: str) -> None:
    child = Model(Reply(json.dumps({"records": [{"text": text}]})))
    operators = Operators(1, 1.0, ("paraphrase",), "text", "", ("text",))
    again = Validate((), None, Composer(description=ABOUT.description, specs=SPECS), "", None)
    made = await Enhance(operators, ABOUT, SPECS, again).run(RECORD, Slot(0, "x-000000"), Unit((), 1), child)
    assert made.fields == RECORD.fields
    assert why in made.lineage["why_not"]


def test_an_end_leaves_four_times_the_room_of_what_is_shown() -> None:
    assert end_after(10) == End(16 + 40)
    shown = {"text": "x" * 389}
    assert end_of_rewrite(shown) == End(16 + 4 * -(-len(json.dumps(shown)) // 4))


async def test_a_child_of_a_record_and_a_rewrite_end_where_their_parent_says() -> None:
    child = Model(Reply('{"records": [{"text": "The lamp I have flickers."}]}'))
    operators = Operators(1, 1.0, ("paraphrase",), "text", "", ("text",))
    again = Validate((), None, Composer(description=ABOUT.description, specs=SPECS), "", None)
    await Enhance(operators, ABOUT, SPECS, again).run(RECORD, Slot(0, "x-000000"), Unit((), 1), child)
    assert child.asked == [(end_of_rewrite(RECORD.fields), 1)]
    rewrite = Model(Reply("A lamp of mine flickers."))
    await Reflect(ReflectOptions(), {"text": SPECS[0]}, ABOUT).rewrite(RECORD, Verdict("fail", "it is short"), rewrite)
    assert rewrite.asked == [(end_of_rewrite(RECORD.fields), 1)]


@pytest.mark.parametrize(
    "text",
    [
        "text",
        "text1",
        "text_2",
        "Short text",
        "answer 3",
        "name 1",
        "mood",
        "values",
        "value",
        "Value name",
        "towns_in_Europe",
        "towns in Europe",
        "place",
        '"values"',
        "string",
    ],
)
def test_the_words_of_the_form_and_of_the_question_are_no_values(text: str) -> None:
    assert not is_value(text.strip('"'), "place", "towns in Europe", ["text", "mood"])


@pytest.mark.parametrize(
    "text",
    [
        "Lyon",
        "Route 66",
        "Paris 2024",
        "name",
        "plain text",
        "Answer to everything",
        "Ghent",
        "market places",
        "core values",
        "a valued customer",
    ],
)
def test_other_words_are(text: str) -> None:
    assert is_value(text, "place", "towns in Europe")


@pytest.mark.parametrize("sign", ["1", "#-", "-_", " "])
def test_a_long_value_is_none_in_one_go(sign: str) -> None:
    assert not is_value(f"a{sign * 40_000}x", "place", "towns in Europe")
