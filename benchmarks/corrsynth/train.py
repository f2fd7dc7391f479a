"""`python -m benchmarks.corrsynth.train OUT`: a small causal language model of news items, trained here from scratch.

A Llama of about 3.4 M parameters (width 192, 5 layers) with its own byte-level BPE of 6,000 tokens. A training sequence
is a topic on a line and up to eight items of it, a line each: the form of a few-shot prompt, so that prompts are in
distribution. The end of a line is the end of text (EOS): the model writes one item and stops. Saved in Hugging Face
format and loaded like any other model.

Cost: some 4,000 tokens a second on one CPU thread (bf16 products where the processor has them), far more on a GPU.
Runs of one seed agree on one kind of machine. It is a teacher for experiments, no source of facts: the items it writes
are invented, and it is as fluent as 0.4 M different tokens make it.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.corrsynth.news import Item, held_out, taught

EOS, PAD = "\n", "<pad>"
MOST_ITEMS = 8
TOKENS = 3_500_000
RATE, LAST_RATE, WARM_UP = 2e-3, 0.05, 0.05
REPORTS = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a model and of its training sequences and steps, in tokens and sequences."""

    width: int = 192
    layers: int = 5
    heads: int = 3
    inner: int = 512
    vocabulary: int = 6000
    length: int = 320
    batch: int = 4
    context: int = 1024


@dataclass(frozen=True, slots=True)
class Teacher:
    """What training came to. Losses are means in nats a token: of the first steps, the last ones, of held-out items."""

    parameters: int
    tokens: int
    seconds: float
    first_loss: float
    last_loss: float
    unigram_loss: float
    held_out_loss: float


