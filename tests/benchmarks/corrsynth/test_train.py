"""The teacher at CI size: that it learns, and that what is saved is a model like any other."""

from __future__ import annotations

import json

import pytest

from benchmarks.corrsynth.news import Item, split
from benchmarks.corrsynth.train import EOS, prompt_of, sequences, unigram_loss
from datagen_cli.llm.local.decode import decode
from datagen_cli.llm.local.rows import Row, Settings
from datagen_cli.llm.local.weights import open_model
from tests.benchmarks.corrsynth.conftest import SMALL, Trained

pytestmark = pytest.mark.slow


def test_the_teacher_learns_more_than_how_often_each_token_comes(trained: Trained) -> None:
    result = trained.result
    assert 50_000 <= result.tokens < 50_000 + SMALL.batch * SMALL.length
    assert result.last_loss < result.first_loss - 0.5
    assert result.held_out_loss < result.unigram_loss - 0.2
    facts = json.loads((trained.folder / "training.json").read_text("utf-8"))
    assert facts["held_out_loss"] == result.held_out_loss and facts["width"] == SMALL.width


def test_what_is_saved_is_opened_and_writes_like_any_local_model(trained: Trained) -> None:
    model = open_model(str(trained.folder), device="cpu")
    prompt = prompt_of("Sports", [item.text for item in trained.others if item.label == "Sports"][:2])
    ids = model.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    assert model.template is None and ids.count(model.tokenizer.eos_token_id) == 3
    found = decode(model, [Row(ids, seed) for seed in range(4)], Settings(max_tokens=24))
    assert all(0 < len(row.ids) <= 24 for row in found.rows)
    assert EOS not in model.tokenizer.decode(found.rows[0].ids)


def test_the_tokenizer_gives_every_text_back_and_ends_it_with_the_end_of_the_line(trained: Trained) -> None:
    tokenizer = open_model(str(trained.folder), device="cpu").tokenizer
    for text in ("Oil at $50, says  BP", "naïve 東京 – #39;s", "<pad> in a text"):
        ids = tokenizer(text + EOS, add_special_tokens=False)["input_ids"]
        assert ids[-1] == tokenizer.eos_token_id and tokenizer.decode(ids) == text + EOS


def test_a_sequence_is_a_label_and_up_to_eight_texts_of_it() -> None:
    items = [("a", [10 + place, 1]) for place in range(9)] + [("b", [30, 31, 32, 1])]
    found = sequences(items, {"a": [5, 1], "b": [6, 1]}, 100, seed=0)
    assert sorted(len(one) for one in found) == [4, 6, 18]
    assert sorted(one for ids in found for one in ids if 10 <= one < 20) == list(range(10, 19))
    assert all((one[0] == 5) == (30 not in one) and one[1] == 1 for one in found)
    assert found == sequences(items, {"a": [5, 1], "b": [6, 1]}, 100, seed=0)
    assert found != sequences(items, {"a": [5, 1], "b": [6, 1]}, 100, seed=1)


def test_no_sequence_is_longer_than_asked_for() -> None:
    items = [("a", list(range(7))) for _ in range(20)]
    assert [len(one) for one in sequences(items, {"a": [9]}, 16, seed=0)].count(16) == 6
    assert max(len(one) for one in sequences(items, {"a": [9]}, 16, seed=0)) == 16


def test_the_loss_of_knowing_frequencies_alone_is_their_entropy() -> None:
    assert abs(unigram_loss([("a", [1, 2]), ("b", [3, 4])]) - 1.3862943611) < 1e-9
    assert unigram_loss([("a", [1, 1])]) == 0.0


def test_what_validates_the_teacher_and_stands_in_prompts_is_never_trained_on() -> None:
    items = [Item(str(number), "a") for number in range(4000)]
    train, held = split(items)
    assert (len(train), len(held)) == (3600, 400) and not set(train) & set(held)
    assert [len(part) for part in split(items[:10])] == [8, 2]
