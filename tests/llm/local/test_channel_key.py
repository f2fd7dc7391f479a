"""What the call cache knows a local model by."""

from __future__ import annotations

from pathlib import Path

from datagen_cli.config.models import Limits, ModelOptions
from datagen_cli.llm.channel import Channel
from datagen_cli.llm.keys import locate


def key_of(name: str, **more: str) -> object:
    options = ModelOptions(name=name, **more)  # type: ignore[arg-type]
    return Channel(options, locate(options, {}), seed=0, limits=Limits(), plant=lambda _: None).key_state.hexdigest()


def test_a_model_that_was_trained_anew_at_its_path_is_another_one(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"one")
    name = f"local/{tmp_path}"
    before = key_of(name)
    assert key_of(name) == before
    assert key_of(name, device="cpu") == before
    assert key_of(name, dtype="bfloat16") != before
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert key_of(name) != before
    assert key_of("local/org/model") == key_of("local/org/model")
