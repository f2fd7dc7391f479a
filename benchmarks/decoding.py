"""`python -m benchmarks.decoding`: what a step of our decoding loop costs, as ratios of one run.

The contrast step beside the plain step (forward, temperature, top-p, draw) of the same model, and the loop beside
`generate` of transformers at the same batch and settings, sampling and greedy (which leaves top-p's sort out of
theirs), all texts of one length and of many. The model is random (d = 512, 8 layers, float32) with its head scaled so
that next-token distributions are about as peaked as a trained model's; the contrast is also measured on the flat
distributions of the unscaled head, the worst case for the nucleus. The two sides take turns, so that other work on the
machine hits both; figures are medians, and a ratio is the median of the ratios of neighbours. Exit code 0: every bar
is kept.
"""

from __future__ import annotations

import argparse
import gc
import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any, Literal

from datagen_cli.llm.local.decode import Batch, decode
from datagen_cli.llm.local.model import LocalModel
from datagen_cli.llm.local.rows import Row, Settings

BATCH, GROUPS, LABELS = 16, 4, 2
VOCABULARIES = (32_000, 152_000)
PROMPT, TEMPERATURE, TOP_P = 32, 0.95, 0.9
OVERHEAD, SPEED, AHEAD = 1.10, 0.95, 1.0


@dataclass(frozen=True)
class Ratio:
    """A ratio of two medians of one run; `at_least` tells which way its bar is."""

    name: str
    ours: float
    theirs: float
    unit: str
    ratio: float
    bar: float
    at_least: bool

    @property
    def kept(self) -> bool:
        return self.ratio >= self.bar if self.at_least else self.ratio <= self.bar

    def __str__(self) -> str:
        sign, verdict = "≥" if self.at_least else "≤", "pass" if self.kept else "FAIL"
        figures = f"{self.ours:>9.4g}{self.theirs:>9.4g} {self.unit:<9}"
        return f"{self.name:<52}{figures}{self.ratio:>7.3f}  {sign} {self.bar:.2f}  {verdict}"


