"""The arguments and options of `datagen eval` that no other command takes."""

from __future__ import annotations

from typing import Annotated

from datagen_cli.cli import complete
from datagen_cli.cli import options as given

GATES = "Gates and comparisons"
CORRECTNESS = "Correctness"

Datasets = Annotated[
    list[str], given.argument("DATASET", "JSONL files or run folders; - is stdin.", offers=complete.datasets)
]
Reference = Annotated[str | None, given.rows_option(None, "Real data to compare with; a run's own base without it.")]
Metrics = Annotated[str | None, given.option(None, "NAMES", "Only these measures: a,b.", offers=complete.metrics)]
LabelRecipe = Annotated[
    str | None, given.option(given.COLUMNS, "RECIPE", "A recipe that names the label field.", offers=complete.recipes)
]
GateLines = Annotated[
    list[str] | None,
    given.option(
        GATES, "GATE", "METRIC[.detail][@low|@high] OP NUMBER, or compare.METRIC.worse<=0; exit 3 if it fails."
    ),
]
GateFile = Annotated[str | None, given.option(GATES, "FILE", "A file of gates, one a line.")]
Compare = Annotated[
    str | None, given.option(GATES, "DATASET", "Another dataset: better, worse or tie.", offers=complete.datasets)
]
Table = Annotated[
    str | None,
    given.option(
        given.OUTPUT,
        "md|csv|latex",
        "Print the measures of all datasets as one table, with sources.",
        offers=complete.tables,
    ),
]
Summary = Annotated[
    str | None, given.option(given.OUTPUT, "FILE", "A Markdown page for a job: gates, measures, notes.")
]
Junit = Annotated[str | None, given.option(given.OUTPUT, "FILE", "The gates as JUnit XML.")]
Strict = Annotated[
    bool,
    given.option(
        GATES,
        "",
        "Exit 3 for notes that could hide a problem, and for measures of --metrics without a value.",
        "--strict",
    ),
]
Figures = Annotated[str | None, given.option(given.OUTPUT, "DIR", "A folder for the page's drawings as SVG files.")]
Html = Annotated[str | None, given.option(given.OUTPUT, "FILE", "A page to write: one file that opens offline.")]
Gold = Annotated[str | None, given.option(CORRECTNESS, "FILE", "Rows with the right labels, by id or by text.")]
Recheck = Annotated[bool, given.option(CORRECTNESS, "", "Check again, with draws not used before.", "--recheck")]
RecheckModel = Annotated[
    list[str] | None,
    given.model_option(CORRECTNESS, "A model for --recheck, or ROLE=MODEL; repeatable."),
]
TrustLock = Annotated[
    bool, given.option(CORRECTNESS, "", "Recheck with the models that a folder's lock names.", "--trust-lock")
]
RecheckDryRun = Annotated[
    bool, given.option(CORRECTNESS, "", "Say what --recheck would take; nothing is sent.", "--dry-run")
]
RecheckCost = Annotated[float | None, given.option(CORRECTNESS, "USD", "Hard cap of --recheck in USD.")]
