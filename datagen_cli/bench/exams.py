"""Students of a setting: base, reference and one for every candidate and seed, all examined on the same real rows.

Students are trained on synthetic rows and tested on real ones: the linear one (`tstr`), or a fine-tuned transformer
(`sft`). Their base has read nothing: it says the label that real rows have most. Their reference learns from as many
real rows as the candidates' students have, or from all there are. Every label counts alike (balanced accuracy), so that
the base is at 1 / labels whatever the test holds. Rows that stand in the test are left out of every training set, so
are rows written from one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_cli.bench.gap import Estimate, mean_hits, recovered
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.fields import plain
from datagen_cli.evaluation.load import Loaded, Wanted, as_reference, load_reference
from datagen_cli.evaluation.student import Labelled, draw, labelled, split_half, unfit, without
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.pipeline.connect import HERE, Where, spread
from datagen_cli.students.linear import Linear
from datagen_cli.students.transformer import Transformer
from datagen_cli.text.normalise import fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]
LEAST_SHARE = 0.8
"""Share of the smallest ready dataset that a student gets: draws of all of it would not differ."""


@dataclass(frozen=True)
class Exam:
    """Real rows to train the reference on and to test all students on, each row once."""

    train: Labelled
    test: Labelled
    source: str

    @property
    def labels(self) -> list[str]:
        """What can be answered."""
        return sorted({*self.train.labels, *self.test.labels})


@dataclass(frozen=True)
class Taught:
    """Hits `[seeds, items]` of every candidate's students, of the base's and of the reference's; `n` rows each.

    A hit weighs as much as makes all labels count alike: the mean is the balanced accuracy. `n_reference` is less where
    there are fewer real rows.
    """

    hits: Mapping[str, Floats]
    base: Floats
    reference: Floats
    n: int
    n_reference: int
    signature: str

    def score(self, name: str) -> Estimate:
        """A candidate's balanced accuracy."""
        return mean_hits(self.hits[name])

    def recovered(self, name: str) -> Estimate:
        """A candidate's PGR. Raises `GapTooSmall`."""
        return recovered(self.hits[name], self.base, self.reference)


def open_exam(test: str, train: str | None, own: Loaded | None, like: Dataset, wanted: Wanted) -> Exam:
    """The exam for datasets `like` this one: `train`, else the recipe's `own` base, else half of the test rows.

    Raises `DataError` for rows whose columns or labels do not answer to those of the dataset.
    """
    tested = load_reference(test, like, wanted)
    real = load_reference(train, like, wanted) if train else None if own is None else as_reference(own, like, wanted)
    for option, side in (("--test", tested), ("--train", real)):
        if side is not None:
            _refuse_other_columns(option, side, like)
    examined = _each_once(labelled(tested.dataset))
    if real is None:
        genuine, examined = split_half(examined)
        return Exam(genuine, examined, f"half of {Path(test).name}")
    return Exam(
        _each_once(without(labelled(real.dataset), examined)),
        examined,
        real.dataset.name if own else Path(real.dataset.name).name,
    )


def _refuse_other_columns(option: str, side: Loaded, like: Dataset) -> None:
    data = side.dataset
    if not data.text_fields:
        raise DataError(
            f"{option}: no column {', '.join(like.text_fields)} and no single text column",
            hint="--test-text FIELD names the text of the real rows",
            place=Place(data.name),
        )
    if data.label_field is None:
        raise DataError(
            f"{option}: no column {like.label_field or 'label'}", hint="--label FIELD", place=Place(data.name)
        )


def refuse_other_labels(exam: Exam, known: Sequence[str], name: str) -> None:
    """Raises `DataError` where real rows have labels that nobody was asked to write, or none of them."""
    strange = [label for label in exam.labels if label not in known]
    if strange:
        shown = ", ".join(strange[:5]) + (f" and {len(strange) - 5} more" if len(strange) > 5 else "")
        raise DataError(
            f"{name}: the real rows have labels that the candidates do not: {shown}",
            hint=f"theirs are {', '.join(sorted(known)[:8])}",
        )


def _each_once(rows: Labelled) -> Labelled:
    """Of rows with one text the first: a test row that stands twice would count twice."""
    seen: set[str] = set()
    kept = []
    for place, text in enumerate(rows.texts):
        if fold(text) not in seen:
            seen.add(fold(text))
            kept.append(place)
    return rows.take(kept)


def training_rows(dataset: Dataset, exam: Exam) -> Labelled:
    """The labelled rows of a candidate without what stands in the test, as its text or in another of its columns.

    A rewrite that keeps its source beside it would otherwise teach the test by heart.
    """
    known = {fold(text) for text in exam.test.texts}
    kept = [
        place
        for place, row in enumerate(dataset.rows)
        if not any(isinstance(value, str) and fold(value) in known for value in row.values())
    ]
    whole = replace(
        dataset,
        rows=[dataset.rows[place] for place in kept],
        ids=tuple(dataset.ids[place] for place in kept),
        groups=None,
    )
    found = without(labelled(whole), exam.test)
    return replace(found, in_test=found.in_test + len(dataset.rows) - len(kept))


