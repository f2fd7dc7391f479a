"""Which earlier text a new one nearly repeats, by its words.

`NearIndex` takes two texts for near copies when one of three measures of their terms (`text/tokens.py`) says so:

- letters: the terms are the same, whatever stands between them (similarity 1);
- shingles: Jaccard of the sets of 3-shingles of terms ≥ near. This is the usual measure, and the only one for which a
  text of repeated words counts them once;
- words: Jaccard of the multisets of terms ≥ near + (1 − near) / 4, so 0.85 at the default 0.8.

Shingles alone miss what they are meant to find in short texts: one changed word takes three shingles, so it hides a
copy below 30 words, and two sentences changing places take four or more. The third measure does not see order, and one
changed word costs it 2 / (n + 1); its bar is higher because unlike texts share words sooner than shingles. At 0.8 a
changed word is found from 13 words on. In shorter texts it is not, on purpose: "… of Spain?" after "… of France?" is
another question. Texts that share a long passage and differ in a short question after it are near copies.

Candidates come from MinHash (`text/minhash.py`), are cut by sizes and by sketches, neither of which drops a pair at the
bar, and those that are left are compared word by word, so what is named is never an accident of hashing; what is missed
for that reason is below 1 in 2,000 at the bar. About 0.15 ms and 0.6 kB a text, whatever its length: the terms of large
sets lie in a temporary file.
"""

from __future__ import annotations

import tempfile
import weakref
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from datagen_cli.core.jsonl import write_errors
from datagen_cli.text.minhash import Banding, BandTable, Numbers, enlarged
from datagen_cli.text.tokens import terms

NEAR = 0.8
SHINGLE = 3
SKETCH_BYTES = 64
IN_MEMORY_BYTES = 1 << 25
"""Terms beyond this go to a temporary file."""
_AT_ONCE = 1 << 15
_TINY = 1e-9

Measure = Literal["letters", "shingles", "words"]


@dataclass(frozen=True, slots=True)
class Near:
    """The earlier text that a text repeats: its number in the order of `add`, how much, and by which measure."""

    index: int
    similarity: float
    measure: Measure


def shingles(tokens: Sequence[str], size: int = SHINGLE) -> set[str]:
    """The distinct runs of `size` words, joined by spaces; a shorter text is one run, no words give none."""
    if not tokens:
        return set()
    if len(tokens) <= size:
        return {" ".join(tokens)}
    return set(map(" ".join, zip(*(tokens[start:] for start in range(size)), strict=False)))


def numbered_words(tokens: Sequence[str]) -> set[str]:
    """A multiset of words as a set: the second `the` is `the 2`. Jaccard of these is Jaccard of the multisets."""
    counts = Counter(tokens)
    numbered = set(counts)
    if len(counts) < len(tokens):
        numbered.update(
            f"{token} {place}" for token, count in counts.items() if count > 1 for place in range(2, count + 1)
        )
    return numbered


def jaccard(first: set[str], second: set[str]) -> float:
    """Shared / all, in [0, 1]; 0 when both are empty: nothing repeats nothing."""
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared) if shared else 0.0


def words_bar(near: float) -> float:
    """The multiset similarity that counts as a near copy where shingles need `near`."""
    return near + (1.0 - near) / 4.0


