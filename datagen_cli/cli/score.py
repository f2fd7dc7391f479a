"""`datagen score`: the accuracy of language models on a dataset, as a test that was made for them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from datagen_cli.cli import complete, console
from datagen_cli.cli import options as given
from datagen_cli.cli.invocation import same_command
from datagen_cli.core.errors import EXIT_DONE, CapReached, DatagenError, UsageError
from datagen_cli.metrics.wording import percent, usd

if TYPE_CHECKING:
    from datagen_cli.bench.score import Marked, QuestionSet
    from datagen_cli.pipeline.questions import Desk

EXAMPLES = (
    "datagen score runs/gsm8k --model openai/gpt-4o-mini --model ollama/llama3.1 --max-cost 1",
    "datagen score quiz.jsonl --question question --choices options --label answer --model gguf/smollm2 -n 100",
    "datagen score runs/mmlu --model openai/gpt-4o-mini --model openai/gpt-4o --base mmlu_test.jsonl",
)
ROLE = "solver"
UNREAD_SHARE = 5
"""Where more than one in so many replies cannot be read, that is said."""
HINT = "raise --max-cost and run the same command again; every answer is kept"
SETTABLE = ("model", "limits")
"""What of a recipe `--set` may change here."""
Models = Annotated[list[str], given.model_option(None, "A model that answers; repeatable.")]
Judge = Annotated[str | None, given.option(None, "MODEL", "Compares longer answers.", offers=complete.models)]
Base = Annotated[str | None, given.rows_option(None, "The set that it imitates, scored beside it.")]
Most = Annotated[
    int | None, given.option(None, "N", "At most so many questions, drawn at random.", "--count", "-n", min=2)
]
Question = Annotated[str | None, given.option(given.COLUMNS, "FIELD", "What is asked.")]
Choices = Annotated[str | None, given.option(given.COLUMNS, "FIELD", "A list of choices.")]
Changed = Annotated[
    list[str] | None,
    given.option(
        given.CALLS,
        "KEY=VALUE",
        "A key of all models or of limits: model.timeout_s=300, limits.patience_s=20; repeatable.",
        "--set",
    ),
]
Seed = Annotated[int | None, given.option(given.PLAN, "N", "Seed of the questions drawn and of the answers.")]
Out = Annotated[str | None, given.folder_option("Where the answers are kept; runs/score-<dataset> without it.")]


def command(
    dataset: given.DatasetArgument,
    model: Models,
    judge: Judge = None,
    base: Base = None,
    count: Most = None,
    question: Question = None,
    choices: Choices = None,
    label: given.LabelField = None,
    seed: Seed = None,
    set_: Changed = None,
    out: Out = None,
    max_cost: given.MaxCost = None,
    dry_run: given.DryRun = False,
    concurrency: given.Concurrency = None,
    allow_host: given.AllowHost = None,
    json_: given.Json = False,
) -> int:
    """Accuracy of models on a dataset, as a test made for them.

    Intervals say whether they differ by more than chance: all are asked the same questions. The same command again
    asks only what has no answer yet.
    """
    from datagen_cli.bench.options import read_models
    from datagen_cli.bench.score import drawn, quiz_of
    from datagen_cli.config.environment import read_environment
    from datagen_cli.evaluation.load import Wanted, load_dataset

    if len(set(model)) < len(model):
        raise UsageError("--model: one model twice", hint="a model is compared with others")
    solvers, roles = read_models(model)
    if roles:
        raise UsageError(f"--model: score asks no {next(iter(roles))}", hint="--model MODEL answers")
    columns = (question or "", label or "", choices or "")
    loaded = {name: load_dataset(name, Wanted((), label)) for name in (dataset, *([base] if base else []))}
    quizzes = {name: drawn(quiz_of(one, *columns), count) for name, one in loaded.items()}
    if judge is None and any(quiz.kind == "free" for quiz in quizzes.values()):
        raise UsageError("answers are free text: nothing but a judge can compare them", hint="--judge MODEL")
    folder = Path(out or f"runs/score-{Path(dataset).stem or 'dataset'}")
    environ = read_environment(os.environ, Path.cwd())
    bounds = {"max_cost": max_cost, "concurrency": concurrency}
    sets = [*_sets(set_ or ()), *(f"limits.{name}={value}" for name, value in bounds.items() if value is not None)]
    desks = open_desks(solvers, judge, folder, environ, allow_host or (), sets, seed or 0)
    if dry_run:
        return _show_estimate(dataset, quizzes, desks, as_json=json_)
    simulated = any(desk.model.provider.simulated for desk in desks.values())
    simulated |= any(one.dataset.simulated for one in loaded.values())
    if simulated:
        console.say("simulated: a solver or the dataset is a simulation; this says nothing of a real model")
    found, stopped = _scored(quizzes, desks, list(solvers))
    result = {"dataset": dataset, "simulated": simulated, **found[dataset]}
    if base:
        from datagen_cli.bench.score import beside

        result["base"] = {"dataset": base, **beside(found[dataset], found[base])}
    code = stopped.exit_code if stopped else EXIT_DONE
    if json_:
        why = {"stopped": str(stopped), "hint": stopped.advice} if stopped else {}
        console.emit_json({**result, "exit_code": code, **why})
    else:
        _show(result)
    if stopped:
        console.error(stopped)
    else:
        console.next_step(f"datagen eval {shlex.quote(dataset)}")
    return code


def open_desks(
    models: Mapping[str, str],
    judge: str | None,
    folder: Path,
    environ: Mapping[str, str],
    allow_hosts: Sequence[str],
    sets: Sequence[str],
    seed: int,
) -> dict[str, Desk]:
    """A desk for every model, and for the judge under the name ``; all are tried before anything is sent."""
    from datagen_cli.bench.options import slug
    from datagen_cli.pipeline.questions import Desk, open_desk_client, recipe_of

    def desk_of(model: str, role: str, place: Path) -> Desk:
        recipe = recipe_of(model, sets, environ)
        return Desk(recipe.models[role][0], role, place, environ, allow_hosts, recipe.options.limits, seed)

    found: dict[str, Desk] = {}
    for name, model in models.items():
        place = folder / f"{slug(name)}"
        if place in {desk.folder for desk in found.values()}:
            place = folder / f"{slug(name)}-{len(found)}"
        found[name] = desk_of(model, ROLE, place)
    if judge is not None:
        found[""] = desk_of(judge, "judge", folder / "judge")
    for desk in found.values():
        open_desk_client(desk, lambda text: None)
    return found


def _sets(sets: Sequence[str]) -> Sequence[str]:
    """`--set` as it was given. Raises `UsageError` for what no model and no limit is."""
    from datagen_cli.config.overrides import part_set

    for text in sets:
        if part_set(text) not in SETTABLE:
            raise UsageError(f"--set {text}: only keys of model and of limits count here", hint="see `datagen schema`")
    return sets


def _scored(
    quizzes: Mapping[str, QuestionSet], desks: Mapping[str, Desk], models: Sequence[str]
) -> tuple[dict[str, dict[str, Any]], DatagenError | None]:
    """The table of every dataset, and what ended it before its last question."""
    from datagen_cli.bench.score import table

    stopped: DatagenError | None = None
    marks: dict[str, list[Marked]] = {name: [] for name in quizzes}
    for name, quiz in quizzes.items():
        for model in models:
            console.say(f"{model}: {len(quiz):,} questions of {name}")
            found, ended = _answered(quiz, model, desks, name)
            stopped = stopped or ended
            marks[name].append(found)
    return {name: table(quiz, marks[name]) for name, quiz in quizzes.items()}, stopped


def _answered(
    quiz: QuestionSet, model: str, desks: Mapping[str, Desk], name: str
) -> tuple[Marked, DatagenError | None]:
    """A model's marks on one dataset."""
    from datagen_cli.bench.score import judge_questions, mark, questions, unread, unread_verdict, with_verdicts
    from datagen_cli.core.chat import Reply
    from datagen_cli.pipeline.questions import ask_all

    desk = _within(desks[model], desks)
    answers = ask_all(desk, questions(quiz), console.note, useless=unread(quiz))
    found = mark(quiz, model, answers.replies)
    replies = [reply for reply in answers.replies if isinstance(reply, Reply)]
    costs = [reply.usage.cost_usd for reply in replies]
    found.cost_usd = None if None in costs else round(sum(cost or 0.0 for cost in costs), 9)
    found.tokens = sum(reply.usage.tokens_in + reply.usage.tokens_out for reply in replies)
    if found.unread * UNREAD_SHARE > len(quiz):
        cut = sum(reply.finish_reason == "length" for reply in replies)
        why = f"; cut off: {cut:,}; raise the model's max_tokens, or turn its reasoning off (params)" if cut else ""
        few = f"{found.unread:,} of {len(quiz):,} replies"
        console.note(f"{model}: {few} hold no answer that can be read, and count as wrong{why}")
    if asked := judge_questions(quiz, found):
        judge = _within(desks[""], desks)
        put = [question for _, question in asked]
        judged = ask_all(judge, put, console.note, useless=unread_verdict(put))
        with_verdicts(found, asked, judged.replies)
        return found, answers.stopped or judged.stopped
    return found, answers.stopped


