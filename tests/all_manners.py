"""All manners of endpoints: those of `*manners.py` beside this, and here those of programs, batches and `doctor`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.call_manners import CALLED
from tests.endpoint import Answer, Script, refusal
from tests.form_manners import FORMED
from tests.llm.batch_endpoint import BatchEndpoint
from tests.manners import ONE_BY_ONE, Good, Make, Manner, always, no_system, once_each, replies, without
from tests.provider_manners import KNOWN
from tests.reported_manners import REPORTED
from tests.vendor_manners import VENDORS
from tests.waiting_manners import WAITING
from tests.wrapped_manners import WRAPPED


def checked_by_programs(reply: str) -> Make:
    """A good generator of records with `answer: 7`; what asks for no JSON, a program, gets this."""

    def make(good: Good) -> Script:
        def script(body: dict[str, Any], attempt: int) -> str:
            return good(body).replace('"mood"', '"answer": 7, "mood"') if "response_format" in body else reply

        return script

    return make


def at(path: str, answer: Answer, times: int = 10**9) -> Callable[[BatchEndpoint], None]:
    """Requests whose path begins or ends so get this, the first `times` of each."""

    def arrange(endpoint: BatchEndpoint) -> None:
        def meddle(asked: str, time: int) -> Answer | None:
            return answer if (asked.startswith(path) or asked.endswith(path)) and time <= times else None

        endpoint.meddle = meddle

    return arrange


def damaged(endpoint: BatchEndpoint) -> None:
    """A line of a call, another that is cut off, a blank one and a list stand in a batch's results."""

    def edit(content: bytes) -> bytes:
        lines = content.split(b"\n")
        return b"\n".join([*lines[:2], lines[2][:30], b"", b"[1, 2]", *lines[3:]]) if len(lines) > 3 else content

    endpoint.edit = edit


def written(change: Callable[[list[Any]], bytes]) -> Callable[[BatchEndpoint], None]:
    """The lines of a batch's results, written in another way."""

    def arrange(endpoint: BatchEndpoint) -> None:
        endpoint.edit = lambda content: change([json.loads(line) for line in content.split(b"\n") if line.strip()])

    return arrange


def as_lines(form: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[BatchEndpoint], None]:
    """Each line of a batch's results in this form."""
    return written(lambda lines: b"\n".join(json.dumps(form(line)).encode() for line in lines))


def in_the_poll(endpoint: BatchEndpoint) -> None:
    """A look at a batch that is over shows its results, and names no file."""

    def meddle(path: str, time: int) -> Answer | None:
        if not path.startswith("batches/"):
            return None
        number = int(path.rpartition("-")[2])
        endpoint._look(number)
        lines = [json.loads(line) for line in endpoint.files[f"out-{number}"].splitlines()]
        return Answer(body=json.dumps({"data": {"status": "completed", "results": lines}}).encode())

    endpoint.meddle = meddle


def without_files(endpoint: BatchEndpoint) -> None:
    """A batch that is completed names no file."""
    done = Answer(body=json.dumps({"status": "completed", "results": []}).encode())
    endpoint.meddle = lambda path, time: done if path.startswith("batches/") else None


