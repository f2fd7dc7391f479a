"""What the command line changes in a recipe: `--set a.b.c=value`, `--model`, `--count`, `--seed`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from datagen_cli.config.checks import check_names, short_option
from datagen_cli.config.environment import shown_address
from datagen_cli.config.fields import FieldOptions, LabelOptions
from datagen_cli.config.includes import model_node, model_paths
from datagen_cli.config.models import ROLES, ModelOptions
from datagen_cli.config.tree import Node, Path, Source, put, read_path, show_path, without
from datagen_cli.config.yaml_lines import read_yaml
from datagen_cli.core.errors import Place, RecipeError
from datagen_cli.core.registry import suggest
from datagen_cli.core.secret import PLACEHOLDER, Secret

KEPT_BY_HAND = ("max_tokens", "temperature", "top_p", "top_k")
"""Settings of a model that would go with another one as well."""
CHECKS = ("constraints", "validators")


def with_overrides(
    root: Node, *, sets: Sequence[str], model: Sequence[str], count: int | None, seed: int | None, folder: str
) -> Node:
    """The recipe's tree with everything the command line says; `--set` is applied last, in the order given."""
    for text in model:
        root = _set_model(root, text, folder)
    for name, number in (("count", count), ("seed", seed)):
        if number is not None:
            root = put(root, (name,), Node(number, Source(f"--{name}", folder, lines=False)))
    for text in sets:
        root = set_value(root, text, folder)
    return root


def _set_model(root: Node, text: str, folder: str) -> Node:
    """`NAME`, or `ROLE=NAME`; a name may hold `=` itself, so only a known role is taken off."""
    source = Source("--model", folder, lines=False)
    role, sign, name = text.partition("=")
    if sign and role in ROLES:
        return put(root, ("models", role), _named(name, source))
    return put(root, ("model",), _named(text, source))


def replaced_settings(before: Node, after: Node) -> list[str]:
    """A sentence for each model that the command line has put in place of the recipe's, where the recipe's own says how
    replies are drawn and the new one does not: a model is replaced whole."""
    found = []
    for path in model_paths(after):
        old, new = before.at(path), after.at(path)
        if old is None or new is None or old is new or old.value == new.value:
            continue
        kept = _settings(new)
        lost = {name: value for name, value in _settings(old).items() if name not in kept}
        if lost:
            told = ", ".join(f"{name} {value}" for name, value in lost.items())
            keeps = " ".join(f"--set {show_path(path)}.{name}={value}" for name, value in lost.items())
            them = "it" if len(lost) == 1 else "them"
            found.append(f"the model given replaces the recipe's and its {told}: {keeps} keeps {them}")
    return found


def _settings(node: Node) -> dict[str, Any]:
    """What a model's mapping says of how replies are drawn, whichever model draws them."""
    options = (model_node(node) if isinstance(node.value, str) else node).mapping
    return {name: options[name].value for name in KEPT_BY_HAND if name in options}


def _named(name: str, source: Source) -> Node:
    if not name:
        raise RecipeError("expected the name of a model", hint="such as `--model offline`", place=source.place())
    return Node(name, source)


def set_value(root: Node, text: str, folder: str) -> Node:
    """The tree with `a.b.c=value` applied; the value is YAML, `null` removes what is there.

    List items go by index (`constraints.0.length.max_words`), checks also by name or type
    (`constraints.length.max_words`). Short forms on the way are written out. Raises `RecipeError`.
    """
    key, sign, written = text.partition("=")
    key = key.strip()
    source = Source(f"--set {key}", folder, lines=False)
    place = source.place()
    if not sign or not read_path(key):
        raise RecipeError(f"--set {text}: expected KEY=VALUE", hint="such as `--set limits.concurrency=8`")
    value = read_yaml(written, source)
    if value is None and not written.strip():
        raise RecipeError("no value", hint=f"`--set {key}=null` removes it", place=place)
    root, path = _resolved(root, read_path(key), place, removing=value is None)
    if value is None:
        return without(root, path) if root.at(path) is not None else put(root, path, Node(None, source))
    return put(root, path, value)


def part_set(text: str) -> str:
    """The part of the recipe that `a.b.c=value` sets something of: `a`."""
    return text.partition("=")[0].strip().partition(".")[0]


