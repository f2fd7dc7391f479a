"""The command line: the table of all commands. A command is the module of its name, imported when it is invoked.

A module of this folder that holds a command defines `command`, a function whose annotations are its arguments and
options, and `EXAMPLES`, command lines for its help. `options.py` holds the options that several commands share.
"""

from __future__ import annotations

import gc
import os
import sys
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from datagen_cli.core.errors import UsageError
from datagen_cli.core.registry import suggest


class SectionedCommand(TyperCommand):
    """A command whose help lists arguments first, then its options under the headings that their panels name."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Writes the sections in the order in which the first parameter of each is declared."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and parameter.param_type_name == "argument":
                sections["Arguments"].append((record[0].partition(" <")[0], record[1]))  # without Python's type
            elif record is not None:
                sections.setdefault(getattr(parameter, "rich_help_panel", None) or "Options", []).append(record)
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Writes the examples; in a terminal too narrow for one it goes on after a backslash and can be pasted."""
        from datagen_cli.cli import console

        wide = console.width() if console.is_terminal(sys.stdout) else None
        examples = "\n".join(console.broken("   ", line, wide) for line in (self.epilog or "").splitlines())
        formatter.write(f"\n  Examples:\n{examples}\n")


@cache
def load_command(name: str) -> Any:
    """The command of a module: its signature, its docstring as help, its `EXAMPLES` below."""
    module = import_module(f"datagen_cli.cli.{name}")
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"help_option_names": ["-h", "--help"]}
    single.command(name, cls=SectionedCommand, epilog="\n".join(module.EXAMPLES), context_settings=settings)(
        module.command
    )
    return get_command(single)


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
    "Export and clean up": {
        "export": "Write a run for training, for a table or for the hub.",
        "merge": "Join runs into one folder without repeats.",
        "dedup": "Leave out rows that repeat one another or rows of other files.",
        "prune": "Drop checkpoints and cached replies of a finished run.",
    },
}
"""Heading to command to the first sentence of its help, in the order of `datagen --help`."""


class Datagen(TyperGroup):
    """The group of all commands; command `x` is the function `command` of `datagen_cli.cli.x`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, in the order of the help."""
        return [name for section in SECTIONS.values() for name in section]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Imports the module of a command. Raises `UsageError` for a name that no command has."""
        if cmd_name in self.list_commands(ctx):
            return load_command(cmd_name)
        if ctx.resilient_parsing:  # the shell asks for completions while the name is being typed
            return None
        near = suggest(cmd_name, self.list_commands(ctx))
        hint = near if near.startswith("did") else "see datagen --help"
        raise UsageError(f"no such command {cmd_name!r}", hint=hint)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes every section from the table; no command is imported for it."""
        widest = max(len(name) for name in self.list_commands(ctx))
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(widest), summary) for name, summary in commands.items()])


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
