"""Progress of a run on stderr: a live bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

from datagen_cli.cli import console

LINE_EVERY_S = 10.0


class Progress:
    """An observer that shows counts, rate, cost so far and projected, while it is entered.

    `quiet`: remarks alone. `silent`: not even those; they are kept, to be said where the run ends badly.
    """

    def __init__(self, count: int, *, quiet: bool = False, silent: bool = False) -> None:
        self._count = count
        self._quiet = quiet or silent
        self.silent = silent
        self._kept: list[str] = []
        self._accepted = 0
        self._rejected = 0
        self._cost: float | None = 0.0
        self._fresh = 0
        self._started = self._said = time.monotonic()
        self._live: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        self._started = self._said = time.monotonic()
        if self._quiet or not console.is_terminal(sys.stderr):
            return self
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.fields[state]}"),
            BarColumn(bar_width=28),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} accepted"),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(),
        )
        terminal = Console(file=sys.stderr, no_color=not console.colours(sys.stderr), highlight=False)
        self._live = Progress(*columns, console=terminal, transient=True, refresh_per_second=5)
        self._task = self._live.add_task("", total=self._count, state="running", facts="")
        self._live.start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def event(self, kind: str, **facts: Any) -> None:
        """See `core.ports.Observer`."""
        if kind == "accepted":
            self._accepted += 1
            self._show()
        elif kind == "rejected":
            self._rejected += 1
        elif kind == "tick":
            self._cost = facts.get("cost_usd")
            self._fresh = facts.get("new_records", 0)
            self._line()
            self._show()
        elif kind == "note":
            self._say(str(facts["text"]))

    def say_kept(self) -> None:
        """Says the remarks that were kept."""
        for text in self._kept:
            console.note(text)
        self._kept.clear()

    def _say(self, text: str) -> None:
        if self.silent:
            self._kept.append(text)
        elif self._live is not None:
            self._live.console.print(f"note: {text}", markup=False)
        else:
            console.note(text)

    def _show(self) -> None:
        if self._live is not None:
            self._live.update(self._task, completed=self._accepted, facts=self._facts())

    def _line(self) -> None:
        now = time.monotonic()
        if self._quiet or self._live is not None or now - self._said < LINE_EVERY_S:
            return
        self._said = now
        console.say(f"{self._accepted:,}/{self._count:,} accepted · {self._facts()}")

    def _facts(self) -> str:
        """`12 rejected · 8.1/s · $0.01, about $0.04 in all`."""
        elapsed = max(time.monotonic() - self._started, 1e-9)
        parts = [f"{self._rejected:,} rejected", f"{self._accepted / elapsed:.1f}/s"]
        if self._cost is None:
            parts.append("cost unknown")
        elif self._cost > 0 and self._accepted:
            whole = self._cost * self._count / self._accepted
            parts.append(f"{console.money(self._cost)}, about {console.money(whole)} in all")
        return " · ".join(parts)
