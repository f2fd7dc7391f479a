"""What every output format does: it writes the rows of a run into a file as a training library reads them."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from datagen_cli.core.errors import UsageError
from datagen_cli.core.inside import turns_of
from datagen_cli.core.jsonl import dump, write_aside

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields of a run's rows: all in order, those that ask and those that answer, and what all rows are about.

    `asking` and `answering` are empty where nothing says which they are; `about` is the recipe's description,
    `conversation` the field that holds whole conversations, where one does and nobody named fields that ask or answer.
    `separator` ends every prompt of a format that `joins`. `instruction` says what is asked of every row: a system
    message, the instruction of `alpaca`, or the first lines of a prompt.
    """

    fields: tuple[str, ...]
    asking: tuple[str, ...] = ()
    answering: tuple[str, ...] = ()
    about: str = ""
    conversation: str = ""
    separator: str = ""
    instruction: str = ""


@dataclass(frozen=True, slots=True)
class Exported:
    """Rows to write: accepted ones and, for preference pairs, worse ones.

    `rejected` are attempts at the same slots, `weak` the base rows by the ids of the records that improve on them.
    `whole` has the rows of all splits, where there are several: `datasets` reads their files only if all have the same
    columns and types. `mark` asks for a byte order mark where a format can have one.
    """

    rows: Sequence[Row]
    rejected: Sequence[Row] = ()
    weak: Mapping[str, Row] = field(default_factory=dict)
    whole: Sequence[Row] = ()
    mark: bool = False


class Format:
    """A format whose file is JSON Lines. A subclass says how one accepted row becomes a line.

    `suffix` ends the file's name. `asks`: it needs a prompt and a completion; `converses`: a conversation will do
    instead; `pairs`: it writes rejected attempts, too; `marks`: the file may begin with a byte order mark; `binary`: it
    is no text; `joins`: trainers put the completion right behind the prompt.
    """

    suffix: ClassVar[str] = ".jsonl"
    asks: ClassVar[bool] = True
    converses: ClassVar[bool] = False
    pairs: ClassVar[bool] = False
    marks: ClassVar[bool] = False
    binary: ClassVar[bool] = False
    joins: ClassVar[bool] = False

    def __init__(self, columns: Columns) -> None:
        whole = self.converses and columns.conversation
        if self.asks and not whole and not (columns.asking and columns.answering):
            turns = f"; for the turns of {columns.conversation} --to messages" if columns.conversation else ""
            raise UsageError(
                "nothing says which fields ask and which answer",
                hint=f"--prompt FIELD --completion FIELD; fields: {', '.join(columns.fields)}{turns}",
            )
        self.columns = columns

    def line(self, row: Row) -> dict[str, Any]:
        """One row as the format has it."""
        raise NotImplementedError

    def lines(self, data: Exported) -> Iterator[dict[str, Any]]:
        """All lines of the file."""
        return map(self.line, data.rows)

    def size(self, data: Exported) -> int:
        """How many rows the file has."""
        return len(data.rows)

    def parts(self, data: Exported) -> Iterable[bytes]:
        """The file piece by piece; of a text each ends a line."""
        return (dump(line) + b"\n" for line in self.lines(data))

    def write(self, path: Path, data: Exported) -> None:
        """Writes the file whole, or not at all."""
        write_aside(path, self.parts(data))

    def prompt(self, row: Row) -> str:
        """What a row asks, behind the instruction."""
        return self.instructed(joined(row, self.columns.asking))

    def instructed(self, asked: str) -> str:
        """The instruction, where there is one, and what is asked."""
        return f"{self.columns.instruction}\n\n{asked}" if self.columns.instruction else asked

    def completion(self, row: Row) -> str:
        """What a row answers."""
        return joined(row, self.columns.answering)

    def turns(self, row: Row) -> list[tuple[str, str]]:
        """Who says what: the conversation that a row holds, else what it asks and what it answers; a field that asks
        or answers may hold turns, too. The instruction comes first, unless the row has a system message of its own."""
        if self.columns.conversation:
            said = _turns(row, (self.columns.conversation,), "user")
        else:
            said = _turns(row, self.columns.asking, "user") + _turns(row, self.columns.answering, "assistant")
        system = [("system", self.columns.instruction)] if self.columns.instruction and said[0][0] != "system" else []
        return system + said


def joined(row: Row, names: Sequence[str]) -> str:
    """The texts of some fields: the bare text of one, a line `name: text` for each of several."""
    if len(names) == 1:
        return plain(row.get(names[0]))
    return "\n".join(f"{name}: {plain(row.get(name))}" for name in names)


def _turns(row: Row, names: Sequence[str], who: str) -> list[tuple[str, str]]:
    turns = turns_of(row.get(names[0])) if len(names) == 1 else []
    return [(role, plain(said)) for role, said in turns] or [(who, joined(row, names))]


def plain(value: Any) -> str:
    """A value as text: texts as they are, nothing for null, JSON for the rest."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def flattened(rows: Sequence[Row], whole: Sequence[Row] = (), *, lists: bool = False) -> Iterator[dict[str, Any]]:
    """Rows as a table has them: attributes and verdicts in columns of their own, mappings as JSON text, lists too
    unless `lists` keeps them. An attribute that was copied into the records, with its value in every row of `whole`, or
    of the rows, is no second column."""
    every = whole or rows
    copied = {name for row in every for name in _attributes(row) if name in row}
    copied = {name for name in copied if all(row.get(name) == _attributes(row).get(name) for row in every)}
    return (_flat(row, copied, lists) for row in rows)


def _attributes(row: Row) -> Mapping[str, Any]:
    found = row.get("attributes")
    return found if isinstance(found, Mapping) else {}


def _flat(row: Row, copied: Container[str], lists: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name == "attributes" and isinstance(value, Mapping):
            found |= {f"{name}.{key}": item for key, item in value.items() if key not in copied}
        elif name == "verdicts" and isinstance(value, Mapping):
            found |= {f"{name}.{key}": item for key, item in value.items()}
        else:
            found[name] = plain(value) if isinstance(value, dict if lists else list | dict) else value
    return found


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns of flattened rows, in the order in which they come up."""
    return list(dict.fromkeys(name for row in rows for name in row))
