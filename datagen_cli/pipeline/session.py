"""One run from start to end: folder, lock, checkpoints, client, runner, and the files that it leaves.

The same call again resumes; what a changed recipe does not touch is kept (see `semantics.md` of the design).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from datagen_cli.core.below import replace
from datagen_cli.core.checksum import sealed, seed_of
from datagen_cli.core.digest import digest
from datagen_cli.core.errors import Stopped, TimeOver, UsageError
from datagen_cli.core.flow import ATTEMPTED, REVIEW
from datagen_cli.core.jsonl import dump, write_aside
from datagen_cli.core.ports import Observer
from datagen_cli.llm.cache import FILE, CallCache, open_cache, refuse_other_file
from datagen_cli.llm.client import Client
from datagen_cli.llm.deferred_work import DeferredWork
from datagen_cli.pipeline.build import Built
from datagen_cli.pipeline.connect import (
    RunOptions,
    check_models,
    licences,
    models_of,
    open_client,
    open_engine,
    refuse_unconfined,
)
from datagen_cli.pipeline.context import UnitContext
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.parts import Parts
from datagen_cli.pipeline.planned import Plan
from datagen_cli.pipeline.reviewed import Rounds, changes_of
from datagen_cli.pipeline.runner import Runner
from datagen_cli.pipeline.settle import settle_failed
from datagen_cli.pipeline.values import FoundValues, find_values, keep_values, kept_values, key_of, with_values
from datagen_cli.runs import damage
from datagen_cli.runs.checkpoint import Checkpoint, forget_truncated, header_line, read_header
from datagen_cli.runs.folder import STATE, RunFolder
from datagen_cli.runs.integrity import changed_files, is_same, restate
from datagen_cli.runs.ledger import FILE as SPENDING
from datagen_cli.runs.ledger import SpendingLedger
from datagen_cli.runs.manifest import Manifest
from datagen_cli.runs.planted import InjectedFaultLog
from datagen_cli.runs.previous_run import cohorts, lasting, other_model, recipe_place, refuse_other_recipe, tag_of
from datagen_cli.runs.prune import refuse_pruned
from datagen_cli.runs.review import Decision as Reviewed
from datagen_cli.runs.review import to_take_up
from datagen_cli.runs.spending import add_spending, cost_shares

HEARTBEAT_S = 1.0
FEWER = "the dataset will hold {:,} instead of {:,} records; the same command with the larger count needs no call"


class Session:
    """A run in its folder. `prepare` locks and lays out, `run` does the work, `close` gives everything back."""

    def __init__(self, built: Built, folder: RunFolder, options: RunOptions, observer: Observer) -> None:
        self.built = built
        self.folder = folder
        self.options = options
        self.observer = observer
        self.checkpoints: dict[str, Checkpoint] = {}
        self.plan = Plan(built, folder.checkpoint_path("plan"))
        self.plants = InjectedFaultLog(folder.file("plants.jsonl"))
        self.manifest = self._manifest()
        self.client: Client | None = None
        self.runner: Runner | None = None
        self._engine: LocalEngine | None = None
        self._started = time.monotonic()
        self.ledger: SpendingLedger | None = None
        self.model_ids: set[str] = set()
        self.complete = False
        self._before: Mapping[str, Any] = {}
        self._ahead: Mapping[str, Any] = {}
        self.rounds = Rounds(None)

    def prepare(self) -> None:
        """Takes the lock, moves aside what a changed recipe left, writes the plan, opens the checkpoints.

        `complete` says that the folder holds this very run, finished: there is nothing to do.
        """
        self.folder.lock()
        before = self.folder.state()
        lost = not before and self.folder.file(STATE).exists()
        self.model_ids = set(before.get("model_ids", ()))
        if self.options.fresh and (before or lost):
            self.folder.set_all_aside(tag_of(before))
            before, lost = {}, False
        refuse_other_recipe(self.folder.path, before, self.built.recipe.options.name)
        if self.know_values():
            before = self.folder.state()
        ledger = self.open_ledger(before)
        self.manifest.earlier_seconds = round(before.get("earlier_seconds", 0.0) + before.get("seconds", 0.0), 3)
        same = is_same(before, self.manifest)
        files = changed_files(self.folder.path, before["seal"]) if same else []
        reviewed = to_take_up(self.folder.path, before, self.say_once)
        if same and not files and not reviewed:
            restate(self.folder, before, self.manifest)
            self.complete = True
            return
        refuse_pruned(self.folder, lost=lost)
        self.try_connections()
        for sentence in (*([damage.STATE_LOST] if lost else ()), *damage.changed(files)):
            self.say_once(sentence)
        changed = self._set_changed_aside(before)
        planned_before = read_header(self.folder.checkpoint_path("plan"))
        fillable = self.built.plan.most(self.manifest.count)
        self.manifest.cohorts = cohorts({} if changed else before or planned_before, fillable)
        if not changed and before.get("state") == "done" and before["count"] > self.manifest.count:
            self.observer.event("note", text=FEWER.format(self.manifest.count, before["count"]))
        for note in self.built.notes():
            self.say_once(note)
        self._write_load()
        planned = self.built.plan.most(self.built.cut.end(self.manifest.cohorts[-1]))
        self.plan.write(planned, self.built.fingerprints["plan"], self.manifest.cohorts)
        for stage in ATTEMPTED:
            if stage != REVIEW or reviewed or self.folder.checkpoint_path(stage).exists():
                self.checkpoints[stage] = self.folder.checkpoint(stage, self.built.fingerprints[stage])
        if self.built.max_tokens > before.get("max_tokens", self.built.max_tokens):
            forget_truncated(self.checkpoints)
        for sentence in damage.told(self.checkpoints.values(), self.plan.damaged, ledger.damaged):
            self.say_once(sentence)
        self.rounds = Rounds(self.checkpoints.get(REVIEW))
        self._take_up(reviewed, before.get("count", self.manifest.count))
        self._before = before
        self.update()
        self.folder.write_state(self.manifest.document())

    def _take_up(self, decisions: Sequence[Reviewed], count: int) -> None:
        """Writes down what people rejected or edited since the last run, and says so."""
        changes = changes_of(decisions, self.plan, self.checkpoints, self.built.shape, self.built.bound)
        if changes:
            self.say_once(self.rounds.take(changes, count))

    def open_ledger(self, before: Mapping[str, Any]) -> SpendingLedger:
        """Opens what the folder has spent; `before` is its `run.json`, for folders that have no ledger yet."""
        self.ledger = SpendingLedger(self.folder.file(SPENDING), before.get("spent", {}))
        self.ledger.start()
        return self.ledger

    def know_values(self) -> bool:
        """Puts values that the recipe leaves to be found into the plan: those kept in the folder, which is locked, else
        those that the extractor names. Returns whether it was asked.

        Raises `ProviderError` where no answer came, `GotNowhere` where none was usable.
        """
        built = self.built
        if not built.unknown:
            return False
        key = key_of(built)
        found = kept_values(self.folder.path, key)
        if asked := found is None:
            self.try_connections()
            engine = LocalEngine()
            found = engine.run(lambda: self._ask_for_values(engine))
            keep_values(self.folder.path, key, found)
        for note in found.notes(built.unknown):
            self.say_once(note)
        self.built = with_values(built, found)
        self.plan = Plan(self.built, self.plan.path)
        self.manifest.fingerprints = dict(self.built.fingerprints)
        return asked

    async def _ask_for_values(self, engine: LocalEngine) -> FoundValues:
        async with self.ahead(engine) as client:
            return await find_values(
                self.built, lambda number: UnitContext(client, engine.run_blocking, number, 1, self.model_ids)
            )

    @asynccontextmanager
    async def ahead(self, engine: LocalEngine) -> AsyncIterator[Client]:
        """A client for calls before the run begins, as for a preview; the folder is locked. Its cache keeps replies,
        the ledger and `run.json` what they cost, so that caps and totals count it."""
        ledger = self.open_ledger(self.folder.state())
        cache = open_cache(self.options.cache, self.folder.path)
        client = self.connect(cache, engine)
        try:
            yield client
        finally:
            await client.close()
            if cache is not None:
                cache.close()
            self._ahead = client.totals.as_dict()
            spent = add_spending(ledger.before, self._ahead)
            ledger.close(spent)
            self.manifest.record_spending(spent, {})
            mine = self.manifest.document()
            document = self.folder.state() or {**mine, "state": "previewed"}
            self.folder.write_state({**document, **{name: mine[name] for name in ("spent", "tokens", "cost_usd")}})

    def connect(self, cache: CallCache | None, engine: LocalEngine) -> Client:
        """The client of this run, whose spending the folder's ledger keeps."""
        return open_client(
            self.built.recipe,
            cache=cache,
            observer=self.observer,
            environ=self.options.environ,
            allow_hosts=self.options.allow_hosts,
            plant=self.plants,
            ledger=self.ledger,
            deferred=engine.deferred,
            workers=engine.workers,
        )

    def run(self) -> Manifest:
        """Runs to the end or to what stops it. Returns the manifest; the error that stopped it is in `error`."""
        if self.complete:
            return self.manifest
        engine = self._engine = open_engine(self.built.recipe, self.options.where, self._signalled)
        engine.run(lambda: self._main(engine))
        return self.manifest

    def interrupt(self) -> None:
        """Stops the run as Ctrl-C does; to be called from any thread. Nothing happens where none is under way."""
        if self._engine is not None:
            self._engine.interrupt()

    @property
    def error(self) -> BaseException | None:
        """What stopped the run before its end, or None."""
        return self.runner.error if self.runner else None

    def close(self) -> None:
        """Closes files and gives the lock back."""
        try:
            for checkpoint in self.checkpoints.values():
                checkpoint.close()
            if self.built.embedder is not None:
                self.built.embedder.close()
            with self.folder.unless_lost():
                if self.ledger is not None:
                    self.ledger.close()
        finally:
            self.folder.unlock()

    async def _main(self, engine: LocalEngine) -> None:
        broken = lambda moved, kept: self.say_once(damage.broken_cache(moved.name, kept))  # noqa: E731
        cache = open_cache(self.options.cache, self.folder.path, broken)
        heartbeat = asyncio.create_task(self._heartbeat(engine.deferred))
        try:
            engine.deferred.enough = max(1, self.built.recipe.options.limits.concurrency * 3 // 4)
            self.client = self.connect(cache, engine)
            parts = Parts(
                self.built,
                self.plan,
                self.rounds,
                self.checkpoints,
                self.manifest.cohorts,
                self.client,
                engine,
                self.model_ids,
                self.say_once,
                self.options.unsafe_exec,
            )
            self.runner = Runner(parts, self.observer)
            self.client.troubled = self.runner.go_on
            minutes = self.built.recipe.options.limits.max_minutes
            if minutes is not None:
                said = f"limits.max_minutes: {minutes:g} minutes are over"
                stop = TimeOver(said, hint="run the same command again, which has as many; everything is kept")
                asyncio.get_running_loop().call_later(minutes * 60, self.runner.stop, stop)
            await self.runner.run()
        finally:
            heartbeat.cancel()
            if self.client is not None:
                await self.client.close()
            if cache is not None:
                cache.close()
                if cache.store.damaged:
                    self.say_once(damage.lost_replies(cache.store.damaged))
            self.update()
            with self.folder.unless_lost():
                if self.ledger is not None:
                    self.ledger.close(self.manifest.spent)
                self.plants.close()

    def say_once(self, note: str) -> None:
        if note not in self.manifest.notes:
            self.observer.event("note", text=note)
            self.manifest.notes.append(note)

    def _signalled(self, exit_code: int, count: int) -> None:
        assert self.runner is not None
        if count == 1:
            text = "stopping: calls in flight may finish for up to 30 s, then files are written; again to stop at once"
            self.observer.event("note", text=text)
            what = "interrupted" if exit_code == 130 else "terminated"
            self.runner.stop(Stopped(f"{what}; everything so far is kept", exit_code=exit_code))
        else:
            self.runner.abort()

    async def _heartbeat(self, deferred: DeferredWork) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            await deferred.take_within(HEARTBEAT_S)
            if self.client is not None:
                self.client.tell_waits(asyncio.get_running_loop().time())
            self.update()
            try:
                self.folder.refuse_loss()
                self.folder.write_state(self.manifest.document())
            except UsageError as error:  # nothing could be kept any more: calls would be paid for nothing
                if self.runner is not None:
                    self.runner.stop(error)
                    self.runner.abort()
                return
            self.observer.event(
                "tick", **self.manifest.pulse(self.client, self.runner.sequence.waiting if self.runner else 0)
            )

    def update(self) -> None:
        """Brings the manifest's counts up to date."""
        manifest = self.manifest
        manifest.model_ids = sorted(self.model_ids - {""})
        if said := other_model(self._before, models_of(self.built.recipe), manifest.model_ids):
            self.say_once(said)
        manifest.seconds = round(time.monotonic() - self._started, 3)
        if self.runner is not None:
            progress = self.runner.progress
            settled = self.runner.accepted[: manifest.count]
            manifest.accepted = len(settled) - settled.count(0)
            manifest.new_records = progress.new_records
            manifest.rejected = dict(progress.rejected)
            manifest.no_reply = progress.no_reply
            manifest.stage_seconds = dict(progress.seconds)
        if self.ledger is not None:
            mine = self.client.totals.as_dict() if self.client else {}
            manifest.record_spending(self.ledger.before, mine, self._ahead)

    def fail(self, error: BaseException) -> None:
        """Writes down that the run broke off outside its loop; counts stay as they were last known."""
        self.update()
        settle_failed(self.manifest, error)
        with self.folder.unless_lost():
            self.folder.write_state(self.manifest.document())

    def _manifest(self) -> Manifest:
        recipe, options = self.built.recipe, self.built.recipe.options
        return Manifest(
            run=str(self.folder.path),
            recipe={
                "name": options.name,
                "file": recipe_place(recipe),
                "digest": digest(lasting(recipe)),
                "label": self.built.base.label.field if self.built.base.label else None,
            },
            count=options.count,
            seed=options.seed,
            simulated=self.built.simulated,
            fingerprints=dict(self.built.fingerprints),
            resume_command=self.options.command,
            max_tokens=self.built.max_tokens,
            models=models_of(recipe),
            licences=licences(recipe),
            base=self.built.base.facts,
        )

    def try_connections(self) -> None:
        """Finds a missing key, model or sandbox, a foreign host, an unknown price, a wrong cache; writes nothing."""
        check_models(self.built.recipe)
        refuse_unconfined(self.built.recipe, unsafe_exec=self.options.unsafe_exec)
        environ, hosts = self.options.environ, self.options.allow_hosts
        open_client(self.built.recipe, cache=None, observer=self.observer, environ=environ, allow_hosts=hosts)
        if self.options.cache not in ("run", "off"):
            named = Path(self.options.cache)
            refuse_other_file(named / FILE if named.is_dir() else named)

    def _set_changed_aside(self, before: Mapping[str, Any]) -> bool:
        """Moves aside what a changed recipe makes stale, and says so. Whether there was anything."""
        changed = self.folder.changed_stages(self.built.fingerprints)
        if not changed:
            return False
        moved = self.folder.set_aside(changed, tag_of(before))
        if not self.built.simulated and self.folder.file("plants.jsonl").exists():
            replace(self.folder.file("plants.jsonl"), moved / "plants.jsonl")
        costs = cost_shares(before.get("spent", {}), 0)["by_stage"]
        cost = sum(costs.get(stage) or 0.0 for stage in changed)
        paid = f"; so far they cost {cost:.4f} USD, replies in the call cache cost nothing" if cost else ""
        again = "the model is asked again" if "generate" in changed else "what was generated is kept and checked again"
        text = f"the recipe changed: {', '.join(changed)} run again ({again}{paid}); earlier files are in {moved}"
        self.say_once(text)
        return True

    def _write_load(self) -> None:
        fingerprint = self.built.fingerprints["load"]
        head, seed = header_line("load", fingerprint), seed_of(fingerprint)
        rows = (sealed(dump({"id": name, "fields": dict(row)}), seed) for name, row in self.built.base.rows)
        write_aside(self.folder.checkpoint_path("load"), (chunk for part in ([head], rows) for chunk in part))
