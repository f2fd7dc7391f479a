from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.parse import ParsedReply, parse_cut, parse_reply, response_format

SPECS = (
    FieldSpec("question"),
    FieldSpec("answer", "number"),
    FieldSpec("label", "label", values=("x", "y")),
)
ONE = {"question": "How many?", "answer": 3, "label": "x"}
TWO = {"question": "How few?", "answer": 4, "label": "y"}


def parse(text: str, wanted: int = 1, finish_reason: str = "stop") -> ParsedReply:
    return parse_reply(text, finish_reason, SPECS, wanted)


def wrapped(*records: Any) -> str:
    return json.dumps({"records": list(records)})


@pytest.mark.parametrize(
    "text",
    [
        wrapped(ONE),
        json.dumps([ONE]),
        json.dumps(ONE),
        json.dumps({"records": ONE}),
        json.dumps({"records": [ONE]}, indent=2),
        f"```json\n{wrapped(ONE)}\n```",
        f"```\n{json.dumps(ONE)}\n```",
        f"Sure, here it is:\n\n{wrapped(ONE)}\n\nLet me know [if] {{you}} need more!",
        f"Here [1] is one: {json.dumps([ONE])}",
        f"The form is {{...}}.\n```json\n{json.dumps(ONE)}\n```\nDone.",
        f"<think>maybe {wrapped(TWO)}</think>\n{wrapped(ONE)}",
        f"  \n{wrapped(ONE)}\n ",
    ],
)
def test_a_record_is_found_in_every_form_that_is_accepted(text: str) -> None:
    parsed = parse(text)
    assert (parsed.records, parsed.problems, parsed.repaired) == ((ONE,), (), False)


@pytest.mark.parametrize(
    "text",
    [
        "{'records': [{'question': 'How many?', 'answer': 3, 'label': 'x'}]}",
        wrapped(ONE).replace("3,", "3,,"),
        wrapped(ONE)[:-2] + ",]}",
        wrapped(ONE)[:-2],
        wrapped(ONE).replace('"label"', "label"),
        "```json\n" + wrapped(ONE)[:-1] + "\n```",
    ],
)
def test_what_is_nearly_json_is_repaired_and_marked(text: str) -> None:
    parsed = parse(text)
    assert (parsed.records, parsed.repaired) == ((ONE,), True)


def test_values_are_brought_into_their_types_and_other_keys_are_dropped() -> None:
    reply = wrapped({"label": "X", "note": "n", "answer": "1,200", "question": "How many?"})
    assert parse(reply).records == ({"question": "How many?", "answer": 1200, "label": "x"},)
    assert list(parse(reply).whole[0]) == ["question", "answer", "label"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"answer": None}, "answer: null"),
        ({"answer": ...}, "answer: missing"),
        ({"answer": "three"}, "answer: expected number, found text 'three'"),
        ({"question": " "}, "question: expected text, found an empty one"),
        ({"question": 3}, "question: expected text, found number"),
        ({"label": "z"}, "label: 'z' is not one of the label's values"),
    ],
)
def test_a_record_with_a_wrong_value_is_broken_and_said(change: dict[str, Any], problem: str) -> None:
    broken = {key: value for key, value in {**ONE, **change}.items() if value is not ...}
    parsed = parse(wrapped(broken))
    assert (parsed.records, parsed.problems) == ((None,), (problem,))


def test_other_records_of_the_reply_are_kept_in_their_places() -> None:
    parsed = parse(wrapped(ONE, {"question": "only"}, "text", TWO), wanted=4)
    assert parsed.records == (ONE, None, None, TWO)
    assert parsed.whole == [ONE, TWO]
    assert parsed.problems == ("record 2: answer: missing", "record 3: expected an object, found text")


def test_too_few_records_are_said_and_kept() -> None:
    parsed = parse(wrapped(ONE), wanted=3)
    assert (parsed.records, parsed.problems) == ((ONE,), ("1 of 3 records came",))


def test_whole_records_beyond_those_wanted_are_surplus() -> None:
    parsed = parse(wrapped(ONE, TWO, {"question": "broken"}))
    assert (parsed.records, parsed.surplus, parsed.problems) == ((ONE,), (TWO,), ())


def test_objects_one_a_line_are_records() -> None:
    assert parse(f"{json.dumps(ONE)}\n{json.dumps(TWO)}", wanted=2).records == (ONE, TWO)


def test_a_record_in_a_broken_list_keeps_its_place() -> None:
    reply = '{"records": [{"question": "a" "answer": , }, ' + json.dumps(TWO) + "]}"
    parsed = parse(reply, wanted=2)
    assert parsed.records[0] is None
    assert parsed.records[1:] in ((TWO,), ())


