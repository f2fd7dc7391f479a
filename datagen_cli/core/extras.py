"""The optional parts of this distribution: what each extra needs, by our own metadata, and how this copy came here.

Hints name the packages themselves. They never name the distribution with an extra, because an index may hold somebody
else's package of that name.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from importlib import import_module
from typing import Any

DISTRIBUTION = "datagen-llm"
WITH_TORCH = frozenset({"torch", "transformers", "sentence-transformers", "accelerate"})
"""Packages that bring PyTorch, whose default build is the large one for GPUs."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([A-Za-z0-9._-]+)['\"]")


def split_requirements(lines: list[str]) -> dict[str, list[str]]:
    """Requirements with their pins by extra, from the lines of `Requires-Dist`; the core's under an empty name."""
    found: dict[str, list[str]] = {"": []}
    for line in lines:
        requirement, _, marker = line.partition(";")
        extra = _EXTRA.search(marker)
        found.setdefault(extra[1] if extra else "", []).append(requirement.strip())
    return found


def requirements() -> dict[str, list[str]]:
    """What this distribution requires, see `split_requirements`; nothing where it runs without being installed."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        return split_requirements(requires(DISTRIBUTION) or [])
    except PackageNotFoundError:
        return {"": []}


def package_name(requirement: str) -> str:
    """The name alone: `pyarrow>=15` is `pyarrow`."""
    match = _NAME.match(requirement)
    return match[0] if match else requirement


def install_hint(extra: str, *packages: str) -> str:
    """The command that brings an extra, and how this copy was installed; one line.

    An empty extra is the core. `packages` names the ones of it that are missing; without them it is the whole extra.
    """
    known = requirements().get(extra, [])
    wanted = [item for item in known if not packages or package_name(item) in packages]
    names = wanted or list(packages)
    command = "pip install " + " ".join(f"'{name}'" for name in names) if names else "install the packages it names"
    if any(package_name(name) in WITH_TORCH for name in names):
        command += ", after PyTorch's CPU build where there is no GPU"
    part = f"the extra {extra}" if extra else "the core"
    return f"{command} ({part} of {DISTRIBUTION}{_origin()})"


def import_torch() -> Any:
    """The module torch, whose threads sleep while they wait for one another, unless `OMP_WAIT_POLICY` says otherwise.

    By default they spin: beside other work a token of a local model took 1.28 s, asleep 0.35 s. OpenMP reads the
    variable when torch is first imported. It is taken back after that: llama.cpp, in a child process with two threads,
    takes 11 s asleep for what takes it 7.5 s. Raises `ImportError` where torch is not installed.
    """
    if "OMP_WAIT_POLICY" in os.environ:
        return import_module("torch")
    os.environ["OMP_WAIT_POLICY"] = "passive"
    try:
        return import_module("torch")
    finally:
        with suppress(KeyError):  # another thread imported it, too
            del os.environ["OMP_WAIT_POLICY"]


def _origin() -> str:
    """How this copy was installed, as pip wrote it down; nothing where it came from an index."""
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import unquote, urlsplit

    try:
        text = distribution(DISTRIBUTION).read_text("direct_url.json")
        found = json.loads(text) if text else {}
        address = urlsplit(str(found.get("url", "")))
    except (PackageNotFoundError, ValueError, AttributeError):
        return ""
    where = unquote(address.path) if address.scheme == "file" else address.hostname or ""
    if not where:
        return ""
    in_place = isinstance(found.get("dir_info"), dict) and found["dir_info"].get("editable")
    return f", installed {'in place ' if in_place else ''}from {where}"
