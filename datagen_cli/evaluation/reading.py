"""What a value says, in words: the `reading` column of the table. Words, not grades: where a scale has no natural
marks the reading is the comparison with the reference."""

from __future__ import annotations

from collections.abc import Callable

from datagen_cli.evaluation.evaluate import Evaluation, metric
from datagen_cli.metrics.measure import SAME, Measure
from datagen_cli.metrics.wording import percent


def readings(found: Evaluation) -> dict[str, str]:
    """The reading of every measure that has a value; measures that grow with n are held against others at equal n."""
    return {
        name: reading(
            name,
            one,
            found.reference_measures.get(name),
            found.at_reference_size(name) if metric(name).grows_with_n else None,
        )
        for name, one in found.measures.items()
        if one.value is not None
    }


def reading(name: str, found: Measure, reference: Measure | None = None, at_its_size: Measure | None = None) -> str:
    """A short sentence about a measure that has a value, beside the reference's own where there is one.

    `at_its_size` is the measure of as many rows as the reference's was taken on, where those may be fewer.
    """
    assert found.value is not None
    words = metric(name)().reading(found.value, found.detail)
    shown = percent if metric(name).counts_rows else "{:.3g}".format
    beside = _beside(found, reference, shown)
    if beside and at_its_size is not None and at_its_size.value not in (None, found.value):
        mine = f"({shown(at_its_size.value)} against "
        beside = _beside(at_its_size, reference, shown).replace("(", mine)[:-1] + " at equal n)"
    return "; ".join(part for part in (words, beside) if part)


def _ends(measure: Measure) -> tuple[float, float] | None:
    """Between which ends the value lies; None where rows are too few to say."""
    if measure.no_interval == SAME and measure.value is not None:
        return measure.value, measure.value
    return measure.interval or measure.bound


def _beside(found: Measure, reference: Measure | None, as_shown: Callable[[float], str]) -> str:
    if reference is None or reference.value is None or found.value is None:
        return ""
    shown = as_shown(reference.value)
    first, second = _ends(found), _ends(reference)
    if (first is None or second is None) and found.value != reference.value:
        return f"the reference has {shown}"
    (low, high), (other_low, other_high) = first or (found.value,) * 2, second or (reference.value,) * 2
    if low <= other_high and other_low <= high:
        same = as_shown(found.value) == shown
        return f"like the reference ({shown})" if same else f"within chance of the reference ({shown})"
    if found.direction == "none":
        return f"{'above' if found.value > reference.value else 'below'} the reference ({shown})"
    better = (found.value > reference.value) == (found.direction == "higher")
    return f"{'better' if better else 'worse'} than the reference ({shown})"
