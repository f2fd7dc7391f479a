"""`datagen generate`: runs a recipe to exactly N accepted records; the same command again resumes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli.command import command_line
from datagen_cli.cli.progress import Progress
from datagen_cli.config.environment import read_environment
from datagen_cli.config.load import load_recipe
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.digest import seed_of
from datagen_cli.core.errors import DatagenError, Place, RecipeError, Stopped, UsageError
from datagen_cli.core.jsonl import make_folder, write_errors
from datagen_cli.pipeline.build import Built, build, refuse_mixed
from datagen_cli.pipeline.connect import identities
from datagen_cli.pipeline.control import ControlRun, control_folder, plan_control
from datagen_cli.pipeline.finish import finish
from datagen_cli.pipeline.session import RunOptions, Session
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.manifest import Manifest

COMPLETE = "already complete; more: --count N; another: --new"


@dataclass(frozen=True, slots=True)
class Flags:
    """The command line of `generate` and `preview`."""

    recipe: str
    out: str | None = None
    model: Sequence[str] = ()
    count: int | None = None
    seed: int | None = None
    overrides: Sequence[str] = ()
    limits: dict[str, Any] = field(default_factory=dict)
    new: bool = False
    fresh: bool = False
    cache: str = "run"
    allow_hosts: Sequence[str] = ()
    quiet: bool = False
    as_json: bool = False
    unsafe_exec: bool = False
    control: bool = False


def run(flags: Flags) -> int:
    """Runs the command. Returns the exit code."""
    session, built = open_session(flags)
    control = plan_control(built.recipe) if flags.control else None
    manifest, error = _carry_out(session, built)
    if control is None:
        return _report(flags, manifest, error)
    if error is not None:
        code = _report(flags, manifest, error)
        console.say("the control was not begun; the command above does both")
        return code
    _summary(manifest)
    return _report(flags, manifest, *_run_control(flags, session, control))


def _run_control(flags: Flags, session: Session, control: ControlRun) -> tuple[DatagenError | None, Manifest | None]:
    """Runs the control of a run into the folder beside it."""
    folder = str(control_folder(session.folder.path))
    console.say(f"control: {control.about}, into {folder}")
    seed = session.built.recipe.options.seed if flags.new else flags.seed
    overrides = [*flags.overrides, *control.overrides]
    flags = replace(flags, out=folder, seed=seed, overrides=overrides, new=False, control=False)
    try:
        manifest, error = _carry_out(*open_session(flags))
    except Stopped:
        raise
    except DatagenError as error:  # of the control alone: what the run itself made is reported all the same
        return error, None
    return error, manifest


def _carry_out(session: Session, built: Built) -> tuple[Manifest, DatagenError | None]:
    """Runs a session from start to end: what came of it, and what a user can mend that stopped it."""
    progress = session.observer
    assert isinstance(progress, Progress)
    if built.simulated:
        console.say("simulated: the offline model writes these records; nothing is sent anywhere")
    try:
        session.prepare()
        try:
            _run(session, progress)
        except BaseException as broken_off:
            session.fail(broken_off)
            if not isinstance(broken_off, DatagenError):
                raise
            return session.manifest, broken_off
    except Stopped:
        console.say(f"resume with: {session.manifest.resume_command}")
        raise
    finally:
        session.close()
    error = session.error
    if error is not None and not isinstance(error, DatagenError):
        raise error
    return session.manifest, error


def _run(session: Session, progress: Progress) -> None:
    progress.start()
    try:
        session.run()
    finally:
        progress.stop()
    if not session.complete:
        finish(session)
    if session.manifest.state == "done" and not session.manifest.new_records:
        session.manifest.reason = COMPLETE


def open_session(flags: Flags) -> tuple[Session, Built]:
    """Reads the recipe, resolves it, and lays out the session; nothing is written yet."""
    cwd = Path.cwd()
    environ = read_environment(os.environ, cwd)
    limits = [f"limits.{name}={value}" for name, value in flags.limits.items() if value is not None]
    if flags.out == "":
        raise UsageError("-o: the folder's name is empty", hint="leave -o out for runs/<name>")
    recipe = _load(flags, limits, environ, cwd)
    folder = Path(flags.out) if flags.out else Path("runs") / recipe.options.name
    if flags.new:
        folder = _claim_new(folder)
        seed = flags.seed if flags.seed is not None else seed_of("new", folder.name) % 2**31
        flags = replace(flags, out=str(folder), seed=seed)
        recipe = _load(flags, limits, environ, cwd)
    built = build(recipe, identities(recipe), folder=folder)
    refuse_mixed(built)
    options = RunOptions(
        environ=environ,
        allow_hosts=flags.allow_hosts,
        cache=flags.cache,
        fresh=flags.fresh,
        command=resume_command(flags),
        unsafe_exec=flags.unsafe_exec,
    )
    progress = Progress(recipe.options.count, quiet=flags.quiet or flags.as_json)
    return Session(built, RunFolder(folder), options, progress), built


def _load(flags: Flags, limits: Sequence[str], environ: Mapping[str, str], cwd: Path) -> Recipe:
    """The recipe with all that the command line says; a wrong limit is named by its own option."""
    try:
        return load_recipe(
            flags.recipe,
            overrides=[*flags.overrides, *limits],
            model=flags.model,
            count=flags.count,
            seed=flags.seed,
            environ=environ,
            cwd=cwd,
        )
    except RecipeError as error:
        for name in flags.limits:
            if error.place is not None and error.place.file == f"--set limits.{name}":
                error.place = Place(f"--{name.replace('_', '-')}")
        raise


def _claim_new(folder: Path) -> Path:
    """A folder of its own for `--new`: made here, so that two runs that start at once never share one."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    make_folder(folder.parent)
    for number in range(1, 1000):
        claimed = folder.with_name(f"{folder.name}-{stamp}" + (f"-{number}" if number > 1 else ""))
        with write_errors(claimed):
            try:
                claimed.mkdir()
            except FileExistsError:
                continue
            return claimed
    raise UsageError("--new: too many runs in one second", hint="name a folder with -o", place=Place(str(folder)))


