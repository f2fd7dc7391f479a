"""Hostile answers of an endpoint: bombs, nests, endless and broken bodies, as a generator's reply and as a checker's.

A run that meets them ends with a documented exit code, in `MOST_CPU_S` of processor time (the endpoint's own included)
and `MEMORY_MB`, its event loop never held up for long, and what it leaves can be read by pandas.
"""

# ruff: noqa: E501

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.attack.attack import ALLOWED, Attack, apart, bound_memory, ended_here
from tests.endpoint import Answer, Endpoint, completion

MOST_CPU_S, MEMORY_MB = 12.0, 4_000
GOOD = json.dumps({"records": [{"text": "The tap drips and a new washer came today.", "data": {"a": 1}}]})
YES = '{"verdict": "good", "reasons": []}'
RECIPE = """
version: 1
name: letters
description: Short letters to a shop.
fields: {text: {type: text}, data: {type: json}}
models:
  generator: {name: any/m, base_url: "URL", timeout_s: 3, deadline_s: 4}
  reviewer: {name: any/other, base_url: "URL", timeout_s: 3, deadline_s: 4}
count: 2
validators: [{reflect: {rounds: 1, on_unknown: keep}}]
limits: {patience_s: 1, attempts_per_record: 2, concurrency: 2, check_call: false}
"""
DEEP = "[" * 200_000
TEXTS = {
    "nested lists": DEEP, "nested objects": '{"a":' * 200_000, "closed nest": "[" * 90_000 + "]" * 90_000,
    "a nest in a record": '{"records": [{"text": "x", "data": ' + "[" * 5_000 + "]" * 5_000 + "}]}",
    "a nest of 70": '{"records": [{"text": "x", "data": ' + "[" * 70 + "]" * 70 + "}]}",
    "pairs without quotes": "{" + "a:b," * 80_000, "open quotes": '{"records": [{"text": "' + 'a", "b": "' * 40_000,
    "many objects": '{"a": 1}\n' * 60_000, "many fences": "```json\n{}\n```\n" * 30_000, "fences alone": "`" * 300_000,
    "a huge integer": '{"records": [{"text": "x", "data": {"n": ' + "9" * 200_000 + "}}]}",
    "an integer of 20 digits": '{"records": [{"text": "x", "data": {"n": 99999999999999999999}}]}',
    "a huge exponent": '{"records": [{"text": "x", "data": {"n": 1e999999}}]}',
    "not a number": '{"records": [{"text": "x", "data": {"n": NaN, "m": -Infinity}}]}',
    "half a character": '{"records": [{"text": "x\\ud800", "data": {"\\udfff": "\\ud83d"}}]}',
    "a null character": '{"records": [{"text": "x\\u0000y", "data": {}}]}', "thoughts": "<think>" * 60_000,
    "endless thoughts": "<think>" + "well, " * 90_000, "backslashes": '{"records": [{"text": "' + "\\" * 300_001,
    "many keys": json.dumps({"records": [{"text": "x", "data": {str(n): n for n in range(30_000)}}]}),
    "the same key": '{"records": [{"text": "x",' + '"data": {},' * 40_000 + '"data": {}}]}', "escapes": "\x1b[2J\x1b[8m" * 9_000,
    "many records": json.dumps({"records": [{"text": f"letter {n}", "data": {}} for n in range(20_000)]}), "empty": "", "spaces": " " * 500_000,
    "lines": "\n" * 500_000, "braces": "}{" * 200_000, "commas": "[" + "," * 300_000, "colons": "{" + ":" * 300_000, "numbers": "1 " * 200_000,
}  # fmt: skip


