"""From a name in a recipe to the class that implements it, by the table in `catalog.py` and by entry points.

Nothing is imported before it is asked for. Other packages add things with an entry point in the group
`datagen_cli.<kind>` (for instance `datagen_cli.validators`); a name of the catalog cannot be replaced, so the
packages of a machine are looked through only for names that the catalog does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from datagen_cli.catalog import CATALOG
from datagen_cli.core.errors import UsageError


@cache
def targets(kind: str) -> dict[str, str]:
    """All names of a kind with their `module:Class`, the catalog first, then entry points."""
    from importlib.metadata import entry_points

    found = dict(CATALOG[kind])
    for point in entry_points(group=f"datagen_cli.{kind}"):
        found.setdefault(point.name, point.value)
    return found


def names(kind: str) -> list[str]:
    """The names a recipe may use for this kind, in catalog order."""
    return list(targets(kind))


def is_name(kind: str, name: str) -> bool:
    """Whether a recipe may use a name for this kind."""
    return name in CATALOG[kind] or name in targets(kind)


def load(kind: str, name: str) -> Any:
    """The class behind a name. Raises `UsageError` with the nearest names when there is none."""
    if not is_name(kind, name):
        raise UsageError(f"unknown {kind[:-1]} {name!r}", hint=suggest(name, targets(kind)))
    module, _, attribute = (CATALOG[kind].get(name) or targets(kind)[name]).partition(":")
    return getattr(import_module(module), attribute)


def claimant(kind: str, name: str, thing: Any) -> Any:
    """The class on a shelf that claims a thing: the one of this name is asked first, then all in order.

    Raises `UsageError` when none does.
    """
    for candidate in _asked(kind, name):
        shelf = load(kind, candidate)
        if shelf.claims(thing):
            return shelf
    raise UsageError(f"unknown {kind[:-1]} {name!r}", hint=suggest(name, targets(kind)))


def _asked(kind: str, name: str) -> Iterator[str]:
    if is_name(kind, name):
        yield name
    yield from CATALOG[kind]
    yield from targets(kind)


def suggest(word: str, known: Any) -> str:
    """`did you mean max_words?`, or the list of what there is."""
    import difflib

    options = [str(item) for item in known]
    lowered = {option.lower(): option for option in reversed(options)}
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return f"did you mean {lowered[near[0]]}?" if near else f"known: {', '.join(options)}"
