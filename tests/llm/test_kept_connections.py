"""Kept connections that a server gives up without a word, or uses unasked."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from datagen_cli.config.models import SharedModel
from datagen_cli.core.chat import Draw
from datagen_cli.core.secret import Secret
from datagen_cli.llm import openai_http
from datagen_cli.llm.faults import TransportError
from datagen_cli.llm.keys import Target, resolve
from datagen_cli.llm.litellm import LiteLLM
from datagen_cli.llm.openai_http import OpenAIHTTP
from tests.endpoint import HANG_S

DRAW = Draw(0, 1, "generate")
PAYLOAD = {"model": "tiny", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 5}


def whole_answer(text: str) -> bytes:
    body = json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


Talk = Callable[[int, int, asyncio.StreamWriter], bool]
"""What a server writes to the request of a number of the connection of a number; whether it keeps that then."""


async def talked(
    talk: Talk,
    *,
    calls: int,
    between: Callable[[OpenAIHTTP], Awaitable[None]] | None = None,
    litellm: bool = False,
) -> list[str]:
    """The texts of calls one after the other, or what came of them, by a server of bytes."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        number = connections
        for request in range(1, calls + 9):
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
            except asyncio.IncompleteReadError:  # the client has closed it
                break
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
            if not talk(number, request, writer):
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url, found = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", []
    options = SharedModel(name="m", base_url=url)  # type: ignore[arg-type]
    provider: Any = OpenAIHTTP(options, resolve(options, {}))
    if litellm:
        target = Target("litellm", "openai/m", url, "127.0.0.1", True, "MY_KEY", Secret("secret-1234"))
        provider = LiteLLM(options, target)
    for _ in range(calls):
        try:
            found.append(
                (
                    await provider.complete(
                        PAYLOAD | ({"model": "openai/m"} if litellm else {}), DRAW, timeout_s=HANG_S
                    )
                ).text
            )
        except TransportError as fault:
            found.append(f"{fault.kind}, may have cost: {fault.may_have_cost}")
        if between is not None:
            await between(provider)
    await provider.close()
    server.close()
    return found


@pytest.mark.parametrize("litellm", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["fast path", "litellm"])
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_a_kept_connection_that_the_server_gave_up_is_not_a_call_that_was_lost(
    reset: bool, litellm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_http, "STALE_S", HANG_S)

    def talk(connection: int, request: int, writer: asyncio.StreamWriter) -> bool:
        if request == 3 and reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if request < 3:
            writer.write(whole_answer(f"{connection}.{request}"))
        return request < 3

    assert await talked(talk, calls=6, litellm=litellm) == ["1.1", "1.2", "2.1", "2.2", "3.1", "3.2"]


@pytest.mark.parametrize("litellm", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["fast path", "litellm"])
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_a_connection_that_breaks_at_its_first_request_may_have_cost_all(
    reset: bool, litellm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_http, "STALE_S", HANG_S)

    def talk(connection: int, request: int, writer: asyncio.StreamWriter) -> bool:
        if reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    assert await talked(talk, calls=2, litellm=litellm) == ["dropped, may have cost: True"] * 2


@pytest.mark.parametrize("litellm", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["fast path", "litellm"])
@pytest.mark.parametrize("late", [True, False], ids=["long after it was sent", "in the middle of the headers"])
async def test_a_kept_connection_that_breaks_over_a_reply_may_have_cost_all(
    late: bool, litellm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_http, "STALE_S", -1.0 if late else HANG_S)

    def talk(connection: int, request: int, writer: asyncio.StreamWriter) -> bool:
        whole = request == 1
        writer.write(whole_answer("ok") if whole else b"" if late else b"HTTP/1.1 200 OK\r\nContent-Type: app")
        return whole

    assert await talked(talk, calls=3, litellm=litellm) == ["ok", "dropped, may have cost: True", "ok"]


async def test_what_a_server_sends_unasked_is_nobodys_reply() -> None:
    kept: list[asyncio.StreamWriter] = []

    def talk(connection: int, request: int, writer: asyncio.StreamWriter) -> bool:
        kept.append(writer)
        writer.write(whole_answer(f"{connection}.{request}"))
        return True

    async def stray(provider: OpenAIHTTP) -> None:
        """Something comes on a connection that nobody waits at."""
        kept[-1].write(whole_answer("of nobody"))
        assert provider._session is not None
        held = [one for several in provider._session.connector._conns.values() for one, _ in several]  # type: ignore
        while not held[0].should_close:
            await asyncio.sleep(0.001)

    assert await talked(talk, calls=3, between=stray) == ["1.1", "2.1", "3.1"]
