"""`python -m benchmarks.endpoints`: a run against every manner of `tests/manners.py`, and what it came to.

Prints a table: the manner, what the tool does, records, exit code, calls that were sent. Exit code 0 when each is as
the list says. `--write` writes the table of `docs/endpoints.md` anew.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.endpoint import Endpoint
from tests.manners import COUNT, MANNERS, Manner

PAGE = Path(__file__).parent.parent / "docs" / "endpoints.md"
MARK = "<!-- the table is written by `make endpoints` -->"
RECIPE = """
version: 1
name: manners
description: Short notes.
fields: {text: {type: text}, mood: {type: text}}
model: {name: any/model, base_url: "%s"}
count: %d
limits: {concurrency: 4, patience_s: 30}
"""


def main(arguments: Sequence[str]) -> int:
    """Runs all manners, or writes the page. Returns the exit code."""
    if "--write" in arguments:
        head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
        PAGE.write_text(f"{head}{MARK}\n\n{table()}", encoding="utf-8")
        return 0
    failed = 0
    with tempfile.TemporaryDirectory(prefix="endpoints-") as folder:
        for number, manner in enumerate(MANNERS):
            found, calls = carry_out(manner, Path(folder) / str(number))
            kept = is_kept(manner, found)
            failed += not kept
            mark = " " if kept else "!"
            print(f"{mark} {manner.name:55} {found['accepted']:3} records  exit {found['exit_code']}  {calls:3} calls")
    print("every endpoint is met as docs/endpoints.md says" if not failed else f"{failed} are not")
    return 1 if failed else 0


def carry_out(manner: Manner, folder: Path) -> tuple[dict[str, Any], int]:
    """What `generate --json` says of a run against an endpoint of this manner, and how many requests came."""
    folder.mkdir(parents=True)
    with Endpoint(manner.make(note)) as endpoint:
        recipe = folder / "manners.yaml"
        recipe.write_text(RECIPE % (endpoint.url, COUNT), encoding="utf-8")
        settings = [f"--set={setting}" for setting in manner.settings]
        command = [sys.executable, "-m", "datagen_cli", "generate", str(recipe), "-o", str(folder / "run"), "--json"]
        done = subprocess.run([*command, *settings], capture_output=True, text=True, timeout=120, check=False)
        return json.loads(done.stdout), endpoint.count


def is_kept(manner: Manner, found: Mapping[str, Any]) -> bool:
    """Whether a run came to what the manner says."""
    enough = 0 < found["accepted"] < COUNT if manner.accepted < 0 else found["accepted"] == manner.accepted
    return enough and found["exit_code"] == manner.exit_code


_written = iter(range(10**9))


def note(body: Mapping[str, Any]) -> str:
    """A whole reply, another one each time."""
    return json.dumps({"records": [{"text": f"note number {next(_written)}", "mood": "calm"}]})


def table() -> str:
    """The table of the page."""
    rows = [("an endpoint that", "the tool", "records", "exit"), ("---", "---", "---", "---"), *_rows()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for manner in MANNERS:
        accepted = "some" if manner.accepted < 0 else str(manner.accepted)
        yield manner.name, manner.does, f"{accepted} of {COUNT}", str(manner.exit_code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
