from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.errors import DataError, MissingExtra
from datagen_cli.sources.open import BaseFile, open_base


def hub(name: str, **more: Any) -> BaseFile:
    return open_base(BaseOptions.model_validate({"hf": name, **more}))


def without(module: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def guarded(name: str, *args: Any) -> Any:
        if name.split(".")[0] == module:
            raise error(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", guarded)


def test_without_datasets_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without("datasets", ImportError, monkeypatch)
    with pytest.raises(MissingExtra) as caught:
        list(hub("openai/gsm8k").rows())
    assert caught.value.hint.startswith("pip install 'datasets")


@pytest.mark.slow
def test_a_local_dataset_is_read_as_the_hub_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "train.jsonl").write_text("".join(json.dumps({"q": f"q{i}", "n": i}) + "\n" for i in range(5)))
    base = hub(str(folder), limit=3)
    assert [row.data for row in base.rows()] == [{"q": f"q{i}", "n": i} for i in range(3)]
    assert len(base.digest) == 64
    with pytest.raises(DataError, match="cannot be loaded") as caught:
        list(hub(str(folder), split="nosuch").rows())
    assert "base.split" in caught.value.hint


def test_without_a_network_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("Couldn't reach 'openai/gsm8k' on the Hub (ConnectError)")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(DataError, match="the hub cannot be reached") as caught:
        list(hub("openai/gsm8k", config="main").rows())
    assert str(caught.value).startswith("hf:openai/gsm8k: ")
    assert "local file" in caught.value.hint
