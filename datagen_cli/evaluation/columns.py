"""Which columns of a file are its text and its label, when nobody says, and what the cells of a table are.

Nothing here depends on the order of the rows, or on the format of the file: numbers, truth values and times of a CSV
file are what they are in JSON.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from datagen_cli.config.fields import RESERVED
from datagen_cli.core.fields import plain_text
from datagen_cli.core.inside import turns_of, unfolded
from datagen_cli.sources.foreign import value_in
from datagen_cli.sources.proposal import CONTACT, field_name, folded
from datagen_cli.sources.rows import refuse_many_columns
from datagen_cli.sources.tables import INDEX

OF_A_RUN = frozenset((*RESERVED, INDEX))
"""Columns that a run or a table's index wrote."""
FEWEST_ROWS = 100
FEWEST_NUMBERED = 20
ROWS_A_VALUE = 50
SHORT_WORDS, TIMES_SHORTER, ROWS_A_SHORT_VALUE = 3, 3, 5
"""Values of so few words on average, a third of what another column has, say what kind of row it is also where fewer
rows have each, spellings of one value counted once."""
TURN_JOINT = "\n\n"
MOST_DIGITS = 4_000
_IDENTIFIER = re.compile(r"(?:.*[\W_])?(?:u?u?id|guid|uuid|idx|index|key)\W*|.*[a-z](?:Id|ID|Key)", re.IGNORECASE)
_NUMBERED = re.compile(r"(?=.*[^\W\d])(?=.*\d)[\w#/-]+")
_TIME = re.compile(
    r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[T ]+\d\d?:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|\d\d?:\d\d(?::\d\d(?:\.\d+)?)?"
)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WRITTEN_NUMBER = re.compile(r"[-+−]?[$€£]? ?\d+(?:[.,'\u00a0\u202f]\d+)*(?:[eE][-+]?\d+)? ?[%€$£]?")
_NO_WORDS = re.compile(f"{_WRITTEN_NUMBER.pattern}|{CONTACT.pattern}")
_TRUTH = {"true": True, "false": False}


def text_columns(rows: Sequence[Mapping[str, Any]], label: str | None = None) -> list[str]:
    """The columns that are measured as text: those of `string_columns` without `categories`.

    A column of numbers written as text (3.5, 3,50, 1,000, $5, 12 %) is none beside one of words: in a CSV file it would
    be numbers, if it were written as JSON writes them. Nor is one of addresses.
    """
    found = string_columns(rows, label)
    fixed = categories(rows, found)
    kept = [name for name in found if name not in fixed]
    return [name for name in kept if not _numbers(rows, name)] or kept


def string_columns(rows: Sequence[Mapping[str, Any]], label: str | None = None) -> list[str]:
    """The columns that hold text; `id`, the label, times, and a run's own columns and emitted attributes are none.

    Nor are columns named as identifiers whose values are one word each, and those of 20 rows or more whose values are
    all different and one word with letters and digits each. A column must be text in most of the rows where it is not
    null.
    """
    attributes = {name for row in rows if isinstance(row.get("attributes"), dict) for name in row["attributes"]}
    found = []
    for name in column_names(rows):
        if name in OF_A_RUN or name == label or name in attributes:
            continue
        values = [row[name] for row in rows if row.get(name) is not None]
        texts = [value for value in values if isinstance(value, str) and value.strip()]
        others = sum(not isinstance(value, str) for value in values)
        if not texts or others >= len(texts) or all(_TIME.fullmatch(text) for text in texts):
            continue
        if _IDENTIFIER.fullmatch(name) and all(len(text.split()) <= 1 for text in texts):
            continue
        if len(set(texts)) == len(texts) >= FEWEST_NUMBERED and all(map(_NUMBERED.fullmatch, texts)):
            continue
        found.append(name)
    return found


