"""The options of `datagen eval` that measure correctness: by gold labels, or by checking again."""

from __future__ import annotations

from typing import Annotated

import typer

from datagen_cli.cli import complete

CORRECTNESS = "Correctness"

Gold = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Rows with the right labels, by id or by text.", rich_help_panel=CORRECTNESS),
]
Recheck = Annotated[
    bool,
    typer.Option("--recheck", help="Check again, with draws not used before.", rich_help_panel=CORRECTNESS),
]
RecheckModel = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="A model for --recheck, or ROLE=MODEL; repeatable.",
        rich_help_panel=CORRECTNESS,
        autocompletion=complete.models,
    ),
]
TrustLock = Annotated[
    bool,
    typer.Option(
        "--trust-lock", help="Recheck with the models that a folder's lock names.", rich_help_panel=CORRECTNESS
    ),
]
RecheckDryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Say what --recheck would take; nothing is sent.", rich_help_panel=CORRECTNESS),
]
RecheckCost = Annotated[
    float | None, typer.Option(metavar="USD", help="Hard cap of --recheck in USD.", rich_help_panel=CORRECTNESS)
]
