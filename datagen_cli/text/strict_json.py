"""JSON as the standard has it: no NaN, no infinity, no half surrogates, and one kind of error for all that is wrong."""

from __future__ import annotations

import json
import math
from typing import Any


class NotJson(ValueError):
    """A text that is not JSON; `line` and `column` count from 1, 0 when they are not known."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def loads(text: str, decoder: json.JSONDecoder | None = None) -> Any:
    """The value of a JSON text. Raises `NotJson`."""
    try:
        value = (decoder or _DECODER).decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(error.msg[:1].lower() + error.msg[1:], error.lineno, error.colno) from error
    except ValueError as error:
        raise NotJson(str(error)) from error
    except RecursionError as error:
        raise NotJson("nested too deeply") from error
    if "\\u" in text or "\\U" in text:
        _refuse_half_surrogates(value)
    return value


def attempt(text: str, other: Any = None) -> Any:
    """The value of a JSON text; `other` where it is none."""
    try:
        return loads(text)
    except NotJson:
        return other


class Repeats:
    """`loads`, which also counts the objects that hold a key more than once; the last value of a key counts.

    `first` is the first of these keys.
    """

    def __init__(self) -> None:
        self.objects = 0
        self.first = ""
        self._decoder = json.JSONDecoder(
            parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=self._object
        )

    def loads(self, text: str) -> Any:
        """See `loads`."""
        return loads(text, self._decoder)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            self.objects += 1
            keys = [key for key, _ in pairs]
            self.first = self.first or next(key for key in keys if keys.count(key) > 1)
        return found


def scan(text: str, start: int) -> tuple[Any, int]:
    """The JSON value that begins at `start` and the index after it. Raises `NotJson`."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error
    if "\\u" in text:
        _refuse_half_surrogates(value)
    return value, end


def _refuse_half_surrogates(value: Any) -> None:
    """Half of a surrogate pair cannot be written as UTF-8 again."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotJson("half of a surrogate pair (\\ud800 to \\udfff) in a text") from error
    except RecursionError as error:
        raise NotJson("nested too deeply") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is out of range")
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