Student = Callable[[Labelled, Labelled, int], Sequence[str]]
"""Trains on the first rows with a seed and says labels of the texts of the second."""


def linear(train: Labelled, test: Labelled, seed: int) -> Sequence[str]:
    """The linear student; its seed changes nothing."""
    return Linear().fit(train.texts, train.labels).predict(test.texts)


def transformer(name: str) -> Student:
    """The transformer student of a model."""

    def train_one(train: Labelled, test: Labelled, seed: int) -> Sequence[str]:
        return Transformer(name, seed=seed).fit(train.texts, train.labels).predict(test.texts)

    return train_one


def teach(
    rows: Mapping[str, Sequence[Labelled]],
    exam: Exam,
    student: Student,
    signature: str,
    *,
    whole: bool,
    n: int | None = None,
    where: Where = HERE,
) -> Taught:
    """Trains the students: `rows` has the training rows of every candidate, a set for each seed.

    All get as many rows as the smallest set has; of ready datasets, where seeds are draws of one set, `LEAST_SHARE` of
    them (`whole` is false); `n` is another number, at most that. Students are trained side by side `where` an engine
    has machines. Raises `DataError` where nothing can be trained.
    """
    n = n or rows_for(rows, exam, whole=whole)
    for name, sets in rows.items():
        for one in sets:
            if reason := unfit(one, exam.test):
                raise DataError(f"{name}: {reason}")
    seeds = max(len(sets) for sets in rows.values())

    work = [(draw(one, n, seed), seed) for sets in rows.values() for seed, one in enumerate(sets)]
    hits = iter(_hits(student, work, exam.test, where))
    found = {name: weighed([next(hits) for _ in sets], exam.test) for name, sets in rows.items()}
    base, reference = base_and_reference(exam, n, seeds, student, where)
    return Taught(found, base, reference, n, min(n, len(exam.train)), signature)


def labels_kept(rows: Mapping[str, Sequence[Labelled]], exam: Exam) -> tuple[dict[str, list[Floats]], float]:
    """Whether each record's text is of its label, as a linear student of all real training rows sees it, a row of hits
    for every seed; and how often that student is right itself on the test.

    It errs on both sides, for all candidates alike: a comparison, no measure of correctness.
    """
    import numpy as np

    judge = Linear().fit(exam.train.texts, exam.train.labels)
    own = np.asarray(hits_of(judge.predict(exam.test.texts), exam.test))
    found = {name: [np.asarray(hits_of(judge.predict(one.texts), one)) for one in sets] for name, sets in rows.items()}
    return found, float(own.mean())


def rows_for(rows: Mapping[str, Sequence[Labelled]], exam: Exam, *, whole: bool) -> int:
    """How many training rows every student gets."""
    smallest = min(len(one) for sets in rows.values() for one in sets)
    return smallest if whole else int(min(smallest, len(exam.train)) * LEAST_SHARE)


def base_and_reference(
    exam: Exam, n: int, seeds: int, student: Student = linear, where: Where = HERE
) -> tuple[Floats, Floats]:
    """Hits `[seeds, items]` of the student that has read nothing, and of one that learned from n real rows."""
    if reason := unfit(exam.train, exam.test):
        hint = "--test FILE with other rows, or --train FILE" if exam.train.in_test else "--train FILE names real rows"
        raise UsageError(f"no reference student: {reason}", hint=hint)
    most = min(Counter(exam.train.labels).items(), key=lambda item: (-item[1], item[0]))[0]
    base = weighed([hits_of([most] * len(exam.test), exam.test)] * seeds, exam.test)
    work = [(draw(exam.train, n, seed), seed) for seed in range(seeds)]
    return base, weighed(_hits(student, work, exam.test, where), exam.test)


def _hits(student: Student, work: Sequence[tuple[Labelled, int]], test: Labelled, where: Where) -> list[list[float]]:
    """What students of these rows and seeds are right about."""
    return spread(partial(_hits_of_one, student, test), work, where)


def _hits_of_one(student: Student, test: Labelled, work: tuple[Labelled, int]) -> list[float]:
    rows, seed = work
    return hits_of(student(rows, test, seed), test)


def weighed(hits: Sequence[Sequence[float]], test: Labelled) -> Floats:
    """Hits `[seeds, items]` times items / (labels · items of the label): their mean is the labels' mean recall."""
    import numpy as np

    counts = Counter(test.labels)
    weights = [len(test) / (len(counts) * counts[label]) for label in test.labels]
    return np.asarray(hits, dtype=float) * np.asarray(weights)


def hits_of(said: Sequence[str | None], test: Labelled) -> list[float]:
    return [float(a == b) for a, b in zip(said, test.labels, strict=True)]


def known_labels(values: Sequence[Any]) -> list[str]:
    """Label values as the students see them."""
    return [plain(value) for value in values]
