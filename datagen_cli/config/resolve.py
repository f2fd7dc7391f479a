"""From options as written to what a run uses: checks by name, a model for every role, examples or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from datagen_cli.config.checks import Check, CheckOptions, Kind, check_names, facts_of
from datagen_cli.config.explain import Problem, describe, placed, problems_of
from datagen_cli.config.models import ROLES, ModelOptions, SharedModel
from datagen_cli.config.overrides import name_and_type
from datagen_cli.config.recipe import ExamplesOptions, RecipeOptions
from datagen_cli.config.tree import Node, Path, show_path
from datagen_cli.core.registry import is_name, names, suggest

KINDS: tuple[Kind, Kind] = ("constraints", "validators")


def resolve_checks(root: Node) -> tuple[list[Check], list[Problem]]:
    """Every check of the recipe, constraints first, without its broken options (left out where that leaves too
    little), and what is wrong with them."""
    items = [(kind, i, item) for kind in KINDS for i, item in enumerate(_listed(root, kind))]
    pairs = [name_and_type(item) for _, _, item in items]
    checks: list[Check] = []
    problems: list[Problem] = []
    given: dict[str, str] = {}
    for (kind, i, item), (own_name, _), name in zip(items, pairs, check_names(pairs), strict=True):
        if own_name in given:
            what = f"{own_name} is the name of {given[own_name]} too"
            problems.append(Problem((kind, i, *item.mapping, "name"), what, "names are unique"))
        elif own_name:
            given[own_name] = f"{kind}[{i}]"
        check, found = _resolve_check(root, kind, i, item, name)
        problems += found
        checks += [check] if check is not None else []
    return checks, placed(problems, root)


def _listed(root: Node, kind: str) -> list[Node]:
    node = root.mapping.get(kind)
    return node.items if node else []


def _resolve_check(root: Node, kind: Kind, index: int, item: Node, name: str) -> tuple[Check | None, list[Problem]]:
    """One check with its options validated by the class of its name, and its problems."""
    path: Path = (kind, index)
    if isinstance(item.value, str):
        item = item.with_value({item.value: item.with_value({})})
    if len(item.mapping) != 1:
        return None, [Problem(path, *_not_one_check(kind, item))]
    ((kind_of, written),) = item.mapping.items()
    if not is_name(kind, kind_of):
        return None, [Problem((*path, kind_of), f"unknown {kind[:-1]}", _unknown_hint(kind, kind_of))]
    value: Any = {} if written.value is None else written.plain()
    facts = facts_of(kind, kind_of)
    if not isinstance(value, dict):
        if facts.short is None:
            message = f"expected a mapping of options, found {describe(value)}"
            return None, [Problem((*path, kind_of), message)]
        value = {facts.short: value}
    options, problems = _options_of(facts.options, value, root, (*path, kind_of))
    if options is None:
        return None, problems
    check = Check(
        kind=kind,
        type=kind_of,
        name=name,
        options=options,
        on_fail=options.on_fail or facts.on_fail,
        on_unknown=options.on_unknown or facts.on_unknown,
        where=show_path((*path, kind_of)),
    )
    return check, problems


def _options_of(
    model: type[CheckOptions], value: dict[str, Any], root: Node, path: Path
) -> tuple[CheckOptions | None, list[Problem]]:
    """Options without those that are wrong, None where the others are too few; and the problems."""
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        problems = problems_of(error, root, path, model)
    wrong = {problem.path[len(path)] for problem in problems if len(problem.path) > len(path)}
    try:
        return model.model_validate({key: item for key, item in value.items() if key not in wrong}), problems
    except ValidationError:
        return None, problems


def _not_one_check(kind: Kind, item: Node) -> tuple[str, str]:
    example = "such as `- length: {field: text, max_words: 90}`"
    if isinstance(item.value, dict) and item.mapping:
        return (
            f"expected one {kind[:-1]}, found {', '.join(item.mapping)}",
            "start each with a dash; indent its options below it",
        )
    return f"expected a {kind[:-1]}, found {describe(item.plain() or None)}", example


def _unknown_hint(kind: Kind, name: str) -> str:
    other: Kind = "validators" if kind == "constraints" else "constraints"
    if is_name(other, name):
        return f"{name} is one of the {other}: list it there"
    return suggest(name, names(kind))


def resolve_models(options: RecipeOptions) -> dict[str, tuple[SharedModel, ...]]:
    """The models of every role: its own, else `model`, else the generator's."""
    own: Mapping[str, ModelOptions | list[SharedModel]] = {str(role): models for role, models in options.models.items()}
    generator = own.get("generator") or options.model
    shared = options.model or generator
    found = {role: _shared(own.get(role) or shared)[:1] for role in ROLES}
    return {**found, "generator": _shared(generator)}


def _shared(models: ModelOptions | list[SharedModel] | None) -> tuple[SharedModel, ...]:
    if isinstance(models, list):
        return tuple(models)
    if models is None:
        return ()
    values = {name: getattr(models, name) for name in type(models).model_fields}
    return (SharedModel.model_construct(_fields_set=set(models.model_fields_set), **values),)


def resolve_examples(options: RecipeOptions) -> ExamplesOptions | None:
    """Three random examples where there is a base and the recipe says nothing; None for `strategy: none`."""
    if options.base is None and not (options.examples and options.examples.inline):
        return None
    examples = options.examples or ExamplesOptions()
    return None if examples.strategy == "none" else examples