def test_a_record_that_breaks_off_is_lost_not_shortened() -> None:
    parsed = parse(wrapped(ONE, TWO)[:-25], wanted=2)
    assert (parsed.records, parsed.repaired) == ((ONE,), True)


def test_a_reply_that_was_cut_off_never_counts() -> None:
    parsed = parse(wrapped(ONE), finish_reason="length")
    assert (parsed.records, parsed.truncated, parsed.refused) == ((), True, False)
    assert parsed.problems == ("the reply was cut off at max_tokens",)


def test_a_content_filter_is_a_refusal() -> None:
    assert parse(wrapped(ONE), finish_reason="content_filter").refused


@pytest.mark.parametrize(
    "text", ["I'm sorry, but I can't help with that.", "I cannot write such records.", "As an AI, I must decline."]
)
def test_a_refusal_is_told_from_a_broken_reply(text: str) -> None:
    parsed = parse(text)
    assert (parsed.refused, parsed.records) == (True, ())
    assert parsed.problems == (f"the model declined: {text}",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "the reply is empty"), ("Hello!", "no records in the reply"), ("{}", "no records in the reply")],
)
def test_a_reply_without_records_is_said(text: str, problem: str) -> None:
    parsed = parse(text)
    assert (parsed.records, parsed.problems, parsed.refused) == ((), (problem,), False)


def test_a_record_that_apologises_is_no_refusal() -> None:
    assert not parse(wrapped({**ONE, "question": "I'm sorry, I can't come. How many?"})).refused


def test_what_json_or_utf8_cannot_hold_breaks_its_record_alone() -> None:
    reply = '{"records": [{"question": "a\\ud800", "answer": 1, "label": "x"}, ' + json.dumps(TWO) + "]}"
    assert parse(reply, wanted=2).records == (None, TWO)
    assert parse(wrapped(ONE).replace("3", "NaN")).records == (None,)
    raw = parse(json.dumps({**ONE, "question": "a\ud800b"}, ensure_ascii=False))
    assert (raw.records[0] or {})["question"] == "a?b"


def test_items_of_a_list_and_the_schema_of_a_json_field_are_checked() -> None:
    specs = (
        FieldSpec("tags", "list", item_type="text"),
        FieldSpec("meta", "json", schema={"type": "object", "required": ["k"]}),
    )
    good = {"tags": ["a"], "meta": {"k": 1}}
    assert parse_reply(wrapped(good), "stop", specs, 1).records == (good,)
    broken = [{**good, "tags": ["a", 1]}, {**good, "meta": {}}]
    assert parse_reply(wrapped(*broken), "stop", specs, 2).problems == (
        "record 1: tags: expected text, found number",
        "record 2: meta: 'k' is a required property",
    )


def test_white_space_around_a_text_is_none_of_it() -> None:
    specs = (FieldSpec("text"), FieldSpec("tags", type="list"), FieldSpec("program", code=True))
    for said, read in ((" My lamp flickers. ", "My lamp flickers."), ("\n \n  a\n    b\n", "  a\n    b")):
        reply = json.dumps({"records": [{"text": said, "tags": [said, "new "], "program": "\n  x = 1\n"}]})
        assert parse_reply(reply, "stop", specs).whole == [
            {"text": read, "tags": [read, "new"], "program": "\n  x = 1\n"}
        ]


def test_fields_that_the_model_does_not_write_are_not_asked_back() -> None:
    specs = (FieldSpec("input", written=False), FieldSpec("output"))
    assert parse_reply(wrapped({"output": "x"}), "stop", specs, 1).records == ({"output": "x"},)
    assert "input" not in json.dumps(response_format(specs, 1))


def test_the_response_format_asks_for_exactly_so_many_records_in_order() -> None:
    specs = (*SPECS, FieldSpec("tags", "list", description="short", item_type="text"))
    form = response_format(specs, 2)
    assert form["type"] == "json_schema"
    assert (form["json_schema"]["name"], form["json_schema"]["strict"]) == ("records", True)
    schema = form["json_schema"]["schema"]
    records = schema["properties"]["records"]
    assert (records["minItems"], records["maxItems"]) == (2, 2)
    assert (schema["required"], schema["additionalProperties"]) == (["records"], False)
    item = records["items"]
    assert list(item["properties"]) == item["required"] == ["question", "answer", "label", "tags"]
    assert item["additionalProperties"] is False
    assert item["properties"] == {
        "question": {"type": "string"},
        "answer": {"type": "number"},
        "label": {"type": "string", "enum": ["x", "y"]},
        "tags": {"type": "array", "items": {"type": "string"}, "description": "short"},
    }
    Draft202012Validator.check_schema(schema)
    whole = [{**ONE, "tags": []}, {**TWO, "tags": ["a"]}]
    assert Draft202012Validator(schema).is_valid({"records": whole})
    assert not Draft202012Validator(schema).is_valid({"records": whole[:1]})


