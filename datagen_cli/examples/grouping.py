"""Groups of alike rows by their vectors: HDBSCAN, as coarse as still gives enough groups.

HDBSCAN (Campello, Moulavi and Sander 2013) finds dense groups of any size and leaves sparse rows out as noise. How
coarse its groups are depends on the least size of one, which is tried from rows / (2k) downwards, halved each time,
until there are at least k groups: three unequal topics and k = 3 come out as three groups, not as fifty.

Vectors are reduced to their first 10 principal components; where that leaves more than a twentieth of the rows as
noise, 50 are tried too and the view with less noise decides: 10 separate a few broad topics better, 50 many small ones.
Above 20,000 rows a seeded sample is grouped, and each other row joins the group with the nearest centre unless it lies
farther out than all but the last twentieth of that group's own rows. Time: seconds for 10,000 rows and each size tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datagen_cli.core.digest import seed_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

VIEWS = (10, 50)
"""Principal components."""
SAMPLED_ABOVE = 20_000
LEAST = 3
NEIGHBOURS = 1
"""HDBSCAN's `min_samples`: at 3, twice as many rows of real texts were noise and topics were found no better."""
INSIDE = 0.95


@dataclass(frozen=True, slots=True)
class Grouping:
    """Row numbers by group, the row nearest the group's mean first, then rising; larger groups first.

    `noise` are rows of no group, `home` the group whose centre is nearest for each of them.
    """

    groups: tuple[tuple[int, ...], ...]
    noise: tuple[int, ...]
    home: tuple[int, ...]

    def near(self, group: int) -> list[int]:
        """The rows of noise that a group is nearest to."""
        return [row for row, home in zip(self.noise, self.home, strict=True) if home == group]


def group_rows(vectors: NDArray[np.float32], k: int, *, seed: int) -> Grouping:
    """Groups of the rows of `[n, d]`, at least k where HDBSCAN finds them at some size, else as many as it finds."""
    import numpy as np

    whole = np.asarray(vectors, dtype=np.float64)
    points = reduced(whole, VIEWS[-1])
    rows = len(points)
    views = [np.ascontiguousarray(points[:, :components]) for components in VIEWS]
    if rows <= SAMPLED_ABOVE:
        return _arranged(*_best(views, k), whole)
    order = np.random.Generator(np.random.PCG64(seed_of(seed, "examples", "sample"))).permutation(rows)
    chosen = np.sort(order[:SAMPLED_ABOVE])
    view, found = _best([view[chosen] for view in views], k)
    points = next(every for every in views if every.shape[1] == view.shape[1])
    labels = np.full(rows, -1, dtype=np.int64)
    labels[chosen] = found
    return _arranged(points, _joined(points, labels), whole)


def reduced(points: Matrix, components: int) -> Matrix:
    """The points `[n, d]` in at most so many principal components, the first ones first."""
    import numpy as np

    centred = points - points.mean(axis=0)
    if len(points) >= points.shape[1]:
        _, axes = np.linalg.eigh(centred.T @ centred)
        return np.ascontiguousarray(centred @ axes[:, ::-1][:, :components])
    squares, sides = np.linalg.eigh(centred @ centred.T)
    return np.ascontiguousarray((sides * np.sqrt(np.maximum(squares, 0.0)))[:, ::-1][:, :components])


def sizes(rows: int, k: int) -> Iterator[int]:
    """The least sizes of a group to try, the coarsest first."""
    size = max(LEAST, rows // (2 * k))
    while size > LEAST:
        yield size
        size = max(LEAST, size // 2)
    yield size


def _best(views: Sequence[Matrix], k: int) -> tuple[Matrix, NDArray[np.int64]]:
    """A view and the group of each of its points, -1 for noise: the first size with k groups, else that with most."""
    import numpy as np

    rows = len(views[0])
    best = views[0], np.full(rows, -1, dtype=np.int64)
    if rows < 2 * LEAST or bool((views[0] == views[0][0]).all()):
        return best
    for size in sizes(rows, k):
        for view in views:
            labels = _labels(view, size)
            if _rank(labels, k) > _rank(best[1], k):
                best = view, labels
            if best[1].max() + 1 >= k and (best[1] >= 0).mean() >= INSIDE:
                return best
        if best[1].max() + 1 >= k:
            break
    return best


def _rank(labels: NDArray[np.int64], k: int) -> tuple[int, int]:
    """Groups, as far as they are wanted, then rows that are no noise."""
    return min(k, int(labels.max()) + 1), int((labels >= 0).sum())


def _labels(points: Matrix, size: int) -> NDArray[np.int64]:
    import numpy as np
    from hdbscan import HDBSCAN

    model = HDBSCAN(min_cluster_size=size, min_samples=NEIGHBOURS, core_dist_n_jobs=1)
    return np.asarray(model.fit_predict(points), dtype=np.int64)


def _joined(points: Matrix, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels of all points, those outside the sample by the nearest centre."""
    import numpy as np

    count = int(labels.max()) + 1
    if count == 0:
        return labels
    centres = _centres(points, labels, count)
    nearest, distance = _nearest(points, centres)
    reach = np.array(
        [
            np.quantile(np.linalg.norm(points[labels == group] - centres[group], axis=1), INSIDE)
            for group in range(count)
        ]
    )
    joins = (labels < 0) & (distance <= reach[nearest])
    return np.where(joins, nearest, labels)


def _arranged(points: Matrix, labels: NDArray[np.int64], whole: Matrix) -> Grouping:
    """The groups in order; medoids are found among the whole vectors, homes of noise among the points."""
    import numpy as np

    count = int(labels.max()) + 1 if len(labels) else 0
    noise = np.flatnonzero(labels < 0)
    if count == 0:
        return Grouping((), tuple(noise.tolist()), ())
    centres = _centres(points, labels, count)
    groups = []
    for group in range(count):
        members = np.flatnonzero(labels == group)
        gaps = np.linalg.norm(whole[members] - whole[members].mean(axis=0), axis=1)
        medoid = int(members[np.argmin(gaps)])
        groups.append((medoid, *(row for row in members.tolist() if row != medoid)))
    order = sorted(range(count), key=lambda group: (-len(groups[group]), groups[group][0]))
    place = {group: position for position, group in enumerate(order)}
    home = _nearest(points[noise], centres)[0].tolist() if len(noise) else []
    return Grouping(
        tuple(groups[group] for group in order), tuple(noise.tolist()), tuple(place[group] for group in home)
    )


def _centres(points: Matrix, labels: NDArray[np.int64], count: int) -> Matrix:
    import numpy as np

    return np.stack([points[labels == group].mean(axis=0) for group in range(count)])


def _nearest(points: Matrix, centres: Matrix) -> tuple[NDArray[np.int64], Matrix]:
    """The nearest centre of each point, the first of equals, and its distance."""
    import numpy as np

    squares = np.square(points).sum(axis=1)[:, None] - 2 * points @ centres.T + np.square(centres).sum(axis=1)[None, :]
    nearest = squares.argmin(axis=1)
    return nearest, np.sqrt(np.maximum(squares[np.arange(len(points)), nearest], 0.0))
