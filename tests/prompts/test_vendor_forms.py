"""Replies as vendors' models and servers write them: reasoning, marks of turns and wrappers are no part of a record."""

from __future__ import annotations

import json

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.checking import read_verdict
from datagen_cli.prompts.parse import parse_reply
from datagen_cli.prompts.plain_text import parse_text
from datagen_cli.prompts.thinking import answer_of

DRAFT = "Let me think. The note should be calm."
TEXT = "The delivery came late, but the box was whole."
MARKED = {
    "MiniMax": "<mm:think>{draft}</mm:think>{answer}",
    "Command R": "<|START_THINKING|>{draft}<|END_THINKING|><|START_RESPONSE|>{answer}<|END_RESPONSE|>",
    "Granite": "Here is my thought process:\n{draft}\nHere is my response:\n{answer}",
    "GLM": "<think>{draft}</think><|begin_of_box|>{answer}<|end_of_box|>",
    "Apertus": "<|inner_prefix|>{draft}<|inner_suffix|>{answer}",
    "Gemma": "<|channel>thought\n{draft}<channel|>{answer}",
    "harmony without its tokens": "analysis{draft}assistantfinal{answer}",
    "escaped as HTML": "&lt;think&gt;{draft}&lt;/think&gt;{answer}",
    "a fence of its own": "```think\n{draft}\n```\n{answer}",
    "a fold": '<details type="reasoning"><summary>Thought</summary>{draft}</details>\n{answer}',
    "a fold by its summary": "<details>\n<summary>Thinking Process</summary>\n{draft}</details>\n\n{answer}",
    "a terminal": "Thinking...\n{draft}\n...done thinking.\n\n{answer}",
    "nothing thought": "<think/>{answer}",
    "LongCat": "<longcat_think>{draft}</longcat_think>{answer}",
    "Seed": "<seed:think><seed:cot_budget_reflect>12 used</seed:cot_budget_reflect>{draft}</seed:think>{answer}",
    "llama.cpp": "[Start thinking]\n{draft}\n[End thinking]\n\n{answer}",
    "an answer's mark left open": "<think>{draft}</think><answer>{answer}",
    "Sky-T1": "<|begin_of_thought|>{draft}<|end_of_thought|><|begin_of_solution|>{answer}<|end_of_solution|>",
    "nested": "<think><think>{draft}</think> more </think>{answer}",
    "an end of turn": "{answer}<end_of_turn>",
    "an end of sentence": "{answer}</s>",
    "DeepSeek": "<think>{draft}</think>{answer}<｜end▁of▁sentence｜>",
    "Reka": "<reasoning>{draft}</reasoning> {answer} <sep>",
    "a header": "<|start_header_id|>assistant<|end_header_id|>\n\n{answer}<|eot_id|>",
    "a role": "<|assistant|>{answer}<|end|>",
    "a tool's mark": "<|python_tag|>{answer}",
    "an instruction echoed": "[INST] write [/INST]{answer}</s>",
    "thought process": "<thought_process>{draft}</thought_process>\n{answer}",
    "a hyphen": "<scratch-pad>{draft}</scratch-pad>\n{answer}",
    "one word": "<antThinking>{draft}</antThinking>{answer}",
    "a monologue": "<internal_monologue>{draft}</internal_monologue>\n{answer}",
    "a chain": "<chain-of-thought>{draft}</chain-of-thought>\n{answer}",
    "a rationale": "<rationale>{draft}</rationale>{answer}",
    "a plan": "<planning>{draft}</planning>\n{answer}",
    "marks with the word first": "<|thinking_start|>{draft}<|thinking_end|>{answer}",
    "two braces": "{{{{think}}}}{draft}{{{{/think}}}}{answer}",
    "begin and end": "[BEGIN_THINK]{draft}[END_THINK]{answer}",
    "a comment": "<!-- thinking: {draft} -->\n{answer}",
    "stars": "*thinking*\n{draft}\n*/thinking*\n{answer}",
    "brackets": "(Thinking: {draft})\n\n{answer}",
    "a quotation": "> **Thinking:** {draft}\n> More of it.\n\n{answer}",
    "bold names": "**Thinking:** {draft}\n\n**Answer:**\n{answer}",
    "headings": "## Thought Process\n{draft}\n\n## Final Response\n{answer}",
    "a line under it": "Okay, the user wants a note. {draft}\n\n---\n\n{answer}",
    "a fence around it": "```\n<think>{draft}</think>\n```\n{answer}",
    "a final response": "<thinking>{draft}</thinking>\n<final_response>{answer}</final_response>",
    "a joiner that nobody sees": "<think>{draft}</think>\u200b\u2060{answer}",
    "a turn after it": "{answer}<|im_end|>\n<|im_start|>user\nanother one",
}
FIELDS = [FieldSpec("text", "text"), FieldSpec("mood", "text")]


@pytest.mark.parametrize("form", MARKED.values(), ids=MARKED)
def test_reasoning_and_marks_are_no_part_of_a_text(form: str) -> None:
    found = parse_text(form.format(draft=DRAFT, answer=TEXT), "stop", FIELDS[0])
    assert [record and record["text"] for record in found.records] == [TEXT], found


