"""What a command line says about a recipe and its run: loaded as a `Recipe`, or written out again to be pasted."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from datagen_cli.cli.failures import COMMAND_LINE
from datagen_cli.config.environment import read_environment
from datagen_cli.config.load import load_recipe
from datagen_cli.config.overrides import shown_override
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import Place, RecipeError
from datagen_cli.pipeline.connect import HERE, LOCAL, Where


def same_command(dropped: Mapping[str, bool], *more: str) -> str:
    """The command line under way without the options of `dropped` (True: with their values), and with `more`; what
    `--set` says of headers is left out."""
    words = iter(COMMAND_LINE.get())
    kept = ["datagen"]
    for word in words:
        option, given, value = word.partition("=")
        if option == "--set":
            kept += [option, shown_override(value if given else next(words, ""))]
        elif option not in dropped:
            kept.append(word)
        elif dropped[option] and not given:
            next(words, None)
    return shlex.join([*kept, *more])


@dataclass(frozen=True)
class Invocation:
    """A recipe and the options that change it or where and how it runs; those not given are None or empty."""

    recipe: str
    out: str | None = None
    model: Sequence[str] = ()
    count: int | None = None
    seed: int | None = None
    overrides: Sequence[str] = ()
    limits: Mapping[str, float | None] = field(default_factory=dict)
    cache: str = "run"
    allow_hosts: Sequence[str] = ()
    unsafe_exec: bool = False
    where: Where = HERE

    @cached_property
    def environ(self) -> dict[str, str]:
        """The environment with what `.env` of the working folder adds."""
        return read_environment(os.environ, Path.cwd())

    def load(self) -> Recipe:
        """The recipe with all that the command line says; a wrong limit is named by its own option."""
        limits = [f"limits.{name}={json.dumps(value)}" for name, value in self.limits.items() if value is not None]
        try:
            return load_recipe(
                self.recipe,
                overrides=[*self.overrides, *limits],
                model=self.model,
                count=self.count,
                seed=self.seed,
                environ=self.environ,
                cwd=Path.cwd(),
            )
        except RecipeError as error:
            for name in self.limits:
                if error.place is not None and error.place.file == f"--set limits.{name}":
                    error.place = Place(_option(name))
            if error.place is not None and not error.hint:
                error.hint = _hint(self.recipe, error.place.file)
            raise

    def line(self, command: str, *more: str) -> str:
        """`datagen COMMAND RECIPE` with these options, secret values left out; `more` are further words, before the
        hosts."""
        words = ["datagen", command, self.recipe]
        for name, value in (("-o", self.out), ("-n", self.count), ("--seed", self.seed)):
            words += [name, str(value)] if value is not None else []
        words += [word for name in self.model for word in ("--model", name)]
        words += [word for text in self.overrides for word in ("--set", shown_override(text))]
        for name, limit in self.limits.items():
            if limit is not None:
                words += [_option(f"no_{name}")] if limit is False else [_option(name), repr(limit).removesuffix(".0")]
        words += ["--cache", self.cache] if self.cache != "run" else []
        words += ["--unsafe-exec"] if self.unsafe_exec else []
        words += ["--engine", self.where.engine] if self.where.engine != LOCAL else []
        words += ["--ray-address", self.where.ray_address] if self.where.ray_address is not None else []
        words += [*more, *(word for host in self.allow_hosts for word in ("--allow-host", host))]
        return shlex.join(words)


def _hint(recipe: str, place: str) -> str:
    """What to do about a run folder given as a recipe, or about the value of an option; empty for anything else."""
    if place == recipe and (Path(recipe) / "run.json").is_file():
        from datagen_cli.cli.run_folder import resuming
        from datagen_cli.runs.reader import RunReader

        return f"to go on with this run: {resuming(RunReader(Path(recipe)).document.get('resume_command'), recipe)}"
    option = re.fullmatch(r"--[a-z-]+", place)
    return f"see datagen {COMMAND_LINE.get()[0]} --help" if option and COMMAND_LINE.get() else ""


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
