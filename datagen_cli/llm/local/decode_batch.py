"""Rows that go through the model together, with their cache, their mask and their positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datagen_cli.llm.local.kv_cache import KeyValues
from datagen_cli.llm.local.model import LocalModel

LEAST_TRIM = 16
SPARE_COLUMNS = 256


class DecodeBatch:
    """Padded on the left; `begin` takes the prompts, `step` one token a row. Rows can leave in between."""

    def __init__(self, model: LocalModel, prompts: Sequence[Sequence[int]]) -> None:
        import torch

        self.size = len(prompts)
        self._model = model
        self._cache = KeyValues(model.model.config)
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
        self._cache.keep(index)
        self._mask, self._next = self._mask[index], self._next[index]
        self._padding = [self._padding[row] for row in rows]
        self.size = len(rows)
        idle = min(self._padding)
        if self._cache.can_trim and idle >= LEAST_TRIM:
            self._cache.trim(idle)
            self._mask = self._mask[:, idle:]
            self._padding = [columns - idle for columns in self._padding]
            self._width -= idle

    def _through(self, ids: Any, positions: Any) -> Any:
        extra: dict[str, Any] = {}
        if "position_ids" in self._model.forward_names:
            extra["position_ids"] = positions
        if "logits_to_keep" in self._model.forward_names:
            extra["logits_to_keep"] = 1
        out = self._model.model(
            input_ids=ids,
            attention_mask=self._mask[:, : self._width],
            past_key_values=self._cache.inner,
            use_cache=True,
            return_dict=True,
            **extra,
        )
        return out.logits[:, -1]
