"""Reflection and `ask`: verdicts of a reviewer, rewrites in the fields' types, and replies that are no verdict."""

from __future__ import annotations

import json

import pytest

from datagen_cli.core.chat import Reply
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.validators.ask import Ask, AskOptions
from datagen_cli.validators.reflect import Reflect, ReflectOptions
from tests.prompts.sentence import Sentence
from tests.validators.asked import Scripted

SPECS = {"text": FieldSpec("text"), "stars": FieldSpec("stars", "number")}
ABOUT = About("Reviews of shops", tuple(SPECS.values()), {"5": "very good"}, (Sentence("text: at least 5 words"),))
RECORD = Record(0, 1, {"text": "A fine shop", "stars": 5, "scratch": "x"})


async def review(*replies: str) -> tuple[Verdict, Scripted]:
    said = iter(replies)
    ctx = Scripted(lambda purpose, k, text: next(said))
    return await Reflect(ReflectOptions(), SPECS, ABOUT).verify(RECORD, Slot(0, "x"), ctx), ctx


async def test_good_is_a_pass() -> None:
    found, ctx = await review('Sure: {"verdict": "Good", "reasons": [], "rewrite": null}')
    assert found.outcome == "pass"
    assert ctx.asked == [("reviewer", "review", 0)]


@pytest.mark.parametrize(
    ("cut", "reasons", "asked"),
    [
        (
            '{"verdict": "bad", "reasons": ["It is \\"off\\".", "\\\\q \\ud83d", "a \\q b", "The stars',
            ['It is "off".', "\\q ?"],
            1,
        ),
        ('```json\n{"verdict":"Bad"', [], 1),
        ('{"verdict": "bad", "reason": "It goes on and on', [], 1),
        ('{"verdict": "ba', ["so"], 2),
        ("The verdict is bad because the", ["so"], 2),
        ('<think>{"verdict": "good", "reasons": ["a", "b"', ["so"], 2),
    ],
)
async def test_a_verdict_before_the_cut_counts(cut: str, reasons: list[str], asked: int) -> None:
    again = '{"verdict": "bad", "reasons": ["so"]}'
    ctx = Scripted(lambda purpose, k, text: again if k else Reply(cut, "length"))
    found = await Reflect(ReflectOptions(), SPECS, ABOUT).verify(RECORD, Slot(0, "x"), ctx)
    assert (found.outcome, found.evidence) == ("fail", {"reasons": reasons})
    assert len(ctx.asked) == asked


async def test_bad_is_a_fail_whose_fix_is_the_rewrite_in_the_fields_types() -> None:
    reply = {"verdict": "bad", "reasons": ["too short"], "rewrite": {"text": "A fine shop by the sea", "stars": "4"}}
    found, _ = await review(json.dumps(reply))
    assert (found.outcome, found.fix) == ("fail", {"text": "A fine shop by the sea", "stars": 4})
    assert "too short" in found.detail


@pytest.mark.parametrize("rewrite", [None, {"stars": "many"}, {"text": "A fine shop", "stars": 5}, "text"])
async def test_a_rewrite_that_is_not_whole_or_changes_nothing_is_no_fix(rewrite: object) -> None:
    found, _ = await review(json.dumps({"verdict": "bad", "reasons": ["x"], "rewrite": rewrite}))
    assert (found.outcome, found.fix) == ("fail", {})


async def test_a_rewrite_is_asked_for_apart_where_none_came_along() -> None:
    found, _ = await review('{"verdict": "bad", "reasons": ["too short"]}')
    assert (found.outcome, found.fix) == ("fail", None)
    said: list[str] = []
    ctx = Scripted(lambda purpose, k, text: said.append(text) or '{"text": "A fine shop by the sea", "stars": 4}')  # type: ignore[func-returns-value]
    check = Reflect(ReflectOptions(), SPECS, ABOUT)
    assert await check.rewrite(RECORD, found, ctx) == {"text": "A fine shop by the sea", "stars": 4}
    assert ctx.asked == [("reviewer", "rewrite", 0)]
    assert "too short" in said[0]
    broken = Scripted(lambda purpose, k, text: "no idea")
    assert await check.rewrite(RECORD, found, broken) is None


async def test_the_second_question_is_in_other_words_and_its_verdict_may_be_a_plain_word() -> None:
    seen: list[str] = []
    ctx = Scripted(lambda purpose, k, text: seen.append(text) or ("Good." if k else "hm"))  # type: ignore[func-returns-value]
    found = await Reflect(ReflectOptions(), SPECS, ABOUT).verify(RECORD, Slot(0, "x"), ctx)
    assert found.outcome == "pass"
    assert seen[0] != seen[1]


async def test_a_reply_that_is_no_verdict_is_asked_for_once_more_and_then_unknown() -> None:
    found, ctx = await review("hm", '{"verdict": "good"}')
    assert (found.outcome, len(ctx.asked)) == ("pass", 2)
    found, ctx = await review("hm", '{"verdict": "perhaps"}')
    assert (found.outcome, len(ctx.asked)) == ("unknown", 2)


async def test_the_reviewer_sees_the_dataset_the_constraints_and_the_record_but_no_scratch() -> None:
    seen: list[str] = []
    ctx = Scripted(lambda purpose, k, text: seen.append(text) or '{"verdict": "good"}')  # type: ignore[func-returns-value]
    await Reflect(ReflectOptions(), SPECS, ABOUT).verify(RECORD, Slot(0, "x"), ctx)
    for part in ("Reviews of shops", "very good", "at least 5 words", "A fine shop"):
        assert part in seen[0]
    assert "Reflect" not in seen[0]


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [("yes", "pass"), ("no", "fail"), ("unclear", "unknown"), ("maybe", "unknown")],
)
async def test_a_statement_is_judged_by_the_reviewer(reply: str, outcome: str) -> None:
    check = Ask(AskOptions(text="It names a shop."), SPECS, ABOUT)
    assert check.describe() == "It names a shop."
    ctx = Scripted(lambda purpose, k, text: json.dumps({"verdict": reply, "reason": "because"}))
    found = await check.verify(RECORD, Slot(0, "x"), ctx)
    assert found.outcome == outcome
    assert found.detail.startswith("It names a shop: ")
    assert ctx.asked[0][:2] == ("reviewer", "ask")
