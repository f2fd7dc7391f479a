"""The kinds of attack, by name: a module each, whose `attacks()` gives a list of them.

A new kind is a module in this folder and a line here.
"""

from __future__ import annotations

from importlib import import_module

from benchmarks.attack.attack import Attack

KINDS = {
    "links in a folder": "links",
    "folders from strangers": "strangers",
    "hostile replies": "replies",
    "hostile recipes": "recipes",
    "recipes as text": "texts",
    "hostile files of rows": "files",
    "files that change": "swaps",
    "heads of GGUF files": "heads",
    "requests to view": "requests",
    "things in the place of files": "places",
    "planted secrets": "secrets",
    "secrets in other forms": "forms",
    "addresses for keys": "addresses",
    "folders for datasets": "hub_folders",
    "texts without end": "pumps",
    "programs in the sandbox": "programs",
    "damaged folders": "damage",
    "ruined folders": "ruin",
}


WAITING = {"planted secrets": 4, "secrets in other forms": 2, "requests to view": 3, "hostile replies": 2}
"""Kinds whose attacks mostly wait, for an endpoint that is slow or away: so many times as many are tried at a time."""


def attacks_of(kind: str) -> list[Attack]:
    """All attacks of a kind."""
    found: list[Attack] = import_module(f"benchmarks.attack.{KINDS[kind]}").attacks()
    return found