def _within(desk: Desk, desks: Mapping[str, Desk]) -> Desk:
    """The desk, with what the others have left of the cap for all. Raises `CapReached` where that is nothing."""
    from dataclasses import replace

    from datagen_cli.runs.ledger import spent_usd

    cap = desk.limits.max_cost
    if cap is None:
        return desk
    spent = sum(spent_usd(other.folder) for other in desks.values() if other is not desk)
    if spent >= cap:
        raise CapReached(f"max_cost ${cap:g} is used up", hint=HINT)
    return replace(desk, limits=desk.limits.model_copy(update={"max_cost": cap - spent}))


def _show_estimate(
    dataset: str, quizzes: Mapping[str, QuestionSet], desks: Mapping[str, Desk], *, as_json: bool
) -> int:
    """What it would take at most; nothing is sent."""
    from datagen_cli.llm.keys import hosts

    calls = sum(len(quiz) for quiz in quizzes.values())
    models = {name: calls for name in desks if name}
    contacted = sorted({host for desk in desks.values() for host in hosts([desk.model], desk.environ)})
    if as_json:
        console.emit_json({"calls": models, "hosts": contacted, "judge": "" in desks})
        return EXIT_DONE
    console.table("nothing was sent", ("model", "calls"), [(name, f"{n:,}") for name, n in models.items()])
    console.line(f"hosts contacted: {', '.join(contacted) or 'none'}")
    console.next_step(same_command({"--dry-run": False}))
    return EXIT_DONE


