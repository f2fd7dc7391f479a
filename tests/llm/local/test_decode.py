"""The decoding loop on tiny models of transformers: cache, padding, leaving rows, and `generate` beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datagen_cli.core.errors import ProviderError
from datagen_cli.llm.local.decode import Batch, decode
from datagen_cli.llm.local.model import LocalModel
from datagen_cli.llm.local.rows import Halted, Row, Settings
from tests.grids import mostly_slow
from tests.llm.local import reference
from tests.llm.local.reference import toy_model

torch = pytest.importorskip("torch")

PROMPTS = ("abc", "hello world", "Q", "zz top of the world, ever and ever", "A", "no more. no less")
VARIANTS = ("plain", "cross", "intra", "hybrid", "cfg")


def batch(
    model: LocalModel, *, groups: int = 1, negatives: bool = False, prompts: Sequence[str] = PROMPTS
) -> list[Row]:
    encoded = [model.encode({"text": text}) for text in prompts]
    each = len(prompts) // groups
    return [
        Row(ids, 500 + i, i // each, "xy"[i % 2], [encoded[i - 1], encoded[i - 2]] if negatives else ())
        for i, ids in enumerate(encoded)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_loop_writes_what_the_definition_says_with_neither_cache_nor_padding(
    exact_model: LocalModel, variant: str
) -> None:
    model = replace(exact_model, stop=(0, 12, 33))
    rows = batch(model, groups=2, negatives=variant == "cfg")
    settings = Settings(variant, 20, 0.95, 0.9)  # type: ignore[arg-type]
    written = decode(model, rows, settings).rows
    assert len({(one.finish, one.steps) for one in written}) > 2, "all rows end together: the test shows nothing"
    assert [(list(one.ids), one.finish) for one in written] == reference.decode_slowly(model, rows, settings)


def test_greedy_writing_is_that_of_generate(exact_model: LocalModel) -> None:
    rows = batch(exact_model)
    found = decode(exact_model, rows, Settings("plain", 40, temperature=0)).rows
    assert decode(exact_model, rows, Settings("cross", 40, temperature=0, contrast=0.0)).rows == found
    assert [list(one.ids) for one in found] == generated(exact_model, rows, 40, do_sample=False)


@pytest.mark.parametrize(
    ("variant", "contrast", "written"), [("plain", 0.0, 256), ("cross", 0.0, 256), ("cross", 0.5, 400)]
)
def test_a_row_that_only_repeats_itself_is_cut_off_where_none_is_contrasted_with_it(
    exact_model: LocalModel, variant: Any, contrast: float, written: int
) -> None:
    rows = batch(exact_model)
    loop = Batch(exact_model, rows, Settings(variant, 400, temperature=0, contrast=contrast))
    size = len(loop._forward()[0])
    steps = iter(range(400))
    loop._forward = lambda: torch.eye(size)[[5 + next(steps) % 2] * len(loop._alive)]  # type: ignore[method-assign]
    found = loop.run(lambda: False).rows
    assert [(len(one.ids), one.finish) for one in found] == [(written, "length")] * len(rows)


def test_sampling_is_that_of_generate_with_our_numbers(exact_model: LocalModel) -> None:
    rows = batch(exact_model)
    settings = Settings("cross", 40, 0.9, 0.8, contrast=0.0)
    found = decode(exact_model, rows, settings).rows

    class Draws:
        """Leaves the token that our numbers draw."""

        def __init__(self) -> None:
            self.step = 0

        def __call__(self, input_ids: Any, scores: Any) -> Any:
            tokens = [
                reference.draw(own.double().numpy(), row.seed, self.step, settings)
                for own, row in zip(scores, rows, strict=True)
            ]
            self.step += 1
            only = torch.full_like(scores, -torch.inf)
            only[range(len(rows)), tokens] = 0.0
            return only

    assert [list(one.ids) for one in found] == generated(exact_model, rows, 40, Draws(), do_sample=True)


def generated(model: LocalModel, rows: Sequence[Row], most: int, *processors: Any, **options: Any) -> list[list[int]]:
    """New ids of transformers' own loop, without what ends a text."""
    from transformers import LogitsProcessorList

    width = max(len(row.ids) for row in rows)
    ids = torch.tensor([[model.pad] * (width - len(row.ids)) + list(row.ids) for row in rows])
    mask = torch.tensor([[0] * (width - len(row.ids)) + [1] * len(row.ids) for row in rows])
    with torch.inference_mode():
        found = model.model.generate(
            ids, attention_mask=mask, max_new_tokens=most, pad_token_id=model.pad,
            logits_processor=LogitsProcessorList(processors), **options,
        )  # fmt: skip
    texts = [row[width:].tolist() for row in found]
    return [text[: text.index(0)] if 0 in text else text[:most] for text in texts]


