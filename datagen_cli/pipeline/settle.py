"""How a run ended: its state, reason and exit code, the slots that it leaves open, and the rows that it replaced."""

from __future__ import annotations

from datagen_cli.core.errors import (
    EXIT_DONE,
    EXIT_SHORT,
    EXIT_UNEXPECTED,
    CapReached,
    DatagenError,
    GotNowhere,
    Stopped,
)
from datagen_cli.core.record import record_id
from datagen_cli.llm.keys import without_any_secret
from datagen_cli.metrics.wording import counted
from datagen_cli.pipeline.runner import Runner
from datagen_cli.runs.manifest import Manifest, now

SHOWN = 5
PAST = "{} judged ahead of {}; a later run may replace some of them"
REPLACED = "{} judged without slots that had no reply then, and {} replaced now: {}"


def settle(manifest: Manifest, runner: Runner, *, prefix: str, attempts: int, beyond: int = 0) -> list[str]:
    """State, reason, exit code and open slots into the manifest. Returns what is worth saying of them.

    `prefix` is that of the ids, `attempts` the most that a slot has; `beyond` are slots that no base row is left for.
    """
    progress, error = runner.progress, runner.error
    manifest.finished = now()
    failed = {slot: why for slot, why in progress.failed_slots if slot < manifest.count}
    listed = sorted({**failed, **progress.closed}.items())
    manifest.failed_slots = [{"id": record_id(prefix, slot), "reason": why} for slot, why in listed]
    if error is not None:
        settle_failed(manifest, error)
    elif manifest.accepted == manifest.count:
        manifest.state, manifest.reason, manifest.exit_code = "done", "", EXIT_DONE
    else:
        manifest.state, manifest.exit_code = "short", EXIT_SHORT
        reasons = [f"{counted(len(failed), 'slot')} used up all {attempts} attempts"] if failed else []
        reasons += [f"{counted(len(progress.closed), 'slot')} had no reply"] if progress.closed else []
        reasons += [f"no base row is left for {counted(beyond, 'slot')}"] if beyond else []
        manifest.reason = "; ".join(reasons)
    notes = []
    if runner.sequence.accepted_past:
        still = counted(manifest.count - manifest.accepted - len(failed), "open slot")
        past = runner.sequence.accepted_past
        notes.append(PAST.format(f"{counted(past, 'row')} {'was' if past == 1 else 'were'}", still))
    if progress.replaced:
        names = [record_id(prefix, slot) for slot in sorted(progress.replaced)]
        shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
        were, are = ("was", "is") if len(names) == 1 else ("were", "are")
        notes.append(REPLACED.format(f"{counted(len(names), 'row')} {were}", are, shown))
    return notes


def settle_failed(manifest: Manifest, error: BaseException) -> None:
    """The same of a run that something stopped."""
    manifest.state = "stopped" if isinstance(error, Stopped | CapReached | GotNowhere) else "failed"
    manifest.reason = str(error) if isinstance(error, DatagenError) else without_any_secret(str(error))
    manifest.exit_code = error.exit_code if isinstance(error, DatagenError) else EXIT_UNEXPECTED
