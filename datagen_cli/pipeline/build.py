"""From a recipe to something that runs: names resolved, options checked, the base read. Nothing is paid yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from datagen_cli.config.attributes import AttributeOptions
from datagen_cli.config.checks import Check
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.digest import digest
from datagen_cli.core.errors import UsageError
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.flow import STAGES, STEPS
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot
from datagen_cli.pipeline import operators
from datagen_cli.pipeline.checks import allowed_by, bind, bound_check, files_learned, make_ready
from datagen_cli.pipeline.connect import simulated
from datagen_cli.pipeline.cut import Cut
from datagen_cli.pipeline.dedup_reference import Comparison, compare_with
from datagen_cli.pipeline.groups import Groups, check_groups
from datagen_cli.pipeline.parents import Parents, parents_of
from datagen_cli.pipeline.plan_spec import plan_spec, steered_clusters, weights_of
from datagen_cli.pipeline.resolve import composer_of, read_inline, read_rows, tell_all
from datagen_cli.pipeline.shown import ExampleDrawer, keeps
from datagen_cli.prompts.compose import Composer
from datagen_cli.runs.shape import Shape
from datagen_cli.sources.open import BaseRows
from datagen_cli.stages import dedup as dedup_stage
from datagen_cli.stages import enhance as enhance_stage
from datagen_cli.stages import generate as generate_stage
from datagen_cli.stages import validate as validate_stage
from datagen_cli.stages.dedup import Dedup, SetCheck
from datagen_cli.stages.enhance import Enhance, Operators
from datagen_cli.stages.generate import Generate, Unit
from datagen_cli.stages.groups import GroupGenerate
from datagen_cli.stages.plan import PlanSpec, draw_slots, id_prefix
from datagen_cli.stages.validate import BoundCheck, Validate

LOAD_VERSION = 1
EXTRACTOR = "extractor"
SEVERAL_A_CALL = (
    "records_per_call: {count}: of a model that runs here a call of several saves no money, and small ones write better"
    " one at a time (--set records_per_call=1)"
)
NO_EXAMPLES = "no base and no examples.inline: real models need two or three records to write like"
Step = Callable[[Record, Slot, Unit, Context], Awaitable[Record]]


@dataclass(frozen=True)
class Built:
    """A run, ready to start. `rows` are base rows in the recipe's fields with their ids; empty without a base.

    `identities` holds what identifies the models of every role, `groups` how a correlated run is cut into units,
    `inline` the examples that the recipe itself writes. `unknown` are the attributes whose values have to be found
    first: until then the plan has numbers in their place.
    """

    recipe: Recipe
    base: BaseRows
    identities: Mapping[str, Any]
    composer: Composer
    constraints: tuple[tuple[Check, Any], ...]
    bound: tuple[BoundCheck, ...]
    comparison: Comparison
    embedder: Any
    set_checks: tuple[SetCheck, ...]
    plan: PlanSpec
    groups: Groups | None = None
    operators: Operators | None = None
    inline: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    parents: Parents | None = None
    clusters: tuple[tuple[int, ...], ...] = ()
    unknown: Mapping[str, AttributeOptions] = field(default_factory=dict)

    @property
    def specs(self) -> tuple[FieldSpec, ...]:
        """The fields, in order."""
        return self.base.specs

    @property
    def label_field(self) -> str:
        """The planned label's field, empty when the model writes the label itself."""
        return self.base.label.field if self.base.label and self.plan.labels else ""

    @cached_property
    def rows(self) -> dict[str, Mapping[str, Any]]:
        """Base rows by id."""
        return dict((*self.base.rows, *self.inline))

    @cached_property
    def examples(self) -> Any:
        """How examples are drawn (`draw(slot, attempt) -> row numbers`), or None."""
        options = self.recipe.examples
        if options is None or not self.example_rows:
            return None
        rows = self.example_rows
        labels = self._labels_of(rows)
        texts = (self.comparison.text(row) for _, row in rows)
        vectors = self.embedder.encode(list(texts)) if options.by_vectors else None

        def drawer(numbers: Sequence[int]) -> Any:
            few = [labels[number] for number in numbers] if labels else []
            shared: dict[str, Any] = {"seed": self.plan.seed, "k": options.k, "labels": few}
            among = {"rows": len(numbers)} if vectors is None else {"vectors": vectors[list(numbers)]}
            return options.drawer(**among, **shared)

        return ExampleDrawer(rows, labels, options.k, drawer, keeps(self.constraints), self.clusters)

    @property
    def example_rows(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """The rows that examples are drawn from: the recipe's own, else those of the base."""
        return self.inline or (self.base.rows if self.parents is None else self.parents.answered)

    def _labels_of(self, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Any]:
        """The planned label of every row; empty when none is planned or some row lacks it."""
        labels = [row.get(self.label_field) for _, row in rows] if self.label_field else []
        return labels if all(isinstance(label, str | int | float) for label in labels) else []

    @cached_property
    def generate(self) -> Generate | GroupGenerate:
        """The generation stage."""
        return self.groups.generate if self.groups else self.chat

    @cached_property
    def chat(self) -> Generate:
        """Generation by chat, record by record or some in a call."""
        allowed = allowed_by(self.bound, self.specs)
        return Generate(self.composer, self.specs, self.rows, self.label_field, allowed)

    @cached_property
    def validate(self) -> Validate:
        """The validation stage."""
        chat = None if self.groups else self.chat
        return Validate(self.bound, chat, self.composer, self.label_field, self.base.pointer)

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """The stages that take one record after generation, in order, with what each does."""
        made: dict[str, Step] = {"validate": self.validate.run, "enhance": _left_alone}
        if self.operators is not None:
            again = Validate(self.bound, None, self.composer, self.label_field, self.base.pointer)
            made["enhance"] = Enhance(self.operators, self.composer.about, self.specs, again).run
        return tuple((name, made.get(name) or stage_module(name).run) for name in STEPS)

    def dedup(self) -> Dedup:
        """A fresh group check."""
        return self.comparison.dedup(self.set_checks)

    @property
    def shape(self) -> Shape:
        """The columns of the dataset."""
        options = self.recipe.options
        return Shape(
            specs=tuple(self.specs),
            emitted=tuple(name for name, attribute in options.attributes.items() if attribute.emit),
            attributes=tuple(options.attributes),
            checks=tuple(check.name for check in self.recipe.checks),
            simulated=self.simulated,
            prefix=id_prefix(options.name, options.seed),
        )

    @property
    def simulated(self) -> bool:
        """Whether any role that is asked is played by the offline model."""
        return simulated(self.recipe)

    def slots(self, count: int) -> Iterator[Slot]:
        """The first `count` slots of the plan."""
        return draw_slots(self.plan, count)

    def unit(
        self, slots: Sequence[Slot], attempt: int, avoid: tuple[Any, ...] = (), lessons: tuple[str, ...] = ()
    ) -> Unit:
        """The unit of these slots, with its examples drawn for the attempt."""
        if self.groups:
            return self.groups.unit(slots, attempt, avoid)
        drawn, shown = self.examples.draw(slots, attempt) if self.examples else ((), ())
        shown = tuple(name for name in shown if name not in {slot.parent for slot in slots})
        return Unit(tuple(slots), attempt, shown, avoid, drawn, lessons)

    @property
    def cut(self) -> Cut:
        """How the plan is cut into units of first attempts."""
        per_call = self.recipe.options.records_per_call
        return self.groups.cut if self.groups else Cut(per_call, per_call)

    @property
    def per_call(self) -> int:
        """The most slots of a unit of first attempts."""
        return self.cut.most

    @property
    def max_tokens(self) -> int:
        """The most tokens of a generator's reply."""
        return max(model.max_tokens for model in self.recipe.models["generator"])

    @property
    def checkers(self) -> dict[str, Any]:
        """What identifies the models that check, by role."""
        asked = {role for check in self.recipe.checks for role in check.facts.roles}
        others = {"generator", *({EXTRACTOR} - asked)}  # who finds values of attributes has a say in the plan alone
        return {role: identity for role, identity in self.identities.items() if role not in others}

    def notes(self) -> list[str]:
        """What a user should know before the run: rows left out, how examples are drawn, who checks whom."""
        found = [*self.recipe.remarks, *self.base.notes]
        if self.base.skipped:
            found.append(f"{self.base.skipped:,} bad rows of the base left out, the first: {self.base.reasons[0]}")
        found += self.groups.notes() if self.groups else self.examples.notes if self.examples else self._bare()
        found += self.parents.notes(self.recipe.options.count) if self.parents is not None else []
        for file in self.comparison.files:
            if file.skipped:
                found.append(f"{file.skipped:,} rows of {file.shown} cannot be compared: they lack the recipe's fields")
        several = self.recipe.options.records_per_call
        if several > 1 and all(model.provider.on_this_machine for model in self.recipe.models["generator"]):
            found.append(SEVERAL_A_CALL.format(count=several))
        generator = {model.name for model in self.recipe.models["generator"] if not model.provider.simulated}
        for role in self.checkers:
            if generator & {model.name for model in self.recipe.models[role]}:
                found.append(f"the {role} is the generator itself: it may not see its own mistakes")
        return found

    def _bare(self) -> list[str]:
        """What a recipe without any example should know."""
        given = self.recipe.options.examples
        wanted = self.parents is None and (given is None or given.strategy != "none")
        return [NO_EXAMPLES] if wanted and not self.simulated else []

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """Stage → digest of all that its output depends on beside its input, chained from stage to stage."""
        options = self.recipe.options
        examples, checks = self.recipe.examples, self.recipe.checks
        by_vectors = examples is not None and examples.by_vectors and self.base.rows
        asking = [check.facts.prompts.digest for check in checks if check.facts.prompts is not None]
        own: dict[str, list[Any]] = {
            "load": [LOAD_VERSION, self.base.digest, self.base.identity],
            "plan": [self.plan.identity()],
            "generate": [
                generate_stage.VERSION, self.composer.templates_digest, examples.identity() if examples else None,
                self.embedder.signature if by_vectors else None, options.records_per_call, self.identities["generator"],
            ],
            "validate": [
                validate_stage.VERSION, [check.identity() for check in checks], self.composer.repair_digest, asking,
                self.checkers,
            ],
            "enhance": [enhance_stage.VERSION, *operators.identity(self.recipe, self.operators, self.identities)],
            "dedup": [dedup_stage.VERSION, [check.name for check in self.set_checks], self.comparison.identity],
        }  # fmt: skip
        own["generate"] += [self.groups.identity] if self.groups else []
        own["validate"] += files_learned(self.recipe.validators, self.base)
        chained: dict[str, str] = {}
        before = ""
        for stage in STAGES:
            before = chained[stage] = digest(before, stage, own.get(stage) or [stage_module(stage).VERSION])
        return chained


def stage_module(name: str) -> Any:
    """The module of a stage. Of a step it may hold all that it is: `run`, a `Step`, and its `VERSION`."""
    return import_module(f"datagen_cli.stages.{name}")


async def _left_alone(record: Record, slot: Slot, unit: Unit, ctx: Context) -> Record:
    return record


def build(recipe: Recipe, identities: Mapping[str, Any], *, folder: Path | None = None) -> Built:
    """Resolves a recipe and reads its base. Raises `RecipeError` or `DataError`; nothing has been paid for.

    `folder` is the run's own, which `dedup.against` may match too.
    """
    try:
        return _build(recipe, identities, folder)
    except UsageError:
        tell_all(recipe)
        raise


def _build(recipe: Recipe, identities: Mapping[str, Any], folder: Path | None) -> Built:
    base = read_rows(recipe)
    specs = {spec.name: spec for spec in base.specs}
    plan = plan_spec(recipe, base)
    check_groups(recipe, base, plan)
    about = About(
        recipe.options.description,
        base.specs,
        dict(base.label.definitions) if base.label else {},
        label_field=base.label.field if base.label and plan.labels else "",
    )
    constraints = tuple((check, bind(check, specs, about, recipe)) for check in recipe.constraints)
    about = replace(about, constraints=tuple(constraint for _, constraint in constraints))
    parents = parents_of(recipe, base, constraints)
    plan = replace(plan, parents=parents.names) if parents is not None else plan
    validators = tuple((check, bind(check, specs, about, recipe)) for check in recipe.validators)
    make_ready(validators, recipe, base)
    embedder = run_embedder(recipe)
    inline = read_inline(recipe, base.specs, constraints)
    comparison = compare_with(
        base.specs, base, recipe.options.dedup, embedder, folder=folder, inline=inline, method=recipe.options.method
    )
    clusters = steered_clusters(recipe, base, embedder, comparison.text)
    plan = replace(plan, clusters=weights_of([len(rows) / len(base.rows) for rows in clusters]))
    bound = tuple(bound_check(check, made) for check, made in (*constraints, *validators) if made.scope == "record")
    return Built(
        recipe=recipe,
        base=base,
        identities=identities,
        composer=composer_of(recipe, about, base),
        constraints=constraints,
        bound=bound,
        comparison=comparison,
        embedder=embedder,
        set_checks=tuple(
            SetCheck(check.name, made.rule, check.on_fail) for check, made in constraints if made.scope == "set"
        ),
        plan=plan,
        operators=operators.operators_of(recipe, base, about),
        groups=Groups(recipe, base, plan, constraints, inline or base.rows, allowed_by(bound, base.specs), embedder)
        if recipe.options.sampling.correlated is not None
        else None,
        inline=inline,
        parents=parents,
        clusters=clusters,
        unknown={name: one for name, one in recipe.options.attributes.items() if one.values is None},
    )


def run_embedder(recipe: Recipe) -> Any:
    """The embedder of the run, or None where the recipe asks for nothing that needs one."""
    dedup = recipe.options.dedup
    wanted = dedup is not None and (dedup.threshold is not None or dedup.embedder is not None)
    by_vectors = recipe.examples is not None and recipe.examples.by_vectors
    if not wanted and not (by_vectors and recipe.options.base is not None):
        return None
    from datagen_cli.text.embed import open_embedder, vector_cache

    name = (dedup.embedder if dedup else None) or recipe.options.embedder
    return open_embedder(name, vector_cache())