@pytest.mark.parametrize("variant", mostly_slow(VARIANTS))
def test_padding_on_the_left_changes_nothing(exact_model: LocalModel, variant: str) -> None:
    rows = batch(exact_model, prompts=PROMPTS[:3], negatives=variant == "cfg")
    long = Row([5 + i % 50 for i in range(90)], 9, 1, "x", [rows[0].ids] if variant == "cfg" else ())
    settings = Settings(variant, 30, 0.95, 0.9)  # type: ignore[arg-type]
    assert decode(exact_model, [*rows, long], settings).rows[:3] == decode(exact_model, rows, settings).rows


def test_in_float32_padding_and_cache_move_no_logit_by_more_than_1e_4(exact_model: LocalModel) -> None:
    single = replace(exact_model, model=exact_model.model.float())
    try:
        rows = batch(single)
        kept = Batch(single, rows, Settings("plain", 12, temperature=0))
        forward, seen = kept._forward, []
        kept._forward = lambda: seen.append(forward()) or seen[-1].clone()  # type: ignore[method-assign, func-returns-value]
        with torch.inference_mode():
            texts = [one.ids for one in kept.run(lambda: False).rows]
        assert min(map(len, texts)) > 2
        for step in range(3):
            for own, row, ids in zip(seen[step], rows, texts, strict=True):
                whole = reference.next_logits(single, [*row.ids, *ids[:step]])
                assert np.abs(own.double().numpy() - whole).max() <= 1e-4
    finally:
        exact_model.model.double()


@pytest.mark.parametrize("variant", mostly_slow(["plain", "cross", "cfg"]))
def test_deleting_a_group_leaves_the_texts_of_the_others_alone(exact_model: LocalModel, variant: str) -> None:
    rows = batch(exact_model, groups=3, negatives=variant == "cfg")
    settings = Settings(variant, 30, 0.95, 0.9)  # type: ignore[arg-type]
    whole = decode(exact_model, rows, settings).rows
    assert whole[:2] + whole[4:] == decode(exact_model, rows[:2] + rows[4:], settings).rows


def watched(
    model: LocalModel, seen: list[tuple[Any, ...]], fail: Callable[[int], bool] = lambda _: False
) -> LocalModel:
    """The model with every forward pass written down: (rows, new tokens, columns of the mask, shape of the logits)."""

    class Watched:
        config = model.model.config

        def __call__(self, **inputs: Any) -> Any:
            if fail(len(inputs["input_ids"])):
                raise torch.OutOfMemoryError("no room")
            out = model.model(**inputs)
            seen.append((*inputs["input_ids"].shape, inputs["attention_mask"].shape[1], tuple(out.logits.shape)))
            return out

    return replace(model, model=Watched())


def test_rows_that_have_ended_leave_the_batch_and_take_their_padding_along(exact_model: LocalModel) -> None:
    limits = [3, 5, 2, 20, 5, 12]
    prompts = ["ab", "abc", "a" * 60, "abcd", "b", "cd"]
    rows = [
        replace(row, max_tokens=limit) for row, limit in zip(batch(exact_model, prompts=prompts), limits, strict=True)
    ]
    seen: list[tuple[Any, ...]] = []
    never = replace(exact_model, stop=(), pad=1)
    done = decode(watched(never, seen), rows, Settings("plain", 20))
    assert [one.steps for one in done.rows] == limits
    assert [one.finish for one in done.rows] == ["length"] * 6
    assert [rows for rows, *_ in seen] == [sum(limit > step for limit in limits) for step in range(20)]
    assert done.forward_rows == sum(limits)
    assert seen[0] == (6, 60, 60, (6, 1, 64)), "logits of the last place only"
    assert [columns for _, _, columns, _ in seen[1:4]] == [61, 4 + 2, 4 + 3], "60 columns for the prompt that has gone"
    expected = reference.decode_slowly(never, rows, Settings("plain", 20))
    assert [(list(one.ids), one.finish) for one in done.rows] == expected


def test_guidance_forwards_each_row_and_its_negatives(exact_model: LocalModel) -> None:
    never = replace(exact_model, stop=())
    done = decode(never, batch(never, negatives=True), Settings("cfg", 4))
    assert done.forward_rows == 6 * 3 * 4
    assert decode(never, batch(never), Settings("cross", 4)).forward_rows == 6 * 4


