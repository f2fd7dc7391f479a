"""The call cache: what was sent → what came back, so that no answer is paid for twice.

The key covers all that was actually sent (endpoint, model, body) and the draw it was sent for. The value keeps the
request too, for `datagen why`. It lies below retries and above the network.

Processes that share a cache never send the same call twice. A claim is a lock on one byte of a file beside the cache;
the call's digest says which byte. The system drops the locks of a process that ends, however it ends, so a claim needs
no expiry. Where there are no such locks (Windows, some network file systems) every claim is granted at once: a call may
then be sent by two processes, as without claims.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from datagen_cli.core.digest import canonical
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.json_text import make_encoder
from datagen_cli.core.store import Store
from datagen_cli.core.system import open_given, open_own
from datagen_cli.llm.provider import RawReply

FIRST_POLL_S = 0.02
LAST_POLL_S = 0.5
FILE = "calls.sqlite"
MAGIC = b"SQLite format 3\x00"
_LIMIT = re.compile(rb'"max_(?:completion_)?tokens":\d+')
"""As the client writes it, where only a key can stand: within a text the quotes would be escaped."""


def endpoint_key(identity: Any, run_seed: int) -> Any:
    """A hash state of what all calls to one endpoint and model share; `call_digest` goes on from it."""
    state = hashlib.blake2b(digest_size=16)
    state.update(canonical([2, identity, run_seed]))
    return state


def call_digest(state: Any, body: bytes, draw: str) -> str:
    """The key of one call: 32 hex characters. How long the reply may be is not part of it, see `CallCache.get`."""
    own = state.copy()
    body = _LIMIT.sub(b"", body, count=1)
    own.update(b"\x00%d\x00" % len(body))
    own.update(body)
    own.update(draw.encode("utf-8", "surrogatepass"))
    return own.hexdigest()


def limit_of(body: Mapping[str, Any]) -> int:
    """The most tokens that a request allows its reply; 0 when it does not say."""
    most = (body.get("max_tokens"), body.get("max_completion_tokens"))
    return max(value if isinstance(value, int) else 0 for value in most)


def open_cache(choice: str, folder: Path, on_broken: Callable[[Path, int], None] | None = None) -> CallCache | None:
    """The cache that `--cache off|run|PATH` asks for: none, the run folder's, or another file (or one in a folder)."""
    if choice == "off":
        return None
    if choice == "run":
        return CallCache(folder / FILE, on_broken=on_broken)
    path = Path(choice)
    path = Path(os.path.realpath(path / FILE if path.is_dir() else path))  # a link that the user names is the user's
    refuse_other_file(path)
    return CallCache(path, on_broken=on_broken, shared=True)


def refuse_other_file(path: Path) -> None:
    """Raises `UsageError` for a named cache whose folder is missing, or that is somebody's file and no cache."""
    if not path.parent.is_dir():
        raise UsageError("--cache: its folder does not exist", hint="make it first", place=Place(str(path)))
    if path.exists():
        try:
            with open_given(path) as file:
                head = file.read(len(MAGIC))
        except OSError as error:
            raise UsageError(
                f"--cache: cannot be read: {(error.strerror or str(error)).lower()}", place=Place(str(path))
            ) from error
        if head and head != MAGIC:
            hint = "name a new file, or one that --cache made"
            raise UsageError("--cache: this file is no call cache", hint=hint, place=Place(str(path)))


