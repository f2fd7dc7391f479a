"""The first attempts of a run: whether anything usable comes of them, before the rest is paid for.

The first unit may go alone, as a check call that sends what the run sends and whose reply is kept. Until a reply has
been usable no more than an eighth of the run is under way, and until two records differ nothing that was useless is
written down. When the first `ENOUGH` attempts (or all there are) are useless for one reason, the run ends, says which
setting to change, and has used up no attempt. The same holds for a check that asks a model when the first `ENOUGH` of
its verdicts cannot be read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from datagen_cli.core.chat import Reply
from datagen_cli.core.errors import GotNowhere
from datagen_cli.core.record import Record, Verdict

ENOUGH = 8
SHARE = 8
SAME = "the same"
WHAT = {
    "truncated": "were cut off at max_tokens",
    "malformed": "hold no record",
    "refused": "are refusals",
    "echo": "give the prompt back",
    SAME: f"are {SAME} record",
}
HINTS = {
    "truncated": "raise it (--set model.max_tokens=8192), or ask the model to think less (params)",
    "malformed": "`datagen prompt` shows what is asked; try a larger model, or --set model.structured=off",
    "refused": "reword the description, or choose another model",
    "echo": "choose a model that follows instructions, or show it examples (examples: {inline: [...]})",
    SAME: "raise the temperature (--set sampling.temperature=1), or check that the endpoint is a real model",
}


class Trial:
    """What came of the first attempts. `useless` are the calls, by digest, whose replies the call cache must forget.

    One that is not `cautious` lets all units begin at once. While the `check_call` is `alone`, nothing else begins;
    when its reply is useless, `say` is told why. After a useless reply no more begin than are needed to decide.
    """

    def __init__(
        self, *, cautious: bool = True, check_call: bool = False, say: Callable[[str], None] = lambda text: None
    ) -> None:
        self._cautious = cautious
        self._say = say
        self.alone = check_call
        self.open = True
        self.promising = False
        self.useless: list[str] = []
        self._held: list[tuple[Callable[[], None], Sequence[str]]] = []
        self._reasons: Counter[str] = Counter()
        self._example = ""
        self._first: Any = None

    @property
    def takes(self) -> bool:
        """Whether attempts still go through `add`."""
        return self.open or bool(self.useless)

    def close(self) -> None:
        """There is something usable, or nothing was decided: writes down what was held back."""
        self.open, self.promising, self.alone = False, True, False
        held, self._held = self._held, []
        for write, _ in held:
            write()

    def width(self, most: int, units: int) -> int:
        """How many of the run's units may be under way."""
        if self.alone:
            return 1
        if self.promising or not self._cautious:
            return most
        useless = self._reasons.total()
        return min(most, max(1, ENOUGH - useless) if useless else max(ENOUGH, units // SHARE))

    def add(
        self, records: Sequence[Record], write: Callable[[], None], calls: Sequence[str], *, batched: bool = False
    ) -> None:
        """Takes what came of one unit; `write` puts it into its checkpoint, `calls` are those made for it. A `batched`
        call without a whole record proves nothing yet: its slots are asked again one by one.

        Raises `GotNowhere` when that makes enough that are useless for one reason.
        """
        kept = [record for record in records if record.rejection is None]
        if self.useless:  # the run ends: what was under way is as useless as the rest, or good
            if kept and dict(kept[0].fields) != self._first:
                write()
            else:
                self.useless += calls
            return
        if batched and not kept and any(_reason(record) == "malformed" for record in records):
            write()
            return
        if not kept:
            self._held.append((write, calls))
            for record in records:
                if record.rejection is not None and _reason(record) != "surplus":
                    self._count(_reason(record), record.rejection.detail)
            self._say_check_call()
        else:
            self.promising = True
            self._add_kept(kept, write, calls)
        if self.open and (len(self._reasons) > 1 or self._reasons.keys() - WHAT.keys()):
            self.close()
        if self.open and self._reasons.total() >= ENOUGH:
            self._fail()

    def end(self) -> None:
        """All attempts there are have been made. Raises `GotNowhere` when none of several was usable."""
        if self.open and not self.promising and self._reasons.total() > 1:
            self._fail()

    def _fail(self) -> None:
        """Raises `GotNowhere`; what was held back is dropped, to be asked for again."""
        reason, count = next(iter(self._reasons.items()))
        self.open = False
        self.useless = [digest for _, calls in self._held for digest in calls]
        self._held = []
        raise _nowhere(f"{count:,} replies {WHAT[reason]}", self._example, HINTS[reason])

    def _say_check_call(self) -> None:
        """Says what is wrong with the reply of the check call."""
        reason = next(iter(self._reasons), "")
        if self.alone and reason in HINTS:
            self._say(
                f"the check call is answered, but its reply is of no use ({reason}): {self._example};"
                f" {HINTS[reason]}; a few more are tried before the run ends"
            )

    def _add_kept(self, kept: Sequence[Record], write: Callable[[], None], calls: Sequence[str]) -> None:
        if self._first is None:
            self._first = dict(kept[0].fields)
            write()
        elif not self._reasons.keys() - {SAME}:
            self._held.append((write, calls))
        else:
            write()
        for record in kept:
            if dict(record.fields) != self._first:
                self.close()
                return
            self._count(SAME, str(next(iter(record.fields.values()), "")))

    def _count(self, reason: str, example: str) -> None:
        self._reasons[reason] += 1
        self._example = " ".join(example.split())[:300]


class CheckTrials:
    """The first verdicts of every check that asks a model: whether any of its replies can be read.

    `units` are the (slot, attempt) whose verdicts must be asked for again, `useless` the digests of those replies.
    """

    def __init__(self) -> None:
        self.units: list[tuple[int, int]] = []
        self.useless: list[str] = []
        self.failed = ""
        self._proven: set[str] = set()
        self._unread: dict[str, list[tuple[tuple[int, int], Mapping[str, Any]]]] = {}

    def add(self, record: Record) -> None:
        """Takes the verdicts on one record. Raises `GotNowhere` when the first `ENOUGH` of a check cannot be read, all
        for the same reason."""
        for name in record.verdicts:
            found = record.evidence.get(name, {})
            if "unread" not in found:
                self._proven.add(name)
            elif self.failed == name:
                self._ask_again((record.slot, record.attempt), found)
            elif name not in self._proven and not self.failed:
                self._unread.setdefault(name, []).append(((record.slot, record.attempt), found))
                if len(self._unread[name]) >= ENOUGH:
                    self._fail(name)

    def add_verdicts(self, record: Record, verdicts: Mapping[str, Verdict]) -> None:
        """The same of verdicts that stand beside their record."""
        outcomes = {name: verdict.outcome for name, verdict in verdicts.items()}
        evidence = {name: dict(verdict.evidence or {}) for name, verdict in verdicts.items()}
        self.add(replace(record, verdicts=outcomes, evidence=evidence))

    def _fail(self, name: str) -> None:
        found = self._unread.pop(name)
        cut = {bool(evidence["cut"]) for _, evidence in found}
        if len(cut) > 1:
            self._proven.add(name)
            return
        self.failed = name
        for unit, evidence in found:
            self._ask_again(unit, evidence)
        reason = "truncated" if cut.pop() else "malformed"
        example = " ".join(str(found[-1][1]["unread"]).split())
        what = WHAT[reason] if reason == "truncated" else "hold no verdict that can be read"
        hint = HINTS[reason] if reason == "truncated" else f"give it another model (models), or take {name} out"
        raise _nowhere(f"{len(found)} replies to {name} {what}", example, hint)

    def _ask_again(self, unit: tuple[int, int], evidence: Mapping[str, Any]) -> None:
        self.units.append(unit)
        self.useless += evidence["calls"]


Useless = Callable[[int, Reply], str]
"""Why the reply to a question, by its place, is of no use: a key of `HINTS`; empty where it is of use."""


def is_cut(number: int, reply: Reply) -> str:
    """Whether a reply was cut off, or holds nothing: without it nothing can be said of the model."""
    return "truncated" if reply.finish_reason == "length" else "" if reply.text.strip() else "malformed"


class AskTrial:
    """The first replies to many questions outside of a run: the others wait until one of them is of use.

    `forgotten` are the replies, by digest, that the call cache must forget when the run ends.
    """

    def __init__(self, count: int, useless: Useless, who: str) -> None:
        self._left = min(count, ENOUGH)
        self._first = self._left
        self._useless = useless
        self._who = who
        self._open = asyncio.Event()
        self._reasons: Counter[str] = Counter()
        self.forgotten: list[str] = []

    async def turn(self, number: int) -> None:
        """Waits until the question of this place may be asked."""
        if number >= self._first:
            await self._open.wait()

    def add(self, number: int, reply: Reply | None) -> None:
        """Takes a reply, or that there is none. Raises `GotNowhere` when the first are useless for one reason."""
        if self._open.is_set():
            return
        self._left -= 1
        reason = self._useless(number, reply) if reply is not None else ""
        if reply is not None and reason:
            self._reasons[reason] += 1
            self.forgotten.append(reply.digest)
        enough = len(self._reasons) == 1 and self._first > 1 and self._reasons.total() == self._first
        if enough and reply is not None:
            what = {**WHAT, "malformed": "hold no answer that can be read"}[reason]
            example = " ".join(reply.text.split())[:300] or "nothing"
            hint = HINTS[reason] if reason == "truncated" else "try a larger model, or --set model.structured=off"
            raise _nowhere(f"{self._first} replies of {self._who} {what}", example, hint, "these are asked anew")
        if (reply is not None and not reason) or self._left <= 0:
            self._open.set()


def _nowhere(what: str, example: str, hint: str, then: str = "no attempt is used up") -> GotNowhere:
    return GotNowhere(f"the first {what}; the last: {example}", hint=f"{hint}; then run the command again: {then}")


def _reason(record: Record) -> str:
    return record.rejection.reason if record.rejection is not None else ""