def test_a_batch_that_is_too_large_goes_by_halves_of_whole_groups(exact_model: LocalModel) -> None:
    rows = batch(exact_model, groups=3)
    settings = Settings("cross", 20, 0.95, 0.9)
    whole = decode(exact_model, rows, settings)
    seen: list[tuple[Any, ...]] = []
    halved = decode(watched(exact_model, seen, lambda count: count > 3), rows, settings)
    assert halved.rows == whole.rows
    assert halved.forward_rows == whole.forward_rows
    assert halved.notes == (
        "out of memory with 6 rows: went on with 4 at once",
        "out of memory with 4 rows: went on with 2 at once",
    )
    assert max(rows for rows, *_ in seen) == 2


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["hybrid", "cfg"])
def test_a_group_that_is_too_large_goes_forward_in_parts(exact_model: LocalModel, variant: str) -> None:
    rows = batch(exact_model, negatives=variant == "cfg")
    settings = Settings(variant, 20, 0.95, 0.9)  # type: ignore[arg-type]
    parted = decode(watched(exact_model, [], lambda count: count > 2), rows, settings)
    assert parted.rows == decode(exact_model, rows, settings).rows
    assert parted.notes[-1].endswith("went on with 2 at once")
    assert decode(exact_model, rows, settings, most_at_once=4).rows == parted.rows


def test_no_room_for_one_row_is_an_error_with_a_way_out(exact_model: LocalModel) -> None:
    with pytest.raises(ProviderError, match="no room for a single row") as caught:
        decode(watched(exact_model, [], lambda count: True), batch(exact_model), Settings("cross", 5))
    assert "smaller model" in caught.value.hint


def test_logits_that_are_not_numbers_are_an_error_with_a_way_out() -> None:
    with pytest.raises(ProviderError, match="not numbers") as caught:
        decode(toy_model(np.full((5, 5), np.nan)), [Row([1], 0)], Settings("plain", 5))
    assert "dtype" in caught.value.hint


def test_a_text_is_over_where_the_caller_says(exact_model: LocalModel) -> None:
    never = replace(exact_model, stop=())
    rows = batch(never)
    found = decode(never, rows, Settings("plain", 20, ended=lambda ids: len(ids) == 7))
    assert [(len(one.ids), one.finish, one.steps) for one in found.rows] == [(7, "stop", 7)] * 6


@pytest.mark.parametrize("variant", ["plain", "cross"])
def test_peers_are_left_off_when_the_others_are_written(exact_model: LocalModel, variant: str) -> None:
    model = replace(exact_model, stop=())
    first, *others = batch(model)
    rows = [replace(first, max_tokens=5), *(replace(row, peer=True) for row in others)]
    settings = Settings(variant, 20)  # type: ignore[arg-type]
    found = decode(model, rows, settings)
    assert [(len(one.ids), one.finish, one.steps) for one in found.rows] == [(5, "length", 5), *[(5, "left", 5)] * 5]
    whole = decode(model, [rows[0], *others], settings)
    assert (found.rows[0], found.forward_rows) == (whole.rows[0], 30)
    assert whole.rows[1].ids[:5] == found.rows[1].ids


def test_stopping_takes_effect_before_the_next_step(exact_model: LocalModel) -> None:
    seen: list[tuple[Any, ...]] = []
    with pytest.raises(Halted):
        decode(watched(exact_model, seen), batch(exact_model), Settings("plain", 20), stop=lambda: len(seen) == 3)
    assert len(seen) == 3


def test_no_rows_and_texts_longer_than_the_spare_columns() -> None:
    assert decode(toy_model(np.zeros((5, 5))), [], Settings()).rows == ()
    long = decode(toy_model(np.zeros((5, 5)), stop=()), [Row([1], 0), Row([2], 1)], Settings("plain", 700))
    assert [one.steps for one in long.rows] == [700, 700]


@pytest.mark.parametrize("name", ["cache", "past_key_values"])
def test_the_keys_and_values_go_by_the_name_that_the_model_has_for_them(name: str) -> None:
    model = toy_model(np.eye(5)[[1, 2, 3, 4, 0]] * 100)
    given: list[str] = []
    forward = model.model.forward
    model.model.forward = lambda *args, **more: given.extend(more) or forward(*args, **more)
    made = decode(replace(model, forward_names=frozenset((name,))), [Row([1], 0)], Settings("plain", 5))
    assert made.rows[0].ids == (2, 3, 4)
    assert {"cache", "past_key_values"} & set(given) == {name}