def categories(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Those of several text columns that only say what kind of row it is: no more than one value for every 50 rows, or
    one short value for every 5 rows, in 100 rows or more, while another column varies."""
    if len(names) < 2 or len(rows) < FEWEST_ROWS:
        return []
    words = {name: sum(len(str(row.get(name) or "").split()) for row in rows) / len(rows) for name in names}
    longest = max(words.values())
    fixed = [
        name
        for name in names
        if len({str(row.get(name)) for row in rows}) * ROWS_A_VALUE <= len(rows)
        or (
            words[name] <= min(SHORT_WORDS, longest / TIMES_SHORTER)
            and len({folded(str(row.get(name) or "")) for row in rows}) * ROWS_A_SHORT_VALUE <= len(rows)
        )
    ]
    return fixed if len(fixed) < len(names) else []


def column_names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """All columns, by their usual place in a row. Raises `DataError` for too many."""
    places: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        for place, name in enumerate(row):
            known = places[name]
            known[0] += place
            known[1] += 1
        refuse_many_columns(places)
    return sorted(places, key=lambda name: (places[name][0] / places[name][1], name))


def label_column(rows: Sequence[Mapping[str, Any]], wanted: str | None) -> str | None:
    """The wanted column, else `label`, where some row has it; None otherwise."""
    for name in (wanted, "label"):
        if name is not None and any(row.get(name) is not None for row in rows):
            return name
    return None


def readable(
    rows: list[dict[str, Any]], wanted: Sequence[str] = (), label: str | None = None
) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows with the texts of conversations and, where there is no text beside the label otherwise or a wanted
    column is a path (`data.text`), of objects as columns; and what was done."""
    rows, said = with_turns(rows)
    notes = [said] if said else []
    known = {*column_names(rows)}
    deep = {*wanted} - known if wanted else not string_columns(rows, label)
    if deep and any(isinstance(value, dict) for row in rows for value in row.values()):
        rows = [unfolded(row) for row in rows]
        found = [name for name in column_names(rows) if name not in known]
        notes.append(f"objects are read as columns: {', '.join(found[:8])}{' …' if len(found) > 8 else ''}")
    return rows, notes


def with_turns(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """The rows with what each role says in conversations (a list of turns) as a column for each, and a sentence of it;
    rows without conversations as they are."""
    names = [name for name in column_names(rows[:1]) if rows and turns_of(rows[0].get(name))]
    names = [name for name in names if all(row.get(name) is None or turns_of(row[name]) for row in rows)]
    if not names:
        return rows, ""
    taken = {*column_names(rows)}
    made: dict[str, None] = {}
    found = []
    for row in rows:
        said: defaultdict[str, list[str]] = defaultdict(list)
        for name in names:
            for role, text in turns_of(row.get(name)):
                said[role if len(names) == 1 and role not in taken else f"{name} {role}"].append(plain_text(text))
        made |= dict.fromkeys(said)
        found.append({**row, **{role: TURN_JOINT.join(texts) for role, texts in said.items()}})
    return found, f"the turns of {', '.join(names)} are read as {', '.join(made)}"


def same_column(columns: Sequence[str], name: str) -> str:
    """The column of that name, else the only one that is called so but for case, spaces and marks (`Customer message`
    for `customer_message`, as `init --from` names it); the name itself where there is none."""
    if name in columns:
        return name
    alike = [column for column in columns if field_name(column) == field_name(name)]
    return alike[0] if len(alike) == 1 else name


def typed(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a table, whose cells are all texts, with the values that JSON would have.

    A column is numbers, truth values or objects where all its cells that are not empty are; its empty cells are null.
    """
    readers: dict[str, Callable[[str], Any]] = {}
    for name in column_names(rows):
        cells = {cell.strip() for row in rows if isinstance(cell := row.get(name), str) and cell.strip()}
        if cells and all(_NUMBER.fullmatch(cell) and _held(cell) for cell in cells):
            readers[name] = _number
        elif cells and all(cell.casefold() in _TRUTH for cell in cells):
            readers[name] = lambda cell: _TRUTH.get(cell.strip().casefold())
        elif cells and all(isinstance(value_in(cell), dict) for cell in cells):
            readers[name] = value_in
    return [
        {name: readers[name](cell) if name in readers else cell for name, cell in row.items() if name != INDEX}
        for row in rows
    ]


def _numbers(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return all(_NO_WORDS.fullmatch(str(row[name]).strip()) for row in rows if row.get(name) not in (None, ""))


def _number(cell: str) -> int | float | None:
    text = cell.strip()
    if not text:
        return None
    return float(text) if set(text) & set(".eE") else int(text)


def _held(cell: str) -> bool:
    """Whether JSON's readers hold a number: it is finite, and no longer than Python reads a whole one."""
    return len(cell) <= MOST_DIGITS and isfinite(float(cell))
