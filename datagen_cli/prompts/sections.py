"""A record asked for in parts of free text: every field after its name and a colon, programs in fenced blocks.

Code inside JSON strings costs small and large models alike some of their ability (AgoraBench, arXiv 2412.03679), so
this is how records with code are asked for. One field of code alone is asked for as one block. Read tolerantly: names
in bold or as headings, reasoning before, a reply in JSON all the same. Does *not* run or judge the code.
"""

from __future__ import annotations

import ast
import html
import json
import re
import textwrap
import warnings
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
from typing import Any

from datagen_cli.core.fields import FieldSpec, plain_text
from datagen_cli.core.pattern import compiled_later
from datagen_cli.core.task import Form
from datagen_cli.prompts.framing import text_of
from datagen_cli.prompts.parse import ParsedReply, ended_early, one_record, parse_reply, writable
from datagen_cli.prompts.plain_text import clean, parse_text
from datagen_cli.prompts.wording import PARTS_FORM, PROGRAM_FORM, PROGRAMS_FORM

_OPENS = compiled_later(r"[ \t]*```[ \t]*([\w+#.-]*)[^`]*")
_CLOSES = compiled_later(r"[ \t]*```[ \t]*")
_CDATA = compiled_later(r"(?:\s*<!\[CDATA\[)?(.*?)(?:\]\]>\s*)?", re.DOTALL | re.IGNORECASE)
_JSON = compiled_later(r"[{\[]\s*(?:[\"'“{\[]|$)", re.MULTILINE)
_PYTHON = ("python", "py", "python3")


def sections_form(specs: Sequence[FieldSpec]) -> str:
    """How to answer, in words: nothing in it can be copied into a record."""
    if len(specs) == 1 and specs[0].code:
        return PROGRAM_FORM
    names = ", ".join(spec.name for spec in specs)
    return PARTS_FORM.format(names=names) + (PROGRAMS_FORM if any(spec.code for spec in specs) else "")


def as_sections(record: Mapping[str, Any], specs: Sequence[FieldSpec]) -> str:
    """A record as such an answer."""
    if len(specs) == 1 and specs[0].code:
        return _block(record.get(specs[0].name))
    parts = []
    for spec in specs:
        value = record.get(spec.name)
        parts.append(f"{spec.name}:\n{_block(value)}" if spec.code else f"{spec.name}: {plain_text(value)}")
    return "\n".join(parts)


def _block(code: Any) -> str:
    return f"```python\n{str(code).strip()}\n```"


def parse_sections(text: str, finish_reason: str, specs: Sequence[FieldSpec]) -> ParsedReply:
    """The one record of a reply that was asked for in parts."""
    early = ended_early(finish_reason)
    if early is not None:
        return early
    whole = text_of(writable(text)[0], [spec.name.casefold() for spec in specs]).replace("\r\n", "\n")
    if not whole.strip():
        return ParsedReply(problems=("the reply is empty",))
    if re.search(rf"[{{\[]\s*[\"'](?:records|{re.escape(specs[0].name)})[\"']\s*:", whole):
        parsed = parse_reply(whole, finish_reason, specs, 1)
        if parsed.whole:
            return parsed
    return one_record(_values(whole, specs), specs, whole)


def parse_labelled(text: str, specs: Sequence[FieldSpec]) -> ParsedReply | None:
    """The one record of a reply that was asked for in JSON and came as a line (`mood: calm`, YAML among them), a tag or
    a table's column for every field; None where that cannot be told for sure."""
    written = [spec for spec in specs if spec.written]
    answer = text_of(writable(text)[0], [spec.name.casefold() for spec in specs]).replace("\r\n", "\n")
    whole = re.sub(r"^[ \t]*```.*$", "", answer, flags=re.MULTILINE)
    if not written or _JSON.search(whole):
        return None
    values = _tagged(whole, written) or _tabled(whole, written) or _lined(whole, written)
    return one_record(values, written) if values is not None else None


