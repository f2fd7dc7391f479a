"""An endpoint that wants to be asked otherwise is asked so, and whatever the run waits for is said."""

from __future__ import annotations

import gzip
import json
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.llm import waiting
from datagen_cli.pipeline import runner
from tests.endpoint import Answer, Endpoint, completion, refusal
from tests.grids import mostly_slow
from tests.runs.whole import generate, report, rows

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}, mood: {type: text}}
model: {name: any/model, base_url: "%s"}
count: 10
limits: {concurrency: 4, patience_s: 20}
"""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "AGAIN_S", 0.01)


def recipe(tmp_path: Path, endpoint: Endpoint) -> Path:
    path = tmp_path / "notes.yaml"
    path.write_text(RECIPE % endpoint.url)
    return path


def note(body: dict[str, Any], attempt: int = 1) -> str:
    number = body.get("seed", len(json.dumps(body)))
    return json.dumps({"records": [{"text": f"note number {number} {time.monotonic_ns()}", "mood": "calm"}]})


def fastapi(*path: str) -> dict[str, Any]:
    return {"detail": [{"type": "extra_forbidden", "loc": ["body", *path], "msg": "Extra inputs are not permitted"}]}


def openai(param: str) -> dict[str, Any]:
    return {"error": {"message": "Unsupported value", "type": "invalid_request_error", "param": param, "code": None}}


BODIES = {
    "detail.loc": fastapi,
    "error.param": openai,
    "param": lambda name: {"object": "error", "message": "not supported", "param": name},
    "errors.field": lambda name: {"errors": [{"field": name, "reason": "unknown"}]},
    "deep path": lambda name: openai(f"{name}.type"),
}


@pytest.mark.parametrize("where", sorted(BODIES))
@pytest.mark.parametrize("name", mostly_slow(["seed", "response_format", "max_tokens"]))
@pytest.mark.parametrize("status", mostly_slow([400, 422]))
def test_a_parameter_that_is_refused_by_name_is_left_out_or_renamed_and_that_is_said_once(
    status: int, name: str, where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return Answer(status=status, body=json.dumps(BODIES[where](name)).encode()) if name in body else note(body)  # type: ignore[operator]

    with Endpoint(script) as endpoint:
        assert generate(recipe(tmp_path, endpoint), "-o", tmp_path / "run") == 0
    assert len(rows(tmp_path / "run")) == 10
    assert rows(tmp_path / "run", "rejected.jsonl") == []
    assert capsys.readouterr().err.count(name) == 1


def test_a_value_that_is_refused_is_not_a_name_that_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = {"error": {"message": "max_tokens is too large: at most 1024", "param": "max_tokens"}}
    with Endpoint(lambda _, attempt: Answer(status=400, body=json.dumps(body).encode())) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert found["exit_code"] == 5 and "at most 1024" in found["error"]
    assert all("max_tokens" in seen.body for seen in endpoint.requests)


@pytest.mark.parametrize(
    "key", mostly_slow(["seed", "response_format", "max_tokens", "temperature", "top_p", "stop"], 0, 1)
)
def test_a_null_in_params_leaves_the_key_out(key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(note) as endpoint:
        path = recipe(tmp_path, endpoint)
        more = ["--set=sampling.temperature=0.5", "--set=sampling.top_p=0.5"]
        path.write_text(path.read_text().replace("model: {", f"model: {{params: {{{key}: null}}, "))
        found = report(capsys, path, "-o", tmp_path / "run", *more)
    assert found["exit_code"] == 0
    assert not any(key in seen.body for seen in endpoint.requests)
    others = {"seed", "response_format", "max_tokens", "temperature", "top_p"} - {key}
    assert all(others <= seen.body.keys() for seen in endpoint.requests)


NO_SYSTEM = [
    refusal(400, "System role not supported"),
    refusal(400, "Developer instruction is not enabled for models/gemma-3-1b-it"),
    refusal(422, "Only user and assistant roles are supported!"),
    refusal(500, "Jinja Exception: System role not supported"),
    Answer(status=400, body=json.dumps(fastapi("messages", "0", "role")).encode()),
    refusal(400, "Conversation roles must alternate user/assistant/user/assistant/..."),
]


@pytest.mark.parametrize("answer", mostly_slow(NO_SYSTEM), ids=range(len(NO_SYSTEM)))
def test_a_model_without_a_system_role_gets_the_text_in_the_first_question(
    answer: Answer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return answer if any(item["role"] == "system" for item in body["messages"]) else note(body)

    with Endpoint(script) as endpoint:
        assert generate(recipe(tmp_path, endpoint), "-o", tmp_path / "run") == 0
        first = endpoint.requests[0].body["messages"]
        last = endpoint.requests[-1].body["messages"]
    assert first[0]["role"] == "system" and last[0]["role"] == "user"
    assert last[0]["content"].startswith(first[0]["content"]) and first[1]["content"] in last[0]["content"]
    assert len(rows(tmp_path / "run")) == 10
    assert capsys.readouterr().err.count("takes no system message") == 1


@pytest.mark.parametrize("system", ["merge", "off"])
def test_a_recipe_can_say_that_there_is_no_system_message(
    system: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(note) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run", f"--set=model.system={system}")
    assert found["exit_code"] == 0
    assert endpoint.count == 10
    assert {item["role"] for seen in endpoint.requests for item in seen.body["messages"]} == {"user"}


def left(reset: str, kind: str = "-requests", remaining: str = "0") -> Any:
    headers = {f"x-ratelimit-remaining{kind}": remaining, f"x-ratelimit-reset{kind}": reset}
    return lambda body, attempt: Answer(note(body), headers=headers)


@pytest.mark.parametrize(
    "reset", ["24h", "86400", "1d2h", str(int(time.time()) + 90_000)], ids=["hours", "seconds", "days", "epoch"]
)
@pytest.mark.parametrize("kind", mostly_slow(["-requests", "-tokens", ""]))
def test_an_endpoint_that_takes_nothing_for_a_day_ends_the_run_and_says_until_when(
    kind: str, reset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(left(reset, kind)) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["exit_code"], found["rejected"]) == (5, {})
    assert found["seconds"] < 12 * 3600, "the day was waited for"
    assert "takes no more calls until 20" in found["error"]
    assert 1 <= found["accepted"] < 10


@pytest.mark.parametrize("reset", ["soon", "99999999999999999", "3024-13-45", "Thu, 99 Foo 2026"])
def test_a_reset_that_cannot_be_read_is_ignored_and_said(
    reset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from datagen_cli.pipeline import session

    monkeypatch.setattr(session, "HEARTBEAT_S", 0.01)
    slow = left(reset)
    script = lambda body, attempt: Answer(note(body), delay_s=0.1, headers=slow(body, attempt).headers)  # noqa: E731
    with Endpoint(script) as endpoint:
        assert generate(recipe(tmp_path, endpoint), "-o", tmp_path / "run") == 0
    assert capsys.readouterr().err.count("cannot be read") == 1


@pytest.mark.parametrize("what", ["down", "slow", "closed"])
def test_a_long_wait_is_said_with_since_when_and_until_when(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from datagen_cli.pipeline import session

    monkeypatch.setattr(session, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(waiting, "SAID_AFTER_S", 0.2)
    told, tell = Future[None](), waiting.WaitTeller.tell

    def heard(self: waiting.WaitTeller, *given: Any) -> str:
        text = tell(self, *given)
        if text and not told.done():
            told.set_result(None)
        return text

    monkeypatch.setattr(waiting.WaitTeller, "tell", heard)
    scripts = {
        "down": lambda body, attempt: note(body) if told.done() else refusal(503, "gone fishing"),
        "slow": lambda body, attempt: Answer(note(body), held=told),
        "closed": lambda body, attempt: (
            Answer(note(body), headers=left("1s")(body, 1).headers) if endpoint.count < 5 else note(body)  # type: ignore[has-type]
        ),
    }
    with Endpoint(scripts[what]) as endpoint:
        assert generate(recipe(tmp_path, endpoint), "-o", tmp_path / "run") == 0
    said = capsys.readouterr().err
    words = {
        "down": ["nothing has been answered since", "the run ends at", "gone fishing"],
        "slow": ["waiting for replies", "timeout_s: 60"],
        "closed": ["takes no more calls until"],
    }
    assert all(word in said for word in words[what])


def reply_with(body: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({**json.loads(completion(body, Answer(note(body)))), **more}).encode()


ODD = {
    "deep body": lambda body: Answer(body=b'{"choices":' * 5000 + b"1" + b"}" * 5000),
    "deep content": lambda body: Answer("[" * 5000 + "]" * 5000),
    "deep object": lambda body: Answer('{"a":' * 5000 + "1" + "}" * 5000),
    "deep usage": lambda body: Answer(
        body=b'{"choices":[{"message":{"content":"x"}}],"usage":' + b"[" * 5000 + b"]" * 5000 + b"}"
    ),
    "deep error": lambda body: Answer(status=500, body=b'{"error":' * 5000 + b"1" + b"}" * 5000),
    "bomb": lambda body: Answer(body=gzip.compress(b" " * 400_000_000, 1), headers={"Content-Encoding": "gzip"}),
    "model is a list": lambda body: Answer(body=reply_with(body, model=["a"])),
    "id is odd": lambda body: Answer(body=reply_with(body, id={"a": 1}, created="never")),
}


@pytest.mark.parametrize("kind", mostly_slow(sorted(set(ODD) - {"bomb"}), 0, 3))
def test_an_odd_reply_is_that_calls_failure_and_never_the_runs(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd: list[int] = []

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        if len(odd) < 2 and len(endpoint.requests) > 3 and body["seed"] not in odd:
            odd.append(body["seed"])
            return ODD[kind](body)
        return note(body)

    with Endpoint(script) as endpoint:
        path = recipe(tmp_path, endpoint)
        found = report(capsys, path, "-o", tmp_path / "run")
        again = report(capsys, path, "-o", tmp_path / "run")
    assert (found["exit_code"], found["accepted"]) == (0, 10)
    assert again["exit_code"] == 0
    assert len(odd) == 2


@pytest.mark.slow
def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import resource

    bomb = ODD["bomb"]({})

    def script(body: dict[str, Any], attempt: int) -> str | Answer:
        return bomb if endpoint.count == 5 else note(body)

    with Endpoint(script) as endpoint:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert (found["exit_code"], found["accepted"]) == (0, 10)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 250_000  # kB


@pytest.mark.parametrize("model", ["\ud800", "a\udfff b", "\x00"])
def test_a_model_id_that_is_no_text_is_kept_as_one(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: Answer(body=reply_with(body, model=model))) as endpoint:
        path = recipe(tmp_path, endpoint)
        assert report(capsys, path, "-o", tmp_path / "run", "-n", "5")["exit_code"] == 0
        assert report(capsys, path, "-o", tmp_path / "run")["exit_code"] == 0


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_any_status_of_success_is_one_and_long_headers_are_read(
    status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"x-trace": "t" * 20_000}
    with Endpoint(lambda body, attempt: Answer(note(body), status=status, headers=headers)) as endpoint:
        assert report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")["exit_code"] == 0


def test_a_cached_reply_that_cannot_be_read_is_asked_for_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import sqlite3

    with Endpoint(note) as endpoint:
        path = recipe(tmp_path, endpoint)
        assert generate(path, "-o", tmp_path / "run") == 0
        with sqlite3.connect(tmp_path / "run" / "calls.sqlite") as store:
            table = store.execute("select name from sqlite_master where type='table'").fetchone()[0]
            columns = [row[1] for row in store.execute(f"pragma table_info({table})")]
            store.execute(f"update {table} set {columns[-1]} = x'5b5b5b'")
        found = report(capsys, path, "-o", tmp_path / "other", "--cache", tmp_path / "run" / "calls.sqlite")
    assert (found["exit_code"], found["accepted"], found["calls"]) == (0, 10, 10)
