"""What is known of a GGUF model before it runs, and its server: started, asked, killed, ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from datagen_cli.config.models import Limits, ModelOptions, Sampling, SharedModel
from datagen_cli.core.chat import Draw, End
from datagen_cli.core.errors import MissingExtra, ProviderError, UsageError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.llm.binding import ModelBinding
from datagen_cli.llm.channel import Channel
from datagen_cli.llm.faults import RequestRefused
from datagen_cli.llm.gguf import provider
from datagen_cli.llm.gguf.provider import CUT_OFFS, CUTTING, Gguf, GgufModel, settings_of, with_cut_offs
from datagen_cli.llm.gguf.server import LlamaServer
from datagen_cli.llm.identity import model_identity
from datagen_cli.llm.keys import Target, hosts, locate
from datagen_cli.llm.prices import FREE, price_of
from datagen_cli.llm.retry import mend_refusal
from datagen_cli.prompts.checking import verdict_format
from datagen_cli.prompts.parse import response_format
from datagen_cli.prompts.solving import Item, answer_format
from tests.grids import mostly_slow
from tests.llm.asking import asking, question
from tests.real_model import MODEL, needs_smollm2

SHORT = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 12, "temperature": 0.7}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that looks like a model from outside."""
    path = tmp_path / "my model.gguf"
    path.write_bytes(b"GGUF" + bytes(200))
    return path


@pytest.fixture
def smollm2() -> ModelOptions:
    needs_smollm2("xllamacpp")
    return ModelOptions(name=MODEL, context=1024, threads=1)


def running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(true: Callable[[], bool], within_s: float = 600.0) -> bool:
    end = time.monotonic() + within_s
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


# before it runs


def test_it_has_no_host_no_key_and_no_price(file: Path) -> None:
    options = ModelOptions(name=f"gguf/{file}")
    target = locate(options, {"OPENAI_API_KEY": "sk-x"})
    assert (target.kind, target.host, target.key_env, target.key) == ("gguf", None, None, None)
    assert hosts([options]) == []
    assert price_of(options, target) == FREE


@pytest.mark.parametrize(
    "more", [{"base_url": "http://localhost:1/v1"}, {"api_key_env": "A_KEY"}, {"headers": {"a": "b"}}]
)
def test_it_takes_nothing_that_is_for_endpoints(file: Path, more: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"{next(iter(more))} does not go with"):
        locate(ModelOptions(name=f"gguf/{file}", **more), {})


@pytest.mark.parametrize("name", ["offline", "openai/x", "local/x"])
def test_its_own_options_go_with_it_only(name: str) -> None:
    with pytest.raises(ValidationError, match="threads, context and slots go with gguf models only"):
        ModelOptions(name=name, threads=2)
    with pytest.raises(ValidationError, match="device and dtype go with local models only"):
        ModelOptions(name="gguf/x.gguf", device="cpu")