def _tagged(text: str, specs: Sequence[FieldSpec]) -> dict[str, Any] | None:
    """Values between tags of the fields' names, with no words beside them."""
    found = {}
    for spec in specs:
        opening, closing = (re.compile(rf"<{end}{re.escape(spec.name)}>", re.IGNORECASE) for end in ("", "/"))
        begin = opening.search(text)
        end = closing.search(text, begin.end()) if begin else None
        if begin is None or end is None:
            return None
        again = opening.search(text, end.end())
        if again and closing.search(text, again.end()):
            return None
        written = _CDATA.fullmatch(text[begin.end() : end.start()])
        value = written[1] if written else ""
        text = text.replace(value, "", 1)
        found[spec.name] = html.unescape(value.strip())
    return None if re.search(r"\w", re.sub(r"<[^<>]*>", "", text)) else found


def _tabled(text: str, specs: Sequence[FieldSpec]) -> dict[str, Any] | None:
    """The one row of a table with a column for every field."""
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if set(line) - set("|-: ")]
    if len(rows) != 2 or len(rows[0]) != len(rows[1]):
        return None
    cells = {name.strip("*_ ").casefold(): cell for name, cell in zip(*rows, strict=True)}
    names = [spec.name.casefold() for spec in specs]
    return {spec.name: cells[spec.name.casefold()] for spec in specs} if cells.keys() >= set(names) else None


def _lined(text: str, specs: Sequence[FieldSpec]) -> dict[str, Any] | None:
    """Values behind the fields' names at the beginning of lines, each of which stands there once."""
    marks = {spec.name: _marks(text, spec.name) for spec in specs}
    if len(specs) == 1 or any(len(found) != 1 for found in marks.values()):
        return None
    starts = sorted(found[0][0] for found in marks.values())
    values: dict[str, Any] = {}
    for spec in specs:
        start, end = marks[spec.name][0]
        part = text[end : next((place for place in starts if place > start), len(text))]
        block = re.match(r"[ \t]*[|>][-+]?\n", part)
        part = clean(textwrap.dedent(part[block.end() :]) if block else part.strip())
        lines = len(part.splitlines())
        if (spec.type not in ("text", "list", "json") and lines > 1) or (start == starts[-1] and "\n\n" in part):
            return None  # a remark may follow
        values[spec.name] = part if spec.type == "text" else _value(part, spec)
    return values


def _values(text: str, specs: Sequence[FieldSpec]) -> dict[str, Any]:
    """The value of every field, where there is one."""
    found: dict[str, Any] = {}
    parts = _parts(text, specs)
    named = [spec.name for spec in specs if spec.code and _code(parts.get(spec.name, "")) is not None]
    borrowed = len(named) < sum(spec.code for spec in specs)  # a program stands in another part, which is not its own
    for spec in specs:
        part = parts.get(spec.name)
        if spec.code:
            found[spec.name] = _code(part) if part is not None else None
            if found[spec.name] is None:  # its name was left out: a block of another part
                found[spec.name] = next((block for other in parts.values() for _, block in _blocks(other)), None)
        elif part is not None:
            found[spec.name] = _value(_without_blocks(part) if borrowed else part, spec)
    return found


def _parts(text: str, specs: Sequence[FieldSpec]) -> dict[str, str]:
    """The text after each name; what stands before the first name belongs to the first field if it has none."""
    if len(specs) == 1:
        mark = next(iter(_marks(text, specs[0].name)), None)
        return {specs[0].name: text[mark[1] :] if mark else text}
    places: list[tuple[int, int, str]] = []
    at = 0
    for number, spec in enumerate(specs):
        marks = [mark for mark in _marks(text, spec.name) if mark[0] >= at]
        if marks:
            start, end = marks[-1] if number == len(specs) - 1 else marks[0]
            places.append((start, end, spec.name))
            at = end
    parts = {}
    starts = [start for start, _, _ in places]
    for (_, end, name), following in zip(places, [*starts[1:], len(text)], strict=False):  # no place at all: no part
        parts[name] = text[end:following]
    before = text[: places[0][0]] if places else text
    if specs[0].name not in parts and before.strip():
        parts[specs[0].name] = before
    return parts