@pytest.mark.slow
@given(st.text() | st.text(alphabet='{}[]",:\\`x1 \n'), st.integers(1, 3), st.sampled_from(["stop", "length", "x"]))
def test_no_text_raises(text: str, wanted: int, finish_reason: str) -> None:
    parsed = parse(text, wanted, finish_reason)
    assert len(parsed.records) <= wanted
    json.dumps([parsed.records, parsed.surplus], ensure_ascii=False).encode("utf-8")


@given(st.integers(0, len(wrapped(ONE, TWO))), st.sampled_from(["", "}", '"', "\\", "]", "{", "\ud800", "```"]))
def test_no_damaged_reply_raises_or_gives_a_value_of_the_wrong_type(at: int, inserted: str) -> None:
    reply = wrapped(ONE, TWO)
    for text in (reply[:at] + inserted, reply[:at] + inserted + reply[at:], reply[at:]):
        for record in parse(text, 2).whole:
            assert isinstance(record["question"], str)
            assert isinstance(record["answer"], int | float)
            assert record["label"] in ("x", "y")


CONTROLS = "".join(map(chr, {*range(32), 127} - set(b"\t\n\r")))
"""What no text of a record holds."""
PROSE = st.text(alphabet=st.characters(exclude_characters="{}[]`<", exclude_categories=["Cs"]), max_size=40)


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS), min_size=1),
    st.integers(-(2**63), 2**63 - 1),
    PROSE,
    PROSE,
    st.booleans(),
)
@example(" ", 0, "", "", False)
def test_a_valid_record_survives_prose_and_fences(
    question: str, answer: int, before: str, after: str, fenced: bool
) -> None:
    record = {"question": f"Q {question}", "answer": answer, "label": "x"}
    inner = json.dumps({"records": [record]}, ensure_ascii=False)
    text = f"{before}\n```json\n{inner}\n```\n{after}" if fenced else f"{before}{inner}{after}"
    parsed = parse(text)
    record["question"] = f"Q {question}".rstrip()
    assert (parsed.records, parsed.repaired) == ((record,), False)


def test_a_number_is_looked_for_in_a_long_text_in_one_go() -> None:
    reply = json.dumps({"question": "Q", "answer": " " * 100_000 + "x", "label": "x"})
    assert parse(f'{{"records": [{reply}]}}').records == (None,)


@pytest.mark.parametrize("text", ["[" * 50_000 + "]", '{"a":' * 20_000 + "}", "{" * 100_000 + "}", "```" * 20_000])
def test_a_hostile_reply_costs_little(text: str) -> None:
    start = time.process_time()
    assert parse(text).records == ()
    assert time.process_time() - start < 2


def test_a_good_reply_takes_no_more_than_reading_its_json_fifty_times() -> None:
    reply = wrapped({**ONE, "question": "How many apples? " * 20})
    best, plain = (min(_seconds(read, reply) for _ in range(5)) for read in (parse, json.loads))
    assert best < 50 * plain


def _seconds(read: Callable[[str], object], reply: str) -> float:
    start = time.process_time()
    for _ in range(500):
        read(reply)
    return (time.process_time() - start) / 500


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ('{"records": [{"text": "one", "n": 1}, {"text": "two", "n": 2}, {"text": "thr', 2),
        ('```json\n{"records": [\n  {"text": "one", "n": 1},\n  {"text": "two"', 1),
        ('{"records": [{"text": "one", "n": 1}', 1),
        ('{"records": [{"text": "on', 0),
        ('{"records": [', 0),
        ('Here you are: {"records": [{"text": "one", "n": 1}', 0),
        ("", 0),
        ('{"records": [' + '{"text": [' * 9_000, 0),
    ],
)
def test_what_stands_whole_before_a_cut_is_kept_in_its_place(text: str, records: int) -> None:
    specs = [FieldSpec("text"), FieldSpec("n", "number")]
    parsed = parse_cut(text, specs, 3)
    wanted: tuple[dict[str, Any], ...] = ({"text": "one", "n": 1}, {"text": "two", "n": 2})
    assert parsed.records == wanted[:records]
    assert parsed.truncated and parsed.problems