def test_a_core_is_left_free_and_there_are_no_more_slots_than_threads(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cores, threads, slots in ((1, 1, 1), (2, 1, 1), (4, 3, 3), (64, 63, 4)):
        monkeypatch.setattr(provider, "usable_cores", lambda cores=cores: cores)
        found = settings_of(ModelOptions(name=f"gguf/{file}"))
        assert (found.threads, found.slots, found.context, found.alias) == (threads, slots, 4096, "my model")
    own = settings_of(ModelOptions(name=f"gguf/{file}", threads=2, slots=8, context=512))
    assert (own.threads, own.slots, own.context) == (2, 8, 512)


def test_its_identity_is_the_file_and_what_is_sent_but_not_how_it_is_run(file: Path) -> None:
    before = model_identity(ModelOptions(name=f"gguf/{file}"), "generator")
    assert model_identity(ModelOptions(name=f"gguf/{file}", threads=3, slots=2), "generator") == before
    assert before["cut_offs"] == {"top_k": 40, "top_p": 0.95, "min_p": 0.05}
    file.write_bytes(b"GGUF" + bytes(201))
    assert model_identity(ModelOptions(name=f"gguf/{file}"), "generator") != before


@pytest.mark.parametrize("said", [{"top_p": 0.9}, {"top_k": 5}, {"min_p": 0.1}, {"typical_p": 0.8}])
def test_what_a_recipe_says_of_cutting_off_is_all_that_is_sent(said: dict[str, Any]) -> None:
    assert with_cut_offs({**SHORT, **said}) == {**SHORT, **said}
    assert with_cut_offs(SHORT) == {**SHORT, **CUT_OFFS}


@pytest.mark.parametrize("name", sorted(CUTTING))
def test_all_that_cuts_tokens_off_can_be_said_in_a_recipe(name: str) -> None:
    assert ModelOptions.model_validate({"name": "gguf/smollm2", "params": {name: 1}}).params == {name: 1}


def test_only_time_outs_that_the_recipe_sets_count_and_a_call_has_a_slot(file: Path) -> None:
    def channel(**more: Any) -> Channel:
        options = SharedModel(name=f"gguf/{file}", **more)
        return Channel(options, locate(options, {}), seed=0, limits=Limits(), plant=lambda _: None)

    assert channel().policy.timeout_s > 1e6
    assert channel(timeout_s=7.0).policy.timeout_s == 7.0
    assert channel(slots=3).limiter.limit == 3


def test_a_machine_without_the_package_is_told_what_brings_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="needs xllamacpp") as caught:
        Gguf.check(ModelOptions(name=f"gguf/{file}"), "generator", chats=True, to_run=True)
    assert "xllamacpp" in caught.value.hint


# running


async def test_a_file_that_is_no_whole_model_ends_the_run_with_a_sentence(file: Path) -> None:
    needs_smollm2("xllamacpp")
    model = GgufModel(ModelOptions(name=f"gguf/{file}"), locate(ModelOptions(name=f"gguf/{file}"), {}))
    try:
        with pytest.raises(ProviderError, match="model gguf/my model: cannot be loaded: "):
            await model.complete(SHORT, Draw(0, 1, "generate"), timeout_s=30)
    finally:
        await model.close()


async def test_it_answers_in_the_form_that_is_asked_for_and_ends_with_the_client(smollm2: ModelOptions) -> None:
    form = {
        "type": "json_schema",
        "json_schema": {
            "name": "verdict",
            "schema": {
                "type": "object",
                "properties": {"verdict": {"enum": ["yes", "no"]}, "reason": {"type": "string", "maxLength": 60}},
                "required": ["verdict", "reason"],
                "additionalProperties": False,
            },
        },
    }
    options = SharedModel(**{name: getattr(smollm2, name) for name in smollm2.model_fields_set})
    async with asking(options, role="generator") as client:
        reply = await client.ask(question(text="Is the sky blue?", response_format=form))
        answer = json.loads(reply.text)
        assert answer["verdict"] in ("yes", "no") and isinstance(answer["reason"], str)
        model: Any = next(iter(client._channels.values()))._provider
        assert reply.model == "smollm2" and reply.usage.tokens_in > 10 and reply.usage.cost_usd == 0
        child = model._server._process.pid
        assert running(child)
    assert not running(child)


async def test_calls_go_out_in_the_order_in_which_they_were_asked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = GgufModel(ModelOptions(name=f"gguf/{file}"), locate(ModelOptions(name=f"gguf/{file}"), {}))
    sent: list[int] = []

    class Http:
        async def complete_when(self, payload: dict[str, Any], draw: Draw, start: Any) -> None:
            sent.append(draw.slot)

    async def start() -> Http:
        return Http()

    async def try_template(payload: dict[str, Any]) -> None:
        for _ in range(9 - 2 * payload["slot"]):  # the later ones are written sooner
            await asyncio.sleep(0)

    monkeypatch.setattr(model, "_start", start)
    monkeypatch.setattr(model._server, "try_template", try_template)
    await asyncio.gather(
        *(model.complete({"messages": [], "slot": n}, Draw(n, 1, "generate"), timeout_s=1) for n in range(4))
    )
    assert sent == [0, 1, 2, 3]


