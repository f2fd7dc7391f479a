"""Secrets that an endpoint repeats in other forms than their own: coded, split, turned round, cut, in every place.

One run a form and place: a generator's key, a header and a variable in the query come back so, in a record, a call of
a tool, a sentence of an error, a page, a header, the words after a status, what is no HTTP, and the lines of a batch.
Whatever is written or said is searched for each secret in that form, also for a piece of `PIECE` characters.
"""

# ruff: noqa: E501

from __future__ import annotations

import base64
import codecs
import html
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from benchmarks.attack.attack import Attack, apart
from datagen_cli.cli.app import run
from datagen_cli.llm import batch
from tests.endpoint import Answer
from tests.llm.batch_endpoint import BatchEndpoint

SECRETS = ("planted-01/own+key=<AbCdEf1234567890>", "planted-02-header-Zz9", "planted-03-of-query-Yy8")
PIECE = 16
RECIPE = """
version: 1
name: letters
description: Short letters to a shop.
fields: {text: {type: text}}
model: {name: any/m, base_url: "URL?k=${QUERY_KEY}", api_key_env: MINE_KEY, timeout_s: 2, deadline_s: 3,
  headers: {X-One: "planted-02-header-Zz9"}}
count: 2
limits: {patience_s: 0.2, attempts_per_record: 1, concurrency: 2, batch: IN_BATCHES}
"""


def _each(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form % ord(sign) for sign in text)


