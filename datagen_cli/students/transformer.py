"""The transformer student: any Hugging Face encoder or causal model, fine-tuned to tell labels, on a CPU or a GPU.

A classification head is put on the model, and all weights are trained for a few epochs (AdamW, linear decay). After
`+lora` the weights stay as they are and low-rank adapters of all linear layers are trained with the head (LoRA, arXiv
2106.09685; `peft`): a fraction of the memory. `scratch` is a tiny encoder of its own words that starts from random
weights: seconds on a CPU, for tests and for a first look. torch and transformers (`[local]`) are imported when a
student is trained. Weights are found, and read from `.safetensors` and `.gguf` only, as those of `local/` models are.
The same seed gives the same student on one kind of machine.

Larger models are not trained here: `docs/bench.md` has the recipe for TRL and lm-eval.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datagen_cli.core.errors import MissingExtra, UsageError
from datagen_cli.core.extras import import_torch
from datagen_cli.llm.local.reading import quietly
from datagen_cli.llm.local.weights import check_model, files_of

SCRATCH = "scratch"
EPOCHS, BATCH, LONGEST = 4, 16, 128
RATE, SCRATCH_RATE, SCRATCH_EPOCHS = 5e-5, 2e-3, 12
LORA, LORA_RATE, LORA_RANK = "+lora", 5e-4, 8
_WORD = re.compile(r"\w+|[^\w\s]")
PAD, UNKNOWN = 0, 1


def check_student(name: str) -> None:
    """Raises `MissingExtra` where torch, transformers or, for `+lora`, peft is not installed, and `UsageError` for a
    name that no model has. Reads no weights and never the network."""
    from importlib.util import find_spec

    if find_spec("torch") is None or find_spec("transformers") is None:
        raise MissingExtra("the transformer student needs torch and transformers", "local")
    if name.endswith(LORA) and find_spec("peft") is None:
        raise MissingExtra("a LoRA student needs peft", "train")
    if name.removesuffix(LORA) != SCRATCH:
        check_model(name.removesuffix(LORA))
    elif name != SCRATCH:
        raise UsageError(f"the student {name}: there are no weights to adapt", hint="scratch trains all of its weights")


class Transformer:
    """A classifier of texts. `name` is a hub id, a folder, `smollm2`, a `.gguf` file, or `scratch`, all but the last
    also with `+lora`; `device` is found without it. Raises as `check_student`."""

    def __init__(self, name: str = SCRATCH, *, seed: int = 0, epochs: int | None = None, device: str = "") -> None:
        check_student(name)
        self._name = name.removesuffix(LORA)
        self._lora = name.endswith(LORA)
        self._seed = seed
        self._epochs = epochs or (SCRATCH_EPOCHS if name == SCRATCH else EPOCHS)
        self._device = device
        self._model: Any = None
        self._tokenizer: Any = None
        self._words: dict[str, int] = {}
        self._labels: list[str] = []

    @property
    def signature(self) -> str:
        adapters = f"|lora r={LORA_RANK}" if self._lora else ""
        return f"{Path(self._name).name}+head{adapters}|epochs={self._epochs}"

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Transformer:
        """Trains on at least one text; with one label alone the student always says that one."""
        self._labels = sorted(set(labels))
        if len(self._labels) == 1:
            return self
        torch = import_torch()
        torch.manual_seed(self._seed)
        self._device = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._load(texts)
        self._model.to(self._device).train()
        rate = SCRATCH_RATE if self._name == SCRATCH else LORA_RATE if self._lora else RATE
        trained = [weights for weights in self._model.parameters() if weights.requires_grad]
        optimiser = torch.optim.AdamW(trained, lr=rate, weight_decay=0.01)
        wanted = torch.tensor([self._labels.index(label) for label in labels])
        steps = self._epochs * -(-len(texts) // BATCH)
        decay = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: max(0.0, 1.0 - step / steps))
        shuffled = torch.Generator().manual_seed(self._seed)
        for _ in range(self._epochs):
            for rows in torch.randperm(len(texts), generator=shuffled).split(BATCH):
                batch = self._batch([texts[row] for row in rows.tolist()])
                loss = self._model(**batch, labels=wanted[rows].to(self._device)).loss
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(trained, 1.0)
                optimiser.step()
                decay.step()
        self._model.eval()
        return self

    def predict(self, texts: Sequence[str]) -> list[str]:
        if len(self._labels) == 1:
            return [self._labels[0]] * len(texts)
        import torch

        found: list[str] = []
        with torch.no_grad():
            for start in range(0, len(texts), BATCH):
                scores = self._model(**self._batch(texts[start : start + BATCH])).logits
                found += [self._labels[place] for place in scores.argmax(dim=-1).tolist()]
        return found

    def _load(self, texts: Sequence[str]) -> None:
        import transformers

        if self._name == SCRATCH:
            words = sorted({word for text in texts for word in _WORD.findall(text.lower())})
            self._words = {word: place for place, word in enumerate(words, start=UNKNOWN + 1)}
            config = transformers.BertConfig(
                vocab_size=len(words) + 2, hidden_size=64, num_hidden_layers=2, num_attention_heads=2,
                intermediate_size=128, max_position_embeddings=LONGEST, num_labels=len(self._labels),
            )  # fmt: skip
            self._model = transformers.BertForSequenceClassification(config)
            return
        import torch

        folder, own = files_of(self._name)
        try:
            with quietly():
                self._tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), **own)
                self._model = transformers.AutoModelForSequenceClassification.from_pretrained(
                    str(folder), num_labels=len(self._labels), use_safetensors=True, dtype=torch.float32, **own
                )
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0][:200]
            raise UsageError(
                f"the student {self._name} cannot be loaded: {reason}",
                hint="an encoder or a causal model of transformers, or scratch",
            ) from error
        if self._lora:
            from peft import LoraConfig, TaskType, get_peft_model

            # adapters of every linear layer, and the head, are trained; the model's own weights are not
            lora = LoraConfig(
                task_type=TaskType.SEQ_CLS, r=LORA_RANK, lora_alpha=2 * LORA_RANK, lora_dropout=0.0,
                target_modules="all-linear",
            )  # fmt: skip
            self._model = get_peft_model(self._model, lora)
        if self._tokenizer.pad_token is None:  # causal models have none
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._model.config.pad_token_id = self._tokenizer.pad_token_id

    def _batch(self, texts: Sequence[str]) -> dict[str, Any]:
        """Texts as tensors `[texts, tokens]`, cut at `LONGEST` tokens."""
        import torch

        if self._tokenizer is not None:
            found = self._tokenizer(list(texts), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
            return {name: values.to(self._device) for name, values in found.items() if name != "token_type_ids"}
        rows = [
            [self._words.get(word, UNKNOWN) for word in _WORD.findall(text.lower())[:LONGEST]] or [UNKNOWN]
            for text in texts
        ]
        longest = max(map(len, rows))
        ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
        return {"input_ids": ids.to(self._device), "attention_mask": (ids != PAD).long().to(self._device)}
