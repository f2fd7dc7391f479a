"""The options of `datagen bench` that no other command has."""

from __future__ import annotations

from typing import Annotated

from datagen_cli.cli import complete
from datagen_cli.cli import options as given

MEASURES = "Measures"

Recipes = Annotated[
    list[str] | None,
    given.argument(
        "RECIPE_OR_FILE", "Recipes, or one bench file; none where only datasets are compared.", offers=complete.recipes
    ),
]
Generators = Annotated[
    list[str] | None,
    given.model_option(
        given.PLAN, "A generator to compare; ROLE=MODEL is one that checks, the same for all; repeatable."
    ),
]
Datasets = Annotated[list[str] | None, given.option(given.PLAN, "NAME=FILE", "A ready dataset; repeatable.")]
Vary = Annotated[
    list[str] | None,
    given.option(given.PLAN, "KEY=a,b", "Variants of any recipe key; null removes, as-is leaves it alone; repeatable."),
]
Seeds = Annotated[
    list[int] | None, given.option(given.PLAN, "N", "A seed of all cells; repeatable. 0, 1 and 2 without it.")
]
Test = Annotated[str | None, given.rows_option(MEASURES, "Real rows that students are tested on.")]
Train = Annotated[
    str | None,
    given.rows_option(
        MEASURES, "Real rows of the reference student; the recipe's base without it, else half of the test."
    ),
]
Students = Annotated[list[str] | None, given.option(MEASURES, "KIND", "linear, in_context, transformer; repeatable.")]
Judge = Annotated[str | None, given.option(MEASURES, "MODEL", "Marks quality and difficulty.", offers=complete.models)]
Perplexity = Annotated[
    str | None,
    given.option(MEASURES, "MODEL", "A local model that says how usual the texts are: smollm2, a folder, a hub id."),
]
Sizes = Annotated[
    str | None, given.option(MEASURES, "N,N", "Students of so many records too, and what these cost: 50,100.")
]
Metrics = Annotated[str | None, given.option(MEASURES, "a,b", "Measures of diversity.", offers=complete.metrics)]
TestText = Annotated[
    list[str] | None, given.option(given.COLUMNS, "FIELD", "Text field of the real rows, where its name differs.")
]
MaxCost = Annotated[
    float | None, given.option(given.LIMITS, "USD", "Hard cap in USD for the whole table.", "--max-cost")
]

StudentModel = Annotated[
    str | None, given.option(MEASURES, "MODEL", "The model of the in-context student.", offers=complete.models)
]
Tuned = Annotated[
    str | None,
    given.option(
        MEASURES, "NAME", "What the transformer student starts from: a folder, a hub id, or scratch.", "--fine-tune"
    ),
]
Out = Annotated[str | None, given.folder_option("Where the runs and the leaderboard go; runs/bench-<name> without it.")]
