"""The model's text inside a refusal: some endpoints check it against the format asked for, and refuse what does not
fit.

Groq gives it back as `failed_generation`, routers put that a level deeper or into a text of JSON, others have names of
their own for it: it is paid for, and a reply like any other. Pure functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from datagen_cli.core.pattern import compiled_later
from datagen_cli.llm.counted import reply_of, usage_in
from datagen_cli.llm.foreign_json import inside, items, loaded
from datagen_cli.llm.provider import RawReply

SURE = ("failedgeneration",)
"""Names, without signs and case, under which nothing else stands."""
OTHERS = (
    "generatedtext",
    "generation",
    "generated",
    "modeloutput",
    "rawoutput",
    "invalidoutput",
    "output",
    "completion",
)
"""Names that hold it where the refusal says that what was written does not fit."""
_UNFIT = compiled_later(
    r"json_validate_failed"
    r"|\b(?:generat\w*|(?:model|llm|ai)(?:['’]s)? (?:out|re|ans|gen|comp)\w*|output|response|reply|answer|completion)\b"
    r"(?:(?!format|schema|param|request|field)[^.]){0,60}\b(?:not (?:a )?valid|invalid|(?:does|did) not "
    r"(?:match|conform|fit|validate)|violat)"
    r"|\b(?:failed|unable|could not)\b[^.]{0,30}\b(?:generate|validate|parse)\b[^.]{0,40}\b(?:json|schema|format)",
    re.IGNORECASE,
)
_TOO_FEW = compiled_later(r"max[\w ]{0,40}tokens reached", re.IGNORECASE)


def reply_in_error(body: bytes) -> RawReply | None:
    """The reply in the body of a refusal, cut off where its tokens were too few; None where there is none."""
    return reply_in(loaded(body))


def reply_in(value: Any) -> RawReply | None:
    """The same of a body that has been read."""
    found = list(items(value))
    said = " ".join(item for _, item in found if isinstance(item, str))
    names = SURE + (OTHERS if _UNFIT.search(said) else ())
    bare = ((re.sub(r"\W|_", "", name).lower(), item) for name, item in found)
    written = next((item for name, item in bare if name in names and _is_reply(item, name)), None)
    if written is None:
        return None
    text = written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)
    finish = "length" if _TOO_FEW.search(said) else "stop"
    return reply_of(text, finish, usage_in(value, inside(value, "error")))


def _is_reply(item: Any, name: str) -> bool:
    """Whether this is what was written; under a name that may mean something else, an empty text and an id are not."""
    if isinstance(item, str):
        return name in SURE or any(sign in item.strip() for sign in "{[ ")
    return isinstance(item, Mapping | list) and bool(item)
