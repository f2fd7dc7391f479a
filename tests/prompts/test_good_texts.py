"""Good texts of the kinds users make are read as they were written: nothing is cut, nothing is taken for thoughts."""

from __future__ import annotations

import json

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.parse import parse_reply
from datagen_cli.prompts.plain_text import parse_text
from datagen_cli.prompts.sections import parse_sections

TEXT = FieldSpec("text", description="a short note")
NUMBER = FieldSpec("stars", type="number")
GOOD = [
    # what a review, a poem, a ticket or a page begins with
    "**My thoughts:** The camera is great in daylight and poor at night.\n\n**Result:** Four stars.",
    "(Thoughts: a poem)\n\nThe rain has no address,\nit knocks at every door.",
    "> Thoughts: the plot is thin, the music saves it.\n\nStill, I would see it again.",
    "<!-- Analysis of the market -->\n<h1>Prices rise again</h1>",
    "## Thoughts\nThe seats are narrow.\n\n## Final answer\nBuy it only for short trips.",
    "The user wants a refund. She paid twice on 3 May.\n---\nOpened by desk 4.",
    "Okay, the user wants a refund.\n---\nForwarded by Tim.",
    "*thinking*\nMaybe it was the wind.\n*/thinking*\nShe opened the door.",
    "Here's my reasoning: the price is too high.\n\nHere's my answer: no.",
    "[Analysis] Prices rose by 3 % in May.",
    "[Planning] Sprint 4 begins on Monday.",
    # documents about marks
    "Put your plan between <planning> and </planning>; the reader never sees it.",
    "In the template we write <planning> … </planning> around the steps, and the rest goes to the client.",
    "Use {{think}} … {{/think}} to hide a block in the wiki.",
    "<think> opens and </think> closes reasoning.",
    "<think> und </think> rahmen die Überlegungen ein.",
    "`<think>` starts the reasoning, `</think>` ends it, and the answer follows.",
    "Our parser strips everything up to </think> before it stores the answer.",
    "The model ends its reasoning with </think>\nand only then answers.",
    "An example prompt:\n\n<analysis>\nList the facts.\n</analysis>\n<answer>\nOne sentence.\n</answer>\n\nKeep both.",
    "A ticket: your model prints <reasoning> and never closes it. The page stays empty.",
    "After <|im_end|> the server stops; before it comes <|im_start|>assistant.",
    "Harmony has channels: <|channel|>analysis<|message|> and <|channel|>final<|message|>. Show only the last.",
    "The log says:\n...done thinking.\nThat line comes from Ollama.",
    'def think(text):\n    return "<think>" + text + "</think>"',
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nhello<|im_end|>",
    "<thought>a fleeting one</thought> passed through her mind, and the bus left without her.",
    "<response>\n<status>ok</status>\n</response>",
    # dialogues and lists of roles
    "User:\nMy screen is black.\nAssistant:\nHave you tried another cable?\nUser:\nYes, twice.",
    "The list of groups is short:\nadmin\nuser\nguest",
    "user:\n  name: ann\nsystem:\n  os: linux",
    # first and last paragraphs that are the text's own
    "Okroshka Recipe:\nIngredients: two eggs, kvass, dill.",
    "Here are three tips for a calm morning:\n\n1. Get up early.\n2. Drink water.\n3. Leave the phone.",
    "Here is a function that adds:\n\n```python\ndef add(a, b):\n    return a + b\n```\n\nIt works for floats, too.",
    "Sure enough, the train was late.\n\nWe waited for an hour.",
    "Of course not!\n\nThat is what he said when I asked for the money.",
    "Here's a story my grandmother told me:\n\nOnce there was a fox.",
    "Below is the text of the letter:\n\nDear Ann, I left.",
    "Okay. I'm done.\n\nThe end.",
    "The fix is in.\n\nLet me know if you want any changes to the wording.",
    "Here is why I left:\n\nthe food was cold and nobody came.",
    "Hello,\n\nmy router is dead since Monday.\n\nPlease let me know if you need my customer number.",
    "Hi,\n\nthe chair arrived without screws.\n\nIf you need any photos, I can send them.",
    "To reset it, hold the button for ten seconds.\n\nI hope this helps!",
    "I bought the old one in 2019.\n\nThis version is much lighter and the handle does not wobble.",
    "Bring the dough to a ball and let it rest.\n\nNote: the dough must not get warm.",
    # JSON among the words of a text
    'The API returns [{"text": "Visma", "x": 20}, {"text": "AS", "x": 3}] for each page. Why are there two?',
    'Send a body such as {"text": "hello"} to /v1/say and you get 200 back.',
    '{"text": "hi"} is the smallest body.',
    # what only looks like a placeholder
    "Lorem ipsum is dummy text used by printers since the 1500s.",
    "Insert coin",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_good_text_is_kept_as_it_is(text: str) -> None:
    assert parse_text(text, "stop", TEXT).records == ({"text": text},)
    assert parse_text(f"<think>\nThe user asks.\n</think>\n\n{text}", "stop", TEXT).records == ({"text": text},)
    reply = json.dumps({"text": text, "stars": 3})
    for form in (reply, f"```json\n{reply}\n```", f"<think>a note?</think>\n{reply}"):
        assert parse_reply(form, "stop", [TEXT, NUMBER]).records == ({"text": text, "stars": 3},)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("<think>\nSo, a note.\n</think>\n\nThe tag </think> ends it.", "The tag </think> ends it."),
        ("Let me see.\n</think>\n\nThe box was whole.", "The box was whole."),
        ("<planning>two lines</planning>\nThe box was whole.", "The box was whole."),
        ("The box was whole.\n\n<think>\nOkay, next one", "The box was whole."),
        ("```thinking\nA note.\n```\nThe box was whole.", "The box was whole."),
        ("**Thinking:** The note should be calm.\n\n**Answer:**\nThe box was whole.", "The box was whole."),
        ("Okay, the user wants a note. I need to write one.\n\n---\n\nThe box was whole.", "The box was whole."),
        ("The box was whole.\nuser\nWrite one new record.", "The box was whole."),
        ("Here is the note:\n\nThe box was whole.\n\nI hope this helps!", "The box was whole."),
        ("The box was whole.\n\n(Note: I kept it under ten words.)", "The box was whole."),
        ("The box was whole.\n\nWould you like me to write another one?", "The box was whole."),
        ("Sure, I can do that!\n\nThe box was whole.", "The box was whole."),
        ("The box was whole.<|im_end|>\n<|im_start|>user\nanother", "The box was whole."),
    ],
)
def test_what_frames_a_text_still_goes(reply: str, text: str) -> None:
    assert parse_text(reply, "stop", TEXT).records == ({"text": text},)