class CallCache:
    """Replies by digest, in one SQLite file. Values are JSON objects: text, finish_reason, tokens_in, tokens_out,
    model, request (the body that was sent).

    `shared`: other processes may use the file now; a call that one of them is making is waited for (`claim`).
    """

    def __init__(
        self, path: str | Path, *, on_broken: Callable[[Path, int], None] | None = None, shared: bool = False
    ) -> None:
        self.store = Store(path, check=True, on_broken=on_broken)
        self._claims = Claims(Path(f"{path}.claims")) if shared else None

    def get(self, digest: str, most_tokens: int = 0) -> RawReply | None:
        """The reply that was stored under a digest; None when there is none or it cannot be read. One that was cut off
        counts only if it might have had `most_tokens`."""
        found = self.history(digest)
        if found is None or (found[1].finish_reason == "length" and limit_of(found[0]) < most_tokens):
            return None
        return found[1]

    async def claim(
        self, digest: str, most_tokens: int, stopped: Callable[[], bool], *, at_most_s: float
    ) -> RawReply | None:
        """The reply that another process is being given to this call now, or None: the call is this process's to make,
        until `release`. Waits for the other process at most `at_most_s` seconds, and no longer once `stopped` says so.
        """
        if self._claims is None:
            return None
        await self._claims.wait(
            digest, lambda: stopped() or self.get(digest, most_tokens) is not None, at_most_s=at_most_s
        )
        found = self.get(digest, most_tokens)
        if found is not None:
            self._claims.release(digest)
        return found

    def release(self, digest: str) -> None:
        """The call was made, or will not be: another process that waits for it may go on."""
        if self._claims is not None:
            self._claims.release(digest)

    async def put(self, digest: str, reply: RawReply, body: bytes) -> None:
        """Stores a reply with the request body (JSON) that it answers; returns after the commit."""
        head = {
            "text": reply.text,
            "finish_reason": reply.finish_reason,
            "tokens_in": reply.tokens_in,
            "tokens_out": reply.tokens_out,
            "model": reply.model,
            **({"tokens_cached": reply.tokens_cached} if reply.tokens_cached else {}),
        }
        await self.store.put(digest, (_encode(head).encode()[:-1], b',"request":', body, b"}"))

    async def forget(self, digest: str) -> None:
        """Makes a reply as if it had never come; returns after the commit."""
        await self.store.put(digest, (b"",))

    def history(self, digest: str) -> tuple[dict[str, Any], RawReply] | None:
        """The request body (its `messages` and all that was sent with them) and the reply, or None."""
        return exchange(self.store.get(digest))

    def close(self) -> None:
        self.store.close()
        if self._claims is not None:
            self._claims.close()


def exchange(raw: bytes | None) -> tuple[dict[str, Any], RawReply] | None:
    """The request body and the reply in a stored value; None for none, and for one that cannot be read."""
    if raw is None:
        return None
    try:
        value = json.loads(raw)
        request = value.pop("request")
        return (request, RawReply(**value)) if isinstance(request, dict) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


_encode = make_encoder(sort_keys=False, ascii_only=True)


class Claims:
    """Claims of this process on calls, by digest (hex, at least 15 characters), in `path`, which is made when missing.

    Raises `UsageError` when the file cannot be opened, or is a link or no plain file.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(
                f"--cache: the file of its claims cannot be opened: {reason}", place=Place(str(path))
            ) from error

    def take(self, digest: str) -> bool:
        """Whether the call is this process's to send; False while another process has the claim."""
        try:
            import fcntl

            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte_of(digest))
        except (BlockingIOError, PermissionError):
            return False
        except (ImportError, OSError):
            pass
        return True

    def release(self, digest: str) -> None:
        """Gives a claim back; nothing happens where there is none."""
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _byte_of(digest))

    async def wait(self, digest: str, done: Callable[[], bool], *, at_most_s: float) -> None:
        """Returns once this process has the claim, once `done` says that the call's reply is there, or after
        `at_most_s` seconds: a process that stands still has a claim, too."""
        loop = asyncio.get_running_loop()
        end = loop.time() + at_most_s
        pause_s = FIRST_POLL_S
        while not self.take(digest) and not done() and loop.time() < end:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LAST_POLL_S)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _byte_of(digest: str) -> int:
    """A place below 2**60, which every system takes as an offset. Two calls meet there once in 10**18 pairs, and then
    only wait for one another."""
    return int(digest[:15], 16)
