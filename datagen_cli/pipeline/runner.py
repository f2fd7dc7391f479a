"""The runner: units in flight, refills, pending units, and the order in which attempts are judged.

It knows stages by what they do (generate a unit; work on one record; judge), never by feature. Wall time decides
nothing that is written: a reply only decides when its slot moves on, `Sequence` decides what is accepted. A unit whose
calls stay unanswered is put back without using up its attempt; a slot that ends twice without a reply, while others are
answered, is closed until the next run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence as Items
from functools import partial

from datagen_cli.core.digest import digest
from datagen_cli.core.errors import CallPending, CallRefused, DatagenError, GotNowhere, UsageError
from datagen_cli.core.ports import Observer
from datagen_cli.core.record import Record, Rejection, Slot
from datagen_cli.llm.health import MOST_ENDS
from datagen_cli.pipeline.parts import Parts, Progress
from datagen_cli.pipeline.replay import last_line, replayable
from datagen_cli.pipeline.sequence import Refills, Sequence, judge_rest, take_back
from datagen_cli.pipeline.trial import CheckTrials, Trial
from datagen_cli.runs.lines import Contents, call_lines, content_digest, from_line, to_line
from datagen_cli.stages.generate import Unit

GRACE_S = 30.0
ALONE_S = 10.0
AGAIN_S = 1.0
AGAIN_NO_REPLY_S = 5.0
REPLAYS_A_TURN = 256


class Runner:
    """Runs units until every slot is settled or something stops it. One use a run.

    `accepted` holds the accepted attempt of every slot, 0 where there is none yet; `touched` the slots that had an
    attempt rejected; `surplus` says that more records came than slots were to fill; `refills` are those that wait;
    `sequence` judges what has come.
    """

    def __init__(self, parts: Parts, observer: Observer) -> None:
        self._parts = parts
        self._observer = observer
        self.sequence = Sequence(parts.cohorts, self._judge, self._settled, self._reopen)
        self._starts = parts.cut.starts(parts.count)
        self.refills = Refills(parts.limits.attempts_per_record)
        self._again: list[tuple[Unit, frozenset[int]]] = []
        self._ends: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._trial = Trial(
            cautious=not parts.limits.batch,
            check_call=parts.limits.check_call and parts.client.may_cost,
            say=lambda text: observer.event("note", text=text),
        )
        self._check_trials = CheckTrials()
        self._wake = asyncio.Event()
        self._ending = self._left = False
        self._chain = ""
        self._contents = Contents()
        self.progress = Progress()
        self.error: BaseException | None = None
        self.accepted = bytearray(parts.count)
        self.touched: set[int] = set()
        self.surplus = False

    def stop(self, reason: BaseException) -> None:
        """Starts nothing new; calls in flight may finish. The first reason is the one that counts."""
        if self.error is None:
            self.error = reason
            self._parts.client.halt()
        self._wake.set()

    def go_on(self) -> None:
        """The check call has been answered, has failed once, or lasts: the others wait for it no longer."""
        if self._trial.alone:
            self._trial.alone = False
            self._pump()
            self._wake.set()

    def abort(self) -> None:
        """Ends calls in flight at once, at the end of a run the judging; what is committed stays."""
        self._left = self._ending
        for task in self._tasks:
            task.cancel()
        self._wake.set()

    async def run(self) -> None:
        """Until every slot is accepted, out of attempts or closed, or `stop` was called and calls in flight are done.

        What could not be judged in its turn is judged in the end.
        """
        asyncio.get_running_loop().call_later(ALONE_S, self.go_on)
        try:
            while self.error is None and not self.sequence.done:
                if self._pump():
                    await asyncio.sleep(0)
                    continue
                await self._wake.wait()
                self._wake.clear()
            if self._tasks and self.error is not None:
                await asyncio.wait(self._tasks, timeout=GRACE_S)
        finally:
            self.abort()
            if self._tasks:
                await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.error is None or (isinstance(self.error, DatagenError) and not isinstance(self.error, UsageError)):
            await self._end()

    async def _end(self) -> None:
        """Writes down what was held back, or forgets it, and judges what has not had its turn."""
        try:
            self._trial.end()
        except GotNowhere as nowhere:
            self.error = self.error or nowhere
        if self._trial.useless:
            await self._parts.client.forget(self._trial.useless)
        else:
            self._trial.close()
        self._ending = True
        await judge_rest(self.sequence, self._observer, lambda: self._left)
        if self._check_trials.failed:
            await self._undo_verdicts()
        if self._left and self.error is not None:
            raise self.error

    async def _undo_verdicts(self) -> None:
        """Has unread verdicts asked for again: their lines match nothing, their records wait outside the dataset."""
        await self._parts.client.forget(self._check_trials.useless)
        stages = [*(stage for stage, _ in self._parts.steps), "dedup"]
        take_back(self._check_trials.units, self.accepted, [self._parts.checkpoints[stage] for stage in stages])

    def _pump(self) -> bool:
        """Starts units while there is room: postponed ones, then refills, then new ones. True when it stopped to let
        the loop turn, with more to start."""
        replayed = 0
        width = self._trial.width(self._parts.width, -(-self._parts.count // self._parts.cut.most))
        while self.error is None and len(self._tasks) < width:
            if self._again:
                self._start(*self._again.pop())
                continue
            attempt, slot, avoid = self.refills.pop()
            unit = self._parts.refill(slot, attempt, avoid) if attempt else None
            if unit is None:
                start = next(self._starts, None)
                if start is None:
                    return False
                unit = None if self._replay_first(start) else self._parts.unit(start)
            if unit is None or self._replay(unit):
                replayed += 1
                if replayed >= REPLAYS_A_TURN:
                    return True
                continue
            self._start(unit)
        return False

    def _start(self, unit: Unit, owed: frozenset[int] | None = None) -> None:
        task = asyncio.get_running_loop().create_task(self._work(unit, owed))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._trial.alone = False
        if not task.cancelled() and (error := task.exception()) is not None:
            self.stop(error)
            if not isinstance(error, DatagenError) or isinstance(error, UsageError):
                self.abort()  # a bug, or a disk that takes no more: replies could not be kept anyway
        self._pump()
        self._wake.set()

    def _replay_first(self, start: int) -> bool:
        """Takes a unit of first attempts from the checkpoints, where all its records stand, without making it."""
        checkpoints = self._parts.checkpoints
        contents = None if self._parts.prepare is not None else replayable(checkpoints["generate"], start)
        if contents is None:
            return False
        wanted = contents[: self._parts.count - start]
        steps = [checkpoints[stage] for stage, _ in self._parts.steps]
        found = [last_line(steps, start + place, content) for place, content in enumerate(wanted)]
        records = [item for item in found if item is not None]
        if len(records) < len(wanted):
            return False
        self.surplus |= len(contents) > len(wanted)
        for record, content in records:
            if record.rejection is None:
                self._contents.know(record, content)
            self._deliver([record], replayed=True)
        return True

    def _replay(self, unit: Unit) -> bool:
        """Takes the unit from the checkpoints if all of it is there and nothing has to be prepared."""
        if self._parts.prepare is not None:
            return False
        line = self._parts.checkpoints["generate"].find(unit.first, unit.attempt, digest(unit.made_from()))
        if line is None:
            return False
        outcomes = []
        self.surplus |= len(line["records"]) > sum(slot.index < self._parts.count for slot in unit.slots)
        for slot, item in zip(unit.slots, line["records"], strict=False):
            record: Record | None = from_line(item)
            if slot.index >= self._parts.count:
                continue
            for stage, _ in self._parts.steps:
                if record is not None and record.rejection is None:
                    found = self._parts.checkpoints[stage].find(slot.index, unit.attempt, content_digest(record))
                    record = from_line(found) if found is not None else None
            if record is None:
                return False
            outcomes.append(record)
        self._deliver(outcomes, replayed=True)
        return True

    async def _work(self, unit: Unit, owed: frozenset[int] | None = None) -> None:
        """A unit through all stages, or only the slots that are still `owed`; what has no reply is put back."""
        try:
            records = await self._generate(unit)
        except CallPending as pending:
            self._postpone(unit, {slot.index: pending for slot in unit.slots})
            return
        planned = [slot for slot in unit.slots if slot.index < self._parts.count]
        self.surplus |= len(records) > len(planned)
        wanted = [
            (slot, record) for slot, record in zip(planned, records, strict=False) if owed is None or slot.index in owed
        ]
        outcomes = await self._walk_all(wanted, unit)
        found = [outcome for outcome in outcomes if isinstance(outcome, Record)]
        if self._parts.prepare is not None:
            await self._parts.prepare(found)
        self._deliver(found)
        pending_slots = {
            slot.index: outcome
            for (slot, _), outcome in zip(wanted, outcomes, strict=True)
            if isinstance(outcome, CallPending)
        }
        if pending_slots:
            self._postpone(unit, pending_slots)

    async def _generate(self, unit: Unit) -> list[Record]:
        checkpoint = self._parts.checkpoints["generate"]
        made_from = digest(unit.made_from())
        line = checkpoint.find(unit.first, unit.attempt, made_from)
        if line is not None:
            return [from_line(item) for item in line["records"]]
        context = self._parts.context(unit.first, unit.attempt)
        started = asyncio.get_running_loop().time()
        try:
            records = await self._parts.generate(unit, context)
        except CallRefused as refused:
            rejection = Rejection("generate", "bad_request", str(refused))
            records = [
                Record(slot.index, unit.attempt, {}, examples=unit.examples, rejection=rejection) for slot in unit.slots
            ]
        self.progress.seconds["generate"] += asyncio.get_running_loop().time() - started
        lines, calls = [to_line(record) for record in records], call_lines(context.calls)
        payload = {"content": self._contents.of_all(records), "records": lines, "calls": calls}
        write = partial(checkpoint.append, unit.first, unit.attempt, made_from, payload)
        if self._trial.takes:
            self._trial.add(records, write, [call.digest for call in context.calls], batched=len(unit.slots) > 1)
        else:
            write()
        return records

    async def _walk_all(self, wanted: Items[tuple[Slot, Record]], unit: Unit) -> list[Record | CallPending]:
        """The outcome of each record; when one is pending the others finish their stages first."""
        if len(wanted) == 1:
            try:
                return [await self._walk(*wanted[0], unit)]
            except CallPending as pending:
                return [pending]
        walks = (self._walk(slot, record, unit) for slot, record in wanted)
        outcomes = await asyncio.gather(*walks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, CallPending):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, Record | CallPending)]

    async def _walk(self, slot: Slot, record: Record, unit: Unit) -> Record:
        """One record through the stages after generation, a checkpoint line after each."""
        for stage, step in self._parts.steps:
            if record.rejection is not None:
                break
            checkpoint = self._parts.checkpoints[stage]
            made_from = self._contents.of(record)
            found = checkpoint.find(slot.index, unit.attempt, made_from)
            if found is not None:
                record = from_line(found)
                continue
            context = self._parts.context(slot.index, unit.attempt)
            started = asyncio.get_running_loop().time()
            try:
                record = await step(record, slot, unit, context)
            except CallRefused as refused:
                record = record.rejected(Rejection(stage, "bad_request", str(refused)))
            self.progress.seconds[stage] += asyncio.get_running_loop().time() - started
            calls = {"calls": call_lines(context.calls)} if context.calls else {}
            checkpoint.append(slot.index, unit.attempt, made_from, {**to_line(record), **calls})
            if context.calls:
                self._check_trials.add(record)
        return record

    def _deliver(self, records: list[Record], *, replayed: bool = False) -> None:
        if replayed and self._trial.open and any(record.rejection is None for record in records):
            self._trial.close()
        for record in records:
            if record.slot >= self._parts.count:
                continue
            if record.rejection is not None:
                self.refills.add(record)
            self.sequence.deliver(record)
        self._wake.set()

    def _judge(self, record: Record) -> Record:
        """The group check, its decision checkpointed; evidence of what is repeated is added for the next attempt."""
        self._chain = digest(self._chain, record.slot, record.attempt, self._contents.of(record))
        checkpoint = self._parts.checkpoints["dedup"]
        decision = self._parts.judge(record)
        judged = decision.record
        if decision.slot is not None and judged.rejection is not None:
            judged = judged.rejected(self._with_evidence(judged.rejection, decision.slot))
        if not checkpoint.has(record.slot, record.attempt, self._chain):
            self.progress.count_judged(checkpoint.line(record.slot, record.attempt), judged)
            checkpoint.append(record.slot, record.attempt, self._chain, to_line(judged))
        if judged.rejection is not None:
            self.refills.add(judged)
        return judged

    def _reopen(self, end: int) -> dict[int, int] | None:
        """Takes up the next round of a review: the slots whose records were rejected, with the attempt of each."""
        changed = self._parts.rounds.after(end, self.accepted)
        opened = {}
        for record in changed or ():
            self._chain = digest(self._chain, "review", record.slot, record.attempt, content_digest(record))
            if record.rejection is None:
                self._parts.admit(record)
                continue
            self.accepted[record.slot] = 0
            self._count_rejected(record)
            self.refills.reopen(record)
            opened[record.slot] = record.attempt
        return None if changed is None else opened

    def _with_evidence(self, rejection: Rejection, slot: int) -> Rejection:
        line = self._parts.checkpoints["dedup"].line(slot, self.accepted[slot])
        fields = line["fields"] if line else None
        return Rejection(rejection.stage, rejection.reason, rejection.detail, self._parts.plan.slot(slot).id, fields)

    def _count_rejected(self, record: Record) -> None:
        assert record.rejection is not None
        self.touched.add(record.slot)
        reason, detail = record.rejection.reason, record.rejection.detail
        self.progress.rejected[reason] += 1
        self._observer.event("rejected", slot=record.slot, attempt=record.attempt, reason=reason, detail=detail)

    def _settled(self, record: Record) -> bool:
        """Counts an attempt that has had its turn; whether the slot gets another."""
        if record.rejection is None:
            self.accepted[record.slot] = record.attempt
            self._observer.event("accepted", slot=record.slot, attempt=record.attempt)
            return False
        self._count_rejected(record)
        if record.attempt < self.refills.most(record.slot):
            return True
        self.progress.failed_slots.append((record.slot, f"{record.rejection.reason}: {record.rejection.detail}"))
        return False

    def _postpone(self, unit: Unit, pending: Mapping[int, CallPending]) -> None:
        """Puts a unit back for these slots without using up their attempt; closes those that have no reply again."""
        for fault in set(pending.values()):
            self.progress.no_reply += fault.no_reply
            self._observer.event("pending", slot=unit.first, attempt=unit.attempt, text=str(fault))
        owed, delay = set(), AGAIN_S
        for slot, fault in pending.items():
            self._ends[slot] = self._ends.get(slot, 0) + fault.no_reply
            if self._ends[slot] >= MOST_ENDS:
                self._close(slot, fault)
                continue
            owed.add(slot)
            delay = max(delay, fault.rest_s, AGAIN_NO_REPLY_S if fault.no_reply else 0.0)
        if owed:
            asyncio.get_running_loop().call_later(delay, self._put_back, unit, frozenset(owed))

    def _close(self, slot: int, fault: CallPending) -> None:
        """Leaves a slot to the next run; all others go on without it."""
        if slot < self._parts.count:
            self.progress.closed[slot] = f"no reply, {MOST_ENDS} times, while other calls were answered; last: {fault}"
            self.sequence.close(slot)
            self._wake.set()

    def _put_back(self, unit: Unit, owed: frozenset[int]) -> None:
        self._again.append((unit, owed))
        self._pump()
        self._wake.set()
