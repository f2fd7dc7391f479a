"""What a metric is given and what it says: shared features of one dataset, and a value with interval and signature.

A metric states everything that the system must know of it in its own class; no other file names a metric.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from datagen_cli.core.citation import Citation
from datagen_cli.metrics.parts import ByParts, Parts, parts_interval

if TYPE_CHECKING:
    from datagen_cli.metrics.exhibits import Exhibit
    from datagen_cli.metrics.features import Features

SAME = "the texts do not differ in it"
"""Why equal texts have no interval: their value is what it is."""
Direction = Literal["higher", "lower", "none"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about a dataset, or the reason why there is none.

    `value` is None exactly when `reason` is set, never 0 for "no data". `interval` contains the value. Values whose
    `signature` differs must not be compared. `detail` holds JSON values; its lists may be long, whoever prints them
    cuts them. `no_interval` says why there is no interval, where there could be one. `bound`: a one-sided 95 % bound
    where nothing or everything was found; of few rows, ends that hold the value in at least 95 % of samples.
    """

    value: float | None
    direction: Direction
    signature: str = ""
    interval: tuple[float, float] | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    no_interval: str = ""
    bound: tuple[float, float] | None = None

    @classmethod
    def missing(cls, reason: str, direction: Direction = "none") -> Measure:
        """No value, and why."""
        return cls(None, direction, reason=reason)


def about(metric: type[Metric]) -> str:
    """What a measure is, in one line: the first paragraph of its class's docstring."""
    return " ".join((metric.__doc__ or "").strip().partition("\n\n")[0].split()).removesuffix(".")


class Metric(Protocol):
    """A measure of one dataset, with or without a reference. Built without arguments; never raises for odd data.

    The first paragraph of the class's docstring says in one line what the measure is: `list` and the report show it.
    """

    name: ClassVar[str]
    direction: ClassVar[Direction]
    cites: ClassVar[Sequence[Citation]] = ()
    """The works that define the measure."""
    needs_reference: ClassVar[bool] = False
    """Without a reference there is no value."""
    needs_vectors: ClassVar[bool] = False
    """Computed from embeddings and nothing else."""
    vector_details: ClassVar[Sequence[str]] = ()
    """Those of `details` that embeddings add to a measure that has a value without them."""
    one_sided: ClassVar[bool] = False
    """Makes sense of the reference by itself: the reference's own value is shown, and gates may be held against it."""
    compared: ClassVar[bool] = False
    """`--compare` and the control of a correlated run show it for both sides."""
    enough: ClassVar[int] = 0
    """With fewer rows or groups the interval would hold the value in other than 95 % of samples, and is left out."""
    grows_with_n: ClassVar[bool] = False
    """The value depends on how many texts there are: two sets are compared at equal n only."""
    reach: ClassVar[tuple[float, float]] = (-inf, inf)
    """The lowest and the highest value there can be."""
    headline: ClassVar[str] = ""
    """The words under the value in a page's summary, such as `nearly repeat another`; empty: it is not there."""
    counts_rows: ClassVar[bool] = False
    """The value is a share of the rows."""
    details: ClassVar[Sequence[str]] = ()
    """What a gate may name below the measure: dotted paths into `detail`, `*` for a name that the data gives."""
    counted: ClassVar[Sequence[str]] = ()
    """Those of `details` that are counts and are left out of `detail` where they are 0."""

    least: ClassVar[int] = 1
    """Rows that a measure of texts needs."""

    def compute(self, features: Features, reference: Features | None) -> Measure:
        """The measure. `reference` is the dataset to compare with, None when none was given. A measure of anything else
        than texts takes the place of this."""
        lack = self._lack(features, reference)
        return Measure.missing(lack, self.direction) if lack else self.measured(features, reference)

    def measured(self, features: Features, reference: Features | None) -> Measure:
        """The measure where the texts, and the reference and vectors that it needs, are there."""
        return Measure.missing("not taken", self.direction)

    def _lack(self, features: Features, reference: Features | None) -> str:
        """What it needs and is not there; empty where all is."""
        sides = [("", features)]
        if self.needs_reference:
            if reference is None:
                return "no reference given"
            sides.append(("reference: ", reference))
        if lack := next((name + lack for name, side in sides if (lack := side.lack(self.least))), ""):
            return lack
        return "no embedder" if self.needs_vectors and any(side.vectors is None for _, side in sides) else ""

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        """The measure of any of the parts of the rows; only where `compute` gives a value. None: it has to be measured
        anew for each, which `--compare` does."""
        return None

    def interval(self, features: Features, reference: Features | None, value: float) -> tuple[float, float] | None:
        """The 95 % interval of `value` from the measure of the parts; None for too few rows."""
        parts = features.parts
        return None if parts is None else parts_interval(value, self.by_parts(features, reference, parts), *self.reach)

    def cautious(self, features: Features, reference: Features | None, value: float) -> tuple[float, float] | None:
        """Ends that hold `value` in at least 95 % of samples, where rows are too few for an interval."""
        parts = features.parts
        if parts is None:
            return None
        return parts_interval(value, self.by_parts(features, reference, parts), *self.reach, cautious=True)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        """What a value and its detail say, in words, beside the comparison with a reference; may be empty."""
        return ""

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        """What a page shows of the JSON of a measure's detail."""
        return ()
