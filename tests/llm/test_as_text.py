"""`form: completion`: a conversation is sent as one text to go on with, on the fast path, by a GGUF file and here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.models import Limits, ModelOptions, Sampling, SharedModel
from datagen_cli.core.chat import Draw
from datagen_cli.llm.as_text import answer_in, as_text, completed
from datagen_cli.llm.binding import ModelBinding
from datagen_cli.llm.channel import Channel
from datagen_cli.llm.identity import model_identity
from datagen_cli.llm.keys import locate
from datagen_cli.llm.local.batches import LocalBatches
from datagen_cli.llm.local.provider import Local
from tests.endpoint import Answer, Endpoint
from tests.llm.asking import question
from tests.llm.local.tiny import CHAT, save_model
from tests.runs.whole import report, rows

TALK = [
    {"role": "system", "content": "Letters.\n"},
    {"role": "user", "content": "Write a new text.\n"},
    {"role": "assistant", "content": "Dear all"},
    {"role": "user", "content": "Write a new text.\n"},
]
TEXT = "Letters.\n\nUser: Write a new text.\n\nAssistant: Dear all\n\nUser: Write a new text.\n\nAssistant:"
HERE = {"name": "m", "base_url": "http://127.0.0.1:9/v1"}


def body(**more: Any) -> dict[str, Any]:
    """What a model is sent for TALK."""
    options = SharedModel.model_validate({**HERE, **more})
    channel = Channel(options, locate(options, {}, ()), seed=0, limits=Limits(), plant=lambda planted: None)
    form = {"type": "json_schema"}
    return ModelBinding(options, "generator", Sampling(), channel).payload(question(response_format=form), TALK, 7, ())


def test_the_text_names_who_speaks_and_ends_where_the_answer_begins() -> None:
    assert as_text(TALK) == TEXT
    assert as_text(TALK[-1:]) == "User: Write a new text.\n\nAssistant:"
    assert answer_in(" Dear you,\n\nbye\n\nUser: more\n\nAssistant: x") == "Dear you,\n\nbye"


def test_a_text_to_go_on_with_stops_before_another_question_and_has_no_form_of_reply() -> None:
    found = body(form="completion")
    assert (found["prompt"], found["stop"], found["seed"]) == (TEXT, ["\nUser:"], 7)
    assert not {"messages", "response_format"} & found.keys()
    assert body(form="completion", params={"stop": "#"})["stop"] == ["\nUser:", "#"]
    assert len(body(form="completion", params={"stop": ["a", "b", "c", "d"]})["stop"]) == 4


def test_the_rows_of_a_group_keep_their_texts_only() -> None:
    prompt = {"messages": TALK, "text": "a", "shorter": [{"messages": TALK, "text": "b", "examples": 1}]}
    group = {"variant": "cfg", "rows": [{"key": "k", "group": 0, "prompt": prompt, "negatives": [prompt]}]}
    bare = {"text": "a", "shorter": [{"text": "b", "examples": 1}]}
    assert completed({"model": "m", "messages": [], "group": group})["group"] == {
        "variant": "cfg", "rows": [{"key": "k", "group": 0, "prompt": bare, "negatives": [bare]}]
    }  # fmt: skip


@pytest.mark.parametrize("form", ["auto", "chat"])
def test_a_conversation_stays_one_otherwise(form: str) -> None:
    found = body(form=form)
    assert found["messages"] == TALK and "prompt" not in found and "response_format" in found


@pytest.mark.parametrize(
    ("base_url", "form", "path"),
    [
        ("http://127.0.0.1:9/v1", "completion", "/v1/completions"),
        ("http://127.0.0.1:9/v1/completions", "completion", "/v1/completions"),
        ("http://127.0.0.1:9/v1/chat/completions/", "completion", "/v1/completions"),
        ("http://127.0.0.1:9/v1", "chat", "/v1/chat/completions"),
        ("http://127.0.0.1:9/v1/chat/completions", "auto", "/v1/chat/completions"),
    ],
)
def test_it_goes_to_the_address_of_its_form(base_url: str, form: str, path: str) -> None:
    options = ModelOptions.model_validate({"name": "m", "base_url": base_url, "form": form})
    assert locate(options, {}, ()).url == f"http://127.0.0.1:9{path}"


@pytest.mark.parametrize("name", ["offline", "anthropic/claude"])
def test_models_that_take_conversations_only_refuse_it(name: str) -> None:
    with pytest.raises(ValueError, match="form: completion goes with"):
        ModelOptions.model_validate({"name": name, "form": "completion"})


def test_the_form_is_what_a_model_is_but_saying_the_usual_one_changes_nothing() -> None:
    plain, chat, text = (
        model_identity(ModelOptions.model_validate({**HERE, "form": form}), "generator")
        for form in ("auto", "chat", "completion")
    )
    assert plain == chat != text


@pytest.mark.slow
def test_a_whole_run_on_an_endpoint_that_only_completes(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "letters.yaml"

    def script(asked: dict[str, Any], attempt: int) -> Answer:
        assert asked["prompt"].endswith("\n\nAssistant:") and "messages" not in asked
        choice = {"index": 0, "text": f" Letter number {asked['seed']}", "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 3}
        return Answer(body=json.dumps({"object": "text_completion", "choices": [choice], "usage": usage}).encode())

    with Endpoint(script) as endpoint:
        file.write_text(
            "version: 1\nname: letters\ndescription: Letters.\nfields: {text: {type: text}}\ncount: 3\n"
            f"model: {{name: base, base_url: '{endpoint.url}', form: completion}}\n"
        )
        found = report(capsys, file, "-o", tmp_path / "run")
        assert {seen.path for seen in endpoint.requests} == {"/v1/completions"}
    assert (found["exit_code"], found.get("calls")) == (0, 3), found
    assert all(row["text"].startswith("Letter number ") for row in rows(tmp_path / "run"))


@pytest.mark.parametrize("chat", [None, CHAT])
async def test_a_model_in_this_process_goes_on_with_a_text_whether_it_can_chat_or_not(
    chat: str | None, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    name = f"local/{save_model(tmp_path / 'tiny', 'llama', chat=chat)}"
    options = ModelOptions.model_validate({"name": name, "device": "cpu", "dtype": "float32", "form": "completion"})
    Local.check(options, "generator", chats=True, to_run=True)
    provider = LocalBatches(options, locate(options, {}, ()))
    payload = {"model": "m", "prompt": "abc", "stop": ["\nUser:"], "max_tokens": 6, "seed": 3}
    try:
        reply = await provider.complete(payload, Draw(0, 1, "generate"), timeout_s=60)
    finally:
        await provider.close()
    assert reply.tokens_in in (3, 4) and reply.finish_reason in ("stop", "length")
