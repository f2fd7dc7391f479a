"""`datagen list`: every name that a recipe or the command line may use, each with a line of what it does.

Nothing is imported for it: the line is the first of the class's or else the module's docstring, read from the source.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from datagen_cli.catalog import CATALOG, IN_THE_BOX
from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.cli.run_folder import newest_run
from datagen_cli.core.errors import UsageError

Row = dict[str, Any]
EXAMPLES = ("datagen list recipes", "datagen list metrics --json")
OF_A_RUN = {"metrics": "eval", "formats": "show"}
IN_A_RECIPE = ("sources", "examples", "constraints", "validators", "retrieval")


def complete_kind(incomplete: str) -> list[str]:
    """What the shell offers for KIND."""
    return [name for name in kinds() if name.startswith(incomplete)]


def command(
    kind: Annotated[
        str | None, given.argument("[KIND]", "recipes, models, validators, constraints, ...", offers=complete_kind)
    ] = None,
    json_: given.Json = False,
) -> int:
    """List recipes, validators, constraints and the like."""
    result = list_things(kind)
    if json_:
        console.emit_json(result)
    else:
        show_list(result)
    return 0


def list_things(kind: str | None) -> dict[str, list[Row]]:
    """The things of one kind, or of all: `{kind: [{name, about}]}`.

    Kinds are `recipes`, `models` (those in the box, then files) and those of the catalog. Raises `UsageError` for an
    unknown kind.
    """
    from datagen_cli.core.registry import suggest

    known = kinds()
    if kind is not None and kind not in known:
        raise UsageError(f"there is no list of {kind!r}", hint=suggest(kind, known))
    return {name: _rows(name) for name in ([kind] if kind else known)}


def kinds() -> list[str]:
    """What can be listed."""
    return ["recipes", "models", *CATALOG]


def show_list(result: dict[str, list[Row]]) -> None:
    """One table a kind, on stdout."""
    for number, (kind, rows) in enumerate(result.items()):
        if number:
            console.out("")
        console.table(kind, ["name", "what it does"], [[row["name"], row["about"]] for row in rows], to="stdout")
    console.next_step(_next(next(iter(result)) if len(result) == 1 else ""))


def _next(kind: str) -> str:
    """Where the names of a kind are used: on the newest run, or in a recipe, whose schema tells their options."""
    run = newest_run()
    if run is not None and kind in OF_A_RUN:
        return f"datagen {OF_A_RUN[kind]} {shlex.quote(run)}"
    if kind in ("models", "providers"):
        return "datagen doctor"
    return "datagen schema" if kind in IN_A_RECIPE else "datagen generate quickstart"


def _rows(kind: str) -> list[Row]:
    from datagen_cli.config.shipped import shipped_folder, shipped_recipes
    from datagen_cli.core.registry import targets

    if kind == "recipes":
        return _named({name: _comment(file) for name, file in shipped_recipes().items()})
    if kind == "models":
        files = sorted((shipped_folder("configs") / "models").glob("*.yaml"))
        return _named({**IN_THE_BOX, **{f"configs/models/{file.name}": _comment(file) for file in files}})
    return _named({name: _described(target) for name, target in targets(kind).items()})


def _named(about: Mapping[str, str]) -> list[Row]:
    return [{"name": name, "about": what} for name, what in about.items()]


def _comment(file: Path) -> str:
    """The sentence that opens a shipped file: its `# What` line, else its first comment."""
    lines = [line[1:].strip() for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    lines = [line for line in lines if line and not line.startswith("yaml-language-server")]
    return lines[0].removeprefix("What").strip() if lines else ""


def _described(target: str) -> str:
    """The first paragraph of the docstring behind `module:Class`, on one line, without its full stop."""
    import ast
    from importlib.util import find_spec

    module, _, name = target.partition(":")
    try:
        spec = find_spec(module)
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else "?")
    except (ImportError, OSError, ValueError, SyntaxError):
        return f"cannot be read: {module}"
    found = next((node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name), None)
    text = (ast.get_docstring(found) if found else None) or ast.get_docstring(tree) or ""
    return " ".join(text.strip().partition("\n\n")[0].split()).removesuffix(".")
