"""What a person types at a terminal: one key, or a line that begins with a text."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from datagen_cli.cli import console
from datagen_cli.core.errors import UsageError

CLOSED = "\x04"
"""Ctrl-D, and what a closed terminal gives."""


def key() -> str:
    """The key pressed, see `read_key`."""
    return read_key(sys.stdin.fileno())


def read_key(descriptor: int) -> str:
    """One key pressed at a terminal, without waiting for the end of a line; Ctrl-C still interrupts.

    A key that sends more than one byte (arrows, letters beyond ASCII) is an empty text, a closed terminal Ctrl-D.
    """
    try:
        import select
        import termios
    except ImportError:
        return _read_key_of_windows()
    before = termios.tcgetattr(descriptor)
    after = [*before[:3], before[3] & ~(termios.ICANON | termios.ECHO), *before[4:]]
    termios.tcsetattr(descriptor, termios.TCSADRAIN, after)
    try:
        found = os.read(descriptor, 1)
        long = found and (found[0] >= 0x80 or found == b"\x1b") and select.select([descriptor], [], [], 0.02)[0]
        return ("" if long and os.read(descriptor, 16) else found.decode("latin-1")) if found else CLOSED
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _read_key_of_windows() -> str:
    import msvcrt

    return str(msvcrt.getwch())  # type: ignore[attr-defined,unused-ignore]


def line(question: str) -> str:
    """A line, asked for."""
    console.say(question)
    return sys.stdin.readline().strip()


def text(before: str, suffix: str) -> str:
    """The text as the person leaves it in `$VISUAL` or `$EDITOR`; without either, a line typed anew.

    Raises `UsageError` where the editor cannot be started, or ends badly.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        return line("new value on one line (set EDITOR to edit the text itself); nothing leaves it as it is:") or before
    with tempfile.TemporaryDirectory(prefix="datagen-") as folder:
        path = Path(folder) / f"field{suffix}"
        path.write_text(before, encoding="utf-8")
        try:
            ended = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
            if ended == 0:
                after = path.read_text(encoding="utf-8")
                return after if before.endswith("\n") else after.removesuffix("\n")
        except (OSError, ValueError) as error:
            raise UsageError(f"the editor {editor!r} cannot be started: {error}", hint="set EDITOR") from error
    raise UsageError(f"the editor {editor!r} ended with {ended}", hint="nothing was changed")
