"""`datagen generate`: runs a recipe to exactly N accepted records; the same command again resumes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli.progress import Progress
from datagen_cli.config.environment import read_environment
from datagen_cli.config.load import load_recipe
from datagen_cli.core.digest import seed_of
from datagen_cli.core.errors import DatagenError
from datagen_cli.pipeline.build import Built, build, refuse_mixed
from datagen_cli.pipeline.connect import identities
from datagen_cli.pipeline.finish import finish
from datagen_cli.pipeline.folder import RunFolder
from datagen_cli.pipeline.manifest import Manifest
from datagen_cli.pipeline.session import RunOptions, Session


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


def run(flags: Flags) -> int:
    """Runs the command. Returns the exit code."""
    session, built = open_session(flags)
    progress = session.observer
    assert isinstance(progress, Progress)
    if built.simulated and not flags.as_json:
        console.say("simulated: the offline model writes these records; nothing is sent anywhere")
    try:
        session.prepare()
        before = session.folder.state().get("state")
        progress.start()
        try:
            session.run()
        finally:
            progress.stop()
        manifest = finish(session)
    finally:
        session.close()
    error = session.error
    if error is not None and not isinstance(error, DatagenError):
        raise error
    return _report(flags, manifest, error, before)


def open_session(flags: Flags) -> tuple[Session, Built]:
    """Reads the recipe, resolves it, and lays out the session; nothing is written yet."""
    cwd = Path.cwd()
    environ = read_environment(os.environ, cwd)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    limits = [f"limits.{name}={value}" for name, value in flags.limits.items() if value is not None]
    seed = flags.seed
    if flags.new and seed is None:
        seed = seed_of("new", stamp, os.getpid()) % 2**31
    recipe = load_recipe(
        flags.recipe,
        overrides=[*flags.overrides, *limits],
        model=flags.model,
        count=flags.count,
        seed=seed,
        environ=environ,
        cwd=cwd,
    )
    built = build(recipe, identities(recipe))
    refuse_mixed(built)
    folder = Path(flags.out) if flags.out else Path("runs") / recipe.options.name
    if flags.new:
        folder = folder.with_name(f"{folder.name}-{stamp}")
        flags = replace(flags, out=str(folder), seed=seed)
    options = RunOptions(
        environ=environ,
        allow_hosts=flags.allow_hosts,
        cache=flags.cache,
        fresh=flags.fresh,
        command=resume_command(flags),
    )
    progress = Progress(recipe.options.count, quiet=flags.quiet or flags.as_json)
    return Session(built, RunFolder(folder), options, progress), built


def resume_command(flags: Flags) -> str:
    """The command line that goes on with this run, for people to paste."""
    words = ["datagen", "generate", flags.recipe]
    for name, value in (("-o", flags.out), ("-n", flags.count), ("--seed", flags.seed)):
        words += [name, str(value)] if value is not None else []
    words += [word for name in flags.model for word in ("--model", name)]
    words += [word for text in flags.overrides for word in ("--set", text)]
    for name, value in flags.limits.items():
        words += [f"--{name.replace('_', '-')}", f"{value:g}"] if value is not None else []
    words += ["--cache", flags.cache] if flags.cache != "run" else []
    words += [word for host in flags.allow_hosts for word in ("--allow-host", host)]
    return shlex.join(words)


def _report(flags: Flags, manifest: Manifest, error: DatagenError | None, before: str | None) -> int:
    code = manifest.exit_code or 0
    if flags.as_json:
        problem = {"error": str(error), "hint": error.advice} if error is not None else {}
        console.emit_json({**manifest.report(), **problem})
    else:
        _summary(manifest)
    if error is not None:
        console.error(error)
    if code != 0:
        if manifest.state == "short":
            _short(manifest)
        console.say(f"resume with: {manifest.resume_command}")
    elif not flags.as_json:
        if manifest.new_records == 0 and before in ("done", "running"):
            console.say("already complete; more: --count N; another: --new")
        console.next_step(f"datagen show {shlex.quote(manifest.run)}")
    return code


def _summary(manifest: Manifest) -> None:
    calls = f"{manifest.calls:,} calls" + (
        f" and {manifest.cached_calls:,} from the cache" if manifest.cached_calls else ""
    )
    tokens = f"{manifest.tokens['in'] + manifest.tokens['out']:,} tokens"
    records = f"{manifest.accepted:,} of {manifest.count:,} records"
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
