"""Validation: what a failure leads to, that nothing is kept unchecked, and that labels stay where they were planned."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.prompts.compose import Composer
from datagen_cli.runs.lines import from_line, to_line
from datagen_cli.stages.generate import Generate, Unit
from datagen_cli.stages.validate import BoundCheck, Validate
from tests.validators.asked import Scripted

SPECS = (FieldSpec("text"), FieldSpec("kind", "label", values=("a", "b")))
SLOT = Slot(0, "x-000000", "a")


@dataclass
class Rule:
    """A constraint made of a function: None is a pass, a text the failure."""

    judge: Callable[[Mapping[str, Any]], str | None]

    def describe(self) -> str:
        return "text: as it should be"

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        found = self.judge(fields)
        return Verdict("pass") if found is None else Verdict("fail", found)


@dataclass
class Mender:
    """A validator that fails until the text ends with `!` and offers to put it there; counts how often it is asked."""

    asked: int = 0
    fix: bool = True
    outcome: str = "fail"
    shows: bool = False

    async def verify(self, record: Record, slot: Slot, ctx: Any) -> Verdict:
        self.asked += 1
        if str(record.fields["text"]).endswith("!"):
            return Verdict("pass", "", None, {"ends": "!"} if self.shows else None)
        fix = {"text": f"{record.fields['text']}!"} if self.fix else None
        found = {"ends": record.fields["text"][-1]} if self.shows else None
        return Verdict(self.outcome, "needs a mark", fix, found)  # type: ignore[arg-type]


def short(fields: Mapping[str, Any]) -> str | None:
    return None if len(fields["text"]) <= 12 else "text: too long"


def pure(name: str, judge: Callable[[Mapping[str, Any]], str | None], on_fail: str = "fix") -> BoundCheck:
    return BoundCheck(name, on_fail, "keep", constraint=Rule(judge))  # type: ignore[arg-type]


def asking(name: str, validator: Any, on_fail: str = "drop", on_unknown: str = "keep", **more: Any) -> BoundCheck:
    return BoundCheck(name, on_fail, on_unknown, validator=validator, **more)  # type: ignore[arg-type]


async def run(
    checks: list[BoundCheck], text: str, *replies: dict[str, Any], kind: str = "a"
) -> tuple[Record, Scripted]:
    composer = Composer(description="d", specs=SPECS, label_field="kind")
    generate = Generate(composer, SPECS, {}, "kind")
    said = iter(replies)
    ctx = Scripted(lambda purpose, k, prompt: json.dumps({"records": [next(said)]}))
    validate = Validate(checks, generate, composer, "kind")
    record = Record(0, 1, {"text": text, "kind": kind})
    return await validate.run(record, SLOT, Unit((SLOT,), 1), ctx), ctx


async def test_a_record_that_passes_is_left_alone() -> None:
    record, ctx = await run([pure("short", short)], "fine")
    assert record.rejection is None
    assert (record.verdicts, record.first_verdicts, record.changes) == ({"short": "pass"}, {}, ())
    assert ctx.asked == []


async def test_a_failure_is_quoted_in_one_re_ask_and_the_new_record_checked() -> None:
    record, ctx = await run([pure("short", short)], "much too long a text", {"text": "short", "kind": "a"})
    assert record.rejection is None
    assert record.fields["text"] == "short"
    assert (record.verdicts, record.first_verdicts) == ({"short": "pass"}, {"short": "fail"})
    assert record.changes == ({"by": "short", "before": {"text": "much too long a text"}},)
    assert ctx.asked == [("generator", "repair", 0)]


async def test_what_still_fails_after_the_re_ask_is_dropped() -> None:
    record, ctx = await run([pure("short", short)], "much too long a text", {"text": "still far too long", "kind": "a"})
    assert record.rejection is not None
    assert (record.rejection.stage, record.rejection.reason) == ("validate", "short")
    assert len(ctx.asked) == 1


async def test_drop_asks_nobody_and_keep_keeps_the_verdict() -> None:
    record, ctx = await run([pure("short", short, "drop")], "much too long a text")
    assert record.rejection is not None
    assert ctx.asked == []
    record, _ = await run([pure("short", short, "keep")], "much too long a text")
    assert record.rejection is None
    assert record.verdicts == {"short": "fail"}


async def test_a_planned_label_does_not_move_neither_at_first_nor_by_a_re_ask() -> None:
    record, _ = await run([], "fine", kind="b")
    assert record.rejection is not None
    assert record.rejection.reason == "label"
    record, _ = await run([pure("short", short)], "much too long a text", {"text": "short", "kind": "b"})
    assert record.rejection is None
    assert record.fields == {"text": "short", "kind": "a"}


async def test_a_text_or_a_change_that_gives_the_prompt_back_is_turned_away() -> None:
    back = "Answer with one JSON object and nothing else."
    record, _ = await run([], back)
    assert record.rejection is not None
    assert record.rejection.reason == "echo"
    assert record.rejection.detail == 'the prompt came back: text: "answer with one json object"'
    check = pure("odd", lambda fields: None if fields["text"] == back else "no")
    record, _ = await run([check], "fine", {"text": back, "kind": "a"})
    assert record.rejection is not None
    assert record.rejection.reason == "odd"
    assert "no; the fix gives the prompt back" in record.rejection.detail
    assert record.fields["text"] == "fine"


@pytest.mark.parametrize("back", ["text: at most 4 words; it has 9", "Sure: at most 4 words; it has 9!"])
async def test_a_re_ask_that_gives_back_what_failed_is_no_record(back: str) -> None:
    """SmolLM2 wrote `text: at most 25 words; it has 129`, which is short enough."""
    long = "one two three four five six seven eight nine"
    check = pure("short", lambda fields: "text: at most 4 words; it has 9" if fields["text"] == long else None)
    record, _ = await run([check], long, {"text": back, "kind": "a"})
    assert record.rejection is not None and "the fix gives the prompt back" in record.rejection.detail
    record, _ = await run([check], long, {"text": "it has at most nine", "kind": "a"})
    assert record.rejection is None


async def test_nothing_is_paid_for_a_record_whose_constraints_fail() -> None:
    mender = Mender()
    record, _ = await run([asking("mark", mender), pure("short", short, "drop")], "much too long a text")
    assert record.rejection is not None
    assert mender.asked == 0


async def test_a_check_that_knows_the_fix_mends_the_record_and_all_checks_run_again() -> None:
    mender = Mender()
    record, ctx = await run([pure("short", short), asking("mark", mender, "fix")], "fine")
    assert record.rejection is None
    assert record.fields["text"] == "fine!"
    assert record.verdicts == {"short": "pass", "mark": "pass"}
    assert record.first_verdicts == {"mark": "fail"}
    assert record.changes[0]["by"] == "mark"
    assert mender.asked == 2
    assert ctx.asked == []


async def test_a_fix_that_breaks_another_check_does_not_get_through() -> None:
    record, _ = await run([pure("short", short, "drop"), asking("mark", Mender(), "fix")], "twelve signs")
    assert record.rejection is not None
    assert record.rejection.reason == "short"


async def test_with_drop_the_fix_of_a_check_is_not_used_unless_it_rewrites_by_nature() -> None:
    record, _ = await run([asking("mark", Mender())], "fine")
    assert record.rejection is not None
    record, _ = await run([asking("mark", Mender(), rewrites=True)], "fine")
    assert record.rejection is None
    assert record.fields["text"] == "fine!"


async def test_a_rewriter_gives_up_after_its_rounds() -> None:
    class Never(Mender):
        async def verify(self, record: Record, slot: Slot, ctx: Any) -> Verdict:
            self.asked += 1
            return Verdict("fail", "never good", {"text": f"{record.fields['text']}."})

    never = Never()
    record, _ = await run([asking("mark", never, rewrites=True, mends=2)], "fine")
    assert record.rejection is not None
    assert never.asked == 3


async def test_unknown_is_kept_or_dropped_as_the_recipe_says_and_never_re_asked() -> None:
    record, _ = await run([asking("mark", Mender(outcome="unknown", fix=False))], "fine")
    assert record.rejection is None
    assert record.verdicts == {"mark": "unknown"}
    record, ctx = await run([asking("mark", Mender(outcome="unknown", fix=False), "fix", "drop")], "fine")
    assert record.rejection is not None
    assert ctx.asked == []


async def test_what_a_verdict_rests_on_stays_with_the_record_and_with_each_change() -> None:
    record, _ = await run([asking("mark", Mender(shows=True), on_fail="fix")], "fine")
    assert record.evidence == {"mark": {"ends": "!"}}
    assert record.changes == ({"by": "mark", "before": {"text": "fine"}, "evidence": {"ends": "e"}},)
    dropped, _ = await run([asking("mark", Mender(shows=True))], "fine")
    assert dropped.rejection is not None and dropped.evidence == {"mark": {"ends": "e"}}
    assert from_line(json.loads(json.dumps(to_line(dropped)))).evidence == dropped.evidence
