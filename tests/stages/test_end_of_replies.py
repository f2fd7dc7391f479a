"""Where a fitting answer has ended, and what becomes of a reply that was stopped there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from datagen_cli.constraints.length import Length, LengthOptions
from datagen_cli.core.chat import NO_END, End, Reply
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Slot
from datagen_cli.pipeline.context import UnitContext
from datagen_cli.prompts.compose import Composer
from datagen_cli.stages.generate import Allowed, Generate, Unit

TEXT = (FieldSpec("text"),)
UNIT = Unit((Slot(0, "x-000000"),), 1, ("row",))


class Model(UnitContext):
    """Replies in turn; remembers the ends and the limits that it was asked with."""

    def __init__(self, *replies: Reply) -> None:
        super().__init__(self, no_blocking, 0, 1, set())  # type: ignore[arg-type]
        self.replies = list(replies)
        self.asked: list[tuple[End | None, int]] = []

    async def ask(self, role: Any, prompt: Any = None, **more: Any) -> Reply:
        self.asked.append((more.get("end"), more.get("more_tokens", 1)))
        return self.replies.pop(0)


async def no_blocking(function: Any, *args: Any) -> Any:
    """Nothing blocks here."""
    return function(*args)


def stage(row: str = "A short row.", specs: tuple[FieldSpec, ...] = TEXT, **bounds: int) -> Generate:
    """Generation of texts within bounds, with one row shown."""
    length = Length(
        LengthOptions.model_validate({"field": "text", **(bounds or {"max_words": 10})}),
        {spec.name: spec for spec in specs},
    )
    allowed = Allowed({}, length.most_tokens() if bounds else {}, length.outgrown)
    rows: dict[str, Mapping[str, Any]] = {"row": {"text": row, "answer": 1}}
    return Generate(Composer(description="Texts.", specs=specs), specs, rows, "", allowed)


def capped(text: str, finish: str = "length") -> Reply:
    return Reply(text, finish, end=End(100, "\n\n"))


async def test_a_text_within_bounds_ends_after_some_tokens_and_at_a_blank_line() -> None:
    model = Model(Reply("Fine."))
    await stage(max_words=10).run(UNIT, model)
    assert model.asked == [(End(16 + 16 + 48 + 20, "\n\n"), 1)]


async def test_without_bounds_the_rows_that_are_shown_say_how_long_answers_are() -> None:
    model = Model(Reply("Fine."), Reply("Fine."))
    await stage().run(UNIT, model)
    await stage("Dear all,\n\nit works.").run(UNIT, model)
    assert [end for end, _ in model.asked] == [End(16 + 4 * 3, "\n\n"), End(16 + 4 * 5)]


async def test_a_record_of_several_fields_ends_where_all_of_them_have() -> None:
    model = Model(Reply('{"text": "a", "answer": 2}'))
    await stage(specs=(*TEXT, FieldSpec("answer", "number")), max_characters=100).run(UNIT, model)
    assert model.asked[0] == (End(16 + 16 + 48 + 50 + 16 + 24), 1)


async def test_a_list_ends_after_twice_the_entries_of_the_longest_that_is_shown() -> None:
    specs = (*TEXT, FieldSpec("answers", "list"))
    shown: dict[str, Mapping[str, Any]] = {
        "row": {"text": "a", "answers": list("abcde")},
        "two": {"text": "b", "answers": ["a"]},
    }
    for examples, items in ((("row", "two"), {"answers": 10}), (("two",), {"answers": 8}), ((), {})):
        model = Model(Reply('{"text": "a", "answers": ["b"]}'))
        await Generate(Composer(description="Texts.", specs=specs), specs, shown).run(
            replace(UNIT, examples=examples), model
        )
        assert model.asked[0][0] is not None and model.asked[0][0].items == items


async def test_the_texts_of_a_list_end_after_four_times_the_longest_that_is_shown() -> None:
    specs = (*TEXT, FieldSpec("answers", "list"))
    for answers, characters in ((["a" * 50, "b"], {"answers": 200}), (["yes"], {"answers": 80}), ([1, 2], {})):
        model = Model(Reply('{"text": "a", "answers": ["b"]}'))
        rows: dict[str, Mapping[str, Any]] = {"row": {"text": "a", "answers": answers}}
        await Generate(Composer(description="Texts.", specs=specs), specs, rows).run(UNIT, model)
        assert model.asked[0][0] is not None and model.asked[0][0].characters == characters


async def test_nothing_is_known_of_the_end_without_bounds_and_rows() -> None:
    model = Model(Reply("Fine."))
    await stage().run(replace(UNIT, examples=()), model)
    assert model.asked == [(NO_END, 1)]


async def test_a_reply_that_was_stopped_because_it_is_too_long_is_a_record_that_is_too_long() -> None:
    model = Model(capped("one two three four five six seven eight nine ten eleven twelve"))
    (record,) = await stage(max_words=10).run(UNIT, model)
    assert len(model.asked) == 1
    assert record.rejection is None and record.fields["text"].endswith("twelve")


@pytest.mark.parametrize("form", ['{{"records": [{}', "[{}", "{}", 'Sure!\n```json\n{{"records": [{}'])
@pytest.mark.parametrize("tail", ["", "\\", "\\u00", "\\\\", '\\"', "\n", "}]"])
async def test_a_record_in_json_that_was_stopped_because_it_is_too_long_is_a_record_that_is_too_long(
    form: str, tail: str
) -> None:
    """It was asked for again with four times the tokens: minutes of a small model for a record that cannot be kept."""
    begun = '{"answer": 2, "text": "one two three four \\"five\\" six seven eight nine ten eleven twelve' + tail
    model = Model(capped(form.format(begun)))
    (record,) = await stage(specs=(FieldSpec("answer", "number"), *TEXT), max_words=10).run(UNIT, model)
    assert len(model.asked) == 1
    assert record.rejection is None and record.fields["answer"] == 2
    assert record.fields["text"].startswith('one two three four "five" six') and "twelve" in record.fields["text"]


async def test_a_record_in_json_that_was_stopped_within_bounds_or_before_its_last_field_is_asked_for_again() -> None:
    whole = Reply('{"text": "Fine.", "answer": 2}')
    for specs, cut in (
        ((FieldSpec("answer", "number"), *TEXT), '{"answer": 2, "text": "0x0000000000000000000'),
        ((FieldSpec("answer", "number"), *TEXT), '{"answer": 2, "text": '),
        ((*TEXT, FieldSpec("answer", "number")), '{"text": "' + "word " * 12),
    ):
        model = Model(capped(cut), whole)
        (record,) = await stage(specs=specs, max_words=10).run(UNIT, model)
        assert record.fields == {"text": "Fine.", "answer": 2}
        assert model.asked[1] == (model.asked[0][0], 4)


async def test_a_reply_that_was_stopped_for_its_tokens_alone_is_asked_for_with_four_times_as_many() -> None:
    model = Model(capped("0x0000000000000000000000"), Reply("Fine."))
    (record,) = await stage(max_words=10).run(UNIT, model)
    assert record.fields == {"text": "Fine."}
    assert model.asked[1] == (model.asked[0][0], 4)


async def test_a_reply_that_the_models_own_limit_cut_is_asked_for_with_twice_the_tokens() -> None:
    model = Model(Reply("one two", "length"), Reply("Fine."))
    (record,) = await stage(max_words=10).run(UNIT, model)
    assert record.fields == {"text": "Fine."}
    assert model.asked[1][1] == 2


async def test_a_reply_that_was_stopped_at_its_opening_is_asked_for_whole() -> None:
    model = Model(capped("Here is a new text:", "stop"), Reply("Here is a new text:\n\nFine."))
    (record,) = await stage(max_words=10).run(UNIT, model)
    assert record.fields == {"text": "Fine."}
    assert model.asked[1][0] == End(100)


async def test_an_opening_of_a_model_that_is_never_stopped_is_not_asked_for_again() -> None:
    model = Model(Reply("Here is a new text:"))
    await stage(max_words=10).run(UNIT, model)
    assert len(model.asked) == 1


async def test_of_several_records_those_before_the_cut_are_kept_whatever_their_slots_want() -> None:
    unit = Unit(tuple(Slot(n, f"x-{n:06d}", None, {"tone": str(n)}) for n in range(3)), 1, ("row",))
    cut = Reply('{"records": [{"text": "One."}, {"text": "Two."}, {"text": "Thr', "length")
    model = Model(cut, cut)
    records = await stage().run(unit, model)
    assert [record.fields for record in records] == [{"text": "One."}, {"text": "Two."}, {}]
    assert [record.rejection and record.rejection.reason for record in records] == [None, None, "truncated"]
    assert len(model.asked) == 2


async def test_several_records_that_outgrew_what_fits_are_not_asked_for_again_where_some_are_whole() -> None:
    unit = Unit(tuple(Slot(n, f"x-{n:06d}") for n in range(2)), 1, ("row",))
    model = Model(capped('{"records": [{"text": "One."}, {"text": "Two two'))
    records = await stage(max_words=10).run(unit, model)
    assert [record.fields for record in records] == [{"text": "One."}, {}]
    model = Model(capped('{"records": [{"text": "One one'), Reply('{"records": [{"text": "1"}, {"text": "2"}]}'))
    records = await stage(max_words=10).run(unit, model)
    assert [record.fields for record in records] == [{"text": "1"}, {"text": "2"}]


async def test_a_reply_of_one_record_that_was_cut_off_twice_is_none() -> None:
    model = Model(*[Reply('{"records": [{"text": "One.", "answer": 2}', "length")] * 2)
    (record,) = await stage(specs=(*TEXT, FieldSpec("answer", "number"))).run(UNIT, model)
    assert record.rejection is not None and record.rejection.reason == "truncated"


async def test_a_reply_that_only_repeated_itself_when_it_was_cut_off_is_not_asked_for_at_greater_length() -> None:
    loop = "I am proud of them. " * 60
    for reply in (Reply(loop, "length"), capped(loop)):
        model = Model(reply)
        (record,) = await stage(max_words=10).run(UNIT, model)
        assert len(model.asked) == 1
        assert record.rejection is not None and record.rejection.reason == "malformed"
        assert record.rejection.detail.startswith(
            "the reply only repeats itself from some place on; the reply: I am pr"
        )


async def test_of_several_records_those_before_one_that_repeats_itself_are_kept() -> None:
    unit = Unit(tuple(Slot(n, f"x-{n:06d}", None, {"tone": str(n)}) for n in range(2)), 1, ("row",))
    model = Model(Reply('{"records": [{"text": "One."}, {"text": "' + "Two two " * 200, "length"))
    records = await stage().run(unit, model)
    assert [record.fields for record in records] == [{"text": "One."}, {}]
    assert len(model.asked) == 1