def crowded(endpoint: BatchEndpoint) -> None:
    """Batches of more than eight calls fail: too many tokens wait already."""
    errors = {"data": [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached"}]}
    failed = Answer(body=json.dumps({"status": "failed", "errors": errors}).encode())

    def meddle(path: str, time: int) -> Answer | None:
        looks = path.startswith("batches/")
        return failed if looks and len(endpoint.batches[int(path.rpartition("-")[2])]) > 8 else None

    endpoint.meddle = meddle


def answers(
    *,
    uploaded: Callable[[str], Any] = lambda name: {"id": name},
    started: Callable[[str], Any] = lambda name: {"id": name, "status": "validating"},
    status: int = 200,
    lists: bool = True,
) -> Callable[[BatchEndpoint], None]:
    """What is said of a file that was uploaded, and of a batch that was started, under this status."""

    def arrange(endpoint: BatchEndpoint) -> None:
        endpoint.uploaded = lambda name: web.json_response(uploaded(name))
        endpoint.started = lambda name: web.json_response(started(name), status=status)
        endpoint.lists = lists

    return arrange


FETCHED = "/content"
QUICK = ("limits.patience_s=2",)
PROGRAM = "```python\nprint(3 + 4)\n```\nIt prints:\n```\n7\n```"
PROGRAMS = ("fields.answer.type=number", "validators=[code: {question: text, answer: answer}]")
GOOD = replies(lambda text, body: Answer(text))

MANNERS = (
    *ONE_BY_ONE,
    *VENDORS,
    *FORMED,
    *WRAPPED,
    *CALLED,
    *KNOWN,
    *WAITING,
    *REPORTED,
    Manner(
        "shows a program's output in a second block",
        "runs the program alone",
        checked_by_programs(PROGRAM),
        settings=PROGRAMS,
    ),
    Manner(
        "shows the output in a block of Python, too",
        "the same",
        checked_by_programs(PROGRAM.replace("\n```\n7", "\n```python\n7")),
        settings=PROGRAMS,
    ),
    Manner(
        "stands where only the environment says (`TOGETHER_AI_API_BASE`)",
        "asks there and nowhere else",
        GOOD,
        way="litellm",
    ),
    Manner(
        "takes no `seed`, asked by `doctor`",
        "says what a run will leave out",
        without(lambda body: "seed" not in body, refusal(400, "unknown parameter: seed")),
        way="doctor",
        says="does not take seed",
    ),
    Manner(
        "takes no `response_format`, asked by `doctor`",
        "the same",
        without(lambda body: "response_format" not in body, refusal(400, "response_format is not supported")),
        way="doctor",
        says="does not take response_format",
    ),
    Manner(
        "has no system role, asked by `doctor`",
        "the same",
        without(no_system, refusal(400, "System role not supported")),
        way="doctor",
        says="system",
    ),
    Manner(
        "refuses whatever a run sends, asked by `doctor`",
        "says so in the endpoint's words",
        without(lambda body: "max_tokens" not in body, refusal(422, "tokens are not for you")),
        0,
        5,
        way="doctor",
        says="tokens are not for you",
    ),
    Manner(
        "hands out a batch's results at the third try (500)",
        "fetches them again: nothing is paid twice",
        GOOD,
        way="batch",
        arrange=at(FETCHED, refusal(500, "oops"), 2),
    ),
    Manner(
        "hands out a batch's results after a 429",
        "the same",
        GOOD,
        way="batch",
        arrange=at(FETCHED, refusal(429, "slow down", Retry_After="0"), 1),
    ),
    Manner(
        "breaks a batch's results off",
        "the same",
        GOOD,
        way="batch",
        arrange=at(FETCHED, Answer(body=b"{}" * 500, cut=40, cut_off=True), 1),
    ),
    Manner(
        "hands out no results of a batch, ever",
        "ends; the next run fetches them",
        GOOD,
        0,
        5,
        way="batch",
        arrange=at(FETCHED, refusal(500, "oops")),
    ),
    Manner(
        "leaves broken, blank and foreign lines in the results",
        "uses all others, asks again for those calls",
        GOOD,
        way="batch",
        arrange=damaged,
    ),
    Manner(
        "hands out a batch's results packed with gzip",
        "reads them",
        GOOD,
        way="batch",
        arrange=written(lambda lines: gzip.compress(b"\n".join(json.dumps(line).encode() for line in lines))),
    ),
    Manner(
        "hands out a batch's results as one list, or an object on several lines",
        "the same",
        GOOD,
        way="batch",
        arrange=written(lambda lines: json.dumps(lines, indent=1).encode()),
    ),
    Manner(
        "puts a completion itself into a batch's line (`response`), its call under `key`",
        "the same",
        GOOD,
        way="batch",
        arrange=as_lines(lambda line: {"key": line["custom_id"], "response": line["response"]["body"]}),
    ),
    Manner(
        "writes a batch's results in a way that nobody can read",
        "ends; buys no second batch",
        GOOD,
        0,
        5,
        way="batch",
        arrange=written(lambda lines: b"<results/>" * 30),
        says="nothing is paid twice",
    ),
    Manner(
        "names no file of a batch that is completed",
        "the same",
        GOOD,
        0,
        5,
        way="batch",
        arrange=without_files,
        says="names no file of its results",
    ),
    Manner(
        "answers polls of a batch with a list, or without a state",
        "looks again",
        GOOD,
        way="batch",
        arrange=at("batches/", Answer(body=b"[1, 2]"), 2),
    ),
    Manner(
        "never says how a batch is",
        "ends after `patience_s`; the batch is remembered",
        GOOD,
        0,
        5,
        QUICK,
        "batch",
        at("batches/", Answer(body=b"{}")),
    ),
    Manner(
        "fails batches while too many tokens wait", "waits, and tries smaller ones", GOOD, way="batch", arrange=crowded
    ),
    Manner(
        "takes no file of that size (413)",
        "sends halves",
        GOOD,
        way="batch",
        arrange=at("files", refusal(413, "too large"), 3),
    ),
    Manner(
        "refuses an upload now and then (503)",
        "uploads again; costs nothing",
        GOOD,
        way="batch",
        arrange=at("files", refusal(503, "busy"), 1),
    ),
    Manner(
        "forgets its batches (404)",
        "ends after three; costs nothing",
        GOOD,
        0,
        5,
        way="batch",
        arrange=at("batches/", refusal(404, "no such batch")),
    ),
    Manner(
        "shows a batch's results in the answer to a look at it", "reads them", GOOD, way="batch", arrange=in_the_poll
    ),
    Manner(
        "refuses a look at a batch once (403, a web page)",
        "looks again",
        GOOD,
        way="batch",
        arrange=at("batches/", Answer(status=403, body=b"<html><title>Just a moment</title></html>"), 1),
    ),
    Manner(
        "ends a batch without some of its calls",
        "sends those in another one",
        once_each(lambda text, body: Answer(never=True)),
        way="batch",
    ),
    Manner(
        "says in each line that the quota is spent",
        "ends at once; costs nothing",
        always(refusal(429, "x", code="insufficient_quota")),
        0,
        5,
        way="batch",
    ),
    Manner(
        "names a batch that it has started in an envelope (`job`)",
        "reads it: no second one is started",
        GOOD,
        way="batch",
        arrange=answers(started=lambda name: {"job": {"id": name, "status": "VALIDATING"}}),
    ),
    Manner(
        "names an uploaded file in an envelope (`data`)",
        "reads it",
        GOOD,
        way="batch",
        arrange=answers(uploaded=lambda name: {"code": 0, "data": {"id": name}}),
    ),
    Manner(
        "does not name the batch that it has started",
        "finds it in the list of batches: nothing is paid twice",
        GOOD,
        way="batch",
        arrange=answers(started=lambda name: {"status": "ok"}),
    ),
    Manner(
        "fails over the answer to a batch that it has started (500)",
        "the same",
        GOOD,
        way="batch",
        arrange=answers(started=lambda name: {"error": {"message": "oops"}}, status=500),
    ),
    Manner(
        "does so, and lists no batches",
        "ends; says that a batch may have been started",
        GOOD,
        0,
        5,
        way="batch",
        arrange=answers(started=lambda name: {"status": "ok"}, lists=False),
        says="may have been started",
    ),
    Manner(
        "has not looked through the file yet when a batch is to start (400)",
        "waits, and starts it then",
        GOOD,
        way="batch",
        arrange=at("batches", refusal(400, "File file-0 is not yet processed."), 2),
    ),
    Manner(
        "takes no files (404)",
        "ends at once, names `limits.batch`",
        GOOD,
        0,
        5,
        way="batch",
        arrange=at("files", refusal(404, "Not Found")),
        says="without limits.batch",
    ),
    Manner(
        "takes files, and no batches (404)",
        "the same",
        GOOD,
        0,
        5,
        way="batch",
        arrange=at("batches", refusal(404, "Not Found")),
        says="without limits.batch",
    ),
)
