"""`datagen show`: rows of a run's dataset, or what was rejected and why."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.cli.run_folder import say_damage, show_record
from datagen_cli.core.errors import UsageError
from datagen_cli.core.registry import suggest
from datagen_cli.runs.reader import RunReader

EXAMPLES = ("datagen show runs/quickstart -n 3", "datagen show runs/quickstart --rejected --by reason")


def command(
    run: given.RunArgument,
    rejected: Annotated[bool, given.option(None, "", "Attempts that were not kept.", "--rejected")] = False,
    by: Annotated[
        str | None, given.option(None, "COLUMN", "Count by a column, an attribute or a check.", "--by")
    ] = None,
    number: given.Number = 5,
    json_: given.Json = False,
) -> int:
    """Show records, or what was rejected and why."""
    reader = RunReader(Path(run))
    rows = reader.rejected() if rejected else reader.rows()
    if by is not None:
        step = f"datagen show {shlex.quote(run)}" + (" --rejected" if rejected else "")
        return _counted(rows, by, step, json_)
    shown = list(islice(rows, max(number, 0)))
    say_damage(reader)
    if json_:
        console.emit_json({"run": run, "rows": shown})
        return 0
    for row in shown:
        show_record(row)
    name = shlex.quote(run)
    if shown:
        console.next_step(f"datagen why {name} {shlex.quote(str(shown[0].get('id')))}")
    elif rejected:
        console.say("nothing was rejected" if number > 0 else "no attempts shown")
        console.next_step(f"datagen show {name}")
    else:
        console.say("no records yet" if number > 0 else "no records shown")
        console.next_step(f"datagen status {name}")
    return 0


def _counted(rows: Iterator[dict[str, Any]], by: str, step: str, as_json: bool) -> int:
    counts: Counter[str] = Counter()
    known: dict[str, Any] = {}
    for row in rows:
        known = known or row
        places = [row, *(part for part in (row.get("attributes"), row.get("verdicts")) if isinstance(part, dict))]
        found = next((place for place in places if by in place), None)
        if found is None:
            raise UsageError(
                f"--by: there is no column {by!r}",
                hint=suggest(by, dict.fromkeys(name for one in places for name in one)),
            )
        value = found[by]
        counts[value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)] += 1
    if as_json:
        console.emit_json({"by": by, "counts": dict(counts.most_common())})
        return 0
    if counts:
        console.table("", (by, "rows"), counts.most_common())
    else:
        console.say("there is nothing to count")
    console.next_step(step)
    return 0
