"""Texts that go on and on: a beginning that a reader knows, then one piece thousands of times, and what breaks it off.

An expression that may read a piece in two ways, or looks through the rest of a text from each of them, takes the square
or the cube of a text's length. Every reader of replies, answers and rows reads each of the texts in `MOST_CPU_S`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.attack.attack import Attack, apart
from datagen_cli.constraints.language import detect
from datagen_cli.core.budget import TooMuch, within
from datagen_cli.core.fields import FieldSpec
from datagen_cli.llm.completion import read_reply
from datagen_cli.llm.faults import Fault, fault_in
from datagen_cli.metrics.repetition import repetition
from datagen_cli.metrics.safety import inspect
from datagen_cli.prompts.checking import read_begun_verdict, read_program, read_verdict
from datagen_cli.prompts.declining import declines
from datagen_cli.prompts.framing import text_of
from datagen_cli.prompts.parse import parse_reply
from datagen_cli.prompts.plain_text import parse_text
from datagen_cli.prompts.sections import parse_sections
from datagen_cli.text.answers import final_answer
from datagen_cli.text.entities import find_entities
from datagen_cli.text.tokens import terms, words

SIGNS, MOST_CPU_S = 60_000, 6.0
END = "\x00x 1"
KNOWN = ("yes", "no", "unclear")
TEXT, NUMBER, CODE = FieldSpec("text", "text"), FieldSpec("n", "number"), FieldSpec("code", code=True)


def _body(text: str) -> object:
    try:
        return read_reply(text.encode("utf-8", "replace"), ("planted-key-1A2b3C",), kind="application/json")
    except Fault as fault:
        return fault


READERS: dict[str, Callable[[str], object]] = {
    "records": lambda text: parse_reply(text, "stop", (TEXT, NUMBER), 2),
    "one text": lambda text: parse_reply(text, "stop", (TEXT,), 1),
    "plain text": lambda text: parse_text(text, "stop", TEXT),
    "parts": lambda text: parse_sections(text, "stop", (TEXT, CODE)),
    "verdict": lambda text: read_verdict(text, KNOWN),
    "a verdict that is cut": lambda text: read_begun_verdict(text, KNOWN),
    "program": read_program,
    "frames": text_of,
    "declining": declines,
    "answer": final_answer,
    "safety": inspect,
    "terms": terms,
    "words": words,
    "names": find_entities,
    "repetition": lambda text: repetition([text]),
    "language": detect,
    "body": _body,
    "fault": lambda text: fault_in(400, {}, text.encode("utf-8", "replace"), ("planted-key-1A2b3C",), 0.0),
}
BEGINNINGS = (
    "", "<answer>", "\\boxed{", "\\tfrac{", "answer:", "## Thinking", "ich bedaure,", "1^", "(1+", "```", "<think>",
    "#### ", "$", "|", "- ", "Name: ", "<!--", "[INST]", "**Thoughts**", '{"records": [{"text": "', '{"verdict": "',
    "print(", "1/", '{"choices":[{"delta":{"content":"a"}}]}\n', "<text>",
)  # fmt: skip
PIECES = (
    " ", "\n", "\t", "_", "<s>", ",77", ",111", "1 ", "a_", "- ", "* ", '"', "{", "<answer>", "|", "1.", "a@", "\\",
    "=", "and ", "\\boxed{", "#", "0\n", "a. ", "Ab ", "\u0301", "twenty-", "`", "'", "&amp;",
)  # fmt: skip


def attacks() -> list[Attack]:
    """Every beginning with every piece."""
    return [Attack(f"{start!r}, {piece!r}", partial(tried, start, piece)) for start in BEGINNINGS for piece in PIECES]


def tried(start: str, piece: str, folder: Path) -> str:
    """The readers that do not end soon, in a process of its own."""
    text = (start + piece * (SIGNS // len(piece)))[:SIGNS] + END
    return apart(partial(_read, text), folder)


def _read(text: str, note: Callable[[str], None]) -> str:
    found = []
    for name, reader in READERS.items():
        note(name)
        try:
            within(partial(reader, text), cpu_s=MOST_CPU_S)
        except TooMuch as error:
            found.append(f"{name}: {error}")
    return "; ".join(found)
