"""From the name of a local model to its weights: a folder, a GGUF file, or a hub id, cached or else downloaded.

Weights are read from `.safetensors` and `.gguf` only (other formats can run code), and a model's own code is never run.
Looking at a model (`check_model`) reads its settings and no weights, and never the network. Downloads show their
progress on stderr, as the hub's client does.
"""

from __future__ import annotations

import inspect
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datagen_cli.core.errors import MissingExtra, ProviderError, UsageError
from datagen_cli.core.extras import import_torch
from datagen_cli.llm.chat_template import ChatTemplate
from datagen_cli.llm.gguf.files import gguf_file, names_gguf
from datagen_cli.llm.local.model import CACHE_NAMES, LocalModel, control_tokens
from datagen_cli.llm.local.reading import head_read_once, quietly
from datagen_cli.llm.local.settings import has_chat_template, read_settings

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.jinja", "*.safetensors"]
_NOT_HUB_FILES = ["onnx/*", "openvino/*", "original/*"]
_VOCABULARIES = ("vocab.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", *_VOCABULARIES)
_LENGTHS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_sequence_length", "seq_length")
_INDEX = "model.safetensors.index.json"
_DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?")
MOST_KEPT_BYTES = 4 * 2**30
_KEPT: dict[tuple[Any, ...], LocalModel] = {}
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model before it is loaded; None for what is not: all of a hub id that is not downloaded, the
    settings inside a GGUF file. `folder` is the file itself for GGUF."""

    folder: Path | None
    has_chat_template: bool | None = None


def check_model(name: str) -> ModelFacts:
    """Looks whether `name` (what follows `local/`) can be a model, without weights, torch or the network.

    Raises `UsageError` for a path that holds no model or a name that can be neither path nor hub id, `MissingExtra`
    without the packages.
    """
    _check_packages(name)
    if names_gguf(name):
        return ModelFacts(gguf_file(f"local/{name}", name))
    folder = _folder_of(name)
    if folder is None:
        return ModelFacts(None)
    read_settings(name, folder / "config.json")
    return ModelFacts(folder, has_chat_template(name, folder))


def open_model(name: str, *, device: str | None = None, dtype: str | None = None) -> LocalModel:
    """A model for writing. `device` is CUDA where there is one, else the CPU; `dtype` is bfloat16 on CUDA and float32
    elsewhere. The last one on the CPU is kept, up to `MOST_KEPT_BYTES`, for whoever asks for it next while its files
    are the same: the cells of a bench load it once.

    Raises as `check_model` does; `UsageError` for a device that is not there, for a folder whose files cannot be
    loaded, and for a model without an end of text, without all its weights or that is no causal one; `ProviderError`
    when a hub id cannot be downloaded or loaded, or the device has no room.
    """
    check_device(device)
    folder = check_model(name).folder or _download(name)
    place = _place(device)
    dtype = dtype or ("bfloat16" if place.type == "cuda" else "float32")
    key = (str(folder), str(place), dtype, _state_of(folder))
    with _ONE_AT_A_TIME:
        if key in _KEPT:
            return replace(_KEPT[key], name=name)
        _KEPT.clear()  # before the next one takes its room
        found = _open(name, folder, place, dtype)
        if place.type == "cpu" and sum(weight.nbytes for weight in found.model.parameters()) <= MOST_KEPT_BYTES:
            _KEPT[key] = found
    return found


def _state_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of a model's files."""
    files = [folder] if folder.is_file() else sorted(path for path in folder.iterdir() if path.is_file())
    return tuple((path.name, (found := path.stat()).st_size, found.st_mtime_ns) for path in files)


