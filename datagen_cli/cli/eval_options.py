"""The arguments and options of `datagen eval` that no other command takes."""

from __future__ import annotations

from typing import Annotated

import typer

from datagen_cli.cli import complete
from datagen_cli.cli import options as given

GATES = "Gates and comparisons"

Datasets = Annotated[
    list[str],
    typer.Argument(
        metavar="DATASET",
        help="JSONL files or run folders; - is stdin.",
        autocompletion=complete.datasets,
    ),
]
Reference = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Real data to compare with; a run's own base without it.",
        autocompletion=complete.datasets,
    ),
]
Metrics = Annotated[
    str | None, typer.Option(metavar="NAMES", help="Only these measures: a,b.", autocompletion=complete.metrics)
]
LabelRecipe = Annotated[
    str | None,
    typer.Option(
        metavar="RECIPE",
        help="A recipe that names the label field.",
        rich_help_panel=given.COLUMNS,
        autocompletion=complete.recipes,
    ),
]
GateLines = Annotated[
    list[str] | None,
    typer.Option(
        "--gate",
        metavar="GATE",
        help="METRIC[.detail][@low|@high] OP NUMBER, or compare.METRIC.worse<=0; exit 3 if it fails.",
        rich_help_panel=GATES,
    ),
]
GateFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="A file of gates, one a line.", rich_help_panel=GATES)
]
Compare = Annotated[
    str | None,
    typer.Option(
        metavar="DATASET",
        help="Another dataset: better, worse or tie.",
        rich_help_panel=GATES,
        autocompletion=complete.datasets,
    ),
]
Table = Annotated[
    str | None,
    typer.Option(
        metavar="md|csv|latex",
        help="Print the measures of all datasets as one table, with sources.",
        rich_help_panel=given.OUTPUT,
        autocompletion=complete.tables,
    ),
]
Summary = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="A Markdown page for a job: gates, measures, notes.", rich_help_panel=given.OUTPUT
    ),
]
Junit = Annotated[
    str | None, typer.Option(metavar="FILE", help="The gates as JUnit XML.", rich_help_panel=given.OUTPUT)
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Exit 3 for notes that could hide a problem, and for measures of --metrics without a value.",
        rich_help_panel=GATES,
    ),
]
Figures = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="A folder for the page's drawings as SVG files.", rich_help_panel=given.OUTPUT),
]
Html = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="A page to write: one file that opens offline.", rich_help_panel=given.OUTPUT),
]
