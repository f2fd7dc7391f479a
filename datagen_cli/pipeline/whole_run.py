"""A session carried out from its first step to its last: what every command that runs recipes does.

`run.log` says what happened in a run, as JSON lines beside it; every session of the folder goes on where the last
ended. It holds when the session began and ended, the counts up to then and the calls in flight every second at first
and every ten seconds later, what the run waited for and was told, and how often calls were tried again, by kind of
fault. No texts of records, prompts or replies, and no keys: of a note only what stands before its first colon, since
examples of what a model said follow it.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import DatagenError
from datagen_cli.core.ports import Observer
from datagen_cli.core.system import open_own
from datagen_cli.llm.retry import RESUME
from datagen_cli.pipeline.build import build
from datagen_cli.pipeline.connect import RunOptions, identities, refuse_mixed
from datagen_cli.pipeline.finish import finish
from datagen_cli.pipeline.session import Session
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.manifest import Manifest

FILE = "run.log"
EVERY_S = 10.0
SHARE = 1 / 30
"""Of the time that has passed: so long the next counts wait, up to `EVERY_S`."""
COMPLETE = "already complete; more: --count N; another: --new"


def open_run(recipe: Recipe, folder: Path, options: RunOptions, observer: Observer) -> Session:
    """A session of a recipe in a folder, ready to prepare; nothing is written yet. Raises `RecipeError` as `build`."""
    built = build(recipe, identities(recipe), folder=folder)
    refuse_mixed(recipe)
    return Session(built, RunFolder(folder), options, observer)


ALL_KEPT = ("everything is kept", "nothing is lost")
"""What hints say of the replies of a run that was stopped."""


def run_whole(
    session: Session, around: AbstractContextManager[object] | None = None
) -> tuple[Manifest, DatagenError | None]:
    """Prepares, runs, finishes and closes a session; `around` is entered while it runs.

    Returns its manifest, and what a user can mend that stopped it. Raises `UsageError` where nothing was begun, and
    what is a bug.
    """
    try:
        session.prepare()
        try:
            if not session.complete:
                with RunLog(session.observer, session.folder, session.manifest) as session.observer:
                    with around or nullcontext():
                        session.run()
                    session.folder.refuse_loss()
                    finish(session)
            if session.manifest.state == "done" and not session.manifest.new_records:
                session.manifest.reason = COMPLETE
        except BaseException as broken_off:
            cause = session.folder.loss() or broken_off
            session.fail(cause)
            if not isinstance(cause, DatagenError):
                raise
            return session.manifest, _counted(cause, _replies(session.manifest))
    finally:
        session.close()
    error = session.error
    if error is not None and not isinstance(error, DatagenError):
        raise error
    return session.manifest, None if error is None else _counted(error, _replies(session.manifest))


def _replies(manifest: Manifest) -> int:
    """The replies that a run had, those of earlier runs of its folder among them."""
    return int(max(manifest.totals()["all_runs"]["calls"], manifest.calls + manifest.cached_calls))


def _counted(error: DatagenError, replies: int) -> DatagenError:
    """The error whose hint says how many replies are kept, where it says that they all are or how to go on;
    nothing of it where nothing was answered."""
    kept = f"{replies:,} {'reply is' if replies == 1 else 'replies are'} kept"
    if replies:
        error.hint = error.hint.replace(RESUME, f"{RESUME}; {kept}")
    for phrase in ALL_KEPT:
        error.hint = error.hint.replace(phrase, kept) if replies else error.hint.replace(f"; {phrase}", "")
    return error


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
