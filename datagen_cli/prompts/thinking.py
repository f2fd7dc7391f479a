"""A reply without the reasoning that some models write before their answer, and without marks of turns around it.

Reasoning stands between marks that differ from vendor to vendor: `<think>` and its relatives, `[THINK]`, tokens such as
`<|START_THINKING|>`, harmony's channels, a fence, a fold or a heading of its own. What follows the last closing mark is
the answer. An opening mark that is never closed means that the model was still thinking: only what stood before it can
be an answer. Marks inside the texts of whole JSON do not count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from datagen_cli.core.pattern import PatternFile, compiled_later
from datagen_cli.prompts.dialogue import before_next_turn
from datagen_cli.text.strict_json import attempt

_PARTS = PatternFile(Path(__file__).with_suffix(".yaml"))
OPENS = _PARTS.pattern("OPENS", re.IGNORECASE)
CLOSES = _PARTS.pattern("CLOSES", re.IGNORECASE | re.MULTILINE)
_BEFORE = _PARTS.pattern("BEFORE", re.IGNORECASE | re.DOTALL | re.MULTILINE)
_TRACES = (
    *("<", "think", "thought", "reason", "reflexion", "reflection", "analysis", "scratch", "monologue", "&lt;"),
    *("inst]", "the user", "i need to"),
)
"""Without any of these, in lower case, nothing here is in a text: every reply is looked through for them."""
BLANK = "\ufeff\u200b\u2060 \t\r\n"
_VEIL = "\ufdd0{}\ufdd1"
"""Stands for JSON while marks are looked for: characters that no text may hold."""
_VEILED = compiled_later("\ufdd0([0-9]+)\ufdd1")
MOST_VALUES, MOST_NEARLY, MOST_BRACKETS = 200, 40, 2_000
_FINAL = compiled_later(r"<\|channel\|>\s*final\b(?:(?!<\|message\|>).){0,80}<\|message\|>", re.IGNORECASE | re.DOTALL)
_CHANNEL = compiled_later(r"<\|channel\|>", re.IGNORECASE)
TURN_BEGINS = _PARTS.pattern("TURN_BEGINS", re.DOTALL | re.IGNORECASE)
_TURN_ENDS = _PARTS.pattern("TURN_END", re.DOTALL | re.IGNORECASE)
WRAPPED = _PARTS.pattern("WRAPPED", re.DOTALL | re.IGNORECASE)
WRAP_BEGINS = _PARTS.pattern("WRAP_BEGINS", re.DOTALL | re.I)
_OPENING = compiled_later(r"\{\s*[\"'“]|\[\s*[\[{\"]")
_BRACKET = compiled_later(r"[{}\[\]]")


def answer_of(text: str) -> str:
    """The reply without reasoning, marks of turns and white space around it; empty when it is all reasoning.

    A reply that is JSON as a whole is left alone: what its texts say of marks is no mark.
    """
    text = text.strip(BLANK)
    if not traced(text) or (text[:1] in ("{", "[") and attempt(text, _VEIL) is not _VEIL):
        return text
    before = before_next_turn(text)
    if before is not None and (answer := answer_of(before)).endswith(("}", "]", "`")):
        return answer
    veiled, unveiled = _veil(text)
    return unveiled(_answer(veiled))


def _answer(text: str) -> str:
    spoken = _without(TURN_BEGINS, final_channel(text))
    answer = _after_marks(_without(_BEFORE, spoken))
    if answer != spoken and answer.count("```") % 2 and answer.lstrip(BLANK).startswith("```"):
        answer = answer.lstrip(BLANK)[3:]  # the end of a fence around the reasoning
    answer = _without(TURN_BEGINS, answer)
    ends = _TURN_ENDS.search(answer)
    if ends and not (ends[0].strip() == "</s>" and "<s>" in answer):  # a text may strike words through
        answer = answer[: ends.start()]
    found = WRAPPED.match(answer)
    if found:
        answer = found["inside"]
    elif answer.strip(BLANK) != text:  # a wrapper that reasoning stood before may be left open
        answer = _without(WRAP_BEGINS, answer)
    return answer.strip(BLANK)


def traced(text: str) -> bool:
    """Whether anything of what is looked for here may stand in a text."""
    folded = text.casefold()
    return any(trace in folded for trace in _TRACES)


def _veil(text: str) -> tuple[str, Callable[[str], str]]:
    """The text with a sign in place of each object and list of JSON in it, and what puts them back."""
    kept: list[str] = []
    parts, at, nearly = [], 0, 0
    start = _bracket(text, 0) if "\ufdd0" not in text else -1
    for _ in range(MOST_VALUES):
        if start < 0:
            break
        try:
            end = json.JSONDecoder(strict=False).raw_decode(text, start)[1]
        except (ValueError, RecursionError):
            end = _balanced(text, start) if nearly < MOST_NEARLY else 0
            nearly += 1
            if not end:
                start = _bracket(text, start + 1)
                continue
        parts += [text[at:start], _VEIL.format(len(kept))]
        kept.append(text[start:end])
        at, start = end, _bracket(text, end)
    veiled = "".join([*parts, text[at:]])
    return veiled, lambda found: _VEILED.sub(lambda sign: kept[int(sign[1])], found) if kept else found


def _bracket(text: str, start: int) -> int:
    found = _OPENING.search(text, start)
    return found.start() if found else -1


def _balanced(text: str, start: int) -> int:
    """Where the brackets that begin there are all closed, soon: nearly JSON, which a comma or other quotation marks
    break. 0 where they are not."""
    depth = 0
    for found in islice(_BRACKET.finditer(text, start), MOST_BRACKETS):
        depth += 1 if found[0] in "{[" else -1
        if depth == 0:
            return found.end()
    return 0


def _without(begins: re.Pattern[str], text: str) -> str:
    """The text after what it begins with, if it does."""
    found = begins.match(text.lstrip(BLANK))
    return text.lstrip(BLANK)[found.end() :].lstrip(BLANK) if found else text


def final_channel(text: str) -> str:
    """The last message of harmony's final channel; nothing where only other channels speak."""
    finals = list(_FINAL.finditer(text))
    if finals:
        return text[finals[-1].end() :]
    first = _CHANNEL.search(text)
    return text[: first.start()] if first else text


def _after_marks(text: str) -> str:
    """What follows the last closing mark, as far as the next opening one; where nothing does, what stood before the
    reasoning."""
    closings = list(CLOSES.finditer(text))
    if closings:
        after = text[closings[-1].end() :]
        opening = OPENS.search(text)
        if after.strip(BLANK) or opening is None:
            text = after
    opening = OPENS.search(text)
    return text[: opening.start()] if opening else text