@pytest.mark.parametrize("reply", ["<think>\nThe user wants", "<think>\nA note.\n</think>", "<reasoning>\nso far"])
def test_a_reply_that_is_all_reasoning_is_no_text(reply: str) -> None:
    assert not parse_text(reply, "stop", TEXT).whole


def test_fields_may_be_called_like_marks_of_reasoning() -> None:
    specs = [FieldSpec("thinking"), FieldSpec("answer"), FieldSpec("code", code=True)]
    reply = "**Thinking:** The sum of two.\n**Answer:** four\n**Code:**\n```python\nprint(4)\n```"
    wanted = {"thinking": "The sum of two.", "answer": "four", "code": "print(4)"}
    assert parse_sections(reply, "stop", specs).records == (wanted,)


def test_a_block_in_a_question_stays_where_the_program_has_its_own_name() -> None:
    specs = [FieldSpec("question"), FieldSpec("code", code=True)]
    question = "What does this print?\n```python\nprint(1)\n```\nSay why."
    found = parse_sections(f"question: {question}\ncode:\n```python\nprint(2)\n```", "stop", specs)
    assert found.records == ({"question": question, "code": "print(2)"},)


@pytest.mark.parametrize("title", ["Example text", "Some Content", "Content Value", "Text Value", "Any Value"])
def test_a_title_of_two_words_is_a_title(title: str) -> None:
    specs = [FieldSpec("title"), TEXT]
    record = {"title": title, "text": "The box was whole."}
    assert parse_reply(json.dumps(record), "stop", specs).records == (record,)
    assert parse_text(title, "stop", specs[0]).records == ({"title": title},)


@pytest.mark.parametrize(
    "record",
    [
        {"title": "Example text", "text": "Some text"},
        {"title": "Your text here", "text": "The box was whole."},
        {"title": "Sample title", "text": "The box was whole."},
        {"title": "placeholder text", "text": "The box was whole."},
        {"title": "A box", "text": "Some content"},
        {"title": "A box", "text": "Lorem ipsum dolor sit amet."},
    ],
)
def test_placeholders_are_no_texts(record: dict[str, str]) -> None:
    assert parse_reply(json.dumps(record), "stop", [FieldSpec("title"), TEXT]).records == (None,)


@pytest.mark.parametrize("said", ["Close with </think>.", "Write <think> first.", "It ends with <|im_end|> here."])
@pytest.mark.parametrize(
    "form",
    [
        "{'text': '@', 'stars': 3}",
        '{"text": "@", "stars": 3,}',
        '```json\n{"text": "@", "stars": 3,}\n```',
        "{“text”: “@”, “stars”: 3}",
        '<think>a note?</think>{"text": "@", "stars": 3,}',
    ],
)
def test_what_nearly_json_says_of_marks_stays(said: str, form: str) -> None:
    assert parse_reply(form.replace("@", said), "stop", [TEXT, NUMBER]).records == ({"text": said, "stars": 3},)
