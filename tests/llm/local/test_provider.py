"""The provider of local models: groups, chat requests that go together, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.core.digest import seed_of
from datagen_cli.core.errors import UsageError
from datagen_cli.llm.faults import RequestRefused
from datagen_cli.llm.keys import locate
from datagen_cli.llm.local import decode as decode_module
from datagen_cli.llm.local import host as host_module
from datagen_cli.llm.local.batches import LocalBatches
from datagen_cli.llm.local.decode import decode
from datagen_cli.llm.local.host import write_group
from datagen_cli.llm.local.rows import Halted, Row, Settings
from datagen_cli.llm.local.weights import open_model
from datagen_cli.llm.provider import RawReply
from tests.grids import mostly_slow
from tests.llm.local.tiny import CHAT, save_model

pytest.importorskip("torch")

CORRELATED = {"contrast": 0.3, "intra_share": 0.5, "guidance": 1.5, "plausibility": 0.01, "gamma": 1.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("base"), "llama", pad=False)


@pytest.fixture(scope="module")
def chat_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("chat"), "llama", chat=CHAT)


def local(folder: Path, **options: Any) -> LocalBatches:
    chosen = ModelOptions(name=f"local/{folder}", device="cpu", dtype="float32")
    return LocalBatches(chosen, locate(chosen, {}), **options)


def group(texts: list[str], variant: str = "cross", *, negatives: bool = False, **more: Any) -> dict[str, Any]:
    rows = [
        {"key": f"{i:06}.1", "group": i // 2, "label": "ab"[i % 2], "prompt": {"messages": [], "text": text}}
        for i, text in enumerate(texts)
    ]
    for i, row in enumerate(rows):
        if negatives:
            row["negatives"] = [rows[i ^ 1]["prompt"]]
    return {
        "model": "m", "messages": [], "max_tokens": 20, "seed": 5, "temperature": 0.9, "top_p": 0.9,
        "group": {"variant": variant, **CORRELATED, "rows": rows}, **more,
    }  # fmt: skip


def chat(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], "max_tokens": 12, "seed": 3, **more}


async def asked(provider: LocalBatches, *payloads: dict[str, Any]) -> list[Any]:
    try:
        return await asyncio.gather(
            *(
                provider.complete(payload, Draw(slot, 1, "generate"), timeout_s=60)
                for slot, payload in enumerate(payloads)
            ),
            return_exceptions=True,
        )
    finally:
        await provider.close()


@pytest.mark.parametrize("variant", mostly_slow(["plain", "cross", "intra", "hybrid", "cfg"]))
async def test_a_group_comes_back_as_one_text_a_row(folder: Path, variant: str) -> None:
    texts = ["abc", "a longer prompt", "Q", "what"]
    payload = group(texts, variant, negatives=variant == "cfg")
    (reply,) = await asked(local(folder), payload)
    found = json.loads(reply.text)
    model = open_model(str(folder), device="cpu")
    ids = [model.encode({"text": text}) for text in texts]
    rows = [
        Row(ids[i], seed_of(5, f"{i:06}.1"), i // 2, "ab"[i % 2], [ids[i ^ 1]] if variant == "cfg" else ())
        for i in range(4)
    ]
    expected = decode(model, rows, Settings(variant, 20, 0.9, 0.9))  # type: ignore[arg-type]
    assert [row["text"] for row in found["rows"]] == [model.text(one.ids) for one in expected.rows]
    assert [(row["finish"], row["steps"]) for row in found["rows"]] == [(r.finish, r.steps) for r in expected.rows]
    assert [row["tokens_in"] for row in found["rows"]] == [len(text) for text in texts]
    assert found["forward_rows"] == expected.forward_rows
    assert reply.tokens_in == sum(map(len, texts))
    assert reply.tokens_out == sum(row["tokens_out"] for row in found["rows"]) == sum(r.steps for r in expected.rows)
    assert reply.finish_reason == "stop"
    assert "no padding token" in found["notes"][0]


async def test_who_waits_sees_how_many_tokens_the_replies_have(
    chat_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, seen, stops = local(chat_folder, concurrency=2), [], LocalBatches._stops

    def watched(self: LocalBatches, replies: Any) -> bool:
        stop = stops(self, replies)
        seen.append(self.writing)
        return stop

    monkeypatch.setattr(LocalBatches, "_stops", watched)
    assert provider.writing == ""
    provider._rows = 2  # as it is from the first request on
    assert provider.writing == "is being loaded"
    await asked(provider, chat("abc"), chat("Q"))
    assert seen[:2] == ["reads 2 prompts", "writes 2 replies, the longest of 1 token so far"]
    assert provider.writing == ""
    seen.clear()
    await asked(local(chat_folder), group(["abc", "abd", "Q"], "plain"))
    assert seen[2] == "writes 3 replies, the longest of 2 tokens so far"


async def test_what_a_row_draws_depends_on_the_seed_and_its_key_alone(folder: Path) -> None:
    payload = group(["abc", "abd", "Q", "what"], "plain")
    fewer = {**payload, "group": {**payload["group"], "rows": payload["group"]["rows"][2:]}}
    other = {**payload, "seed": 6}
    whole, part, again, different = await asked(local(folder), payload, fewer, payload, other)
    assert json.loads(whole.text)["rows"][2:] == json.loads(part.text)["rows"]
    assert whole == again
    assert whole != different


def test_a_prompt_that_does_not_fit_is_shown_fewer_examples_and_that_is_said(folder: Path) -> None:
    model = open_model(str(folder), device="cpu")
    payload = group(["x" * 300, "ab", "c", "d"], max_tokens=500)
    payload["group"]["rows"][0]["prompt"] |= {
        "examples": 8,
        "shorter": [
            {"text": "x" * 200, "examples": 4},
            {"text": "x" * 100, "examples": 2},
            {"text": "x", "examples": 0},
        ],
    }
    found = json.loads(write_group(model, payload).text)
    assert [row["tokens_in"] for row in found["rows"]] == [100, 2, 1, 1]
    assert found["notes"][1:] == [
        "context of 256 tokens: prompts showed 2 of 8 examples",
        "context of 256 tokens: less than max_tokens 500 left for some texts",
    ]


def test_a_context_without_room_for_any_form_of_a_prompt_is_an_error(folder: Path) -> None:
    model = open_model(str(folder), device="cpu")
    with pytest.raises(UsageError, match="context of 256 tokens has no room for a prompt of 250 tokens") as caught:
        write_group(model, group(["x" * 250]))
    assert "longer context" in caught.value.hint


def test_a_text_ends_at_its_blank_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datagen_cli.llm.local.model import LocalModel

    model = open_model(str(folder), device="cpu")
    free = json.loads(write_group(model, group(["abc", "Q"], "plain")).text)["rows"]
    assert [row["steps"] for row in free] == [20, 20]
    shown = LocalModel.text
    after = {1: "\n", 4: "\n\n"}
    monkeypatch.setattr(LocalModel, "text", lambda self, ids: shown(self, ids) + after.get(len(ids), ""))
    cut = json.loads(write_group(model, group(["abc", "Q"], "plain")).text)["rows"]
    assert [(row["steps"], row["finish"]) for row in cut] == [(4, "stop"), (4, "stop")]
    assert [row["text"] for row in cut] == [row["text"][:4] + "\n\n" for row in free]


async def test_chat_requests_that_wait_go_together_in_plan_order(
    chat_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[list[int]] = []

    def watch(model: Any, rows: Any, settings: Settings, **options: Any) -> Any:
        batches.append([len(row.ids) for row in rows])
        return decode(model, rows, settings, **options)

    monkeypatch.setattr(decode_module, "decode", watch)
    head = len("<user><assistant>")
    payloads = [chat("a" * size, temperature=1) for size in (1, 2, 3)]
    payloads += [chat("a" * 4, temperature=0), chat("a" * 5, temperature=1, max_tokens=3)]
    replies = await asked(local(chat_folder, concurrency=3), *payloads)
    assert all(isinstance(reply, RawReply) for reply in replies)
    assert [[size - head for size in batch] for batch in batches] == [[1, 2, 3], [4], [5]]
    alone = [(await asked_alone(chat_folder, slot, payload)) for slot, payload in enumerate(payloads)]
    assert replies == alone
    assert replies[4].tokens_out <= 3


async def asked_alone(folder: Path, slot: int, payload: dict[str, Any]) -> Any:
    provider = local(folder)
    try:
        return await provider.complete(payload, Draw(slot, 1, "generate"), timeout_s=60)
    finally:
        await provider.close()


async def test_a_model_without_a_chat_template_refuses_questions(folder: Path) -> None:
    (found,) = await asked(local(folder), chat("hello"))
    assert isinstance(found, UsageError)
    assert "no chat template" in found.message
    assert "instruction-tuned" in found.hint


async def test_one_prompt_that_is_too_long_costs_itself_only(chat_folder: Path) -> None:
    found = await asked(local(chat_folder), chat("a" * 300), chat("abc", max_tokens=5000))
    assert isinstance(found[0], RequestRefused)
    assert "the context 256" in found[0].message
    assert isinstance(found[1], RawReply)


async def test_parameters_that_it_does_not_know_are_refused_by_name(chat_folder: Path) -> None:
    found = await asked(local(chat_folder), chat("a", response_format={}), chat("a", repetition_penalty=1.1))
    assert [str(one) for one in found] == [
        "a model in this process takes no response_format",
        "a model in this process takes no repetition_penalty",
    ]


async def test_a_folder_without_a_model_is_said_to_everyone_who_waits(folder: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "broken"))
    (broken / "config.json").unlink()
    found = await asked(local(broken), chat("a"), group(["b"]))
    assert [type(one) for one in found] == [UsageError, UsageError]
    assert "config.json is missing" in str(found[0])


async def test_closing_and_cancelling_end_the_work_under_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()
    halted: asyncio.Future[None] = loop.create_future()

    def endless(model: Any, payload: Any, stop: Any) -> RawReply:
        loop.call_soon_threadsafe(started.set_result, None)
        while not stop():
            pass
        loop.call_soon_threadsafe(halted.set_result, None)
        raise Halted

    monkeypatch.setattr(host_module, "write_group", endless)
    for end in ("cancel", "close"):
        started, halted = loop.create_future(), loop.create_future()
        provider = local(folder)
        asking = asyncio.create_task(provider.complete(group(["a"]), Draw(0, 1, "generate"), timeout_s=60))
        await started
        if end == "cancel":
            asking.cancel()
        else:
            await provider.close()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await halted
        await provider.close()
        await provider.close()


@pytest.fixture(autouse=True)
def _no_words_of_the_library() -> Iterator[None]:
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    yield
    logging.set_verbosity(level)
