"""What is known of the endpoints: who answers, since when nobody does, and which prompts fail by a fault of their own.

A prompt fails by its own fault when others were answered since it was first sent in vain, or when it is the only one
that fails after an answer. Such failures say nothing of the endpoint; after `MOST_FAILURES` of them the prompt ends
without a reply. While two prompts fail and nobody was answered since, the endpoint may be away, and no prompt ends.
Time is passed in; nothing here waits but `Health.pause`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from datagen_cli.core.chat import Draw
from datagen_cli.llm.keys import Target

SILENT_S = 2.0
"""An answer after so long a silence ends the waits of those who were backing off."""
MOST_FAILURES = 3
"""After so many failures by its own fault a prompt ends without a reply."""
MOST_ENDS = 2
"""After so many ends nobody asks a prompt again in this run."""


@dataclass(slots=True)
class Failing:
    """A prompt without an answer: when it failed last, how often since its last end, and how often it ended without a
    reply. `outlived` says that others were answered since it was first sent in vain."""

    last: float
    outlived: bool
    failures: int = 0
    ends: int = 0


@dataclass(slots=True)
class Vain:
    """What calls of a purpose that was never answered met: tries that timed out, replies that were broken off, and of
    which prompts."""

    silent: int = 0
    broken: int = 0
    prompts: set[Draw] = field(default_factory=set)


@dataclass(slots=True)
class Health:
    """What is known of one endpoint and model in this process; `failing` are the prompts that failed and have not been
    answered since. `answered_before` says that an earlier run of the folder had answers; `foreign` counts replies of no
    chat endpoint and failures that waiting does not mend, `lost` the answers in a row that know no such model. `vain`
    is by purpose, without the purposes in `answered_for`, which had an answer: calls of one kind may all fail where
    others are answered."""

    target: Target
    answered_before: bool = False
    answers: int = 0
    foreign: int = 0
    lost: int = 0
    vain: dict[str, Vain] = field(default_factory=dict)
    answered_for: set[str] = field(default_factory=set)
    last_answer: float = float("-inf")
    failing: dict[Draw, Failing] = field(default_factory=dict)
    halted: bool = False
    _sleepers: dict[asyncio.Future[None], bool] = field(default_factory=dict)

    def answered(self, draw: Draw, now: float) -> None:
        if self._sleepers and now - self.last_answer >= SILENT_S:
            for sleeper, until_answer in self._sleepers.items():
                if until_answer:
                    _wake(sleeper)
        self.answers += 1
        self.answered_for.add(draw.purpose)
        self.lost = 0
        self.last_answer = now
        if not self.failing:
            return
        self.forget(draw)
        for entry in self.failing.values():
            if not entry.outlived:
                entry.outlived = True
                entry.failures = min(entry.failures, 1)  # the others may have been the endpoint's

    def forget(self, draw: Draw) -> None:
        """A prompt came to an end of another kind: it does not fail any more."""
        self.failing.pop(draw, None)

    def failed(self, draw: Draw, sent_at: float, now: float) -> None:
        """A call that was sent at `sent_at` failed, maybe because of what it asks."""
        entry = self.failing.setdefault(draw, Failing(now, self.last_answer > sent_at))
        entry.last = now
        entry.failures += 1

    def is_own_fault(self, draw: Draw, *, recent: float) -> bool:
        """Whether a prompt fails by its own fault. Never before the first answer: the endpoint may be gone.

        Prompts whose last failure lies before `recent` are tried no more and do not count as failing beside it.
        """
        entry = self.failing.get(draw)
        if entry is None or not (self.answers or self.answered_before):
            return False
        others = sum(
            other.last >= recent and not other.outlived and other.ends < MOST_ENDS
            for key, other in self.failing.items()
            if key != draw
        )
        return others <= entry.outlived

    def ends_without_reply(self, draw: Draw, *, recent: float) -> bool:
        """Whether a prompt has failed as often as it may by its own fault; then it starts to count anew."""
        entry = self.failing.get(draw)
        if entry is None or entry.failures < MOST_FAILURES or not self.is_own_fault(draw, recent=recent):
            return False
        entry.failures = 0
        entry.ends += 1
        return True

    async def pause(self, seconds: float, *, until_answer: bool) -> None:
        """Waits until the run is halted at the latest; `until_answer` ends the wait when the endpoint answers somebody
        after a silence."""
        if self.halted:
            return
        loop = asyncio.get_running_loop()
        sleeper: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _wake, sleeper)
        self._sleepers[sleeper] = until_answer
        try:
            await sleeper
        finally:
            timer.cancel()
            del self._sleepers[sleeper]

    def halt(self) -> None:
        """Ends all waits: nothing is sent any more."""
        self.halted = True
        for sleeper in self._sleepers:
            _wake(sleeper)


@dataclass(slots=True)
class OutageDetector:
    """What is known of all endpoints together: since when nothing has been answered although it was tried."""

    failing_since: float | None = None
    last_answer: float = float("-inf")

    def answered(self, now: float) -> None:
        self.failing_since = None
        self.last_answer = now

    def failed(self, sent_at: float) -> None:
        """A try that was sent at `sent_at` had no answer, by no fault of its own."""
        since = max(sent_at, self.last_answer)
        if self.failing_since is None or since < self.failing_since:
            self.failing_since = since

    def silent_s(self, now: float) -> float:
        """For how long nothing has been answered; 0 while something is."""
        return 0.0 if self.failing_since is None else now - self.failing_since


@dataclass(slots=True)
class Refusals:
    """How the first calls of each role fared: a role is lifted by the first of its calls that succeeds.

    `known` are the calls that were refused before that, each with the refusal.
    """

    lifted: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    known: dict[str, Exception] = field(default_factory=dict)

    def refused(self, role: str) -> int:
        """Counts a refusal; how many there were in a row from the role's first call on, 0 once it is lifted."""
        if role in self.lifted:
            return 0
        self.counts[role] = self.counts.get(role, 0) + 1
        return self.counts[role]


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
