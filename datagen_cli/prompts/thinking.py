"""A reply without the reasoning that some models write before their answer.

Reasoning stands between marks that differ from vendor to vendor: `<think>` and its relatives, `[THINK]`, harmony's
channels. What follows the last closing mark is the answer. An opening mark that is never closed means that the model
was still thinking: only what stood before it can be an answer.
"""

from __future__ import annotations

import re

from datagen_cli.text.strict_json import NotJson, loads

_WORDS = r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|analysis|scratch_?pad|inner_monologue|chain_of_thought)"
_MARK = re.compile(
    rf"<(?P<a>/?)\s*(?:[a-z]+:)?{_WORDS}(?:\s[^<>]{{0,100}})?>"
    rf"|\[(?P<b>/?){_WORDS}\]"
    rf"|<\|(?P<c>/?){_WORDS}\|>"
    rf"|◁(?P<d>/?){_WORDS}▷"
    r"|<\|(?P<e>begin|end|start)_of_(?:thought|thinking|reasoning)\|>",
    re.IGNORECASE,
)
_MAY_BE_MARKED = re.compile(rf"{_WORDS}|<\||</", re.IGNORECASE)
_BLANK = "\ufeff\u200b \t\r\n"
_FINAL = re.compile(r"<\|channel\|>\s*final\b(?:(?!<\|message\|>).){0,80}<\|message\|>", re.IGNORECASE | re.DOTALL)
_CHANNEL = re.compile(r"<\|channel\|>", re.IGNORECASE)
_TURN_END = re.compile(
    r"\s*<\|(?:end|return|im_end|eot_id|end_of_text|endoftext|call)\|>.*\Z", re.DOTALL | re.IGNORECASE
)
_WRAPPED = re.compile(
    r"\s*<(?P<tag>answer|final_answer|final|output|response|solution)>(?P<inside>.*)</(?P=tag)>\s*\Z",
    re.DOTALL | re.IGNORECASE,
)


def answer_of(text: str) -> str:
    """The reply without reasoning, marks of turns and white space around it; empty when it is all reasoning.

    A reply that is JSON as a whole is left alone: what its texts say of marks is no mark.
    """
    text = text.strip(_BLANK)
    if not _MAY_BE_MARKED.search(text) or (text[:1] in ("{", "[") and _is_json(text)):
        return text
    text = _after_marks(_final_channel(text))
    text = _TURN_END.sub("", text)
    found = _WRAPPED.match(text)
    return (found["inside"] if found else text).strip(_BLANK)


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except NotJson:
        return False
    return True


def _final_channel(text: str) -> str:
    """The last message of harmony's final channel; nothing where only other channels speak."""
    finals = list(_FINAL.finditer(text))
    if finals:
        return text[finals[-1].end() :]
    first = _CHANNEL.search(text)
    return text[: first.start()] if first else text


def _after_marks(text: str) -> str:
    marks = list(_MARK.finditer(text))
    closing = [mark for mark in marks if _closes(mark)]
    if closing:
        text, start = text[closing[-1].end() :], closing[-1].end()
        marks = [mark for mark in marks if mark.start() >= start]
        return text[: marks[0].start() - start] if marks else text
    return text[: marks[0].start()] if marks else text


def _closes(mark: re.Match[str]) -> bool:
    return "/" in (mark["a"], mark["b"], mark["c"], mark["d"]) or (mark["e"] or "").lower() == "end"
