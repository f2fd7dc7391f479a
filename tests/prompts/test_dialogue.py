"""A model that goes on with the conversation after its answer: what it makes up is no record, verdict or program."""

from __future__ import annotations

import json

import pytest

from datagen_cli.core.chat import Reply
from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.checking import read_program, read_verdict
from datagen_cli.prompts.dialogue import before_next_turn, settled
from datagen_cli.prompts.parse import parse_reply

SPECS = [FieldSpec("text"), FieldSpec("mood")]


def record(text: str) -> str:
    return json.dumps({"records": [{"text": text, "mood": "calm"}]})


ANSWER, OTHER = record("the answer"), record("of another request")
DIALOGUES = (
    "{answer}\n\nUser: Please write another one.\nAssistant: {other}",
    "{answer}\n\nHuman: Thanks, one more\n\nAssistant: {other}",
    "{answer}\n\n### Instruction:\nmore\n\n### Response:\n{other}",
    "{answer}\n\n**User:** more\n**Assistant:** {other}",
    "```json\n{answer}\n```\n\nUser: more\n\nAssistant:\n```json\n{other}\n```",
    "{answer}\n\nQ: more\nA: {other}",
    "{answer}\nuser\nanother\nassistant\n{other}",
    "{answer} [INST] more [/INST] {other}",
    "Assistant: {answer}\n\nUser: more\n\nAssistant: {other}",
    "{answer}\n<user>\nmore\n</user>\n<assistant>\n{other}",
    "{answer}\n\n用户：再写一个\n\n助手：{other}",
    "{answer}\n\nUser 2: more\nAssistant 2: {other}",
    "{answer}\n\nUtilisateur : encore\n\nAssistant : {other}",
    "{answer}\n\nUser: more\nAssistant: {other}\n\nUser: more\nAssistant: {other}",
    "<think>hm</think>{answer}\n\nUser: more\nAssistant: <think>hm</think>{other}",
)
DRAFTS = (
    "{other}\nBetter:\n{answer}",
    "{other}\n\nNote: the mood was wrong.\n{answer}",
    "{other}\n\nUser feedback would be that it is too short. Revised:\n{answer}",
    "{other}\n\nQuestion: is the mood right? No. Corrected:\n{answer}",
    "User: write one\n\nAssistant: {answer}",
    "User: {other}\n\nAssistant: {answer}",
    "<think>{other}\nUser: more\nAssistant: no</think>{answer}",
)


@pytest.mark.parametrize("form", [*DIALOGUES, *DRAFTS])
def test_the_answer_counts_and_not_that_of_a_request_which_the_model_made_up(form: str) -> None:
    text = form.replace("{answer}", ANSWER).replace("{other}", OTHER)
    (kept,) = parse_reply(text, "stop", SPECS).records
    assert kept is not None and kept["text"] == "the answer"


def test_records_that_come_in_turns_where_several_are_asked_for_are_all_read() -> None:
    turns = [json.dumps({"text": f"number {n}", "mood": "calm"}) for n in range(3)]
    text = "\n\nUser: next\nAssistant: ".join(turns)
    assert [one and one["text"] for one in parse_reply(text, "stop", SPECS, 3).records] == [
        "number 0",
        "number 1",
        "number 2",
    ]


def test_a_dialogue_inside_a_record_stays() -> None:
    text = "Tell me {why}\n\nUser: now\nAssistant: no {because}"
    (kept,) = parse_reply(record(text), "stop", SPECS).records
    assert kept is not None and kept["text"] == text


def test_a_verdict_and_a_program_are_those_of_the_answer() -> None:
    said = read_verdict('{"verdict": "no"}\n\nUser: And this?\nAssistant: {"verdict": "yes"}', ("yes", "no"))
    assert said == {"verdict": "no"}
    program = "```python\nprint(7)\n```\n\nUser: Another question.\n\nAssistant:\n```python\nprint(8)\n```"
    assert read_program(program) == "print(7)"


def test_a_reply_that_was_cut_off_in_such_a_conversation_is_whole() -> None:
    again = f"{ANSWER}\n\nUser: more\nAssistant: {OTHER[:20]}"
    assert settled(Reply(again, "length")).finish_reason == "stop"
    for text in (ANSWER[:30], OTHER + "\nBetter:\n" + ANSWER[:30], "A text.\n\nUser: more\nAssistant: an"):
        assert settled(Reply(text, "length")).finish_reason == "length"


def test_white_space_without_end_is_looked_through_once() -> None:
    assert before_next_turn("}" + " \n" * 200_000 + "x") is None
    assert before_next_turn("}`]" * 100_000 + "\nUser: x") is None
