"""What a value says, in words: the `reading` column of the table. Words, not grades: where a scale has no natural
marks the reading is the comparison with the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from datagen_cli.evaluation.evaluate import Evaluation
from datagen_cli.metrics.measure import Measure

GROWING = (
    "self_bleu", "ingf", "distinct_n", "vendi", "compression_ratio", "entity_entropy", "near_duplicates",
)  # fmt: skip
"""Measures whose value depends on how many texts there are."""


def readings(found: Evaluation) -> dict[str, str]:
    """The reading of every measure that has a value; measures that grow with n are held against others at equal n."""
    return {
        name: reading(
            name,
            one,
            found.reference_measures.get(name),
            found.at_reference_size(name) if name in GROWING else None,
        )
        for name, one in found.measures.items()
        if one.value is not None
    }


def reading(name: str, found: Measure, reference: Measure | None = None, at_its_size: Measure | None = None) -> str:
    """A short sentence about a measure that has a value, beside the reference's own where there is one.

    `at_its_size` is the measure of as many rows as the reference's was taken on, where those may be fewer.
    """
    assert found.value is not None
    words = _WORDS.get(name, _nothing)(found.value, found)
    beside = _beside(found, reference)
    if beside and at_its_size is not None and at_its_size.value not in (None, found.value):
        beside = (
            _beside(at_its_size, reference).replace("(", f"({at_its_size.value:.3g} against ")[:-1] + " at equal n)"
        )
    return "; ".join(part for part in (words, beside) if part)


def _beside(found: Measure, reference: Measure | None) -> str:
    if reference is None or reference.value is None or found.value is None:
        return ""
    ranges = [item.interval or (item.value, item.value) for item in (found, reference) if item.value is not None]
    (low, high), (other_low, other_high) = ranges
    shown = f"{reference.value:.3g}"
    if low <= other_high and other_low <= high:
        return f"like the reference ({shown})"
    if found.direction == "none":
        return f"{'above' if found.value > reference.value else 'below'} the reference ({shown})"
    better = (found.value > reference.value) == (found.direction == "higher")
    return f"{'better' if better else 'worse'} than the reference ({shown})"


def number(value: float) -> str:
    """`0.4551`, `38.67`, `12,345`: four digits, and never a power of ten for a large number."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def span(interval: Sequence[float] | None) -> str:
    """`0.41 – 0.5`, or a dash where there is no interval."""
    if interval is None:
        return "–"
    low, high = (f"{end:,.0f}" if abs(end) >= 1000 else f"{end:.3g}" for end in interval)
    return f"{low} – {high}"


def percent(share: float) -> str:
    """`3 %`, `0.4 %`, `under 0.1 %`."""
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"


def _scale(*marks: tuple[float, str]) -> Callable[[float, Measure], str]:
    """The words of the first mark that the value does not exceed."""

    def say(value: float, _: Measure) -> str:
        return next(words for top, words in marks if value <= top)

    return say


def _share(words: str) -> Callable[[float, Measure], str]:
    return lambda value, _: f"{percent(value)} {words}"


def _nothing(_: float, __: Measure) -> str:
    return ""


def _near(value: float, found: Measure) -> str:
    extra = found.detail.get("exact", {}).get("extra", 0)
    return f"{percent(value)} nearly repeat another" + (f", {extra:,} rows are exact extras" if extra else "")


def _leakage(value: float, found: Measure) -> str:
    exact = found.detail.get("exact", 0)
    return f"{percent(value)} repeat the reference" + (f", {exact:,} of them exactly" if exact else "")


def _student(value: float, found: Measure) -> str:
    gap = found.detail.get("gap", {})
    real = found.detail.get("real", {}).get("accuracy")
    if real is None:
        return ""
    low, high = gap.get("interval", (0.0, 0.0))
    word = "as good as" if low <= 0 <= high else "worse than" if high < 0 else "better than"
    return f"teaches {word} as much real data ({real:.3g})"


def _correctness(value: float, found: Measure) -> str:
    counts = found.detail
    return f"{counts.get('right', 0):,} right, {counts.get('wrong', 0):,} wrong, {counts.get('unknown', 0):,} unknown"


_WORDS: dict[str, Callable[[float, Measure], str]] = {
    "self_bleu": _scale(
        (0.3, "texts share few phrases"), (0.6, "texts share many phrases"), (1.0, "texts are made of the same phrases")
    ),
    "remote_clique": lambda value, _: f"texts lie {value:.2f} apart (0 to 1.41)",
    "aps": _scale((0.2, "texts are about different things"), (0.5, "texts are related"), (1.0, "texts are much alike")),
    "ingf": lambda value, _: f"a 3-gram occurs {value:.2f} times",
    "distinct_n": _share("of word pairs differ"),
    "vendi": lambda value, found: f"as varied as {value:,.0f} texts with nothing in common",
    "compression_ratio": lambda value, _: f"packs to {percent(1 / value) if value else '–'} of its size",
    "mauve": _scale(
        (0.3, "far from the reference texts"), (0.7, "unlike the reference texts"),
        (0.95, "close to the reference texts"), (1.0, "hardly to be told from the reference texts"),
    ),
    "entity_entropy": lambda value, _: f"as many names as {2**value:,.0f} equally frequent ones",
    "near_duplicates": _near,
    "leakage": _leakage,
    "length": lambda value, _: f"{value:,.0f} words a text",
    "balance": _scale((0.8, "labels are uneven"), (0.99, "labels are nearly even"), (1.01, "labels are even")),
    "verified": _share("passed the run's own checks at once"),
    "correctness": _correctness,
    "entity_overlap": _share("of the smaller set's names are shared"),
    "constraints": _share("kept to every constraint at once"),
    "student": _student,
    "safety": _share("are flagged"),
}  # fmt: skip