class NearIndex:
    """Texts in the order of `add`, and which of them a new text nearly repeats.

    `threshold` in (0, 1] is the Jaccard similarity of word 3-shingles (`dedup.near`); the module says what else counts.
    """

    def __init__(self, threshold: float = NEAR) -> None:
        self._bars: dict[Measure, float] = {"shingles": threshold, "words": words_bar(threshold)}
        self._bandings = {measure: Banding(bar) for measure, bar in self._bars.items()}
        self._table = BandTable(sum(banding.bands for banding in self._bandings.values()))
        bars = np.array(list(self._bars.values()))
        self._shares = bars / (1.0 + bars)
        self._sizes = np.zeros((0, len(bars)), np.int32)
        self._sketches = np.zeros((0, len(bars), SKETCH_BYTES // 8), np.uint64)
        self._terms = _StoredTerms()
        self._latest: tuple[str, _Views] | None = None

    def __len__(self) -> int:
        return len(self._table)

    def add(self, text: str) -> int:
        """Keeps a text and returns its number, from 0. Raises `UsageError` when the temporary folder is full."""
        views = self._views(text)
        if len(self) == len(self._sizes):
            rows = max(1024, 2 * len(self))
            self._sizes, self._sketches = enlarged(self._sizes, rows), enlarged(self._sketches, rows)
        number = self._table.add(views.keys if views.tokens else None)
        self._sizes[number], self._sketches[number] = views.sizes, views.sketches
        self._terms.add(views.tokens)
        return number

    def nearest(self, text: str) -> Near | None:
        """The kept text that this one repeats most, the earliest of equals; None when it repeats none.

        A text without a letter or digit repeats nothing.
        """
        views = self._views(text)
        if not views.tokens:
            return None
        best: Near | None = None
        for number in self._candidates(views):
            near = self._compare(number, views)
            if near is None:
                continue
            if near.measure == "letters":
                return near
            if best is None or near.similarity > best.similarity:
                best = near
        return best

    def _candidates(self, views: _Views) -> list[int]:
        """The kept texts that can reach a bar and share a band, or can reach it where most share one; in order."""
        found = self._table.find(views.keys)
        if found is not None:
            if not len(found):
                return []
            return [int(number) for number in np.unique(found[self._may_reach(found, views)])]
        blocks = (np.arange(start, min(start + _AT_ONCE, len(self))) for start in range(0, len(self), _AT_ONCE))
        return [int(number) for block in blocks for number in block[self._may_reach(block, views)]]

    def _may_reach(self, numbers: Numbers, views: _Views) -> NDArray[np.bool_]:
        """Whether kept texts can reach a bar: what two sets share is at most the smaller one, and twice that is at
        most their sizes less what their sketches differ in."""
        sizes = self._sizes[numbers]
        both = sizes + views.sizes
        needed = self._shares * both - _TINY
        may = np.minimum(sizes, views.sizes) >= needed
        some = (may[:, 0] | may[:, 1]).nonzero()[0]
        differ = ones(self._sketches[numbers[some]] ^ views.sketches)
        may[some] &= (both[some] - differ) / 2 >= needed[some]
        reach: NDArray[np.bool_] = may[:, 0] | may[:, 1]
        return reach

    def _compare(self, number: int, views: _Views) -> Near | None:
        """Letters where the terms are the same, else the higher of the measures that reach their bar."""
        tokens = self._terms.read(number)
        if tokens == views.tokens:
            return Near(number, 1.0, "letters")
        best: Near | None = None
        for measure, bar in self._bars.items():
            similarity = jaccard(views.sets[measure], SETS[measure](tokens))
            if similarity >= bar and (best is None or similarity > best.similarity):
                best = Near(number, similarity, measure)
        return best

    def _views(self, text: str) -> _Views:
        """Kept for one text, since `nearest` and `add` come in pairs."""
        if self._latest is None or self._latest[0] != text:
            self._latest = (text, _Views(terms(text), self._bandings))
        return self._latest[1]


SETS = {"shingles": shingles, "words": numbered_words}


class _Views:
    """One text as each measure sees it: its set, the size and the sketch of that, and its keys in the table."""

    def __init__(self, tokens: list[str], bandings: dict[Measure, Banding]) -> None:
        self.tokens = tokens
        self.sets = {measure: SETS[measure](tokens) for measure in bandings}
        self.sizes = np.array([len(members) for members in self.sets.values()], np.int32)
        self.sketches = sketches(list(self.sets.values()))
        if tokens:
            self.keys = np.concatenate([banding.keys(self.sets[name]) for name, banding in bandings.items()])


def sketches(sets: Sequence[set[str]]) -> NDArray[np.uint64]:
    """A sketch `[sets, words]` of each set: every member turns one bit over, so that two sets differ in at least as
    many members as their sketches in bits."""
    from rensa import RMinHash

    bits = []
    for hashes in RMinHash.hash_token_sets([list(members) for members in sets]):
        sketch = 0
        for number in hashes:
            sketch ^= 1 << (number % (8 * SKETCH_BYTES))
        bits.append(sketch.to_bytes(SKETCH_BYTES, "little"))
    return np.frombuffer(b"".join(bits), "<u8").reshape(len(sets), -1)


def ones(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many bits are set in `[..., w]` words, summed over the last axis."""
    return np.bitwise_count(words).sum(axis=-1, dtype=np.int64)


class _StoredTerms:
    """The terms of texts by number, in memory up to `IN_MEMORY_BYTES`, then in a file that goes with its process."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115
        self._ends = array("q", [0])
        weakref.finalize(self, self._file.close)

    def add(self, tokens: Sequence[str]) -> None:
        """Keeps the terms of the next text."""
        content = " ".join(tokens).encode("utf-8", "surrogatepass")
        with write_errors(tempfile.gettempdir()):
            self._file.seek(self._ends[-1])
            self._file.write(content)
        self._ends.append(self._ends[-1] + len(content))

    def read(self, number: int) -> list[str]:
        """The terms of a text; none for a text without any."""
        start, end = self._ends[number], self._ends[number + 1]
        with write_errors(tempfile.gettempdir()):
            self._file.seek(start)
            content = self._file.read(end - start)
        return content.decode("utf-8", "surrogatepass").split(" ") if content else []
