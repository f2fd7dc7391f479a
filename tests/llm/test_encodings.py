"""A body is read whatever its `Content-Encoding` says of it; one that nothing here unpacks is said to be packed so."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
import types
import zlib

import pytest

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.llm.encodings import unpacked
from datagen_cli.llm.faults import TransportError
from datagen_cli.llm.keys import Target
from datagen_cli.llm.openai_http import OpenAIHTTP
from datagen_cli.llm.provider import RawReply
from tests.endpoint import Answer, Endpoint, completion

BODY = json.dumps({"choices": [{"message": {"content": "hi"}}]}).encode()
BARE = zlib.compressobj(wbits=-15)
DEFLATED = BARE.compress(BODY) + BARE.flush()
MOST = 1 << 20


@pytest.mark.parametrize(
    ("body", "encodings"),
    [
        (BODY, "gzip"),
        (BODY, "deflate"),
        (BODY, "br"),
        (BODY, "zstd"),
        (BODY, "gzip, br"),
        (BODY, "utf-8"),
        (BODY, "identity"),
        (b"\n  " + BODY, "GZIP"),
        (gzip.compress(BODY, mtime=0), "gzip"),
        (gzip.compress(BODY, mtime=0), "x-gzip"),
        (gzip.compress(BODY, mtime=0), "deflate"),
        (gzip.compress(BODY, mtime=0), "identity"),
        (gzip.compress(BODY, mtime=0), "br"),
        (zlib.compress(BODY), "deflate"),
        (zlib.compress(BODY), "gzip"),
        (DEFLATED, "deflate"),
        (DEFLATED, "gzip"),
        (gzip.compress(zlib.compress(BODY), mtime=0), "deflate, gzip"),
        (gzip.compress(gzip.compress(BODY, mtime=0), mtime=0), "gzip, gzip"),
    ],
)
def test_a_body_is_unpacked_as_it_is_packed_whatever_the_header_says(body: bytes, encodings: str) -> None:
    assert unpacked(body, encodings, MOST).strip() == BODY


@pytest.mark.parametrize("name", ["br", "zstd"])
def test_an_encoding_that_nothing_here_reads_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("brotli", "brotlicffi", "zstandard", "compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(TransportError) as found:
        unpacked(b"\x28\xb5\x2f\xfd\x04\x00" if name == "zstd" else b"\x1b\x0f\x00\xf8\xa5", name, MOST)
    assert found.value.kind == "foreign" and f"packed as {name}, which was not asked for" in found.value.message


def test_a_package_that_reads_an_encoding_is_used_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Decompressor:
        def process(self, part: bytes) -> bytes:
            return part.replace(b"\x00", b"")

    monkeypatch.setitem(sys.modules, "brotli", types.SimpleNamespace(Decompressor=Decompressor))  # type: ignore[arg-type]
    assert unpacked(b"\x00" + BODY, "br", MOST) == BODY
    with pytest.raises(TransportError, match="larger than"):
        unpacked(b"\x00" + b"x" * 5000, "br", 4096)


@pytest.mark.parametrize("body", [gzip.compress(b"[" * 5000, mtime=0), zlib.compress(b"[" * 5000)])
def test_no_more_is_unpacked_than_a_reply_may_have(body: bytes) -> None:
    with pytest.raises(TransportError, match="larger than"):
        unpacked(body, "gzip", 4096)


def ask(answer: Answer) -> tuple[RawReply | TransportError, str]:
    """What one call comes to, and the encodings that it asked for."""

    async def call(url: str) -> RawReply:
        target = Target("openai", "m", f"{url}/chat/completions", "127.0.0.1", True)
        http = OpenAIHTTP(ModelOptions(name="m"), target)
        try:
            return await http.complete({"model": "m", "messages": []}, Draw(0, 1, "generate"), timeout_s=60.0)
        finally:
            await http.close()

    with Endpoint(lambda body, attempt: answer) as endpoint:
        try:
            reply: RawReply | TransportError = asyncio.run(call(endpoint.url))
        except TransportError as fault:
            reply = fault
        return reply, endpoint.requests[0].headers["Accept-Encoding"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "utf-8"])
def test_a_wrong_header_loses_no_reply_over_http_and_only_what_can_be_read_is_asked_for(encoding: str) -> None:
    reply, asked = ask(Answer(body=completion({}, Answer("hi")), headers={"Content-Encoding": encoding}))
    assert isinstance(reply, RawReply) and (reply.text, asked) == ("hi", "gzip, deflate")


def test_an_error_that_is_packed_otherwise_than_it_says_is_quoted() -> None:
    body = json.dumps({"error": {"message": "out of order"}}).encode()
    for data, encoding in ((body, "gzip"), (gzip.compress(body, mtime=0), "gzip"), (gzip.compress(body), "br")):
        fault, _ = ask(Answer(status=503, body=data, headers={"Content-Encoding": encoding}))
        assert isinstance(fault, TransportError) and fault.message == "out of order"
