"""How transformers is made to read a model: quietly, in one thread, and the head of a GGUF file once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_SEQUENTIAL = "HF_DEACTIVATE_ASYNC_LOAD"


@contextmanager
def quietly() -> Iterator[None]:
    """No bars on the terminal, and weights read in this thread: the end of a run would wait for those of a pool."""
    from transformers import modeling_gguf_pytorch_utils as gguf_reader
    from transformers.utils import logging

    bar, gguf_reader.tqdm = gguf_reader.tqdm, lambda tensors, **_: tensors  # it asks no setting
    shown, before = logging.is_progress_bar_enabled(), os.environ.get(_SEQUENTIAL)
    logging.disable_progress_bar()
    os.environ[_SEQUENTIAL] = "1"
    try:
        yield
    finally:
        gguf_reader.tqdm = bar
        if before is None:
            os.environ.pop(_SEQUENTIAL, None)
        else:
            os.environ[_SEQUENTIAL] = before
        if shown:
            logging.enable_progress_bar()


@contextmanager
def head_read_once() -> Iterator[None]:
    """Of a GGUF file, whose head transformers reads for the tokenizer, for the settings and for the weights."""
    import gguf

    library: Any = gguf
    reader = library.GGUFReader
    library.GGUFReader = cache(reader)
    try:
        yield
    finally:
        library.GGUFReader = reader
