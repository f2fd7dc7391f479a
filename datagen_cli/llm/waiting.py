"""What a run waits for: told when it lasts longer than `SAID_AFTER_S`, with since when, until when, and why."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from datagen_cli.llm.channel import Channel
from datagen_cli.llm.health import OutageDetector
from datagen_cli.llm.provider import FOREVER_S

SAID_AFTER_S = 5.0
AGAIN_AFTER_S = 60.0


class WaitTeller:
    """Says a wait once when it has become long, and again after a while as long as it lasts."""

    def __init__(self) -> None:
        self.now = ""
        """What is waited for at this moment; empty while nothing is that lasts."""
        self._about = ""
        self._said_at = float("-inf")

    def tell(
        self, now: float, channels: Iterable[Channel], outage: OutageDetector, patience_s: float, last: str
    ) -> str:
        """What is to be said now, or nothing. `now` is the loop's time, `last` the fault that was seen last."""
        about, text = _wait(now, list(channels), outage, patience_s, last)
        self.now = text
        if not about:
            self._about = ""
            return ""
        if about == self._about and now - self._said_at < AGAIN_AFTER_S:
            return ""
        self._about, self._said_at = about, now
        return text


def _wait(now: float, channels: list[Channel], outage: OutageDetector, patience_s: float, last: str) -> tuple[str, str]:
    """The kind of wait and its sentence; the kind is empty while there is none, or none long enough, and the sentence
    says then how far replies under way are, of models that run here."""
    silent_s = outage.silent_s(now)
    if silent_s > SAID_AFTER_S:
        until = clock(now + patience_s - silent_s, now)
        return (
            "outage",
            f"nothing has been answered since {clock(now - silent_s, now)}; the run ends at {until}; {last}",
        )
    for channel in channels:
        closed_s = channel.limiter.closed_s(now)
        if closed_s > SAID_AFTER_S:
            until = clock(now + closed_s, now)
            return "closed", f"{channel.target.label} takes no more calls until {until}, as its headers say"
    for channel in channels:
        since = channel.quiet_since
        if not channel.writing and since is not None and now - since > SAID_AFTER_S:
            most = channel.policy.timeout_s
            bound = f" (timeout_s: {most:g})" if most < FOREVER_S else ""
            return "slow", f"waiting for replies of {channel.target.label} since {clock(since, now)}{bound}"
    return "", "; ".join(filter(None, (channel.writing for channel in channels)))


def clock(at: float, now: float) -> str:
    """A loop's time as the time of day; with the date when that is another one."""
    moment = datetime.fromtimestamp(time.time() + at - now).astimezone()
    same = moment.date() == datetime.now().astimezone().date()
    return moment.strftime("%H:%M:%S") if same else moment.strftime("%Y-%m-%d %H:%M:%S")
