"""How the tool was called, so that a command that is printed to be pasted names it the same way.

`datagen` where the shell finds this one, else the words that were typed: `.venv/bin/datagen`, or `.venv/bin/python -m
datagen_cli`. What a file, `--json` or a card holds says `datagen` always: it is read elsewhere, too.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

NAME = "datagen"

_COMMAND = re.compile(rf"(?<![\w./\\'\"-]){NAME}(?= ([a-z]+))")
_FIRST = re.compile(rf"(?:^|(?<= \| )){NAME}(?= ([a-z]+))")
_COMMANDS = Path(__file__).parent


def spoken(words: Sequence[str], found: Callable[[str], str | None] = shutil.which) -> str:
    """The tool as it was called: `words` are those of the process (`sys.argv[0]` and `sys.orig_argv[0]`), `found` says
    where the shell finds a name."""
    script, interpreter = words
    path = Path(script)
    if path.name == "__main__.py" and path.parent.name == "datagen_cli":
        return f"{_quoted(interpreter)} -m datagen_cli"
    if path.name != NAME or _same(found(NAME), script):
        return NAME
    return _quoted(script)


def as_called(words: str) -> str:
    """Words with commands of the tool in them, each named as the tool was called."""
    return _named(_COMMAND, words)


def command_as_called(command: str) -> str:
    """One command line, or several joined by pipes, that begins as the tool was called; what it is given stays."""
    return _named(_FIRST, command)


def _named(pattern: re.Pattern[str], text: str) -> str:
    name = spoken((sys.argv[0] if sys.argv else "", sys.orig_argv[0] if sys.orig_argv else ""))
    if name == NAME:
        return text
    return pattern.sub(lambda at: name if (_COMMANDS / f"{at[1]}.py").is_file() else at[0], text)


def _same(found: str | None, script: str) -> bool:
    try:
        return found is not None and os.path.samefile(found, script)
    except OSError:
        return False


def _quoted(word: str) -> str:
    return shlex.quote(word) if word else NAME
