"""Replies as models really write them: reasoning first, drafts, the form given back, nearly JSON, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.checking import read_object, read_program
from datagen_cli.prompts.parse import ParsedReply, parse_reply
from datagen_cli.prompts.thinking import answer_of

SPECS = (FieldSpec("text", description="the customer's message"), FieldSpec("stars", "number"))
DRAFT = {"text": "a draft", "stars": 1}
FINAL = {"text": "the answer", "stars": 5}


def parse(text: str, wanted: int = 1, finish_reason: str = "stop") -> ParsedReply:
    return parse_reply(text, finish_reason, SPECS, wanted)


def wrapped(*records: Any) -> str:
    return json.dumps({"records": list(records)})


@pytest.mark.parametrize(
    "marks",
    [
        ("<think>", "</think>"),
        ("<THINK>", "</THINK>"),
        ("<thinking>", "</thinking>"),
        ("<reasoning>", "</reasoning>"),
        ("<seed:think>", "</seed:think>"),
        ('<think budget="9">', "</think >"),
        ("[THINK]", "[/THINK]"),
        ("◁think▷", "◁/think▷"),
        ("<|begin_of_thought|>", "<|end_of_thought|>"),
        ("\ufeff<think>", "</think>\ufeff"),
        ("", "</think>"),
        ("Let me see.", "</think>"),
        ("<think>a</think> or <think>", "</think>"),
        ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
        ("<|channel|>analysis<|message|>", "<|end|><|channel|>final <|constrain|>json<|message|>"),
    ],
)
@pytest.mark.parametrize("end", ["", "<|return|>", "<|im_end|>\nuser", "\n```"])
def test_what_a_model_thought_is_not_its_answer(marks: tuple[str, str], end: str) -> None:
    before = f"{marks[0]} maybe {wrapped(DRAFT)} {marks[1]}\n"
    answer = f"```json\n{wrapped(FINAL)}{end}" if end.endswith("```") else wrapped(FINAL) + end
    assert parse(before + answer).records == (FINAL,)
    verdict = read_object(f'{before}{{"verdict": "no", "reason": "x"}}{end}', "verdict")
    assert verdict == {"verdict": "no", "reason": "x"}
    program = "```python\nprint(2)\n```"
    assert read_program(f"{before.replace(wrapped(DRAFT), 'print(1)')}{program}") == "print(2)"


@pytest.mark.parametrize(
    "text", ["<think>never ends " + wrapped(DRAFT), "<|channel|>analysis<|message|>so " + wrapped(DRAFT)]
)
def test_a_reply_that_is_all_thought_has_no_record(text: str) -> None:
    assert parse(text).records == ()
    assert parse(text).problems == ("the reply is empty",)


@pytest.mark.parametrize("inside", ["close it with </think>", "<think>", "[THINK] is a mark", "see <|channel|>"])
def test_a_record_may_speak_of_the_marks(inside: str) -> None:
    record = {"text": inside, "stars": 2}
    assert parse(wrapped(record)).records == (record,)


def test_an_answer_before_an_unclosed_mark_is_read_and_wrappers_of_answers_go() -> None:
    assert parse(wrapped(FINAL) + "\n<think>now what").records == (FINAL,)
    assert answer_of("<answer>\nyes\n</answer>") == "yes"
    assert answer_of("a <b>bold</b> word") == "a <b>bold</b> word"


@pytest.mark.parametrize(
    "text",
    [
        f"Draft:\n{wrapped(DRAFT)}\nFinal:\n{wrapped(FINAL)}",
        f"```json\n{json.dumps(DRAFT)}\n```\nBetter:\n```json\n{json.dumps(FINAL)}\n```",
        f"{json.dumps(DRAFT)} {json.dumps(FINAL)}",
        f"{json.dumps(DRAFT)}\nHm. {wrapped(FINAL)}",
        f"{wrapped(DRAFT)} then { {'records': [FINAL]}!s}",
        f"{json.dumps(DRAFT)} then {FINAL!s}",
    ],
)
def test_of_two_versions_the_last_whole_one_counts(text: str) -> None:
    assert parse(text).records == (FINAL,)


def test_a_last_version_that_breaks_off_leaves_the_one_before_it() -> None:
    assert parse(f'{wrapped(FINAL)}\nOr: {{"records": [{{"text": "cut o').records == (FINAL,)


@pytest.mark.parametrize(
    "text",
    [
        '{"text": "my 27" monitor flickers", "stars": 1}',
        '{"records": [{"text": "my 27" monitor flickers", "stars": 1}]}',
        '[{"text": "a "quoted" word and " more", "stars": 1}]',
        '{"text": "it says [ok] and then stops here',
        '{"text": "smile :} and "more" than that" x, "stars": 1}',
    ],
)
def test_a_repair_that_would_lose_words_is_refused(text: str) -> None:
    assert parse(text).whole == []


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("{'text': 'don\\'t', 'stars': 3}", {"text": "don't", "stars": 3}),
        ('{"text": "line one\nline two", "stars": 3}', {"text": "line one\nline two", "stars": 3}),
        ('{"text": "a", "stars": 3,}', {"text": "a", "stars": 3}),
        ('{text: "a", stars: 3}', {"text": "a", "stars": 3}),
        ('{"text": "a", // short\n "stars": 3,}', {"text": "a", "stars": 3}),
        ('{"text": "a", "stars": 3,} I hope {you} like [it].', {"text": "a", "stars": 3}),
        ('{"text": "a", "stars": 3.50, "ok": True, "x": None}', {"text": "a", "stars": 3.5}),
    ],
)
def test_a_repair_that_keeps_every_word_is_taken(text: str, record: dict[str, Any]) -> None:
    parsed = parse(text)
    assert (parsed.records, parsed.repaired) == ((record,), True)


@pytest.mark.parametrize("text", ["...", "…", "<text>", "The customer's message.", "the  customer's message", "<...>"])
def test_the_form_given_back_is_no_record(text: str) -> None:
    parsed = parse(wrapped({"text": text, "stars": 0}))
    assert parsed.records == (None,)
    assert "the form came back" in parsed.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that request.",
        "I cannot create such content.",
        "I am unable to generate this text as it could be harmful.",
        "As an AI language model, I do not have feelings.",
        "Sorry, I can’t help with that.",
    ],
)
def test_a_refusal_inside_valid_json_is_a_refusal(text: str) -> None:
    parsed = parse(wrapped({"text": text, "stars": 0}))
    assert (parsed.records, parsed.refused) == ((None,), True)


@pytest.mark.parametrize(
    "text",
    [
        "I can't log in since this morning.",
        "I'm sorry, but I can't find my parcel anywhere.",
        "I cannot cancel my order, the button is gone.",
        "Unfortunately I am unable to pay by card.",
        "I cannot help my mother with her account because the code never comes.",
    ],
)
def test_a_customer_who_cannot_do_something_is_no_refusal(text: str) -> None:
    assert parse(wrapped({"text": text, "stars": 0})).records == ({"text": text, "stars": 0},)


@pytest.mark.parametrize("reason", ["error", "insufficient_system_resource", "ABORT", "something new"])
def test_a_reply_that_ended_for_an_unknown_reason_does_not_count(reason: str) -> None:
    parsed = parse(wrapped(FINAL), finish_reason=reason)
    assert parsed.records == ()
    assert reason in parsed.problems[0]


@pytest.mark.parametrize("reason", ["stop", "STOP", "eos", "end_turn", "tool_calls", ""])
def test_a_reply_that_ended_by_itself_counts(reason: str) -> None:
    assert parse(wrapped(FINAL), finish_reason=reason).records == (FINAL,)


def test_a_broken_line_among_others_keeps_its_place() -> None:
    lines = [json.dumps(DRAFT), '{"text": "my 27" screen", "stars": 1}', json.dumps(FINAL)]
    assert parse("\n".join(lines), wanted=3).records == (DRAFT, None, FINAL)


def test_items_of_a_list_have_one_type() -> None:
    specs = (FieldSpec("tags", "list"),)
    parsed = parse_reply('{"records": [{"tags": ["a", 3, 2.0, true]}]}', "stop", specs)
    assert parsed.records == ({"tags": ["a", "3", "2", "true"]},)


@pytest.mark.parametrize(
    "text",
    [
        '{"verdict": "no", "reason": "x",}',
        "{'verdict': 'no', 'reason': 'x'}",
        '{"verdict": "no", "reason": "x"} {done}',
        'First {"verdict": "yes", "reason": "draft"}, no: {"verdict": "no", "reason": "x"}',
        'The set {1, 2} is fine.\n```json\n{"verdict": "no", "reason": "x"}\n```',
    ],
)
def test_a_verdict_is_read_as_tolerantly_as_records_are(text: str) -> None:
    assert read_object(text, "verdict") == {"verdict": "no", "reason": "x"}


@pytest.mark.parametrize("text", ["no", "{}", '{"answer": "no"}', '<think>{"verdict": "no"}'])
def test_what_holds_no_verdict_is_none(text: str) -> None:
    assert read_object(text, "verdict") is None


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint(6 * 7)\n```\nIt prints:\n```\n42\n```",
        "```python\nprint(6 * 7)\n```\n```text\nprint( what?\n```",
        "```\nprint(6 * 7)\n```\nOutput:\n```\n42\n```",
        "```text\n42\n```\n```py\nprint(6 * 7)\n```",
        "First try:\n```python\nprint(41)\n```\nMended:\n```python\nprint(6 * 7)\n```\n```python\n# 42\n```",
        "print(6 * 7)",
    ],
)
def test_the_program_is_run_and_not_its_output(text: str) -> None:
    assert read_program(text) == "print(6 * 7)"
