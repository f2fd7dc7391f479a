"""One text asked for and nothing else: what stands around it goes, what belongs to it stays."""

from __future__ import annotations

import json

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.parse import ParsedReply, parse_reply
from datagen_cli.prompts.plain_text import parse_text

SPEC = FieldSpec("text", description="the customer's message")
TEXT = "My parcel is late."


def parse(reply: str, finish_reason: str = "stop") -> ParsedReply:
    return parse_text(reply, finish_reason, SPEC)


@pytest.mark.parametrize(
    "reply",
    [
        TEXT,
        f"  {TEXT}\n",
        f'"{TEXT}"',
        f"“{TEXT}”",
        f"Text: {TEXT}",
        f"**Text:** {TEXT}",
        f"Here is a new text:\n\n{TEXT}",
        f"Sure! Here's one:\n{TEXT}",
        f"Certainly, here is the text you asked for:\n\n```\n{TEXT}\n```",
        f"This is the text: {TEXT}",
        f"Sure! Here's a new text: {TEXT}",
        f"```text\n{TEXT}\n```",
        f"{TEXT}\n\nLet me know if you need another one!",
        f"{TEXT}\n\nThis text is about delivery.\n\nI hope this helps!",
        f"<think>billing? no</think>\n{TEXT}",
        f'{{"text": "{TEXT}"}}',
        f'{{"records": [{{"text": "{TEXT}"}}]}}',
        f'```json\n{{"text": "{TEXT}", "category": "delivery"}}\n```',
        f"{{'text': '{TEXT}',}}",
        f"{TEXT}\nUser:\nand now another",
    ],
)
def test_what_stands_around_the_text_goes(reply: str) -> None:
    assert parse(reply).records == ({"text": TEXT},)


@pytest.mark.parametrize(
    "text",
    [
        "I can't log in. Let me know if you need my number.",
        'He said "no" and "yes".',
        "[Order 12] The lamp is broken.",
        "Subject: refund\n\nDear team, I was charged twice.\n\nRegards, Ann",
        "Note that the lamp came without a cable.",
        "Here is what happened: the box was open.",
        "Here is the text message: your parcel waits at the depot.",
        "This is the question: may I send it back?",
        "It says {error 5} on the screen.",
        "This is the third time I write.",
    ],
)
def test_what_belongs_to_the_text_stays(text: str) -> None:
    assert parse(text).records == ({"text": text},)


@pytest.mark.parametrize("reply", ["", " \n", "<think>hm", '""'])
def test_an_empty_reply_is_no_record(reply: str) -> None:
    assert parse(reply).whole == []


@pytest.mark.parametrize("reply", ["...", "The customer's message.", '{"text": "my 27" screen"}', '{"records": []}'])
def test_a_form_or_broken_json_is_no_text(reply: str) -> None:
    assert parse(reply).whole == []


def test_a_refusal_is_said_and_a_cut_text_does_not_count() -> None:
    assert parse("I'm sorry, but I can't assist with that.").refused
    assert parse("I cannot write these records. Please ask for something else.").refused
    assert not parse("I cannot write these letters on your form, it takes no umlauts.").refused
    assert parse(TEXT, "length").truncated
    assert parse(TEXT, "content_filter").refused


@pytest.mark.parametrize(
    "reply",
    [
        "My lamp flickers.\n<text>",
        "My lamp flickers.</text>",
        "<text>\nMy lamp flickers.",
        "<TEXT>My lamp flickers.</TEXT>",
        "</text>\nMy lamp flickers.\n</text>\n<text>",
        "<weak>\nMy lamp flickers.\n</weak>",
        '<text>"My lamp flickers."</text>',
        "My lamp flickers.\n</records>",
        json.dumps({"text": "<text>My lamp flickers.</text>"}),
    ],
)
def test_tags_of_the_form_go_at_both_ends(reply: str) -> None:
    assert parse(reply).records[0] == {"text": "My lamp flickers."}


@pytest.mark.parametrize("reply", ["A <text> inside stays.", "Use <b>bold</b>", "<svg><text>Hi</text>", "a < b </i>"])
def test_other_tags_are_words_of_the_text(reply: str) -> None:
    assert parse(reply).records[0] == {"text": reply}


def test_tags_of_any_field_go_and_a_text_that_is_nothing_else_is_the_form() -> None:
    specs = [FieldSpec("question"), FieldSpec("steps", "list"), FieldSpec("title"), FieldSpec("code", code=True)]
    row = {"question": "Why?\n</question>\n<steps>", "steps": ["<steps>one</steps>"], "title": "<title>T</title>"}
    found = parse_reply(json.dumps({**row, "code": "x = 1  # </code>"}), "stop", specs).records
    assert found == ({"question": "Why?", "steps": ["one"], "title": "T", "code": "x = 1  # </code>"},)
    markup = parse_reply(json.dumps({"title": "<head><title>T</title>"}), "stop", specs[2:3]).records
    assert markup == ({"title": "<head><title>T</title>"},)
    empty = parse_reply(json.dumps({"title": "<title>\n</title>"}), "stop", specs[2:3])
    assert empty.records == (None,)
    assert "the form came back" in empty.problems[0]
