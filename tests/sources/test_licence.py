"""The licence of a base: said by the recipe, the hub or a card beside the file, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.runs.card import _licences
from datagen_cli.runs.manifest import Manifest
from datagen_cli.sources.open import licence_of
from tests.runs.whole import generate

BESIDE = " (README.md beside the base)"


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ("---\nlicense: mit\ntags: [a]\n---\n# x\n", "mit"),
        ("---\r\ntags: [a]\r\nlicense: 'cc-by-sa-4.0' # of the rows\r\n---\r\n", "cc-by-sa-4.0"),
        ("\ufeff---\nlicense:\n- cc-by-4.0\n- mit\nlanguage: en\n---", "cc-by-4.0, mit"),
        ("---\nlicense: [apache-2.0, mit]\n---\n", "apache-2.0, mit"),
        ("---\nlicense:\n---\n", ""), ("---\nlicense_name: mine\n---\n", ""), ("---\nx: 1\n---\nlicense: mit\n", ""),
        ("---\nlicense: mit\n", ""), ("license: mit\n", ""), ("", ""),
        ("---\nlicense: " + "m" * 900 + "\n---\n", "m" * 200),
    ],
)  # fmt: skip
def test_a_card_beside_the_base_says_it_in_its_head(card: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(card.encode())
    assert licence_of(BaseOptions(path=str(tmp_path / "a.jsonl"))) == (found + BESIDE if found else "")


def test_the_recipe_says_it_before_the_hub_and_nothing_is_guessed(tmp_path: Path) -> None:
    path = str(tmp_path / "a.jsonl")
    assert licence_of(BaseOptions(path=path)) == ""
    assert licence_of(BaseOptions(hf="a/b"), " mit\n") == "mit (the hub)"
    assert licence_of(BaseOptions(hf="a/b", license="cc0-1.0"), "mit") == "cc0-1.0 (the recipe)"
    (tmp_path / "README.md").mkdir()
    assert licence_of(BaseOptions(path=path)) == ""


def test_the_dataset_card_tells_it_and_what_it_does_not_know(tmp_path: Path) -> None:
    def card(name: str, *settings: str) -> str:
        assert generate("quickstart", "-n", "3", "-o", tmp_path / name, *settings) == 0
        return (tmp_path / name / "README.md").read_text("utf-8")

    assert "- licences: base: not stated, `base: {license: …}`" in card("a")
    told = card("b", "--set=base.license=cc-by-4.0 <b>")
    assert "- licences: base: cc-by-4.0 \\<b\\> (the recipe); the offline model" in told
    assert generate("tickets", "-n", "3", "-o", tmp_path / "c") == 0
    manifest = Manifest(
        run="r", recipe={}, count=1, seed=0, simulated=False, fingerprints={}, resume_command="",
        models={"generator": ["gguf/a.gguf", "openai/b"], "solver": ["openai/b"]},
        licences={"gguf/a.gguf": "mit <b> (its file)"},
    )  # fmt: skip
    assert _licences(manifest) == [
        "model gguf/a.gguf: mit \\<b\\> (its file)",
        "model openai/b: not known here, look at the terms of who made or serves it",
    ]
    alone = (tmp_path / "c" / "README.md").read_text("utf-8")
    assert "base: " not in alone and "against the base" not in alone
