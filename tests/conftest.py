"""What every test gets: no network beyond this machine, no keys of the user, and the sample data where it lies."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# before anything imports numpy or torch: two workers, each with a thread a core, only take the cores from one another
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT.parent / "shared" / "data"

settings.register_profile("datagen", derandomize=True, deadline=None)
settings.load_profile("datagen")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine fails at once and says so."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guard(address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and host not in ("127.0.0.1", "::1", "localhost", "0.0.0.0"):
            raise ConnectionRefusedError(f"a test may not reach {host}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        guard(address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        guard(address)
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and switches of whoever runs the tests do not reach them."""
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_TOKEN")) or name.startswith("DATAGEN_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def sample() -> Callable[[str], Path]:
    """The path of a file of sample data, read in place; skipped aloud without it, failed where CI=true."""

    def find(name: str) -> Path:
        path = SAMPLES / name
        if not path.is_file():
            message = f"the sample data is not here: shared/data/{name}"
            if os.environ.get("CI") == "true":
                pytest.fail(message)
            pytest.skip(message)
        return path

    return find
