"""What several commands say of a run folder: its damage, its rows, and the command that goes on with it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from datagen_cli.cli import console
from datagen_cli.runs.folder import made_again_by
from datagen_cli.runs.reader import RunReader

RESUMING = {
    "-o", "-n", "--seed", "--model", "--set", "--max-cost", "--max-total-tokens", "--max-minutes", "--concurrency",
}  # fmt: skip


def newest_run() -> str | None:
    """The run folder below `runs/` whose state was written last; None without one."""
    states = [path for path in Path("runs").glob("*/run.json") if path.is_file()]
    return str(max(states, key=lambda path: path.stat().st_mtime).parent) if states else None


def say_damage(reader: RunReader) -> None:
    """Notes what could not be read; call it when all that is wanted has been read."""
    for what in reader.damage:
        console.note(f"{reader.folder}: {what}")


def resuming(written: Any, run: str) -> str:
    """The command that goes on with a run, made anew: a folder may come from anybody, and so may its words.

    Of what `run.json` says only options of `generate` are taken that run nothing and send keys nowhere; where anything
    else stands there, the run's own recipe is named.
    """
    own = made_again_by(run)
    try:
        words = shlex.split(written) if isinstance(written, str) and written.isprintable() else []
    except ValueError:
        return own
    rest = words[3:]
    pairs = dict(zip(rest[::2], rest[1::2], strict=False))
    safe = len(rest) % 2 == 0 and set(rest[::2]) <= RESUMING and words[2:3] and not words[2].startswith("-")
    same = Path(pairs.get("-o", run)).absolute() == Path(run).absolute()
    return shlex.join(words) if words[:2] == ["datagen", "generate"] and safe and same else own


def show_record(row: dict[str, Any]) -> None:
    """A row for people: its id, and a line a column."""
    console.paragraph(console.painted_out(console.indented(str(row.get("id"))), "1"))
    for name, value in row.items():
        if name in ("id", "simulated") or value is None:
            continue
        if isinstance(value, dict) and name in ("attributes", "verdicts"):
            if not value:
                continue
            value = ", ".join(f"{key} {item}" for key, item in value.items() if item is not None)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        console.paragraph(console.indented(f"  {name}: {text}"))
    console.paragraph("")
