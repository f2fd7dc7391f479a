"""`jsonl`: the rows as the run has them, one JSON object a line."""

from __future__ import annotations

from typing import Any, ClassVar

from datagen_cli.export.format import Format, Row


class Jsonl(Format):
    """The rows as they are: id, fields, attributes, verdicts."""

    asks: ClassVar[bool] = False

    def line(self, row: Row) -> dict[str, Any]:
        return dict(row)
