"""Safety: texts that carry what nobody wants to train on, found by rules. The headline is the share flagged.

Flagged is a text with a planted instruction (prompt injection), a secret, personal data, or the look of poison:
characters that cannot be seen, one word repeated on and on, long unbroken blobs, or a length far outside all others.
`detail` adds what is said and never flagged: the skew of labels and attributes. Linear: some 0.02 ms a text.

Rules find forms, not meaning: a text that is harmful in plain words is not found, and a made-up telephone number in a
story is (its reader decides). Nothing found is repeated whole: secrets and personal data are shown masked.
It misleads when a clean value is taken for harmless content: rules find forms, not meaning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.exhibits import Exhibit, Passage, Passages, Side
from datagen_cli.metrics.intervals import of_share, one_sided
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.ngrams import TokenTable
from datagen_cli.metrics.parts import ByParts, Parts, means
from datagen_cli.metrics.postings import places_in_runs
from datagen_cli.metrics.wording import percent
from datagen_cli.text import safety_rules as rules
from datagen_cli.text.safety_rules import KINDS, Kind

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features

SHOWN = 120
FEW = 500
"""Texts on which every rule is tried: to make ready which rule is worth a try where takes longer than that."""
WORDS: Mapping[Kind, str] = {
    "injection": "orders to a model",
    "secret": "secrets",
    "personal": "personal data",
    "outlier": "odd text",
}
"""What a text is flagged for, in words."""
LEAST_FOR_LENGTHS = 30
FAR = 12.0
"""Robust standard deviations of a logarithm of a length from the median: nothing ordinary is so far out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in a text: of which kind, by which rule, and the part that shows it (masked where private)."""

    kind: Kind
    rule: str
    shown: str


Found = dict[tuple[Kind, str], Finding]
"""What was found in one text, in the order of the rules."""


def inspect(text: str) -> list[Finding]:
    """All that the rules find in one text, one finding a rule."""
    lowered = text.lower()
    found: Found = {}
    for rule in (*rules.worded_rules(), *(rules.digit_rules() if rules.has_digits(text) else ())):
        _try(rule, text, lowered, found)
    _look(text, found)
    return list(found.values())


def _try(rule: rules.Rule, text: str, lowered: str, found: Found) -> None:
    """Adds what a rule finds in a text, if another of its name has found nothing."""
    if (rule.kind, rule.name) not in found and (match := rule.find(text, lowered)) is not None:
        found[rule.kind, rule.name] = Finding(rule.kind, rule.name, _shown(rule.kind, match))


def _look(text: str, found: Found) -> None:
    """Adds what a text looks like."""
    if (match := rules.repeated_word(text)) is not None:
        found["outlier", "word"] = Finding("outlier", "one word on and on", _shown("outlier", match))
    if (match := rules.unbroken_blob(text)) is not None:
        found["outlier", "blob"] = Finding("outlier", "an unbroken blob", _shown("outlier", match))


def far_lengths(lengths: Sequence[int]) -> list[int]:
    """Numbers of the texts whose length lies far outside all others; none for few texts."""
    if len(lengths) < LEAST_FOR_LENGTHS:
        return []
    logs = np.log1p(np.asarray(lengths, dtype=np.float64))
    middle = float(np.median(logs))
    spread = max(1.4826 * float(np.median(np.abs(logs - middle))), 0.1)
    return [int(row) for row in np.flatnonzero(logs - middle > FAR * spread)]


def skew(values: Sequence[Any]) -> dict[str, Any]:
    """How unevenly values are spread: the largest share, which value has it, how many there are."""
    counts = Counter(str(value) for value in values)
    value, most = counts.most_common(1)[0]
    return {"largest": value[:SHOWN], "share": round(most / len(values), 4), "values": len(counts)}


def _shown(kind: Kind, text: str) -> str:
    if kind in ("secret", "personal"):
        return f"{text[:4]}…({len(text)} characters)"
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text[:SHOWN])


class Safety(Metric):
    """The share of texts with planted instructions, secrets, personal data or the look of poison."""

    name: ClassVar[str] = "safety"
    direction: ClassVar[Direction] = "lower"
    headline: ClassVar[str] = "hold secrets, personal data, orders to a model or odd text"
    counts_rows: ClassVar[bool] = True
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = (*KINDS, "skew.*.share", "skew.*.values", "evidence", "total")

    def measured(self, features: Features, reference: Features | None) -> Measure:
        found = features.once(self.name, lambda: _findings(features))
        flagged = len({row for row, _ in found})
        evidence = [
            {"id": features.dataset.ids[row], "kind": finding.kind, "rule": finding.rule, "shown": finding.shown}
            for row, finding in sorted(found, key=lambda item: (KINDS.index(item[1].kind), item[0]))
        ]
        detail: dict[str, Any] = {kind: len({row for row, item in found if item.kind == kind}) for kind in KINDS}
        detail |= {"skew": _skews(features), "evidence": evidence, "total": len(evidence)}
        value, n = flagged / len(features), len(features)
        bound, why = one_sided(value, n)
        signature = f"rules=v{rules.VERSION}|N={n}"
        return Measure(value, self.direction, signature, of_share(flagged, n), detail, no_interval=why, bound=bound)

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        flagged = np.zeros(len(features))
        flagged[[row for row, _ in features.once(self.name, lambda: _findings(features))]] = 1.0
        return means(flagged, parts)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        kinds = [f"{count:,} with {WORDS[kind]}" for kind in KINDS if (count := detail.get(kind))]
        what = f": {', '.join(kinds)}" if kinds else f" ({', '.join(WORDS.values())})"
        return f"{percent(value)} are flagged{what}"

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        found = detail.get("evidence", ())
        drawn = [
            Passage(f"{item['kind']}: {item['rule']}", [Side(f"row {item['id']}", item["shown"])]) for item in found
        ]
        return [Passages("Rows that are flagged", drawn, detail.get("total", len(found)))]


def _findings(features: Features) -> list[tuple[int, Finding]]:
    """What was found, with the numbers of its texts. A rule is tried on the texts whose words have what it needs."""
    texts, found, lowered = features.texts, dict[int, Found](), dict[int, str]()
    for rule, rows in _worth_trying(features):
        for row in rows.tolist():
            if row not in lowered:
                lowered[row] = texts[row].lower()
            _try(rule, texts[row], lowered[row], found.setdefault(row, {}))
    words = features.words
    lengths = np.fromiter(map(len, words.names), np.int64, words.size)
    for row in np.flatnonzero(
        _repeats(words) | (words.sums((lengths >= rules.LONG_BLOB).astype(np.int64)) > 0)
    ).tolist():
        _look(texts[row], found.setdefault(row, {}))
    return [(row, finding) for row in sorted(found) for finding in found[row].values()] + [
        (row, Finding("outlier", "length far outside", f"{len(texts[row]):,} characters"))
        for row in far_lengths([len(text) for text in texts])
    ]


def _worth_trying(features: Features) -> Iterator[tuple[rules.Rule, NDArray[np.int64]]]:
    """The rules, in their order for each text, with the numbers of texts that they are worth a try on."""
    words, worded = features.words, rules.worded_rules()
    if len(features.texts) <= FEW:
        yield from ((rule, np.arange(len(features.texts))) for rule in worded)
    else:
        for start, may in rules.sieve().may(words.names, words.ids, words.offsets):
            yield from ((rule, start + np.flatnonzero(rows)) for rule, rows in zip(worded, may, strict=True))
    digits = np.fromiter((sum(map(str.isdecimal, word)) for word in words.names), np.int64, words.size)
    many = np.flatnonzero(words.sums(digits) >= rules.MANY_DIGITS).tolist()
    rows = np.array([row for row in many if rules.has_digits(features.texts[row])], np.int64)
    yield from ((rule, rows) for rule in rules.digit_rules())


def _repeats(words: TokenTable) -> NDArray[np.bool_]:
    """Whether a text has one word as often in a row as `rules.repeated_word` looks for, or may have."""
    same = np.flatnonzero(places_in_runs(words.ids.astype(np.int64)) >= rules.REPEATS - 1)
    found = np.zeros(len(words.lengths), np.bool_)
    found[np.searchsorted(words.offsets, same, side="right") - 1] = True
    return found


def _skews(features: Features) -> Mapping[str, Any]:
    """The skew of the label and of every attribute that a run drew."""
    found = {}
    labels = features.dataset.labels
    known = [label for label in labels or () if label is not None]
    if known and len({str(label) for label in known}) <= max(50, len(known) // 5):
        found["label"] = skew(known)
    columns: dict[str, list[Any]] = {}
    for row in features.dataset.rows:
        attributes = row.get("attributes")
        for name, value in attributes.items() if isinstance(attributes, dict) else ():
            columns.setdefault(name, []).append(value)
    return {**found, **{f"attributes.{name}": skew(values) for name, values in columns.items()}}
