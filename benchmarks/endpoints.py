"""`python -m benchmarks.endpoints`: a run against every manner of `tests/all_manners.py`, and what it came to.

Prints a table: the manner, what the tool does, records, exit code, calls that were sent. Exit code 0 when each is as
the list says. `--write` writes the table of `docs/endpoints.md` anew.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from datagen_cli.cli.app import run
from datagen_cli.llm import batch, retry
from datagen_cli.pipeline import runner
from tests.all_manners import MANNERS
from tests.endpoint import Endpoint
from tests.llm.batch_endpoint import BatchEndpoint
from tests.manners import COUNT, Manner

PAGE = Path(__file__).parent.parent / "docs" / "endpoints.md"
MARK = "<!-- the table is written by `make endpoints` -->"
RECIPE = """
version: 1
name: manners
description: Short notes.
fields: {text: {type: text}, mood: {type: text}}
model: %s
count: %d
limits: {%s, patience_s: 30}
"""
VARIABLES = {"TOGETHER_AI_API_BASE": "", "TOGETHERAI_API_KEY": "sk-0123456789abcdef"}
"""What the environment holds for a run through litellm; the address of the endpoint is put in."""

SHORT: tuple[tuple[Any, str, float], ...] = (
    (runner, "AGAIN_S", 0.01),
    (runner, "AGAIN_NO_REPLY_S", 0.02),
    (retry, "FIRST_WAIT_S", 0.02),
    (batch, "QUIET_S", 0.05),
    (batch, "FIRST_POLL_S", 0.02),
    (batch, "LONGEST_POLL_S", 0.05),
    (batch, "TOO_MUCH_WAIT_S", 0.05),
)


def main(arguments: Sequence[str]) -> int:
    """Runs all manners, or writes the page. Returns the exit code."""
    if "--write" in arguments:
        head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
        PAGE.write_text(f"{head}{MARK}\n\n{table()}", encoding="utf-8")
        return 0
    failed, started = 0, time.process_time()
    with tempfile.TemporaryDirectory(prefix="endpoints-") as folder, short_waits():
        for number, manner in enumerate(MANNERS):
            found, calls = carry_out(manner, Path(folder) / str(number))
            kept = is_kept(manner, found)
            failed += not kept
            mark = " " if kept else "!"
            records = found.get("accepted", "no")
            print(
                f"{mark} {manner.name:60} {records:>3} records  exit {found['exit_code']}  {calls:3} calls", flush=True
            )
    came_to = "every endpoint is met as docs/endpoints.md says" if not failed else f"{failed} are not"
    print(f"{len(MANNERS)} manners, {time.process_time() - started:.0f} CPU s: {came_to}")
    return 1 if failed else 0


def carry_out(manner: Manner, folder: Path) -> tuple[dict[str, Any], int]:
    """What the command's `--json` says of an endpoint of this manner, and how many calls came."""
    with endpoint_of(manner, manner.way) as endpoint:
        arguments = arrange(manner, manner.way, endpoint, folder)
        os.environ.update({name: value or endpoint.url for name, value in VARIABLES.items() if manner.way == "litellm"})
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(io.StringIO()):
            run(arguments)
        calls = endpoint.lines if isinstance(endpoint, BatchEndpoint) else endpoint.count
        return json.loads(said.getvalue()), calls


@contextmanager
def short_waits() -> Iterator[None]:
    """Within it, waits before another try or another look last a fiftieth of a second instead of half a second or
    more."""
    before = [getattr(module, name) for module, name, _ in SHORT]
    for module, name, seconds in SHORT:
        setattr(module, name, seconds)
    try:
        yield
    finally:
        for (module, name, _), seconds in zip(SHORT, before, strict=True):
            setattr(module, name, seconds)


def endpoint_of(manner: Manner, way: str) -> Endpoint:
    """A server of this manner, met in this way: `run`, `batch`, `doctor` or `litellm`."""
    script = manner.make(note)
    if way != "batch":
        return Endpoint(script)
    endpoint = BatchEndpoint(script)
    manner.arrange(endpoint)
    return endpoint


def arrange(manner: Manner, way: str, endpoint: Endpoint, folder: Path) -> list[str]:
    """Writes what the command needs into `folder`; the command's arguments."""
    folder.mkdir(parents=True, exist_ok=True)
    model = "{name: together_ai/model}" if way == "litellm" else f'{{name: any/model, base_url: "{endpoint.url}"}}'
    if way == "doctor":
        (folder / "model.yaml").write_text(model, encoding="utf-8")
        return ["doctor", "--model", str(folder / "model.yaml"), "--json"]
    recipe = folder / "manners.yaml"
    limits = f"concurrency: {COUNT}, batch: true" if way == "batch" else "concurrency: 4"
    recipe.write_text(RECIPE % (model, COUNT, limits), encoding="utf-8")
    settings = [f"--set={setting}" for setting in manner.settings]
    return ["generate", str(recipe), "-o", str(folder / "run"), "--json", *settings]


def is_kept(manner: Manner, found: Mapping[str, Any]) -> bool:
    """Whether a command came to what the manner says."""
    if found["exit_code"] != manner.exit_code:
        return False
    if manner.way == "doctor":
        return manner.says in json.dumps(found["models"])
    if manner.says not in f"{found.get('error')} {found.get('hint')}":
        return False
    if manner.used is not None and (found["tokens"]["in"], found["tokens"]["out"]) != manner.used:
        return False
    return 0 < found["accepted"] < COUNT if manner.accepted < 0 else bool(found["accepted"] == manner.accepted)


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
        records = "none asked" if manner.way == "doctor" else f"{accepted} of {COUNT}"
        yield manner.name, manner.does, records, str(manner.exit_code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
