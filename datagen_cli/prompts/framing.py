"""One text that a reply is asked for, without the reasoning and the marks of turns that frame it.

Where JSON is asked for, whatever stands outside it is none of it (`thinking.py`). A plain text may itself speak of
marks, show them in code, begin with `My thoughts:` or hold a rule, and a good text that is cut is a loss. So only what
frames the whole reply goes: reasoning that it begins with, a closing mark that stands alone at the end of lines, tokens
at its end, and headings of reasoning only where what they head speaks of writing this very reply.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path

from datagen_cli.core.pattern import PatternFile, compiled_later
from datagen_cli.prompts.thinking import (
    BLANK,
    CLOSES,
    OPENS,
    TURN_BEGINS,
    WRAP_BEGINS,
    WRAPPED,
    answer_of,
    final_channel,
    traced,
)

_CODE = compiled_later(r"```.*?```|`[^`\n]+`", re.DOTALL)
_STRONG = compiled_later(
    r"think|thought|reason|scratch|monologue|chain|reflexion|inner_|channel|budget|THINK", re.IGNORECASE
)
"""Words of marks that hardly any text has as tags of its own; `analysis`, `planning` and their like are others."""
_LETTERS = compiled_later(r"[a-z]+", re.IGNORECASE)
_PARTS = PatternFile(Path(__file__).with_name("thinking.yaml"))
_SPOKEN_OF = _PARTS.pattern("SPOKEN_OF")
_SPOKEN = compiled_later(r"<(thoughts?)>[^\n.!?<>]{1,80}</\1>[^\S\n]+[^\W\d_A-Z]")
"""A few words between marks in the middle of a sentence, which goes on behind them."""
_NAMED = _PARTS.pattern("NAMED", re.IGNORECASE)
_ENDED = compiled_later(r"(?:[.!?…:)\]}\"'”»。！？]|^)\s*\Z", re.MULTILINE)
_ALONE = compiled_later(r"(?:\A|\n)[^\S\n]*\Z")
MOST_FRAMES = 4
MOST_MARKS = 1_000
"""Closing marks of a text; a reply with more is none."""
LOOKED_AT = 200
"""Characters beside a mark that tell whether it stands at the end of a line or of a sentence."""
_TASK = _PARTS.pattern("TASK", re.IGNORECASE)
_BEFORE = _PARTS.pattern("BEFORE_TEXT", re.IGNORECASE | re.DOTALL | re.MULTILINE)
_HEADED = _PARTS.pattern("HEADED", re.IGNORECASE | re.DOTALL | re.MULTILINE)
_CHANNELS = _PARTS.pattern("CHANNELS", re.DOTALL | re.IGNORECASE)
_TRANSCRIPT = compiled_later(r"\s*(?:<\|im_start\|>|<\|start_header_id\|>)\s*(?:user|system)\b", re.IGNORECASE)
_TURN_ENDS = _PARTS.pattern("TEXT_ENDS", re.DOTALL | re.IGNORECASE)


def text_of(reply: str, names: Collection[str] = ()) -> str:
    """The text of a reply, without reasoning and marks around it; empty when it is all reasoning. `names` are those of
    fields: a mark called so is a tag of one."""
    text = reply.strip(BLANK)
    if not traced(text):
        return text
    if next(islice(CLOSES.finditer(text), MOST_MARKS, None), None) is not None:
        return answer_of(text)
    whole = text
    if _CHANNELS.match(text):
        text = final_channel(text)
    text = _without_turn(text)
    text = _without_headed(text)
    text = _without_turn(_after_frames(text, names))
    text = _before_ends(_before_thoughts(text))
    found = WRAPPED.match(text)
    if found and not re.search(r"<[a-z/]", found["inside"]) and (found["tag"] or "") not in names:
        text = found["inside"]
    elif text.strip(BLANK) != whole:  # a wrapper that reasoning stood before may be left open
        begun = WRAP_BEGINS.match(text)
        text = text[begun.end() :] if begun else text
    return text.strip(BLANK)


def thoughts_end(text: str, names: Collection[str] = ()) -> int | None:
    """Where the reasoning ends that a text begins with; its length where it is all reasoning, None without any."""
    opening = OPENS.match(text)
    if opening is None or _word(opening[0]) in names or _SPOKEN.match(text):
        return None
    strong = _is_strong(opening[0])
    ends = [
        close for close in _closes_of(text) if not (_NAMED.match(text, close) and _NAMED.match(text, opening.end()))
    ]
    spoken = _SPOKEN_OF.match(text, opening.end()) is not None
    ends = [close for close in ends if not (spoken and _SPOKEN_OF.match(text, close))]
    if ends:
        rest = text[ends[0] :].strip(BLANK)
        if rest:
            return ends[0]
        return len(text) if strong and not _NAMED.match(text, opening.end()) else None
    if CLOSES.search(text, opening.end()) or not strong or opening.end() == len(text):
        return None
    closed = opening[0].startswith("[") and opening[0] != opening[0].upper() and "start" not in opening[0].lower()
    return None if closed or _NAMED.match(text, opening.end()) else len(text)


def _closes_of(text: str) -> Iterator[int]:
    """The ends of closing marks at which as many are closed as were opened; where there is none, of the last mark."""
    shown = _shown(text)
    marks = sorted(
        [(found.end(), 1, found.start()) for found in OPENS.finditer(text)]
        + [(found.end(), -1, found.start()) for found in CLOSES.finditer(text) if not found[0].endswith("/>")]
    )
    outside = [mark for mark in marks if not shown(mark[2])]
    for some in (outside, marks):
        depth = 0
        for end, step, _ in some:
            depth += step
            if depth <= 0:
                yield end
                return
        last = next((end for end, step, _ in reversed(some) if step < 0), None)
        if last is not None:
            yield last
            return


def _after_frames(text: str, names: Collection[str]) -> str:
    """The text after the reasoning that it begins with, or that a mark without an opening one ends."""
    fenced = re.match(r"```[^\S\n]*\n(?=\s*[<\[◁&])", text)
    inside = text[fenced.end() :].lstrip(BLANK) if fenced else text
    for _ in range(MOST_FRAMES):
        empty = re.match(r"<(?:think|thinking)\s*/>", inside, re.IGNORECASE)
        end = empty.end() if empty else thoughts_end(inside, names)
        if end is None:
            break
        inside = inside[end:].lstrip(BLANK)
        if fenced:
            inside = (
                inside.removeprefix("```").lstrip(BLANK) if inside.startswith("```") else inside.removesuffix("```")
            )
            fenced = None
        text = inside
    return text[_unopened(text, names) :]


def _unopened(text: str, names: Collection[str]) -> int:
    """Where the last closing mark ends that was not opened and stands as the end of reasoning does: alone on its line,
    or behind a sentence at the end of its line, or right between two sentences."""
    shown = _shown(text)
    first, last = len(text) - len(text.lstrip(BLANK)), len(text.rstrip(BLANK))
    depth, at = 0, 0
    marks = [(found.start(), 1, found) for found in OPENS.finditer(text)]
    marks += [(found.start(), -1, found) for found in CLOSES.finditer(text)]
    for start, step, found in sorted(marks, key=lambda mark: mark[0]):
        if shown(start) or _word(found[0]) in names:
            continue
        if step > 0 or depth > 0:
            depth += step
            continue
        before, after = text[max(0, start - LOOKED_AT) : start], text[found.end() : found.end() + LOOKED_AT]
        if not _is_strong(found[0]) or found[0].endswith("/>") or "done" in found[0]:
            continue
        line_ends = re.match(r"[^\S\n]*(?:\n|\Z)", after) is not None
        alone = line_ends and _ALONE.search(before) is not None
        ended = _ENDED.search(before) is not None or re.match(r"[^\S\n]*\n[^\S\n]*\n", after) is not None
        between = re.match(r"[^\W_]|[*#>|{\[]", after) is not None and not before[-1:].isspace()
        if start > first and (alone or (ended and ((line_ends and found.end() < last) or between))):
            at = found.end()
    return at


def _before_thoughts(text: str) -> str:
    """The text before reasoning that begins on a line of its own after it, and is never closed."""
    closed = max((found.end() for found in CLOSES.finditer(text)), default=0)
    fences = [found.start() for found in re.finditer("```", text)]
    first, last = len(text) - len(text.lstrip(BLANK)), len(text.rstrip(BLANK))
    for found in OPENS.finditer(text, closed):
        start, end = found.span()
        before = text[max(0, start - 2) : start]
        new = before == "\n\n" or (before[-1:] in tuple(".!?") and text[end : end + 1] != " ")
        if new and first < start and end < last and _is_strong(found[0]) and bisect_right(fences, start) % 2 == 0:
            spoken = _SPOKEN_OF.match(text, end) is not None
            text = text if spoken else text[:start]
            if not spoken:
                break
    return text


def _without_headed(text: str) -> str:
    found = _BEFORE.match(text)
    if found is None:
        found = _HEADED.match(text)
        if found is None or len(_TASK.findall(found[0])) < (2 if found["so"] else 1):
            return text
    rest = text[found.end() :].lstrip(BLANK)
    return rest if rest else text


def _without_turn(text: str) -> str:
    found = TURN_BEGINS.match(text.lstrip(BLANK))
    if not found:
        return text
    rest = text.lstrip(BLANK)[found.end() :]
    return text if _SPOKEN_OF.match(rest) or not rest.strip(BLANK) else rest.lstrip(BLANK)


def _before_ends(text: str) -> str:
    """The text before a token that ends its turn: the last thing in it, or before the next turn."""
    if _TRANSCRIPT.match(text):
        return text
    shown = _shown(text)
    for found in _TURN_ENDS.finditer(text):
        start = found.start() + len(found[0]) - len(found[0].lstrip())
        attached = start > 0 and not text[start - 1].isspace()
        if found[0].strip() == "</s>" and "<s>" in text:  # a text may strike words through
            continue
        if not shown(start) and (attached or _ENDED.search(text[max(0, start - 20) : start])):
            return text[: found.start()]
    return text


def _shown(text: str) -> Callable[[int], bool]:
    """Tells whether a place in a text stands in code that it shows."""
    spans = [found.span() for found in _CODE.finditer(text)]
    begins = [begin for begin, _ in spans]

    def inside(place: int) -> bool:
        number = bisect_right(begins, place)
        return number > 0 and place < spans[number - 1][1]

    return inside


def _is_strong(mark: str) -> bool:
    return _STRONG.search(mark) is not None


def _word(mark: str) -> str:
    """The name of a tag in a mark, as it is written."""
    found = re.search(r"[^\W\d][\w-]*", mark.replace("&lt;", "<").replace("lt;", ""))
    return found[0].casefold() if found else ""
