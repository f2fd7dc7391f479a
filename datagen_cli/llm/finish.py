"""How a reply ended, in OpenAI's words, whatever word, spelling or key an endpoint has for it. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagen_cli.core.pattern import PatternFile, compiled_later
from datagen_cli.llm.foreign_json import inside

_PARTS = PatternFile(Path(__file__).with_suffix(".yaml"))
_CUT_OFF = _PARTS.pattern("CUT_OFF")
_FILTERED = _PARTS.pattern("FILTERED")
_NOT_FILTERED = _PARTS.pattern("NOT_FILTERED")
_WHOLE = _PARTS.pattern("WHOLE")
_TOKEN = compiled_later(r"(?:stop[:= ]*)?(?:</s>|<eos>|<end_of_turn>|<[|｜][^\s<>]{1,40}[|｜]>)", re.IGNORECASE)
"""The token that ends a turn, where that is given as the reason."""
_NUMBERED = {1: "stop", 2: "length", 3: "content_filter", 4: "content_filter"}
"""Google's numbers; larger ones are a token's."""
_CLOSED = (*"}])>.!?…:。！？」』)\"'”’»*`|", "```")
_OF_CHOICE = (
    *("finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason", "native_finish_reason"),
    "finish_details",
)
_OF_REPLY = (("stop_reason",), ("stopReason",), ("finish_reason",), ("done_reason",), ("incomplete_details", "reason"))


def reason_in(value: Mapping[str, Any], choice: Mapping[str, Any]) -> Any:
    """What a completion says of how its choice ended, under whatever key; None where it says nothing."""
    said = next((choice[name] for name in _OF_CHOICE if choice.get(name)), None)
    said = said or inside(choice, "message", "finish_reason")
    return said or next((found for place in _OF_REPLY if (found := inside(value, *place))), None)


def finish_of(reason: Any) -> str:
    """Why a reply ended: `stop`, `length` or `content_filter` where vendors have other words for these, else what they
    say.

    >>> finish_of("FinishReason.MAX_TOKENS"), finish_of("endTurn"), finish_of(None), finish_of("preempted")
    ('length', 'stop', 'stop', 'preempted')
    """
    if isinstance(reason, list) and len(reason) == 1:
        reason = reason[0]
    if isinstance(reason, Mapping):
        reason = reason.get("type") or reason.get("reason")
    if reason is True:
        return "stop"
    if isinstance(reason, str) and re.fullmatch(r"[0-9]{1,9}", reason.strip()):
        reason = int(reason)
    if isinstance(reason, int) and not isinstance(reason, bool):
        return _NUMBERED.get(reason, "stop" if reason > 20 or not reason else str(reason))
    said = str(reason or "stop")
    letters = re.sub(r"[^a-z]", "", said.rpartition(".")[2].lower()).removeprefix("finishreason")
    if _CUT_OFF.fullmatch(letters):
        return "length"
    if _FILTERED.search(letters) and not _NOT_FILTERED.search(letters):
        return "content_filter"
    if _WHOLE.fullmatch(letters) or _TOKEN.fullmatch(said.strip()):
        return "stop"
    return letters if letters == "error" else said


def seems_cut(text: str) -> bool:
    """Whether a text lacks what a whole one ends with: a sign at the end of a sentence, a bracket, a fence.

    >>> seems_cut('{"text": "A kettle si'), seems_cut("A kettle sings."), seems_cut("")
    (True, False, True)
    """
    return not text.rstrip().endswith(_CLOSED)


def ends_in_call(reason: Any) -> bool:
    """Whether a reply ended in order to call a tool."""
    letters = re.sub(r"[^a-z]", "", str(reason).lower())
    return letters.startswith(("toolcall", "tooluse", "functioncall"))
