"""Environment variables: `.env` of the working folder, and `${NAME}` in the few places of a recipe where it expands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from datagen_cli.config.explain import Problem, problem_error
from datagen_cli.config.includes import model_paths
from datagen_cli.config.tree import Node, put
from datagen_cli.core.errors import Place, RecipeError

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
NOT_FROM_FILES = ("DATAGEN_ALLOW_HOSTS",)
"""Where keys may be sent is for whoever runs the tool to say, never for a file that came with a recipe."""


def read_environment(environ: Mapping[str, str], cwd: Path) -> dict[str, str]:
    """The environment with what `.env` in `cwd` adds to it; a variable that is set already wins.

    Lines are `KEY=VALUE` as python-dotenv reads them: `export`, quotes and `#` comments are allowed, a quoted value may
    take several lines, other lines are passed over. Nothing expands in values; `DATAGEN_ALLOW_HOSTS` is not taken from
    the file. Raises `RecipeError` when the file cannot be read.
    """
    file = cwd / ".env"
    if not file.is_file():
        return dict(environ)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError("cannot be read as UTF-8 text", place=Place(".env")) from error
    found = {name: value for name, value in _pairs(text).items() if name not in NOT_FROM_FILES}
    return {**found, **environ}


def _pairs(text: str) -> dict[str, str]:
    from dotenv.parser import parse_stream

    lines = parse_stream(StringIO(text.replace("\0", "")))  # no variable can hold a null byte
    return {line.key: line.value for line in lines if line.key is not None and line.value is not None}


def expand_environment(root: Node, environ: Mapping[str, str]) -> Node:
    """`${NAME}` replaced in `base.path`, in every model's name and in every `base_url`; it stays text elsewhere.

    Raises `RecipeError` for a variable that is not set.
    """
    paths: list[tuple[str | int, ...]] = [("base", "path")]
    for path in model_paths(root):
        paths += [path, (*path, "name"), (*path, "base_url")]
    for path in paths:
        node = root.at(path)
        if node is not None and isinstance(node.value, str) and "${" in node.value:
            root = put(root, path, node.with_value(_expanded(node.value, path, node, environ)))
    return root


def _expanded(text: str, path: tuple[str | int, ...], node: Node, environ: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in environ:
            hint = f"export {name}=..., or put it into .env in the working folder"
            raise problem_error([Problem(path, f"the environment variable {name} is not set", hint, node.place)])
        return environ[name]

    return _PLACEHOLDER.sub(value, text)
