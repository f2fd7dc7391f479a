"""Rows that go through the model together, with their cache, their mask and their positions.

The keys and values between two steps are in transformers' `DynamicCache` with layers that grow in place. The library's
layers copy everything they hold at every token. These keep room at the end, so that a step writes one column; rows that
are done leave by index, and columns that are padding in every row that is left are cut off at the front. Layers of
other kinds (sliding windows, recurrent states) stay the library's own: only rows leave them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from datagen_cli.llm.local.model import LocalModel

LEAST_ROOM = 64
LEAST_TRIM = 16
SPARE_COLUMNS = 256


class DecodeBatch:
    """Padded on the left; `begin` takes the prompts, `step` one token a row. Rows can leave in between."""

    def __init__(self, model: LocalModel, prompts: Sequence[Sequence[int]]) -> None:
        import torch
        from transformers.cache_utils import DynamicCache, DynamicLayer

        self.size = len(prompts)
        self._model = model
        self._cache, growing = DynamicCache(config=model.model.config), _growing()
        self._cache.layers = [growing() if type(layer) is DynamicLayer else layer for layer in self._cache.layers]
        self._can_trim = bool(self._cache.layers) and all(isinstance(layer, growing) for layer in self._cache.layers)
        lengths = [len(ids) for ids in prompts]
        self._width = max(lengths)
        rows = [[model.pad] * (self._width - len(ids)) + list(ids) for ids in prompts]
        self._prompts = torch.tensor(rows, device=model.device)
        self._padding = [self._width - length for length in lengths]
        self._next = torch.tensor(lengths, device=model.device)
        # the columns to come hold a token in every row, so the mask is made once and shown as far as it is needed
        self._mask = torch.ones((self.size, self._width + SPARE_COLUMNS), dtype=torch.int64, device=model.device)
        for row, columns in enumerate(self._padding):
            self._mask[row, :columns] = 0

    def begin(self) -> Any:
        """Logits `[rows, V]` after the prompts."""
        positions = (self._mask[:, : self._width].cumsum(1) - 1).clamp_(min=0)
        return self._through(self._prompts, positions)

    def step(self, tokens: Any) -> Any:
        """Logits `[rows, V]` after one more token, `tokens` being `[rows]`."""
        import torch

        self._width += 1
        if self._width > self._mask.shape[1]:
            self._mask = torch.cat([self._mask, self._mask.new_ones((self.size, SPARE_COLUMNS))], dim=1)
        logits = self._through(tokens[:, None], self._next[:, None])
        self._next = self._next + 1
        return logits

    def keep(self, rows: Sequence[int]) -> None:
        """Only these rows stay; columns that are padding in all of them go too, where that is worth it."""
        import torch

        index = torch.as_tensor(list(rows), device=self._model.device)
        self._cache.batch_select_indices(index)
        self._mask, self._next = self._mask[index], self._next[index]
        self._padding = [self._padding[row] for row in rows]
        self.size = len(rows)
        idle = min(self._padding)
        if self._can_trim and idle >= LEAST_TRIM:
            for layer in self._cache.layers:
                layer.trim(idle)
            self._mask = self._mask[:, idle:]
            self._padding = [columns - idle for columns in self._padding]
            self._width -= idle

    def _through(self, ids: Any, positions: Any) -> Any:
        extra: dict[str, Any] = {self._model.cache_name: self._cache}
        if "position_ids" in self._model.forward_names:
            extra["position_ids"] = positions
        if "logits_to_keep" in self._model.forward_names:
            extra["logits_to_keep"] = 1
        out = self._model.model(
            input_ids=ids,
            attention_mask=self._mask[:, : self._width],
            use_cache=True,
            return_dict=True,
            **extra,
        )
        return out.logits[:, -1]


@cache
def _growing() -> type:
    """The class of the layers; made when first needed, because its parent is heavy to import."""
    from transformers.cache_utils import DynamicLayer

    class GrowingLayer(DynamicLayer):  # type: ignore[misc]  # the library is read as Any
        """`keys` and `values`, `[B, heads, T, d]`, are views of the columns in use of larger buffers."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._buffers: tuple[Any, Any] | None = None
            self._first = 0
            self._end = 0

        def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            end = self._end + key_states.shape[-2]
            if self._buffers is None:
                self._buffers = (_roomy(key_states, end), _roomy(value_states, end))
            elif end > self._buffers[0].shape[-2]:
                self._refit(self.keys, self.values)
                end = self._end + key_states.shape[-2]
            for buffer, states in zip(self._buffers, (key_states, value_states), strict=True):
                buffer[:, :, self._end : end] = states
            self._end = end
            self._show()
            return self.keys, self.values

        def batch_select_indices(self, indices: Any) -> None:
            if self._buffers is None:
                return
            count = len(indices)
            for states in (self.keys, self.values):
                _move_up(states, indices)
            self._buffers = (self._buffers[0][:count], self._buffers[1][:count])
            self._show()

        def trim(self, columns: int) -> None:
            self._first += columns
            self._show()

        def _refit(self, keys: Any, values: Any) -> None:
            length = keys.shape[-2]
            self._buffers = (_roomy(keys, length + 1), _roomy(values, length + 1))
            for buffer, states in zip(self._buffers, (keys, values), strict=True):
                buffer[:, :, :length] = states
            self._first, self._end = 0, length
            self._show()

        def _show(self) -> None:
            assert self._buffers is not None
            self.keys, self.values = (buffer[:, :, self._first : self._end] for buffer in self._buffers)

    return GrowingLayer


def _move_up(states: Any, indices: Any) -> None:
    """Puts the rows at rising `indices` first, in place. On a CPU only rows that move are copied, and only once."""
    if states.device.type != "cpu":
        states[: len(indices)] = states[indices]
        return
    for to, row in enumerate(indices.tolist()):
        if to != row:
            states[to] = states[row]


def _roomy(states: Any, length: int) -> Any:
    """An empty buffer for the rows of `states` with room beyond `length` columns."""
    batch, heads, _, width = states.shape
    return states.new_empty((batch, heads, length + max(LEAST_ROOM, length // 4), width))
