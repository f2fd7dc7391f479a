"""The fast path: OpenAI-compatible endpoints over aiohttp, one POST a call, about 0.15 CPU ms each.

One session with kept-alive connections; the body is serialised once, by the client. Redirects are not followed, no
cookies, no retries. A reply is read while it is written only where somebody watches it. A proxy of the environment is
used as `llm/proxies.py` says.

The certificates of the system are read when a connection first needs them instead of at every start. aiohttp makes two
TLS contexts when it is imported, and each reads all certificates: some 40 ms, which a run against a server on this
machine never needs. A context that is made inside `read_later` reads them before its first handshake; until then it
trusts nobody, so that whatever came too early would be refused.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from yarl import URL

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.core.errors import UsageError
from datagen_cli.core.proxies import safe_proxy
from datagen_cli.llm.completion import read_answer
from datagen_cli.llm.encodings import ASKED, larger_than, unpacked
from datagen_cli.llm.faults import Fault, TransportError, redact, refused_by
from datagen_cli.llm.keys import Target, is_below_localhost, secrets
from datagen_cli.llm.ordinary import decoded
from datagen_cli.llm.provider import Heard, RawReply, Ready, Start, body_of


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


with read_later():
    import aiohttp
ERROR_BYTES = 256 * 1024
REPLY_BYTES = 64 * 1024 * 1024
HEADER_BYTES = 256 * 1024
CONNECT_S = 15.0
KEEP_ALIVE_S = 30.0
STALE_S = 1.0
"""How long after a request a kept connection may close and still be one that the endpoint had closed before."""
Watching = Callable[["aiohttp.ClientResponse"], Awaitable[bytes]]


class OpenAIHTTP(Ready):
    """One endpoint. `concurrency` bounds its connections; the session opens with the first call.

    `watch` reads the body of a good reply in place of `whole`, and may break it off; no connection is used twice then.
    """

    def __init__(
        self, options: ModelOptions, target: Target, *, concurrency: int = 0, watch: Watching | None = None
    ) -> None:
        if target.url is None:
            raise UsageError(f"model {options.name}: base_url is missing")
        query = target.query.reveal() if target.query else ""
        self._url = URL(f"{target.url}?{query}" if query else target.url, encoded=True)
        self._secrets = secrets(target)
        self._concurrency = concurrency
        self._watch = watch
        self._headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "datagen"}
        self._headers["Accept-Encoding"] = ASKED
        if target.key:
            self._headers["Authorization"] = f"Bearer {target.key.reveal()}"
        self._headers.update((name, value.reveal()) for name, value in target.headers)
        if any("\n" in part or "\r" in part for item in self._headers.items() for part in item):
            raise UsageError(f"model {options.name}: a header holds a line break")
        self._proxy = safe_proxy(options.name, target.url, loopback=target.loopback, secret=target.holds_secrets)
        self._session: aiohttp.ClientSession | None = None
        self._connecting: set[aiohttp.ClientRequest | None] = set()
        self._reused: set[aiohttp.ClientRequest | None] = set()
        self.heard: Heard | None = None

    async def complete_when(self, payload: Mapping[str, Any], draw: Draw, start: Start) -> RawReply:
        """One POST, built before `start` is awaited, and sent after it. Raises the faults of `llm/faults.py`; the draw
        is in the payload already, as `seed`."""
        body = body_of(payload)
        loop = asyncio.get_running_loop()
        limit = asyncio.timeout(None)
        session = self._open()
        timeout_s: float | None = None
        request: aiohttp.ClientRequest | None = None

        async def send(ready: aiohttp.ClientRequest, on: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
            nonlocal timeout_s, request
            timeout_s, request = await start(), ready
            limit.reschedule(loop.time() + timeout_s)
            while True:
                self._connecting.add(ready)
                sent_at = loop.time()
                try:
                    return await on(ready)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                    if loop.time() - sent_at > STALE_S or not self._was_closed(error, ready):
                        raise

        try:
            async with (
                limit,
                session.post(
                    self._url,
                    data=body,
                    headers=self._headers,
                    allow_redirects=False,
                    proxy=self._proxy,
                    middlewares=(send,),
                ) as response,
            ):
                if self.heard is not None:
                    self.heard(response.headers)
                if 200 <= response.status < 300:
                    body = await (self._watch or whole)(response)
                else:
                    until = limit.when()
                    limit.reschedule(None)
                    body = await told(response, until)
                return read_answer(response.status, response.headers, body, self._secrets)
        except (aiohttp.ClientError, OSError) as error:
            sent = request is not None and request not in self._connecting
            raise self._broken(error, timeout_s or 0.0, sent=sent) from None
        finally:
            self._connecting.discard(request)
            self._reused.discard(request)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _was_closed(self, error: Exception, request: aiohttp.ClientRequest) -> bool:
        """Whether a request met a kept connection that the endpoint had given up, and so cannot have been read: not a
        byte of an answer came. It goes on another connection then, as if it had not been sent."""
        return request in self._reused and request not in self._connecting and nothing_came(error)

    def _broken(self, error: Exception, timeout_s: float, *, sent: bool = True) -> Fault:
        """The fault of a connection that was not made (then nothing was sent), broke, or stayed silent."""
        if isinstance(error, TimeoutError):
            if isinstance(error, aiohttp.ConnectionTimeoutError):
                sent, timeout_s = False, min(CONNECT_S, timeout_s)
            what = "no answer" if sent else "no connection"
            return TransportError("timeout" if sent else "dropped", f"{what} within {timeout_s:g} s", sent=sent)
        proxy = f"{self._proxy.host}:{self._proxy.port}" if self._proxy else ""
        if isinstance(error, aiohttp.ClientHttpProxyError):
            return refused_by(proxy, error.status)
        if isinstance(error, aiohttp.ClientConnectorError):
            number = error.os_error.errno or 0  # the words of a refused connection only repeat the address
            plain = number > 0 and not isinstance(error, aiohttp.ClientSSLError)
            said = os.strerror(number).lower() if plain else str(error)
            absent, to = number == errno.ECONNREFUSED and not proxy, f" to the proxy {proxy}" if proxy else ""
            return TransportError("dropped", self._clean(f"cannot connect{to}: {said}"), sent=False, absent=absent)
        if isinstance(error, aiohttp.ClientResponseError):  # no status line, headers or chunks that can be read
            came = re.search(r"b(['\"])(.*)", error.message, re.DOTALL)
            spoke = "status line" not in error.message or came is None or came[2].startswith(("HTTP", "{", "<"))
            said = f"no HTTP reply: {self._clean(error.message)[:160]}"
            return TransportError("garbled", said, sent=sent and spoke)
        said = self._clean(str(error)) or type(error).__name__
        return TransportError("dropped", f"the connection broke: {said}", sent=sent)

    def _open(self) -> aiohttp.ClientSession:
        """The session. It has no headers: aiohttp sends those of a session to the proxy, too."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=_Connector(
                    self._connecting,
                    self._reused,
                    limit=self._concurrency,
                    **({"keepalive_timeout": KEEP_ALIVE_S} if self._watch is None else {"force_close": True}),
                    ttl_dns_cache=300,
                    resolver=_Names(),
                    enable_cleanup_closed=False,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
                trust_env=False,
                raise_for_status=False,
                auto_decompress=False,
                max_line_size=HEADER_BYTES,
                max_field_size=HEADER_BYTES,
            )
        return self._session

    def _clean(self, text: str) -> str:
        return redact(" ".join(text.split()), self._secrets)


