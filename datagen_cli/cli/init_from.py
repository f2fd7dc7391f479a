"""`datagen init --from DATA`: a recipe proposed for a user's own rows, with a clean copy of them beside it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datagen_cli.cli.console import counted
from datagen_cli.config.recipe import CsvOptions
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.jsonl import dump
from datagen_cli.sources.foreign import PACKED, Foreign, read_foreign
from datagen_cli.sources.proposal import MOST_NAMED, Proposal, first_of, propose
from datagen_cli.text.tokens import word_count

COUNT = 50
MOST_WORDS = 1_000
"""A reply has 2,048 tokens at most, unless the model's `max_tokens` says more."""
FEW = 10
"""Below so many rows what is proposed is a guess."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """The recipe's path, the files to write (recipe and rows), what was found, a sentence each, and what only the user
    can write into the recipe."""

    target: Path
    files: dict[Path, bytes]
    found: list[str]
    to_write: list[str]


def proposed_files(data: str, path: str | None, form: CsvOptions | None = None) -> Proposed:
    """What is to be written for a file of rows; `form` says how a table is written where that was guessed wrongly.

    Raises `UsageError` for a path that names no recipe, `DataError` for a file that no recipe can be made of.
    """
    source = Path(data)
    stem = _stem(source.name.removesuffix(PACKED).rpartition(".")[0] or source.name)
    target = Path(path) if path is not None else Path(f"{stem}.yaml")
    if target.suffix not in (".yaml", ".yml"):
        raise UsageError(f"{path}: not the name of a recipe file", hint=f"for instance {stem}.yaml")
    foreign = read_foreign(source, data, form)
    made = propose(foreign.rows, named=foreign.named)
    if not made.rows:
        hint = "; ".join(["a recipe needs a column of texts or of labels", *made.notes])
        raise DataError("no column becomes a field", hint=hint, place=Place(data))
    beside = f"data/{stem}.jsonl"
    found = [f"{data}: {counted(len(foreign.rows), 'row')}, {foreign.about}", *_told(made)]
    if foreign.guessed:
        found.insert(1, f"the encoding is a guess: is {foreign.guessed!r} a word of yours? else --csv encoding=NAME")
    found += [f"{counted(count, 'row')} left out: {reason}" for reason, count in foreign.left_out.items()]
    if len(foreign.rows) < FEW:
        found.append(f"{counted(len(foreign.rows), 'row')} cannot tell much: label, lengths and types are guesses")
    rows = b"".join(dump(row) + b"\n" for row in made.rows)
    text = recipe_text(target, source.name, beside, made, foreign)
    return Proposed(target, {target.parent / beside: rows, target: text.encode()}, found, _to_write(made))


def recipe_text(target: Path, source: str, base: str, made: Proposal, foreign: Foreign) -> str:
    """The recipe as YAML with the words that help to finish it."""
    name = _stem(target.stem)
    found = f"{counted(len(foreign.rows), 'row')}, {foreign.about}"
    lines = [
        "# yaml-language-server: $schema=recipe.schema.json",
        "#",
        f"# Proposed from {json.dumps(source, ensure_ascii=False)}: {found}.",
        *(f"# To do: {what}." for what in _to_write(made)),
        *(f"# Note: {note}." for note in made.notes),
        "version: 1",
        f"name: {name}",
        "description: >",
        f"  New rows like those of {' '.join(source.split())}: the same kind of texts, the same tone, other content.",
        f"base: {{path: {json.dumps(base)}}}",
        "fields:",
        *(f"  {_key(column.name)}: {{type: {_type(column.type)}}}" for column in made.columns),
        *_label_lines(made),
        *_attribute_lines(made),
        "model: offline",
        f"count: {COUNT}",
        "examples: {strategy: random, k: 3}",
        "dedup: {near: 0.8}  # a model copies what it is shown, with a word or two changed",
        *_constraint_lines(made),
        *_check_lines(made),
    ]
    return "\n".join(lines) + "\n"


def _to_write(made: Proposal) -> list[str]:
    """What no rows tell, and what makes the texts good: the words of the recipe that are the user's."""
    found = ["description: what the texts are, who writes them and for whom"]
    if made.label is not None:
        found.append(f"label.values: what each of the {len(made.counts):,} values of {made.label} means")
    return found


