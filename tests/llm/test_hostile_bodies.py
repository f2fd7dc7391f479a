"""Bodies and headers of an endpoint that mean harm: each is soon read into a reply, or into a fault."""

from __future__ import annotations

import gzip
import json
import sys
import types
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from datagen_cli.core.budget import within
from datagen_cli.llm.batch_files import _status
from datagen_cli.llm.completion import is_completion, read_reply
from datagen_cli.llm.encodings import MOST_LAYERS, unpacked
from datagen_cli.llm.faults import Fault, TransportError, fault_in
from datagen_cli.llm.ratelimit import reset_s
from datagen_cli.llm.turned_away import reply_in_error

SIZE = 1_000_000
CPU_S = 8.0
"""The slowest of these takes a second; what is read again and again takes minutes."""
DELTA = b'{"choices":[{"delta":{"content":"a"}}]}\n'
LONG = {
    "comments": b":\n" * (SIZE // 2),
    "an array in lines": b'data: {"a": [\n' + b"data: 1,\n" * (SIZE // 9),
    "an object in lines": b"data: {\n" + b'data: "a":{}\n' * (SIZE // 12),
    "objects in lines": b'data: {"a": [\n' + b"data: {}\ndata: ,\n" * (SIZE // 17),
    "a text in lines": b'data: {"a": "\n' + b"data: x}\n" * (SIZE // 9),
    "values without data": DELTA * 2 + b"0      \n" * (SIZE // 8),
    "titles": b"<title" * (SIZE // 6),
    "titles that do not end": b"<title>" * (SIZE // 7),
    "programs": b"<script>" * (SIZE // 8),
    "brackets": b"<" * SIZE,
    "limits": b'{"error": "' + b"max" * (SIZE // 3) + b'", "failed_generation": "{}"}',
}


def read(body: bytes, kind: str = "") -> object:
    try:
        return read_reply(body, kind=kind)
    except Fault as fault:
        return fault


@pytest.mark.parametrize("body", LONG.values(), ids=LONG)
def test_a_long_body_is_read_in_one_go(body: bytes) -> None:
    within(lambda: (read(body, "text/event-stream"), fault_in(400, {}, body, (), 0.0)), cpu_s=CPU_S)
    within(lambda: reply_in_error(body), cpu_s=CPU_S)


def test_an_object_whose_text_takes_several_lines_of_data_is_still_one() -> None:
    whole = {"choices": [{"delta": {"content": "hi"}, "finish_reason": "stop"}], "more": {"a": [{"b": {}}, {}]}}
    lines = [f"data: {line}\n" for line in json.dumps(whole, indent=1).splitlines()]
    for between in ("\n", "", ": waiting\n\n"):
        found = read_reply("".join([*lines, between, "data: [DONE]\n"]).encode())
        assert found.text == "hi"
    assert isinstance(read("".join([*lines[:-1], "\n"]).encode()), TransportError)


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "zlib", "utf-7", "nothing", "utf-16"])
@pytest.mark.parametrize("body", [b"words", b'{"choices": \xff}', b"a-" + b"9" * 300_000])
def test_a_set_of_characters_that_is_none_is_not_asked(charset: str, body: bytes) -> None:
    found = within(lambda: read(body, f"text/html; charset={charset}"), cpu_s=CPU_S)
    assert isinstance(found, TransportError)


@pytest.mark.parametrize("code", ["²", "1" * 5_000, "٣", ["a"], {}])
def test_a_code_that_is_no_number_is_an_error_like_any(code: Any) -> None:
    body = json.dumps({"error": {"message": "no room", "code": code}}).encode()
    assert isinstance(read(body), Fault)
    assert is_completion(body)
    assert _status({"status_code": code}, None) in (0, 3)


@pytest.mark.parametrize("usage", [True, "x", [1], 7])
def test_a_stream_that_begins_with_counts_that_are_none_is_read(usage: Any) -> None:
    events = [
        {"type": "message_start", "message": {"usage": usage, "model": "m"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "hi"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    ]
    assert read_reply("".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()).text == "hi"


@pytest.mark.parametrize(
    "value", ["1" * 250_000 + "x", "1 second," * 30_000, "1ms" * 90_000 + "x", "2026-11-11t11:" * 9_000]
)
def test_a_time_to_wait_without_end_is_none(value: str) -> None:
    assert within(lambda: reset_s(value, 0.0), cpu_s=CPU_S) == 0.0
    body = json.dumps({"retry_after": value}).encode()
    within(lambda: fault_in(429, {"Retry-After": value, "Date": value}, body, (), 0.0), cpu_s=CPU_S)


def test_a_body_of_spaces_is_looked_at_once() -> None:
    body = gzip.compress(b" " * 30_000_000 + b"\0")
    found = within(lambda: unpacked(body, "deflate, gzip", 1 << 25), cpu_s=CPU_S)
    assert found.endswith(b" \0")


def test_what_is_packed_again_and_again_is_refused_unopened() -> None:
    body = b"{}"
    for _ in range(MOST_LAYERS + 1):
        body = gzip.compress(body)
    with pytest.raises(TransportError, match="packed 5 times"):
        unpacked(body, ", ".join(["gzip"] * (MOST_LAYERS + 1)), 1 << 20)
    assert gzip.decompress(unpacked(body, ", ".join(["gzip"] * MOST_LAYERS), 1 << 20)) == b"{}"


def test_brotli_is_given_little_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte of this one stands for a megabyte."""
    most = [0]

    class Decompressor:
        def process(self, piece: bytes) -> bytes:
            most[0] = max(most[0], len(piece))
            return bytes(len(piece) << 20)

    module = types.ModuleType("brotli")
    module.Decompressor = Decompressor  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "brotli", module)
    with pytest.raises(TransportError, match="larger than 1 MB"):
        unpacked(b"\xff" * 5_000, "br", 1 << 20)
    assert most[0] <= 64


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_one_packed_once_is_read_as_before(pack: Callable[[bytes], bytes]) -> None:
    assert unpacked(pack(b'{"a": 1}'), "gzip", 1 << 20) == b'{"a": 1}'
