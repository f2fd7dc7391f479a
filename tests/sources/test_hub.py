from __future__ import annotations

import builtins
import gzip
import json
import os
import tarfile
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


ROW = b'{"text": "a bed"}\n'


def card(text: str) -> dict[str, bytes]:
    return {"README.md": f"---\nconfigs:\n- {text}\n---\n# Rows\n".encode(), "train.jsonl": ROW}


LEVELS = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
OUTSIDE = "outside its folder"
REFUSED: dict[str, tuple[dict[str, bytes], str]] = {
    "an archive under another name": ({"train.jsonl": b"PK\x05\x06" + bytes(18)}, "archives"),
    "a tape": ({"train.tar": tarfile.TarInfo("a").tobuf() + bytes(1024)}, "archives"),
    "xz": ({"train.jsonl.xz": b"\xfd7zXZ\x00more"}, "archives"),
    "a bomb": ({"train.jsonl.gz": gzip.compress(b"a" * (1 << 26))}, "unpacks to more than 32 MB"),
    "a bomb under another name": ({"deep/train.jsonl": gzip.compress(b"a" * (1 << 26))}, "unpacks to more than 32 MB"),
    "an address": (card("{config_name: default, data_files: 'http://127.0.0.1:9/x.jsonl'}"), OUTSIDE),
    "an address in an archive": (card("{config_name: d, data_files: ['zip://a::http://h/x.zip']}"), OUTSIDE),
    "a file above": (card("{config_name: d, data_files: [{split: train, path: a/../../x.jsonl}]}"), OUTSIDE),
    "a file of the system": (card("{config_name: d, data_files: [{split: train, path: [/etc/x.jsonl]}]}"), OUTSIDE),
    "a folder above": (card("{config_name: d, data_dir: ../x}"), OUTSIDE),
    "a second card": ({".huggingface.yaml": b"configs: [{config_name: d, data_files: ../x}]", "t.jsonl": ROW}, OUTSIDE),
    "a card that grows": ({"README.md": f"---\na0: &a0 [1]\n{LEVELS}\n---\n".encode(), "t.jsonl": ROW}, "too large"),
    "a card that holds itself": ({"README.md": b"---\na: &a [*a]\n---\n", "t.jsonl": ROW}, "too large"),
    "a program in a card": ({"README.md": b"---\na: !!python/name:os.system\n---\n", "t.jsonl": ROW}, "cannot be read"),
}  # fmt: skip


def never_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*_: Any, **__: Any) -> None:
        raise AssertionError("datasets was asked")

    monkeypatch.setattr(pytest.importorskip("datasets"), "load_dataset", load_dataset)


@pytest.mark.parametrize("name", REFUSED)
def test_a_folder_that_reaches_out_or_swells_is_refused_before_it_is_loaded(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_loaded(monkeypatch)
    files, said = REFUSED[name]
    for file, content in files.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(content)
    with pytest.raises(DataError, match=said):
        list(hub(str(tmp_path)).rows())


def test_half_of_a_disk_is_not_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    never_loaded(monkeypatch)
    monkeypatch.setattr("datagen_cli.sources.hub.MOST_FILES", 2)
    for name in ("a.jsonl", "b.jsonl", "c.jsonl"):
        (tmp_path / name).write_bytes(ROW)
    with pytest.raises(DataError, match="more than 2 files"):
        list(hub(str(tmp_path)).rows())


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    never_loaded(monkeypatch)
    os.mkfifo(tmp_path / "train.jsonl")
    with pytest.raises(DataError, match="not a plain file"):
        list(hub(str(tmp_path)).rows())


@pytest.mark.parametrize("name", ["json", "text", "pandas"])
def test_a_kind_of_file_is_no_dataset_of_the_hub(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    never_loaded(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.jsonl").write_bytes(ROW)
    with pytest.raises(DataError, match="the whole working folder"):
        list(hub(name).rows())


def test_a_card_of_a_folder_may_name_the_files_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: datasets.Dataset.from_dict({"text": ["a bed"]}))
    for name, content in card("{config_name: default, data_files: [{split: train, path: 'data/*.jsonl'}]}").items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "more.jsonl.gz").write_bytes(gzip.compress(ROW))
    assert [row.data for row in hub(str(tmp_path)).rows()] == [{"text": "a bed"}]