def _show(result: Mapping[str, Any]) -> None:
    console.line(f"{result['dataset']} · {result['n']:,} questions, answers compared as {result['kind']}")
    _accuracies(result["models"])
    for pair in result["pairs"]:
        low, high = pair["interval"]
        verdict = "a tie" if pair["verdict"] == "tie" else f"{pair['verdict']} is better"
        console.line(f"{pair['a']} – {pair['b']}: {pair['difference']:+.3f} ({low:+.3f} to {high:+.3f}): {verdict}")
    for name, values in result["by"].items():
        models = [row["model"] for row in result["models"]]
        rows = [
            (value, f"{item['n']:,}", *(f"{item[one]['value']:.3f}" for one in models))
            for value, item in values.items()
        ]
        console.table(f"by {name}", (name, "n", *models), rows)
    if "base" in result:
        base = result["base"]
        console.line(f"the base {base['dataset']}: {base['n']:,} questions")
        _accuracies(base["models"])
        if base["kendall_tau"] is not None:
            console.line(f"both sets rank the models alike to Kendall's τ = {base['kendall_tau']:.2f}")
    if result["no_reply"]:
        console.note(f"left out: {console.counted(result['no_reply'], 'question')} without a reply of all models")
    if result["left_out"]:
        console.note(f"left out: {console.counted(result['left_out'], 'row')} without a question, or without an answer")


def _accuracies(models: Sequence[Mapping[str, Any]]) -> None:
    rows = []
    for row in models:
        found = row.get("accuracy")
        value, span = ("–", "–") if found is None else (f"{found['value']:.3f}", console.interval(found["interval"]))
        shared = sum(other.get("rank") == row.get("rank") for other in models) > 1
        readable = percent(row["readable"]) if "readable" in row else "–"
        rank = f"#{row['rank']}{'=' if shared else ''}" if "rank" in row else "–"
        rows.append((row["model"], rank, value, span, readable, usd(row["cost_usd"])))
    console.table("", ("model", "rank", "accuracy", "95 %", "readable", "cost"), rows)
