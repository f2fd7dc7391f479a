"""The certificates of the system, read when a connection first needs them instead of at every start.

aiohttp makes two TLS contexts when it is imported, and each reads all certificates: some 40 ms, which a run against a
server on this machine never needs. A context that is made inside `read_later` reads them before its first handshake;
until then it trusts nobody, so that whatever came too early would be refused.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def read_later() -> Iterator[None]:
    """Contexts that are made in the block put off reading the certificates of the system."""
    context: Any = ssl.SSLContext
    plain = context.load_default_certs
    context.load_default_certs = _put_off
    context.set_default_verify_paths = lambda self: None if self.verify_mode is ssl.CERT_NONE else _put_off(self)
    try:
        yield
    finally:
        context.load_default_certs = plain
        del context.set_default_verify_paths  # it is inherited


def _put_off(context: Any, purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
    def connected(way: str, *args: Any, **kwargs: Any) -> Any:
        if way in vars(context):
            del context.wrap_bio, context.wrap_socket
            context.load_default_certs(purpose)
        return getattr(context, way)(*args, **kwargs)

    context.wrap_bio = lambda *args, **kwargs: connected("wrap_bio", *args, **kwargs)
    context.wrap_socket = lambda *args, **kwargs: connected("wrap_socket", *args, **kwargs)
