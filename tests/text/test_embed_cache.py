"""The file that keeps vectors: it changes none, computes each text once, and is not needed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen_cli.text import embed
from datagen_cli.text.embed import Cached


class Counting:
    """An embedder that says which texts it was asked for."""

    name = "counting"
    default_threshold = 0.9
    dim = 4

    def __init__(self, signature: str = "counting-v1") -> None:
        self.signature = signature
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[len(text), sum(map(ord, text)) % 7, 1, 0] for text in texts], dtype=np.float32)

    def close(self) -> None:
        pass


def test_the_cache_changes_no_vector_and_computes_each_text_once(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "vectors.sqlite"
    inner = Counting()
    cached = Cached(inner, file)
    expected = Counting().encode(["a", "bb", "a"])
    assert np.array_equal(cached.encode(["a", "bb", "a"]), expected)
    assert np.array_equal(cached.encode(["bb"]), expected[1:2])
    assert inner.asked == ["a", "bb"]
    cached.close()
    cached.close()
    later = Counting()
    again = Cached(later, file)
    assert np.array_equal(again.encode(["new", "a"])[1], expected[0])
    assert later.asked == ["new"]
    assert again.encode([]).shape == (0, 4)
    again.close()


def test_another_embedder_shares_no_vector_and_a_damaged_one_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "vectors.sqlite"
    first, second = Cached(Counting(), file), Counting("counting-v2")
    first.encode(["a"])
    other = Cached(second, file)
    other.encode(["a"])
    assert second.asked == ["a"]
    first.close()
    longer = Counting()
    longer.dim = 5
    longer.encode = lambda texts: np.ones((len(texts), 5), dtype=np.float32)  # type: ignore[method-assign]
    third = Cached(longer, file)
    assert third.encode(["a"]).shape == (1, 5)
    third.close()
    other.close()


async def test_the_cache_works_inside_a_running_loop(tmp_path: Path) -> None:
    inner = Counting()
    cached = Cached(inner, tmp_path / "vectors.sqlite")
    cached.encode(["a"])
    cached.encode(["a"])
    assert inner.asked == ["a"]
    cached.close()


def test_more_texts_than_one_portion_are_all_kept(tmp_path: Path) -> None:
    texts = [str(number) for number in range(3 * embed.PORTION + 1)]
    inner = Counting()
    cached = Cached(inner, tmp_path / "vectors.sqlite")
    assert np.array_equal(cached.encode(texts), cached.encode(texts))
    assert inner.asked == texts
    cached.close()


def held(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("CREATE TABLE IF NOT EXISTS pairs (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def of_another_program(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE mine (x)")
    return connection


@pytest.mark.parametrize("spoil", [held, of_another_program, Path.mkdir])
def test_where_the_file_cannot_be_used_vectors_are_computed_and_not_kept(
    spoil: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datagen_cli.core.store.BUSY_S", 0.05)
    inner = Counting()
    spoiled = spoil(tmp_path / "vectors.sqlite")
    cached = Cached(inner, tmp_path / "vectors.sqlite")
    expected = Counting().encode(["a", "bb"])
    assert np.array_equal(cached.encode(["a", "bb"]), expected)
    assert np.array_equal(cached.encode(["a", "bb"]), expected)
    assert inner.asked == ["a", "bb", "a", "bb"]
    cached.close()
    if isinstance(spoiled, sqlite3.Connection):
        spoiled.close()


def test_where_the_file_takes_no_more_vectors_are_still_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datagen_cli.core.store.BUSY_S", 0.05)
    inner = Counting()
    cached = Cached(inner, tmp_path / "vectors.sqlite")
    cached.encode(["a"])
    other = sqlite3.connect(tmp_path / "vectors.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        assert np.array_equal(cached.encode(["a", "bb"]), Counting().encode(["a", "bb"]))
    assert inner.asked[:2] == ["a", "bb"]
    other.close()
    cached.close()
