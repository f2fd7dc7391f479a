"""Tables that become a list of cards on narrow screens; roles keep them tables for screen readers."""

from __future__ import annotations

from collections.abc import Container, Sequence

from datagen_cli.report.html import Html, tag


def table(caption: str, heads: Sequence[str], rows: Sequence[Html]) -> Html:
    """A table under its caption, if it has one. A head that is empty names nothing."""
    head = [tag("th", name, scope="col", role="columnheader") if name else tag("td", role="cell") for name in heads]
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption) if caption else None,
            tag("thead", tag("tr", head, role="row"), role="rowgroup"),
            tag("tbody", rows, role="rowgroup"),
            role="table",
            class_="stack",
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=caption or heads[0],
    )


def table_row(head: Html, cells: Sequence[Html]) -> Html:
    """A row: its head and its cells."""
    return tag("tr", head, cells, role="row")


def cell(inside: str, label: str | None, class_: str | None = None) -> Html:
    """A cell, which says what it is where the heads are out of sight; of the class `whole` it has a line to itself."""
    return tag("td", inside, role="cell", data_label=label, class_=class_)


def plain_table(heads: Sequence[str], rows: Sequence[Sequence[str]], class_: str, whole: Container[str] = ()) -> Html:
    """A table of cells, the first of each row its head; `whole`: heads of the columns that are `whole` (see `cell`)."""
    drawn = [
        table_row(
            tag("th", first, scope="row", role="rowheader"),
            [
                cell(inside, head or None, "whole" if head in whole else None)
                for inside, head in zip(rest, heads[1:], strict=True)
            ],
        )
        for first, *rest in rows
    ]
    return tag("div", table("", heads, drawn), class_=class_)
