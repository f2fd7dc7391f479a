"""`run.log`: what happened in a run, as JSON lines beside it; every session of the folder goes on where the last ended.

Holds when the session began and ended, the counts up to then and the calls in flight every second at first and every
ten seconds later, what the run waited for and was told, and how often calls were tried again, by kind of fault. No
texts of records, prompts or replies, and no keys: of a note only what stands before its first colon, since examples of
what a model said follow it.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from datagen_cli.core.ports import Observer
from datagen_cli.core.system import open_own
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.manifest import Manifest

FILE = "run.log"
EVERY_S = 10.0
SHARE = 1 / 30
"""Of the time that has passed: so long the next counts wait, up to `EVERY_S`."""


class RunLog:
    """An `Observer` that writes to the log and tells the one that it wraps. Use it as a context manager.

    A log that cannot be written stops nothing: the run itself says so when its own files cannot be.
    """

    def __init__(self, inner: Observer, folder: RunFolder, manifest: Manifest) -> None:
        self._inner = inner
        self._folder = folder
        self._manifest = manifest
        self._descriptor = -1
        self._began = self._last = time.monotonic()
        self._in_flight = 0
        self._retries: Counter[str] = Counter()

    def __enter__(self) -> RunLog:
        try:
            self._descriptor = open_own(self._folder.file(FILE), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        except OSError:
            self._descriptor = -1
        manifest = self._manifest
        self._write("begin", recipe=manifest.recipe.get("digest"), count=manifest.count, simulated=manifest.simulated)
        return self

    def __exit__(self, broken_off: type[BaseException] | None, *_: Any) -> None:
        ended = {"state": self._manifest.state} if broken_off is None else {"broken_off_by": broken_off.__name__}
        self._counts("end", **ended)
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def event(self, kind: str, **facts: Any) -> None:
        """See `core.ports.Observer`."""
        self._inner.event(kind, **facts)
        if kind == "note":
            self._write("note", text=str(facts["text"]).partition(": ")[0])
        elif kind == "retry":
            self._retries[str(facts.get("fault"))] += 1
        elif kind == "pending":
            self._write("pending", slot=facts.get("slot"), attempt=facts.get("attempt"))
        elif kind == "tick":
            self._in_flight = facts.get("in_flight", 0)
            now = time.monotonic()
            if now - self._last >= min(EVERY_S, SHARE * (now - self._began)):
                self._last = now
                self._counts("counts")

    def _counts(self, event: str, **more: str) -> None:
        manifest = self._manifest
        self._write(
            event,
            **more,
            accepted=manifest.accepted,
            rejected=manifest.rejected,
            calls=manifest.calls,
            cached_calls=manifest.cached_calls,
            tokens=manifest.tokens,
            cost_usd=manifest.cost_usd,
            in_flight=self._in_flight if event == "counts" else 0,
            retries=dict(self._retries),
        )

    def _write(self, event: str, **facts: Any) -> None:
        if self._descriptor < 0:
            return
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "event": event, **facts}
        try:
            os.write(self._descriptor, json.dumps(line).encode() + b"\n")
        except OSError:
            os.close(self._descriptor)
            self._descriptor = -1
