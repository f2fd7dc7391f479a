"""`datagen merge`: several runs made one, without repeats."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

from datagen_cli.cli import complete, console
from datagen_cli.cli import options as given
from datagen_cli.cli.options import Json
from datagen_cli.cli.repeats import Near, NearEmbedder, Threshold, opened_sieve
from datagen_cli.cli.run_folder import say_damage
from datagen_cli.cli.under_way import under_way
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.pipeline.merge import merge_runs, mergeable
from datagen_cli.pipeline.sift import refuse_many
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.reader import RunReader

EXAMPLES = (
    "datagen merge runs/monday runs/tuesday -o runs/both",
    "datagen merge runs/a runs/b runs/c -o runs/all --near 0.8",
)


def command(
    runs: Annotated[list[str], given.argument("RUN", "Runs, earlier ones first.", offers=complete.runs)],
    out: Annotated[str, given.option(None, "DIR", "A new folder.", "--out", "-o")],
    near: Near = None,
    threshold: Threshold = None,
    embedder: NearEmbedder = None,
    json_: Json = False,
) -> int:
    """Join runs into one folder without repeats.

    Of rows that repeat each other the first is kept; rejected.jsonl says what was left out and which row it repeats,
    lineage.jsonl which run each row is from. The folder can be shown, measured and exported, not resumed.
    """
    readers = [RunReader(Path(run)) for run in runs]
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError("exists already", hint="name a new folder with -o; nothing is overwritten", place=Place(out))
    places = [run.folder.resolve() for run in readers]
    for number, place in enumerate(places):
        if place in places[:number]:
            raise UsageError("this run is named twice", hint="name each run once", place=Place(runs[number]))
    words = shlex.join(["datagen", "merge", *runs, "-o", out])
    with under_way() as say:
        alike = mergeable(readers, say)
        if threshold is not None:
            refuse_many(sum(run.manifest.accepted for run in readers))
        with opened_sieve(alike.fields, near, threshold, embedder) as sieve:
            found = merge_runs(alike, RunFolder(target), sieve, words, say)
    for run in readers:
        say_damage(run)
    kept = sum(found.kept.values())
    if json_:
        console.emit_json({"out": out, "rows": kept, "kept": dict(found.kept), "left_out": dict(found.left_out)})
    for name, count in found.kept.items():
        console.say(f"{console.counted(count, 'row')} of {name}")
    if found.left_out:
        console.say(f"left out: {console.by_reason(found.left_out)} ({out}/rejected.jsonl)")
    console.say(f"{out}: {console.counted(kept, 'record')}")
    console.next_step(f"datagen eval {shlex.quote(out)}")
    return 0
