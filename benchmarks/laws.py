"""How the bench's endpoint behaves: latencies and faults as a pure function of (seed, item, attempt).

Wall time and the order of requests decide nothing here, so that whoever asks for the same items meets the same ones.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import NormalDist
from typing import Any

FAULTS = ("429", "500", "malformed", "truncated", "dropped")
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Law:
    """`latency` is `zero`, `fixed` or `lognormal` (median `latency_s`, shape `sigma`).

    `faults` maps names of `FAULTS` to shares of the requests. `capacity` (0: none) is how many requests may be in
    flight; more get a 429. A 429 is sent at once, with `Retry-After` unless `retry_after_s` is 0; every other fault
    comes after the latency. Every request for an item of `refused` gets a 400; one for an item of `silent` is never
    answered. `away_s` (begin and end, seconds after the first request) is when connections are closed without a word.
    """

    seed: int = 7
    latency: str = "zero"
    latency_s: float = 0.2
    sigma: float = 0.8
    faults: Mapping[str, float] = field(default_factory=dict)
    retry_after_s: float = 1.0
    capacity: int = 0
    refused: Sequence[int] = ()
    silent: Sequence[int] = ()
    away_s: Sequence[float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("refused", "silent", "away_s"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # JSON has lists only
        if self.latency not in ("zero", "fixed", "lognormal"):
            raise ValueError(f"no such law of latency: {self.latency}")
        if strange := set(self.faults) - set(FAULTS):
            raise ValueError(f"no such faults: {sorted(strange)}")

    def draw(self, item: int, attempt: int) -> tuple[float, str]:
        """Seconds until the reply and the name of the fault, empty without one."""
        if item in self.refused:
            return 0.0, "400"
        if item in self.silent:
            return math.inf, "silent"
        latency_s, fault = self._latency(item, attempt), self._fault(item, attempt)
        return (0.0 if fault == "429" else latency_s), fault

    def to_dict(self) -> dict[str, Any]:
        """The law as JSON can say it; `Law(**...)` reads it back."""
        return asdict(self)

    def _latency(self, item: int, attempt: int) -> float:
        if self.latency == "zero":
            return 0.0
        if self.latency == "fixed":
            return self.latency_s
        normal = _NORMAL.inv_cdf(_uniform(self.seed, "latency", item, attempt))
        return self.latency_s * math.exp(self.sigma * normal)

    def _fault(self, item: int, attempt: int) -> str:
        if not self.faults:
            return ""
        left = _uniform(self.seed, "fault", item, attempt)
        for name in FAULTS:
            left -= self.faults.get(name, 0.0)
            if left < 0:
                return name
        return ""


def greedy_span(latencies: Iterable[float], places: int) -> float:
    """Seconds from first start to last end when each is started, in this order, as soon as one of `places` is free."""
    busy: list[float] = []
    for latency_s in latencies:
        start = heapq.heappop(busy) if len(busy) >= places else 0.0
        heapq.heappush(busy, start + latency_s)
    return max(busy, default=0.0)


def _uniform(*place: object) -> float:
    """A number in (0, 1) that depends on its place only."""
    raw = hashlib.blake2b("/".join(map(str, place)).encode(), digest_size=8).digest()
    return (int.from_bytes(raw, "big") + 0.5) / 2**64
