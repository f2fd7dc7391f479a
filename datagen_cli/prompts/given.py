"""What a base row gives to the record written for it: AgoraBench's methods (arXiv 2412.03679) beside `instance`.

`response` is given the fields that the model does not write, `enhance` a whole weak record. A row without instructions
to the model is shown as a conversation: its fields as the user's words, a weak answer as an answer, and the request for
a better one. Others, and all where one call asks for several records, stand between tags as data, one JSON value a
line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen_cli.core.fields import About, plain_text
from datagen_cli.prompts.fences import fence
from datagen_cli.prompts.foreign import neutral, reads_like_orders, shortened
from datagen_cli.prompts.wording import BETTER, BETTER_RECORD, FENCED, FOR_EACH, THE_REST, WEAK_ONES
from datagen_cli.text.normalise import exact_key, fold
from datagen_cli.text.safety_rules import worded_rules

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Method:
    """How records are written: `name` is the recipe's method, `rows` are the base's by id."""

    name: str
    rows: Mapping[str, Row]

    @property
    def templates(self) -> tuple[str, str]:
        """The shipped templates: of the system message, and of the request."""
        return ("system", "generate") if self.name == "instance" else ("system_given", "generate_given")

    def given(self, about: About, parent: str) -> dict[str, Any]:
        """The values of a base row that the record keeps."""
        row = self.rows.get(parent, {})
        return {spec.name: row[spec.name] for spec in about.given if spec.name in row}

    def of(self, parents: Sequence[str]) -> list[Row]:
        """The base rows of a request."""
        return [self.rows[parent] for parent in parents if parent]

    def weak(self, parents: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The weak records of a request, as its task holds them; empty for other methods."""
        return {"weak": [dict(self.rows[parent]) for parent in parents]} if self.name == "enhance" else {}

    def leaves(self, about: About, parent: str, fields: Row) -> bool:
        """Whether `fields` are those of the weak record, up to case and white space, or say nothing that its fields do
        not say, in their order; never for other methods."""
        row, names = self.rows.get(parent, {}), [spec.name for spec in about.asked]
        if self.name != "enhance" or not all(name in row for name in names):
            return False
        said = fold(" ".join(plain_text(row.get(spec.name)) for spec in (*about.given, *about.asked)))
        again = exact_key(row[name] for name in names) == exact_key(fields.get(name) for name in names)
        return again or fold(" ".join(plain_text(fields.get(name)) for name in names)) == said

    def opening(self, about: About, count: int) -> str:
        """What is to be done with so many base rows."""
        what = ", ".join(spec.name.replace("_", " ") for spec in about.asked)
        if self.name == "enhance":
            one = BETTER.format(what=what) if len(about.asked) == 1 else BETTER_RECORD
            return one if count == 1 else WEAK_ONES.format(count=count, what=what)
        return THE_REST.format(what=what) if count == 1 else FOR_EACH.format(what=what, count=count)

    def is_plain(self, about: About, row: Row) -> bool:
        """Whether a row may be shown as a conversation: nothing in it reads like an order, and a weak one is whole."""
        texts = [plain_text(row.get(spec.name)) for spec in about.specs]
        whole = self.name != "enhance" or all(row.get(spec.name) is not None for spec in about.asked)
        text = "\n".join(texts)
        return whole and not reads_like_orders(text) and not _instructs(text)

    def plain(self, about: About, row: Row) -> str:
        """`question: …`, a line for each field that is given."""
        found = ((spec.name, row[spec.name]) for spec in about.given if spec.name in row)
        return "\n".join(neutral(f"{name}: {shortened(plain_text(value))}") for name, value in found)

    def fenced(self, about: About, rows: Sequence[Row]) -> str:
        """What the base rows give, between tags; of one field alone its bare value. Empty without rows."""
        if not rows:
            return ""
        if self.name == "enhance":
            lines: list[Any] = [dict(row) for row in rows]
        else:
            names = [spec.name for spec in about.given]
            lines = [{name: row[name] for name in names if name in row} for row in rows]
            if len(names) == 1:
                lines = [next(iter(line.values()), "") for line in lines]
        if len(lines) > 1:
            lines = [{"record": number, "given": line} for number, line in enumerate(lines, 1)]
        return f"{FENCED}\n{fence('weak' if self.name == 'enhance' else 'input', lines)}"


def _instructs(text: str) -> bool:
    """Whether the rules of safety find an instruction to a model in a text."""
    lowered = text.lower()
    return any(rule.kind == "injection" and rule.find(text, lowered) is not None for rule in worded_rules())
