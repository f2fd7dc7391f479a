"""What is known of the endpoints: who answers, since when nobody does, and which slots alone are never answered.

A slot whose try timed out while others were answered after it was sent is a *suspect*: the silence is its own.
Time-outs of suspects, and of a slot that is the only one to time out, use up that slot's attempts and say nothing of
the endpoint. Time is passed in; nothing here waits but `Health.pause`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from datagen_cli.core.chat import Draw
from datagen_cli.llm.faults import Kind
from datagen_cli.llm.keys import Target

SILENT_S = 2.0
"""An answer after so long a silence ends the waits of those who were backing off."""


@dataclass(slots=True)
class Health:
    """What is known of one endpoint and model in this process; `failing` are the slots without luck since its last
    answer, with the time of their last failure, `suspects` those that timed out while others were answered."""

    target: Target
    answers: int = 0
    last_answer: float = float("-inf")
    failing: dict[int, float] = field(default_factory=dict)
    suspects: set[int] = field(default_factory=set)
    _sleepers: set[asyncio.Future[None]] = field(default_factory=set)

    def answered(self, draw: Draw, now: float) -> None:
        """The endpoint answered a call."""
        if self._sleepers and now - self.last_answer >= SILENT_S:
            for sleeper in self._sleepers:
                _wake(sleeper)
        self.answers += 1
        self.last_answer = now
        self.failing.clear()
        self.suspects.discard(draw.slot)

    def failed(self, draw: Draw, kind: Kind, sent_at: float, now: float) -> None:
        """A try that was sent at `sent_at` had no answer until now."""
        if kind == "timeout" and self.last_answer > sent_at:
            self.suspects.add(draw.slot)
        self.failing[draw.slot] = now

    def is_alone(self, draw: Draw, *, since: float, recent: float) -> bool:
        """Whether a call that got no answer is the only one: no slot but suspects has failed since the endpoint's last
        answer, or others were answered after `since`. Never before the first answer: the endpoint may be gone.

        Failures before `recent` are of slots that nobody tries any more: they have used up their attempts."""
        if not self.answers:
            return False
        others = {slot for slot, last in self.failing.items() if last >= recent} - self.suspects - {draw.slot}
        return not others or self.last_answer > since

    async def pause(self, seconds: float, *, until_answer: bool) -> None:
        """Waits; `until_answer` ends the wait when the endpoint answers somebody after a silence."""
        if not until_answer:
            await asyncio.sleep(seconds)
            return
        loop = asyncio.get_running_loop()
        sleeper: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _wake, sleeper)
        self._sleepers.add(sleeper)
        try:
            await sleeper
        finally:
            timer.cancel()
            self._sleepers.discard(sleeper)


@dataclass(slots=True)
class OutageDetector:
    """What is known of all endpoints together: since when nothing has been answered although it was tried.

    `failing_since` counts every fault but the time-outs of single slots; `hanging` are the slots that timed out since
    the last answer, with the times when those tries were sent.
    """

    failing_since: float | None = None
    last_answer: float = float("-inf")
    hanging: dict[int, float] = field(default_factory=dict)

    def answered(self, now: float) -> None:
        """An endpoint answered."""
        self.failing_since = None
        self.last_answer = now
        self.hanging.clear()

    def failed(self, draw: Draw, kind: Kind, sent_at: float, *, suspect: bool) -> None:
        """A try that was sent at `sent_at` had no answer. One slot alone that times out is no sign, nor is a
        suspect; before the first answer everything is one."""
        since = max(sent_at, self.last_answer)
        if kind == "timeout" and self.last_answer > float("-inf"):
            if suspect:
                return
            self.hanging.setdefault(draw.slot, since)
            if len(self.hanging) < 2:
                return
            since = min(self.hanging.values())
        if self.failing_since is None or since < self.failing_since:
            self.failing_since = since

    def silent_s(self, now: float) -> float:
        """For how long nothing has been answered; 0 while something is."""
        return 0.0 if self.failing_since is None else now - self.failing_since


@dataclass(slots=True)
class Refusals:
    """How the first calls of each role fared: a role is lifted by the first of its calls that succeeds."""

    lifted: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)

    def refused(self, role: str) -> int:
        """Counts a refusal; how many there were in a row from the role's first call on, 0 once it is lifted."""
        if role in self.lifted:
            return 0
        self.counts[role] = self.counts.get(role, 0) + 1
        return self.counts[role]


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
