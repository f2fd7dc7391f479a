"""Few-shot examples from different clusters of the base, so that each prompt shows what the base is made of.

DataGen takes one member of each of k clusters. Here: HDBSCAN over embeddings (`grouping.py`), a draw takes rows of k
different clusters, the clusters take turns in a new shuffled order each round, and within a cluster its medoid comes
first, then the others in turn. Noise is one pool, taken after the clusters: places that a round's last draw has left
over are filled from it (no oftener than its share of the base), and a cluster that has shown all its rows goes on with
the noise rows nearest to it. So every row of the base gets its turn.

With fewer clusters than k (a small or uniform base) draws are farthest-first: the first row is the next in a shuffled
order, each further one the farthest from those already drawn among `CANDIDATES` seeded candidates, which keeps the same
few outliers from being in every prompt. `notes` says so.

A draw is a function of the vectors, k, the seed, the slot and the attempt. The first attempt at slot s takes turn s;
a further attempt takes a turn of its own that the seed decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from datagen_cli.core.digest import rng, seed_of
from datagen_cli.examples.grouping import Grouping, group_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CANDIDATES = 64
FARTHER_TURNS = 1 << 40
"""Turns of further attempts are drawn from beyond those of any first attempt."""


class Clusters:
    """Rows of the base from different clusters, so that each prompt shows what it is made of.

    `k` different rows for one attempt at one slot, from k clusters where there are as many.

    `vectors` is `[rows, d]`, unit rows. `labels` (one per row, or empty) makes the rows of a cluster take turns label
    by label. A base with at most k rows gives all of them. `notes` are sentences for the user; `clusters` and `noise`
    count what was found.
    """

    needs_vectors: ClassVar[bool] = True

    def __init__(self, *, seed: int, vectors: NDArray[np.float32], k: int, labels: Sequence[Any] = ()) -> None:
        self._seed = seed
        self._vectors = vectors
        self._rows = len(vectors)
        self._k = min(k, self._rows)
        self.notes: tuple[str, ...] = ()
        found = group_rows(vectors, self._k, seed=seed) if self._rows > self._k > 0 else Grouping((), (), ())
        self.clusters, self.noise = len(found.groups), len(found.noise)
        self._turns = [_turns(found, group, seed, labels) for group in range(self.clusters)]
        self._pool = _shuffled(found.noise, seed, "noise")
        self._order = _shuffled(range(self._rows), seed, "rows")
        if self._rows > self._k > 0 and self.clusters < self._k:
            few = {0: "no clusters", 1: "1 cluster"}.get(self.clusters, f"{self.clusters} clusters")
            self.notes = (
                f"examples: the base has {few}, fewer than k = {self._k}: rows are drawn farthest-first instead",
            )

    def draw(self, slot: int, attempt: int) -> tuple[int, ...]:
        """Indices of base rows, in the order in which the prompt shows them."""
        source = rng(self._seed, "examples", slot, attempt)
        turn = slot if attempt == 1 else FARTHER_TURNS + source.randrange(FARTHER_TURNS)
        if self._k == 0:
            return ()
        if self._rows == self._k:
            chosen = list(range(self._rows))
        elif self.clusters < self._k:
            chosen = self._farthest(turn)
        else:
            chosen = self._across(turn)
        source.shuffle(chosen)
        return tuple(chosen)

    def _across(self, turn: int) -> list[int]:
        """One row of each of k clusters: round `turn // draws` of the clusters, cut into draws of k."""
        count, k = self.clusters, self._k
        draws = -(-count // k)
        round_, place = divmod(turn, draws)
        order = _shuffled(range(count), self._seed, "round", round_)
        chosen = [self._member(group, round_) for group in order[place * k : place * k + k]]
        chosen += [row for row in self._from_pool(round_, k - len(chosen)) if row not in chosen]
        for group in order[: place * k]:
            if len(chosen) < k:
                rows = self._turns[group]
                chosen.append(rows[seed_of(self._seed, "examples", "rest", turn, group) % len(rows)])
        return chosen

    def _member(self, group: int, visit: int) -> int:
        """The row that a cluster gives at one of its turns; each further pass through its rows begins at another
        row."""
        rows = self._turns[group]
        lap, place = divmod(visit, len(rows))
        return rows[(place + (seed_of(self._seed, "examples", "lap", group, lap) if lap else 0)) % len(rows)]

    def _from_pool(self, round_: int, places: int) -> list[int]:
        """Noise rows for the places left over in a round: as many as keep noise rows as frequent as the others."""
        size = len(self._pool)
        if not places or not size:
            return []
        due = [
            min(places * number, number * self.clusters * size // (self._rows - size))
            for number in (round_, round_ + 1)
        ]
        return list(dict.fromkeys(self._pool[turn % size] for turn in range(*due)))

    def _farthest(self, turn: int) -> list[int]:
        import numpy as np

        first = self._order[turn % self._rows]
        source = rng(self._seed, "examples", "candidates", turn)
        candidates = source.sample(range(self._rows), min(self._rows, max(CANDIDATES, 2 * self._k)))
        chosen = [first]
        points = self._vectors[candidates].astype(np.float64)
        gaps = np.square(points - self._vectors[first]).sum(axis=1)
        taken = {row: position for position, row in enumerate(candidates)}
        while len(chosen) < self._k:
            for row in chosen:
                if row in taken:
                    gaps[taken[row]] = -1.0
            place = int(np.argmax(gaps))
            chosen.append(candidates[place])
            gaps = np.minimum(gaps, np.square(points - points[place]).sum(axis=1))
        return chosen


def _turns(found: Grouping, group: int, seed: int, labels: Sequence[Any]) -> list[int]:
    """The rows of a cluster in the order of their turns: medoid, the other members, then the noise nearest to it."""
    medoid, *members = found.groups[group]
    members = _by_label(_shuffled(members, seed, "members", medoid), labels, after=medoid)
    return [medoid, *members, *_shuffled(found.near(group), seed, "near", medoid)]


def _by_label(rows: Sequence[int], labels: Sequence[Any], *, after: int) -> list[int]:
    """The rows dealt label by label, beginning with a label other than that of the row before."""
    if not labels:
        return list(rows)
    piles: dict[Any, list[int]] = {}
    for row in rows:
        piles.setdefault(labels[row], []).append(row)
    dealt = sorted(piles.values(), key=lambda pile: labels[pile[0]] == labels[after])
    longest = max(map(len, dealt), default=0)
    return [pile[place] for place in range(longest) for pile in dealt if place < len(pile)]


def _shuffled(rows: Sequence[int], seed: int, *place: Any) -> list[int]:
    return rng(seed, "examples", *place).sample(list(rows), len(rows))
