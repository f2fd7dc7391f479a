"""Every error a user can cause or meet: what happened, where, what to do, and the exit code it ends with.

The command line prints `error: WHERE: MESSAGE`, a blank line and `hint: HINT`, and exits with `exit_code`.
Anything that is not a `DatagenError` is a bug and ends with 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

EXIT_DONE = 0
EXIT_UNEXPECTED = 1
EXIT_USAGE = 2
EXIT_SHORT = 3
EXIT_CAP = 4
EXIT_PROVIDER = 5
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file the user wrote; `line` counts from 1, 0 when there is none."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class DatagenError(Exception):
    """Base of all errors with a message for the user.

    `message` is lower case without a full stop; `hint` says what to do; `place` says where. `others` are problems that
    were found at the same time; `alone` is the message without a word of them.
    """

    exit_code = EXIT_UNEXPECTED
    general_hint = ""

    def __init__(self, message: str, *, hint: str = "", place: Place | None = None) -> None:
        super().__init__(message)
        self.message = self.alone = message
        self.hint = hint
        self.place = place
        self.others: tuple[DatagenError, ...] = ()

    def with_others(self, others: Sequence[DatagenError]) -> Self:
        """This error; its message then says how many more there are, and `datagen validate` tells them all."""
        self.message, self.others = self.alone, tuple(others)
        if others:
            self.message += f" (and {len(others)} more problem{'s' if len(others) > 1 else ''})"
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (type(self), self.args, vars(self))

    @property
    def advice(self) -> str:
        """The hint, or the one that fits every error of its kind."""
        return self.hint or self.general_hint

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


def rebuilt(kind: type[Exception], args: tuple[Any, ...], state: dict[str, Any]) -> Exception:
    """An error in another process as it was in its own, whatever its constructor asks for: see `__reduce__`."""
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(state)
    return error


class UsageError(DatagenError):
    """A wrong command line, an unwritable folder, a folder held by another process."""

    exit_code = EXIT_USAGE


class RecipeError(UsageError):
    """A recipe that cannot be read or does not make sense.

    `sound` is the recipe without its broken parts where enough is left to look further, `taken` their paths.
    """

    sound: Any = None
    taken: frozenset[tuple[str, ...]] = frozenset()
    general_hint = "`datagen schema` prints every option, `datagen init` writes a recipe to start from"


class DataError(UsageError):
    """Base data, a dataset or a reference that cannot be read or does not fit the recipe."""

    general_hint = "mend the file, or name another; the base of a recipe: --set base.path=FILE"


class MissingExtra(UsageError):
    """A feature whose packages are not installed.

    `extra` names the part of the distribution that brings them (empty: the core), `packages` those that are missing
    (none: all of the extra), `instead` what works without them. The hint is made from our own metadata.
    """

    def __init__(self, message: str, extra: str, *packages: str, instead: str = "", place: Place | None = None) -> None:
        from datagen_cli.core.extras import install_hint

        hint = install_hint(extra, *packages)
        super().__init__(message, hint=f"{hint}, or {instead}" if instead else hint, place=place)


class CapReached(DatagenError):
    """A cap of `limits` (cost, tokens, minutes) leaves no room for another call."""

    exit_code = EXIT_CAP


class TimeOver(CapReached):
    """The minutes of this process are over; the same command has as many again, which no other cap has."""


class GotNowhere(DatagenError):
    """The first replies were useless for one reason: going on would cost, and bring nothing."""

    exit_code = EXIT_SHORT


class ProviderError(DatagenError):
    """The provider refuses every call: wrong key, unknown model, an endpoint that cannot be reached."""

    exit_code = EXIT_PROVIDER


class Stopped(DatagenError):
    """The user (130) or the system (143) asked the run to stop."""

    def __init__(self, message: str, *, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class CallRefused(Exception):
    """The endpoint refused this one request for good (400, 422): costs its attempt, nothing else."""


class CallPending(Exception):
    """No reply now (429, 5xx, time-outs, drops): the unit stays pending, no attempt is used.

    `no_reply` says that this prompt ends without one: it fails again and again while others are answered. `rest_s` are
    the seconds for which the endpoint still wants to be left alone.
    """

    def __init__(self, message: str, *, no_reply: bool = False, rest_s: float = 0.0, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.no_reply = no_reply
        self.rest_s = rest_s


class Problems:
    """Errors of users that are collected, to be told together: `with problems: …`, and `tell()` at the end."""

    def __init__(self, found: Iterable[DatagenError] = ()) -> None:
        self._found: list[DatagenError] = list(found)

    def add(self, found: Iterable[DatagenError]) -> None:
        """Adds errors behind the others."""
        self._found += found

    def __enter__(self) -> Problems:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if isinstance(error, UsageError):
            self._found.append(error)
        return isinstance(error, UsageError)

    def all(self) -> list[DatagenError]:
        """Every error and those behind it, each once."""
        parts = [part for error in self._found for part in (error, *error.others)]
        return list({f"{part.place}: {part.alone}": part for part in reversed(parts)}.values())[::-1]

    def tell(self) -> None:
        """Raises the first error with the others behind it, if there is one."""
        if self._found:
            first, *others = self.all()
            raise first.with_others(others)
