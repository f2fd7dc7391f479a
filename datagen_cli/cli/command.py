"""Command lines for people to paste: the next step takes over what was said about the recipe."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any


def command_line(
    verb: str,
    recipe: str,
    *,
    out: str | None = None,
    count: int | None = None,
    seed: int | None = None,
    model: Sequence[str] = (),
    overrides: Sequence[str] = (),
    limits: Mapping[str, Any] | None = None,
    allow_hosts: Sequence[str] = (),
    more: Sequence[str] = (),
) -> str:
    """`datagen VERB RECIPE` with these options; those left out are not written, `more` comes last but for hosts."""
    words = ["datagen", verb, recipe]
    for name, value in (("-o", out), ("-n", count), ("--seed", seed)):
        words += [name, str(value)] if value is not None else []
    words += [word for name in model for word in ("--model", name)]
    words += [word for text in overrides for word in ("--set", text)]
    for name, value in (limits or {}).items():
        words += [f"--{name.replace('_', '-')}", repr(value)] if value is not None else []
    words += more
    words += [word for host in allow_hosts for word in ("--allow-host", host)]
    return shlex.join(words)
