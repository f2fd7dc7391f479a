"""Replies read by the form that they were asked for in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.task import Form
from datagen_cli.prompts.parse import ParsedReply, parse_reply
from datagen_cli.prompts.plain_text import parse_text
from datagen_cli.prompts.sections import parse_labelled, parse_sections


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