@pytest.mark.slow
async def test_how_far_a_reply_is_can_be_asked_while_it_is_written(smollm2: ModelOptions) -> None:
    model: Any = GgufModel(smollm2, locate(smollm2, {}))
    long = {**SHORT, "max_tokens": 60, "ignore_eos": True}
    try:
        asked = asyncio.create_task(model.complete(long, Draw(0, 1, "generate"), timeout_s=600))
        while model._starting is None:
            await asyncio.sleep(0)
        assert model.writing == "is being loaded"
        seen = [0]
        while not asked.done():
            seen += (await model._server.under_way() or []) if model._starting.done() else []
            await asyncio.sleep(0.01)
            assert not model._calls or model.writing.startswith(("reads 1 prompt", "writes 1 reply, "))
        assert model.writing == ""
        assert sorted(seen) == seen and len(set(seen)) > 1
        assert (await asked).tokens_out >= max(seen)
    finally:
        await model.close()


@pytest.mark.slow
async def test_a_server_that_dies_under_a_call_ends_the_run_and_says_how(smollm2: ModelOptions) -> None:
    model = GgufModel(smollm2, locate(smollm2, {}))
    try:
        await model.complete(SHORT, Draw(0, 1, "generate"), timeout_s=600)
        child = model._server._process
        assert child is not None
        long = {**SHORT, "max_tokens": 900, "ignore_eos": True}
        call = asyncio.create_task(model.complete(long, Draw(0, 1, "generate"), timeout_s=600))
        while not any(await model._server.under_way() or []):
            await asyncio.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        with pytest.raises(ProviderError, match="its server was killed by signal 9"):
            await call
    finally:
        await model.close()


async def test_a_model_that_is_closed_while_it_loads_leaves_no_child(smollm2: ModelOptions) -> None:
    model = GgufModel(smollm2, locate(smollm2, {}))
    call = asyncio.create_task(model.complete(SHORT, Draw(0, 1, "generate"), timeout_s=600))
    while model._server._process is None:
        await asyncio.sleep(0.01)
    child = model._server._process.pid
    await model.close()
    assert until(lambda: not running(child))
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.slow
async def test_the_server_wants_its_key(smollm2: ModelOptions) -> None:
    import aiohttp

    server = LlamaServer(settings_of(smollm2))
    try:
        url = await server.start()
        assert url.startswith("http://127.0.0.1:")
        async with aiohttp.ClientSession() as session:
            for key, status in (("", 401), (server.key, 200)):
                headers = {"Authorization": f"Bearer {key}"}
                async with session.post(f"{url}/v1/chat/completions", json=SHORT, headers=headers) as response:
                    assert response.status == status
    finally:
        await server.close()


PARENT = """
import asyncio, os, signal, sys
from datagen_cli.config.models import ModelOptions
from datagen_cli.llm.gguf.provider import settings_of
from datagen_cli.llm.gguf.server import LlamaServer

async def main():
    server = LlamaServer(settings_of(ModelOptions(name="gguf/smollm2", context=512)))
    task = asyncio.create_task(server.start())
    while server._process is None:
        await asyncio.sleep(0.01)
    print(server._process.pid, flush=True)
    if sys.argv[1] == "loaded":
        await task
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.parametrize("when", mostly_slow(["loading", "loaded"]))
def test_the_server_goes_when_its_parent_is_killed(when: str) -> None:
    needs_smollm2("xllamacpp")
    done = subprocess.run(
        [sys.executable, "-c", PARENT, when], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    child = int(done.stdout)
    assert until(lambda: not running(child)), f"process {child} outlived its parent"
    assert os.getpid() != child


def bound(path: Path, **more: Any) -> ModelBinding:
    """A model of a file in the generator's role."""
    options = SharedModel.model_validate({"name": f"gguf/{path}", "threads": 1, **more})
    target = locate(options, {}, ())
    channel = Channel(options, target, seed=0, limits=Limits(), plant=lambda planted: None)
    return ModelBinding(options, "generator", Sampling(), channel)


def sent(binding: ModelBinding, **more: Any) -> tuple[Any, Any]:
    """`max_tokens` and `stop` of a request whose answers have ended after 50 tokens and at a blank line."""
    body = binding.payload(question(end=End(50, "\n\n"), **more), [], 0, ())
    return body.get("max_tokens"), body.get("stop")


