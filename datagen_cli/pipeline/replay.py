"""First attempts taken from the checkpoints with as little reading as is safe, so that a large run resumes in seconds.

A unit of first attempts is not even made: what it was made from is in its stage's fingerprint. Every line is compared
with the digest of what it was made from, and only the last line of a record is parsed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from datagen_cli.core.record import Record
from datagen_cli.runs.checkpoint import Checkpoint, tail_of
from datagen_cli.runs.lines import content_digest, from_line, read_contents


def replayable(generated: Checkpoint, start: int) -> list[str] | None:
    """Content digests of the records of a finished first call; None where one was rejected, or nothing is finished."""
    raw = generated.raw(start, 1)
    contents = None if raw is None else read_contents(raw)
    return contents if contents and all(contents) else None


def last_line(steps: Sequence[Checkpoint], slot: int, content: str) -> tuple[Record, str] | None:
    """A first attempt as the last of the stages left it, and its content digest; None when one has not seen it.

    `content` is the digest of what the first of them was given.
    """
    record: Record | None = None
    before = b""
    for checkpoint in steps:
        raw = checkpoint.raw(slot, 1)
        tail = None if raw is None else tail_of(raw, slot, 1, content)
        if raw is None or tail is None:
            return None
        if tail != before:
            try:
                record, before = from_line(json.loads(raw.decode())), tail
            except (ValueError, RecursionError):
                return None
            if record.rejection is not None:
                break
            content = content_digest(record)
    return None if record is None else (record, content)
