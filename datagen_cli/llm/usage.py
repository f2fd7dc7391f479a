"""What the calls of a run used, by role and purpose; a cost that is not known makes the sum not known."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from datagen_cli.core.chat import Usage


@dataclass(slots=True)
class Tally:
    """Sums over calls. `calls` were answered now, `cached_calls` came from the cache and cost nothing now, `lost` had
    no answer but may have cost something: they are counted at all that was reserved for them. `hedged` are second
    requests for slow calls; the slower of the two counts as lost, or as a call if it was answered, too."""

    calls: int = 0
    cached_calls: int = 0
    lost: int = 0
    hedged: int = 0
    usage: Usage = field(default_factory=Usage)

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in Tally.__slots__))


@dataclass(slots=True)
class Totals:
    """Tallies by (role, purpose), of this process only."""

    by: dict[tuple[str, str], Tally] = field(default_factory=dict)

    def tally(self, role: str, purpose: str) -> Tally:
        """The tally of a role and purpose, made when it is first asked for."""
        return self.by.setdefault((role, purpose), Tally())

    @property
    def all(self) -> Tally:
        return sum(self.by.values(), Tally())

    def as_dict(self) -> dict[str, Any]:
        """For `run.json`: `{role: {purpose: {calls, cached_calls, lost, tokens_in, tokens_out, tokens_cached,
        cost_usd}}}`."""
        found: dict[str, Any] = {}
        for (role, purpose), tally in sorted(self.by.items()):
            counts = asdict(tally)
            found.setdefault(role, {})[purpose] = counts | counts.pop("usage")
        return found