def shown_override(text: str) -> str:
    """`a.b.c=value` as it may be written: what it sets of headers and of a query stands as a placeholder."""
    key, sign, written = text.partition("=")
    path = [part for part in read_path(key.strip()) if isinstance(part, str)]
    if not sign or not path or path[0] not in ("model", "models"):
        return text
    try:
        value = read_yaml(written, Source(f"--set {key}", lines=False))
    except RecipeError:
        return text if "headers" not in path else f"{key}={PLACEHOLDER}"
    plain = None if value is None else value.plain()
    shown = _shown(plain, path)
    return text if shown == plain else f"{key}={shown if isinstance(shown, str) else json.dumps(shown)}"


def _shown(value: Any, path: Sequence[str]) -> Any:
    """A value at a path of a model, without what is secret."""
    if isinstance(value, dict):
        return {key: _shown(item, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item, path) for item in value]
    if "headers" in path and value is not None:
        return str(Secret.written(str(value)))
    return shown_address(value) if path[-1] == "base_url" and isinstance(value, str) else value


def _resolved(root: Node, wanted: Path, place: Place, *, removing: bool) -> tuple[Node, Path]:
    """The tree with short forms on the way written out, and the path with checks found and indices checked."""
    path: Path = ()
    for position, part in enumerate(wanted):
        root = _written_out(root, path, part)
        node = root.at(path)
        if node is None or node.value is None or isinstance(node.value, dict):
            path = (*path, str(part))
        elif not isinstance(node.value, list):
            raise RecipeError(f"{show_path(path)} has no options of its own", hint="it is a single value", place=place)
        elif len(path) == 1 and path[0] in CHECKS and not isinstance(part, int):
            index, kind = _find_check(node, str(path[0]), part, place)
            whole = removing and position == len(wanted) - 1
            root = _written_out(root, (*path, index), kind)
            path = (*path, index) if whole else (*path, index, kind)
        else:
            path = (*path, _index(node, path, part, place))
    return root, path


def _index(node: Node, path: Path, part: str | int, place: Place) -> int:
    length = len(node.items)
    if not isinstance(part, int):
        raise RecipeError(f"{show_path(path)} is a list", hint="name an item by its index, from 0", place=place)
    if part >= length:
        raise RecipeError(
            f"{show_path(path)} has {length} items, none with index {part}", hint="indices start at 0", place=place
        )
    return part


def _find_check(node: Node, kind: str, part: str, place: Place) -> tuple[int, str]:
    """Index and type of the check with this name, else of the only one of this type."""
    pairs = [name_and_type(item) for item in node.items]
    names = check_names(pairs)
    types = [kind_of for _, kind_of in pairs]
    if part in names:
        index = names.index(part)
    elif types.count(part) == 1:
        index = types.index(part)
    else:
        hint = suggest(part, names) if names else f"the recipe has no {kind}"
        raise RecipeError(f"no {kind[:-1]} {part!r} in the recipe", hint=hint, place=place)
    return index, types[index]


def name_and_type(item: Node) -> tuple[str | None, str]:
    """The name a check was given (None without) and its type, as far as they can be read."""
    if isinstance(item.value, str):
        return None, item.value
    for kind, options in item.mapping.items():
        name = options.mapping.get("name")
        return (name.value if name and isinstance(name.value, str) else None), kind
    return None, ""


def _written_out(root: Node, path: Path, part: str | int) -> Node:
    """The tree with the short form at `path` replaced by its mapping, so that `part` can be set in it."""
    node = root.at(path)
    if node is None or node.value is None or isinstance(node.value, dict):
        return root
    if len(path) == 2 and path[0] in CHECKS and node.value == part:
        return put(root, path, node.with_value({str(part): node.with_value({})}))
    key = _short_key(path, node, part)
    if key == "name" and isinstance(node.value, str) and isinstance((found := model_node(node)).value, dict):
        return put(root, path, found)
    return root if key is None else put(root, path, node.with_value({key: node}))


def _short_key(path: Path, node: Node, part: str | int) -> str | None:
    """The option that the value at `path` is short for."""
    if isinstance(node.value, list):
        return "values" if len(path) == 2 and path[0] == "attributes" and not isinstance(part, int) else None
    match path:
        case ("model",) | ("models", _) | ("models", _, _):
            return ModelOptions.alone
        case ("label",):
            return LabelOptions.alone
        case ("fields", _):
            return FieldOptions.alone
        case ("constraints" | "validators" as kind, _, str(name)):
            return short_option(kind, name)
    return None