def _marks(text: str, name: str) -> list[tuple[int, int]]:
    """Where a field's name stands at the beginning of a line with a colon after it, outside fenced blocks."""
    inside = [span for span, _, _ in _fenced(text)]
    words = r"[ _-]".join(map(re.escape, re.split(r"[ _-]", name)))
    pattern = re.compile(rf"^[ \t>*_#\[\d.•-]*{words}[\]*_]*[ \t]*[:：][*_]*", re.IGNORECASE | re.MULTILINE)
    found = [match.span() for match in pattern.finditer(text)]
    starts = [start for start, _ in inside]
    before = [(span, bisect_right(starts, span[0])) for span in found]
    return [span for span, count in before if not count or span[0] >= inside[count - 1][1]]


def _blocks(text: str) -> list[tuple[str, str]]:
    return [(language.lower(), code.rstrip()) for _, language, code in _fenced(text) if code.strip()]


def _without_blocks(text: str) -> str:
    ends = [0, *(place for span, _, _ in _fenced(text) for place in span), len(text)]
    return "".join(text[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True))


def _fenced(text: str) -> list[tuple[tuple[int, int], str, str]]:
    """The place, the language and the content of every fenced block. Each line is read once: a pattern for whole blocks
    looks for an end anew from every line that might begin one."""
    lines = text.split("\n")
    places = [0, *accumulate(len(line) + 1 for line in lines)]
    found: list[tuple[tuple[int, int], str, str]] = []
    at, last = 0, max((number for number, line in enumerate(lines) if _CLOSES.fullmatch(line)), default=0)
    while at < last:
        opened = _OPENS.fullmatch(lines[at])
        if opened:
            end = next(number for number in range(at + 1, last + 1) if _CLOSES.fullmatch(lines[number]))
            content = text[places[at + 1] : places[end]]
            found.append(((places[at], places[end] + len(lines[end])), opened[1], content))
            at = end
        at += 1
    return found


def _code(text: str) -> str | None:
    """The last block that says it is Python, else the last one, else the text itself where it reads as a program."""
    blocks = _blocks(text)
    named = [code for language, code in blocks if language in _PYTHON]
    if blocks:
        return (named or [code for _, code in blocks])[-1]
    bare = re.sub(r"^[ \t]*```[\w]*[ \t]*$", "", text, flags=re.MULTILINE).strip()
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(bare)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return bare if any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign) for node in tree.body) else None


def _value(text: str, spec: FieldSpec) -> Any:
    """A part in the form that its field's type is read from."""
    text = text.strip()
    if spec.type == "text":
        return clean(text)
    if spec.type in ("list", "json"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            lines = [re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line).strip() for line in text.splitlines()]
            return [line for line in lines if line] if spec.type == "list" else text
    return next(iter(text.splitlines()), "").strip().strip("*_`").strip()


def parse_as(
    form: Form, text: str, finish_reason: str, specs: Sequence[FieldSpec], wanted: int, known: Collection[str] = ()
) -> ParsedReply:
    """The records of a reply: one text, one record in parts, or `wanted` records in JSON; one that came as lines,
    tags or a table instead is read, too. `known` as in `parse_reply`."""
    if form == "text":
        return parse_text(text, finish_reason, specs[0])
    if form == "fences":
        return parse_sections(text, finish_reason, specs)
    parsed = parse_reply(text, finish_reason, specs, wanted, known)
    if wanted == 1 and not parsed.records and not parsed.refused and not parsed.truncated:
        return parse_labelled(text, specs) or parsed
    return parsed
