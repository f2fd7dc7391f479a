"""`include: [FILE...]` and model files: recipes made of several local files, and paths that hold from anywhere.

Mappings merge key by key, lists and scalars replace; later files win over earlier ones, the including file over all of
them. A relative path starts at the folder of the file that names it. Only local files are read.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from datagen_cli.config.checks import path_options
from datagen_cli.config.shipped import is_file, read_bytes, shipped_config, shorten
from datagen_cli.config.tree import Node, Source, merge, put, without
from datagen_cli.config.yaml_lines import read_yaml
from datagen_cli.core.errors import RecipeError

MOST_INCLUDES = 200
MODEL_SUFFIXES = (".yaml", ".yml")


def read_mapping(data: bytes, source: Source) -> Node:
    """A file whose top level is a mapping. Raises `RecipeError` for anything else."""
    node = read_yaml(data, source)
    if node is None:
        raise RecipeError(
            "the file is empty", hint="`datagen init` writes one to start from", place=Node(None, source).place
        )
    if not isinstance(node.value, dict):
        found = "a list" if isinstance(node.value, list) else "text"
        raise RecipeError(f"expected a mapping, found {found}", hint="start with `version: 1`", place=node.place)
    return node


def with_includes(root: Node, chain: tuple[Path, ...], read: Counter[Path] | None = None) -> Node:
    """The mapping merged over the files it includes; `chain` holds the resolved paths of the files being read.

    Raises `RecipeError` for a missing file, for one that is no mapping, for an include of itself, and for more than
    `MOST_INCLUDES` in all, those of included files counted each time.
    """
    read = Counter() if read is None else read
    named = root.mapping.get("include")
    if named is None:
        return root
    root = without(root, ("include",))
    nodes = [] if named.value is None else named.items or [named]
    merged: Node | None = None
    for node in nodes:
        part = _included(node, chain, read)
        merged = part if merged is None else merge(merged, part)
    return root if merged is None else merge(merged, root)


def _included(node: Node, chain: tuple[Path, ...], read: Counter[Path]) -> Node:
    name = node.value
    if not isinstance(name, str) or not name:
        raise RecipeError("include: expected a file name or a list of them", place=node.place)
    if "://" in name:
        raise RecipeError("include: takes local files only", place=node.place)
    path = Path(node.source.folder) / name
    if not is_file(path):
        shipped = shipped_config(name) if name.startswith("configs/") else None
        if shipped is None:
            hint = "the path starts at the folder of the file that includes it"
            raise RecipeError(f"include: no such file: {shorten(name)}", hint=hint, place=node.place)
        path = shipped
    path = path.resolve()
    if path in chain:
        raise RecipeError(
            f"include: {shorten(name)} includes itself", hint="remove one of the includes", place=node.place
        )
    read[path] += 1
    if read.total() > MOST_INCLUDES:
        hint = "merge files that are included again and again"
        raise RecipeError(f"include: more than {MOST_INCLUDES} files in all", hint=hint, place=node.place)
    source = Source(shown_from(node.source, name), str(path.parent))
    return with_includes(read_mapping(read_bytes(path, source.name, part=True), source), (*chain, path), read)


def shown_from(source: Source, name: str) -> str:
    """How a file named in another is shown: beside the name that the user gave for the other."""
    if os.path.isabs(name) or source.name.startswith(("shipped:", "-")):
        return name
    return os.path.normpath(os.path.join(os.path.dirname(source.name), name))


def inline_models(root: Node) -> Node:
    """`model: my.yaml` becomes the mapping that the file holds, for every role."""
    for path in model_paths(root):
        node = root.at(path)
        if node is not None and isinstance(node.value, str):
            root = put(root, path, model_node(node))
    return root


def model_paths(root: Node) -> list[tuple[str | int, ...]]:
    """Where models stand in a recipe: `model`, `models.ROLE`, and the items of a list of generators."""
    paths: list[tuple[str | int, ...]] = [("model",)] if "model" in root.mapping else []
    models = root.mapping.get("models")
    for role, node in (models.mapping if models else {}).items():
        several = [("models", role, i) for i in range(len(node.items))]
        paths.extend(several or [("models", role)])
    return paths


def model_node(node: Node) -> Node:
    """What a model's name stands for: the mapping of a file, or the name itself.

    Raises `RecipeError` for a file that is not there, and for one that holds a recipe.
    """
    name = str(node.value)
    file = Path(node.source.folder) / name
    if "${" in name:
        return node
    if not (name.endswith(MODEL_SUFFIXES) and is_file(file)):
        shipped = shipped_config(name) if name.startswith(("configs/", "models/")) else None
        if shipped is None:
            if name.endswith(MODEL_SUFFIXES):
                raise RecipeError(f"no such model file: {shorten(name)}", place=node.place)
            return node
        file = shipped
    source = Source(shown_from(node.source, name), str(file.resolve().parent))
    found = read_mapping(read_bytes(file, source.name, part=True), source)
    if {"version", "fields"} & set(found.mapping):
        hint = "a model file holds name, base_url, params and the like"
        raise RecipeError(f"{shorten(name)}: this is a recipe, not a model", hint=hint, place=node.place)
    return found.mapping["model"] if set(found.mapping) == {"model"} else found


FOLDERS = (".", "~", "/")
"""How a name of `base.hf` begins that is a folder; any other is a dataset of the hub."""


def absolute_paths(root: Node) -> Node:
    """`base.path`, a folder under `base.hf`, files of `dedup.against` and template files, made absolute; what starts
    with `${` waits."""
    folder = root.at(("base", "hf"))
    if folder is not None and str(folder.value).startswith(FOLDERS):
        root = put(root, ("base", "hf"), _absolute(folder))
    for path in (("base", "path"), ("prompts", "system"), ("prompts", "generate")):
        node = root.at(path)
        if node is not None and (path[0] == "base" or str(node.value).endswith(".j2")):
            root = put(root, path, _absolute(node))
    for kind in ("constraints", "validators"):
        listed = root.mapping.get(kind)
        for i, item in enumerate(listed.items if listed else []):
            for name in item.mapping:
                for option in path_options(kind, name):
                    node = root.at((kind, i, name, option))
                    root = put(root, (kind, i, name, option), _absolute(node)) if node is not None else root
    against = root.at(("dedup", "against"))
    for i, node in enumerate(against.items if against else []):
        if node.value not in ("accepted", "base"):
            root = put(root, ("dedup", "against", i), _absolute(node))
    return root


def _absolute(node: Node) -> Node:
    text = node.value
    if not isinstance(text, str) or not text or text == "-" or text.startswith("${") or "\n" in text:
        return node
    return node.with_value(os.path.abspath(os.path.join(node.source.folder, os.path.expanduser(text))))