def train_tokenizer(texts: Sequence[str], vocabulary: int) -> Any:
    """A byte-level BPE whose end-of-text is the end of a line. Nothing is added before or after a text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[EOS, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=EOS, pad_token=PAD)


def prompt_of(label: str, texts: Sequence[str]) -> str:
    """What a sequence looks like before the item that is to be written."""
    return "".join(f"{line}{EOS}" for line in (label, *texts))


def sequences(items: Sequence[tuple[str, list[int]]], tags: dict[str, list[int]], length: int, seed: int) -> Any:
    """One pass over encoded items (label, ids): lists of ids of one label each, at most `length`, in random order.

    A sequence takes items of its label until it is full or holds eight; the last may be cut.
    """
    rng = random.Random(seed)
    kinds: dict[str, list[list[int]]] = {}
    for label, ids in items:
        kinds.setdefault(label, []).append(ids)
    found: list[list[int]] = []
    for label, texts in sorted(kinds.items()):
        rng.shuffle(texts)
        current, count = list(tags[label]), 0
        for ids in texts:
            current += ids
            count += 1
            if len(current) >= length or count == MOST_ITEMS:
                found.append(current[:length])
                current, count = list(tags[label]), 0
        if count:
            found.append(current)
    rng.shuffle(found)
    return found


def encode(tokenizer: Any, items: Sequence[Item]) -> tuple[list[tuple[str, list[int]]], dict[str, list[int]]]:
    """Ids of every item, its end included, with its label; and ids of the line of each label."""
    ids = tokenizer([f"{item.text}{EOS}" for item in items])["input_ids"]
    labels = sorted({item.label for item in items})
    tags = dict(zip(labels, tokenizer([f"{label}{EOS}" for label in labels])["input_ids"], strict=True))
    return [(item.label, one) for item, one in zip(items, ids, strict=True)], tags


def unigram_loss(items: Sequence[tuple[str, list[int]]]) -> float:
    """Entropy of the tokens in nats: what a model that knows frequencies alone would lose."""
    from collections import Counter

    counts = Counter(token for _, ids in items for token in ids)
    total = counts.total()
    return -sum(count / total * math.log(count / total) for count in counts.values())


class Training:
    """A model, its optimiser, and the steps it takes."""

    def __init__(self, tokenizer: Any, shape: Shape, seed: int) -> None:
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM

        torch.manual_seed(seed)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=shape.width,
            intermediate_size=shape.inner,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            max_position_embeddings=shape.context,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        self.model = LlamaForCausalLM(config).to(self.device)
        self.pad = tokenizer.pad_token_id
        self._shape = shape
        matrices = [one for one in self.model.parameters() if one.ndim > 1]
        vectors = [one for one in self.model.parameters() if one.ndim == 1]
        groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
        self._optimiser = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95), fused=True)

    def loss(self, batch: Sequence[Sequence[int]]) -> Any:
        """Mean loss over the tokens of the sequences after their first, right-padded."""
        import torch

        width = max(map(len, batch))
        ids = torch.tensor([[*one, *[self.pad] * (width - len(one))] for one in batch], device=self.device)
        with self._precision():
            hidden = self.model.model(ids, use_cache=False).last_hidden_state[:, :-1]
            logits = self.model.lm_head(hidden.flatten(0, 1))
        return torch.nn.functional.cross_entropy(logits.float(), ids[:, 1:].flatten(), ignore_index=self.pad)

    def step(self, batch: Sequence[Sequence[int]], progress: float) -> float:
        """One step at the rate of this progress (0 to 1): linear warm-up, then cosine. Returns the loss before it."""
        import torch

        decay = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in self._optimiser.param_groups:
            group["lr"] = RATE * min(1.0, progress / WARM_UP + 0.02) * decay
        loss = self.loss(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimiser.step()
        self._optimiser.zero_grad()
        return float(loss.detach())

    def mean_loss(self, batches: Sequence[Sequence[Sequence[int]]]) -> float:
        """The mean loss of some batches, learning nothing."""
        import torch

        with torch.no_grad():
            losses = [float(self.loss(batch)) for batch in batches]
        return sum(losses) / len(losses)

    def _precision(self) -> AbstractContextManager[Any]:
        import torch

        known = torch.cpu.get_capabilities()
        fast = self.device == "cuda" or known.get("avx512_bf16") or known.get("amx_bf16")
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=bool(fast))


def batches(encoded: Any, tags: dict[str, list[int]], shape: Shape, seed: int) -> Iterator[list[list[int]]]:
    """Batches without end, each pass over the items in another order and other sequences."""
    turn = 0
    while True:
        found = sequences(encoded, tags, shape.length, seed * 1000 + turn)
        for start in range(0, len(found), shape.batch):
            yield found[start : start + shape.batch]
        turn += 1


def train(
    out: Path,
    items: Sequence[Item],
    others: Sequence[Item],
    *,
    tokens: int,
    seed: int = 0,
    shape: Shape | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Teacher:
    """Trains on `items` for about that many tokens and saves to `out`; `others` are held out for the loss."""
    with one_thread():
        return _train(out, items, others, tokens, seed, shape or Shape(), say)


@contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread: two that share a busy core wait for each other. Numbers too small to matter are zeros."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)


def _train(
    out: Path,
    items: Sequence[Item],
    others: Sequence[Item],
    tokens: int,
    seed: int,
    shape: Shape,
    say: Callable[[str], None],
) -> Teacher:
    tokenizer = train_tokenizer([item.text for item in items], shape.vocabulary)
    encoded, tags = encode(tokenizer, items)
    held = sequences(encode(tokenizer, others)[0], tags, shape.length, seed)
    checks = [held[start : start + shape.batch] for start in range(0, len(held), shape.batch)]
    training = Training(tokenizer, shape, seed)
    losses: list[float] = []
    start, seen, told = time.perf_counter(), 0, 0
    for batch in batches(encoded, tags, shape, seed):
        losses.append(training.step(batch, seen / tokens))
        seen += sum(map(len, batch))
        if seen * REPORTS >= told * tokens:
            told += 1
            rate = seen / (time.perf_counter() - start)
            say(f"{seen:>9,} of {tokens:,} tokens, loss {losses[-1]:.3f}, {rate:,.0f} tokens/s")
        if seen >= tokens:
            break
    few = max(1, len(losses) // 10)
    result = Teacher(
        parameters=sum(one.numel() for one in training.model.parameters()),
        tokens=seen,
        seconds=time.perf_counter() - start,
        first_loss=sum(losses[:few]) / few if len(losses) >= 10 else losses[0],
        last_loss=sum(losses[-few:]) / few,
        unigram_loss=unigram_loss(encoded),
        held_out_loss=training.mean_loss(checks),
    )
    _save(out, training.model, tokenizer, {"seed": seed, **asdict(shape), **asdict(result)})
    return result


def _save(out: Path, model: Any, tokenizer: Any, facts: dict[str, Any]) -> None:
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.to("cpu").save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "training.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains and saves; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corrsynth.train", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder of the model")
    parser.add_argument("--tokens", type=int, default=TOKENS, help=f"tokens to train on (default {TOKENS:,})")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    say = lambda text: print(text, file=sys.stderr, flush=True)  # noqa: E731
    found = train(options.out, taught(), held_out(), tokens=options.tokens, seed=options.seed, say=say)
    print(json.dumps(asdict(found)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
