"""The command line: the table of all commands. A command is the module of its name, imported when it is invoked.

A module of this folder that holds a command defines `command`, a function whose annotations are its arguments and
options, and `EXAMPLES`, command lines for its help. `lazy.py` makes a command of them; `options.py` holds the options
that several commands share.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from datagen_cli.cli.lazy import LazyGroup

SECTIONS: dict[str, dict[str, str]] = {
    "Start": {
        "init": "Write a recipe to start from.",
        "list": "List recipes, validators, constraints and the like.",
        "schema": "Print the JSON Schema of a recipe.",
        "doctor": "Say what is installed and whether models answer.",
    },
    "Make a dataset": {
        "validate": "Check a recipe and its base; nothing is sent.",
        "prompt": "Show the exact messages; nothing is sent.",
        "preview": "Run the first records and show what every stage did.",
        "generate": "Run a recipe; the same command again resumes it.",
    },
    "Look at a run": {
        "status": "Counts, cost and state of a run.",
        "show": "Show records, or what was rejected and why.",
        "why": "Tell one record's whole history.",
        "review": "Step through records: keep, reject with a reason, edit, undo.",
        "view": "Serve a run's report to a browser on this machine.",
    },
    "Measure a dataset": {
        "eval": "Measure datasets: diversity, leakage, correctness, safety.",
        "student": "Train a student on a dataset and score it on real data.",
        "score": "Accuracy of models on a dataset, as a test made for them.",
        "bench": "Compare generators, ready datasets and variants of a recipe.",
    },
    "Take it away": {
        "export": "Write a run for training, for a table or for the hub.",
        "merge": "Join runs into one folder without repeats.",
        "dedup": "Leave out rows that repeat one another or rows of other files.",
        "prune": "Drop checkpoints and cached replies of a finished run.",
    },
}
"""Heading to command to the first sentence of its help, in the order of `datagen --help`."""


class Datagen(LazyGroup):
    """The group of all commands."""

    sections = SECTIONS


app = typer.Typer(
    name="datagen",
    cls=Datagen,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="datagen COMMAND -h tells more and gives examples. A first run, with no key and no network: "
    "datagen generate quickstart",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from datagen_cli.cli import console
        from datagen_cli.core.extras import DISTRIBUTION

        console.out(f"datagen {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def datagen(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Synthetic text datasets with LLMs: exactly N checked records, resumable runs, no surprises on the bill."""


def main(arguments: list[str] | None = None) -> None:
    """Entry point: runs a command and exits with the documented code, never with a traceback for a user's mistake."""
    from datagen_cli.core.leaving import leave

    if "OMP_NUM_THREADS" not in os.environ:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads spin: beside other work they cost three times
    gc.set_threshold(100_000, 20, 50)  # what is imported stays: looking through it for garbage takes 20 ms of a start
    leave(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Runs one command line. Returns its exit code."""
    from datagen_cli.cli.failures import reported

    return reported(lambda: app(args=arguments or ["--help"], standalone_mode=False, prog_name="datagen"), arguments)
