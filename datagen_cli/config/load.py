"""`load_recipe`: from a file or a shipped name, and what the command line says, to a `Recipe` ready to run.

Everything that can be wrong with a recipe alone ends here, as one `RecipeError` with file, line, path and hint, and
with the recipe without its broken parts, so that who wants to can look further. The base is not opened, no model is
asked, and no class of a shelf is built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datagen_cli.config.environment import expand_environment, expansions, without_secrets
from datagen_cli.config.explain import problem_error
from datagen_cli.config.includes import absolute_paths, inline_models, read_mapping, with_includes
from datagen_cli.config.models import Limits
from datagen_cli.config.overrides import replaced_settings, with_overrides
from datagen_cli.config.recipe import Recipe
from datagen_cli.config.resolve import resolve_checks, resolve_examples, resolve_models
from datagen_cli.config.shipped import open_recipe
from datagen_cli.config.soundness import sound_options
from datagen_cli.config.tree import Node, put, without
from datagen_cli.core.errors import UsageError

LOCKED = "locked"


def load_recipe(
    source: str,
    *,
    overrides: Sequence[str] = (),
    model: Sequence[str] = (),
    count: int | None = None,
    seed: int | None = None,
    environ: Mapping[str, str],
    cwd: Path,
) -> Recipe:
    """The recipe that a file, the name of a shipped recipe or `-` (standard input) names.

    `overrides` are the `a.b.c=value` of `--set`, `model` the values of `--model`. `environ` fills `${NAME}`; give it
    what `read_environment` returns. Relative paths of the command line start at `cwd`. A `recipe.lock.yaml` is a recipe
    too: what stands under `locked` in it is what its names stood for, and is passed over. Raises `RecipeError`.
    """
    cwd = cwd.absolute()
    data, named, path = open_recipe(source, cwd)
    chain = (path.resolve(),) if path else ()
    root = without(with_includes(read_mapping(data, named), chain), (LOCKED,))
    changed = with_overrides(root, sets=overrides, model=model, count=count, seed=seed, folder=str(cwd))
    remarks = replaced_settings(root, changed) if model else []
    found = recipe_from(with_includes(changed, chain), environ)  # once more, for `--set include=...`
    return replace(found, remarks=tuple(remarks))


def recipe_from(root: Node, environ: Mapping[str, str]) -> Recipe:
    """The recipe of a tree whose includes and overrides are merged already. Raises `RecipeError`."""
    root = absolute_paths(inline_models(root))
    written = without_secrets(root).plain()
    found = expansions(root)
    root = absolute_paths(expand_environment(_with_pins_apart(root), environ))
    options, problems, taken = sound_options(root)
    checks, broken = resolve_checks(root)
    problems += broken
    if options is None:
        raise problem_error(problems)
    recipe = Recipe(
        options=options,
        models=resolve_models(options),
        constraints=tuple(check for check in checks if check.kind == "constraints"),
        validators=tuple(check for check in checks if check.kind == "validators"),
        examples=resolve_examples(options),
        file=root.source.name,
        folder=root.source.folder,
        source=written,
        tree=root,
        expansions=tuple(found),
    )
    if problems:
        error = problem_error(problems)
        error.sound, error.taken = recipe, frozenset(taken)
        raise error
    return recipe


def with_limits(recipe: Recipe, limits: Mapping[str, Any]) -> Recipe:
    """The recipe with these limits in place of its own. Raises `UsageError` for one that cannot be."""
    from pydantic import ValidationError

    try:
        held = Limits.model_validate({**recipe.options.limits.model_dump(), **limits})
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from error
    return replace(recipe, options=recipe.options.model_copy(update={"limits": held}))


def _with_pins_apart(root: Node) -> Node:
    """`pin` may stand among the attributes: a list of mappings there is pins, anything else is an attribute."""
    pins = root.at(("attributes", "pin"))
    if pins is None or not pins.items or not all(isinstance(item.value, dict) for item in pins.items):
        return root
    above = root.mapping.get("pin")
    together = pins.with_value([*(above.items if above else []), *pins.items])
    return put(without(root, ("attributes", "pin")), ("pin",), together)
