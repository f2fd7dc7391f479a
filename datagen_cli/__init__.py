"""Synthetic text datasets with LLMs, and measures of how good they are.

`import datagen_cli as datagen`: the names of `datagen_cli.api` are here too, loaded when one is first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # so that editors and type checkers know them
    from datagen_cli.api import GenerateOptions as GenerateOptions
    from datagen_cli.api import Report as Report
    from datagen_cli.api import Run as Run
    from datagen_cli.api import embed as embed
    from datagen_cli.api import evaluate as evaluate
    from datagen_cli.api import generate as generate
    from datagen_cli.api import generate_async as generate_async
    from datagen_cli.api import load_recipe as load_recipe
    from datagen_cli.core.errors import DatagenError as DatagenError


def __getattr__(name: str) -> Any:
    """A name of `datagen_cli.api`; a folder or module of the package is none."""
    from importlib import import_module
    from importlib.util import find_spec

    if name.startswith("_") or find_spec(f"{__name__}.{name}") is not None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.api"), name)


def __dir__() -> list[str]:
    """What a notebook proposes after `datagen.`: the names of `datagen_cli.api`."""
    from importlib import import_module

    return dir(import_module(f"{__name__}.api"))