FORMS: dict[str, Callable[[str], str]] = {
    "hexadecimal": lambda text: text.encode().hex(), "capital hexadecimal": lambda text: text.encode().hex().upper(),
    "bytes with colons": lambda text: text.encode().hex(":"), "bytes with 0x": lambda text: ", ".join(map(hex, text.encode())),
    "x escapes": _each("\\x%02x"), "u escapes": _each("\\u%04x"), "capital u escapes": _each("\\u%04X"), "doubled escapes": _each("\\\\u%04x"),
    "long escapes": _each("\\U%08x"), "escapes in braces": _each("\\u{%x}"), "octal escapes": _each("\\%03o"), "signs of percent": _each("%%%02X"),
    "signs of percent twice": _each("%%25%02x"), "entities": _each("&#%d;"), "entities in hexadecimal": _each("&#x%x;"), "entities of entities": _each("&amp;#%d;"),
    "numbers": lambda text: str(list(text.encode())), "bits": lambda text: " ".join(f"{byte:08b}" for byte in text.encode()), "capitals": str.upper, "small letters": str.lower, "swapped": str.swapcase,
    "signs of no width": "\u200b".join, "joiners": "\u2060".join, "accents": "\u0301".join, "soft hyphens": "\u00ad".join, "dashes": "-".join, "spaces": " ".join, "lines": "\n".join, "stars": "**".join,
    "a list of letters": lambda text: json.dumps(list(text)), "wide signs": lambda text: "".join(chr(ord(sign) + 0xFEE0) for sign in text), "backwards": lambda text: text[::-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(), "base64 at another place": lambda text: base64.b64encode(f"x{text}y".encode()).decode(),
    "base64 in lines": lambda text: "\n".join(re.findall(".{1,9}", base64.b64encode(text.encode()).decode())), "base64 backwards": lambda text: base64.b64encode(text.encode()).decode()[::-1], "base64 in capitals": lambda text: base64.b64encode(text.encode()).decode().upper(),
    "rot13": lambda text: codecs.encode(text, "rot13"), "cut at the end": lambda text: text[:18], "cut at the beginning": lambda text: text[-18:], "a sign between": lambda text: f"{text[:9]}|{text[9:]}",
    "every second escaped": lambda text: "".join(f"\\u{ord(sign):04x}" if place % 2 else sign for place, sign in enumerate(text)), "a page": html.escape, "an address": lambda text: quote(text, safe=""),
}  # fmt: skip
PLACES = (
    "record", "program", "tool", "refusal", "ending", "400", "401", "429", "500", "page", "bare", "header", "reason",
    "none", "line", "lines of errors",
)  # fmt: skip


def attacks() -> list[Attack]:
    """Every form in a record and a sentence; in each other place some of them."""
    found = []
    for number, form in enumerate(FORMS):
        for at, place in enumerate(PLACES):
            if place in ("record", "400") or (number + at) % 7 == 0:
                found.append(Attack(f"{form}: {place}", partial(tried, form, place)))
    return found


class Repeating(BatchEndpoint):
    """Answers with the secrets in a form, at a place."""

    def __init__(self, form: str, place: str) -> None:
        super().__init__(lambda body, attempt: self.answer())
        self.said, self.place = " and ".join(map(FORMS[form], SECRETS)), place
        self.heads: list[str] = []

    def answer(self) -> Answer:
        """What is said to every call."""
        said = self.said
        record = json.dumps({"records": [{"text": f"The tap drips, {said} it says."}]})
        sentence = json.dumps({"error": {"message": f"no: {said}"}}).encode()
        flat = quote(" ".join(said.split()), safe="".join(map(chr, range(33, 127))) + " ")
        calls = [{"id": "c", "type": "function", "function": {"name": "x", "arguments": record}}]
        match self.place:
            case "program":
                return Answer(f"{record}\n```python\nprint({said!r})\n```\n{said}")
            case "tool":
                return Answer(message={"content": None, "tool_calls": calls})
            case "refusal":
                return Answer(message={"content": None, "refusal": said, "reasoning_content": said})
            case "ending":
                return Answer("The tap drips.", finish_reason=said)
            case "page":
                return Answer(status=400, body=f"<html><title>{said}</title><h1>{said}</h1></html>".encode())
            case "bare":
                return Answer(body=f"{said}".encode())
            case "header":
                names = (
                    "Retry-After",
                    "x-ratelimit-remaining-requests",
                    "x-ratelimit-reset-requests",
                    "Location",
                    "Server",
                )
                return Answer(status=429, body=b"", headers=dict.fromkeys(names, flat))
            case "400" | "401" | "429" | "500":
                return Answer(status=int(self.place), body=sentence)
            case "lines of errors":
                return Answer(status=400, body=sentence)
        return Answer(record)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.heads.append(f"{request.path_qs} {dict(request.headers)}")
        if not request.path.endswith("/chat/completions"):
            return await super()._handle(request)
        await request.read()
        flat = quote(" ".join(self.said.split()), safe="".join(map(chr, range(33, 127))) + " ")
        if self.place == "reason":
            return web.Response(status=400, reason=flat, body=b"")
        if self.place == "none" and request.transport is not None:
            request.transport.write(flat.encode() + b"\r\n\r\n")
            request.transport.close()
        return await self._answer(request, {}, self.answer())


def tried(form: str, place: str, folder: Path) -> str:
    """The commands in a process of their own; where a secret stands, or an empty text."""
    return apart(lambda note: found_in(form, place, folder), folder)


def found_in(form: str, place: str, folder: Path) -> str:
    """Runs the commands and searches what they wrote and said."""
    os.chdir(folder)
    os.environ |= {"MINE_KEY": SECRETS[0], "QUERY_KEY": SECRETS[2], "COLUMNS": "400"}
    batch.QUIET_S, batch.FIRST_POLL_S = 0.05, 0.02
    said = os.open("said.txt", os.O_RDWR | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(said, stream)
    sys.stdout, sys.stderr = (os.fdopen(os.dup(said), "w", buffering=1, encoding="utf-8") for _ in (1, 2))
    with Repeating(form, place) as endpoint:
        in_batches = "true" if "line" in place else "false"
        (folder / "r.yaml").write_text(RECIPE.replace("URL", endpoint.url).replace("IN_BATCHES", in_batches))
        for command in COMMANDS:
            try:
                code = run(command.split())
            except BaseException as error:
                return f"{command} raised {error!r}"
            if code == 1:
                return f"{command}: exit code 1: {Path('said.txt').read_text('utf-8', 'replace')[-300:]}"
        sent = "".join(endpoint.heads)
    if any(secret not in sent for secret in SECRETS):
        return "not every secret was sent"
    return "; ".join(dict.fromkeys(_found(folder, FORMS[form])))


COMMANDS = (
    "generate r.yaml -o out --json -v", "preview r.yaml -o seen", "show out --json", "show out --rejected",
    "why out 0", "status out", "eval out --metrics length --html page.html", "export out --to csv -o o.csv",
    "doctor --model r.yaml --json", "score out -m r.yaml -n 2 -o scored",
)  # fmt: skip


def _found(folder: Path, form: Callable[[str], str]) -> Iterator[str]:
    wanted = {secret: _written(form, secret) for secret in SECRETS}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name not in ("r.yaml", "found.txt"):
            data = file.read_bytes()
            text = data.decode("utf-8", "replace")
            for secret, forms in wanted.items():
                if one := next((one for one in forms if one in text or one.encode() in data), ""):
                    yield f"{secret[:10]} stands in {file.relative_to(folder)}: {one[:60]!r}"


def _written(form: Callable[[str], str], secret: str) -> set[str]:
    """A secret in a form and pieces of it, as they are and as JSON has them."""
    whole = form(secret)
    pieces = {secret[at : at + PIECE] for at in range(len(secret) - PIECE + 1)} | {whole}
    if len(whole) >= PIECE:
        pieces |= {whole[at : at + len(whole) // 2 + PIECE // 2] for at in range(0, len(whole) // 2, 3)}
    found = {piece for piece in pieces if len(piece) >= PIECE}
    return (
        found
        | {json.dumps(piece)[1:-1] for piece in found}
        | {json.dumps(piece, ensure_ascii=False)[1:-1] for piece in found}
    )
