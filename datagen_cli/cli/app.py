"""The command line: one thin function a command, which imports what it runs only when it is run."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

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
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Estimate calls, tokens, cost, time and hosts; nothing is sent or written.")
]
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
    dry_run: DryRun = False,
    probe: Annotated[
        int | None, typer.Option(min=1, help="Make the first N records and project the whole; they are not paid again.")
    ] = None,
    cache: Cache = "run",
    allow_host: AllowHost = None,
    unsafe_exec: Annotated[
        bool, typer.Option("--unsafe-exec", help="Run models' programs even where they cannot be confined.")
    ] = False,
    control: Annotated[
        bool, typer.Option("--control", help="Of a correlated run: make its twin without contrast beside it, too.")
    ] = False,
    engine: Annotated[str, typer.Option(help="Where units run: local.")] = "local",
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    json_: Json = False,
) -> None:
    """Run a recipe; the same command again resumes it."""
    from datagen_cli.cli.failures import refuse_engine
    from datagen_cli.cli.generate import Flags, run

    refuse_engine(engine)
    limits = {
        "concurrency": concurrency,
        "max_cost": max_cost,
        "max_total_tokens": max_total_tokens,
        "max_minutes": max_minutes,
    }
    flags = Flags(
        recipe=recipe, out=out, model=model or [], count=count, seed=seed, overrides=set_ or [], limits=limits, new=new,
        fresh=fresh, cache=cache, allow_hosts=allow_host or [], quiet=quiet, as_json=json_,
        unsafe_exec=unsafe_exec, control=control,
    )  # fmt: skip
    if dry_run or probe is not None:
        from dataclasses import replace

        from datagen_cli.cli import dry_run as command

        flags = replace(flags, new=False) if probe is None else flags
        raise typer.Exit(command.run(flags) if dry_run or probe is None else command.probe(flags, probe))
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
    dry_run: DryRun = False,
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
    if dry_run:
        from datagen_cli.cli import dry_run as command

        raise typer.Exit(command.run(flags, number))
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


Text = Annotated[
    list[str] | None, typer.Option("--text", help="A text field; repeatable. All text columns without it.")
]
ReferenceText = Annotated[
    list[str] | None, typer.Option("--reference-text", help="Its text field, where it is called otherwise; repeatable.")
]
LabelField = Annotated[str | None, typer.Option("--label", help="The label field.")]
EmbedderName = Annotated[str | None, typer.Option("--embedder", help="minilm, hashed, a folder or a hub id.")]
Detail = Annotated[str | None, typer.Option("--detail", help="A file that gets the JSON with nothing cut.")]


@app.command(name="eval")
def eval_(
    datasets: Annotated[
        list[str], typer.Argument(metavar="DATASET...", help="JSONL files or run folders; - is stdin.")
    ],
    reference: Annotated[
        str | None, typer.Option(help="Real data to compare with; a run's own base without it.")
    ] = None,
    text: Text = None,
    reference_text: ReferenceText = None,
    label: LabelField = None,
    recipe: Annotated[str | None, typer.Option(help="A recipe that names the label field.")] = None,
    gold: Annotated[str | None, typer.Option(help="Rows with the right labels, by id or by text.")] = None,
    recheck: Annotated[bool, typer.Option("--recheck", help="Check again, with draws not used before.")] = False,
    model: Model = None,
    max_cost: Annotated[float | None, typer.Option(help="Hard cap of --recheck in USD.")] = None,
    metrics: Annotated[str | None, typer.Option(help="Only these measures: a,b.")] = None,
    gate: Annotated[
        list[str] | None, typer.Option("--gate", help="METRIC[.detail][@low|@high] OP NUMBER; exit 3 if it fails.")
    ] = None,
    gates: Annotated[str | None, typer.Option(help="A file of gates, one a line.")] = None,
    embedder: EmbedderName = None,
    compare: Annotated[str | None, typer.Option(help="Another dataset: better, worse or tie.")] = None,
    detail: Detail = None,
    html: Annotated[str | None, typer.Option(help="A page to write: one file, no scripts, no requests.")] = None,
    json_: Json = False,
) -> None:
    """Measure datasets: diversity, leakage, correctness, safety."""
    from datagen_cli.cli.eval import Flags, run

    flags = Flags(
        datasets=datasets, reference=reference, texts=text or [], reference_texts=reference_text or [], label=label,
        recipe=recipe, gold=gold, recheck=recheck, models=model or [], max_cost=max_cost, metrics=metrics,
        gates=gate or [], gates_file=gates, embedder=embedder, compare=compare, detail=detail, html=html, as_json=json_,
    )  # fmt: skip
    raise typer.Exit(run(flags))


@app.command()
def student(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="A JSONL file or a run folder.")],
    test: Annotated[str, typer.Option(help="Real rows to score on; half train without --reference.")],
    reference: Annotated[str | None, typer.Option(help="Real rows to train on.")] = None,
    text: Text = None,
    reference_text: ReferenceText = None,
    label: LabelField = None,
    sizes: Annotated[
        str | None, typer.Option(help="Training rows: 100,500; a quarter, half and all without it.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Draws of the training rows.")] = 5,
    embedder: Annotated[str | None, typer.Option(help="Learn from embeddings instead of TF-IDF.")] = None,
    detail: Detail = None,
    json_: Json = False,
) -> None:
    """Train a student on a dataset and score it on real data.

    Beside it, students of real rows and of both together, at several sizes.
    """
    from datagen_cli.cli.student import Flags, run

    flags = Flags(
        dataset=dataset, test=test, reference=reference, texts=text or [], reference_texts=reference_text or [],
        label=label, sizes=sizes, seeds=seeds, embedder=embedder, detail=detail, as_json=json_,
    )  # fmt: skip
    raise typer.Exit(run(flags))


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
    from datagen_cli.cli.failures import reported

    return reported(lambda: app(args=arguments or ["--help"], standalone_mode=False, prog_name="datagen"), arguments)
