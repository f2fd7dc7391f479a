"""Arguments and options that mean the same in every command that takes them, with what the shell completes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from datagen_cli.cli import complete

PLAN = "What to run"
LIMITS = "Limits"
FOLDER = "Run folder"
CALLS = "Calls"
COLUMNS = "Columns"
OUTPUT = "Output"


def folder_option(about: str) -> Any:
    """The option that names the folder a command writes to."""
    return typer.Option("--out", "-o", metavar="DIR", help=about, rich_help_panel=FOLDER)


RecipeArgument = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE", help="A recipe file, or the name of a shipped one.", autocompletion=complete.recipes
    ),
]
RunArgument = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run folder, such as runs/quickstart.", autocompletion=complete.runs),
]
Model = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="A model, a YAML file with one, or ROLE=MODEL; repeatable.",
        autocompletion=complete.models,
        rich_help_panel=PLAN,
    ),
]
Count = Annotated[
    int | None,
    typer.Option(
        "--count", "-n", metavar="N", help="Accepted records; the recipe's count without it.", rich_help_panel=PLAN
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="Seed of plan, examples and draws.", rich_help_panel=PLAN)
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any recipe key: a.b.c=value; =null removes it; repeatable.",
        rich_help_panel=PLAN,
    ),
]
Out = Annotated[
    str | None,
    folder_option("Run folder; runs/<name> without it."),
]
Cache = Annotated[
    str,
    typer.Option(
        "--cache",
        metavar="off|run|FILE",
        help="Call cache: off, run, or a file that runs share.",
        autocompletion=complete.caches,
        rich_help_panel=FOLDER,
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option("--max-cost", metavar="USD", help="Hard cap in USD, per run folder.", rich_help_panel=LIMITS),
]
MaxTotalTokens = Annotated[
    int | None,
    typer.Option("--max-total-tokens", metavar="N", help="Hard cap in tokens, per run folder.", rich_help_panel=LIMITS),
]
MaxMinutes = Annotated[
    float | None, typer.Option("--max-minutes", metavar="N", help="Stop after so many minutes.", rich_help_panel=LIMITS)
]
Concurrency = Annotated[
    int | None, typer.Option("--concurrency", metavar="N", help="Calls in flight.", rich_help_panel=CALLS)
]
NoCheckCall = Annotated[
    bool,
    typer.Option(
        "--no-check-call",
        help="Send no first call alone to check the settings before the rest is paid.",
        rich_help_panel=CALLS,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Estimate calls, tokens, cost, time and hosts; nothing is sent or written.",
        rich_help_panel=LIMITS,
    ),
]
Probe = Annotated[
    int | None,
    typer.Option(
        "--probe",
        metavar="N",
        min=1,
        help="Make the first N records and project the whole; they are not paid again.",
        rich_help_panel=LIMITS,
    ),
]
New = Annotated[
    bool,
    typer.Option("--new", help="A new folder runs/<name>-<UTC time>, seed derived from it.", rich_help_panel=FOLDER),
]
Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Move the old run aside and start anew; nothing is deleted.", rich_help_panel=FOLDER),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="HOST",
        help="A host that may be sent a vendor's key; repeatable.",
        rich_help_panel=CALLS,
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Where programs, local models, students and embeddings run: local, or ray for a cluster.",
        rich_help_panel=CALLS,
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        metavar="ADDRESS",
        help="The cluster of --engine ray: auto, or HOST:PORT; this machine alone without it.",
        rich_help_panel=CALLS,
    ),
]
UnsafeExec = Annotated[
    bool,
    typer.Option(
        "--unsafe-exec", help="Run models' programs even where they cannot be confined.", rich_help_panel=CALLS
    ),
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Tell each rejected attempt and each retry.", rich_help_panel=OUTPUT),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Nothing on stderr but what went wrong.", rich_help_panel=OUTPUT)]
Number = Annotated[int, typer.Option("-n", "--count", metavar="N", help="How many.")]
Text = Annotated[
    list[str] | None,
    typer.Option(
        "--text",
        metavar="FIELD",
        help="A text field; repeatable. All text columns without it.",
        rich_help_panel=COLUMNS,
    ),
]
ReferenceText = Annotated[
    list[str] | None,
    typer.Option(
        "--reference-text",
        metavar="FIELD",
        help="Its text field, where it is called otherwise; repeatable.",
        rich_help_panel=COLUMNS,
    ),
]
LabelField = Annotated[
    str | None, typer.Option("--label", metavar="FIELD", help="The label field.", rich_help_panel=COLUMNS)
]
Table = Annotated[
    list[str] | None,
    typer.Option(
        "--csv",
        metavar="KEY=VALUE",
        help="How tables are written: delimiter, quote, header, decimal, encoding; repeatable.",
        rich_help_panel=COLUMNS,
    ),
]
EmbedderName = Annotated[
    str | None,
    typer.Option(
        "--embedder", metavar="NAME", help="minilm, hashed, a folder or a hub id.", autocompletion=complete.embedders
    ),
]
Detail = Annotated[
    str | None,
    typer.Option(
        "--detail", metavar="FILE", help="A file that gets the JSON with nothing cut.", rich_help_panel=OUTPUT
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout, also on failure.", rich_help_panel=OUTPUT)
]