class _Names(aiohttp.ThreadedResolver):
    """Looks names up; those below `localhost` are this machine, and nobody is asked for them."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        known = "localhost" if is_below_localhost(host) else host
        return [{**found, "hostname": host} for found in await super().resolve(known, port, family)]


class _Connector(aiohttp.TCPConnector):
    """Takes a request that has its connection off the list of those without: what never left costs nothing. Those that
    have one which was used before are in `reused`; one on which something came unasked is not used again."""

    def __init__(
        self, connecting: set[aiohttp.ClientRequest | None], reused: set[aiohttp.ClientRequest | None], **options: Any
    ) -> None:
        super().__init__(**options)
        self._connecting, self._reused = connecting, reused
        self._used: WeakSet[Any] = WeakSet()

    async def connect(self, req: aiohttp.ClientRequest, *arguments: Any, **options: Any) -> Any:
        connection = await super().connect(req, *arguments, **options)
        while connection.protocol is not None and connection.protocol.should_close:
            connection.close()
            connection = await super().connect(req, *arguments, **options)
        self._connecting.discard(req)
        if connection.protocol in self._used:
            self._reused.add(req)
        else:
            self._reused.discard(req)
            self._used.add(connection.protocol)
        return connection


def nothing_came(error: BaseException | None) -> bool:
    """Whether a connection ended before the first byte of an answer."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)  # else it holds what came of the headers
    return isinstance(error, aiohttp.ClientOSError)


async def whole(response: aiohttp.ClientResponse, most_bytes: int = REPLY_BYTES) -> bytes:
    """The body of a reply, unpacked, of which never more than `most_bytes` are held. One whose JSON is whole is taken
    although more was announced (a wrong `Content-Length`, no last chunk)."""
    parts, size = [], 0
    try:
        while part := await response.content.readany():
            parts.append(part)
            size += len(part)
            if size > most_bytes:
                response.close()
                raise larger_than(most_bytes)
    except aiohttp.ClientPayloadError:
        came = _unpacked(response, b"".join(parts), most_bytes)
        if decoded(came) is None:
            raise
        return came
    return _unpacked(response, parts[0] if len(parts) == 1 else b"".join(parts), most_bytes)


def _unpacked(response: aiohttp.ClientResponse, body: bytes, most_bytes: int) -> bytes:
    encodings = ",".join(response.headers.getall("Content-Encoding", ()))
    return unpacked(body, encodings, most_bytes) if encodings else body


async def told(response: aiohttp.ClientResponse, until: float | None = None) -> bytes:
    """The body of an answer that is not 200; nothing where it does not come in time, or is packed in a way that nobody
    can read."""
    if 300 <= response.status < 400:
        return b""
    try:
        async with asyncio.timeout_at(until):
            return _unpacked(response, await _some(response), REPLY_BYTES)[:ERROR_BYTES]
    except (TransportError, aiohttp.ClientError, OSError, TimeoutError):  # the status says enough
        return b""


async def _some(response: aiohttp.ClientResponse) -> bytes:
    """The first 256 kB of an error's body; the connection is given up when there is more."""
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size >= ERROR_BYTES:
            response.close()
            break
    return b"".join(parts)[:ERROR_BYTES]
