"""What a base row gives to the record written for it: AgoraBench's methods (arXiv 2412.03679) beside `instance`.

`response` is given the fields that the model does not write, `enhance` a whole weak record. Both are texts of others:
they stand between tags, one JSON value a line, and the author's words around them say what is to be done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen_cli.core.fields import About
from datagen_cli.prompts.fences import fence
from datagen_cli.text.normalise import exact_key

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Method:
    """How records are written: `name` is the recipe's method, `rows` are the base's by id."""

    name: str
    rows: Mapping[str, Row]

    @property
    def templates(self) -> tuple[str, str]:
        """The shipped templates: of the system message, and of the request."""
        return ("system.j2", "generate.j2") if self.name == "instance" else ("system_given.j2", "generate_given.j2")

    def given(self, about: About, parent: str) -> dict[str, Any]:
        """The values of a base row that the record keeps."""
        row = self.rows.get(parent, {})
        return {spec.name: row[spec.name] for spec in about.given if spec.name in row}

    def weak(self, parents: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The weak records of a request, as its task holds them; empty for other methods."""
        return {"weak": [dict(self.rows[parent]) for parent in parents]} if self.name == "enhance" else {}

    def leaves(self, about: About, parent: str, fields: Row) -> bool:
        """Whether `fields` are those of the weak record, up to case and white space; never for other methods."""
        row, names = self.rows.get(parent, {}), [spec.name for spec in about.asked]
        same = self.name == "enhance" and all(name in row for name in names)
        return same and exact_key(row[name] for name in names) == exact_key(fields.get(name) for name in names)

    def opening(self, about: About, count: int) -> str:
        """What is to be done with so many base rows."""
        what = ", ".join(spec.name.replace("_", " ") for spec in about.asked)
        if self.name == "enhance":
            which = "This record is weak" if count == 1 else f"These {count} records are weak"
            return f"{which}. Write the {what} anew: right, complete and clear, and not as it was"
        return f"Write the {what} for " + ("this input" if count == 1 else f"each of these {count} inputs, in order")

    def fenced(self, about: About, rows: Sequence[Row]) -> str:
        """What the base rows give, between tags; of one field alone its bare value."""
        if self.name == "enhance":
            lines: list[Any] = [dict(row) for row in rows]
        else:
            names = [spec.name for spec in about.given]
            lines = [{name: row[name] for name in names if name in row} for row in rows]
            if len(names) == 1:
                lines = [next(iter(line.values()), "") for line in lines]
        if len(lines) > 1:
            lines = [{"record": number, "given": line} for number, line in enumerate(lines, 1)]
        return fence("weak" if self.name == "enhance" else "input", lines)