@pytest.mark.parametrize("form", MARKED.values(), ids=MARKED)
def test_a_draft_in_the_reasoning_is_no_record_and_no_verdict(form: str) -> None:
    draft, answer = (f'{{"records": [{{"text": "{text}", "mood": "m"}}]}}' for text in ("a draft", TEXT))
    found = parse_reply(form.format(draft=draft, answer=answer), "stop", FIELDS)
    assert [record and record["text"] for record in found.records] == [TEXT], found
    verdict = read_verdict(form.format(draft='{"verdict": "no"}', answer='{"verdict": "yes"}'), ("yes", "no"))
    assert verdict is not None and verdict["verdict"] == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "Was <s>10</s>",
        "The [reasoning behind it] is plain.",
        "Analysis: the box was whole.",
        "Use <details> to fold a text, and </details> to end it.",
        "Answer: <answer>",
        "I was thinking... and done thinking. Then I left.",
        "analysis of the assistant: final",
        "x < y and y > z; a <sep> between",
        "**Thinking:** it over took a week.",
        "Thinking: a box.\nAnswer: it was whole.",
        "(Thinking: this is a mistake) The box was open.",
        "> Thinking: he said.",
        "Let me think about it.\nThe box was whole.",
    ],
)
def test_a_text_that_only_looks_like_it_stays_whole(text: str) -> None:
    found = parse_text(text, "stop", FIELDS[0])
    assert [record and record["text"] for record in found.records] == [text]


@pytest.mark.parametrize(
    "said",
    [
        *(
            "Close with </think>.",
            "Write <think> first.",
            "Between <think> and </think>.",
            "It ends with <|im_end|> here.",
        ),
        *("[INST] and [/INST]", "<|channel|>final<|message|>", "<think> is a mark", "1.\n...done thinking.\n2."),
    ],
)
@pytest.mark.parametrize(
    "form",
    ["{}", "```json\n{}\n```", "Here it is: {}", "<think>a </think> b? no</think>\n{}", "[THINK]x[/THINK]Yes: {}"],
)
def test_marks_that_a_text_inside_json_speaks_of_stay(said: str, form: str) -> None:
    reply = form.replace("{}", json.dumps({"records": [{"text": said, "mood": "m"}]}))
    assert parse_reply(reply, "stop", FIELDS).whole == [{"text": said, "mood": "m"}]


RECORD = {"text": TEXT, "mood": "calm"}
LIST = [RECORD]
WRAPPED = {
    "JSON as a text": json.dumps(json.dumps({"records": LIST})),
    "a call written out": json.dumps({"name": "records", "arguments": {"records": LIST}}),
    "a call between marks": f"<tool_call>{json.dumps({'name': 'r', 'parameters': {'records': LIST}})}</tool_call>",
    "a call with its arguments as a text": json.dumps({"name": "r", "arguments": json.dumps({"records": LIST})}),
    "the schema filled in": json.dumps({"type": "object", "properties": {"records": LIST}}),
    "the list as a text": json.dumps({"records": json.dumps(LIST)}),
    "numbered": json.dumps({"records": {"1": RECORD}}),
    "one record": json.dumps({"record": RECORD}),
    "another name": json.dumps({"data": LIST}),
    "deeper": json.dumps({"response": {"records": LIST}}),
    "capitals": json.dumps({"Records": [{"Text": TEXT, "Mood": "calm"}]}),
    "capitals, one": json.dumps({"TEXT": TEXT, "MOOD": "calm"}),
    "a draft before it": json.dumps({"draft": {"text": "a draft", "mood": "m"}, "final": RECORD}),
}  # fmt: skip


@pytest.mark.parametrize("text", WRAPPED.values(), ids=WRAPPED)
def test_records_are_found_under_other_names_and_in_texts(text: str) -> None:
    assert parse_reply(text, "stop", FIELDS).records == (RECORD,)
    assert parse_reply(f"Here you are: {text}", "stop", FIELDS).records == (RECORD,) or text.startswith('"')


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"properties": {"records": {"type": "array", "items": {"text": {"type": "string"}}}}}),
        json.dumps({"text": {"type": "string"}, "mood": {"type": "string"}}),
        json.dumps({"example": {"text": "...", "mood": "..."}}),
        json.dumps({"a": {"b": {"c": {"d": {"e": RECORD}}}}}),
    ],
)
def test_the_form_given_back_is_no_record(text: str) -> None:
    assert parse_reply(text, "stop", FIELDS).whole == []


@pytest.mark.parametrize(
    "text",
    [
        "I need to write to you about flat 4. The tap leaks.\n---\nKind regards\nA tenant",
        "Let me think back to 1999. We were young.\n\n***\n\nTwenty years later I returned.",
    ],
)
def test_a_text_with_a_rule_in_it_that_begins_like_thoughts_stays_whole(text: str) -> None:
    assert answer_of(text) == text
