"""Progress of a run on stderr: live lines in a terminal, one line now and then elsewhere.

Shown are the records accepted, the attempts rejected with the main reason, calls, tokens, cost, and what the run waits
for. When the first attempts are all rejected their reason is said with an example, long before the run is over.
"""

from __future__ import annotations

import sys
import textwrap
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from datagen_cli.cli import console
from datagen_cli.metrics.wording import usd

LINE_EVERY_S = 10.0
STEP_EVERY_S = 2.0
"""At a terminal, where no live lines show how far a step is."""
FIRST_REJECTED = 6
"""After so many rejections and nothing accepted the reason is said."""
EXAMPLE_CHARACTERS = 300
BAR_LEAST, BAR_MOST = 8, 28
SLOW = 0.1
"""Below so many records a second they are counted by the minute."""


@dataclass(slots=True)
class RunProgress:
    """What is known of a run under way. `pulse` is what the last `tick` told, see `Manifest.pulse`; `step` what the
    run does once no call is waited for, and how far that is."""

    count: int
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    pulse: Mapping[str, Any] = field(default_factory=dict)
    step: str = ""

    def lines(self, width: int, elapsed_s: float) -> list[str]:
        """A bar with the records, and below it all else, broken at spaces to lines of at most `width` characters."""
        told = f"{self.accepted:,}/{self.count:,} accepted{self._left(elapsed_s)}"
        bar = min(max(width - len(told) - 1, BAR_LEAST), BAR_MOST)
        done = round(bar * min(self.accepted / max(self.count, 1), 1.0))
        return [*_wrapped(f"{'━' * done}{'─' * (bar - done)} {told}", width), *_wrapped(self.facts(elapsed_s), width)]

    def facts(self, elapsed_s: float) -> str:
        """`12 rejected, 9 for label · 31 calls · 8,120 tokens · $0.01, about $0.04 in all · 8.1/s` and so on."""
        rate = self._rate(elapsed_s)
        said = f"{60 * rate:.1f}/min" if 0 < rate < SLOW else f"{rate:.1f}/s"
        parts = [*self._judged(), *self._spent(), said]
        flying = self.pulse.get("in_flight", 0)
        waits = (
            self.step
            or self.pulse.get("waits_for")
            or (f"{console.counted(flying, 'call')} in flight" if flying else "")
        )
        return " · ".join([*parts, waits] if waits else parts)

    def _judged(self) -> list[str]:
        total, in_turn = sum(self.rejected.values()), self.pulse.get("in_turn", 0)
        reason, most = self.rejected.most_common(1)[0] if total else ("", 0)
        whose = f", all for {reason}" if most == total else f", {most:,} for {reason}"
        waiting = [f"{in_turn:,} done and waiting for an earlier one"] if in_turn else []
        return [f"{total:,} rejected{whose if total else ''}", *waiting]

    def _spent(self) -> list[str]:
        parts = []
        if "calls" in self.pulse:
            tokens = self.pulse["tokens"]
            calls, cached = self.pulse["calls"], self.pulse["cached_calls"]
            parts.append(console.counted(calls, "call") + (f" and {cached:,} from the cache" if cached else ""))
            parts.append(console.counted(tokens["in"] + tokens["out"], "token"))
        cost = self.pulse.get("cost_usd", 0.0)
        if cost is None:
            parts.append("cost unknown")
        elif cost > 0:
            whole = f", about {usd(cost * self.count / self.accepted)} in all" if self.accepted else ""
            parts.append(f"{usd(cost)}{whole}")
        return parts

    def _rate(self, elapsed_s: float) -> float:
        """Records a second, those of earlier runs of the folder left out."""
        return self.pulse.get("new_records", self.accepted) / max(elapsed_s, 1e-9)

    def _left(self, elapsed_s: float) -> str:
        """By the records of this run; of attempts that wait to be judged as many are counted as were kept before."""
        judged = self.accepted + sum(self.rejected.values())
        soon = self.pulse.get("in_turn", 0) * (self.accepted / judged if judged else 1.0)
        rate = self._rate(elapsed_s) + soon / max(elapsed_s, 1e-9)
        left_s = round((self.count - self.accepted - soon) / rate) if rate and elapsed_s > 2 else 0
        if left_s <= 0:
            return ""
        return f" · about {left_s} s left" if left_s < 100 else f" · about {round(left_s / 60)} min left"