def test_a_model_that_answers_at_once_is_stopped_where_a_fitting_answer_has_ended(file: Path) -> None:
    assert sent(bound(file)) == (50, ["\n\n"])
    assert sent(bound(file), more_tokens=2) == (100, ["\n\n"])


def test_what_the_user_says_of_the_end_wins(file: Path) -> None:
    assert sent(bound(file, max_tokens=400)) == (400, ["\n\n"])
    assert sent(bound(file, max_tokens=30)) == (30, ["\n\n"])
    assert sent(bound(file, params={"max_tokens": 400})) == (400, ["\n\n"])
    assert sent(bound(file, params={"stop": ["#"]})) == (50, ["#"])


LISTS = response_format([FieldSpec("answers", "list"), FieldSpec("text")], 1)


def most_of(binding: ModelBinding, form: Mapping[str, Any]) -> Any:
    """`maxItems` of the list in a request whose lists have ended after nine entries."""
    body = binding.payload(question(end=End(items={"answers": 9, "text": 9}), response_format=form), [], 0, ())
    fields = body["response_format"]["json_schema"]["schema"]["properties"]["records"]["items"]["properties"]
    assert "maxItems" not in fields["text"]
    return fields["answers"].get("maxItems")


def test_a_list_ends_where_a_fitting_one_has_but_where_the_recipe_says_where(file: Path) -> None:
    bounded = response_format([FieldSpec("answers", "list"), FieldSpec("text")], 1, {"answers": {"maxItems": 40}})
    longer = response_format([FieldSpec("answers", "list"), FieldSpec("text")], 1, {"answers": {"minItems": 12}})
    assert (most_of(bound(file), LISTS), most_of(bound(file, max_tokens=400), LISTS)) == (9, 9)
    assert (most_of(bound(file), bounded), most_of(bound(file), longer)) == (40, 12)
    assert "maxItems" not in str(LISTS["json_schema"]["schema"]["properties"]["records"]["items"])
    file.write_bytes(file.read_bytes() + b"<think>")
    assert most_of(bound(file), LISTS) is None


def test_reasons_and_short_answers_end_so_that_what_follows_them_comes(file: Path) -> None:
    form = answer_format(Item("How many?"))
    end = End(characters={"reason": 300, "answer": 80})

    def fields(binding: ModelBinding, form: Mapping[str, Any]) -> Any:
        body = binding.payload(question(end=end, response_format=form), [], 0, ())
        return body["response_format"]["json_schema"]["schema"]["properties"]

    held = fields(bound(file), form)
    assert (held["reason"]["maxLength"], held["answer"]["maxLength"]) == (300, 80)
    assert "maxLength" not in str(form)
    assert "maxLength" not in str(fields(bound(file), answer_format(Item("How many?", number=True)))["answer"])
    assert "maxLength" not in str(fields(bound(file), answer_format(Item("Which?", ("a", "b"))))["answer"])
    reasons = verdict_format(("good", "bad"), {"reason": {"type": "array", "items": {"type": "string"}}})
    assert fields(bound(file), reasons)["reason"]["items"]["maxLength"] == 300
    file.write_bytes(file.read_bytes() + b"<think>")
    assert "maxLength" not in str(fields(bound(file), form))


def test_a_model_that_reasons_is_not_stopped(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"<think>")
    assert sent(bound(file)) == (2048, None)


def test_a_model_behind_an_address_is_not_stopped() -> None:
    options = SharedModel.model_validate({"name": "m", "base_url": "http://127.0.0.1:9/v1"})
    channel = Channel(options, locate(options, {}, ()), seed=0, limits=Limits(), plant=lambda planted: None)
    assert sent(ModelBinding(options, "generator", Sampling(), channel)) == (2048, None)


def test_a_prompt_beyond_the_context_is_met_by_the_models_own_option() -> None:
    fault = RequestRefused(400, "the request exceeds the available context size", about="length")
    here = mend_refusal(fault, Gguf.locate(ModelOptions(name="gguf/smollm2", context=512), {}, ()))
    assert "a larger context (`{name: gguf/smollm2, context: 1024}`)" in here and "max_tokens=" not in here
    there = mend_refusal(fault, Target("openai", "m"))
    assert "--set model.max_tokens=512" in there and "or a model with a longer context" in there
