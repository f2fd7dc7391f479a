"""The embedder of `eval`: cached on disk by the digest of each text, and saying how far it is.

It is the pipeline's own embedder with the same signature, so vectors of a run are not made twice. Texts are given to it
by length, so that those of one padded length go through the model together. bf16 was measured and gains a seventh on
the machines at hand: not worth another signature.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

from datagen_cli.llm.local.host import as_anywhere
from datagen_cli.metrics.wording import duration
from datagen_cli.pipeline.connect import HERE, Where, spread
from datagen_cli.text.embed import HASHED, Around, Cached, Embedder, default_embedder, open_embedder, vector_cache
from datagen_cli.text.embed import PORTION as COMMITTED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PORTION = 256
SENT = 16 * PORTION
"""Texts that go to the machines of an engine at a time: each time actors start anew, and load the weights."""


def open_for_eval(name: str | None, say: Callable[[str], None], where: Where = HERE) -> Embedder:
    """The embedder of a name, as `open_embedder`, with the cache that runs use too. `where` an engine has machines they
    make the vectors that the cache lacks, which are the same; `hashed` is not worth the way."""
    name, cache = name or default_embedder(), vector_cache()
    if where == HERE or name == HASHED:
        return ProgressEmbedder(open_embedder(name, cache), say)
    spreading = SpreadEmbedder(open_embedder(name, None), as_anywhere(name), where)
    return ProgressEmbedder(Cached(spreading, cache, SENT) if cache else spreading, say, SENT)


class SpreadEmbedder(Around):
    """An embedder whose vectors the machines of an engine make, a portion each; every machine needs its weights."""

    def __init__(self, inner: Embedder, name: str, where: Where) -> None:
        super().__init__(inner)
        self._there, self._where = name, where

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As `Embedder.encode`."""
        import numpy as np

        parts = [texts[start : start + PORTION] for start in range(0, len(texts), PORTION)]
        made = spread(partial(_encode_there, self._there), parts, self._where)
        return np.concatenate(made) if made else self._inner.encode(())


@cache
def _opened(name: str) -> Embedder:
    return open_embedder(name, None)


def _encode_there(name: str, texts: Sequence[str]) -> NDArray[np.float32]:
    return _opened(name).encode(texts)


_LONG_S = 300.0
"""From so many seconds of waiting on the quick way is named."""


class ProgressEmbedder(Around):
    """An embedder that says how many texts are done, and how long the others may take."""

    def __init__(self, inner: Embedder, say: Callable[[str], None], portion: int = COMMITTED) -> None:
        super().__init__(inner)
        self._say, self._portion = say, portion

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As `Embedder.encode`."""
        import numpy as np

        if len(texts) <= self._portion:
            self._say(f"embedding {len(texts):,} texts by {self.name}")
            vectors = self._inner.encode(texts)
            self._say(f"embedded {len(texts):,} texts by {self.name}; computing with them")
            return vectors
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        parts, began, done, whole = [], time.monotonic(), 0, sum(map(len, texts))
        for start in range(0, len(texts), self._portion):
            left_s = (whole - done) * (time.monotonic() - began) / done if done else 0.0
            left = f", about {duration(left_s)} left" if left_s >= 1 else ""
            left += " (--embedder hashed: in seconds)" if left_s > _LONG_S else ""
            self._say(f"embedding by {self.name}: {start:,} of {len(texts):,} texts{left}")
            some = [texts[at] for at in order[start : start + self._portion]]
            parts.append(self._inner.encode(some))
            done += sum(map(len, some))
        self._say(f"embedded {len(texts):,} texts by {self.name}; computing with them")
        made = np.concatenate(parts)
        found = np.empty_like(made)
        found[order] = made
        return found
