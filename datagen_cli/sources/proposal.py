"""What a recipe for a user's rows may look like: which columns become fields, which is the label, how it is spelt.

Rules, not a model: they look at values and at names, and every decision is said, so that the user can change it.
Spellings are one when they differ in case, white space, marks or Unicode form alone; labels that differ by a letter
are pointed out and left as they are. A column of few short texts or whole numbers beside the label becomes an attribute
that is copied into the record: it may be empty in some rows. One that follows from the label, or from another, does
not. Every field of the rows has a value, for a base may have no empty cells.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from datagen_cli.config.fields import RESERVED
from datagen_cli.sources.rows import refuse_many_columns

MAX_LABELS = 50
MAX_LABEL_WORDS = 5
ROWS_A_LABEL = 3
"""A column is taken for a label, or an attribute, only when its values come this often on average."""
MAX_ATTRIBUTE_VALUES = 20
OFTEN = 0.1
"""A column with a larger share of empty cells becomes no field; with a smaller one its empty rows are left out."""
LABEL_NAMES = (
    "label", "category", "class", "topic", "intent", "sentiment", "target", "tag", "type", "kind", "group", "queue",
    "rating", "priority",
)  # fmt: skip
LABEL_WORDS = frozenset((
    "stars", "score", "grade", "severity", "urgency", "status", "department", "emotion", "kategorie", "klasse", "thema",
    "typ", "bewertung", "sterne", "categorie", "catégorie", "classe", "sujet", "categoria", "categoría", "tipo",
    "etiqueta", "kategoria", "klasa", "ocena", "категория", "тема", "класс", "метка", "оценка", "分类", "類別", "分類",
    "ラベル",
))  # fmt: skip
"""Further names of labels, as whole words: they stand in other words, too."""
NEAR = 0.8
_NUMBER = re.compile(r"[-+]?\d{1,3}(?:[  ,]?\d{3})*(?:\.\d+)?|[-+]?\d+(?:\.\d+)?")
_COMMA_NUMBER = re.compile(r"[-+]?\d+(?:\.\d{3})*,\d+|[-+]?\d+")
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(?::\d{2})?")
CONTACT = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+|\+?[\d ()/-]{7,}|https?://\S+")
_MARKS = re.compile(r"[\s_.,:;!?'\"()/]|-(?!\d)")
_STOPS = (".", ",", ":", ";")
_ID = re.compile(r"(?=.*\d)[\w/~:.#-]+")
_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")
IDS = frozenset(("id", "ids", "idx", "uid", "uuid", "guid", "index", "ind"))
"""Words of names that say that a column tells rows, or what they belong to, apart."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that becomes a field: its name in the file and in the recipe, and its type there."""

    source: str
    name: str
    type: str


MOST_NAMED = 8
"""Columns that a sentence names one by one; where there are more, it counts those beyond a few of each kind."""
ASKED, ASKED_WITH = ("instruction", "question", "prompt"), ("input", "context")
"""Names of what is asked, and of what is asked along with it in some rows, as in Alpaca and Dolly."""
FIELDS = ("text", "number", "decimal", "boolean", "list")


