"""What `conftest.py` promises every test: nothing beyond this machine, and none of the user's keys."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest


def test_a_connection_to_another_machine_fails_at_once() -> None:
    with socket.socket() as connection, pytest.raises(ConnectionRefusedError, match="a test may not reach"):
        connection.connect(("192.0.2.1", 80))


async def test_asyncio_cannot_reach_another_machine_either() -> None:
    with pytest.raises(OSError, match="a test may not reach"):
        await asyncio.open_connection("192.0.2.1", 80)


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_no_key_of_the_user_is_set() -> None:
    assert [name for name in os.environ if name.endswith("_API_KEY")] == []
