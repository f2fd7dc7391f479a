"""One prompt that always fails withholds nothing: the rest is written, and the next run fills the gap alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.core.chat import Draw
from datagen_cli.llm import retry
from datagen_cli.llm.client import draw_seed
from datagen_cli.pipeline import runner
from tests.endpoint import Answer, Endpoint, impatient, refusal
from tests.grids import mostly_slow
from tests.runs.whole import after, generate, killed, outcome, report, rows

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}}
model: {name: any/model, base_url: "%s", structured: off}
count: 40
limits: {concurrency: 8}
"""

Script = Callable[[dict[str, Any], int], "str | Answer"]


def with_body(**value: Any) -> Answer:
    return Answer(body=json.dumps(value).encode())


USED = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
FAILURES = {
    "500": refusal(500, "internal error"),
    "503": refusal(503, "overloaded"),
    "empty choices": with_body(choices=[], usage=USED),
    "no choices": with_body(choices=None, usage=USED),
    "choice is null": with_body(choices=[None], usage=USED),
    "message is null": with_body(choices=[{"index": 0, "message": None, "finish_reason": "stop"}], usage=USED),
    "no message": with_body(choices=[{"index": 0}], usage=USED),
    "dropped": Answer(drop=True),
    "cut off": Answer("note", cut_off=True, cut=40),
    "never": Answer(never=True),
}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "AGAIN_S", 0.01)
    monkeypatch.setattr(runner, "AGAIN_NO_REPLY_S", 0.02)
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.02)


def recipe(tmp_path: Path, endpoint: Endpoint, text: str = RECIPE) -> Path:
    path = tmp_path / "notes.yaml"
    path.write_text(text % endpoint.url)
    return path


def note(body: dict[str, Any]) -> str:
    return text(f"note number {body['seed']}")


def text(words: str) -> str:
    return json.dumps({"records": [{"text": words}]})


def seeds(slots: list[int], purpose: str = "generate") -> set[int]:
    """What is sent as `seed` for these slots, whatever the attempt."""
    return {draw_seed(0, Draw(slot, attempt, purpose)) for slot in slots for attempt in range(1, 7)}


class Poison:
    """A script that fails for some seeds until it is `mended`."""

    def __init__(self, poisoned: set[int], fault: Answer, answer: Callable[[dict[str, Any]], str] = note) -> None:
        self.poisoned, self.fault, self.answer = poisoned, fault, answer
        self.mended = False
        self.failures = 0

    def __call__(self, body: dict[str, Any], attempt: int) -> str | Answer:
        if body["seed"] in self.poisoned and not self.mended:
            self.failures += 1
            return self.fault
        return self.answer(body)


def undisturbed(tmp_path: Path, text: str = RECIPE, answer: Callable[[dict[str, Any]], str] = note) -> dict[str, bytes]:
    with Endpoint(lambda body, attempt: answer(body)) as endpoint:
        generate(recipe(tmp_path, endpoint, text), "-o", tmp_path / "undisturbed")
    return outcome(tmp_path / "undisturbed")


