"""The measures that are functions, for whatever a notebook holds: any iterable of texts; other things are told."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from numbers import Integral
from typing import Any

from datagen_cli.core.errors import UsageError
from datagen_cli.core.registry import targets


@functools.cache
def measure(name: str) -> Callable[..., Any] | None:
    """The function that has the name of a measure and stands in its module; None where there is none."""
    home = targets("metrics").get(name, "").partition(":")[0]
    function = getattr(import_module(home), name, None) if home else None
    return None if function is None else _measured(function)


def measures() -> list[str]:
    """The names of all such functions; a module of another package that cannot be imported has none."""
    found = []
    for name in targets("metrics"):
        with suppress(ImportError):
            found += [name] if measure(name) is not None else []
    return found


def _measured(function: Callable[..., Any]) -> Callable[..., Any]:
    """The measure for whatever a notebook holds: texts of any iterable; what is no text, or no vectors, is told."""
    form = inspect.signature(function)

    @functools.wraps(function)
    def measured(*given: Any, **options: Any) -> Any:
        bound = form.bind(*given, **options)
        for name, value in bound.arguments.items():
            kind = str(form.parameters[name].annotation)
            if kind in ("Sequence[str]", "list[str]"):
                bound.arguments[name] = texts_of(value, name)
            elif "NDArray" in kind and getattr(value, "ndim", 0) != 2:
                raise UsageError(f"{name}: these are no vectors", hint="embed(texts) makes them")
            elif name == "n" and not (isinstance(value, Integral) and int(value) >= 1):
                raise UsageError(f"n: {value!r} is no number of words", hint="1 or more")
        return function(*bound.args, **bound.kwargs)

    return measured


def texts_of(given: Any, name: str) -> list[str]:
    """The texts of any iterable. Raises `UsageError` for what is none, and for an item that is no text."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise UsageError(f"{name}: {given!r:.60} is no list of texts", hint="a list, a column or any iterable of str")
    found = list(given)
    for place, text in enumerate(found):
        if not isinstance(text, str):
            raise UsageError(
                f"{name}[{place}]: {text!r:.60} is no text", hint="leave it out, or make it one with str()"
            )
    return found
