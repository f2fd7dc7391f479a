"""GGUF files that lie about themselves, given to llama.cpp by way of `gguf/…`: lengths, tensors, chat templates.

Each is made of the small model that the extra `gguf` brings. A run ends with a documented exit code and in good time.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.attack.attack import Attack, apart, read_commands
from benchmarks.attack.texts import wrong_of
from datagen_cli.llm.gguf.files import smollm2_file
from tests.llm.gguf.heads import with_template
from tests.llm.local.test_chat_template import ENDLESS

MOST_CPU_S = 12.0
RECIPE = """
version: 1
name: h
description: Short notes.
model: {name: gguf/m.gguf, max_tokens: 8, context: 512, threads: 1}
count: 1
fields: {text: {type: text}}
limits: {attempts_per_record: 1, patience_s: 1, deadline_s: 30}
"""
MOST = 2**31 - 1
NUMBERS = {
    "a context without end": ("llama.context_length", MOST), "layers without end": ("llama.block_count", MOST),
    "no heads": ("llama.attention.head_count", 0), "heads without end": ("llama.attention.head_count_kv", MOST),
    "a wide embedding": ("llama.embedding_length", MOST), "a wide layer": ("llama.feed_forward_length", MOST),
    "a first token that is none": ("tokenizer.ggml.bos_token_id", MOST), "turns": ("llama.rope.dimension_count", MOST),
}  # fmt: skip


def _number(key: str, value: int, data: bytes) -> bytes:
    mark = struct.pack("<Q", len(key)) + key.encode()
    at = data.index(mark) + len(mark) + 4
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


def _tensor(at: int, form: str, value: int, data: bytes) -> bytes:
    """The first tensor's dimensions (at 4), type (at 12 or 20) or place, counted from the end of its name."""
    name = b"output_norm.weight" if b"output_norm.weight" in data else b"token_embd.weight"
    place = data.index(struct.pack("<Q", len(name)) + name) + 8 + len(name) + at
    packed = struct.pack(form, value)
    return data[:place] + packed + data[place + len(packed) :]


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "tensors without end": lambda data: data[:8] + struct.pack("<Q", 2**60) + data[16:],
    "a billion tensors": lambda data: data[:8] + struct.pack("<Q", 10**9) + data[16:],
    "pairs without end": lambda data: data[:16] + struct.pack("<Q", 2**60) + data[24:],
    "half of it": lambda data: data[: len(data) // 2],
    "an older version": lambda data: data[:4] + struct.pack("<I", 2) + data[8:],
    "a version to come": lambda data: data[:4] + struct.pack("<I", 99) + data[8:],
    "weights of nothing": lambda data: data[: len(data) // 10] + bytes(len(data) - len(data) // 10),
    "weights that are no numbers": lambda data: data[: len(data) // 10] + b"\xff" * (len(data) - len(data) // 10),
    "more dimensions than there are": partial(_tensor, 0, "<I", 10**9),
    "a dimension without end": partial(_tensor, 4, "<Q", 2**62),
    "a tensor of nothing": partial(_tensor, 4, "<Q", 0),
    "a type that is none": partial(_tensor, 12, "<I", 250),
    "a place beyond the file": partial(_tensor, 16, "<Q", 2**63),
    **{name: partial(_number, key, value) for name, (key, value) in NUMBERS.items()},
}  # fmt: skip


def attacks() -> list[Attack]:
    """Every head; none where the model is not installed."""
    if smollm2_file() is None:
        return []
    found = [Attack(name, partial(tried, name)) for name in SPOILT]
    return found + [Attack(f"a template of {name}", partial(templated, name)) for name in ENDLESS]


def tried(name: str, folder: Path) -> str:
    """A run with a spoilt model; what is wrong with how it ended."""
    source = smollm2_file()
    assert source is not None
    (folder / "m.gguf").write_bytes(SPOILT[name](source.read_bytes()))
    return _run(folder)


def templated(name: str, folder: Path) -> str:
    """The same with another chat template."""
    source = smollm2_file()
    assert source is not None
    with_template(source, folder / "m.gguf", ENDLESS[name].encode())
    return _run(folder)


def _run(folder: Path) -> str:
    (folder / "r.yaml").write_text(RECIPE)
    read_commands()
    commands = ("validate r.yaml", "generate r.yaml -o run --quiet", "status run")
    return apart(partial(wrong_of, folder, commands, MOST_CPU_S), folder)
