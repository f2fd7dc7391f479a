"""Tiny random models in Hugging Face format, made on the spot: a Llama with grouped heads and a GPT-2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

VOCABULARY = 64
CHAT = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<assistant>"


def save_tokenizer(folder: Path, *, pad: bool = True, chat: str | None = None) -> None:
    """A tokenizer of single characters; `</s>` is 0, `<pad>` is 1."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from tokenizers.decoders import Fuse
    from transformers import PreTrainedTokenizerFast

    signs = ["</s>", "<pad>", "<unk>", *"abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ.,<>?!0"]
    inner = Tokenizer(models.WordLevel({sign: i for i, sign in enumerate(signs)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    inner.decoder = Fuse()
    options: dict[str, Any] = {"pad_token": "<pad>"} if pad else {}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="</s>", unk_token="<unk>", **options)
    tokenizer.chat_template = chat
    tokenizer.save_pretrained(str(folder))


def make_model(kind: str, *, seed: int = 0, context: int = 256, scale: float = 6.0) -> Any:
    """A random model of two layers whose next-token distributions are far from even."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    shared: dict[str, Any] = {"vocab_size": VOCABULARY, "bos_token_id": None, "eos_token_id": 0, "pad_token_id": 1}
    if kind == "gpt2":
        model: Any = GPT2LMHeadModel(GPT2Config(n_positions=context, n_embd=32, n_layer=2, n_head=4, **shared))
    else:
        model = LlamaForCausalLM(
            LlamaConfig(
                hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
                num_key_value_heads=2, max_position_embeddings=context, tie_word_embeddings=True, **shared,
            )
        )  # fmt: skip
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(scale)
    return model.eval()


def save_model(folder: Path, kind: str = "llama", *, pad: bool = True, chat: str | None = None, **options: Any) -> Path:
    """Weights and tokenizer in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    make_model(kind, **options).save_pretrained(str(folder))
    save_tokenizer(folder, pad=pad, chat=chat)
    return folder
