"""The decoding loop: many rows at once, token by token, each contrasted against its peers (CorrSynth, 2411.08553).

Every step is one forward pass over the public interface of a Hugging Face model, with a cache of keys and values,
padding on the left and positions counted from each row's own first token; then the contrast of `llm/correlated.py`,
then temperature, top-p and a draw with the row's own numbers. A row that has ended leaves the batch and the cache, and
the weights of the others are spread anew; nothing joins. One that only repeats itself, and is contrasted with none, is
cut off there. Prompts never make `[B, T, V]` logits where the model can
leave them out.

Variants: `plain`; `cross` (weight on rows of other labels of the group), `intra` (on rows of the same label), `hybrid`
(`intra_share` of it on the same label); `cfg`, classifier-free guidance: guidance · l − (guidance − 1) · mean of l_neg,
where each negative is another prompt that continues with the same tokens and is forwarded beside its row; several
negatives count evenly, in log-probabilities. No contrast (0, or guidance 1) is plain sampling, bit for bit.

What a row draws depends on its seed and its logits only; the logits depend on the rows beside it by rounding alone
unless they are its peers. Out of memory, the groups are halved, and a single group goes through the model in parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, Literal

import numpy as np

from datagen_cli.core.errors import ProviderError
from datagen_cli.llm.correlated import mix_logits_torch, step_weights
from datagen_cli.llm.local.decode_batch import DecodeBatch
from datagen_cli.llm.local.drawing import draw_tokens, uniforms
from datagen_cli.llm.local.model import LocalModel
from datagen_cli.llm.local.rows import Decoded, DecodedRow, Halted, Row, Settings
from datagen_cli.text.repetition import LOOKED_AFTER, tokens_repeat_at_end


def decode(
    model: LocalModel,
    rows: Sequence[Row],
    settings: Settings,
    *,
    stop: Callable[[], bool] = lambda: False,
    most_at_once: int | None = None,
) -> Decoded:
    """Writes all rows. `stop` is asked before every step; `most_at_once` bounds the rows of one forward pass.

    Raises `ProviderError` when not even one row fits into the device's memory or the logits are not numbers, `Halted`.
    """
    import torch

    if not rows:
        return Decoded((), 0)
    try:
        with torch.inference_mode():
            return Batch(model, rows, settings, most_at_once).run(stop)
    except torch.OutOfMemoryError:
        pass  # what the traceback holds has to be free before the next try
    except FloatingPointError as error:
        raise ProviderError(
            f"model local/{model.name}: gives {error}", hint="dtype: float32 or bfloat16 may mend it"
        ) from error
    if model.device.type == "cuda":
        torch.cuda.empty_cache()
    return _in_parts(model, rows, settings, stop, most_at_once)


def _in_parts(
    model: LocalModel, rows: Sequence[Row], settings: Settings, stop: Callable[[], bool], most_at_once: int | None
) -> Decoded:
    """Half of the groups after the other half; one group that is too large goes forward in smaller parts."""
    groups = list(dict.fromkeys(row.group for row in rows))
    if len(groups) > 1:
        first = set(groups[: -(-len(groups) // 2)])
        halves = [[i for i, row in enumerate(rows) if (row.group in first) is early] for early in (True, False)]
        done = [
            decode(model, [rows[i] for i in half], settings, stop=stop, most_at_once=most_at_once) for half in halves
        ]
        written = dict(zip(chain(*halves), chain(*(part.rows for part in done)), strict=True))
        notes = [f"out of memory with {len(rows)} rows: went on with {len(halves[0])} at once"]
        return Decoded(
            rows=tuple(written[i] for i in range(len(rows))),
            forward_rows=sum(part.forward_rows for part in done),
            notes=tuple(dict.fromkeys(chain(notes, *(part.notes for part in done)))),
        )
    whole = sum(1 + len(row.negatives) for row in rows) if settings.variant == "cfg" else len(rows)
    at_once = min(most_at_once or whole, whole)
    if at_once == 1:
        raise ProviderError(
            f"model local/{model.name}: {model.device} has no room for a single row",
            hint="a smaller model, dtype: bfloat16, fewer max_tokens, or device: cpu",
        )
    part = decode(model, rows, settings, stop=stop, most_at_once=-(-at_once // 2))
    note = f"out of memory with {at_once} rows: went on with {-(-at_once // 2)} at once"
    return replace(part, notes=(note, *part.notes))


class Batch:
    """Rows on their way: what `decode` does, one step at a time."""

    def __init__(
        self, model: LocalModel, rows: Sequence[Row], settings: Settings, most_at_once: int | None = None
    ) -> None:
        self._rows = rows
        self._settings = settings
        self._stop_ids = frozenset(model.stop)
        self._device = model.device
        self._alive = list(range(len(rows)))
        self._limits = [min(settings.max_tokens, row.max_tokens or settings.max_tokens) for row in rows]
        self._ids: list[list[int]] = [[] for _ in rows]
        self._finish: dict[int, Literal["stop", "length"]] = {}
        self._steps: dict[int, int] = {}
        guided = settings.variant == "cfg" and settings.guidance != 1.0
        if guided and len({bool(row.negatives) for row in rows}) > 1:
            raise ValueError("either all rows have negatives or none has")
        beside = [(i, ids) for i, row in enumerate(rows) if guided for ids in row.negatives]
        # every row's own prompt first, then the negatives with the row they belong to
        self._owners = [*self._alive, *(owner for owner, _ in beside)]
        prompts = [*(row.ids for row in rows), *(ids for _, ids in beside)]
        size = most_at_once or len(prompts)
        self._batches = [DecodeBatch(model, prompts[at : at + size]) for at in range(0, len(prompts), size)]
        self._forwarded = self._step = 0
        self._feed: Any = None
        self._arrange()

    def run(self, stop: Callable[[], bool]) -> Decoded:
        """Writes until every row has ended that is no peer."""
        while not all(self._rows[i].peer for i in self._alive):
            if stop():
                raise Halted
            self.advance()
        written = (
            DecodedRow(tuple(ids), self._finish.get(i, "left"), self._steps.get(i, self._step))
            for i, ids in enumerate(self._ids)
        )
        return Decoded(tuple(written), self._forwarded)

    def advance(self) -> None:
        """One more token for every row that has not ended."""
        logits = self._forward()
        if self._mixing is not None:
            logits = self._mixing(logits)
        drawn = self._draw(logits[: len(self._alive)])
        self._step += 1
        stay = self._keep_tokens(drawn.tolist())
        if len(stay) < len(self._alive):
            self._leave(stay)
            drawn = drawn[stay]
        if not self._alive:
            return
        self._feed = drawn if self._places is None else drawn[self._places]

    def _forward(self) -> Any:
        """Float logits `[rows and negatives, V]` of the next token: after the prompts, then after each token."""
        import torch

        self._forwarded += len(self._owners)
        found, at = [], 0
        for batch in self._batches:
            found.append(batch.begin() if self._feed is None else batch.step(self._feed[at : at + batch.size]))
            at += batch.size
        logits = found[0] if len(found) == 1 else torch.cat(found)
        return logits if logits.dtype in (torch.float32, torch.float64) else logits.float()

    def _draw(self, logits: Any) -> Any:
        def numbers(k: int, rows: Any) -> Any:
            return uniforms(self._seeds if rows is None else self._seeds[rows], self._step, k)

        options = self._settings
        return draw_tokens(logits, numbers, temperature=options.temperature, top_p=options.top_p, top_k=options.top_k)

    def _keep_tokens(self, tokens: Sequence[int]) -> list[int]:
        """Writes the tokens down; the places, among the rows alive, of those that go on."""
        for i, token in zip(self._alive, tokens, strict=True):
            if token in self._stop_ids:
                self._finish[i] = "stop"
                continue
            self._ids[i].append(token)
            if self._settings.ended is not None and self._settings.ended(self._ids[i]):
                self._finish[i] = "stop"
            elif len(self._ids[i]) >= self._limits[i]:
                self._finish[i] = "length"
            elif self._mixing is None and len(self._ids[i]) % LOOKED_AFTER == 0 and tokens_repeat_at_end(self._ids[i]):
                self._finish[i] = "length"  # it only repeats itself, and no other is contrasted with it
        ended = [i for i in self._alive if i in self._finish]
        self._steps.update(dict.fromkeys(ended, self._step))
        return [place for place, i in enumerate(self._alive) if i not in self._finish]

    def _leave(self, stay: Sequence[int]) -> None:
        """Takes the ended rows and their negatives out of every batch."""
        self._alive = [self._alive[place] for place in stay]
        at, batches = 0, []
        for batch in self._batches:
            kept = [place for place in range(batch.size) if self._owners[at + place] not in self._finish]
            at += batch.size
            if len(kept) < batch.size and kept:
                batch.keep(kept)
            if kept:
                batches.append(batch)
        self._batches = batches
        self._owners = [owner for owner in self._owners if owner not in self._finish]
        if self._alive:
            self._arrange()

    def _arrange(self) -> None:
        """All that depends on which rows are alive, and on nothing else: made anew when that changes."""
        import torch

        self._seeds = np.array([self._rows[i].seed & (2**64 - 1) for i in self._alive], dtype=np.uint64)
        self._mixing = self._contrast_of_rows()
        self._places = None
        if len(self._owners) > len(self._alive):
            place = {i: at for at, i in enumerate(self._alive)}
            self._places = torch.as_tensor([place[owner] for owner in self._owners], device=self._device)

    def _contrast_of_rows(self) -> Callable[[Any], Any] | None:
        """The contrast for the rows alive, None where there is none."""
        import torch

        options = self._settings
        if options.variant == "plain":
            return None
        gamma = options.guidance if options.variant == "cfg" else options.gamma
        weights = self._guidance() if options.variant == "cfg" else self._weights()
        rows = np.flatnonzero(weights.any(axis=1))
        if not len(rows):
            return None if gamma == 1.0 or options.variant == "cfg" else lambda logits: logits.mul_(gamma)
        return partial(
            mix_logits_torch,
            weights=torch.as_tensor(weights.astype(np.float32 if self._device.type == "mps" else np.float64)).to(
                self._device
            ),
            rows=torch.as_tensor(rows, device=self._device),
            gamma=gamma,
            alpha=options.plausibility,
            exempt=options.exempt,
        )

    def _weights(self) -> np.ndarray[Any, Any]:
        options = self._settings
        intra = {"cross": 0.0, "intra": 1.0, "hybrid": options.intra_share}[options.variant]
        return step_weights(
            [self._rows[i].group for i in self._alive],
            [self._rows[i].label for i in self._alive],
            [True] * len(self._alive),
            c_intra=options.contrast * intra,
            c_cross=options.contrast * (1.0 - intra),
        )

    def _guidance(self) -> np.ndarray[Any, Any]:
        """`[rows, rows and negatives]`: guidance − 1, spread evenly over a row's negatives."""
        owners = np.array(self._owners)
        belongs = owners[None, :] == np.array(self._alive)[:, None]
        belongs[:, : len(self._alive)] = False
        return belongs * (self._settings.guidance - 1.0) / np.maximum(belongs.sum(axis=1, keepdims=True), 1)
