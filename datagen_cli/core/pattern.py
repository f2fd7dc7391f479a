"""Regular expressions that are compiled when they are first used, so that no command waits for those of another."""

from __future__ import annotations

import re
from typing import Any, cast


class _Later:
    """Stands for a pattern: the first use of one of its methods compiles it (`re` keeps what it compiled) and keeps
    the method, which is then found as any attribute is."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found


def compiled_later(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern, compiled at its first use. A wrong pattern raises `re.error` there: a test compiles all of them."""
    return cast(re.Pattern[str], _Later(pattern, flags))
