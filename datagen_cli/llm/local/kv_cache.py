"""The keys and values of a batch between two steps: transformers' `DynamicCache` with layers that grow in place.

The library's layers copy everything they hold at every token. These keep room at the end, so that a step writes one
column; rows that are done leave by index, and columns that are padding in every row that is left are cut off at the
front. Layers of other kinds (sliding windows, recurrent states) stay the library's own: only rows leave them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

LEAST_ROOM = 64


class KeyValues:
    """The cache of one batch. `inner` is what the model's forward takes as `past_key_values`."""

    def __init__(self, config: Any) -> None:
        from transformers.cache_utils import DynamicCache, DynamicLayer

        self.inner = DynamicCache(config=config)
        self.inner.layers = [_growing()() if type(layer) is DynamicLayer else layer for layer in self.inner.layers]
        self.can_trim = bool(self.inner.layers) and all(isinstance(layer, _growing()) for layer in self.inner.layers)

    def keep(self, rows: Any) -> None:
        """Only these rows stay: an index tensor, rising."""
        self.inner.batch_select_indices(rows)

    def trim(self, columns: int) -> None:
        """Forgets the first columns of every row; only where `can_trim`."""
        for layer in self.inner.layers:
            layer.trim(columns)


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
