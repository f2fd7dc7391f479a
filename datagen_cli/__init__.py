"""Synthetic text datasets with LLMs, and measures of how good they are.

`import datagen_cli as datagen`: the names of `datagen_cli.api` are here too, loaded when one is first used.
"""


def __getattr__(name: str) -> object:
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
