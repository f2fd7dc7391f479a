"""The command line: one thin function a command, which imports what it runs only when it is run."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from datagen_cli.core.errors import EXIT_INTERRUPTED, EXIT_UNEXPECTED, EXIT_USAGE, DatagenError

app = typer.Typer(
    name="datagen",
    help="Synthetic text datasets with LLMs: exactly N checked records, resumable runs, no surprises on the bill.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RecipeArgument = Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of a shipped one.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, such as runs/quickstart.")]
Out = Annotated[str | None, typer.Option("--out", "-o", help="Run folder; runs/<name> without it.")]
Count = Annotated[int | None, typer.Option("--count", "-n", help="Accepted records; the recipe's count without it.")]
Model = Annotated[
    list[str] | None, typer.Option("--model", "-m", help="A model, a YAML file with one, or ROLE=MODEL; repeatable.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Any recipe key: a.b.c=value; =null removes it; repeatable.")
]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of plan, examples and draws.")]
AllowHost = Annotated[
    list[str] | None, typer.Option("--allow-host", help="A host that may be sent a vendor's key; repeatable.")
]
Cache = Annotated[str, typer.Option("--cache", help="Call cache: off, run, or a file that runs share.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, also on failure.")]
Number = Annotated[int, typer.Option("-n", "--count", help="How many.")]


@app.command()
def generate(
    recipe: RecipeArgument,
    out: Out = None,
    model: Model = None,
    count: Count = None,
    seed: Seed = None,
    set_: Set = None,
    concurrency: Annotated[int | None, typer.Option(help="Calls in flight.")] = None,
    max_cost: Annotated[float | None, typer.Option(help="Hard cap in USD, per run folder.")] = None,
    max_total_tokens: Annotated[int | None, typer.Option(help="Hard cap in tokens, per run folder.")] = None,
    max_minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes.")] = None,
    new: Annotated[
        bool, typer.Option("--new", help="A new folder runs/<name>-<UTC time>, seed derived from it.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Move the old run aside and start anew; nothing is deleted.")
    ] = False,
    cache: Cache = "run",
    allow_host: AllowHost = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    json_: Json = False,
) -> None:
    """Run a recipe; the same command again resumes it."""
    from datagen_cli.cli.generate import Flags, run

    limits = {
        "concurrency": concurrency,
        "max_cost": max_cost,
        "max_total_tokens": max_total_tokens,
        "max_minutes": max_minutes,
    }
    flags = Flags(
        recipe=recipe, out=out, model=model or [], count=count, seed=seed, overrides=set_ or [], limits=limits, new=new,
        fresh=fresh, cache=cache, allow_hosts=allow_host or [], quiet=quiet, as_json=json_,
    )  # fmt: skip
    raise typer.Exit(run(flags))


@app.command()
def validate(
    recipe: RecipeArgument,
    model: Model = None,
    set_: Set = None,
    count: Count = None,
    seed: Seed = None,
    allow_host: AllowHost = None,
    json_: Json = False,
) -> None:
    """Check a recipe and its base; nothing is sent.

    Runs the constraints over the base and lists every host that a run would contact.
    """
    from datagen_cli.cli.validate import run

    raise typer.Exit(run(recipe, model or [], set_ or [], count, seed, allow_host or [], json_))


@app.command()
def prompt(
    recipe: RecipeArgument,
    number: Number = 2,
    stage: Annotated[str, typer.Option(help="Which stage's prompts; generate is the one that asks.")] = "generate",
    model: Model = None,
    set_: Set = None,
    seed: Seed = None,
    json_: Json = False,
) -> None:
    """Show the exact messages; nothing is sent."""
    from datagen_cli.cli.prompt import run

    raise typer.Exit(run(recipe, number, stage, model or [], set_ or [], seed, json_))


@app.command()
def preview(
    recipe: RecipeArgument,
    number: Number = 3,
    out: Out = None,
    model: Model = None,
    set_: Set = None,
    seed: Seed = None,
    cache: Cache = "run",
    allow_host: AllowHost = None,
    max_cost: Annotated[float | None, typer.Option(help="Hard cap in USD.")] = None,
    json_: Json = False,
) -> None:
    """Run the first records and show what every stage did.

    They are the first slots of the real plan: the run does not pay for them again.
    """
    from datagen_cli.cli.generate import Flags
    from datagen_cli.cli.preview import run

    flags = Flags(
        recipe=recipe, out=out, model=model or [], count=None, seed=seed, overrides=set_ or [],
        limits={"max_cost": max_cost}, cache=cache, allow_hosts=allow_host or [], quiet=True, as_json=json_,
    )  # fmt: skip
    raise typer.Exit(run(flags, number))


@app.command()
def status(run: RunArgument, json_: Json = False) -> None:
    """Counts, cost and state of a run."""
    from datagen_cli.cli.status import run as command

    raise typer.Exit(command(run, json_))


@app.command()
def show(
    run: RunArgument,
    rejected: Annotated[bool, typer.Option("--rejected", help="Attempts that were not kept.")] = False,
    by: Annotated[str | None, typer.Option("--by", help="Count by a column, such as reason.")] = None,
    number: Annotated[int, typer.Option("-n", "--count", help="How many rows.")] = 5,
    json_: Json = False,
) -> None:
    """Show records, or what was rejected and why."""
    from datagen_cli.cli.show import run as command

    raise typer.Exit(command(run, rejected, by, number, json_))


@app.command()
def why(run: RunArgument, id_: Annotated[str, typer.Argument(metavar="ID")], json_: Json = False) -> None:
    """Tell one record's whole history.

    Plan, examples, prompts, replies, verdicts, evidence and cost of every attempt.
    """
    from datagen_cli.cli.why import run as command

    raise typer.Exit(command(run, id_, json_))


@app.command()
def init(
    template: Annotated[
        str | None, typer.Argument(metavar="[TEMPLATE]", help="A shipped recipe; quickstart without it.")
    ] = None,
    path: Annotated[str | None, typer.Argument(metavar="[PATH]", help="Where to write it; ends in .yaml.")] = None,
    json_: Json = False,
) -> None:
    """Write a recipe to start from.

    Its base data and the schema are written beside it.
    """
    from datagen_cli.cli import init as command

    _finish(command.init(template, path), command.show_init, json_)


@app.command(name="list")
def list_(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="recipes, validators, constraints, ...")] = None,
    json_: Json = False,
) -> None:
    """List recipes, validators, constraints and the like."""
    from datagen_cli.cli import list as command

    _finish(command.list_things(kind), command.show_list, json_)


@app.command()
def schema(json_: Json = False) -> None:
    """Print the JSON Schema of a recipe."""
    from datagen_cli.cli import schema as command

    _finish(command.schema(), command.show_schema, json_)


@app.command()
def doctor(
    model: Model = None,
    allow_host: AllowHost = None,
    json_: Json = False,
) -> None:
    """Say what is installed and whether models answer.

    Keys are named, their values never shown.
    """
    from datagen_cli.cli import doctor as command
    from datagen_cli.cli.ping import ping

    result = command.doctor(model or [], lambda name: ping(name, allow_host or []))
    _finish(result, command.show_doctor, json_)
    raise typer.Exit(int(result.get("exit_code", 0)))


def _finish(result: dict[str, Any], show: Any, as_json: bool) -> None:
    from datagen_cli.cli import console

    if as_json:
        console.emit_json(result)
    else:
        show(result)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: runs a command and exits with the documented code, never with a traceback for a user's mistake."""
    arguments = sys.argv[1:] if arguments is None else arguments
    raise SystemExit(run(arguments))


