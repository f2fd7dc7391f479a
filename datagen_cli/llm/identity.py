"""What a model is for the fingerprints: all that decides what it writes, and nothing else (no address, key, time-out,
price). `max_tokens` is not in it: a reply that came to its end says the same under a higher limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.config.models import ModelOptions, Sampling, SharedModel

WARM = 0.7


def sampling_of(
    options: ModelOptions, role: str, sampling: Sampling | None = None, *, several: bool = False
) -> dict[str, Any]:
    """The sampling that is sent: `temperature`, `top_p`, `top_k`, only those that are set.

    The recipe's `sampling` applies to the generator and wins over the model's own keys. Other roles default to
    temperature 0, and to 0.7 for one of several draws and for a second question.
    """
    found: dict[str, Any] = {}
    for name in ("temperature", "top_p", "top_k"):
        value = getattr(sampling, name) if sampling is not None and role == "generator" else None
        value = getattr(options, name) if value is None else value
        if value is None and name == "temperature" and role != "generator":
            value = WARM if several else 0
        if value is not None:
            found[name] = value
    return found


def model_identity(options: ModelOptions, role: str, sampling: Sampling | None = None) -> dict[str, Any]:
    """One model in one role, as JSON values, defaults included."""
    found: dict[str, Any] = {
        "name": options.name,
        "identity": options.known_as,
        **sampling_of(options, role, sampling),
        "params": dict(options.params),
        "structured": options.structured,
        "system": options.system,
        "dtype": options.dtype,
        **({"form": options.form} if options.form == "completion" else {}),
        **options.provider.identity(options),
    }
    return found


def role_identity(
    models: Mapping[str, Sequence[SharedModel]], role: str, sampling: Sampling | None = None
) -> dict[str, Any]:
    """All models of a role with their shares: part of the fingerprint of every stage that asks the role."""
    return {
        "role": role,
        "models": [{**model_identity(model, role, sampling), "share": model.share} for model in models[role]],
    }
