"""What of a run is exported: the accepted rows as a reviewer left them, and which of their fields ask and answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from datagen_cli.config.fields import RESERVED
from datagen_cli.core.errors import UsageError
from datagen_cli.core.inside import turns_of
from datagen_cli.core.registry import suggest
from datagen_cli.export.format import Columns, Row
from datagen_cli.runs.reader import RunReader
from datagen_cli.runs.review import Review


def as_reviewed(rows: Iterable[Row], review: Review) -> tuple[list[Row], int]:
    """The rows without those that a reviewer rejected, edited ones as edited; and how many were left out."""
    kept: list[Row] = []
    left_out = 0
    for row in rows:
        decision = review.of(row)
        if decision is not None and decision.decision == "reject":
            left_out += 1
        elif decision is not None and decision.fields is not None:
            kept.append({**row, **{name: value for name, value in decision.fields.items() if name in row}})
        else:
            kept.append(row)
    return kept, left_out


def weak_parents(record: RunReader) -> dict[str, Row]:
    """Of a run of method `enhance`: the base rows that its records improve on, by the ids of those records.

    Empty for other methods, and where the run's checkpoints were pruned.
    """
    if record.recipe.get("method") != "enhance":
        return {}
    parents = {str(line.get("id")): line.get("parent") for line in record.lineage() if line.get("method") == "enhance"}
    base = {row["id"]: row for row in record.base_rows()}
    return {name: base[parent] for name, parent in parents.items() if parent in base}


PAIRS = (
    ("user", "assistant"), ("question", "answer"), ("prompt", "completion"), ("instruction", "output"),
    ("prompt", "response"), ("instruction", "response"), ("query", "response"), ("input", "output"),
)  # fmt: skip
"""Names of a field that asks and of one that answers it."""


def conversation_in(rows: Sequence[Row]) -> str:
    """The one field that holds a list of turns in every row; empty where none or several do."""
    names = [name for name in rows[0] if name not in RESERVED] if rows else []
    found = [name for name in names if all(turns_of(row.get(name)) for row in rows)]
    return found[0] if len(found) == 1 else ""


def columns_of_run(row: Row, recipe: Mapping[str, Any], prompt: Sequence[str], completion: Sequence[str]) -> Columns:
    """The fields of a run's rows by what they are for; `prompt` and `completion` are those that the user names.

    Else the fields that the model writes answer those that it does not (`write`), the label answers the other fields,
    of two fields the second answers the first, and of several an `answer` the `question` (and the like, see `PAIRS`).
    Attributes that were copied into the records ask nothing. Raises `UsageError` for a field that the rows lack.
    """
    fields = tuple(name for name in row if name not in RESERVED)
    for option, names in (("--prompt", prompt), ("--completion", completion)):
        for name in names:
            if name not in fields:
                raise UsageError(f"{option}: there is no field {name!r}", hint=suggest(name, fields))
    label = recipe.get("label")
    label = label.get("field") if isinstance(label, Mapping) else label
    said = tuple(name for name in fields if name not in (recipe.get("attributes") or {}))
    written = tuple(name for name in recipe.get("write") or () if name in fields)
    if completion:
        answering = tuple(completion)
    elif written and len(written) < len(fields):
        answering = written
    elif label in fields:
        answering = (str(label),)
    else:
        known = (pair for pair in PAIRS if {*pair} <= {*said})
        pair = () if prompt else next(known, said if len(said) == 2 else ())
        prompt, answering = list(prompt or pair[:1]), tuple(pair[1:])
    asking = tuple(prompt) or (tuple(name for name in said if name not in answering) if answering else ())
    asking = asking or (tuple(name for name in fields if name not in answering) if answering else ())
    if prompt and not answering:
        answering = tuple(name for name in fields if name not in prompt)
    return Columns(fields, asking, answering, " ".join(str(recipe.get("description") or "").split()))