def run(arguments: list[str]) -> int:
    """Runs one command line. Returns its exit code."""
    as_json = "--json" in arguments
    try:
        code = app(args=arguments, standalone_mode=False, prog_name="datagen")
    except DatagenError as error:
        return _failed(error, as_json)
    except KeyboardInterrupt:
        return _failed(DatagenError("interrupted"), as_json, EXIT_INTERRUPTED)
    except Exception as error:
        if hasattr(error, "format_message"):  # Typer's own usage errors, whatever version brings them
            return _failed(
                DatagenError(_lower(error.format_message()), hint=_usage_hint(arguments)), as_json, EXIT_USAGE
            )
        if type(error).__name__ == "Abort":
            return _failed(DatagenError("interrupted"), as_json, EXIT_INTERRUPTED)
        return _unexpected(error, as_json)
    return int(code or 0)


def _failed(error: DatagenError, as_json: bool, exit_code: int | None = None) -> int:
    from datagen_cli.cli import console

    code = error.exit_code if exit_code is None else exit_code
    if as_json:
        console.emit_json({"error": str(error), "hint": error.advice, "exit_code": code})
    console.error(error)
    return code


def _unexpected(error: Exception, as_json: bool) -> int:
    import os
    import traceback

    from datagen_cli.cli import console

    if os.environ.get("DATAGEN_DEBUG"):
        console.say(traceback.format_exc())
    hint = "this is a bug: set DATAGEN_DEBUG=1 for the traceback; everything that was received is kept"
    return _failed(DatagenError(f"unexpected {type(error).__name__}: {error}", hint=hint), as_json, EXIT_UNEXPECTED)


def _usage_hint(arguments: list[str]) -> str:
    command = arguments[0] if arguments and not arguments[0].startswith("-") else ""
    return f"see datagen {command + ' ' if command else ''}--help"


def _lower(text: str) -> str:
    return (text[:1].lower() + text[1:]).rstrip(".")
