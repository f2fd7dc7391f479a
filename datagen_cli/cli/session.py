"""From a command line to a session: the recipe read and resolved, its folder chosen; nothing is written yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from datagen_cli.cli.invocation import Invocation
from datagen_cli.cli.progress import Progress
from datagen_cli.core.digest import seed_of
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.jsonl import make_folder, write_errors
from datagen_cli.pipeline.connect import RunOptions
from datagen_cli.pipeline.session import Session
from datagen_cli.pipeline.whole_run import open_run


def open_session(
    invocation: Invocation,
    *,
    quiet: bool = True,
    silent: bool = False,
    verbose: bool = False,
    new: bool = False,
    fresh: bool = False,
    resume: Sequence[str] = (),
) -> Session:
    """A session that is ready to prepare. `quiet` and `silent` as of `Progress`.

    `new` takes a folder of its own with a seed derived from its name, `fresh` moves an earlier run aside, `resume`
    holds further words of the command that resumes the run.
    """
    if invocation.out == "":
        raise UsageError("-o: the folder's name is empty", hint="leave -o out for runs/<name>")
    recipe = invocation.load()
    folder = Path(invocation.out) if invocation.out else Path("runs") / recipe.options.name
    if new:
        folder = _claim_new(folder)
        seed = invocation.seed if invocation.seed is not None else seed_of("new", folder.name) % 2**31
        invocation = replace(invocation, out=str(folder), seed=seed)
        recipe = invocation.load()
    options = RunOptions(
        environ=invocation.environ,
        allow_hosts=invocation.allow_hosts,
        cache=invocation.cache,
        fresh=fresh,
        command=invocation.line("generate", *resume),
        unsafe_exec=invocation.unsafe_exec,
        where=invocation.where,
    )
    progress = Progress(recipe.options.count, quiet=quiet, silent=silent, verbose=verbose)
    return open_run(recipe, folder, options, progress)


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
