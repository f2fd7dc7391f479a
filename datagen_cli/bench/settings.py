"""Settings and cells: a setting is all that is fixed, a cell is one candidate under it with one seed.

Demonstrations, labels and attributes of a slot depend on the seed and the slot alone (`examples/`, `stages/plan.py`),
never on who writes: all candidates of a setting are asked the same questions. What is fixed is hashed; two settings of
one name, or a folder that holds results of other settings, are refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datagen_cli.bench.options import BenchOptions, Candidate, slug
from datagen_cli.config.load import load_recipe
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.digest import digest
from datagen_cli.core.errors import Place, RecipeError, UsageError
from datagen_cli.core.ports import Unobserved
from datagen_cli.pipeline.build import Built, build
from datagen_cli.pipeline.connect import HERE, Where, check_models, identities, open_client, refuse_mixed, roles
from datagen_cli.runs.previous_run import lasting


@dataclass(frozen=True)
class BenchRunOptions:
    """How a bench is carried out. `out` is its folder (with `own_folder` one of its name for these settings alone),
    `overrides` are the `--set` of all cells; nothing else here changes what comes out."""

    out: Path
    environ: Mapping[str, str]
    allow_hosts: Collection[str] = ()
    limits: Mapping[str, float | None] = field(default_factory=dict)
    overrides: Sequence[str] = ()
    unsafe_exec: bool = False
    own_folder: bool = False
    where: Where = HERE


@dataclass(frozen=True)
class Setting:
    """One recipe with all that is fixed; `built` is that of the first candidate, None where ready sets are compared."""

    name: str
    source: str = ""
    built: Built | None = None
    digest: str = ""

    @property
    def count(self) -> int:
        """Accepted records of a cell."""
        return self.built.recipe.options.count if self.built else 0


@dataclass(frozen=True)
class Cell:
    """One candidate under one setting with one seed. `folder` is its run folder, or the ready dataset."""

    setting: Setting
    candidate: Candidate
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.setting.name} · {self.candidate.name} · seed {self.seed}"

    def build(self, options: BenchOptions, way: BenchRunOptions, *, max_cost: float | None = None) -> Built:
        """The cell, ready to run. Raises `RecipeError` for a variant that makes the recipe invalid."""
        recipe = _load(self.setting.source, self.candidate, options, way, self.seed, max_cost)
        return build(recipe, identities(recipe), folder=self.folder)


def _load(
    source: str,
    candidate: Candidate,
    options: BenchOptions,
    way: BenchRunOptions,
    seed: int,
    max_cost: float | None = None,
) -> Recipe:
    """The recipe of a cell. The generator alone is the candidate's: whoever checks stays the same."""
    limits = {**way.limits, **({} if max_cost is None else {"max_cost": max_cost})}
    own = [f"limits.{name}={value}" for name, value in limits.items() if value is not None]
    fixed = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in options.set.items()]

    def load(asked: Sequence[str], sets: Sequence[str]) -> Recipe:
        try:
            return load_recipe(
                source,
                overrides=[*fixed, *way.overrides, *sets, *candidate.overrides, *own],
                model=asked,
                count=options.count,
                seed=seed,
                environ=way.environ,
                cwd=Path.cwd(),
            )
        except RecipeError as error:
            for key in candidate.varied:  # what was wrong is told by the option that said it
                if error.place is not None and error.place.file == f"--set {key}":
                    error.place = Place(f"--vary {key}", error.place.line)
            raise

    checkers, sets = _as_words(options.roles)
    if candidate.model is None:
        return load(checkers, sets)
    writer, more = _as_words({"generator": candidate.model})
    recipe = load([*checkers, *writer], [*sets, *more])
    if roles(recipe) == ("generator",):  # nobody else is asked: nothing is left of the model that the recipe names
        asked, all_of = _as_words({"": candidate.model})
        return load([*asked, *writer], [*all_of, *more])
    return recipe


