"""What a run compares its records with: the rows of `dedup.against`, their indexes, and the vectors of new records."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_cli.config.recipe import DedupOptions
from datagen_cli.core.fields import FieldSpec, joined_text
from datagen_cli.core.record import Record
from datagen_cli.sources.named import NamedRows, read_named
from datagen_cli.sources.open import BaseRows
from datagen_cli.stages.dedup import Dedup, Known, SetCheck

if TYPE_CHECKING:
    from datagen_cli.text.near import NearIndex

AT_ONCE = 32
SAID_AFTER_S = 5.0
OWN = ("accepted", "base")
TEXTS = ("text", "list", "json")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything the group check is made of. `identity` is its part of the fingerprint.

    `alike`: near copies and neighbours are looked for among so many of the first `known` rows; None: all.
    """

    names: tuple[str, ...]
    text_names: tuple[str, ...]
    known: tuple[Known, ...]
    files: tuple[NamedRows, ...]
    options: DedupOptions | None
    threshold: float | None
    embedder: Any
    alike: int | None = None

    @property
    def identity(self) -> list[Any]:
        """What decisions depend on: of files what they hold, not where they lie."""
        options = self.options.identity() if self.options else None
        if options is not None:
            options["against"] = [name for name in options["against"] if name in OWN]
        signature = self.embedder.signature if self.embedder else None
        return [options, self.threshold, signature, list(self.text_names), [file.digest for file in self.files]]

    def text(self, fields: Mapping[str, Any]) -> str:
        """What near copies and vectors of a record are made of."""
        return joined_text(fields, self.text_names)

    def vector(self, fields: Mapping[str, Any]) -> Any:
        """The vector of one record, or None where none is needed."""
        return None if self.threshold is None else self.embedder.encode([self.text(fields)])[0]

    def dedup(self, checks: Sequence[SetCheck]) -> Dedup:
        """A fresh group check that knows all rows it must not repeat."""
        near = self.options.near if self.options is not None else None
        grows = self.options is None or "accepted" in self.options.against
        return group_check(
            self.names, self.text, self.known, near, self.threshold, self.embedder,
            alike=self.alike, against_accepted=grows, checks=checks,
        )  # fmt: skip


def compare_with(
    specs: Sequence[FieldSpec],
    base: BaseRows,
    options: DedupOptions | None,
    embedder: Any,
    *,
    folder: Path | None,
    inline: Sequence[tuple[str, Mapping[str, Any]]] = (),
    method: str = "instance",
) -> Comparison:
    """Reads what new records are compared with. `folder` is the run's own, which a glob may match too; `inline` are
    the examples that the recipe writes, which models copy as they copy the base.

    Records that are written for base rows share those rows' inputs, and are compared whole. A record may repeat the
    base's own answer (response); it may be near a weak record (enhance), but not equal it.
    """
    names = tuple(spec.name for spec in specs if spec.keep and (spec.written or method != "instance"))
    texts = tuple(spec.name for spec in specs if spec.name in names and spec.type in TEXTS)
    text_names = texts or names
    against = options.against if options else ["accepted", "base"]
    files = tuple(
        file
        for pattern in against
        if pattern not in OWN
        for file in read_named(pattern, specs, base.readers, without=folder)
    )
    own = [(f"{name} of the base", row) for name, row in base.rows] if "base" in against else []
    written = [(f"{name} of the recipe", row) for name, row in inline] if "base" in against else []
    rows = [*written, *(row for file in files for row in file.rows)]
    alike = None if method == "instance" else len(rows)
    rows = [*own, *rows] if method == "instance" else [*rows, *own] if method == "enhance" else rows
    known = tuple(Known(name, row, joined_text(row, text_names)) for name, row in rows)
    threshold = options.threshold if options is not None else None
    if options is not None and threshold is None and options.embedder is not None:
        threshold = embedder.default_threshold
    return Comparison(names, text_names, known, files, options, threshold, embedder, alike)


def group_check(
    names: Sequence[str],
    text: Callable[[Mapping[str, Any]], str],
    known: Sequence[Known],
    near: float | None,
    threshold: float | None,
    embedder: Any,
    *,
    alike: int | None = None,
    **more: Any,
) -> Dedup:
    """A fresh group check with an index of near copies, and one of vectors, where they are asked for."""
    texts = [row.text for row in known[:alike]]
    return Dedup(
        names,
        known,
        near=None if near is None else _NearLater(near, texts),
        neighbours=None if threshold is None else NeighboursLater(threshold, embedder, texts),
        alike=len(texts),
        text=text,
        **more,
    )