def _open(name: str, folder: Path, place: Any, dtype: str) -> LocalModel:
    notes: list[str] = []
    model, tokenizer = _load(name, folder, place, dtype)
    stop = stop_ids(model, tokenizer)
    if not stop:
        raise UsageError(
            f"model local/{name}: neither its tokenizer nor its settings name an end-of-text token",
            hint="set eos_token in its tokenizer_config.json: without one no text would ever end",
        )
    pad = tokenizer.pad_token_id
    if pad is None:
        pad = stop[0]
        notes.append(f"local/{name} has no padding token; its end-of-text token stands in, masked")
    names = frozenset(inspect.signature(model.forward).parameters)
    if not names.intersection(CACHE_NAMES):
        raise UsageError(
            f"model local/{name}: {type(model).__name__} keeps no cache of keys and values", hint="name another model"
        )
    return LocalModel(
        name=name,
        model=model,
        tokenizer=tokenizer,
        device=place,
        template=ChatTemplate.of(tokenizer),
        context=context_of(model.config.to_dict()),
        stop=stop,
        pad=int(pad),
        notes=tuple(notes),
        forward_names=names,
        controls=control_tokens(tokenizer),
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


def _check_packages(name: str) -> None:
    from importlib.util import find_spec

    for package in ("torch", "transformers", *(("gguf", "accelerate") if names_gguf(name) else ())):
        if find_spec(package) is None:
            raise MissingExtra(f"model local/{name}: needs {package}", "local")


def _folder_of(name: str) -> Path | None:
    """The folder with the model's files; None for a hub id that is not in the hub cache."""
    path = Path(os.path.expanduser(name))
    if path.exists():
        _check_folder(name, path)
        return path
    if name.startswith((".", "~", "/", "\\")) or not _HUB_ID.fullmatch(name):
        raise UsageError(
            f"model local/{name}: there is no such folder", hint="a folder, a .gguf file, smollm2, or a hub id"
        )
    return _cached(name)


def _check_folder(name: str, path: Path) -> None:
    if lack := _lack(name, path):
        raise UsageError(f"model local/{name}: {lack[0]}", hint=lack[1])


def _lack(name: str, path: Path) -> tuple[str, str] | None:
    """Why a path is no whole model, and what to do about it; None for one that is."""
    saved = "a folder as save_pretrained writes it: config.json, *.safetensors and the tokenizer's files"
    if not path.is_dir():
        return "is a file, not a folder of a model", saved
    if not (path / "config.json").is_file():
        return "holds no model: config.json is missing", saved
    if missing := _missing_shards(name, path):
        said = f"of its weights {len(missing)} files are missing, such as {missing[0]}"
        return said, f"{_INDEX} names them: copy or save the model again"
    if not any(path.glob("*.safetensors")):
        return (
            "holds no weights in a .safetensors file",
            "other formats can run code: save it again with save_pretrained",
        )
    if not any((path / file).is_file() for file in _TOKENIZERS):
        return "holds no tokenizer", "tokenizer.save_pretrained writes it there"
    return None


def _missing_shards(name: str, path: Path) -> list[str]:
    """The files of weights that the index names and that are not there; none for weights in one file."""
    if (path / "model.safetensors").is_file() or not (path / _INDEX).is_file():
        return []
    places = read_settings(name, path / _INDEX).get("weight_map")
    files = sorted({str(file) for file in places.values()}) if isinstance(places, dict) else []
    return [file for file in files if not (path / file).is_file()]


def _cached(name: str) -> Path | None:
    """The snapshot of a hub id in the hub cache, if its settings, its tokenizer and all its weights are there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(name, local_files_only=True, allow_patterns=_HUB_FILES, ignore_patterns=_NOT_HUB_FILES)
        )
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise UsageError(f"model local/{name}: neither a folder nor a hub id", hint="such as org/model") from error
    weights = any((folder / file).is_file() for file in ("model.safetensors", _INDEX))
    return folder if weights and not _lack(name, folder) else None


def _download(name: str) -> Path:
    """Fetches file after file in this thread: the threads of `snapshot_download` would hold up the end of a run.

    `config.json` comes last, so that a download that was broken off is not taken for a model.
    """
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.utils import filter_repo_objects

    try:
        files = filter_repo_objects(
            HfApi().list_repo_files(name), allow_patterns=_HUB_FILES, ignore_patterns=_NOT_HUB_FILES
        )
        at = [
            Path(hf_hub_download(name, file)) for file in sorted(files, key=lambda file: (file == "config.json", file))
        ]
    except Exception as error:  # the hub's client lets those of its many libraries through
        raise ProviderError(
            f"model local/{name}: not in the hub cache of this machine, and cannot be downloaded: {_sentence(error)}",
            hint="check the name and the network, or name a folder",
        ) from error
    if not at or at[-1].name != "config.json":
        raise UsageError(f"model local/{name}: holds no model: config.json is missing", hint="name another model")
    _check_folder(name, at[-1].parent)
    return at[-1].parent


def check_device(device: str | None) -> None:
    """Raises `UsageError` for a device that is misspelt or not here, `MissingExtra` when torch is needed to tell.

    Imports torch for `cuda` and `mps` only.
    """
    if device is None or device == "cpu":
        return
    if not _DEVICE.fullmatch(device):
        raise UsageError(f"no device {device!r}", hint="cpu, cuda, cuda:1 or mps")
    try:
        torch = import_torch()
    except ImportError as error:
        raise MissingExtra(f"device {device!r}: needs torch", "local") from error
    if device == "mps":
        if not torch.backends.mps.is_available():
            raise UsageError(f"no device {device!r} here", hint="device: cpu")
        return
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(device.partition(":")[2] or 0) >= count:
        raise UsageError(f"no device {device!r} here: {count} CUDA devices", hint="device: cpu")


def _place(device: str | None) -> Any:
    torch = import_torch()
    return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))


def _load(name: str, folder: Path, place: Any, dtype: str) -> tuple[Any, Any]:
    """Weights and tokenizer from this folder or file alone: no network, no code of its own, no bars on the terminal."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, own = _reading(folder)
    with quietly(), head_read_once() if "gguf_file" in own else nullcontext():
        with _loading(name, "tokenizer", "are the tokenizer's files those of the model, and whole?"):
            tokenizer = AutoTokenizer.from_pretrained(str(folder), **own)
        with _loading(name, "weights", "is it a causal language model of transformers?"):
            model, report = AutoModelForCausalLM.from_pretrained(
                str(folder),
                dtype=getattr(torch, dtype),
                use_safetensors=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
                **own,
            )
    _check_loaded(name, model, report)
    try:
        return model.to(place).eval(), tokenizer
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise _no_room(name, str(place)) from error
        raise ProviderError(
            f"model local/{name}: its weights cannot be put on {place}: {_sentence(error)}", hint="device: cpu"
        ) from error


def files_of(name: str) -> tuple[Path, dict[str, Any]]:
    """Where a model's files are, downloaded where they have to be, and what `from_pretrained` is told to read them by:
    no network, no code of the model's own. Raises as `check_model` does, and `ProviderError` for a failed download."""
    return _reading(check_model(name).folder or _download(name))


def _reading(folder: Path) -> tuple[Path, dict[str, Any]]:
    own: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if folder.is_file():
        return folder.parent, {**own, "gguf_file": folder.name}
    return folder, own


@contextmanager
def _loading(name: str, part: str, hint: str) -> Iterator[None]:
    """Says which part of a model cannot be loaded: the user's mistake in a folder, the provider's in a hub id."""
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _no_room(name, "the machine") from error
    except Exception as error:  # other people's files through other people's readers: anything can come
        kind = UsageError if Path(os.path.expanduser(name)).exists() else ProviderError
        raise kind(f"model local/{name}: its {part} cannot be loaded: {_sentence(error)}", hint=hint) from error


def _check_loaded(name: str, model: Any, report: Mapping[str, Any]) -> None:
    """Raises `UsageError` when weights are random for want of those of the file, and for a model that looks ahead."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    config = model.config
    ahead = config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES or config.model_type == "bert-generation"
    if ahead and not getattr(config, "is_decoder", False):
        raise UsageError(
            f"model local/{name}: {config.model_type} is an encoder: it cannot write",
            hint="name a causal language model, such as a gpt2 or a llama",
        )
    wrong = [one if isinstance(one, str) else str(one[0]) for one in report.get("mismatched_keys") or ()]
    for words, keys in (("lack", sorted(report.get("missing_keys") or ())), ("have another size for", sorted(wrong))):
        if keys:
            more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
            raise UsageError(
                f"model local/{name}: its weights {words} {', '.join(keys[:3])}{more}",
                hint="its files are not those of a whole causal language model: save or download it again",
            )


def _no_room(name: str, place: str) -> ProviderError:
    return ProviderError(
        f"model local/{name}: {place} has no room for its weights", hint="a smaller model, or device: cpu"
    )


def _sentence(error: BaseException) -> str:
    """The first line of what an error says, with its type where that says more than the words do."""
    said = str(error).strip().splitlines()
    if not said:
        return type(error).__name__
    return said[0] if isinstance(error, (OSError, ValueError)) else f"{type(error).__name__}: {said[0]}"
