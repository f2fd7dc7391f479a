"""Compact JSON text, many thousand times a second.

`json.JSONEncoder.encode` builds its C encoder anew at every call; here it is built once, which halves the cost of a
small value. The text is the same; where the C encoder is missing the plain one serves.
"""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable
from typing import Any


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
