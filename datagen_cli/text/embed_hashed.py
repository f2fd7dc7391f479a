"""`hashed`: an embedder without a model. Texts that share words and parts of words point the same way.

Features are words, pairs of neighbouring words, and the runs of 3 to 5 characters of each word with its ends marked,
all after `fold`. A feature's 64-bit hash names one of `DIM` columns and a sign (feature hashing, Weinberger et al.
2009, so that collisions cancel on average); its weight is 1 + ln(count); the sum is scaled to length 1.

It finds copies with some words changed, moved or re-inflected. It does not know that two words mean the same. The
cosine of unrelated texts is near 0.1 to 0.3 in English (common words), with noise of about 1/sqrt(DIM) = 0.03.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from datagen_cli.text.mixing import mix
from datagen_cli.text.normalise import fold
from datagen_cli.text.tokens import words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIM = 1024
RUNS = (3, 4, 5)
VERSION = 2
_LONGEST_WORD = 64
"""A longer word (an address, base64) counts by its first characters: its runs would drown the rest of the text."""


class Hashed:
    """The embedder that needs nothing; see `Embedder` for what the names mean."""

    name = "hashed"
    signature = f"hashed-v{VERSION}|words=1-2|characters=3-5|spaceless=char|d={DIM}"
    default_threshold = 0.88
    dim = DIM

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 `[len(texts), DIM]` of length 1 each; a text without letters or digits hashes as it stands."""
        import numpy as np

        rows = np.zeros((len(texts), DIM), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[:] = _vector(text)
        return rows

    def close(self) -> None:
        """Nothing is open."""


def _vector(text: str) -> NDArray[np.float64]:
    import numpy as np

    folded = fold(text)
    parts = [_word_features(word[:_LONGEST_WORD]) for word in words(folded)]
    if not parts:
        parts = [np.array([_hash(f"text {folded}")], dtype=np.uint64)]
    single = np.array([part[0] for part in parts], dtype=np.uint64)
    pairs = mix(single[:-1] * np.uint64(3) + single[1:])
    features, counts = np.unique(np.concatenate([*parts, pairs]), return_counts=True)
    signs = np.where(features >> np.uint64(63), -1.0, 1.0)
    columns = (features % np.uint64(DIM)).astype(np.int64)
    total = np.bincount(columns, weights=signs * (1.0 + np.log(counts)), minlength=DIM)
    length = float(np.sqrt(np.square(total).sum()))
    if length == 0.0:  # two features that cancel each other
        total[columns[0]], length = 1.0, 1.0
    return total / length


@lru_cache(maxsize=1 << 16)
def _word_features(word: str) -> NDArray[np.uint64]:
    """The hash of a word, then those of its runs of characters."""
    import numpy as np

    marked = f"<{word}>"
    runs = [marked[start : start + size] for size in RUNS for start in range(len(marked) - size + 1)]
    return np.array([_hash(f"word {word}"), *(_hash(f"run {run}") for run in runs)], dtype=np.uint64)


def _hash(feature: str) -> int:
    digest = hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
