"""`datagen validate`: checks a recipe without any call, and runs its constraints over the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.cli.invocation import Invocation
from datagen_cli.config.environment import Expansion
from datagen_cli.config.fields import label_text
from datagen_cli.config.recipe import Recipe
from datagen_cli.config.soundness import follows
from datagen_cli.core.errors import DatagenError, MissingExtra, Problems, RecipeError, UsageError
from datagen_cli.core.options import Options
from datagen_cli.llm.keys import hosts
from datagen_cli.pipeline.build import Built, build
from datagen_cli.pipeline.connect import begins_not, check_models, identities, refuse_mixed, roles
from datagen_cli.pipeline.estimate import contacted
from datagen_cli.sources.proposal import first_of

SHOWN = 12
EXAMPLES = ("datagen validate quickstart", "datagen validate my.yaml --set label.quota=balanced --json")


def command(
    recipe: given.RecipeArgument,
    model: given.Model = None,
    count: given.Count = None,
    seed: given.Seed = None,
    set_: given.Set = None,
    allow_host: given.AllowHost = None,
    json_: given.Json = False,
) -> int:
    """Check a recipe and its base; nothing is sent.

    Runs the constraints over the base and lists every host that a run would contact.
    """
    invocation = Invocation(recipe, None, model or (), count, seed, set_ or (), allow_hosts=allow_host or ())
    problems = Problems()
    with problems:
        loaded = invocation.load()
    for broken in problems.all():  # a recipe that is wrong in itself: what its sound parts lead to is told, too
        if isinstance(broken, RecipeError) and broken.sound is not None:
            further = Problems()
            _look(invocation, broken.sound, further)
            told = {str(one.place) for one in (broken, *broken.others)}
            problems.add(
                one for one in further.all() if str(one.place) not in told and not follows(one.alone, broken.taken)
            )
    built, lacking = (None, []) if problems.all() else _look(invocation, loaded, problems)
    if built is None or problems.all():
        return _refused(problems.all(), as_json=json_)
    for reason in lacking:
        console.note(reason)
    result = examine(loaded, built, invocation.environ)
    if json_:
        console.emit_json(result)
        return 0
    _show(result)
    for note in (*loaded.remarks, *built.base.notes):
        console.note(note)
    overrides = [*invocation.overrides, *([] if count is None else [f"count={count}"])]
    console.next_step(replace(invocation, count=None, overrides=overrides).line("prompt" if lacking else "preview"))
    return 0


def _look(invocation: Invocation, recipe: Recipe, problems: Problems) -> tuple[Built | None, list[str]]:
    """Builds a recipe and looks at its models; adds what is wrong. Returns what was built, and what a run would miss
    here."""
    built, lacking = None, []
    with problems:
        built = build(recipe, identities(recipe))
    with problems:
        refuse_mixed(recipe)
    with problems:
        lacking = _lacking(invocation, recipe)
    return built, lacking


def _lacking(invocation: Invocation, recipe: Recipe) -> list[str]:
    """What a run would miss here: an extra, a key. Raises `UsageError` for models that cannot be asked as the recipe
    says, among them those whose key would go to a host that it is not for. Nothing is sent."""
    found = []
    try:
        check_models(recipe, to_run=False)
    except UsageError as error:
        problems = Problems(one for one in (error, *error.others) if not isinstance(one, MissingExtra))
        problems.tell()
        return [one.alone for one in (error, *error.others)]
    if why := begins_not(recipe, invocation.environ, invocation.allow_hosts):
        found.append(f"a run would not begin here: {why}")
    return found


def _refused(problems: Sequence[DatagenError], *, as_json: bool) -> int:
    """Tells every problem that was found, the most urgent first. Returns the exit code."""
    first, *others = problems
    whole = str(first.with_others(others))
    for problem in problems:
        problem.with_others(())
    if as_json:
        told = [{"error": str(problem), "hint": problem.advice} for problem in problems]
        result = {"error": whole, "hint": first.advice, "exit_code": first.exit_code}
        console.emit_json({**result, "valid": False, "problems": told})
    for problem in problems:
        console.error(problem)
    return first.exit_code


def examine(recipe: Recipe, built: Built, environ: Mapping[str, str]) -> dict[str, Any]:
    """What `validate --json` prints: fields, label shares, attributes, how the base fares, hosts."""
    rows = [row for _, row in built.base.rows]
    label = built.base.label
    meanings = getattr(recipe.options.label, "values", None) or {}
    return {
        "recipe": recipe.file,
        "valid": True,
        "count": recipe.options.count,
        "fields": {spec.name: spec.type for spec in built.specs},
        "label": {
            "field": label.field,
            "quota": {label_text(value): share for value, share in built.plan.labels} or None,
            "without_meaning": [value for value, meaning in meanings.items() if not meaning.strip()],
        }
        if label
        else None,
        "attributes": {
            attribute.name: [] if attribute.name in built.unknown else list(attribute.values)
            for attribute in built.plan.attributes
        },
        "found_in_the_run": {name: attribute.wanted for name, attribute in built.unknown.items()},
        "checks": [check.name for check in recipe.checks],
        "base": {"rows": len(rows), "skipped": built.base.skipped, "reasons": list(built.base.reasons)}
        if recipe.options.base
        else None,
        "constraints_on_base": {
            check.name: {
                "rows": len(rows),
                "pass": sum(constraint.check(row).outcome == "pass" for row in rows),
                "asks": constraint.describe(),
            }
            for check, constraint in built.constraints
            if rows and hasattr(constraint, "check")
        },
        "asked_of_a_model": [check.name for check, made in built.constraints if hasattr(made, "verify")],
        "models": {role: [model.name for model in recipe.models[role]] for role in roles(recipe)},
        "hosts": contacted(built, environ),
        "expansions": [
            {"name": found.name, "in": found.where, "goes_to": _goes_to(recipe, found, environ)}
            for found in recipe.expansions
        ],
        "group": _group(built),
        "simulated": built.simulated,
    }


def _goes_to(recipe: Recipe, expansion: Expansion, environ: Mapping[str, str]) -> str:
    """Where the value of a variable goes: to the host of a model, or into a path that is read."""
    if expansion.model is None:
        return "a path that is read"
    model: Any = recipe.options
    for part in expansion.model:
        model = getattr(model, str(part)) if isinstance(model, Options) else model[part]
    return ", ".join(hosts([model], environ)) or "nobody"


def _group(built: Built) -> dict[str, Any] | None:
    """How a correlated run is cut up; None for any other."""
    if built.groups is None:
        return None
    groups = built.groups
    return {
        "variant": groups.options.variant,
        "labels": len(groups.labels),
        "rows": groups.size,
        "batch": groups.cut.most,
    }


def _show(result: dict[str, Any]) -> None:
    fields = ", ".join(f"{name} ({kind})" for name, kind in result["fields"].items())
    console.line(f"{result['recipe']}: valid")
    console.line(f"  records: {result['count']:,} with {fields}")
    if result["label"]:
        shares = result["label"]["quota"]
        console.line(f"  label: {result['label']['field']}, " + (f"quota {_shares(shares)}" if shares else "no quota"))
        if unsaid := result["label"]["without_meaning"]:
            console.note(f"label.values: no meaning is written for {first_of(unsaid)}: models see the name alone")
    if result["group"]:
        group = result["group"]
        console.line(f"  groups of {group['rows']} rows, {group['variant']}; {group['batch']} rows are written at once")
    for name, values in result["attributes"].items():
        found = f"{result['found_in_the_run'].get(name)} values, found by the extractor when the run begins"
        more = f" and {len(values) - SHOWN:,} more" if len(values) > SHOWN else ""
        console.line(f"  attribute {name}: {', '.join(values[:SHOWN]) + more or found}")
    if result["base"]:
        console.line(
            f"  base: {result['base']['rows']:,} rows"
            + (f", {result['base']['skipped']:,} skipped" if result["base"]["skipped"] else "")
        )
        for reason in result["base"]["reasons"]:
            console.line(f"    {reason}")
    for name, found in result["constraints_on_base"].items():
        console.line(f"  {name}: {found['pass']:,} of {found['rows']:,} base rows pass ({found['asks']})")
        if found["pass"] == 0:
            console.note(f"no base row passes {name}: check the constraint")
    if result["asked_of_a_model"]:
        console.line(f"  {', '.join(result['asked_of_a_model'])}: asked of the reviewer, not run over the base")
    for found in result["expansions"]:
        console.line(f"  ${{{found['name']}}} in {found['in']}: goes to {found['goes_to']}")
    console.line(f"  hosts contacted: {', '.join(result['hosts']) or 'none'}")


def _shares(shares: dict[str, float]) -> str:
    """Every value with its share; of many the largest."""
    total, first = sum(shares.values()), sorted(shares.items(), key=lambda item: -item[1])[:SHOWN]
    shown = ", ".join(f"{value} {100 * share / total:.0f} %" for value, share in first)
    return shown + (f" and {len(shares) - SHOWN:,} more" if len(shares) > SHOWN else "")