def _told(made: Proposal) -> list[str]:
    fields = [f"{column.name} ({_type(column.type)})" for column in made.columns]
    shown = ", ".join(fields)
    if len(fields) > MOST_NAMED:
        fields.sort(key=lambda field: field.endswith("(number)"))
        shown = f"{first_of(fields)}; delete from the recipe what nobody needs: a model writes every field"
    told = [f"fields: {shown}"]
    if made.label is not None:
        told.append(f"label: {made.label}, {_counts(made.counts)}")
    for name in _longer(made):
        told.append(f"{name}: some texts are longer than a reply: max_words is {MOST_WORDS:,}, max_tokens allows more")
    told += [f"attribute: {name}, {_counts(counts)}" for name, counts in list(made.attributes.items())[:MOST_NAMED]]
    if len(made.attributes) > MOST_NAMED:
        told.append(f"and {len(made.attributes) - MOST_NAMED:,} more attributes")
    return [*told, *made.notes]


def _longer(made: Proposal) -> list[str]:
    """Fields of texts in which not only a few are longer than a reply."""
    return [name for name, low, high in _usual_words(made) if high * 5 // 4 > MOST_WORDS]


def _usual_words(made: Proposal) -> Iterator[tuple[str, int, int]]:
    """For each field of texts from how many to how many words they have, the shortest and longest twentieth apart."""
    for column in made.columns:
        texts = [row[column.name] for row in made.rows if row[column.name]] if column.type == "text" else []
        if counts := sorted(word_count(str(text)) for text in texts):
            yield column.name, counts[len(counts) // 20], counts[-1 - len(counts) // 20]


def _counts(counts: Counter[str]) -> str:
    """Values and how many rows have each, the most frequent first; of many the first ones."""
    form = "{} ({:,})" if any(value[-1:].isdigit() for value in counts) else "{} {:,}"
    return first_of([form.format(value, count) for value, count in counts.most_common()], 2 * MOST_NAMED)


def _label_lines(made: Proposal) -> list[str]:
    if made.label is None:
        return []
    values = [f"    {_key(value)}: ''  # {count:,} rows" for value, count in made.counts.most_common()]
    return ["label:", f"  field: {_key(made.label)}", "  values:", *values, "  quota: balanced"]


def _attribute_lines(made: Proposal) -> list[str]:
    """Columns of few values, drawn as often as the file has them and copied into the record."""
    lines = []
    for name, counts in made.attributes.items():
        pairs = counts.most_common()
        values, weights = ", ".join(_key(value) for value, _ in pairs), ", ".join(str(n) for _, n in pairs)
        lines.append(f"  {_key(name)}: {{values: [{values}], weights: [{weights}], emit: true}}")
    return ["attributes:", *lines] if lines else []


def _constraint_lines(made: Proposal) -> list[str]:
    """A length for every field of texts, from a little below what most rows have to a little above, at most what a
    reply holds."""
    lines = []
    for name, low, high in _usual_words(made):
        most = max(min(high * 5 // 4, MOST_WORDS), low, 5)
        lines.append(f"  - length: {{field: {_key(name)}, min_words: {max(1, low * 4 // 5)}, max_words: {most}}}")
    return ["constraints:", *lines] if lines else []


def _check_lines(made: Proposal) -> list[str]:
    """A check of the label as a comment, for it is worth what its model is."""
    text = next((column.name for column in made.columns if column.type == "text"), None)
    if made.label is None or text is None:
        return []
    return [
        "# Checks labels, without the '#': independent answers from the text alone must agree with the label.",
        "# validators:",
        f"#   - solve: {{question: {_key(text)}, answer: {_key(made.label)}}}",
    ]


def _type(kind: str) -> str:
    return "number" if kind == "decimal" else kind


def _key(name: str) -> str:
    """A name as YAML writes it: bare where that is safe."""
    safe = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) and name.lower() not in ("yes", "no", "on", "off", "y", "n")
    return name if safe and name.lower() not in ("true", "false", "null") else json.dumps(name, ensure_ascii=False)


def _stem(name: str) -> str:
    """A file's name in plain letters, without their marks: `tabelle` for `tabellé`."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return re.sub(r"[^A-Za-z0-9._-]+", "-", bare).strip("._-") or "data"
