"""One cell of the table: a shipped recipe, run by this checkout or by another one, with one attempt for each slot."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.prompts.measure import counted
from datagen_cli.config.load import load_recipe
from datagen_cli.config.models import ModelOptions
from datagen_cli.llm.gguf.provider import CUT_OFFS, settings_of
from datagen_cli.llm.gguf.server import LlamaServer

ROOT = Path(__file__).resolve().parents[2]
LabelOf = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Machine:
    """What the model runs on: its name, and the threads and calls at once of one server."""

    model: str
    threads: int
    slots: int

    @property
    def options(self) -> ModelOptions:
        """The model with its context."""
        return ModelOptions(name=self.model, threads=self.threads, slots=self.slots, context=4096)


@dataclass(frozen=True, slots=True)
class Cell:
    """A recipe's name, the design and its checkout (None: this one), the attempts, and more settings."""

    recipe: str
    design: str
    attempts: int
    tree: Path | None = None
    settings: tuple[str, ...] = ()

    async def measured(self, machine: Machine, folder: Path, label_of: LabelOf | None) -> dict[str, Any]:
        """The figures of a run in `folder`."""
        run = folder / f"{self.recipe}-{self.design}".replace(" ", "-")
        if self.tree is None:
            sampled = {"temperature": 0.9, "threads": machine.threads, "slots": machine.slots, "context": 4096}
            await asyncio.to_thread(self._generate, run, {"name": machine.model, **sampled}, {})
        else:
            await self._before(machine, run)
        return counted(run, label_of if self.recipe == "ag_news" else None)

    async def _before(self, machine: Machine, run: Path) -> None:
        """By another checkout, which may know no such model: by a server that it is given."""
        server = LlamaServer(settings_of(machine.options))
        try:
            url = await server.start()
            endpoint = {"name": "smollm2", "base_url": f"{url}/v1", "api_key_env": "BENCH_KEY", "price": "free"}
            sampled = {"temperature": 0.9, "top_k": CUT_OFFS["top_k"], "top_p": CUT_OFFS["top_p"], "max_tokens": 300}
            waits = {"timeout_s": 3600, "deadline_s": 7200, "params": {"min_p": CUT_OFFS["min_p"]}}
            await asyncio.to_thread(
                self._generate, run, {**endpoint, **sampled, **waits}, {"BENCH_KEY": server.key}, machine.slots
            )
        finally:
            await server.close()

    def _generate(self, run: Path, model: dict[str, Any], environ: dict[str, str], slots: int = 1) -> None:
        """One run in a process of its own. Raises `SystemExit` when it ends otherwise than 0 or 3."""
        import yaml

        file = run.with_suffix(".yaml")
        file.write_text(yaml.safe_dump(model))
        tree = self.tree or ROOT
        command = [sys.executable, "-m", "datagen_cli", "generate", self.recipe, "-m", str(file), "-o", str(run)]
        command += ["-n", str(self.attempts), "--quiet", "--fresh"]
        concurrency = model.get("slots", slots)
        settings = (*once(self.recipe), f"limits.concurrency={concurrency}", *self.settings)
        command += [part for setting in settings for part in ("--set", setting)]
        inherited = {
            **os.environ,
            **environ,
            "PYTHONPATH": os.pathsep.join([str(tree), os.environ.get("PYTHONPATH", "")]),
        }
        code = subprocess.run(command, cwd=tree, env=inherited, check=False, stdout=subprocess.DEVNULL).returncode
        if code not in (0, 3):
            raise SystemExit(f"{self.recipe} by {tree} ended with {code}")


def once(recipe: str) -> list[str]:
    """Settings by which a slot has one attempt and a failed constraint is not mended; checks that ask a model are left
    out, and near copies are no records."""
    read = load_recipe(recipe, environ={}, cwd=ROOT)
    drops = [
        f"constraints.{number}.{check.type}.on_fail=drop"
        for number, check in enumerate(read.constraints)
        if check.on_fail == "fix"
    ]
    schemas = [getattr(check.options, "json_schema", None) for check in read.validators if check.type == "schema"]
    kept = [{"schema": {"schema": schema}} if schema else "schema" for schema in schemas]
    validators = f"validators={json.dumps(kept)}" if kept else "validators=null"
    return [validators, "dedup={near: 0.6}", "limits.attempts_per_record=1", *drops]
