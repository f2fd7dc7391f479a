"""Errors as a caller from Python reads them: `--count: must be at least 1` names an option of the command line, but the
caller wrote `count=0`.

Options that have an argument of the same meaning are named as that argument; all others stay. Pure text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from datagen_cli.core.errors import DatagenError, Place

ARGUMENTS = {
    name.replace("_", "-"): name
    for name in (
        *("model", "count", "seed", "max_cost", "max_total_tokens", "max_minutes", "concurrency", "cache", "engine"),
        *("ray_address", "text", "label", "metrics", "embedder", "reference"),
    )
} | {"allow-host": "allow_hosts"}
SWITCHES = {"unsafe-exec": "unsafe_exec=True", "fresh": "fresh=True"}
_SET = re.compile(r"--set ([\w.\[\]]+)(?:=([^\s`]+))?")
_QUOTED = re.compile(r"`--([a-z-]+) ([^`\s]+)`")
_OPTION = re.compile(r"(?<![\w-])--([a-z-]+)(?: (ray)\b)?")


@contextmanager
def python_words() -> Iterator[None]:
    """Lets errors of users through with their options named as arguments, and with a note of the hint, which stands
    below a traceback; also a decorator."""
    try:
        yield
    except DatagenError as error:
        found = reworded(error)
        found.__notes__ = [f"hint: {found.hint}"] if found.hint else []
        raise found from error.__cause__


def reworded(error: DatagenError, words: Callable[[str], str] | None = None) -> DatagenError:
    """The same error, and those behind it, with options named as arguments, or in other `words`."""
    put = words or in_python
    for one in (error, *error.others):
        one.message, one.alone, one.hint = put(one.message), put(one.alone), put(one.advice)
        if one.place is not None:
            one.place = Place(put(one.place.file).removesuffix("="), one.place.line)
    return error


def in_python(text: str) -> str:
    """A sentence about options as one about arguments: `--max-cost` is `max_cost=`."""
    text = text.replace("run the same command again", "make the same call again")
    text = text.replace("another place with -o", "another folder")
    text = _SET.sub(lambda found: f'set={{"{found[1]}": {found[2] or "…"}}}', text)
    text = _QUOTED.sub(
        lambda found: f'`{ARGUMENTS[found[1]]}="{found[2]}"`' if found[1] in ARGUMENTS else found[0], text
    )
    return _OPTION.sub(_as_argument, text).replace("=:", ":")


def _as_argument(found: re.Match[str]) -> str:
    name, value = found[1], found[2]
    if name in ARGUMENTS:
        return f"{ARGUMENTS[name]}=" + (f'"{value}"' if value else "")
    return SWITCHES.get(name, found[0])