def resume_command(flags: Flags, *more: str) -> str:
    """The command line that goes on with this run, for people to paste; `more` are further words."""
    return command_line(
        "generate",
        flags.recipe,
        out=flags.out,
        count=flags.count,
        seed=flags.seed,
        model=flags.model,
        overrides=flags.overrides,
        limits=flags.limits,
        allow_hosts=flags.allow_hosts,
        more=[
            *(("--cache", flags.cache) if flags.cache != "run" else ()),
            *(("--unsafe-exec",) if flags.unsafe_exec else ()),
            *(("--control",) if flags.control else ()),
            *more,
        ],
    )


def _report(flags: Flags, manifest: Manifest, error: DatagenError | None, control: Manifest | None = None) -> int:
    """Says how a run ended, or its control where that came last. Returns the exit code."""
    last = control or manifest
    code = last.exit_code or manifest.exit_code or (0 if error is None else error.exit_code)
    if flags.as_json:
        problem = {"error": str(error), "hint": error.advice, "exit_code": code} if error is not None else {}
        beside = {"control": control.report()} if control else {}
        console.emit_json({**manifest.report(), **beside, **problem})
    _summary(last)
    if error is not None:
        console.error(error)
    if code != 0:
        for short in (found for found in (manifest, control) if found is not None and found.state == "short"):
            _short(short)
        console.say(f"resume with: {manifest.resume_command}")
    else:
        if last.reason:
            console.say(last.reason)
        step = "eval" if control else "show"
        console.next_step(f"datagen {step} {shlex.quote(manifest.run)}")
    return code


def _summary(manifest: Manifest) -> None:
    calls = console.counted(manifest.calls, "call") + (
        f" and {manifest.cached_calls:,} from the cache" if manifest.cached_calls else ""
    )
    tokens = console.counted(manifest.tokens["in"] + manifest.tokens["out"], "token")
    records = f"{manifest.accepted:,} of {console.counted(manifest.count, 'record')}"
    console.say(" · ".join([records, calls, tokens, console.money(manifest.cost_usd), f"{manifest.seconds:.1f} s"]))
    if manifest.rejected:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in manifest.rejected.items())
        console.say(f"not kept: {reasons} (rejected.jsonl)")
    if manifest.dataset:
        console.say(f"dataset: {manifest.dataset}")
    if manifest.simulated:
        console.say("simulated: written by the offline model, for trying things out; not for training")


def _short(manifest: Manifest) -> None:
    for slot in manifest.failed_slots[:5]:
        console.say(f"  {slot['id']}: {slot['reason'][:200]}")
    if len(manifest.failed_slots) > 5:
        console.say(f"  and {len(manifest.failed_slots) - 5:,} more, in run.json")
    console.say(f"{manifest.reason}; more attempts: --set limits.attempts_per_record=N with the command below")
