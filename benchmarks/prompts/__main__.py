"""`python -m benchmarks.prompts [--attempts 60] [--before TREE]`: shipped recipes on SmolLM2, as they are prompted here
and in another checkout.

Every cell is `--attempts` slots with one attempt each, no repairs, no checks that ask. Label kept is told by a
classifier trained on real AG News where `../shared/data` is there. About an hour on one free core at the default.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.prompts.measure import counted, markdown
from datagen_cli.config.models import ModelOptions
from datagen_cli.llm.gguf.provider import CUT_OFFS, settings_of
from datagen_cli.llm.gguf.server import LlamaServer

ROOT = Path(__file__).resolve().parents[2]
NEWS = ROOT.parent / "shared" / "data" / "ag_news" / "train.jsonl"
SETS = ("ag_news", "tickets", "truthfulqa", "mmlu")


async def main() -> None:
    """Measures every cell and prints the table; each cell's line is printed when it is known."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--attempts", type=int, default=60)
    asked.add_argument("--before", type=Path, help="a checkout whose prompts are measured beside these")
    asked.add_argument("--sets", nargs="*", default=list(SETS))
    options = asked.parse_args()
    server = LlamaServer(settings_of(ModelOptions(name="gguf/smollm2", threads=1, context=8192)))
    rows: list[tuple[str, str, dict[str, Any]]] = []
    try:
        url = await server.start()
        trees = [("before", options.before)] if options.before else []
        with tempfile.TemporaryDirectory() as folder:
            for name in options.sets:
                for design, tree in (*trees, ("now", ROOT)):
                    run = Path(folder) / f"{name}-{design}"
                    await asyncio.to_thread(generate, tree, name, run, options.attempts, f"{url}/v1", server.key)
                    rows.append((name, design, counted(run, news_classifier() if name == "ag_news" else None)))
                    sys.stderr.write(f"{json.dumps(rows[-1])}\n")
    finally:
        await server.close()
    sys.stdout.write(markdown(rows) + "\n")


def generate(tree: Path, name: str, run: Path, attempts: int, base_url: str, key: str) -> None:
    """One run of a shipped recipe by a checkout, in a process of its own. Raises when it ends otherwise than 0 or 3."""
    model = run.with_suffix(".yaml")
    sampling = ", ".join(f"{name}: {value}" for name, value in CUT_OFFS.items() if name != "min_p")
    model.write_text(
        f"{{name: smollm2, base_url: '{base_url}', api_key_env: BENCH_KEY, price: free, temperature: 0.9, {sampling},"
        f" params: {{min_p: {CUT_OFFS['min_p']}}}, max_tokens: 300, timeout_s: 3600, deadline_s: 7200}}"
    )
    settings = ("validators=null", "dedup=null", "limits.attempts_per_record=1", "limits.concurrency=1")
    command = [sys.executable, "-m", "datagen_cli", "generate", name, "-m", str(model), "-n", str(attempts)]
    command += ["-o", str(run), "--quiet", *(part for item in settings for part in ("--set", item))]
    environ = {**os.environ, "BENCH_KEY": key, "PYTHONPATH": str(tree)}
    code = subprocess.run(command, cwd=tree, env=environ, check=False).returncode
    if code not in (0, 3):
        raise SystemExit(f"{name} by {tree} ended with {code}")


def news_classifier() -> Callable[[Sequence[str]], Sequence[str]] | None:
    """What tells the label of a news item, trained on real ones; None where they are not there."""
    if not NEWS.is_file():
        sys.stderr.write("label kept is left out: no ../shared/data\n")
        return None
    from datagen_cli.students.linear import Linear

    lines = [json.loads(line) for line in NEWS.read_text("utf-8").splitlines()]
    return Linear().fit([line["text"] for line in lines], [line["label"] for line in lines]).predict


asyncio.run(main())
