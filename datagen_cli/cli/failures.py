"""How a command ends when it does not end well: one line, a hint, the documented exit code, JSON when asked for."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from datagen_cli.core import registry
from datagen_cli.core.errors import (
    EXIT_INTERRUPTED,
    EXIT_UNEXPECTED,
    EXIT_USAGE,
    DatagenError,
    Place,
    Stopped,
    UsageError,
)
from datagen_cli.core.leaving import STOP_SIGNALS, forget_stops, remember_stop, remembered_stops

COMMAND_LINE: ContextVar[Sequence[str]] = ContextVar("COMMAND_LINE", default=())
"""The words of the command under way, as they were given."""


def reported(command: Callable[[], Any], arguments: list[str]) -> int:
    """Runs a command and reports what goes wrong. Returns the exit code."""
    COMMAND_LINE.set(arguments)
    as_json = "--json" in arguments
    before = _handle_signals()
    forget_stops()
    try:
        _refuse_other_words(arguments)
        return int(command() or 0)
    except DatagenError as error:
        return failed(error, as_json=as_json)
    except KeyboardInterrupt:
        return failed(Stopped("interrupted", exit_code=EXIT_INTERRUPTED), as_json=as_json)
    except Exception as error:
        if remembered_stops():  # Python before 3.12 wraps what is raised while a class is made
            return failed(_told(remembered_stops()[-1]), as_json=as_json)
        if isinstance(error, OSError) and error.filename is not None:
            return failed(_of_a_file(error), as_json=as_json)
        if (around := _of_surroundings(error)) is not None:
            return failed(around, as_json=as_json)
        if hasattr(error, "format_message"):  # Typer's own usage errors, whatever version brings them
            return failed(_usage(_message(error), arguments), EXIT_USAGE, as_json=as_json)
        if type(error).__name__ == "Abort":
            return failed(Stopped("interrupted", exit_code=EXIT_INTERRUPTED), as_json=as_json)
        return _unexpected(error, as_json=as_json)
    finally:
        forget_stops()
        for number, handler in before.items():
            signal.signal(number, handler)


def _refuse_other_words(arguments: list[str]) -> None:
    """Raises `UsageError` for a word that no file of a run could hold, such as a name that is not UTF-8."""
    for word in arguments:
        if not word.isascii() and word.encode("utf-8", "replace").decode() != word:
            raise UsageError(f"{word!a}: the name is not UTF-8", hint="rename the file")


def failed(error: DatagenError, exit_code: int | None = None, *, as_json: bool) -> int:
    """Prints an error. Returns its exit code, or the one given."""
    from datagen_cli.cli import console

    code = error.exit_code if exit_code is None else exit_code
    with suppress(UsageError):  # where even the error cannot be written, the code still tells
        if as_json:
            console.emit_json({"error": str(error), "hint": error.advice, "exit_code": code})
        console.error(error)
    return code


def _handle_signals() -> dict[signal.Signals, Any]:
    """Outside of a run's loop a signal ends the command with its code, and is remembered for a loop that begins
    although what is raised here was lost; returns the handlers that were there."""

    def stop(number: int, frame: Any) -> None:
        remember_stop(signal.Signals(number))
        raise _told(signal.Signals(number))

    before: dict[signal.Signals, Any] = {}
    with suppress(ValueError):  # not in the main thread: whoever runs us there handles signals
        for number in STOP_SIGNALS:
            before[number] = signal.signal(number, stop)
    return before


def _told(number: signal.Signals) -> Stopped:
    """How a command ends that a signal told to."""
    code = STOP_SIGNALS[number]
    what = "interrupted" if code == EXIT_INTERRUPTED else "terminated"
    return Stopped(f"{what}; the same command goes on from here", exit_code=code)


def _beyond(found: re.Match[str]) -> str:
    """Which end of a range a number is beyond, in words."""
    low = found["low"] or found["least"]
    if low is not None and float(found["value"]) < float(low):
        return f": must be at least {low}"
    return f": must be at most {found['high'] or found['most']}"


_NUMBER = r"-?[\d.]+"
_PLAINER: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r": '.*' is not a valid (?:integer|float)\.?$", ": expected a number"),
    (
        rf": (?P<value>{_NUMBER}) is not in the range (?:(?P<low>{_NUMBER})<=x<=(?P<high>{_NUMBER})"
        rf"|x>=(?P<least>{_NUMBER}?)|x<=(?P<most>{_NUMBER}?))\.?$",
        _beyond,
    ),
    (r": Input should be a valid (?:integer|number).*", ": expected a number"),
    (r": Input should be (?:greater than or equal to|at least) ", ": must be at least "),
    (r": Input should be (?:less than or equal to|at most) ", ": must be at most "),
)
"""Sentences of the library that reads the command line, in its older and newer versions, and what is said instead."""


def _message(error: Any) -> str:
    """What Typer says; an unknown option in the same words whatever version says it, with the nearest one."""
    name = getattr(error, "option_name", None)
    if name is None or type(error).__name__ != "NoSuchOption":
        said = str(error.format_message())
        for pattern, words in _PLAINER:
            said = re.sub(pattern, words, said)
        return said
    near = registry.suggest(name, getattr(error, "possibilities", None) or ())
    return f"no such option: {name}" + (f" ({near})" if near.startswith("did") else "")


def _usage(message: str, arguments: list[str]) -> DatagenError:
    """A usage error of the command line, with where to look."""
    command = arguments[0] if arguments and not arguments[0].startswith("-") else ""
    return UsageError(_lower(message), hint=f"see datagen {command + ' ' if command else ''}--help")


def _of_a_file(error: OSError) -> DatagenError:
    """An error of the system about a file that changed while the command worked with it."""
    _tell_trace()
    what = f"cannot be used: {error.strerror or error}"
    return UsageError(what, hint="does something else change it? look at it, and try again", place=_place(error))


def _of_surroundings(error: Exception) -> DatagenError | None:
    """What is said where the working folder is gone, or the clock says what no 64 bits of nanoseconds hold."""
    again = "and run the command again"
    try:
        os.getcwd()
        time.time()
    except FileNotFoundError:
        if isinstance(error, FileNotFoundError):
            return UsageError("the working folder is gone", hint=f"change to a folder that is there, {again}")
    except OverflowError:
        what = "the clock stands beyond the year 2262, which Python cannot read"
        return UsageError(what, hint=f"set the clock of this machine, {again}")
    return None


def _place(error: OSError) -> Place:
    return Place(os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(error.filename))


def _unexpected(error: Exception, *, as_json: bool) -> int:
    _tell_trace()
    hint = "this is a bug: set DATAGEN_DEBUG=1 for the traceback; everything that was received is kept"
    from datagen_cli.llm.keys import without_any_secret

    said = without_any_secret(f"unexpected {type(error).__name__}: {error}")
    return failed(DatagenError(said, hint=hint), EXIT_UNEXPECTED, as_json=as_json)


def _tell_trace() -> None:
    """Where the error comes from, for those who mend the tool."""
    if os.environ.get("DATAGEN_DEBUG"):
        import traceback

        from datagen_cli.cli import console
        from datagen_cli.llm.keys import without_any_secret

        console.say(without_any_secret(traceback.format_exc()))


def _lower(text: str) -> str:
    return (text[:1].lower() + text[1:]).rstrip(".")
