"""A corpus of one's own: the nearest passages first, in any script, indexed once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from datagen_cli.core.errors import DataError
from datagen_cli.retrieval.corpus import PASSAGE_WORDS, Corpus, cut
from datagen_cli.retrieval.wikipedia import read_answer
from datagen_cli.text.tokens import words

FACTS = {
    "France": "The capital of France is Paris. It lies on the Seine.",
    "Kenya": "The capital of Kenya is Nairobi, a city of some four million people.",
    "Japan": "日本の首都は東京です。",
    "China": "中国的首都是北京。",
    "Thai": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
}


def corpus(folder: Path, keep: Path | None = None) -> Corpus:
    lines = [json.dumps({"title": title, "text": text}) for title, text in FACTS.items()]
    (folder / "facts.jsonl").write_text("\n".join(lines) + "\n")
    return Corpus(folder / "facts.jsonl", words, keep)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("Which city is the capital of Kenya?", "Kenya"),
        ("capitals of france", "France"),  # stemmed
        ("東京", "Japan"),
        ("北京是首都", "China"),
        ("เมืองหลวง", "Thai"),
        ('"Nairobi" AND NOT (x OR *', "Kenya"),  # no syntax of the index
    ],
)
def test_the_nearest_passage_comes_first(query: str, title: str, tmp_path: Path) -> None:
    found = corpus(tmp_path).lookup(query, 3)
    assert found[0].title == title and found[0].source == "corpus"
    assert [passage.score for passage in found] == sorted((passage.score for passage in found), reverse=True)


@pytest.mark.parametrize("query", ["", "?!", "zzzz", '"'])
def test_nothing_is_found_where_nothing_is(query: str, tmp_path: Path) -> None:
    assert corpus(tmp_path).lookup(query, 3) == []


def test_the_index_is_made_once_for_what_the_files_hold(tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    first = corpus(tmp_path, keep)
    assert first.lookup("Kenya", 1)[0].title == "Kenya"
    (made,) = keep.iterdir()
    stamp = made.stat().st_mtime_ns
    assert corpus(tmp_path, keep).lookup("Kenya", 1)[0].title == "Kenya"
    assert made.stat().st_mtime_ns == stamp
    FACTS["Chad"] = "The capital of Chad is N'Djamena."
    try:
        assert corpus(tmp_path, keep).lookup("capital of Chad", 1)[0].title == "Chad"
    finally:
        del FACTS["Chad"]
    assert len(list(keep.iterdir())) == 2
    made.write_bytes(b"no index at all")
    first.close()


@pytest.mark.parametrize("damage", [b"", b"no index at all", b"\x00" * 9000])
def test_a_kept_index_that_is_damaged_is_made_again(damage: bytes, tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    whole = corpus(tmp_path, keep).lookup("Kenya", 3)
    (made,) = keep.iterdir()
    content = made.read_bytes()
    for damaged in (damage, content[:4096] + damage + content[4096 + len(damage) :], content[: len(content) // 2]):
        made.write_bytes(damaged)
        for _ in range(2):
            opened = corpus(tmp_path, keep)
            assert opened.lookup("Kenya", 3) == whole
            opened.close()
    assert made.read_bytes() == content


def test_a_folder_is_all_its_texts_and_long_ones_are_cut(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "rivers.txt").write_text("\n\n".join(f"River {n} " + "flows on " * 60 for n in range(9)))
    (tmp_path / "b.md").write_text("# Lakes\n\nThe deepest lake is Baikal.")
    (tmp_path / "c.bin").write_bytes(b"\x00river")
    found = Corpus(tmp_path, words).lookup("River 7", 3)
    assert found[0].title == "rivers" and "River 7" in found[0].text
    assert len(found[0].text.split()) <= PASSAGE_WORDS
    assert Corpus(tmp_path, words).lookup("deepest lake", 1)[0].title == "b"


@pytest.mark.parametrize("size", [0, 1, PASSAGE_WORDS, PASSAGE_WORDS + 1, 5 * PASSAGE_WORDS])
def test_no_word_is_lost_where_a_text_is_cut(size: int) -> None:
    text = "\n\n".join(" ".join(f"w{n}" for n in range(start, min(start + 70, size))) for start in range(0, size, 70))
    parts = cut(text)
    assert " ".join(parts).split() == text.split()
    assert all(len(part.split()) <= PASSAGE_WORDS for part in parts)


def test_half_of_a_disk_is_not_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datagen_cli.retrieval.corpus.MOST_FILES", 2)
    for name in ("a.txt", "b.py", "c"):
        (tmp_path / name).write_text("A deep lake.")
    with pytest.raises(DataError, match="more than 2 files") as caught:
        Corpus(tmp_path, words)
    assert caught.value.hint == "name a smaller folder"


def test_where_there_is_nothing_to_read_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no document to search"):
        Corpus(tmp_path, words)
    with pytest.raises(DataError, match="no document"):
        Corpus(tmp_path / "missing.jsonl", words)
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(DataError, match="no document"):
        Corpus(tmp_path / "empty.jsonl", words)
    (tmp_path / "broken.jsonl").write_text('{"text": "one"}\nno json\n')
    with pytest.raises(DataError, match="not JSON") as raised:
        Corpus(tmp_path / "broken.jsonl", words).lookup("one", 1)
    assert raised.value.place is not None and raised.value.place.line == 2


@pytest.mark.slow
@pytest.mark.samples
def test_the_right_document_is_among_the_first_five(tmp_path: Path, sample: Callable[[str], Path]) -> None:
    rows = [json.loads(line) for line in sample("truthfulqa/truthfulqa.jsonl").read_text().splitlines()]
    lines = [json.dumps({"title": str(n), "text": row["Correct Answers"]}) for n, row in enumerate(rows)]
    (tmp_path / "c.jsonl").write_text("\n".join(lines))
    searched = Corpus(tmp_path / "c.jsonl", words)
    for key, bar in (("Best Answer", 0.93), ("Question", 0.90)):
        hits = sum(str(n) in [found.title for found in searched.lookup(row[key], 5)] for n, row in enumerate(rows))
        assert hits / len(rows) >= bar, (key, hits / len(rows))


def test_half_of_a_character_in_a_document_or_an_answer_becomes_a_question_mark(tmp_path: Path) -> None:
    path = tmp_path / "docs.jsonl"
    path.write_text('{"title": "a\\ud800", "text": "The bed \\udfff of the garden is dry, é."}\n')
    (found,) = Corpus(path, words).lookup("garden bed", 3)
    assert (found.title, found.text) == ("a?", "The bed ? of the garden is dry, é.")
    answered = read_answer({"query": {"pages": [{"title": "a\ud800", "extract": "b\udfff"}]}})
    assert [(one.title, one.text, one.url.isascii()) for one in answered] == [("a?", "b?", True)]