@dataclass(slots=True)
class Proposal:
    """`columns` in the file's order, the label's field or None, `spellings` from each one found to the one kept,
    `counts` of the label's values, `attributes` with the counts of their values, `notes` for the user, and the `rows`
    in the recipe's fields."""

    columns: list[Column]
    label: str | None
    rows: list[dict[str, Any]]
    spellings: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    attributes: dict[str, Counter[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def propose(rows: Sequence[Mapping[str, Any]], *, named: bool = True) -> Proposal:
    """A proposal for rows. `columns` is empty when no column holds text or a label. Raises `DataError` for too many.

    `named` is False where the file has no header, so that the names say nothing: the label is then looked for at the
    ends of a row first, numbers of few values among them.
    """
    notes: list[str] = []
    columns: list[Column] = []
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))
        refuse_many_columns(names)
    values = {name: [row.get(name) for row in rows] for name in names}
    rows, joined = _join_asked(rows, values)
    notes += joined
    kinds = {name: _kind(name, found) for name, found in values.items()}
    candidates = _labels(values, kinds, named)
    label = candidates[0] if candidates else None
    chosen = {name: counts for name in kinds if name != label and (counts := _choices(kinds[name], values[name]))}
    for name in [*chosen]:
        others = [other for other in (label, *chosen) if other not in (None, name)]
        if (of := next((other for other in others if _follows(values[name], values[str(other)])), None)) is not None:
            kinds[name] = f"follows from {of}"
            del chosen[name]
    _leave_out_empty(kinds, values, {label, *chosen})
    taken: dict[str, int] = {}
    attributes: dict[str, Counter[str]] = {}
    for name, kind in kinds.items():
        if name in chosen:
            attributes[_field_name(name, taken)] = chosen[name]
        elif name == label or kind in FIELDS:
            columns.append(Column(name, _field_name(name, taken), "label" if name == label else kind))
    kept = {column.source for column in columns} | set(chosen)
    dropped = {name: kind for name, kind in kinds.items() if name not in kept}
    if dropped:
        notes.append(f"columns left out: {_by_kind(dropped)}")
    made = Proposal(columns, next((c.name for c in columns if c.source == label), None), [], notes=notes)
    made.attributes = attributes
    if not any(column.type in ("text", "label") for column in columns):
        return made
    if label is not None:
        _settle_spellings(made, values[label])
    if not named:
        notes.append(_guessed(made, [name for name in candidates[1:] if name in kept]))
    made.rows = [row for row in (_row(made, row) for row in rows) if row is not None]
    if missing := len(rows) - len(made.rows):
        what = "row has an empty cell" if missing == 1 else "rows have empty cells"
        notes.append(f"{missing:,} {what}: left out")
    return made


def _join_asked(
    rows: Sequence[Mapping[str, Any]], values: dict[str, list[Any]]
) -> tuple[Sequence[Mapping[str, Any]], list[str]]:
    """The rows in which a text that only some of them have stands behind what is asked, and a note of it; takes its
    column out of `values` then."""
    asked = next((name for name in values if name.strip().lower() in ASKED), None)
    more = next((name for name in values if name.strip().lower() in ASKED_WITH), None)
    if asked is None or more is None or not all(v is None or isinstance(v, str) for v in values[more]):
        return rows, []
    empty = sum(map(_empty, values[more]))
    if not OFTEN * len(rows) < empty < len(rows):
        return rows, []
    both = [
        one if _empty(one) or _empty(other) else f"{_plain(one)}\n\n{_plain(other)}"
        for one, other in zip(values[asked], values[more], strict=True)
    ]
    values[asked] = both
    del values[more]
    note = f"{more}, which is empty in {empty:,} rows, stands behind {asked} in the others"
    return [{**row, asked: text} for row, text in zip(rows, both, strict=True)], [note]


def _guessed(made: Proposal, others: Sequence[str]) -> str:
    """What a file without a header leaves open: the names of its columns, and which of them is the label."""
    known = {column.source: column.name for column in made.columns}
    may = [known.get(name, name.replace(" ", "_")) for name in others]
    guess = f", the label {made.label} is a guess" if made.label is not None else ", no label was found"
    also = f" ({', '.join(may)} could be it)" if may else ""
    return f"there is no header: the columns have no names{guess}{also}; a first line with their names tells more"


def _by_kind(dropped: Mapping[str, str]) -> str:
    """Columns with why each becomes no field; many of one kind by the first of them and how many more there are."""
    if len(dropped) <= MOST_NAMED:
        return ", ".join(f"{name} ({kind})" for name, kind in dropped.items())
    names: dict[str, list[str]] = {}
    for name, kind in dropped.items():
        names.setdefault(kind, []).append(name)
    return "; ".join(f"{kind}: {first_of(found)}" for kind, found in list(names.items())[:MOST_NAMED])


