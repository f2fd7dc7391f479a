"""Models in this process (`local/<hub id or path>`): what is known of them before one is loaded.

What answers is in `llm/local/batches.py`; it is imported when a run opens one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.errors import MissingExtra, UsageError
from datagen_cli.core.licence import CARD, licence_of_card
from datagen_cli.llm.gguf.files import SMOLLM2, gguf_file, licence, names_gguf, sound_templates, speaks_of_reasoning
from datagen_cli.llm.keys import Target
from datagen_cli.llm.local.settings import weights_digest
from datagen_cli.llm.local.weights import check_device, check_model
from datagen_cli.llm.provider import FOREVER_S, Around, Provider, ProviderFacts

HUB = "huggingface.co"


class Local(ProviderFacts):
    """Models run by transformers in this process: `local/<hub id, folder or file.gguf>`, `local/smollm2`."""

    free = on_this_machine = correlates = completes = True
    own_options = ("device", "dtype")
    extra = "local"
    prefix = "local/"

    @classmethod
    def locate(cls, options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str]) -> Target:
        """This process: it has no address, needs no key, and is sent no parameters."""
        given = {"base_url": options.base_url, "api_key_env": options.api_key_env, "headers": options.headers}
        found = [*(name for name, value in given.items() if value), *(f"params.{name}" for name in options.params)]
        for name in found:
            raise UsageError(
                f"model {options.name}: {name} does not go with a model in this process",
                hint=f"remove {name}; a model that is served is hosted_vllm/... or ollama/...",
            )
        return Target("local", cls.model_of(options))

    @classmethod
    def identity(cls, options: ModelOptions) -> dict[str, Any]:
        """The number format, and what is in its folder: a path can be trained anew."""
        return {"dtype": options.dtype, "weights": weights_digest(cls.model_of(options))}

    @classmethod
    def check(cls, options: ModelOptions, role: str, *, chats: bool, to_run: bool) -> None:
        """Raises `UsageError` for a path that holds no model or a damaged one, for one without a chat template that is
        to chat, and for a device that is not there; `MissingExtra` without what runs models."""
        if to_run:
            check_device(options.device)
        if names_gguf(model := cls.model_of(options)) and model != SMOLLM2:
            sound_templates(options.name, gguf_file(options.name, model))
        untrained = check_model(cls.model_of(options)).has_chat_template is False
        if untrained and ((chats and options.form != "completion") or options.form == "chat"):
            raise UsageError(
                f"model {options.name}: has no chat template, so it cannot be the {role}",
                hint="form: completion sends one text to go on with; or name a model that was trained to chat; a"
                " generator without a template goes with sampling.correlated, too",
            )

    @classmethod
    def licence(cls, options: ModelOptions) -> str:
        """What the head of its file, or the card beside its weights, states."""
        model = cls.model_of(options)
        if names_gguf(model):
            stated = licence(gguf_file(options.name, model))
            return f"{stated} (its file)" if stated else ""
        folder = check_model(model).folder
        stated = licence_of_card(folder / CARD) if folder is not None else ""
        return f"{stated} ({CARD} beside the weights)" if stated else ""

    @classmethod
    def time_outs(cls, options: ModelOptions) -> tuple[float, float]:
        """None: a step is never late."""
        return FOREVER_S, FOREVER_S

    @classmethod
    def stopped_by(cls, options: ModelOptions) -> tuple[str, ...]:
        """The limit, for a GGUF file that does not speak of reasoning; of other weights that is not known."""
        model = cls.model_of(options)
        here = names_gguf(model) and not speaks_of_reasoning(gguf_file(options.name, model))
        return ("max_tokens",) if here else ()

    @classmethod
    def fetched_from(cls, options: ModelOptions) -> str | None:
        """The hub, for weights that are not here yet."""
        model = cls.model_of(options)
        if names_gguf(model):
            return None
        try:
            there = check_model(model).folder is not None
        except MissingExtra:
            there = Path(model).exists()
        return None if there else HUB

    @classmethod
    def open(cls, options: ModelOptions, target: Target, around: Around) -> Provider:
        """The model, loaded with the first request by each of the engine's workers."""
        from datagen_cli.llm.local.batches import LocalBatches

        return LocalBatches(options, target, concurrency=around.concurrency, workers=around.workers)
