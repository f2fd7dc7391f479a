"""`datagen prune`: makes a finished run small; says first what is lost."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.prune import LOST, prunable, prune
from datagen_cli.runs.reader import RunReader

EXAMPLES = ("datagen prune runs/quickstart --dry-run", "datagen prune runs/quickstart --yes")


def command(
    run: given.RunArgument,
    dry_run: Annotated[bool, given.option(None, "", "Say what would go; nothing is removed.", "--dry-run")] = False,
    yes: Annotated[bool, given.option(None, "", "Do not ask in a terminal.", "--yes", "-y")] = False,
    json_: given.Json = False,
) -> int:
    """Drop checkpoints and cached replies of a finished run.

    The dataset, rejected.jsonl, the lock, the card and the costs stay. In a terminal you are asked first.
    """
    RunReader(Path(run))  # refuses what is no run
    folder = RunFolder(Path(run))
    files = prunable(folder)
    size = sum(files.values())
    console.say(f"{run}: {console.counted(len(files), 'file')} of checkpoints and replies, {size / 1e6:,.1f} MB")
    if files:
        console.say("lost with them:")
        for line in LOST:
            console.say(f"  {line}")
    if files and not dry_run:
        if not (yes or json_) and console.is_terminal(sys.stdin) and not console.agreed("remove them?"):
            console.say("nothing was removed")
            return 0
        files = prune(folder)
    if json_:
        names = [str(file) for file in files]
        console.emit_json({"run": run, "files": names, "bytes": size, "removed": bool(files) and not dry_run})
    elif not dry_run:
        console.say(f"removed {size / 1e6:,.1f} MB" if files else "nothing to remove")
    name = shlex.quote(run)
    console.next_step(f"datagen prune {name} --yes" if dry_run and files else f"datagen status {name}")
    return 0
