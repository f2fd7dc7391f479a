"""Runs measures over a dataset and its reference, each missing with a reason rather than wrong.

Features are computed once and shared. Embeddings are made of at most `MOST_EMBEDDED` rows of each side: above that the
measures that need them are taken on a random sample and say so. The reference's own measures are taken on a sample of
the dataset's size, so that the two are comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from datagen_cli.core.errors import UsageError
from datagen_cli.core.registry import load, names, suggest
from datagen_cli.evaluation.load import Loaded
from datagen_cli.evaluation.subsets import drawn, drawn_rows
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.measure import SAME, Measure, Metric
from datagen_cli.metrics.parts import FEWEST
from datagen_cli.text.embed import Embedder

MOST_EMBEDDED = 20_000
ROUNDING = 1e-6
"""An interval narrower than this is rounding: vectors have seven digits."""


def metric(name: str) -> type[Metric]:
    """The class of a measure, which states what there is to know of it. Raises `UsageError` for an unknown name."""
    found: type[Metric] = load("metrics", name)
    return found


class FeatureViews:
    """The features that measures of one dataset are given: of all rows, and of as many as are embedded."""

    def __init__(self, loaded: Loaded, embedder: Embedder | None, *, cosines: bool = True) -> None:
        self.loaded = loaded
        self.cosines = cosines
        self._embedder = embedder
        self._samples: dict[tuple[bool, int], Features] = {}

    @property
    def embedder_name(self) -> str:
        """What makes the vectors; empty without an embedder."""
        return "" if self._embedder is None else self._embedder.name

    @property
    def large(self) -> bool:
        """Whether only a sample is embedded."""
        return len(self.loaded.dataset) > MOST_EMBEDDED

    @cached_property
    def all(self) -> Features:
        """Of every row; without vectors where there are too many."""
        embedder = None if self.large else self._embedder
        return Features(self.loaded.dataset, embedder=embedder, cosines=self.cosines)

    @cached_property
    def few(self) -> Features:
        """Of the rows that are embedded."""
        if not self.large:
            return self.all
        some = drawn_rows(self.loaded.dataset, MOST_EMBEDDED)
        return Features(some, embedder=self._embedder, cosines=self.cosines)

    def for_metric(self, name: str) -> Features:
        """What this measure is computed from."""
        return self.few if metric(name).needs_vectors else self.all

    def sample_for(self, name: str, n: int) -> Features:
        """Of n of its rows, drawn once."""
        features = self.for_metric(name)
        key = (features is self.few, n)
        if key not in self._samples:
            self._samples[key] = drawn(features, n)
        return self._samples[key]


@dataclass(frozen=True)
class Evaluation:
    """The measures of one dataset, and of its reference on `reference_n` rows."""

    views: FeatureViews
    reference: FeatureViews | None
    measures: Mapping[str, Measure]
    reference_measures: Mapping[str, Measure] = field(default_factory=dict)
    reference_n: int = 0
    reference_lack: str = "no reference to compare with"
    """Why the reference has no measures of its own, where it has none."""
    _sized: dict[tuple[str, int], Measure] = field(default_factory=dict, repr=False, compare=False)

    def at_reference_size(self, name: str) -> Measure:
        """A measure of the dataset on as many rows as the reference's own was taken on, if it has more."""
        return self.measures[name] if name not in self.reference_measures else self.at_size(name, self.reference_n)

    def at_size(self, name: str, n: int) -> Measure:
        """A measure of the dataset on n of its rows, drawn at random, if it has more. It takes no reference."""
        if len(self.views.for_metric(name)) <= n:
            return self.measures[name]
        if (name, n) not in self._sized:
            self._sized[name, n] = measure(name, self.views.sample_for(name, n), None)
        return self._sized[name, n]


Say = Callable[[str], None]


def evaluate(
    loaded: Loaded,
    reference: Loaded | None,
    wanted: Sequence[str],
    *,
    embedder: Embedder | None,
    given: Mapping[str, Measure],
    say: Say,
    cosines: bool = True,
) -> Evaluation:
    """The wanted measures. `given` are measures made elsewhere (correctness); `say` is told what is under way.

    Without `cosines` measures of words are of words alone.
    """
    ours = FeatureViews(loaded, embedder, cosines=cosines)
    theirs = None if reference is None else FeatureViews(reference, embedder, cosines=cosines)
    why_not = _unusable(reference)
    measures: dict[str, Measure] = {}
    for name in wanted:
        say(f"{loaded.dataset.name}: {name}")
        if name in given:
            measures[name] = given[name]
        elif why_not and metric(name).needs_reference:
            measures[name] = Measure.missing(why_not, metric(name).direction)
        else:
            other = None if theirs is None or why_not else theirs.for_metric(name)
            measures[name] = _with_sampling(measure(name, ours.for_metric(name), other), loaded, ours, name)
    n = 0
    own: dict[str, Measure] = {}
    if theirs is not None and not why_not:
        n = min(len(theirs.all), max(len(ours.all), 1))
        for name in (name for name in wanted if metric(name).one_sided):
            say(f"{theirs.loaded.dataset.name}: {name}")
            own[name] = measure(name, drawn(theirs.for_metric(name), n), None)
    return Evaluation(ours, theirs, measures, own, n, why_not or Evaluation.reference_lack)


def measure(name: str, features: Features, reference: Features | None) -> Measure:
    """One measure by name, without a value that is no number."""
    found = metric(name)().compute(features, reference)
    if found.value is not None and found.value != found.value:
        return Measure.missing("not a number", found.direction)
    low, high = found.interval or (0.0, 1.0)
    if high - low <= ROUNDING * max(1.0, abs(high)):
        some = features.units < FEWEST and len(set(features.texts)) > 1
        return replace(found, interval=None, no_interval="too few rows to see how it varies" if some else SAME)
    if found.value is None or found.interval is None or features.units >= metric(name).enough:
        return found
    bound = metric(name)().cautious(features, reference, found.value)
    why = f"needs {metric(name).enough} rows or groups, has {features.units}: `bound` is wider, for at least 95 %"
    return replace(found, interval=None, bound=bound, no_interval=why)


def choose(listed: str | None, gated: Sequence[str] = ()) -> list[str]:
    """The measures to compute, in the catalog's order: those of `--metrics a,b` (all without it) and of the gates.

    Raises `UsageError` for an unknown name.
    """
    known = names("metrics")
    wanted = {name.strip() for name in listed.split(",") if name.strip()} if listed is not None else set(known)
    for name in sorted(wanted - set(known)):
        raise UsageError(f"--metrics: there is no measure {name!r}", hint=suggest(name, known))
    return [name for name in known if name in wanted or name in gated]


def _unusable(reference: Loaded | None) -> str:
    """Why a reference that was given cannot be used; empty when it can, or when there is none."""
    if reference is None:
        return ""
    if not len(reference.dataset):
        return "the reference has no rows"
    if not reference.dataset.text_fields:
        return "the reference has no such text field: name it with --reference-text"
    return ""


def _with_sampling(found: Measure, loaded: Loaded, views: FeatureViews, name: str) -> Measure:
    """The measure with what it was sampled from in its signature."""
    if found.value is None:
        return found
    sampled = len(views.for_metric(name))
    if sampled < loaded.total and "sampled" not in found.signature:
        return replace(found, signature=f"{found.signature}|sampled={sampled} of {loaded.total}")
    return found
