"""Which earlier text a new one nearly repeats: by its words (`NearIndex`), or by its vector (`NeighbourIndex`).

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

Candidates come from MinHash with locality-sensitive hashing (rensa) and every one is verified on the words themselves,
so what is named is never an accident of hashing; what is missed for that reason is below 1 in 2,000 at the bar. About
0.1 ms and 2 kB a text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from datagen_cli.text.tokens import term_key, terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

NEAR = 0.8
SHINGLE = 3
PERMUTATIONS = 256
SEED = 42
MISSED = 5e-4
"""The share of texts at the bar that hashing may hide."""
BLOCK_NUMBERS = 384 * 1024
"""Numbers in a block of vectors: small enough that numpy's BLAS multiplies it on one thread. On more it is ten times
slower as soon as another process wants a core."""
DIGITS = 6
"""Decimals of a cosine that count: the last bits differ between ways of summing, the sixth decimal does not."""
_SLACK = 1e-4

Measure = Literal["letters", "shingles", "words"]


@dataclass(frozen=True, slots=True)
class Near:
    """The earlier text that a text repeats: its number in the order of `add`, how much, and by which measure."""

    index: int
    similarity: float
    measure: Measure


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The earlier vector that is most like a vector: its number in the order of `add`, and the cosine."""

    index: int
    similarity: float


def shingles(tokens: Sequence[str], size: int = SHINGLE) -> set[str]:
    """The distinct runs of `size` words, joined by spaces; a shorter text is one run, no words give none."""
    if not tokens:
        return set()
    return {" ".join(tokens[start : start + size]) for start in range(max(1, len(tokens) - size + 1))}


def numbered_words(tokens: Sequence[str]) -> set[str]:
    """A multiset of words as a set: the second `the` is `the 2`. Jaccard of these is Jaccard of the multisets."""
    seen: Counter[str] = Counter()
    numbered = set()
    for token in tokens:
        seen[token] += 1
        numbered.add(f"{token} {seen[token]}")
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
        self._lsh = {measure: MinHashIndex(bar) for measure, bar in self._bars.items()}
        self._texts: list[str] = []
        self._letters: dict[str, int] = {}
        self._latest: tuple[str, _Views] | None = None

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: str) -> int:
        """Keeps a text and returns its number, from 0."""
        views = self._views(text)
        index = len(self._texts)
        self._texts.append(" ".join(views.tokens))
        if views.tokens:
            self._letters.setdefault(views.letters, index)
            for measure, candidates in self._lsh.items():
                candidates.add(index, views.sets[measure])
        return index

    def nearest(self, text: str) -> Near | None:
        """The kept text that this one repeats most, the earliest of equals; None when it repeats none.

        A text without a letter or digit repeats nothing.
        """
        views = self._views(text)
        if not views.tokens:
            return None
        if (index := self._letters.get(views.letters)) is not None:
            return Near(index, 1.0, "letters")
        found = {index for measure, near in self._lsh.items() for index in near.find(views.sets[measure])}
        best: Near | None = None
        for index in sorted(found):
            near = self._compare(index, views)
            if near is not None and (best is None or near.similarity > best.similarity):
                best = near
        return best

    def _compare(self, index: int, views: _Views) -> Near | None:
        """The higher of the measures that reach their bar."""
        other = _Views(self._texts[index].split(" "))
        best: Near | None = None
        for measure, bar in self._bars.items():
            similarity = jaccard(views.sets[measure], other.sets[measure])
            if similarity >= bar and (best is None or similarity > best.similarity):
                best = Near(index, similarity, measure)
        return best

    def _views(self, text: str) -> _Views:
        """Kept for one text, since `nearest` and `add` come in pairs."""
        if self._latest is None or self._latest[0] != text:
            self._latest = (text, _Views(terms(text)))
        return self._latest[1]


class _Views:
    """One text as each measure sees it."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.letters = term_key(tokens, "")
        self.sets: dict[Measure, set[str]] = {"shingles": shingles(tokens), "words": numbered_words(tokens)}


class MinHashIndex:
    """MinHash signatures of sets in bands: what shares a band with a set is likely above the bar."""

    def __init__(self, bar: float) -> None:
        from rensa import RMinHashLSH

        self._lsh = RMinHashLSH(bar, PERMUTATIONS, PERMUTATIONS // rows_of_a_band(bar))

    def add(self, index: int, members: Iterable[str]) -> None:
        """Keeps a set that is not empty under a number."""
        self._lsh.insert(index, _signature(members))

    def find(self, members: Iterable[str]) -> list[int]:
        """The numbers of the sets that are likely like this one."""
        return [int(index) for index in self._lsh.query(_signature(members))]


def rows_of_a_band(bar: float) -> int:
    """The most rows (fewest false candidates) with which a pair at the bar is missed less often than `MISSED`."""
    for rows in (16, 8, 4, 2):
        if (1.0 - bar**rows) ** (PERMUTATIONS // rows) <= MISSED:
            return rows
    return 1


def _signature(members: Iterable[str]) -> Any:
    from rensa import RMinHash

    signature = RMinHash(PERMUTATIONS, SEED)
    signature.update(list(members))
    return signature


class NeighbourIndex:
    """Unit vectors in the order of `add`, and which of them is most like a new one.

    `threshold` in (-1, 1] is the least cosine that counts, `dim` the length of a vector. Every vector is compared (no
    approximation): 4 · dim bytes and about dim / 4 ns a kept vector, so 100,000 of 384 are 150 MB and 10 to 20 ms a
    query. The cosine named is summed again in double precision and rounded to six decimals, so it does not depend on
    how many vectors lie around.
    """

    def __init__(self, threshold: float, dim: int) -> None:
        self._threshold = threshold
        self._dim = dim
        self._rows_of_block = max(1, BLOCK_NUMBERS // dim)
        self._blocks: list[NDArray[np.float32]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, vectors: ArrayLike) -> int:
        """Keeps one vector `[dim]` or several `[n, dim]`; returns the number of the first, from 0."""
        import numpy as np

        rows = self._rows(vectors)
        first, size = self._count, self._rows_of_block
        while len(rows):
            used = self._count % size
            if used == 0:
                self._blocks.append(np.zeros((size, self._dim), dtype=np.float32))
            part, rows = rows[: size - used], rows[size - used :]
            self._blocks[-1][used : used + len(part)] = part
            self._count += len(part)
        return first

    def nearest(self, vector: ArrayLike) -> Neighbour | None:
        """The kept vector most like this one, the earliest of equals; None when none reaches the threshold."""
        import numpy as np

        query, size = self._rows(vector)[0], self._rows_of_block
        best: Neighbour | None = None
        for number, block in enumerate(self._blocks):
            rough = block[: min(size, self._count - number * size)] @ query
            least = max(self._threshold, -1.0 if best is None else best.similarity, float(rough.max()) - _SLACK)
            close = np.flatnonzero(rough >= least - _SLACK)
            if not len(close):
                continue
            exact = np.round((block[close].astype(np.float64) * query.astype(np.float64)).sum(axis=1), DIGITS)
            top = int(np.argmax(exact))
            similarity = float(exact[top])
            if similarity >= self._threshold and (best is None or similarity > best.similarity):
                best = Neighbour(number * size + int(close[top]), similarity)
        return best

    def _rows(self, vectors: ArrayLike) -> NDArray[np.float32]:
        import numpy as np

        rows = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
        if rows.ndim != 2 or rows.shape[1] != self._dim:
            raise ValueError(f"vectors of {self._dim} numbers expected, got an array of shape {rows.shape}")
        return rows
