"""Requests that try to read a page of `datagen view`, to decide there, or to break it, without being its own page.

Each is written to the socket byte by byte as it stands here. Nothing may be answered with the page, nothing decided, and
the server answers the page's own request afterwards.
"""

# ruff: noqa: E501

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from benchmarks.attack.attack import Attack, apart, ended_here

TOKEN = "the-token-of-this-page"
WAIT_S, PATIENCE_S = 1.0, 60.0
OWN = "Host: 127.0.0.1:PORT\r\nConnection: close\r\n"
KNOWN = f"{OWN}X-Datagen-Token: {TOKEN}\r\n"
KEEP = '{"id": "ID", "decision": "keep"}'


def _get(path: str, head: str) -> str:
    return f"GET {path} HTTP/1.1\r\n{head}\r\n"


def _post(body: str, head: str = KNOWN, kind: str = "application/json", path: str = "/review") -> str:
    return f"POST {path} HTTP/1.1\r\n{head}Content-Type: {kind}\r\nContent-Length: LENGTH\r\n\r\n{body}"


def _host(name: str) -> str:
    return OWN.replace("127.0.0.1:PORT", name)


MINE = _get(f"/?token={TOKEN}", OWN)
REQUESTS: dict[str, str] = {
    "no token": _get("/", OWN), "most of the token": _get(f"/?token={TOKEN[:-1]}", OWN), "the second of two tokens": _get(f"/?token=x&token={TOKEN}", OWN), "an empty token": _get("/?token=", OWN + "X-Datagen-Token: \r\n"),
    "a token in a cookie": _get("/", f"{OWN}Cookie: token={TOKEN}\r\n"), "a token as a password": _get("/", f"{OWN}Authorization: Bearer {TOKEN}\r\n"),
    "another host": _get(f"/?token={TOKEN}", _host("evil.example:PORT")), "no port": _get(f"/?token={TOKEN}", _host("127.0.0.1")), "a host below": _get(f"/?token={TOKEN}", _host("127.0.0.1.evil.example:PORT")), "any address": _get(f"/?token={TOKEN}", _host("0.0.0.0:PORT")),
    "a dot behind": _get(f"/?token={TOKEN}", _host("localhost.:PORT")), "two hosts": _get(f"/?token={TOKEN}", OWN + "Host: evil.example\r\n"), "two hosts, ours last": _get(f"/?token={TOKEN}", "Host: evil.example\r\n" + OWN), "a whole address": _get(f"http://evil.example/?token={TOKEN}", OWN),
    "our address at another host": _get(f"http://127.0.0.1:PORT/?token={TOKEN}", _host("evil.example")), "no host": f"GET /?token={TOKEN} HTTP/1.0\r\n\r\n", "a host passed on": _get(f"/?token={TOKEN}", _host("evil.example") + "X-Forwarded-Host: 127.0.0.1:PORT\r\nForwarded: host=127.0.0.1:PORT\r\n"),
    "an origin of nothing": _post(KEEP, KNOWN + "Origin: null\r\n"), "another origin": _post(KEEP, KNOWN + "Origin: http://evil.example\r\n"), "an origin below": _post(KEEP, KNOWN + "Origin: http://127.0.0.1:PORT.evil.example\r\n"), "another port": _post(KEEP, KNOWN + "Origin: http://127.0.0.1:1\r\n"),
    "another scheme": _post(KEEP, KNOWN + "Origin: https://127.0.0.1:PORT\r\n"), "another site": _post(KEEP, KNOWN + "Sec-Fetch-Site: cross-site\r\n"), "the same site": _post(KEEP, KNOWN + "Sec-Fetch-Site: same-site\r\n"), "a form": _post("id=ID&decision=keep", KNOWN, "application/x-www-form-urlencoded"),
    "plain text": _post(KEEP, KNOWN, "text/plain"), "a question before": f"OPTIONS /review HTTP/1.1\r\n{KNOWN}Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n", "another method": _post(KEEP).replace("POST", "PUT", 1), "a method in a header": _get("/undo", KNOWN + "X-HTTP-Method-Override: POST\r\n"),
    "undo from elsewhere": _post("", KNOWN + "Origin: http://evil.example\r\n", path="/undo"), "a folder above": _get("/../../etc/passwd", KNOWN), "a folder above, encoded": _get("/%2e%2e/%2e%2e/etc/passwd", KNOWN), "a file's address": _get("file:///etc/passwd", KNOWN), "a file as a record": _get("/record?id=../../etc/passwd", KNOWN),
    "a long id": _get("/record?id=" + "a" * 7_000, KNOWN), "a long line": _get("/?" + "a" * 100_000, KNOWN), "many headers": _get("/nothing", KNOWN + "".join(f"X-{n}: a\r\n" for n in range(20_000))), "an id that is no text": _get("/record?id=%ff%fe", KNOWN), "a body of 3 MB": _post("x" * 3_000_000), "a nest": _post("[" * 900_000),
    "a list": _post("[1]"), "no number": _post('{"id": NaN}'), "a list as an id": _post('{"id": ["a"], "decision": {}}'), "half a character": _post('{"id": "ID", "decision": "edit", "fields": {"question": "\\ud800"}}'), "a huge number": _post('{"id": "ID", "decision": "edit", "fields": {"question": ' + "9" * 5_000 + "}}"),
    "fields that are none": _post('{"id": "ID", "decision": "edit", "fields": {"__class__": "x", "id": "y", "verdicts": {}}}'), "an unknown alphabet": _post("{}", KNOWN, "application/json; charset=nope"), "a chunk without end": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
    "two lengths": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "packed that is not": _post("x", KNOWN + "Content-Encoding: gzip\r\n"), "a length below zero": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nContent-Length: -5\r\n\r\n",
    "a token in the page before": _get("/", f"{OWN}Referer: http://127.0.0.1:PORT/?token={TOKEN}\r\n"), "a trace": f"TRACE /?token={TOKEN} HTTP/1.1\r\n{OWN}\r\n", "a tunnel": f"CONNECT 127.0.0.1:PORT HTTP/1.1\r\n{KNOWN}\r\n", "an upgrade from elsewhere": _get(f"/?token={TOKEN}", OWN + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\nOrigin: http://evil.example\r\n"),
    "a host in numbers": _get(f"/?token={TOKEN}", _host("2130706433:PORT")), "a short host": _get(f"/?token={TOKEN}", _host("127.1:PORT")), "a host of six": _get(f"/?token={TOKEN}", _host("[::ffff:127.0.0.1]:PORT")), "a user before the host": _get(f"/?token={TOKEN}", _host("evil.example@127.0.0.1:PORT")), "a list of hosts": _get(f"/?token={TOKEN}", _host("127.0.0.1:PORT, evil.example")),
    "two ports": _get(f"/?token={TOKEN}", _host("127.0.0.1:PORT:80")), "a zero before the port": _get(f"/?token={TOKEN}", _host("127.0.0.1:0PORT")), "a folded host": _get(f"/?token={TOKEN}", "Host: evil.example\r\n 127.0.0.1:PORT\r\nConnection: close\r\n"), "a wide host": _get(f"/?token={TOKEN}", _host("\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1:PORT")), "a null in the host": _get(f"/?token={TOKEN}", _host("127.0.0.1\0.evil.example:PORT")),
    "a folder above, backwards": _get("/..%5c..%5cetc%5cpasswd", KNOWN), "a folder above, twice": _get("/%252e%252e/%252e%252e/etc/passwd", KNOWN), "a null in a path": _get("/%00/etc/passwd", KNOWN), "a null in an id": _get("/record?id=%00", KNOWN), "a path of another": _get("//evil.example/", KNOWN), "a new line in a path": _get("/%0d%0aX-Evil:1", KNOWN),
    "a null in an edit": _post('{"id": "ID", "decision": "edit", "fields": {"question": "a\\u0000b"}}'), "no number in an edit": _post('{"id": "ID", "decision": "edit", "fields": {"answer": NaN}}'), "a terminal's own in an edit": _post('{"id": "ID", "decision": "edit", "fields": {"question": "a\\u001b[8mb"}}'), "nothing in an edit": _post('{"id": "ID", "decision": "edit", "fields": {"question": " "}}'), "ten million signs in an edit": _post('{"id": "ID", "decision": "edit", "fields": {"question": "' + "x" * 10_000_000 + '"}}'),
    "a request in a request": f"POST /nothing HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n{OWN}\r\n", "an odd coding": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nTransfer-Encoding: xchunked\r\n\r\n{KEEP}", "two codings": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n{KEEP}", "lines without returns": "GET / HTTP/1.1\nHost: 127.0.0.1:PORT\n\n", "a bomb": _post("x", KNOWN + "Content-Encoding: br\r\n"),
    "a head of a page": "HEAD / HTTP/1.1\r\n" + OWN + "\r\n", "all options": f"OPTIONS * HTTP/1.1\r\n{OWN}\r\n", "a header of a megabyte": _get("/", OWN + "X-A: " + "a" * 1_000_000 + "\r\n"), "keep from a page of the same site": _post(KEEP, KNOWN + "Sec-Fetch-Site: same-site\r\nOrigin: http://127.0.0.1:PORT\r\n"), "an origin with a path": _post(KEEP, KNOWN + "Origin: http://127.0.0.1:PORT/evil\r\n"), "two origins": _post(KEEP, KNOWN + "Origin: http://127.0.0.1:PORT http://evil.example\r\n"), "a token that is no text": _get("/?token=%ff%00", OWN),
    "a body that never comes": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{", "no HTTP": "\x16\x03\x01\x00" * 100, "nothing": "",
}  # fmt: skip

MORE: dict[str, str] = {
    "HTTP of 1991": f"GET /?token={TOKEN}\r\n\r\n", "a greeting of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", "HTTP/2 by an upgrade": _get("/", OWN + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
    "HTTP/3 that is none": f"GET /?token={TOKEN} HTTP/3\r\n{_host('evil.example')}\r\n", "a version of letters": f"GET / HTTP/a.b\r\n{KNOWN}\r\n", "a sign in the version": f"GET / HTTP/+1.1\r\n{OWN}\r\n",
    "a token in the path": _get(f"/{TOKEN}", OWN), "a token behind a semicolon": _get(f"/;token={TOKEN}", OWN), "a token behind a hash": _get(f"/#token={TOKEN}", OWN), "a token in capitals": _get(f"/?TOKEN={TOKEN}", OWN), "a list of tokens": _get(f"/?token[]={TOKEN}", OWN), "a token and a null": _get(f"/?token={TOKEN}%00", OWN), "a token and a space": _get(f"/?token={TOKEN}%20", OWN),
    "a wrong token in the head": _get(f"/?token={TOKEN}", OWN + "X-Datagen-Token: wrong\r\n"), "two tokens in the head": _get("/", OWN + f"X-Datagen-Token: x\r\nX-Datagen-Token: {TOKEN}\r\n"), "a folded token": _get("/", OWN + f"X-Datagen-Token:\r\n {TOKEN}x\r\n"), "a token of a form": _post(f"token={TOKEN}", OWN, "application/x-www-form-urlencoded"),
    "a token of three kinds": _get("/?token=\xef\xbc\x81", OWN), "a space before the colon": _get("/", f"Host : 127.0.0.1:PORT\r\nX-Datagen-Token : {TOKEN}\r\n"), "a header without a name": _get(f"/?token={TOKEN}", ": x\r\n" + _host("evil.example")), "a null in a header": _get(f"/?token={TOKEN}", _host("evil.example") + "X: a\0b\r\n"),
    "a name of our own below theirs": _get(f"/?token={TOKEN}", _host("localhost.evil.example:PORT")), "a name that leads here": _get(f"/?token={TOKEN}", _host("127.0.0.1.nip.io:PORT")), "a host of six, short": _get(f"/?token={TOKEN}", _host("[::1]:PORT")), "a host and a path": _get(f"/?token={TOKEN}", _host("127.0.0.1:PORT/evil")), "a host and a hash": _get(f"/?token={TOKEN}", _host("evil.example#127.0.0.1:PORT")),
    "a host in eights": _get(f"/?token={TOKEN}", _host("0177.0.0.1:PORT")), "a host in sixteens": _get(f"/?token={TOKEN}", _host("0x7f.0.0.1:PORT")), "a host of percent signs": _get(f"/?token={TOKEN}", _host("%31%32%37.0.0.1:PORT")), "an empty host": _get(f"/?token={TOKEN}", _host("")), "a host of this network": _get(f"/?token={TOKEN}", _host("127.0.0.2:PORT")), "a host of letters of elsewhere": _get(f"/?token={TOKEN}", _host("loc\xd0\xb0lhost:PORT")),
    "a user in a whole address": _get(f"http://127.0.0.1:PORT@evil.example/?token={TOKEN}", _host("evil.example")), "a path written over": _get("/nothing", OWN + f"X-Original-URL: /?token={TOKEN}\r\nX-Rewrite-URL: /?token={TOKEN}\r\n"), "the address that one came from": _get("/", OWN + "X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\n"),
    "an empty origin": _post(KEEP, KNOWN + "Origin: \r\n"), "an origin with a user": _post(KEEP, KNOWN + "Origin: http://127.0.0.1:PORT@evil.example\r\n"), "an origin of a file": _post(KEEP, KNOWN + "Origin: file://\r\n"), "two lines of origins": _post(KEEP, KNOWN + "Origin: http://evil.example\r\nOrigin: http://127.0.0.1:PORT\r\n"), "an origin of six": _post(KEEP, KNOWN + "Origin: http://[::1]:PORT\r\n"), "an origin and a dot": _post(KEEP, KNOWN + "Origin: http://localhost.:PORT\r\n"),
    "a site of two words": _post(KEEP, KNOWN + "Sec-Fetch-Site: cross-site, same-origin\r\n"), "two sites": _post(KEEP, KNOWN + "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Site: none\r\n"), "a form of parts": _post("--b\r\nContent-Disposition: form-data; name=id\r\n\r\nID\r\n--b--\r\n", KNOWN, "multipart/form-data; boundary=b"), "text that is JSON": _post('{"id": "ID", "decision": "keep", "a": "=b"}', KNOWN, "text/plain; application/json"),
    "two kinds": _post(KEEP, KNOWN + "Content-Type: text/plain\r\n", "text/plain"), "a kind in capitals": _post("[]", KNOWN, "APPLICATION/JSON"), "keep without a token": _post(KEEP, OWN), "keep by a page": _get('/review?id=ID&decision=keep', KNOWN), "undo by a page": _get("/undo", KNOWN), "undo by a head": f"HEAD /undo HTTP/1.1\r\n{KNOWN}\r\n", "delete": f"DELETE /review HTTP/1.1\r\n{KNOWN}\r\n", "patch": _post(KEEP).replace("POST", "PATCH", 1), "a method of its own": _post(KEEP).replace("POST", "post", 1),
    "a piece without a token": _get("/", OWN + "Range: bytes=0-100\r\n"), "a condition without a token": _get("/", OWN + "If-None-Match: *\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\nIf-Range: x\r\n"), "may I send": f"POST /review HTTP/1.1\r\n{OWN}Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 900000000\r\n\r\n", "another expectation": _post("{}", KNOWN + "Expect: 200-ok\r\n"),
    "two lengths in one": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nContent-Length: 2, 2\r\n\r\n{{}}", "a length with a sign": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nContent-Length: +2\r\n\r\n{{}}", "a length in wide signs": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nContent-Length: \xef\xbc\x92\r\n\r\n{{}}", "a huge length": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nContent-Length: {'9' * 5000}\r\n\r\n{{}}",
    "chunks twice": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "a chunk with a sign": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\n{{}}\r\n0\r\n\r\n", "a chunk of hex": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{{}}\r\n0\r\n\r\n", "a chunk's long word": f"POST /review HTTP/1.1\r\n{KNOWN}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2;{'a' * 300000}\r\n{{}}\r\n0\r\n\r\n", "a page behind a body": f"POST /undo HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 4\r\n\r\nabcdGET / HTTP/1.1\r\n{OWN}\r\n",
    "a hundred requests in one": ("GET /nothing HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n" * 100), "spaces in the first line": f"GET  /?token={TOKEN}  HTTP/1.1\r\n{_host('evil.example')}\r\n", "a tab in the first line": f"GET\t/?token={TOKEN}\tHTTP/1.1\r\n{_host('evil.example')}\r\n", "lines before the first": f"\r\n\r\n\r\nGET / HTTP/1.1\r\n{OWN}\r\n", "returns without lines": "GET / HTTP/1.1\rHost: 127.0.0.1:PORT\r\r", "a header that is cut": "GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nX-Datagen-Tok",
    "a record of another page": _get("/record?id=ID", OWN), "state without a token": _get("/state", OWN), "decisions from elsewhere": _get(f"/decisions?token={TOKEN}", OWN + "Origin: http://evil.example\r\n"), "a script of another page": _get(f"/?token={TOKEN}", OWN + "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: script\r\nSec-Fetch-Mode: no-cors\r\n"), "a picture of another page": _get(f"/state?token={TOKEN}", OWN + "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: image\r\n"), "a frame of another page": _get(f"/?token={TOKEN}", OWN + "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: iframe\r\nSec-Fetch-Mode: navigate\r\n"),
}  # fmt: skip


def attacks() -> list[Attack]:
    """Every request."""
    return [Attack(name, partial(tried, request)) for name, request in (REQUESTS | MORE).items()]


def tried(request: str, folder: Path) -> str:
    """One request to a server of its own."""
    return apart(lambda note: _asked(request, folder, note), folder)


def _asked(request: str, folder: Path, note: Callable[[str], None]) -> str:
    run = folder / "run"
    note("the run")
    if (made := ended_here(["generate", "quickstart", "-n", "2", "-o", str(run), "--quiet"])).code != 0:
        return f"the run itself failed: {made.err}"
    said = os.open(folder / "said.txt", os.O_RDWR | os.O_CREAT)
    os.dup2(said, 2)
    note("the request")
    problem = asyncio.run(_served(request, run))
    printed = (folder / "said.txt").read_text("utf-8", "replace")
    return problem or ("traceback: " + printed.strip().splitlines()[-1] if "Traceback" in printed else "")


async def _served(request: str, run: Path) -> str:
    from aiohttp import web

    from datagen_cli.report.serving import HOST, Pages, runner_of

    runner = runner_of(Pages(run), TOKEN)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    port = runner.addresses[0][1]
    id_ = json.loads((run / "dataset.jsonl").read_text().splitlines()[0])["id"]
    head, gap, body = request.replace("PORT", str(port)).replace("ID", id_).partition("\r\n\r\n")
    length = str(len(body.encode()))
    answer = await _answer(port, head.replace("LENGTH", length) + gap + body)
    mine = await _answer(port, MINE.replace("PORT", str(port)), PATIENCE_S)
    await runner.cleanup()
    if b"<html" in answer or (b" 200 " in answer[:20] and b"access-control-allow" in answer.lower()):
        return "the page was shown"
    if b"root:" in answer:
        return "a file was shown"
    if (run / "review.jsonl").exists():
        return "something was decided"
    return "" if b"<html" in mine else "its own page is answered no more"


async def _answer(port: int, request: str, wait_s: float = WAIT_S) -> bytes:
    """What comes back within so long of the last byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = b""
    with suppress(OSError, TimeoutError):
        writer.write(request.encode("latin-1"))
        await writer.drain()
        while piece := await asyncio.wait_for(reader.read(1 << 16), wait_s):
            found += piece
    writer.close()
    return found
