"""The embedder of `eval`: cached on disk by the digest of each text, and saying how far it is.

It is the pipeline's own embedder with the same signature, so vectors of a run are not made twice. Batches sorted by
length in bf16 were measured and gain a seventh on the machines at hand: not worth another signature.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from datagen_cli.text.embed import Embedder, open_embedder, vector_cache

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PORTION = 256


def open_for_eval(name: str | None, say: Callable[[str], None]) -> Embedder:
    """The embedder of a name, as `open_embedder`, with the cache that runs use too."""
    return ProgressEmbedder(open_embedder(name, vector_cache()), say)


class ProgressEmbedder:
    """An embedder that says how many texts are done."""

    def __init__(self, inner: Embedder, say: Callable[[str], None]) -> None:
        self._inner = inner
        self._say = say
        self.name = inner.name
        self.signature = inner.signature
        self.default_threshold = inner.default_threshold

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._inner.dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As `Embedder.encode`."""
        import numpy as np

        if len(texts) <= PORTION:
            return self._inner.encode(texts)
        parts = []
        for start in range(0, len(texts), PORTION):
            self._say(f"embedding: {start:,} of {len(texts):,} texts")
            parts.append(self._inner.encode(texts[start : start + PORTION]))
        return np.concatenate(parts)

    def close(self) -> None:
        """Closes the cache, if there is one."""
        self._inner.close()
