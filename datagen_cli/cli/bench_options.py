"""The options of `datagen bench` that no other command has."""

from __future__ import annotations

from typing import Annotated

import typer

from datagen_cli.cli import complete
from datagen_cli.cli import options as given

MEASURES = "Measures"

Recipes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RECIPE_OR_FILE",
        help="Recipes, or one bench file; none where only datasets are compared.",
        autocompletion=complete.recipes,
    ),
]
Generators = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="A generator to compare; ROLE=MODEL is one that checks, the same for all; repeatable.",
        autocompletion=complete.models,
        rich_help_panel=given.PLAN,
    ),
]
Datasets = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=FILE", help="A ready dataset; repeatable.", rich_help_panel=given.PLAN),
]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=a,b",
        help="Variants of any recipe key; null removes, as-is leaves it alone; repeatable.",
        rich_help_panel=given.PLAN,
    ),
]
Seeds = Annotated[
    list[int] | None,
    typer.Option(
        metavar="N", help="A seed of all cells; repeatable. 0, 1 and 2 without it.", rich_help_panel=given.PLAN
    ),
]
Test = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Real rows that students are tested on.",
        autocompletion=complete.datasets,
        rich_help_panel=MEASURES,
    ),
]
Train = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Real rows of the reference student; the recipe's base without it, else half of the test.",
        autocompletion=complete.datasets,
        rich_help_panel=MEASURES,
    ),
]
Students = Annotated[
    list[str] | None,
    typer.Option(metavar="KIND", help="linear, in_context, transformer; repeatable.", rich_help_panel=MEASURES),
]
Judge = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Marks quality and difficulty.",
        autocompletion=complete.models,
        rich_help_panel=MEASURES,
    ),
]
Perplexity = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="A local model that says how usual the texts are: smollm2, a folder, a hub id.",
        rich_help_panel=MEASURES,
    ),
]
Sizes = Annotated[
    str | None,
    typer.Option(
        metavar="N,N", help="Students of so many records too, and what these cost: 50,100.", rich_help_panel=MEASURES
    ),
]
Metrics = Annotated[
    str | None,
    typer.Option(
        metavar="a,b",
        help="Measures of diversity.",
        autocompletion=complete.metrics,
        rich_help_panel=MEASURES,
    ),
]
TestText = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FIELD",
        help="Text field of the real rows, where it is called otherwise.",
        rich_help_panel=given.COLUMNS,
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", metavar="USD", help="Hard cap in USD for the whole table.", rich_help_panel=given.LIMITS
    ),
]

StudentModel = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="The model of the in-context student.",
        autocompletion=complete.models,
        rich_help_panel=MEASURES,
    ),
]
Tuned = Annotated[
    str | None,
    typer.Option(
        "--fine-tune",
        metavar="NAME",
        help="What the transformer student starts from: a folder, a hub id, or scratch.",
        rich_help_panel=MEASURES,
    ),
]
Out = Annotated[
    str | None,
    given.folder_option("Where the runs and the leaderboard go; runs/bench-<name> without it."),
]
