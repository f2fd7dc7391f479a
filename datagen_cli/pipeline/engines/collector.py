"""Python's cyclic collector, kept to the quiet moments of a run.

Left alone it scans everything that lives as long as the run again and again (15 % of a fast run's time), and sets in
while replies wait: some 5 ms each time, which every reply of a crowd then comes late by.
"""

from __future__ import annotations

import gc

AT_LAST = (50_000, 20, 50)
ENOUGH = (2_000, 20, 200)


class Collector:
    """`start` leaves out all that is there; then `collect` is to be called in quiet moments when it is `due`. Where
    there are none the collector sets in by itself, rarely."""

    def start(self) -> None:
        """Looks only at what is new from then on; what is there stays (to look through it would take 40 ms)."""
        gc.freeze()
        gc.set_threshold(*AT_LAST)

    @property
    def due(self) -> bool:
        """Whether there is enough to look at."""
        return gc.get_count()[0] > ENOUGH[0]

    def collect(self) -> None:
        """Looks at what is youngest, now and then at what is older."""
        counts = gc.get_count()
        gc.collect(max((generation for generation in range(3) if counts[generation] > ENOUGH[generation]), default=0))