class _NearLater:
    """The index of near copies, made when the first record is judged: the first request does not wait for NumPy."""

    def __init__(self, threshold: float, texts: Sequence[str]) -> None:
        self._threshold, self._texts = threshold, texts

    def nearest(self, text: str) -> Any:
        return self._index.nearest(text)

    def add(self, text: str) -> int:
        return self._index.add(text)

    @cached_property
    def _index(self) -> NearIndex:
        from datagen_cli.text.near import NearIndex

        index = NearIndex(self._threshold)
        for text in self._texts:
            index.add(text)
        return index


class NeighboursLater:
    """The index of vectors, made when the first record is to be judged, some known rows at a time: embedding many takes
    minutes, in which calls are sent and the run can be stopped."""

    def __init__(self, threshold: float, embedder: Any, texts: Sequence[str]) -> None:
        from datagen_cli.text.neighbours import NeighbourIndex

        self._index = NeighbourIndex(threshold, embedder.dim)
        self._embedder = embedder
        self._texts = texts
        self._lock = threading.Lock()

    @property
    def known(self) -> int:
        """How many known rows there are."""
        return len(self._texts)

    @property
    def waiting(self) -> int:
        """How many of the known rows are not embedded yet."""
        return max(0, len(self._texts) - len(self._index))

    def learn(self, most: int) -> None:
        """Embeds at most so many of the known rows that are not embedded yet; from any thread."""
        with self._lock:
            done = len(self._index)
            some = self._texts[done : done + most]
            if some:
                self._index.add(self._embedder.encode(some))

    def nearest(self, vector: Any) -> Any:
        self.learn(self.waiting)
        return self._index.nearest(vector)

    def add(self, vector: Any) -> int:
        self.learn(self.waiting)
        return self._index.add(vector)


class BatchEmbedder:
    """Vectors of records that wait to be judged: made beside the loop, so many at a time as have come together. Before
    the first, the rows that `dedup` compares with are embedded; `say` is told when that lasts."""

    def __init__(
        self,
        comparison: Comparison,
        run_blocking: Callable[..., Awaitable[Any]],
        dedup: Dedup,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._comparison = comparison
        self._run_blocking = run_blocking
        self._known: NeighboursLater | None = dedup.neighbours
        self._say = say
        self._vectors: dict[tuple[int, int], Any] = {}
        self._queue: list[tuple[str, asyncio.Future[Any]]] = []
        self._busy = False

    async def prepare(self, records: Sequence[Record]) -> None:
        """Makes the vectors of these records."""
        if self._comparison.threshold is None:
            return
        loop = asyncio.get_running_loop()
        waiting = []
        for record in records:
            if record.rejection is None:
                future: asyncio.Future[Any] = loop.create_future()
                self._queue.append((self._comparison.text(record.fields), future))
                waiting.append((record.key, future))
        if not self._busy:
            self._busy = True
            await self._work()
        for key, future in waiting:
            self._vectors[key] = await future

    def take(self, record: Record) -> Any:
        """The vector of a record that is judged now."""
        return self._vectors.pop(record.key, None)

    async def _work(self) -> None:
        batch: list[tuple[str, asyncio.Future[Any]]] = []
        try:
            if self._known is not None:
                await self._learn(self._known)
            while self._queue:
                await asyncio.sleep(0)  # what arrives in the same turn of the loop is encoded together
                batch, self._queue = self._queue[:AT_ONCE], self._queue[AT_ONCE:]
                vectors = await self._run_blocking(self._comparison.embedder.encode, [text for text, _ in batch])
                for (_, future), vector in zip(batch, vectors, strict=True):
                    if not future.done():
                        future.set_result(vector)
        except BaseException as error:
            for _, future in [*batch, *self._queue]:
                if not future.done():
                    future.set_exception(error)
            self._queue = []
            raise
        finally:
            self._busy = False

    async def _learn(self, known: NeighboursLater) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while known.waiting:
            await self._run_blocking(known.learn, AT_ONCE)
            if known.waiting and loop.time() - begun > SAID_AFTER_S:
                self._say(
                    f"records wait to be judged until the {known.known:,} rows that they are compared with are "
                    "embedded (dedup.threshold); calls go on meanwhile"
                )