@pytest.mark.parametrize("slots", mostly_slow([[0], [19], [39], [0, 19], [19, 39]], 0, 3), ids=str)
@pytest.mark.parametrize("fault", ["500", "empty choices"])
def test_a_poisoned_prompt_leaves_its_slot_open_and_one_call_fills_it_when_it_is_mended(
    fault: str, slots: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = Poison(seeds(slots), FAILURES[fault])
    with Endpoint(script) as endpoint:
        path = recipe(tmp_path, endpoint)
        found = report(capsys, path, "-o", tmp_path / "run")
        assert (found["state"], found["exit_code"], found["accepted"]) == ("short", 3, 40 - len(slots))
        assert (found["rejected"], found["no_reply"], found["surplus"]) == ({}, 2 * len(slots), 0)
        assert [int(slot["id"][-6:]) for slot in found["failed_slots"]] == slots
        assert all("no reply" in slot["reason"] for slot in found["failed_slots"])
        assert len(rows(tmp_path / "run")) == 40 - len(slots)
        assert script.failures == 6 * len(slots)
        script.mended = True
        asked = endpoint.count
        found = report(capsys, path, "-o", tmp_path / "run")
        assert (found["state"], found["exit_code"], found["accepted"]) == ("done", 0, 40)
        assert (found["calls"], endpoint.count - asked) == (len(slots), len(slots))
        assert (found["new_records"], found["no_reply"], found["failed_slots"]) == (len(slots), 0, [])
    assert outcome(tmp_path / "run") == undisturbed(tmp_path)


@pytest.mark.parametrize("fault", mostly_slow(sorted(set(FAILURES) - {"500", "empty choices"}), 1, 2, 5))
def test_every_way_of_not_answering_one_prompt_is_met_alike(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Poison(seeds([0]), FAILURES[fault])
    with Endpoint(script) as endpoint:
        path = recipe(tmp_path, endpoint)
        with monkeypatch.context() as patch:
            if fault == "never":
                impatient(patch, 0)
            found = report(capsys, path, "-o", tmp_path / "run")
        assert (found["state"], found["exit_code"], found["accepted"]) == ("short", 3, 39)
        assert (found["rejected"], found["no_reply"]) == ({}, 2)
        script.mended = True
        found = report(capsys, path, "-o", tmp_path / "run")
    assert (found["calls"], found["accepted"], found["exit_code"]) == (1, 40, 0)
    assert outcome(tmp_path / "run") == undisturbed(tmp_path)


def test_an_empty_reply_is_booked_at_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(Poison(seeds([0]), FAILURES["message is null"])) as endpoint:
        found = report(capsys, recipe(tmp_path, endpoint), "-o", tmp_path / "run")
    assert found["tokens"] == {"in": 39 * 10 + 6 * 7, "out": 39 * 5 + 6 * 3, "cached": 0}


def test_the_cause_and_what_to_do_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(Poison(seeds([7]), refusal(500, "the moon is full"))) as endpoint:
        assert generate(recipe(tmp_path, endpoint), "-o", tmp_path / "run") == 3
    said = capsys.readouterr().err
    assert "1 slot had no reply" in said and "the moon is full" in said
    assert "asks again" in said and "attempts_per_record" not in said


@pytest.mark.slow
def test_a_run_that_is_killed_in_between_ends_in_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = Poison(seeds([0]), FAILURES["500"])
    with Endpoint(script) as endpoint:
        path = recipe(tmp_path, endpoint)

        def arrange() -> None:
            from datagen_cli.runs.checkpoint import Checkpoint

            Checkpoint.append = after(60, Checkpoint.append)  # type: ignore[method-assign]

        assert killed(arrange, path, "-o", tmp_path / "run")
        found = report(capsys, path, "-o", tmp_path / "run")
        assert (found["accepted"], found["exit_code"]) == (39, 3)
        script.mended = True
        assert report(capsys, path, "-o", tmp_path / "run")["calls"] == 1
    assert outcome(tmp_path / "run") == undisturbed(tmp_path)


def same_in_two(body: dict[str, Any]) -> str:
    """Slots 3 and 5 write the text of slot 0 at their first attempt, so that both are refused once it is there."""
    copies = {draw_seed(0, Draw(slot, 1, "generate")): draw_seed(0, Draw(0, 1, "generate")) for slot in (3, 5)}
    return text(f"note number {copies.get(body['seed'], body['seed'])}")


def test_rows_that_were_judged_without_an_open_slot_are_replaced_aloud(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = Poison(seeds([0]), FAILURES["500"], same_in_two)
    with Endpoint(script) as endpoint:
        path = recipe(tmp_path, endpoint)
        found = report(capsys, path, "-o", tmp_path / "run")
        assert (found["accepted"], found["rejected"]) == (39, {"duplicate": 1})
        capsys.readouterr()
        script.mended = True
        assert generate(path, "-o", tmp_path / "run") == 0
        said = capsys.readouterr().err
    assert "judged without slots that had no reply" in said and "-000003" in said
    assert outcome(tmp_path / "run") == undisturbed(tmp_path, answer=same_in_two)


def test_a_run_that_is_stopped_writes_all_that_can_be_accepted_without_what_is_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, go = draw_seed(0, Draw(0, 1, "generate")), Future[None]()
    later = asyncio.BaseEventLoop.call_later
    over: list[Callable[[], object]] = []

    def call_later(self: asyncio.BaseEventLoop, delay: float, callback: Any, *args: Any, **more: Any) -> Any:
        if getattr(callback, "__func__", None) is runner.Runner.stop:  # the minutes are over when the endpoint says so
            over.append(lambda: self.call_soon_threadsafe(callback, *args))
        return later(self, delay, callback, *args, **more)

    monkeypatch.setattr(asyncio.BaseEventLoop, "call_later", call_later)
    monkeypatch.setattr(runner, "GRACE_S", 0.1)

    def script(body: dict[str, Any], attempt: int) -> Answer:
        if endpoint.count == 40 and over:
            over.pop()()
        return Answer(note(body), held=go if body["seed"] == first else None)

    with Endpoint(script) as endpoint:
        path = recipe(tmp_path, endpoint)
        more = ["--max-total-tokens", "30000", "--set=model.max_tokens=100"]
        found = report(capsys, path, "-o", tmp_path / "run", "--set=limits.max_minutes=60", *more)
        assert found["exit_code"] == 4
        kept = rows(tmp_path / "run")
        assert len(kept) == found["accepted"] >= 30
        go.set_result(None)
        found = report(capsys, path, "-o", tmp_path / "run", "--set=model.max_tokens=100")
    assert (found["accepted"], found["exit_code"]) == (40, 0)


def test_two_prompts_that_fail_where_nothing_was_answered_are_an_outage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda body, attempt: refusal(500, "down")) as endpoint:
        path = recipe(tmp_path, endpoint)
        found = report(capsys, path, "-o", tmp_path / "run", "-n", "2", "--set=limits.patience_s=0.3")
    assert (found["state"], found["exit_code"], found["no_reply"], found["rejected"]) == ("failed", 5, 0, {})


def test_the_only_prompt_left_is_given_up_again_though_nothing_else_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(Poison(seeds([11]), FAILURES["500"])) as endpoint:
        path = recipe(tmp_path, endpoint)
        assert generate(path, "-o", tmp_path / "run") == 3
        found = report(capsys, path, "-o", tmp_path / "run")
    assert (found["exit_code"], found["accepted"], found["calls"]) == (3, 39, 0)
    assert len(rows(tmp_path / "run")) == 39


@pytest.mark.parametrize("per_call", mostly_slow([1, 5], 1))
def test_a_checkers_prompt_that_always_fails_leaves_its_own_slot_open(
    per_call: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = RECIPE + "constraints: [{ask: It is short.}]\n"
    script = Poison(seeds([12], "ask"), FAILURES["500"], several)
    more = [f"--set=records_per_call={per_call}"]
    with Endpoint(script) as endpoint:
        path = recipe(tmp_path, endpoint, text)
        found = report(capsys, path, "-o", tmp_path / "run", *more)
        assert (found["exit_code"], found["accepted"], found["no_reply"]) == (3, 39, 2)
        assert [int(slot["id"][-6:]) for slot in found["failed_slots"]] == [12]
        script.mended = True
        found = report(capsys, path, "-o", tmp_path / "run", *more)
        assert (found["calls"], found["exit_code"]) == (1, 0)
        generate(path, "-o", tmp_path / "whole", *more)
    assert outcome(tmp_path / "run") == outcome(tmp_path / "whole")


def several(body: dict[str, Any]) -> str:
    """The reply to any request of the checked recipe: a verdict, or as many records as any prompt asks for."""
    if "verdict" in json.dumps(body.get("messages")):
        return '{"verdict": "yes", "reason": "it is"}'
    return json.dumps({"records": [{"text": f"note number {body['seed']} {part}"} for part in range(5)]})


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["500", "empty choices", "message is null", "dropped"])
def test_a_prompt_that_always_fails_through_litellm_leaves_its_slot_open(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-0123456789abcdef")
    script = Poison(seeds([0]), FAILURES[fault])
    with Endpoint(script) as endpoint:
        monkeypatch.setenv("DEEPSEEK_API_BASE", endpoint.url)
        path = recipe(tmp_path, endpoint)
        path.write_text(path.read_text().replace("any/model", "deepseek/deepseek-chat"))
        path.write_text(path.read_text().replace(f'base_url: "{endpoint.url}", ', "price: free, "))
        found = report(capsys, path, "-o", tmp_path / "run", "-n", "12")
        assert (found["exit_code"], found["accepted"], found["no_reply"], found["rejected"]) == (3, 11, 2, {})
        script.mended = True
        found = report(capsys, path, "-o", tmp_path / "run", "-n", "12")
    assert (found["exit_code"], found["accepted"], found["calls"]) == (0, 12, 1)


def test_a_preview_shows_the_other_slots_and_says_which_has_no_reply(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(Poison(seeds([1]), FAILURES["500"])) as endpoint:
        code = run(["preview", str(recipe(tmp_path, endpoint)), "-n", "4", "-o", str(tmp_path / "run"), "--json"])
    shown = json.loads(capsys.readouterr().out)["records"]
    assert code == 0
    assert [record["stages"][-1]["rejected"] for record in shown] == [None, "no_reply", None, None]


def test_a_preview_shows_the_other_slots_and_says_which_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(Poison(seeds([0]), refusal(400, "not this one"))) as endpoint:
        code = run(["preview", str(recipe(tmp_path, endpoint)), "-n", "4", "-o", str(tmp_path / "run"), "--json"])
    shown = json.loads(capsys.readouterr().out)["records"]
    assert code == 0
    assert [record["stages"][-1]["rejected"] for record in shown] == ["bad_request", None, None, None]
    assert endpoint.count <= 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "words", "never"),
    [
        (refusal(400, "not this model"), "chat at 127.0.0.1", '{"error"'),
        (Answer(drop=True), "disconnected", "(500)"),
    ],
)
def test_what_goes_wrong_through_litellm_is_told_as_it_is(
    fault: Answer, words: str, never: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-0123456789abcdef")
    with Endpoint(lambda body, attempt: fault) as endpoint:
        monkeypatch.setenv("DEEPSEEK_API_BASE", endpoint.url)
        path = recipe(tmp_path, endpoint)
        path.write_text(path.read_text().replace("any/model", "deepseek/deepseek-chat"))
        path.write_text(path.read_text().replace(f'base_url: "{endpoint.url}", ', "price: free, "))
        found = report(capsys, path, "-o", tmp_path / "run", "-n", "6", "--set=limits.patience_s=1")
    assert found["exit_code"] == 5
    assert words in found["error"] and never not in found["error"]


@pytest.mark.parametrize(("answer", "most"), [
    (Answer(body=b"<html>Welcome</html>"), 3),
    (refusal(429, "You exceeded your current quota, please check your plan and billing details."), 2),
    (refusal(401, "Invalid API key"), 1),
])  # fmt: skip
def test_what_ends_a_run_is_the_last_that_is_sent(
    answer: Answer, most: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.yaml"
    with Endpoint(lambda body, attempt: answer) as endpoint:
        path.write_text(RECIPE % endpoint.url)
        found = report(
            capsys, path, "-o", tmp_path / "run", "--set", "limits.concurrency=1", "--set=limits.patience_s=1"
        )
    assert (found["exit_code"], endpoint.count) == (5, most)
