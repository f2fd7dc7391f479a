"""A session carried out from its first step to its last: what every command that runs recipes does."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import DatagenError
from datagen_cli.core.ports import Observer
from datagen_cli.llm.retry import RESUME
from datagen_cli.pipeline.build import build
from datagen_cli.pipeline.connect import identities
from datagen_cli.pipeline.finish import finish
from datagen_cli.pipeline.not_built import refuse_mixed
from datagen_cli.pipeline.run_log import RunLog
from datagen_cli.pipeline.session import RunOptions, Session
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.manifest import Manifest

COMPLETE = "already complete; more: --count N; another: --new"


def open_run(recipe: Recipe, folder: Path, options: RunOptions, observer: Observer) -> Session:
    """A session of a recipe in a folder, ready to prepare; nothing is written yet. Raises `RecipeError` as `build`."""
    built = build(recipe, identities(recipe), folder=folder)
    refuse_mixed(built.recipe)
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
    return manifest.calls + manifest.cached_calls


def _counted(error: DatagenError, replies: int) -> DatagenError:
    """The error whose hint says how many replies are kept, where it says that they all are or how to go on;
    nothing of it where nothing was answered."""
    kept = f"{replies:,} {'reply is' if replies == 1 else 'replies are'} kept"
    if replies:
        error.hint = error.hint.replace(RESUME, f"{RESUME}; {kept}")
    for phrase in ALL_KEPT:
        error.hint = error.hint.replace(phrase, kept) if replies else error.hint.replace(f"; {phrase}", "")
    return error
