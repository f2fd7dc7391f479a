"""JSON from Python: values of other libraries as JSON has them, and compact text, many thousand times a second.

`json.JSONEncoder.encode` builds its C encoder anew at every call; here it is built once, which halves the cost of a
small value. The text is the same; where the C encoder is missing the plain one serves.
"""

from __future__ import annotations

import json
import json.encoder
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

MISSING = ("NAType", "NaTType")
"""Types of pandas for a cell that holds nothing."""


def json_value(value: Any) -> Any:
    """A value as JSON has it: dates as ISO text, decimals and numbers of NumPy as numbers, arrays, tuples and sets as
    lists; what is not finite, and pandas' missing cells, as null. Raises `ValueError` for anything else, such as
    bytes."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float | Decimal):
        whole = isinstance(value, Decimal) and math.isfinite(value) and value == int(value)
        return int(value) if whole else float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(item) for item in value]
    if type(value).__name__ in MISSING:
        return None
    if hasattr(value, "tolist"):
        return json_value(value.tolist())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise ValueError(f"a value of type {type(value).__name__} is not JSON")


def make_encoder(*, sort_keys: bool, ascii_only: bool = False) -> Callable[[Any], str]:
    """A function from a JSON value to compact text: no white space, no escapes beyond what JSON needs; `ascii_only`
    escapes all that is not ASCII, half a surrogate pair too.

    It raises `TypeError` for what is no JSON value. Values that contain themselves are not looked for.
    """
    plain = json.JSONEncoder(ensure_ascii=ascii_only, separators=(",", ":"), sort_keys=sort_keys)
    build = getattr(json.encoder, "c_make_encoder", None)
    if build is None:
        return plain.encode
    text = json.encoder.encode_basestring_ascii if ascii_only else json.encoder.encode_basestring
    chunks = build(None, plain.default, text, None, ":", ",", sort_keys, False, True)
    join = "".join
    return lambda value: join(chunks(value, 0))
