"""What the calls of a run used, by role and purpose; a cost that is not known makes the sum not known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from datagen_cli.core.chat import Usage


@dataclass(slots=True)
class Tally:
    """Sums over calls. `calls` were answered now, `cached_calls` came from the cache and cost nothing now, `lost` had
    no answer but may have cost something: they are counted at all that was reserved for them. `hedged` are second
    requests for slow calls; the loser of each two is lost, or a call where its answer came, too."""

    calls: int = 0
    cached_calls: int = 0
    lost: int = 0
    hedged: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost_usd: float | None = 0.0

    def add(self, usage: Usage) -> None:
        """Adds what one call used."""
        self.tokens_in += usage.tokens_in
        self.tokens_out += usage.tokens_out
        self.tokens_cached += usage.tokens_cached
        if self.cost_usd is not None:
            self.cost_usd = None if usage.cost_usd is None else self.cost_usd + usage.cost_usd

    def merge(self, other: Tally) -> None:
        """Adds another tally."""
        for name in ("calls", "cached_calls", "lost", "hedged"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.add(other.usage)

    @property
    def usage(self) -> Usage:
        """Tokens and cost."""
        return Usage(self.tokens_in, self.tokens_out, self.cost_usd, self.tokens_cached)


@dataclass(slots=True)
class Totals:
    """Tallies by (role, purpose), of this process only."""

    by: dict[tuple[str, str], Tally] = field(default_factory=dict)

    def tally(self, role: str, purpose: str) -> Tally:
        """The tally of a role and purpose, made when it is first asked for."""
        found = self.by.get((role, purpose))
        if found is None:
            found = self.by[role, purpose] = Tally()
        return found

    @property
    def all(self) -> Tally:
        """The sum of all."""
        return _sum(self.by.values())

    @property
    def calls(self) -> int:
        """Calls that were answered now."""
        return sum(tally.calls for tally in self.by.values())

    @property
    def cached_calls(self) -> int:
        """Calls that the cache answered."""
        return sum(tally.cached_calls for tally in self.by.values())

    @property
    def usage(self) -> Usage:
        """Tokens and cost of all."""
        return self.all.usage

    def by_role(self) -> dict[str, Tally]:
        """The sum of each role."""
        roles = sorted({role for role, _ in self.by})
        return {role: _sum(tally for (own, _), tally in self.by.items() if own == role) for role in roles}

    def as_dict(self) -> dict[str, Any]:
        """For `run.json`: `{role: {purpose: {calls, cached_calls, lost, tokens_in, tokens_out, tokens_cached,
        cost_usd}}}`."""
        found: dict[str, Any] = {}
        for (role, purpose), tally in sorted(self.by.items()):
            found.setdefault(role, {})[purpose] = {name: getattr(tally, name) for name in Tally.__slots__}
        return found


def _sum(tallies: Any) -> Tally:
    total = Tally()
    for tally in tallies:
        total.merge(tally)
    return total
