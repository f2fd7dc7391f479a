"""Leakage: the share of texts that repeat a base or reference text, and which one each repeats.

A text repeats a reference text when, in this order,
- exact: the terms are the same, whatever stands between them;
- contained: at least 0.8 of its 5-grams of terms (3-grams below 8 terms) stand in one reference text;
- quoted: at least 0.8 of the 5-grams of a reference text of 8 terms or more stand in it, so that a text wrapped into
  others ("Question: …", "…, please explain") is found;
- cosine: its embedding has a cosine of at least 0.95 with a reference text's.

Terms are those of `text/tokens.py`, so line ends and spacing do not matter. A text below 3 terms can only be
exact or near by its embedding. Linear in n for a given reference: about 0.03 ms a text, and n · m · d multiplications
for the cosines. Rewordings below 0.95 are not found; a text of the same template with other names and numbers may be.
It misleads when rewordings are meant (below the cosine they are not found), or texts are a template with other numbers
(which may be found).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from datagen_cli.core.citation import RESEMBLANCE, Citation
from datagen_cli.metrics.exhibits import Exhibit, Passage, Passages, Side
from datagen_cli.metrics.gram_index import Best, GramIndex, Vocabulary
from datagen_cli.metrics.intervals import of_share, one_sided
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.parts import ByParts, Parts, means
from datagen_cli.metrics.wording import number, percent
from datagen_cli.text.tokens import TERMS, term_key, terms

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features

CONTAINED = 0.8
COSINE = 0.95
LONG, SHORT = 5, 3
LONG_FROM_WORDS = 8
SHOWN = 600
_BLOCK = 1024
Kind = Literal["exact", "contained", "quoted", "cosine"]
KINDS: tuple[Kind, ...] = ("exact", "contained", "quoted", "cosine")


@dataclass(frozen=True, slots=True)
class Leak:
    """A text (by its number) that repeats a reference text (by its number); `similarity` is 1, a share or a cosine."""

    text: int
    reference: int
    kind: Kind
    similarity: float


def leaks(texts: Sequence[str], reference: Sequence[str]) -> list[Leak]:
    """The texts that repeat a reference text by their terms, in order; empty texts repeat nothing."""
    return leaks_of_terms([terms(text) for text in texts], [terms(text) for text in reference], texts, reference)


def leaks_of_terms(
    found: Sequence[Sequence[str]],
    reference_found: Sequence[Sequence[str]],
    texts: Sequence[str],
    reference: Sequence[str],
) -> list[Leak]:
    """`leaks` of texts whose terms are known already."""
    known: dict[str, int] = {}
    for place in range(len(reference)):
        known.setdefault(term_key(reference_found[place], reference[place]), place)
    known.pop("", None)
    exact = [known.get(term_key(own, text)) for own, text in zip(found, texts, strict=True)]
    leaking = [Leak(number, index, "exact", 1.0) for number, index in enumerate(exact) if index is not None]
    left = [number for number, index in enumerate(exact) if index is None]
    vocabulary = Vocabulary()
    for long in (True, False):
        numbers = [number for number in left if (len(found[number]) >= LONG_FROM_WORDS) == long]
        if numbers:
            index = GramIndex(vocabulary, reference_found, LONG if long else SHORT)
            least = LONG_FROM_WORDS - LONG + 1 if long else None
            bests = index.best([found[number] for number in numbers], CONTAINED, least)
            leaking += [leak for number, best in zip(numbers, bests, strict=True) if (leak := _leak(number, best))]
    return sorted(leaking, key=lambda leak: leak.text)


def _leak(number: int, best: Best) -> Leak | None:
    """What the n-grams of a text say."""
    if best.contained is not None:
        return Leak(number, best.contained.index, "contained", best.contained.share)
    if best.quoted is not None:
        return Leak(number, best.quoted.index, "quoted", best.quoted.share)
    return None


def nearest_above(
    vectors: NDArray[np.float32], reference: NDArray[np.float32], bar: float
) -> list[tuple[int, int, float]]:
    """(text, reference text, cosine) of every text whose nearest reference vector reaches `bar`."""
    found = []
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        best, where = np.full(len(block), -2.0, dtype=np.float32), np.zeros(len(block), dtype=np.int64)
        for other in range(0, len(reference), 8 * _BLOCK):
            cosines = block @ reference[other : other + 8 * _BLOCK].T
            top = cosines.argmax(axis=1)
            values = cosines[np.arange(len(block)), top]
            better = values > best
            best[better], where[better] = values[better], top[better] + other
        found += [(start + row, int(where[row]), float(best[row])) for row in np.flatnonzero(best >= bar).tolist()]
    return found


class Leakage(Metric):
    """The share of texts that repeat a reference text, with the evidence."""

    name: ClassVar[str] = "leakage"
    direction: ClassVar[Direction] = "lower"
    headline: ClassVar[str] = "repeat the reference"
    counts_rows: ClassVar[bool] = True
    cites: ClassVar[Sequence[Citation]] = (RESEMBLANCE,)
    needs_reference: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = (*KINDS, "evidence", "total")
    vector_details: ClassVar[Sequence[str]] = ("cosine",)

    def measured(self, features: Features, reference: Features | None) -> Measure:
        assert reference is not None
        found = features.once((self.name, id(reference)), lambda: _leaking(features, reference))
        signature = f"exact|{LONG}-grams>={CONTAINED}|{TERMS}|N={len(features)}|M={len(reference)}"
        if _comparable(features, reference):
            signature += f"|cosine>={COSINE}:{features.embedder_signature}"
        share = len(found) / len(features)
        detail = _detail(features, reference, [found[text] for text in sorted(found)])
        interval = of_share(len(found), len(features))
        bound, why = one_sided(share, len(features))
        return Measure(share, self.direction, signature, interval, detail, no_interval=why, bound=bound)

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        if reference is None:
            return None
        leaking = np.zeros(len(features))
        leaking[list(features.once((self.name, id(reference)), lambda: _leaking(features, reference)))] = 1.0
        return means(leaking, parts)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        exact = detail.get("exact", 0)
        more = f", {exact:,} of them exactly" if exact else ""
        return f"{percent(value)} repeat the reference{more}"

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        found = detail.get("evidence", ())
        drawn = [
            Passage(
                f"{item['kind']}, similarity {number(item['similarity'])}",
                [
                    Side(f"row {item['id']}", item["text"]),
                    Side(f"reference, row {str(item['repeats']).removeprefix('row ')}", item["reference"]),
                ],
            )
            for item in found
        ]
        return [Passages("Rows that repeat the reference", drawn, detail.get("total", len(found)))]


def _leaking(features: Features, reference: Features) -> dict[int, Leak]:
    """The leak of each text that has one, by words where there are such, else by vectors."""
    by_words = leaks_of_terms(features.terms, reference.terms, features.texts, reference.texts)
    found = {leak.text: leak for leak in by_words}
    if _comparable(features, reference):
        assert features.vectors is not None and reference.vectors is not None
        for text, other, cosine in nearest_above(features.vectors, reference.vectors, COSINE):
            if features.texts[text].strip() and reference.texts[other].strip():
                found.setdefault(text, Leak(text, other, "cosine", cosine))
    return found


def _comparable(features: Features, reference: Features) -> bool:
    """Whether both have vectors of one embedder, and they may decide."""
    if not features.cosines or features.vectors is None or reference.vectors is None:
        return False
    return features.embedder_signature == reference.embedder_signature


def _detail(features: Features, reference: Features, found: Sequence[Leak]) -> Mapping[str, Any]:
    evidence = [
        {
            "id": features.dataset.ids[leak.text],
            "kind": leak.kind,
            "similarity": round(leak.similarity, 4),
            "repeats": reference.dataset.ids[leak.reference],
            "text": features.texts[leak.text][:SHOWN],
            "reference": reference.texts[leak.reference][:SHOWN],
        }
        for leak in sorted(found, key=lambda leak: (KINDS.index(leak.kind), leak.text))
    ]
    counts: dict[str, Any] = {kind: sum(leak.kind == kind for leak in found) for kind in KINDS}
    return {**counts, "evidence": evidence, "total": len(evidence)}