class Progress:
    """An observer that shows counts while it is entered.

    `quiet`: remarks alone. `silent`: not even those; they are kept, to be said where the run ends badly. `verbose`:
    each rejected attempt and each retry, too.
    """

    def __init__(self, count: int, *, quiet: bool = False, silent: bool = False, verbose: bool = False) -> None:
        self.counts = RunProgress(count)
        self._quiet = quiet or silent
        self.silent = silent
        self._kept: list[str] = []
        self._verbose = verbose
        self._details: dict[str, str] = {}
        self._told_why = False
        self._started = self._said = time.monotonic()
        self._live: Any = None

    def __enter__(self) -> Self:
        self._started = self._said = time.monotonic()
        if self._quiet or not console.is_terminal(sys.stderr):
            return self
        from rich.console import Console
        from rich.live import Live

        terminal = Console(
            file=sys.stderr, color_system="auto" if console.colours(sys.stderr) else None, highlight=False
        )
        self._live = Live(console=terminal, transient=True, refresh_per_second=5, get_renderable=self._drawn)
        self._live.start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def event(self, kind: str, **facts: Any) -> None:
        if kind == "accepted":
            self.counts.accepted += 1
        elif kind == "rejected":
            self._rejected(facts)
        elif kind == "tick":
            self.counts.pulse = facts
            self._line()
        elif kind == "step":
            if not facts["done"]:
                self._said = time.monotonic()  # what has just begun may be over before it is worth a line
            self.counts.step = f"{facts['text']}: {facts['done']:,} of {facts['of']:,}"
            self._line(STEP_EVERY_S if console.is_terminal(sys.stderr) else LINE_EVERY_S)
        elif kind == "note":
            self._note(str(facts["text"]))
        elif self._verbose and kind == "retry":
            self._say(f"again in {facts.get('wait_s', 0):.1f} s: {facts.get('text', '')}")
        elif self._verbose and kind == "pending":
            self._say(f"slot {facts.get('slot')}, attempt {facts.get('attempt')} is put back: {facts.get('text')}")

    def _rejected(self, facts: Mapping[str, Any]) -> None:
        reason, detail = str(facts["reason"]), console.indented(str(facts.get("detail", "")))[:EXAMPLE_CHARACTERS]
        rejected = self.counts.rejected
        rejected[reason] += 1
        self._details[reason] = detail or self._details.get(reason, "")
        if self._verbose:
            self._say(f"rejected: slot {facts.get('slot')}, attempt {facts.get('attempt')}: {reason}: {detail}")
        total = sum(rejected.values())
        if total == FIRST_REJECTED and not self.counts.accepted and not self._told_why:
            self._told_why = True
            main, most = rejected.most_common(1)[0]
            example = f": {self._details[main]}" if self._details[main] else ""
            self._note(f"nothing is accepted yet; {most} of {total} attempts were rejected for {main}{example}")

    def say_kept(self) -> None:
        """Says the remarks that were kept."""
        for text in self._kept:
            console.note(text)
        self._kept.clear()

    def _note(self, text: str) -> None:
        if self.silent:
            self._kept.append(text)
        elif self._live is not None:
            self._print(f"note: {text}")
        else:
            console.note(text)

    def _say(self, text: str) -> None:
        if self._live is not None:
            self._print(text)
        else:
            console.say(text)

    def _print(self, text: str) -> None:
        """A line above those that stay in place."""
        from rich.text import Text

        lines = _wrapped(console.harmless(text), self._live.console.width)
        self._live.console.print(Text("\n".join(lines)), soft_wrap=True)

    def _drawn(self) -> Any:
        from rich.text import Text

        width = self._live.console.width if self._live is not None else console.width()
        lines = self.counts.lines(width - 1, time.monotonic() - self._started)
        return Text(console.harmless("\n".join(lines)), no_wrap=True, overflow="crop")

    def _line(self, every_s: float = LINE_EVERY_S) -> None:
        now = time.monotonic()
        if self._quiet or self._live is not None or now - self._said < every_s:
            return
        self._said = now
        told = self.counts.step or self.counts.facts(now - self._started)
        console.say(f"{self.counts.accepted:,}/{self.counts.count:,} accepted · {told}")


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters, broken at spaces and never inside a word."""
    kept = text.replace(" · ", "\u00a0· ")  # a dot ends a line and begins none
    lines = textwrap.wrap(kept, max(width, 20), break_long_words=False, break_on_hyphens=False)
    return [line.replace("\u00a0·", " ·") for line in lines] or [""]
