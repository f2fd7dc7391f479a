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


def test_classes_are_read_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"q": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    rows = datasets.Dataset.from_dict({"q": ["a", "b", "c"], "label": [1, 0, -1]}, features=features)
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: rows)
    base = hub("somebody/answers")
    assert [row.data["label"] for row in base.rows()] == ["yes", "no", None]
    assert base.notes == ["hf:somebody/answers: label is read by its names: 0 is no, 1 is yes"]


def test_a_folder_is_seen_from_the_file_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datagen_cli.config.load import load_recipe

    (tmp_path / "recipes" / "mine").mkdir(parents=True)
    recipe = (
        "version: 1\nname: r\ndescription: d\nmodel: offline\ncount: 2\nfields: {q: q}\n"
        "base: {hf: ./mine, split: train}\n"
    )
    (tmp_path / "recipes" / "r.yaml").write_text(recipe)
    (tmp_path / "recipes" / "hub.yaml").write_text(recipe.replace("./mine", "openai/gsm8k"))
    for name, found in {"r.yaml": str(tmp_path / "recipes" / "mine"), "hub.yaml": "openai/gsm8k"}.items():
        options = load_recipe(f"recipes/{name}", environ={}, cwd=tmp_path).options
        assert options.base is not None
        assert options.base.hf == found


def test_a_name_of_the_hub_is_never_taken_for_a_folder_that_lies_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("datasets")
    monkeypatch.chdir(tmp_path)
    Path("squad").mkdir()
    with pytest.raises(DataError, match="is a folder here") as caught:
        list(hub("squad").rows())
    assert "write ./squad" in caught.value.hint
    with pytest.raises(DataError, match="no such folder"):
        list(hub("./nothing").rows())
    with pytest.raises(DataError, match="a folder has no revisions"):
        list(hub(str(tmp_path / "squad"), revision="abc").rows())


def test_without_a_network_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("Couldn't reach 'openai/gsm8k' on the Hub (ConnectError)")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(DataError, match="the hub cannot be reached") as caught:
        list(hub("openai/gsm8k", config="main").rows())
    assert str(caught.value).startswith("hf:openai/gsm8k: ")
    assert "local file" in caught.value.hint
