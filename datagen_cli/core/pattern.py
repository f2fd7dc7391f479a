"""Regular expressions that are read and compiled when they are first used, so that no command waits for those of
another."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, cast


class _Later:
    """Stands for a pattern: the first use of one of its methods compiles it (`re` keeps what it compiled) and keeps
    the method, which is then found as any attribute is."""

    def __init__(self, pattern: Callable[[], str], flags: int) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        pattern, flags = self._given
        found = getattr(re.compile(pattern(), flags), name)
        setattr(self, name, found)
        return found


def compiled_later(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern, compiled at its first use. A wrong pattern raises `re.error` there: a test compiles all of them."""
    return cast(re.Pattern[str], _Later(lambda: pattern, flags))


class PatternFile:
    """Expressions and lists of words by name, from a YAML file beside the module that uses them.

    Of an expression, each line is an alternative, but for comments (`# `); a line that is indented goes on with the one
    before it. `{NAME}` stands for an expression that comes earlier in the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getitem__(self, name: str) -> Any:
        return self._entries[name]

    def pattern(self, name: str, flags: int = 0) -> re.Pattern[str]:
        """The expression of that name, read and compiled at its first use."""
        return cast(re.Pattern[str], _Later(lambda: self[name], flags))

    @cached_property
    def _entries(self) -> dict[str, Any]:
        import yaml

        read = yaml.load(self._path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        entries: dict[str, Any] = {}
        for name, value in read.items():
            entries[name] = _whole(value, entries)
        return entries


def _whole(value: Any, earlier: dict[str, Any]) -> Any:
    """A value of the file with its lines joined and the names in it replaced."""
    if isinstance(value, dict):
        return {key: _whole(item, earlier) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item, earlier) for item in value]
    lines = [line for line in value.split("\n") if not line.startswith("# ")]
    joined = "\n".join(lines).replace("\n  ", "").replace("\n", "|")
    return re.sub(r"\{([A-Z_]+)\}", lambda found: earlier[found[1]], joined)
