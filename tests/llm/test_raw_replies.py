"""HTTP as servers and proxies write it wrong: whole replies are kept, the rest is said to be what it is, and costs at
most three calls."""

from __future__ import annotations

import gzip
import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from benchmarks.endpoints import RECIPE, short_waits
from datagen_cli.cli.app import run
from datagen_cli.llm.encodings import MOST_MEMBERS, unpacked
from datagen_cli.llm.faults import AuthRefused, fault_of
from datagen_cli.llm.retry import refused_by_all
from tests.endpoint import Answer, completion
from tests.llm.raw_server import RawServer

JSON = b"Content-Type: application/json\r\n"
numbers = count()


def body() -> bytes:
    return completion({}, Answer(json.dumps({"records": [{"text": f"note {next(numbers)}", "mood": "calm"}]})))


def reply(data: bytes, *headers: bytes, length: int | None = None, line: bytes = b"HTTP/1.1 200 OK") -> bytes:
    said = b"Content-Length: %d" % (len(data) if length is None else length)
    return b"\r\n".join([line, JSON + said, *headers, b"", b""]) + data


def chunks(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


def longer() -> bytes:
    data = body()
    return reply(data, length=len(data) + 50)


def in_members() -> bytes:
    data = body()
    return reply(
        b"".join(gzip.compress(data[at : at + 60]) for at in range(0, len(data), 60)), b"Content-Encoding: gzip"
    )


def come_to(make: Any, folder: Path, capsys: pytest.CaptureFixture[str], *, closes: bool) -> tuple[dict[str, Any], int]:
    with RawServer(make, closes=closes) as server, short_waits():
        model = f'{{name: any/model, base_url: "{server.url}"}}'
        (folder / "r.yaml").write_text(RECIPE % (model, 6, "concurrency: 1"), encoding="utf-8")
        capsys.readouterr()
        run(["generate", str(folder / "r.yaml"), "-o", str(folder / "run"), "--json"])
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found, server.count


@pytest.mark.parametrize(
    ("make", "closes"),
    [
        (longer, True),
        (lambda: chunks(body(), end=b""), True),
        (lambda: b"HTTP/1.0 200 OK\r\n" + JSON + b"\r\n" + body(), True),
        (lambda: reply(body(), b"Connection: keep-alive", line=b"HTTP/1.0 200 OK"), False),
        (lambda: b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + reply(body()), False),
        (in_members, False),
    ],
)
def test_a_reply_whose_json_is_whole_is_kept_and_counted(
    make: Any, closes: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, calls = come_to(make, tmp_path, capsys, closes=closes)
    assert (found["exit_code"], found["accepted"], calls) == (0, 6, 6)
    assert (found["tokens"]["in"], found["tokens"]["out"]) == (60, 30)


@pytest.mark.parametrize(
    ("make", "words", "free"),
    [
        (lambda: b"SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0", True),
        (lambda: b"\x15\x03\x01\x00\x02\x02\x46", "no HTTP reply", True),
        (lambda: reply(body(), b"Content-Length: 7"), "Content-Length", False),
        (lambda: reply(body(), b"X Bad Header: 1"), "X Bad Header", False),
        (lambda: reply(body(), line=b"HTTP/2 200"), "HTTP/2", False),
    ],
)
def test_what_is_no_http_ends_the_run_after_three_calls_and_is_said(
    make: Any, words: str, free: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, calls = come_to(make, tmp_path, capsys, closes=True)
    assert (found["exit_code"], calls) == (5, 3)
    assert words in found["error"] and "not HTTP" in found["error"] and "https" in found["hint"]
    assert (found["tokens"]["out"] == 0) == free


@pytest.mark.parametrize(
    "said",
    [
        "a web page: 400 The plain HTTP request was sent to HTTPS port",
        "Client sent an HTTP request to an HTTPS server.",
        "Bad Request: You're speaking plain HTTP to an SSL-enabled server port.",
        "This combination of host and port requires TLS.",
    ],
)
def test_a_port_of_tls_is_named_as_one(said: str) -> None:
    from tests.llm.test_retry import World

    fault = fault_of(400, said)
    assert isinstance(fault, AuthRefused)
    assert "https://" in refused_by_all(fault, World(lambda n, _: None).health.target).hint


def test_members_without_end_are_not_unpacked_for_ever() -> None:
    packed = gzip.compress(b"") * 100_000
    assert unpacked(packed, "gzip", 1 << 20) == b""
    assert unpacked(gzip.compress(b"ab") * MOST_MEMBERS, "gzip", 1 << 20) == b"ab" * MOST_MEMBERS
