"""`datagen generate`: runs a recipe to exactly N accepted records; the same command again resumes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.cli.invocation import Invocation
from datagen_cli.cli.progress import Progress
from datagen_cli.cli.session import open_session
from datagen_cli.core.errors import CapReached, DatagenError, Stopped, TimeOver
from datagen_cli.metrics.wording import duration, usd
from datagen_cli.pipeline.connect import begins_not, engine_at
from datagen_cli.pipeline.control import control_folder, plan_control
from datagen_cli.pipeline.estimate import contacted
from datagen_cli.pipeline.session import Session
from datagen_cli.pipeline.whole_run import run_whole
from datagen_cli.runs.manifest import Manifest

EXAMPLES = (
    "datagen generate quickstart",
    "datagen generate my.yaml -n 200 --model openai/gpt-4o-mini --max-cost 0.50",
    "datagen generate my.yaml --set label.quota=balanced --probe 10",
    "datagen generate my.yaml --new --seed 7 --json",
)


def command(
    recipe: given.RecipeArgument,
    model: given.Model = None,
    count: given.Count = None,
    seed: given.Seed = None,
    set_: given.Set = None,
    control: Annotated[
        bool,
        given.option(given.PLAN, "", "Of a correlated run: also make the plain run to compare it with.", "--control"),
    ] = False,
    out: given.Out = None,
    new: given.New = False,
    fresh: given.Fresh = False,
    cache: given.Cache = "run",
    dry_run: given.DryRun = False,
    probe: given.Probe = None,
    max_cost: given.MaxCost = None,
    max_total_tokens: given.MaxTotalTokens = None,
    max_minutes: given.MaxMinutes = None,
    concurrency: given.Concurrency = None,
    no_check_call: given.NoCheckCall = False,
    allow_host: given.AllowHost = None,
    engine: given.Engine = "local",
    ray_address: given.RayAddress = None,
    unsafe_exec: given.UnsafeExec = False,
    quiet: given.Quiet = False,
    verbose: given.Verbose = False,
    json_: given.Json = False,
) -> int:
    """Run a recipe; the same command again resumes it.

    Ends with 0 when the dataset holds as many records as asked for, 3 when it holds fewer, 4 when a cap stopped the
    run, 5 when a model could not be reached. Ctrl-C keeps everything that was received.
    """
    where = engine_at(engine, ray_address)
    limits = {
        "concurrency": concurrency,
        "max_cost": max_cost,
        "max_total_tokens": max_total_tokens,
        "max_minutes": max_minutes,
        "check_call": False if no_check_call else None,
    }
    invocation = Invocation(
        recipe, out, model or (), count, seed, set_ or (), limits, cache, allow_host or (), unsafe_exec, where
    )
    resume = ("--control",) if control else ()
    if dry_run:
        from datagen_cli.cli.dry_run import show_estimate

        return show_estimate(invocation, as_json=json_, control=control)
    session = open_session(invocation, quiet=json_, silent=quiet, verbose=verbose, new=new, fresh=fresh, resume=resume)
    if probe is not None:
        from datagen_cli.cli.dry_run import show_probe

        return show_probe(session, probe, as_json=json_, control=control)
    if not control:
        return _report(_progress(session), json_, *_carry_out(session))
    if new:  # the seed is the new folder's own: its control shares it
        invocation = replace(invocation, seed=session.built.recipe.options.seed)
    return _run_with_control(invocation, session, quiet=quiet, as_json=json_)


def _run_with_control(invocation: Invocation, session: Session, *, quiet: bool, as_json: bool) -> int:
    """Runs a session, then its control into the folder beside it. Returns the exit code."""
    planned = plan_control(session.built.recipe)
    progress = _progress(session)
    manifest, error = _carry_out(session)
    if error is not None:
        code = _report(progress, as_json, manifest, error)
        console.say("the control was not begun; the command above does both")
        return code
    if not quiet:
        _summary(manifest)
    folder = str(control_folder(session.folder.path))
    if not quiet:
        console.say(f"control: {planned.about}, into {folder}")
    beside = replace(invocation, out=folder, overrides=[*invocation.overrides, *planned.overrides])
    control: Manifest | None = None
    try:
        second = open_session(beside, quiet=as_json, silent=quiet, fresh=session.options.fresh)
        control, error = _carry_out(second)
    except Stopped:
        raise
    except DatagenError as failure:  # of the control alone: what the run itself made is reported all the same
        error = failure
    return _report(progress, as_json, manifest, error, control)


def _progress(session: Session) -> Progress:
    """What shows the progress of a session that was not carried out yet."""
    assert isinstance(session.observer, Progress)
    return session.observer


def _carry_out(session: Session) -> tuple[Manifest, DatagenError | None]:
    """Runs a session from start to end: what came of it, and what a user can mend that stopped it."""
    progress = _progress(session)
    if session.built.simulated and not progress.silent:
        console.say("simulated: the offline model writes these records; nothing is sent anywhere")
    if not progress.silent:
        _say_places(session)
    try:
        return run_whole(session, progress)
    except Stopped:
        console.command_line("resume with:", session.manifest.resume_command)
        raise


def _say_places(session: Session) -> None:
    """Where calls go, before the first; not where none can be sent, for want of a key: the error says that."""
    options = session.options
    places = contacted(session.built, options.environ)
    if places and not begins_not(session.built.recipe, options.environ, options.allow_hosts):
        console.say(f"calls go to {', '.join(places)}")


def _report(
    progress: Progress, as_json: bool, manifest: Manifest, error: DatagenError | None, control: Manifest | None = None
) -> int:
    """Says how a run ended, or its control where that came last. Returns the exit code."""
    last = control or manifest
    code = last.exit_code or manifest.exit_code or (0 if error is None else error.exit_code)
    if as_json:
        problem = {"error": str(error), "hint": error.advice} if error is not None else {}
        beside = {"control": control.report()} if control else {}
        console.emit_json({**manifest.report(), **beside, **problem, "exit_code": code})
    if code == 0 and progress.silent:
        return code
    progress.say_kept()
    _summary(last)
    if error is not None:
        console.error(error)
    if code != 0:
        for short in (found for found in (manifest, control) if found is not None and found.state == "short"):
            _short(short)
        capped = isinstance(error, CapReached) and not isinstance(error, TimeOver)
        console.command_line(console.resuming(raised=capped), manifest.resume_command)
    else:
        if last.reason:
            console.say(last.reason)
        step = "eval" if control else "show"
        console.next_step(f"datagen {step} {shlex.quote(manifest.run)}")
    return code


def _summary(manifest: Manifest) -> None:
    """What came of it; where runs before this one paid calls, what all of them took stands apart."""
    calls = console.counted(manifest.calls, "call") + (
        f" and {manifest.cached_calls:,} from the cache" if manifest.cached_calls else ""
    )
    records = f"{manifest.accepted:,} of {console.counted(manifest.count, 'record')}"
    totals = manifest.totals()
    now, whole = totals["this_run"], totals["all_runs"]
    console.say(" · ".join([records, calls, *_took(now)]))
    if whole["calls"] > now["calls"]:
        console.say(f"all runs: {' · '.join([console.counted(whole['calls'], 'call'), *_took(whole)])}")
    if manifest.rejected:
        console.say(f"not kept: {console.by_reason(manifest.rejected)} (rejected.jsonl)")
    if manifest.no_reply:
        console.say(f"no reply: {console.counted(manifest.no_reply, 'prompt')}, each after several tries")
    if manifest.dataset and manifest.accepted:
        console.say(f"dataset: {manifest.dataset}")
    if manifest.simulated:
        console.say("simulated: written by the offline model, for trying things out; not for training")


def _took(took: Mapping[str, Any]) -> list[str]:
    """Tokens, money and time."""
    tokens = console.counted(took["tokens"]["in"] + took["tokens"]["out"], "token")
    return [tokens, usd(took["cost_usd"]), duration(took["seconds"])]


def _short(manifest: Manifest) -> None:
    for slot in manifest.failed_slots[:5]:
        console.say(f"  {slot['id']}: {slot['reason'][:200]}")
    if len(manifest.failed_slots) > 5:
        console.say(f"  and {len(manifest.failed_slots) - 5:,} more, in run.json")
    steps = ["more attempts: --set limits.attempts_per_record=N with the command below"]
    if "had no reply" in manifest.reason:
        again = "the command below asks again for what had no reply"
        steps = [*steps, again] if "used up" in manifest.reason else [again]
    console.say("; ".join([manifest.reason, *steps]))