def random_model(vocabulary: int, *, peaked: bool) -> LocalModel:
    """A Llama of d = 512 and 8 layers with no end of text of its own (id 0 is one where it is asked for)."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=512, intermediate_size=1408, num_hidden_layers=8, num_attention_heads=8,
        num_key_value_heads=8, max_position_embeddings=2048, tie_word_embeddings=False, bos_token_id=None,
        eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    if peaked:
        with torch.no_grad():
            model.lm_head.weight.mul_(8.0)
    names = frozenset(inspect.signature(model.forward).parameters)
    return LocalModel("random", model, None, torch.device("cpu"), None, 2048, (), 0, (), names)


def batch(limits: Sequence[int] | None = None) -> list[Row]:
    """16 rows in 4 groups of 2 labels, prompts of 32 tokens."""
    return [
        Row(
            ids=[1 + (row * 131 + place * 17) % 30_000 for place in range(PROMPT)],
            seed=row,
            group=row // (BATCH // GROUPS),
            label=row % LABELS,
            max_tokens=None if limits is None else limits[row],
        )
        for row in range(BATCH)
    ]


def in_turn(first: Callable[[], Any], second: Callable[[], Any], rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of both, taking turns; a round of each to warm up is not counted."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for which in (0, 1) if turn % 2 else (1, 0):
            start = time.perf_counter()
            (first, second)[which]()
            if turn:
                times[which].append(time.perf_counter() - start)
    return times


def neighbours(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of measurements that were made one after the other."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def overhead(vocabulary: int, *, peaked: bool, rounds: int, steps: int) -> Ratio:
    """The contrast step against the plain step; the pass over the prompts is in neither."""
    import torch

    model = random_model(vocabulary, peaked=peaked)
    names: tuple[Literal["hybrid"], Literal["plain"]] = ("hybrid", "plain")
    times: dict[Literal["hybrid", "plain"], list[float]] = {name: [] for name in names}
    with torch.inference_mode():
        for _ in range(rounds):
            batches = {
                variant: Batch(model, batch(), Settings(variant, steps + 2, TEMPERATURE, TOP_P)) for variant in times
            }
            for step in range(steps):
                for variant in times if step % 2 else reversed(times):
                    start = time.perf_counter()
                    batches[variant].advance()
                    if step > 1:
                        times[variant].append(time.perf_counter() - start)
    ours, theirs = times["hybrid"], times["plain"]
    name = f"contrast step / plain step, V = {vocabulary:,}{'' if peaked else ', flat'}"
    return Ratio(name, 1e3 * median(ours), 1e3 * median(theirs), "ms", neighbours(ours, theirs), OVERHEAD, False)


def beside_generate(vocabulary: int, rounds: int, tokens: int, *, varied: bool = False, greedy: bool = False) -> Ratio:
    """Tokens a second of the loop and of `generate`, with the same settings, prompts and lengths of the texts."""
    import torch
    from transformers import LogitsProcessorList

    model = random_model(vocabulary, peaked=True)
    limits = [tokens * (BATCH - row) // BATCH if varied else tokens for row in range(BATCH)]
    rows = batch(limits)
    prompts = torch.tensor([list(row.ids) for row in rows])
    settings = Settings("plain", tokens, 0.0 if greedy else TEMPERATURE, TOP_P)
    sampled = {} if greedy else {"temperature": TEMPERATURE, "top_p": TOP_P, "top_k": 0}
    endings = LogitsProcessorList([_EndsAt(PROMPT, limits)] if varied else [])

    def ours() -> None:
        decode(model, rows, settings)

    def theirs() -> None:
        with torch.inference_mode():
            model.model.generate(
                prompts,
                attention_mask=torch.ones_like(prompts),
                do_sample=not greedy,
                **sampled,
                max_new_tokens=tokens,
                eos_token_id=0 if varied else None,
                pad_token_id=0,
                logits_processor=endings,
            )

    times = in_turn(ours, theirs, rounds)
    written = sum(limits)
    speed = [written / median(side) for side in times]
    how = ("greedy, " if greedy else "") + ("many lengths" if varied else "one length")
    name = f"loop / generate, V = {vocabulary:,}, {how}"
    return Ratio(
        name, speed[0], speed[1], "tokens/s", 1 / neighbours(*times), AHEAD if varied else SPEED, at_least=True
    )


class _EndsAt:
    """Tells `generate` to end each text where ours reaches its limit."""

    def __init__(self, prompt: int, limits: Sequence[int]) -> None:
        self._ends = [prompt + limit - 1 for limit in limits]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        length = input_ids.shape[1]
        for row, end in enumerate(self._ends):
            if length >= end:
                scores[row] = -float("inf")
                scores[row, 0] = 0.0
            else:
                scores[row, 0] = -float("inf")
        return scores


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the ratios; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decoding", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few steps of the small vocabulary: do the pieces work")
    parser.add_argument("--threads", type=int, default=1, help="torch threads (default 1)")
    options = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(options.threads)
    rounds, steps, most = (1, 6, 16) if options.quick else (3, 24, 64)
    vocabularies = VOCABULARIES[:1] if options.quick else VOCABULARIES
    print(f"{'':<52}{'ours':>9}{'theirs':>9} {'':<9}{'ratio':>7}  bar")
    kept = True
    small = VOCABULARIES[0]
    for measure in (
        *(partial(overhead, v, peaked=p, rounds=rounds, steps=steps) for v in vocabularies for p in (True, False)),
        partial(beside_generate, small, rounds, most),
        partial(beside_generate, small, rounds, most, greedy=True),
        partial(beside_generate, small, rounds, most, varied=True),
        partial(beside_generate, small, rounds, most, varied=True, greedy=True),
    ):
        ratio = measure()
        print(ratio, flush=True)
        kept = kept and ratio.kept
        gc.collect()
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
