"""From the name of a local model to its weights: a folder, or a hub id out of the hub cache or else downloaded.

Weights are read from `.safetensors` only (other formats can run code), and a model's own code is never run. Looking at
a model (`check_model`) reads its settings and no weights, and never the network. Downloads show their progress on
stderr, as the hub's client does.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen_cli.core.errors import MissingExtra, ProviderError, UsageError
from datagen_cli.llm.local.model import LocalModel

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.jinja", "*.safetensors"]
_NOT_HUB_FILES = ["onnx/*", "openvino/*", "original/*"]
_TOKENIZERS = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
)
_LENGTHS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_sequence_length", "seq_length")
_EDGE_BYTES = 65536


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model says of itself before it is loaded; None for what is not known yet (a hub id not downloaded)."""

    name: str
    folder: Path | None
    has_chat_template: bool | None
    context: int | None


def check_model(name: str) -> ModelFacts:
    """Looks whether `name` (what follows `local/`) can be a model, without weights, torch or the network.

    Raises `UsageError` for a path that holds no model or a name that can be neither path nor hub id, `MissingExtra`
    without the packages.
    """
    _check_packages(name)
    folder = _folder_of(name)
    if folder is None:
        return ModelFacts(name, None, None, None)
    config = _read_json(name, folder / "config.json")
    template = (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file()
    settings = folder / "tokenizer_config.json"
    template = template or (settings.is_file() and bool(_read_json(name, settings).get("chat_template")))
    return ModelFacts(name, folder, template, context_of(config))


def open_model(name: str, *, device: str | None = None, dtype: str | None = None) -> LocalModel:
    """Loads a model for writing. `device` is CUDA where there is one, else the CPU; `dtype` is bfloat16 on CUDA and
    float32 elsewhere.

    Raises as `check_model` does, `UsageError` for a device that is not there and for a tokenizer without an end of
    text, `ProviderError` when a hub id cannot be downloaded or the weights cannot be loaded.
    """
    folder = check_model(name).folder or _download(name)
    place = _device(name, device)
    notes: list[str] = []
    model, tokenizer = _load(name, folder, place, dtype or ("bfloat16" if place.type == "cuda" else "float32"))
    stop = stop_ids(model, tokenizer)
    pad = tokenizer.pad_token_id
    if pad is None:
        if not stop:
            raise UsageError(
                f"model local/{name}: its tokenizer has neither an end-of-text nor a padding token",
                hint="set eos_token in its tokenizer_config.json: without one no text would ever end",
            )
        pad = stop[0]
        notes.append(f"local/{name} has no padding token; its end-of-text token stands in, masked")
    names = frozenset(inspect.signature(model.forward).parameters)
    if "past_key_values" not in names:
        raise UsageError(
            f"model local/{name}: {type(model).__name__} keeps no cache of keys and values", hint="name another model"
        )
    return LocalModel(
        name=name,
        model=model,
        tokenizer=tokenizer,
        device=place,
        has_chat_template=bool(getattr(tokenizer, "chat_template", None)),
        context=context_of(model.config.to_dict()),
        stop=stop,
        pad=int(pad),
        notes=tuple(notes),
        forward_names=names,
    )


def stop_ids(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """The ids that end a text: those of the generation settings (or of the model), and the tokenizer's own."""
    said = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    said = model.config.to_dict().get("eos_token_id") if said is None else said
    own = said if isinstance(said, (list, tuple)) else [said]
    return tuple(dict.fromkeys(int(i) for i in (*own, tokenizer.eos_token_id) if i is not None))


def context_of(config: Mapping[str, Any]) -> int | None:
    """The most tokens that a model takes, by its settings; None where they do not say."""
    for settings in (config, config.get("text_config") or {}):
        for name in _LENGTHS:
            value = settings.get(name)
            if isinstance(value, int) and value > 0:
                return value
    return None


def weights_digest(name: str) -> str | None:
    """A digest of what is in a model's folder, None for a hub id: for caches, since a path can be trained anew.

    The settings in full, and the size, the first and the last 64 KiB of each file of weights.
    """
    path = Path(name).expanduser()
    if not path.is_dir():
        return None
    total = hashlib.blake2b(digest_size=16)
    for file in sorted([*path.glob("*.json"), *path.glob("*.safetensors")]):
        with file.open("rb") as data:
            size = file.stat().st_size
            edges = data.read(_EDGE_BYTES)
            data.seek(max(0, size - _EDGE_BYTES))
            edges = file.read_bytes() if file.suffix == ".json" else edges + data.read()
        total.update(f"{file.name} {size} ".encode() + hashlib.blake2b(edges).digest())
    return total.hexdigest()


def _check_packages(name: str) -> None:
    from importlib.util import find_spec

    for package in ("torch", "transformers"):
        if find_spec(package) is None:
            raise MissingExtra(f"model local/{name}: needs {package}", hint="pip install 'datagen-cli[local]'")


def _folder_of(name: str) -> Path | None:
    """The folder with the model's files; None for a hub id that is not in the hub cache."""
    path = Path(name).expanduser()
    if path.exists():
        _check_folder(name, path)
        return path
    if name.startswith((".", "~", "/", "\\")) or not _HUB_ID.fullmatch(name):
        raise UsageError(f"model local/{name}: there is no such folder", hint="a folder of a model, or a hub id")
    return _cached(name)


def _check_folder(name: str, path: Path) -> None:
    hint = "a folder as save_pretrained writes it: config.json, *.safetensors and the tokenizer's files"
    if not path.is_dir():
        raise UsageError(f"model local/{name}: is a file, not a folder of a model", hint=hint)
    if not (path / "config.json").is_file():
        raise UsageError(f"model local/{name}: holds no model: config.json is missing", hint=hint)
    if not any(path.glob("*.safetensors")):
        raise UsageError(
            f"model local/{name}: holds no weights in a .safetensors file",
            hint="other formats can run code: save it again with save_pretrained",
        )
    if not any((path / file).is_file() for file in _TOKENIZERS):
        raise UsageError(f"model local/{name}: holds no tokenizer", hint="tokenizer.save_pretrained writes it there")


def _cached(name: str) -> Path | None:
    """The snapshot of a hub id in the hub cache, if its settings and weights are there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise UsageError(f"model local/{name}: neither a folder nor a hub id", hint="such as org/model") from error
    complete = (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))
    return folder if complete else None


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, allow_patterns=_HUB_FILES, ignore_patterns=_NOT_HUB_FILES))
    except Exception as error:  # the hub's client lets those of its many libraries through
        sentence = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ProviderError(
            f"model local/{name}: not in the hub cache of this machine, and cannot be downloaded: {sentence}",
            hint="check the name and the network, or name a folder",
        ) from error
    _check_folder(name, folder)
    return folder


def _device(name: str, device: str | None) -> Any:
    import torch

    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise UsageError(f"model local/{name}: no device {device!r}", hint="cpu, cuda, cuda:1 or mps") from error
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if place.type == "cuda" and (place.index or 0) >= count:
        raise UsageError(f"model local/{name}: no device {device!r} here: {count} CUDA devices", hint="device: cpu")
    if place.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError(f"model local/{name}: no device {device!r} here", hint="device: cpu")
    if place.type not in ("cpu", "cuda", "mps"):
        raise UsageError(f"model local/{name}: no device {device!r}", hint="cpu, cuda, cuda:1 or mps")
    return place


def _load(name: str, folder: Path, place: Any, dtype: str) -> tuple[Any, Any]:
    """Weights and tokenizer from this folder alone: no network, no code of its own, no bars on the terminal."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
        model = AutoModelForCausalLM.from_pretrained(
            str(folder),
            dtype=getattr(torch, dtype),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
        )
        return model.to(place).eval(), tokenizer
    except torch.OutOfMemoryError as error:
        raise ProviderError(
            f"model local/{name}: {place} has no room for its weights", hint="a smaller model, or device: cpu"
        ) from error
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        sentence = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ProviderError(
            f"model local/{name}: cannot be loaded: {sentence}",
            hint="is it a causal language model of transformers?",
        ) from error
    finally:
        if shown:
            logging.enable_progress_bar()


def _read_json(name: str, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"model local/{name}: {path.name} cannot be read: {error}", hint="download or save the model again"
        ) from error
    return found if isinstance(found, dict) else {}
