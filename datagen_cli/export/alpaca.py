"""`alpaca`: the columns of Stanford Alpaca, `instruction`, `input` and `output`.

With several asking fields the first is the instruction and the others are the input; with an instruction for all rows
(`--instruction`) every asking field is input.
"""

from __future__ import annotations

from typing import Any

from datagen_cli.export.format import Format, Row, joined, plain


class Alpaca(Format):
    """Instruction, input and output."""

    def line(self, row: Row) -> dict[str, Any]:
        if self.columns.instruction:
            asked = {"instruction": self.columns.instruction, "input": joined(row, self.columns.asking)}
            return {**asked, "output": self.completion(row)}
        first, *more = self.columns.asking
        asked = {"instruction": plain(row.get(first)), "input": joined(row, more) if more else ""}
        return {**asked, "output": self.completion(row)}
