"""How likely a local model finds texts: the mean negative log-likelihood of their tokens, in nats."""

from __future__ import annotations

from collections.abc import Sequence

from datagen_cli.llm.local.model import LocalModel

BATCH, LONGEST = 8, 512


def surprisals(model: LocalModel, texts: Sequence[str]) -> list[float | None]:
    """The mean surprisal of each text's tokens after its first, in nats; its exponential is the perplexity.

    A text of one token has none. Texts are cut at `LONGEST` tokens, or at the model's context.
    """
    import torch

    longest = min(LONGEST, model.context or LONGEST)
    found: list[float | None] = []
    for start in range(0, len(texts), BATCH):
        rows = [model.encode_text(text)[:longest] for text in texts[start : start + BATCH]]
        width = max(map(len, rows))
        ids = torch.tensor([row + [model.pad] * (width - len(row)) for row in rows], device=model.device)
        there = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=model.device)
        with torch.no_grad():
            logits = model.model(input_ids=ids, attention_mask=there).logits[:, :-1].float()
        losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
        told = there[:, 1:]
        sums, counts = (losses * told).sum(dim=1).tolist(), told.sum(dim=1).tolist()
        found += [total / count if count else None for total, count in zip(sums, counts, strict=True)]
    return found
