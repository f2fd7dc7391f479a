"""Folders that `base.hf` names: archives, bombs, pipes, cards that name files elsewhere, kinds of files as names.

`validate` refuses each with a reason, in `MOST_CPU_S`, and nothing is asked of the network.
"""

from __future__ import annotations

import os
from functools import partial
from importlib import import_module
from pathlib import Path

from benchmarks.attack.attack import Attack, apart, bound_memory, ended_here
from tests.sources.test_hub import REFUSED, ROW

MOST_CPU_S, MEMORY_MB = 12.0, 6_000
RECIPE = """
version: 1
name: h
description: Questions of a gardener.
model: offline
count: 2
base: {hf: NAME, split: train}
fields: {question: {column: text, type: text}}
"""
KINDS_OF_FILES = ("json", "csv", "text", "parquet", "arrow", "pandas", "webdataset", "xml", "imagefolder")


def attacks() -> list[Attack]:
    """Every folder of the tests, a pipe, a link without end, and every kind of file."""
    found = [Attack(name, partial(tried, "./rows", files)) for name, (files, _) in REFUSED.items()]
    found += [Attack(name, partial(tried, "./rows", {name: b""})) for name in ("a pipe", "a link without end")]
    return found + [Attack(f"the name {kind}", partial(tried, kind, {"train.jsonl": ROW})) for kind in KINDS_OF_FILES]


def tried(name: str, files: dict[str, bytes], folder: Path) -> str:
    """How `validate` ended, in a process of its own."""
    rows = folder / "rows"
    rows.mkdir()
    for file, content in files.items():
        (rows / file).parent.mkdir(exist_ok=True)
        if file == "a pipe":
            os.mkfifo(rows / "train.jsonl")
        elif file == "a link without end":
            (rows / "train.jsonl").symlink_to("/dev/zero")
        else:
            (rows / file).write_bytes(content)
    (folder / "train.jsonl").write_bytes(ROW)
    (folder / "r.yaml").write_text(RECIPE.replace("NAME", name))
    import_module("datasets")  # once a process
    return apart(lambda note: _wrong(folder), folder)


def _wrong(folder: Path) -> str:
    os.chdir(folder)
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hub")}
    bound_memory(MEMORY_MB)
    ended = ended_here(["validate", "r.yaml"])
    if problem := ended.wrong(frozenset({2}), MOST_CPU_S):
        return problem
    return "" if "hint:" in ended.err else "no hint"