def first_of(names: Sequence[str], most: int = MOST_NAMED // 2) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most + 1 else ""
    return ", ".join(names[:most] if more else names) + more


def _follows(values: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether each of the other column's values has one of this column's: drawn by itself, it would contradict it."""
    pairs = {(folded(_plain(other)), folded(_plain(value))) for other, value in zip(others, values, strict=True)}
    return len(pairs) == len({other for other, _ in pairs})


def _choices(kind: str, values: Sequence[Any]) -> Counter[str]:
    """The values of a column of few short texts or whole numbers, each in its most frequent spelling; empty for any
    other column."""
    texts = [_plain(value) for value in values if not _empty(value)] if kind in ("text", "number") else []
    if kind == "number" and not all(re.fullmatch(r"-?\d+", text) for text in texts):
        return Counter()
    groups = _spellings(texts)
    short = sum(len(text.split()) for text in texts) <= MAX_LABEL_WORDS * len(texts)
    if not short or not 2 <= len(groups) <= MAX_ATTRIBUTE_VALUES or len(texts) < ROWS_A_LABEL * len(groups):
        return Counter()
    return Counter({best: spelt.total() for best, spelt in groups.items()})


def _leave_out_empty(kinds: dict[str, str], values: Mapping[str, Sequence[Any]], others: Container[str | None]) -> None:
    """Marks the columns that are empty too often for a field; the fullest text stays."""
    blank = {name: sum(map(_empty, found)) for name, found in values.items() if kinds[name] in FIELDS}
    texts = [name for name in blank if kinds[name] == "text" and name not in others]
    fullest = min(texts, key=lambda name: blank[name], default=None)
    for name, count in blank.items():
        if name != fullest and name not in others and count > OFTEN * len(values[name]):
            kinds[name] = f"empty in {count:,} rows"


def _kind(name: str, values: Sequence[Any]) -> str:
    """What a column holds: text, number, decimal (with a comma), boolean, list; or why it becomes no field."""
    there = [value for value in values if not _empty(value)]
    if len(there) < max(1, len(values) // 20):
        return "almost empty"
    if any(isinstance(value, dict) for value in there):
        return "objects"
    texts = [_plain(value) for value in there]
    if len(set(texts)) > 1 and all(map(_DAY.fullmatch, texts)):
        return "dates"
    named = not any(word in name.lower() for word in LABEL_NAMES) and IDS & {w.lower() for w in _WORDS.findall(name)}
    if named and not any(isinstance(value, bool | list) for value in there) and not any(" " in text for text in texts):
        return "an id"
    for kind, of in (("boolean", bool), ("number", int | float), ("list", list)):
        if all(isinstance(value, of) for value in there):
            return "an id" if kind == "number" and _counts_rows(name, there) else kind
    if len(set(texts)) == 1 and len(texts) > 1:
        return "always the same"
    for kind, pattern in (("dates", _DATE), ("number", _NUMBER), ("decimal", _COMMA_NUMBER), ("contacts", CONTACT)):
        if sum(bool(pattern.fullmatch(text)) for text in texts) >= 0.95 * len(texts):
            return "an id" if kind == "number" and _counts_rows(name, texts) else kind
    if len(set(texts)) == len(texts) > 1 and all(_ID.fullmatch(text) for text in texts):
        return "an id"
    return "text"


def _counts_rows(name: str, values: Sequence[Any]) -> bool:
    """Whether a column of numbers only tells rows apart: nearly all differ and its name says so, or they count by
    one."""
    words = re.findall(r"[a-z]+", name.lower()) or [""]
    distinct = len(set(map(str, values)))
    if len(values) < 2 or distinct < 0.9 * len(values):
        return False
    first = str(values[0])
    by_one = first.isdecimal() and all(str(value) == str(int(first) + place) for place, value in enumerate(values))
    return by_one or bool({"nr", "no", "number", ""} & {*words})


def _labels(values: Mapping[str, Sequence[Any]], kinds: Mapping[str, str], named: bool) -> list[str]:
    """The columns that may be the label, the most likely first: by a telling name, then by the fewest values; without
    names the last or first column of a row before those between."""
    found: list[tuple[int, bool, int, str]] = []
    ends = [*values][-1:] + [*values][:1]
    for name, kind in kinds.items():
        texts = [_plain(value) for value in values[name] if not _empty(value)]
        rows = Counter(map(folded, texts))
        short = bool(texts) and sum(len(text.split()) for text in texts) <= MAX_LABEL_WORDS * len(texts)
        words = re.findall(r"[^\W\d_]+", name.lower())
        telling = next((place for place, word in enumerate(LABEL_NAMES) if word in name.lower()), len(LABEL_NAMES))
        if telling == len(LABEL_NAMES) and LABEL_WORDS & {*words}:
            telling -= 1
        if not named:
            telling = ends.index(name) if name in ends else len(LABEL_NAMES)
        if kind not in ("text", "boolean", "number") or (kind == "number" and telling == len(LABEL_NAMES)):
            continue
        rare = telling == len(LABEL_NAMES) and 2 * sum(n < ROWS_A_LABEL for n in rows.values()) > len(rows)
        if short and not rare and 2 <= len(rows) <= MAX_LABELS and len(texts) >= ROWS_A_LABEL * len(rows):
            found.append((telling, name.strip().lower() not in LABEL_NAMES, len(rows), name))
    return [name for *_, name in sorted(found)]


def _settle_spellings(made: Proposal, values: Sequence[Any]) -> None:
    """Keeps one spelling of every label, fills `spellings` and `counts`, and says what it did."""
    for best, spelt in _spellings([_plain(value) for value in values if not _empty(value)]).items():
        made.spellings |= dict.fromkeys(spelt, best)
        made.counts[best] = spelt.total()
        if len(spelt) > 1:
            others = ", ".join(repr(text) for text in spelt if text != best)
            made.notes.append(f"label {best!r} is also spelt {others}: written as {best!r}")
    names = list(made.counts)
    for at, name in enumerate(names):
        for other in names[at + 1 :]:
            if not name.isdigit() and SequenceMatcher(None, folded(name), folded(other)).ratio() >= NEAR:
                made.notes.append(
                    f"labels {name!r} and {other!r} look alike: where they mean the same, write one of them in the file"
                )
    few = [f"{name!r} ({count})" for name, count in made.counts.items() if count < ROWS_A_LABEL]
    if few:
        made.notes.append(f"labels of very few rows: {', '.join(few)}")


def _spellings(texts: Sequence[str]) -> dict[str, Counter[str]]:
    """The spellings of every value, by the most frequent one that ends with no mark; of equally frequent ones that
    which is not all capitals or all small."""
    groups: dict[str, Counter[str]] = {}
    for text in texts:
        groups.setdefault(folded(text), Counter())[text] += 1
    return {
        min(spelt, key=lambda text: (text[-1:] in _STOPS, -spelt[text], text.isupper(), text.islower(), text)): spelt
        for spelt in groups.values()
    }


def _row(made: Proposal, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A row in the recipe's fields; None where one of them is missing."""
    found: dict[str, Any] = {}
    for column in made.columns:
        value = row.get(column.source)
        if column.type == "label":
            found[column.name] = None if _empty(value) else made.spellings[_plain(value)]
        elif column.type == "text":
            found[column.name] = None if _empty(value) else _plain(value)
        else:
            found[column.name] = None if _empty(value) else _value(value, column.type)
    return None if any(value is None for value in found.values()) else found


def _value(value: Any, kind: str) -> Any:
    """A number of a table as JSON; what a number cannot be read from is None."""
    if not isinstance(value, str):
        return value
    text = re.sub(r"[  ]", "", value.strip())
    text = text.replace(".", "").replace(",", ".") if kind == "decimal" else text.replace(",", "")
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and "." not in text else number


def _field_name(column: str, taken: dict[str, int]) -> str:
    """A short name for a column: lower case, letters, digits and `_`; never a reserved one, or one that is `taken`,
    where it is noted with the last number that was put behind it."""
    name = field_name(column)
    wanted = f"{name}_text" if name in RESERVED else name
    while wanted in taken:
        taken[name] = taken.get(name, 1) + 1
        wanted = f"{name}_{taken[name]}"
    taken[wanted] = 1
    return wanted


def field_name(column: str) -> str:
    """The name of a field for a column: lower case, letters, digits and `_`."""
    plain = unicodedata.normalize("NFKC", column).lower()
    name = re.sub(r"\W+", "_", plain).strip("_") or "field"
    return f"field_{name}" if name[0].isdigit() else name


def folded(text: str) -> str:
    """What two spellings of a label share; signs that tell labels apart (C++ and C#, -1 and 1) are kept."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_MARKS.sub(" ", plain).split()) or plain.strip()


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "\n".join(" ".join(line.split()) for line in str(value).strip().splitlines())


def _empty(value: Any) -> bool:
    return (
        value is None
        or value == []
        or (isinstance(value, str) and value.strip().lower() in ("", "n/a", "null", "none", "nan"))
    )
