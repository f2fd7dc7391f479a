"""Arguments and options that mean the same in every command that takes them, with what the shell completes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from datagen_cli.cli import complete

Offers = Callable[[str], list[str]]

PLAN = "What to run"
LIMITS = "Limits"
FOLDER = "Run folder"
CALLS = "Calls"
COLUMNS = "Columns"
OUTPUT = "Output"


def argument(metavar: str, about: str, *, offers: Offers | None = None) -> Any:
    """An argument of a command: what stands for it in the help, what it is, and what the shell completes."""
    return typer.Argument(metavar=metavar, help=about, autocompletion=offers)


def option(
    panel: str | None, metavar: str, about: str, *names: str, offers: Offers | None = None, **bounds: Any
) -> Any:
    """An option under a heading of the help. `metavar` stands for its value, empty for a flag; without `names` it is
    called as its parameter is. `bounds` are `min` and `max`."""
    return typer.Option(
        *names, metavar=metavar or None, help=about, rich_help_panel=panel, autocompletion=offers, **bounds
    )


def folder_option(about: str) -> Any:
    """The option that names the folder a command writes to."""
    return option(FOLDER, "DIR", about, "--out", "-o")


def rows_option(panel: str | None, about: str) -> Any:
    """An option that names rows: a file, or a run folder."""
    return option(panel, "FILE", about, offers=complete.datasets)


def model_option(panel: str | None, about: str) -> Any:
    """The option that names models."""
    return option(panel, "MODEL", about, "--model", "-m", offers=complete.models)


RecipeArgument = Annotated[
    str, argument("RECIPE", "A recipe file, or the name of a shipped one.", offers=complete.recipes)
]
RunArgument = Annotated[str, argument("RUN", "A run folder, such as runs/quickstart.", offers=complete.runs)]
Model = Annotated[list[str] | None, model_option(PLAN, "A model, a YAML file with one, or ROLE=MODEL; repeatable.")]
Count = Annotated[int | None, option(PLAN, "N", "Accepted records; the recipe's count without it.", "--count", "-n")]
Seed = Annotated[int | None, option(PLAN, "N", "Seed of plan, examples and draws.", "--seed")]
Set = Annotated[
    list[str] | None, option(PLAN, "KEY=VALUE", "Any recipe key: a.b.c=value; =null removes it; repeatable.", "--set")
]
Out = Annotated[str | None, folder_option("Run folder; runs/<name> without it.")]
Cache = Annotated[
    str,
    option(
        FOLDER, "off|run|FILE", "Call cache: off, run, or a file that runs share.", "--cache", offers=complete.caches
    ),
]
MaxCost = Annotated[float | None, option(LIMITS, "USD", "Hard cap in USD, per run folder.", "--max-cost")]
MaxTotalTokens = Annotated[int | None, option(LIMITS, "N", "Hard cap in tokens, per run folder.", "--max-total-tokens")]
MaxMinutes = Annotated[float | None, option(LIMITS, "N", "Stop after so many minutes.", "--max-minutes")]
Concurrency = Annotated[int | None, option(CALLS, "N", "Calls in flight.", "--concurrency")]
NoCheckCall = Annotated[
    bool,
    option(CALLS, "", "Send no first call alone to check the settings before the rest is paid.", "--no-check-call"),
]
DryRun = Annotated[
    bool, option(LIMITS, "", "Estimate calls, tokens, cost, time and hosts; nothing is sent or written.", "--dry-run")
]
Probe = Annotated[
    int | None,
    option(LIMITS, "N", "Make the first N records and project the whole; they are not paid again.", "--probe", min=1),
]
New = Annotated[bool, option(FOLDER, "", "A new folder runs/<name>-<UTC time>, seed derived from it.", "--new")]
Fresh = Annotated[bool, option(FOLDER, "", "Move the old run aside and start anew; nothing is deleted.", "--fresh")]
AllowHost = Annotated[
    list[str] | None, option(CALLS, "HOST", "A host that may be sent a vendor's key; repeatable.", "--allow-host")
]
Engine = Annotated[
    str,
    option(CALLS, "NAME", "Where programs, local models, students and embeddings run: local, or ray for a cluster."),
]
RayAddress = Annotated[
    str | None,
    option(CALLS, "ADDRESS", "The cluster of --engine ray: auto, or HOST:PORT; this machine alone without it."),
]
UnsafeExec = Annotated[
    bool, option(CALLS, "", "Run models' programs even where they cannot be confined.", "--unsafe-exec")
]
Verbose = Annotated[bool, option(OUTPUT, "", "Tell each rejected attempt and each retry.", "--verbose", "-v")]
Quiet = Annotated[bool, option(OUTPUT, "", "Nothing on stderr but what went wrong.", "--quiet")]
Number = Annotated[int, option(None, "N", "How many.", "-n", "--count")]
Text = Annotated[
    list[str] | None, option(COLUMNS, "FIELD", "A text field; repeatable. All text columns without it.", "--text")
]
ReferenceText = Annotated[
    list[str] | None,
    option(COLUMNS, "FIELD", "The reference's text field, where its name differs; repeatable.", "--reference-text"),
]
LabelField = Annotated[str | None, option(COLUMNS, "FIELD", "The label field.", "--label")]
Table = Annotated[
    list[str] | None,
    option(
        COLUMNS,
        "KEY=VALUE",
        "How tables are written: delimiter, quote, header, decimal, encoding; repeatable.",
        "--csv",
    ),
]
DatasetArgument = Annotated[str, argument("DATASET", "A JSONL file or a run folder.", offers=complete.datasets)]
EmbedderName = Annotated[
    str | None, option(None, "NAME", "minilm, hashed, a folder or a hub id.", "--embedder", offers=complete.embedders)
]
Detail = Annotated[str | None, option(OUTPUT, "FILE", "A file that gets the JSON with nothing cut.", "--detail")]
Json = Annotated[bool, option(OUTPUT, "", "One JSON object on stdout, also on failure.", "--json")]