def _packed(content: bytes, times: int, how: str, status: int = 200, cut: int | None = None) -> Answer:
    """`content`, many times, compressed piece by piece: the whole is never in memory."""
    piece = content * min(times, 1 << 20)
    packer = zlib.compressobj(1 if how == "gzip twice" else 9, wbits=15 if how == "deflate" else 31)
    body = b"".join(packer.compress(piece) for _ in range(-(-times // (1 << 20)))) + packer.flush()
    body = gzip.compress(body, 9) if how == "gzip twice" else body
    encoding = {"gzip twice": "gzip, gzip"}.get(how, how)
    return Answer(status=status, body=body, headers={"Content-Encoding": encoding}, cut=cut)


def _with(**more: object) -> bytes:
    return json.dumps({**json.loads(completion({}, Answer(GOOD))), **more}).encode()


def _usage(value: object) -> bytes:
    return _with(usage=dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), value))


def _bodies() -> Iterator[tuple[str, Callable[[], Answer]]]:
    """Answers by name; the large ones are made when they are asked for."""
    for how in ("gzip", "gzip twice", "deflate"):
        yield f"{how} of a gigabyte", partial(_packed, b"\x00", 1 << 30, how)
        yield f"{how} of an error of a gigabyte", partial(_packed, b"\x00", 1 << 30, how, 500)
        yield f"{how} of a nest", partial(_packed, b"[", 1 << 26, how)
        yield f"{how} cut off", partial(_packed, os.urandom(9_999), 1, how, 200, 5_000)
        yield f"{how} that is none", partial(Answer, body=b"no", headers={"Content-Encoding": how})
    bodies = {
        "a nest": b"[" * 3_000_000, "a nest of objects": b'{"choices":' * 500_000, "no JSON": b"\xff" * 100_000, "nothing": b"", "null": b"null",
        "a list": b"[]", "a number": b"7", "a huge number": b"9" * 1_000_000, "choices of a text": _with(choices="x"), "no choices": _with(choices=[]),
        "choices of null": _with(choices=[None]), "a message of a list": _with(choices=[{"message": []}]), "content of an object": _with(choices=[{"message": {"content": {"a": 1}}}]),
        "content of parts": _with(choices=[{"message": {"content": [{"type": "text", "text": "x"}] * 90_000}}]), "content of numbers": _with(choices=[{"message": {"content": [1, None]}}]),
        "many choices": _with(choices=[{"message": {"content": GOOD}}] * 9_000), "an odd reason": _with(choices=[{"message": {"content": GOOD}, "finish_reason": {"a": []}}]),
        "tool calls": _with(choices=[{"message": {"content": None, "tool_calls": [{"function": {"arguments": DEEP}}] * 9}}]),
        "usage of texts": _usage("x"), "usage below zero": _usage(-5), "usage without end": _usage(10**30), "usage that is no number": _usage(float("nan")),
        "usage of a list": _with(usage=[]), "a model of a list": _with(model=[1]), "a model with escapes": _with(model="\x1b[8m\nnext: FORGED"), "an error in a reply": _with(error={"message": DEEP}),
        "an event stream": b"data: {}\n\n" * 90_000, "comments": b":\n" * 500_000, "an array in lines": b'data: {"a": [\n' + b"data: 1,\n" * 110_000,
        "objects in lines": b'data: {"a": [\n' + b"data: {}\ndata: ,\n" * 60_000, "titles that do not end": b"<title>" * 90_000, "a code that is no number": _with(error={"message": "no room", "code": "²"}),
        "a stream with odd counts": b'data: {"type": "message_start", "message": {"usage": "x"}}\n\n', "limits": b'{"error": "' + b"max" * 80_000 + b'"}', "a page": b"<html>" * 90_000, "UTF-16": completion({}, Answer(GOOD)).decode().encode("utf-16"),
    }  # fmt: skip
    for name, body in bodies.items():
        yield name, partial(Answer, body=body)
        yield f"{name}, as an error", partial(Answer, status=400, body=body)
    spaces = gzip.compress(b" " * 60_000_000 + b"\0")
    yield "spaces, packed", partial(Answer, body=spaces, headers={"Content-Encoding": "deflate, gzip"})
    yield "packed 300 times", partial(Answer, body=b"{}", headers={"Content-Encoding": ", ".join(["gzip"] * 300)})
    for charset in ("punycode", "idna", "undefined"):
        yield (
            f"in {charset}",
            partial(Answer, body=b"a-" + b"9" * 300_000, headers={"Content-Type": f"text/html; charset={charset}"}),
        )
    for value in (
        "1" * 250_000 + "x",
        "1e308",
        "nan",
        "-1",
        "9" * 400,
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "x" * 9_000,
        "0",
    ):
        yield (
            f"Retry-After {value[:30]!r}",
            partial(Answer, status=429, headers={"Retry-After": value}, body=b"{}"),
        )


def attacks() -> list[Attack]:
    """Every text as a generator's and as a checker's reply, and every body."""
    found = [
        Attack(f"{role}: {name}", partial(tried, role, name)) for name in TEXTS for role in ("generator", "reviewer")
    ]
    return found + [Attack(f"body: {name}", partial(tried, "body", name)) for name, _ in _bodies()]


def tried(role: str, name: str, folder: Path) -> str:
    """A run against the endpoint, and the commands that read what it left."""
    return apart(lambda note: _met(role, name, folder, note), folder, 120)


def _met(role: str, name: str, folder: Path, note: Callable[[str], None]) -> str:
    os.chdir(folder)
    bound_memory(MEMORY_MB)
    hostile = Answer(TEXTS[name]) if role != "body" else dict(_bodies())[name]()

    def script(body: dict[str, object], attempt: int) -> str | Answer:
        asked = "reviewer" if body.get("model") in ("other", "any/other") else "generator"
        return hostile if role in (asked, "body") else GOOD if asked == "generator" else YES

    with Endpoint(script) as endpoint:
        Path("r.yaml").write_text(RECIPE.replace("URL", endpoint.url))
        for words in (
            "generate r.yaml -o run --json",
            "generate r.yaml -o run --quiet",
            "status run",
            "show run --rejected",
            "why run 0",
            "eval run --metrics length,self_bleu",
        ):
            note(words)
            if problem := ended_here(words.split()).wrong(ALLOWED, MOST_CPU_S):
                return f"{words}: {problem}"
        if not endpoint.count:
            return "nothing was asked"
    return _unreadable(folder / "run" / "dataset.jsonl")


def _unreadable(dataset: Path) -> str:
    """Why pandas cannot read the dataset, or an empty text."""
    import pandas

    if dataset.exists() and dataset.stat().st_size:
        try:
            pandas.read_json(dataset, lines=True)
        except ValueError as error:
            return f"pandas: {error}"
    return ""
