"""Reads the programs beside this file: `### name | flags`, the text, and for the legitimate ones what they print."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
_PRINTS = "=== prints\n"
AS_THE_SYSTEM = (
    "import builtins, io, os, posix, sys; "
    "[setattr(os, n, getattr(posix, n)) for n in dir(posix) if not n.startswith('_') and n != 'environ']; "
    "import _io; builtins.open = io.open = _io.open; "
    "__import__('asyncio').set_event_loop_policy(None); "
    "import sqlite3, _sqlite3; sqlite3.connect = sqlite3.dbapi2.connect = _sqlite3.connect\n"
)
"""Begins an attack: what a program may do itself, the system's own functions in the place of those that keep files in
memory and SQLite's, and the usual event loop."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the tables; `prints` is its whole standard output."""

    name: str
    code: str
    prints: str = ""
    flags: frozenset[str] = frozenset()


def read_programs(pattern: str) -> list[Program]:
    """All programs of the files that match, in their order."""
    found = []
    for path in sorted(FOLDER.glob(pattern)):
        for part in ("\n" + path.read_text("utf-8")).split("\n### ")[1:]:
            head, _, text = f"{part.removesuffix(chr(10))}\n".partition("\n")
            name, _, flags = head.partition(" | ")
            code, _, prints = text.partition(_PRINTS)
            found.append(Program(name, code, prints, frozenset(flags.split())))
    return found


ATTACKS = read_programs("attacks_*.txt")
LEGITIMATE = read_programs("legit_*.txt")
