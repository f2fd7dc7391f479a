"""Texts of others in prompts: control tokens of chat templates lose their power, instructions and long lines are seen.

A tokeniser turns `<|im_end|>` in a base row into the end of a message. Here a space after its first sign makes plain
characters of it, wherever the text stands. Whether a text reads like an instruction is a matter of patterns: what they
find is shown between tags as data, never as a turn of the conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from datagen_cli.core.pattern import compiled_later

LONGEST = 6_000
"""Characters of one text in a prompt; the rest is cut."""
LINE = 80
"""Characters of a value that may stand among the author's own words."""

_CONTROL = compiled_later(
    r"<[|｜](?=[^\s<>]{1,40}>|[^\n<>]{1,40}[|｜]>)|<(?=[^\s<>|｜]{1,40}[|｜]>"
    r"|/?(?:s|bos|eos|pad|unk|mask(?::\d+)?|sep|cls|(?:bos|eos|pad|unk|mask|sep|cls)_token"
    r"|(?:start|end)_of_[a-z]+|extra_id_\d+|(?:reserved|unused|special)_?\d+|seed:[\w:]{1,30}|[es]op|eo[hatm]|role"
    r"|tool_call|observation|tool_response|function_calls?|think(?:ing)?|assistant|system|user|human)>)"
    r"|<(?=</?SYS>>)|\[(?=\|[^\n\[\]|]{1,40}\|\]|e~\[|/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS"
    r"|BOS|EOS|EOT|PAD|UNK|CLS|SEP|[gs]?MASK|THINK|UNUSED_?(?:TOKEN_?)?\d*)\])|\](?=~!?b[\[\]])",
    re.IGNORECASE,
)
_ORDERS = compiled_later(
    r"\b(?:ignore|disregard|forget|override|bypass|stop following)\b.{0,60}"
    r"\b(?:instruction|prompt|rule|direction|guideline|above|before|previous|prior|everything|task)"
    r"|\b(?:you are|you're|act as|pretend to be|behave as)\b.{0,30}"
    r"\b(?:ai|assistant|model|chatbot|system|dan|gpt|bot)\b"
    r"|\b(?:new|updated|real|actual|hidden|secret|system|developer)\s+(?:instruction|prompt|task|rule|order)s?\b"
    r"|\b(?:instead|from now on|now|only|must|please|just)\b[\s,:]{1,3}(?:only\s+|just\s+)?"
    r"(?:output|respond|reply|answer|write|print|say|return|repeat|generate)\b"
    r"|\b(?:respond|reply|answer|output|print|return|repeat)\s+(?:only\s+|exactly\s+)?"
    r"(?:with|the word|the following|verbatim|exactly)\b"
    r"|^(?:[#*>]|[^\S\n])*(?:system|assistant|user|human|ai|developer|instructions?)[\s#*]*:"
    r"|\b(?:your|the) (?:system )?prompt\b|\blanguage model\b|\bas an ai\b"
    r"|</?(?!(?:br|em|strong|div|span|li|ul|ol|td|tr|sub|sup)>)[a-z_]{2,20}>|\{\s*\"[a-z_]{2,20}\"\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_PLAIN_VALUE = compiled_later(r"[\w][\w .,&/+'’()%-]*")


def neutral(text: str) -> str:
    """The text with every control token of a chat template broken."""
    if "<" not in text and "[" not in text and "]~" not in text:
        return text
    return _CONTROL.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def shortened(text: str) -> str:
    """At most `LONGEST` characters of the text."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


@lru_cache(maxsize=1_024)  # examples and the texts to stay apart from stand in prompt after prompt
def reads_like_orders(text: str) -> bool:
    """Whether a text addresses the model, or holds control tokens: it is to stand between tags."""
    return _ORDERS.search(text) is not None or _CONTROL.search(text) is not None


def plain_value(text: str) -> bool:
    """Whether a value of others may stand among plain words: a short line of ordinary characters, no order."""
    return len(text) <= LINE and _PLAIN_VALUE.fullmatch(text) is not None and not reads_like_orders(text)


def texts_in(values: Iterable[Any]) -> list[str]:
    """Every text in some values, those inside lists and mappings included."""
    found: list[str] = []
    for value in values:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += texts_in(value)
        elif isinstance(value, Mapping):
            found += texts_in([*value.keys(), *value.values()])
    return found
