"""Correlated runs: what a recipe must be for one, which slots make a group, and which examples each row is shown: those
of the recipe, or base rows, that keep the constraints and the rules of safety.

A group is K · `per_label` rows for K planned labels (K = 1 without labels), so with balanced labels each label stands
`per_label` times in it; with uneven quotas labels stand in proportion. A unit of first attempts is one batch of whole
groups: one group at first, then more, up to as many as fit `BATCH_ROWS` (`cut.py`). Slots beyond the count are kept as
surplus. A further attempt at a slot has a group of its own: the slot's row first, then peers of every label with the
slot's attributes, which are surplus too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from datagen_cli.config.checks import Check
from datagen_cli.config.models import Correlated
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.digest import digest
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Slot, unit_name
from datagen_cli.core.registry import suggest
from datagen_cli.llm.identity import sampling_of
from datagen_cli.pipeline.cut import Cut
from datagen_cli.pipeline.resolve import values_of
from datagen_cli.pipeline.shown import Pool, keeps
from datagen_cli.prompts.free_text import FreeText
from datagen_cli.sources.open import BaseRows
from datagen_cli.stages import groups as groups_stage
from datagen_cli.stages.generate import Allowed
from datagen_cli.stages.groups import GroupGenerate, GroupRow, GroupUnit
from datagen_cli.stages.plan import PlanSpec

BATCH_ROWS = 32
AGAINST_LABELS = ("cfg", "cross", "hybrid")
OWN_OPTIONS = {"hybrid": ("intra_share",), "cfg": ("guidance",)}
PEERS_FROM = 1 << 32
"""Peers draw their examples under slot numbers from here on."""


@dataclass(frozen=True)
class Groups:
    """The units of one correlated run. Examples are drawn from `rows`, with their ids: the recipe's own, else those of
    the base; those that keep the `constraints` (the recipe's, bound to its fields) are shown. `allowed` is what they
    allow a text to be, `embedder` is for `strategy: clusters`."""

    recipe: Recipe
    base: BaseRows
    plan: PlanSpec
    constraints: Sequence[tuple[Check, Any]]
    rows: Sequence[tuple[str, Mapping[str, Any]]]
    allowed: Allowed
    embedder: Any

    def __post_init__(self) -> None:
        _ = self.prompts  # a template that cannot be used is refused now, before anything is paid

    @property
    def options(self) -> Correlated:
        """The recipe's `sampling.correlated`."""
        found = self.recipe.options.sampling.correlated
        assert found is not None
        return found

    @cached_property
    def prompts(self) -> FreeText:
        """What is asked for a row."""
        options, specs = self.recipe.options, {spec.name: spec for spec in self.base.specs}
        return FreeText(
            description=options.description,
            spec=specs[self.options.field],
            label=specs.get(self.label_field),
            meanings=self.base.label.definitions if self.base.label else None,
            constraints=[made for _, made in self.constraints],
            system=options.prompts.system,
            generate=options.prompts.generate,
            **values_of(self.recipe, self.base),
        )

    @cached_property
    def labels(self) -> tuple[Any, ...]:
        """The labels that are planned; one None without any."""
        return planned_labels(self.plan) or (None,)

    @property
    def size(self) -> int:
        """Rows of a group."""
        return len(self.labels) * self.options.per_label

    @property
    def cut(self) -> Cut:
        """How the plan is cut into batches."""
        return Cut(self.size, max(1, BATCH_ROWS // self.size) * self.size)

    @property
    def label_field(self) -> str:
        """The planned label's field, empty without one."""
        return self.base.label.field if self.base.label and self.plan.labels else ""

    def unit(self, slots: Sequence[Slot], attempt: int, avoid: tuple[Any, ...] = ()) -> GroupUnit:
        """The unit of a whole batch, or of a further attempt at one slot with its peers."""
        rows = self._first(slots) if attempt == 1 else self._again(slots[0], attempt)
        return GroupUnit(tuple(slots), attempt, avoid=avoid, rows=tuple(rows))

    def _first(self, slots: Sequence[Slot]) -> Iterator[GroupRow]:
        for place, slot in enumerate(slots):
            leader = slots[place - place % self.size]
            yield self._row(unit_name(slot.index, 1), unit_name(leader.index, 1), slot, slot.index, 1)

    def _again(self, slot: Slot, attempt: int) -> Iterator[GroupRow]:
        name = unit_name(slot.index, attempt)
        yield self._row(name, name, slot, slot.index, attempt)
        labels = [label for label in self.labels for _ in range(self.options.per_label)]
        if slot.label in labels:
            labels.remove(slot.label)
        for number, label in enumerate(labels, start=1):
            place = PEERS_FROM * number + slot.index
            yield self._row(f"{name}/{number}", name, replace(slot, label=label), place, attempt)

    def _row(self, key: str, group: str, slot: Slot, place: int, attempt: int) -> GroupRow:
        others = [label for label in self.labels if label != slot.label] if self.options.variant == "cfg" else []
        (drawn, examples), *rest = (self._examples(label, place, attempt) for label in (slot.label, *others))
        negatives = tuple(zip(others, (shown for _, shown in rest), strict=True))
        drawn_first = (drawn, *(first for first, _ in rest))
        changed = drawn_first != (examples, *(shown for _, shown in rest))
        return GroupRow(key, group, slot, examples, negatives, drawn_first if changed else ())

    def _examples(self, label: Any, place: int, attempt: int) -> tuple[tuple[str, ...], ...]:
        """Ids of base rows of the label (of any, without labels), for one row of one attempt: as they were drawn, and
        those that are shown."""
        pool = self._pools.get(label)
        numbers = pool.draw(place, attempt) if pool is not None else ((), ())
        return tuple(tuple(self.rows[number][0] for number in some) for some in numbers)

    @cached_property
    def _pools(self) -> dict[Any, Pool]:
        """By label, what examples are drawn from."""
        options, field = self.recipe.examples, self.options.field
        if options is None or options.strategy == "none":
            return {}
        members: dict[Any, list[int]] = {}
        for number, (_, row) in enumerate(self.rows):
            if row.get(field):
                members.setdefault(row.get(self.label_field) if self.label_field else None, []).append(number)
        vectors = None
        if options.by_vectors:
            vectors = self.embedder.encode([str(row.get(field) or "") for _, row in self.rows])
        kept = keeps(self.constraints)
        may_show = cache(lambda number: kept(self.rows[number][1]))
        found = {}
        for label in self.labels:
            if numbers := members.get(label):
                among = {"rows": len(numbers)} if vectors is None else {"vectors": vectors[numbers]}
                found[label] = Pool(numbers, options.drawer(seed=self.plan.seed, k=options.k, **among), may_show)
        return found

    @cached_property
    def generate(self) -> GroupGenerate:
        """The generation stage."""
        return GroupGenerate(
            self.prompts,
            self.base.specs,
            {name: str(row[self.options.field]) for name, row in self.rows if row.get(self.options.field)},
            field=self.options.field,
            label_field=self.label_field,
            sampling=self._sampling,
            facts=self._facts,
            allowed=self.allowed,
        )

    @property
    def _sampling(self) -> dict[str, Any]:
        """What every request says of how its rows are contrasted."""
        return self.options.model_dump(exclude={"per_label", "field"})

    @property
    def _facts(self) -> dict[str, Any]:
        """How the rows of this run are sampled, for the lineage of each; only what the variant uses."""
        options = self.options
        names = ["variant", *(("contrast", "plausibility") if options.variant not in ("plain", "cfg") else ())]
        names += [*OWN_OPTIONS.get(options.variant, ()), "gamma"]
        found = {name: getattr(options, name) for name in names}
        return {**found, **sampling_of(self.recipe.models["generator"][0], "generator", self.recipe.options.sampling)}

    @property
    def identity(self) -> list[Any]:
        """What the texts depend on beside the model: part of the generation fingerprint."""
        options = self.options
        used = [options.field, options.per_label, self._facts]
        cut = [self.cut.least, self.cut.most]
        return [groups_stage.VERSION, cut, used, [*self.labels], digest(self.prompts.identity)]

    def notes(self) -> list[str]:
        """What a user should know before the run: labels without examples, or with too few of them."""
        options = self.recipe.examples
        if options is None or options.strategy == "none" or not self.rows:
            return []
        bare = [str(label) for label in self.labels if label not in self._pools]
        few = [str(label) for label, pool in self._pools.items() if len(pool.numbers) <= options.k]
        what = "example" if options.inline else "base row"
        found = [f"examples: no {what} is of {', '.join(bare)}: its rows are shown none"] if bare else []
        if few:
            of = "" if few == ["None"] else f" of {', '.join(few)}"
            found.append(f"examples: no more than {options.k} {what}s{of}: all its prompts show the same texts")
        return found


def planned_labels(plan: PlanSpec) -> tuple[Any, ...]:
    """The labels that some slot gets."""
    return tuple(label for label, weight in plan.labels if weight > 0)


def check_groups(recipe: Recipe, base: BaseRows, plan: PlanSpec) -> None:
    """Raises `RecipeError` for a recipe with `sampling.correlated` that cannot be run so."""
    for where, message, hint in _objections(recipe, base, plan):
        raise RecipeError(f"{where}: {message}", hint=hint, place=recipe.place(where))


def _objections(recipe: Recipe, base: BaseRows, plan: PlanSpec) -> Iterator[tuple[str, str, str]]:
    options = recipe.options
    correlated = options.sampling.correlated
    if correlated is None:
        return
    here = "sampling.correlated"
    generators = recipe.models["generator"]
    for model in generators:
        if not model.provider.correlates:
            why = f"needs every next-token probability, which {model.name} does not give"
            yield here, why, "name a local model: `model: local/<hub id or path>`, or remove correlated"
    if len(generators) > 1:
        yield here, f"one generator samples a group, found {len(generators)}", "name one under models.generator"
    if options.records_per_call > 1:
        yield "records_per_call", "goes without sampling.correlated, whose batches are groups", "remove it"
    yield from _field_objections(correlated, base.specs, base.label.field if base.label and plan.labels else "")
    labels = planned_labels(plan)
    if correlated.variant in AGAINST_LABELS and len(labels) < 2:
        found = f"only {labels[0]!r}" if labels else "none"
        yield (
            f"{here}.variant",
            f"{correlated.variant} contrasts labels, and {found} is planned",
            "give label.values at least two labels and a quota, or use `variant: intra`",
        )


def _field_objections(
    correlated: Correlated, specs: Sequence[FieldSpec], label_field: str
) -> Iterator[tuple[str, str, str]]:
    here = "sampling.correlated.field"
    written = {spec.name: spec for spec in specs if spec.written}
    spec = written.get(correlated.field)
    if spec is None:
        yield here, f"no field {correlated.field!r} is written by the model", suggest(correlated.field, written)
    elif spec.type != "text":
        yield here, f"{spec.name} is of type {spec.type}; only a text can be sampled", "name a field of type text"
    for name in written:
        if name not in (correlated.field, label_field):
            yield (
                f"fields.{name}",
                f"only {correlated.field} is sampled, so nothing would write it",
                "plan it: a label with a quota, or an attribute with `emit: true`; or remove the field",
            )
