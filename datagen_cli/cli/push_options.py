"""The options of `datagen export` that send a folder to the hub, and what is said of it."""

from __future__ import annotations

import filecmp
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.config.environment import read_environment
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.export.push import HubDataset, files_of, hub_dataset, push

HUB = "The hub"
Push = Annotated[
    str | None, given.option(HUB, "OWNER/NAME", "Send the folder of --to hf to this dataset, privately.", "--push")
]
Public = Annotated[bool, given.option(HUB, "", "Let everybody see what --push sends.", "--public")]
DryRun = Annotated[bool, given.option(HUB, "", "Say which files --push would send; nothing is sent.", "--dry-run")]


def target(
    to: str, out: str, name: str | None, hosts: Sequence[str], *, public: bool, dry_run: bool
) -> HubDataset | None:
    """The dataset that `--push` names. Raises `UsageError` for options that go with it alone."""
    if name is None:
        if public or dry_run:
            raise UsageError(f"{'--public' if public else '--dry-run'} goes with --push", hint="--push OWNER/NAME")
        return None
    if to != "hf" or out == "-":
        raise UsageError("--push sends the folder of --to hf", hint="--to hf -o FOLDER --push OWNER/NAME")
    return hub_dataset(name, read_environment(os.environ, Path.cwd()), hosts, public=public)


@contextmanager
def beside(out: str) -> Iterator[str]:
    """A place to make the folder in once more, where it is there already: an interrupted push goes on with it.

    Raises `UsageError` in the end where it is not the same, byte by byte.
    """
    with tempfile.TemporaryDirectory(dir=Path(out).absolute().parent, prefix=".push-") as room:
        again = Path(room) / Path(out).name
        yield str(again)
        names = files_of(again)
        if names != files_of(Path(out)) or any(filecmp.cmpfiles(again, out, names, shallow=False)[1:]):
            hint = "name another with -o; nothing is overwritten"
            raise UsageError("exists already, and is not this export", hint=hint, place=Place(out))


def sent(hub: HubDataset, folder: Path, *, quiet: bool, dry_run: bool) -> dict[str, Any]:
    """Names every file and sends them, but with `--dry-run`. Returns what `--json` says of it."""
    files = files_of(folder)
    seen = "public" if hub.public else "private"
    if not quiet:
        console.say(f"{'would go' if dry_run else 'going'} to {hub.name} at {hub.host}, {seen}:")
        for name, size in files.items():
            console.say(f"  {name}  {size / 1000:,.1f} kB")
    if not dry_run:
        push(folder, hub, read_environment(os.environ, Path.cwd()), f"Upload {hub.name.partition('/')[2]} with datagen")
        if not quiet:
            console.say(f"sent: {hub.url}")
    return {"to": hub.name, "url": hub.url, "public": hub.public, "files": files, "sent": not dry_run}