def _as_words(models: Mapping[str, str | Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """Models by role as `--model` takes names, and as `--set` takes mappings; the role `` is all of them."""
    named = [f"{role}={model}" if role else model for role, model in models.items() if isinstance(model, str)]
    written = [
        f"{f'models.{role}' if role else 'model'}={json.dumps(model, ensure_ascii=False)}"
        for role, model in models.items()
        if not isinstance(model, str)
    ]
    return named, written


def settings_of(options: BenchOptions, candidates: Sequence[Candidate], way: BenchRunOptions) -> list[Setting]:
    """The settings, every candidate of each built once: what is wrong with one is said before anything is paid."""
    writers = [one for one in candidates if not one.dataset]
    if not options.recipes:
        return [Setting(options.name or "datasets", digest=digest("datasets"))]
    if not writers:
        raise UsageError("a recipe without a generator to compare", hint="--model A --model B, or --vary KEY=a,b")
    found: list[Setting] = []
    for source in options.recipes:
        made = [_built(source, one, options, way) for one in writers]
        name = made[0].recipe.options.name
        if name in (setting.name for setting in found):
            raise UsageError(f"two recipes are called {name}: their settings differ", hint="give one another name")
        _refuse_other_terms(name, writers, made)
        found.append(Setting(name, source, made[0], _digest_of(source, writers[0], options, way, made[0])))
    return found


def _built(source: str, candidate: Candidate, options: BenchOptions, way: BenchRunOptions) -> Built:
    recipe = _load(source, candidate, options, way, options.seeds[0])
    built = build(recipe, identities(recipe))
    refuse_mixed(recipe)
    check_models(recipe)
    open_client(recipe, cache=None, observer=Unobserved(), environ=way.environ, allow_hosts=way.allow_hosts)
    return built


def _refuse_other_terms(name: str, candidates: Sequence[Candidate], made: Sequence[Built]) -> None:
    """Raises `UsageError` where candidates differ in more than what is compared: in who checks, or in the base."""
    first = made[0]
    for one, built in zip(candidates, made, strict=True):
        if not one.varied and built.checkers != first.checkers:
            checker = next(role for role in built.checkers if built.checkers[role] != first.checkers.get(role))
            raise UsageError(
                f"{name}: the settings differ in more than the generator: {one.name} would also be the {checker}",
                hint=f"--model {checker}=MODEL names one for all",
            )
        real = not any(model.provider.simulated for model in built.recipe.models["generator"])
        pretended = [role for role in built.checkers if built.recipe.models[role][0].provider.simulated]
        if real and pretended:
            raise UsageError(
                f"{name}: the {pretended[0]} is offline, a simulation: it cannot check what {one.name} writes",
                hint=f"--model {pretended[0]}=MODEL",
            )


def _digest_of(source: str, candidate: Candidate, options: BenchOptions, way: BenchRunOptions, built: Built) -> str:
    """Of the recipe without its generator, its base, who checks it, and the version of the prompts."""
    plain = Candidate(candidate.name, candidate.called, candidate.model)
    recipe = _load(source, plain, options, way, options.seeds[0])
    written = {key: value for key, value in lasting(recipe).items() if key not in ("model", "seed")}
    written["models"] = {role: model for role, model in (written.get("models") or {}).items() if role != "generator"}
    return digest(
        written, built.base.digest, built.comparison.identity, built.checkers, built.composer.templates_digest
    )


def cells_of(
    settings: Sequence[Setting], candidates: Sequence[Candidate], options: BenchOptions, way: BenchRunOptions
) -> list[Cell]:
    """All cells, seed by seed, so that a cap in the middle leaves every candidate equally far."""
    found = []
    for seed in options.seeds:
        for setting in settings:
            for one in candidates:
                folder = (
                    Path(one.dataset) if one.dataset else way.out / slug(setting.name) / _folder(one) / f"seed-{seed}"
                )
                found.append(Cell(setting, one, seed, folder))
    return found


def _folder(candidate: Candidate) -> str:
    """A folder for a candidate as it is: a model that is written anew under an old name gets another."""
    return f"{slug(candidate.name)}-{digest(candidate.name, candidate.model, candidate.varied, length=6)}"
