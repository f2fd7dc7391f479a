"""The batch API (`limits: {batch: true}`): OpenAI-compatible files and batches, at half the price, within a day.

Calls that wait for an answer are gathered: a second after the last one came, or when there are as many as fit, they are
uploaded as one file (`POST /files`), started (`POST /batches`) and looked after (`GET /batches/ID`) until the replies
can be fetched. A batch holds at most as many calls as `limits.concurrency`. Which call is in which batch is kept in
the call cache, so that a run that is stopped or killed while a batch is pending finds it again and sends nothing twice;
only a death between the start of a batch and that note, a few milliseconds, leaves one behind that nobody fetches.

What goes wrong with uploads, looks and fetches costs nothing and loses nothing: a batch is forgotten only when it ended
without the call that asks, or is gone.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

import aiohttp
from yarl import URL

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.core.errors import ProviderError
from datagen_cli.core.store import Store
from datagen_cli.llm.batch_files import (
    add_lines,
    bare,
    end_of,
    files_of,
    form,
    has_more,
    inline_lines,
    input_file,
    lines_in,
    name_in,
    reply_in,
    started_for,
)
from datagen_cli.llm.faults import AuthRefused, Fault, RequestRefused, TransportError, fault_in, page_words, sentence_of
from datagen_cli.llm.foreign_json import loaded
from datagen_cli.llm.keys import Target
from datagen_cli.llm.openai_http import CONNECT_S, OpenAIHTTP, told, whole
from datagen_cli.llm.provider import RawReply, Start, body_of

QUIET_S = 1.0
FIRST_POLL_S, LONGEST_POLL_S = 2.0, 60.0
HTTP_TIMEOUT_S = 120.0
HTTP_TIMEOUT = aiohttp.ClientTimeout(HTTP_TIMEOUT_S, sock_connect=CONNECT_S)
MOST_CALLS, MOST_BYTES = 50_000, 190 * 1024 * 1024
TOO_LARGE = 413
NO_BATCHES = (404, 405, 410, 501)
ONE_BY_ONE = "without limits.batch the calls go one by one, at their full price"
TOO_MUCH_WAIT_S = 60.0
FETCH_TRIES, SHORT_TRIES, GONE_TRIES, GONE_BATCHES = 8, 3, 4, 3
MOST_FILE_BYTES = 1024 * 1024 * 1024
ENQUEUED = re.compile(rb"enqueued|token_limit|token limit|quota|rate.?limit|too many", re.IGNORECASE)
UNREADY = re.compile(
    r"not (?:been |yet )*(?:processed|ready|validated)|still (?:being )?process|pending", re.IGNORECASE
)
SPENT = re.compile(rb"insufficient_quota|billing|out of credit", re.IGNORECASE)

Waiting = dict[str, tuple[bytes, "asyncio.Future[RawReply]"]]


class BatchHTTP(OpenAIHTTP):
    """One endpoint's batches. `store` remembers which call is in which batch; without one nothing is found again."""

    def __init__(
        self,
        options: ModelOptions,
        target: Target,
        *,
        concurrency: int = 0,
        store: Store | None = None,
        patience_s: float = 300.0,
    ) -> None:
        super().__init__(options, target, concurrency=concurrency)
        self._root = URL(str(self._url.with_query(None)).removesuffix("/chat/completions"), encoded=True)
        self._most = min(concurrency or MOST_CALLS, MOST_CALLS)
        self._store = store
        self._patience_s = patience_s
        self._ended = False
        self._lost = 0
        self._unsure = 0
        self._waiting: Waiting = {}
        self._waiting_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._asked: dict[str, dict[str, asyncio.Future[RawReply]]] = {}
        self._lines: dict[str, dict[str, Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._followed: set[str] = set()

    async def complete_when(self, payload: Mapping[str, Any], draw: Draw, start: Start) -> RawReply:
        """The reply out of a batch. Raises the faults of `llm/faults.py`."""
        timeout_s = await start()
        body = body_of(payload)
        key = blake2b(body + str(draw).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        future: asyncio.Future[RawReply] = asyncio.get_running_loop().create_future()
        batch = None if self._store is None else self._store.get(f"batch/{key}")
        if batch:
            self._look_after(batch.decode(), {key: future})
        else:
            self._gather(key, body, future)
        try:
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError as error:
            raise TransportError("server", f"the batch is not over after {timeout_s:g} s") from error
        finally:
            self._waiting.pop(key, None)

    async def close(self) -> None:
        """Leaves batches that are pending to themselves."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().close()

    def _gather(self, key: str, body: bytes, future: asyncio.Future[RawReply]) -> None:
        if self._waiting_bytes + len(body) > MOST_BYTES:
            self._send()
        self._waiting[key] = (body, future)
        self._waiting_bytes += len(body)
        if self._timer is not None:
            self._timer.cancel()
        if len(self._waiting) >= self._most:
            self._send()
        else:
            self._timer = asyncio.get_running_loop().call_later(QUIET_S, self._send)

    def _send(self) -> None:
        waiting, self._waiting, self._waiting_bytes = self._waiting, {}, 0
        if waiting:
            self._spawn(self._start(waiting))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start(self, waiting: Waiting) -> None:
        """Uploads a file and starts its batch; a file that is too large is halved."""
        try:
            batch = await self._begin(await self._upload(input_file({key: body for key, (body, _) in waiting.items()})))
            if self._store is not None:
                await asyncio.gather(*(self._store.put(f"batch/{key}", batch.encode()) for key in waiting))
        except (Fault, ProviderError) as fault:
            if isinstance(fault, RequestRefused) and fault.status == TOO_LARGE and len(waiting) > 1:
                items = list(waiting.items())
                self._most = max(1, len(items) // 2)
                for half in (items[: self._most], items[self._most :]):
                    self._spawn(self._start(dict(half)))
            else:
                _fail((future for _, future in waiting.values()), fault)
        else:
            self._look_after(batch, {key: future for key, (_, future) in waiting.items()})

    async def _upload(self, content: bytes) -> str:
        try:
            found = await self._ask("POST", "files", *form(content))
        except Fault as fault:
            raise self._no_batches("files", fault) or fault from fault
        name = name_in(found, "file_id", "fileId", "name")
        if not name:
            came = self._clean(json.dumps(found))[:200]
            raise ProviderError(f"a file was uploaded, and the answer does not name it: {came}", hint=ONE_BY_ONE)
        return name

    async def _begin(self, file: str) -> str:
        """Starts the batch of a file; its name. Where the answer was lost, or names none, the batch is looked for: to
        start another would be to pay twice."""
        loop = asyncio.get_running_loop()
        order = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        waits, since = _waits(), loop.time()
        while True:
            try:
                found = await self._ask("POST", "batches", json.dumps(order).encode(), "application/json")
                break
            except RequestRefused as fault:  # the file is looked through before it can be used
                if not UNREADY.search(fault.message) or loop.time() - since > self._patience_s:
                    raise
            except (AuthRefused, TransportError) as fault:
                refused = self._no_batches("batches", fault)
                if refused is not None or isinstance(fault, AuthRefused) or fault.kind == "rate" or fault.absent:
                    raise refused or fault from fault
                return await self._maybe_started(file, fault.message, fault)
            await asyncio.sleep(next(waits))
        name = name_in(found, "batch_id", "batchId", "name")
        self._unsure = 0 if name else self._unsure
        return name or await self._maybe_started(file, f"no batch is named: {self._clean(json.dumps(found))[:200]}")

    async def _maybe_started(self, file: str, why: str, fault: TransportError | None = None) -> str:
        """The batch of a file, as the endpoint lists it. Raises the fault where none was started; where nobody can
        tell, another one is tried a few times at most."""
        try:
            name = started_for(loaded(await self._fetch("GET", "batches")), file)
        except Fault:
            name = None
        if name:
            return name
        self._unsure += name is None or fault is None
        if self._unsure < GONE_BATCHES and not (name is None and fault is None):
            raise fault or TransportError("server", why, sent=False)
        raise ProviderError(
            f"a batch may have been started, and cannot be found: {why}",
            hint=f"see at the vendor which batches run, and cancel those that are too many; {ONE_BY_ONE}",
        )

    def _no_batches(self, path: str, fault: Fault) -> ProviderError | None:
        """The end of a run whose endpoint has no batches, which uses up no attempt; None for any other fault."""
        refused = path == "files" and isinstance(fault, RequestRefused) and fault.status != TOO_LARGE
        if fault.status not in NO_BATCHES and not refused:
            return None
        return ProviderError(
            f'the endpoint takes no batches: POST {self._root / path} ({fault.status}): "{fault.message}"',
            hint=ONE_BY_ONE,
        )

    def _look_after(self, batch: str, asked: Mapping[str, asyncio.Future[RawReply]]) -> None:
        """Has those who asked answered out of a batch."""
        self._asked.setdefault(batch, {}).update(asked)
        if batch not in self._followed:
            self._followed.add(batch)
            self._spawn(self._follow(batch))

    async def _follow(self, batch: str) -> None:
        """Waits for the end of a batch and answers those who asked, and those who ask in the meantime."""
        try:
            if batch not in self._lines:
                self._lines[batch] = await self._result(batch)
            while asked := self._asked.pop(batch, None):
                for key, future in asked.items():
                    try:
                        found = reply_in(self._lines[batch].get(key), self._secrets)
                    except Fault as fault:
                        await self._forget(key)  # nothing is paid for it, and the next one may be answered
                        _fail([future], fault)
                    else:
                        if not future.done():
                            future.set_result(found)
        except (TransportError, RequestRefused) as fault:  # the batch has no answers: its calls go into others
            while asked := self._asked.pop(batch, None):
                for key in asked:
                    await self._forget(key)
                _fail(asked.values(), fault)
        except (AuthRefused, ProviderError) as fault:
            _fail(self._asked.pop(batch, {}).values(), fault)
        except Exception as error:  # whatever is in a batch's files, nobody may wait for ever
            unread = TransportError("server", f"batch {batch} cannot be read: {error!r}", sent=False)
            _fail(self._asked.pop(batch, {}).values(), unread)
        finally:
            self._followed.discard(batch)

    async def _result(self, batch: str) -> dict[str, Any]:
        """The lines of a batch's files by call. Raises what is wrong with the batch as a whole."""
        found = await self._end_of(batch)
        if end_of(found) == "failed":
            raise self._failed(batch, found)
        lines = inline_lines(found)
        if end_of(found) == "completed" and not files_of(found) and not lines:
            raise ProviderError(
                f"batch {batch} is completed, and names no file of its results",
                hint="look it up at the vendor; without limits.batch the calls go one by one",
            )
        for name, expected in files_of(found):
            add_lines(lines, await self._lines_of(name, expected, needed=not lines))
        self._ended = True
        return lines

    async def _end_of(self, batch: str) -> dict[str, Any]:
        """What the endpoint says of a batch that is over. Looks that fail or say nothing count against the patience."""
        loop = asyncio.get_running_loop()
        waits, missing, last_good, problem = _waits(), 0, loop.time(), ""
        while True:
            try:
                found = bare(await self._ask("GET", f"batches/{batch}"))
                state = end_of(found)
                if state == "running":
                    last_good, missing = loop.time(), 0
                elif state is not None and not has_more(found):
                    return found
                problem = "the answer has no status" if state is None else "it is over, and its results are not there"
            except (TransportError, RequestRefused) as fault:
                problem = fault.message
            except AuthRefused as fault:
                missing, problem = missing + 1, fault.message
                if missing >= GONE_TRIES:
                    if fault.status != 404:
                        raise
                    raise self._gone(batch, fault) from fault
            if loop.time() - last_good > self._patience_s:
                raise ProviderError(
                    f"batch {batch} cannot be looked at for {self._patience_s:g} s: {problem}",
                    hint="run the same command again later: the batch is remembered, and nothing is sent twice",
                )
            await asyncio.sleep(next(waits))

    async def _lines_of(self, name: str, expected: int, *, needed: bool) -> dict[str, Any]:
        """The lines of a file of a batch that is paid for: fetched again and again until it comes, and some more times
        where it holds fewer lines than `expected`. Raises `ProviderError` when it never comes, and for one that is
        `needed` and holds no line that can be read: a new batch would be paid for, and be no better."""
        problem = ""
        lines: dict[str, Any] = {}
        for tries, wait_s in zip(range(1, FETCH_TRIES + 1), _waits(), strict=False):
            try:
                content = (await self._fetch("GET", f"files/{name}/content")).strip()
                add_lines(lines, lines_in(content))
                is_page = not lines and content.startswith(b"<")
                if needed and content and not lines and tries >= SHORT_TRIES:
                    words = page_words(content[:2000].decode("utf-8", "replace"), self._secrets)
                    problem = f'no line of them can be read: "{words}"'
                    break
                if not is_page and (len(lines) >= (expected or bool(content)) or tries >= SHORT_TRIES):
                    return lines
                problem = "a web page came" if is_page else f"{len(lines)} of {expected or 'its'} lines came"
            except Fault as fault:
                problem = fault.message
            if tries < FETCH_TRIES:
                await asyncio.sleep(wait_s)
        raise ProviderError(
            f"the results of a batch cannot be fetched: {problem}",
            hint="run the same command again later: the batch is remembered, and nothing is paid twice",
        )

    def _gone(self, batch: str, fault: Fault) -> Exception:
        """What a batch that is not found leads to: its calls go into another one, a few times."""
        self._lost += 1
        if self._lost < GONE_BATCHES:
            return TransportError("server", f"batch {batch} is gone", sent=False)
        return ProviderError(
            f"{self._lost} batches were started and cannot be found: {fault.message}",
            hint="check base_url and the key's project; without limits.batch the calls go one by one",
        )

    def _failed(self, batch: str, found: Mapping[str, Any]) -> Fault:
        """What a batch that failed as a whole leads to: too much at once is tried again smaller."""
        errors = json.dumps(found.get("errors") or found.get("error") or {}).encode()
        said = sentence_of(errors, 400, self._secrets)
        message = f"batch {batch} failed: {said}"
        if SPENT.search(errors):
            return TransportError("rate", message, sent=False, quota=True)
        if ENQUEUED.search(errors):
            self._most = max(1, min(self._most, max(len(self._asked.get(batch, ())), 1)) // 2)
            return TransportError("rate", message, TOO_MUCH_WAIT_S, sent=False)
        return TransportError("server", message, sent=False) if self._ended else RequestRefused(400, message)

    async def _ask(self, method: str, path: str, data: bytes | None = None, kind: str = "") -> dict[str, Any]:
        found = loaded(await self._fetch(method, path, data, kind))
        if found is None:
            raise TransportError("server", f"{path}: the answer is no JSON", status=200, sent=False)
        found = found[0] if isinstance(found, list) and len(found) == 1 else found
        return found if isinstance(found, dict) else {}

    async def _fetch(self, method: str, path: str, data: bytes | None = None, kind: str = "") -> bytes:
        """The body of an answer. What goes wrong here costs nothing: the calls are paid for when they are answered."""
        headers = {**self._headers, "Content-Type": kind} if kind else self._headers
        url = (self._root / path).with_query(self._url.query)
        try:
            async with self._open().request(
                method, url, data=data, headers=headers, timeout=HTTP_TIMEOUT,
                allow_redirects=False, proxy=self._proxy,
            ) as response:  # fmt: skip
                if 200 <= response.status < 300:
                    return await whole(response, MOST_FILE_BYTES)
                raise fault_in(response.status, response.headers, await told(response), self._secrets, time.time())
        except TransportError as fault:
            fault.sent = False
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise self._broken(error, HTTP_TIMEOUT_S, sent=False) from None

    async def _forget(self, key: str) -> None:
        """A call that had no answer goes into another batch."""
        if self._store is not None:
            await self._store.put(f"batch/{key}", b"")


def _waits() -> Iterator[float]:
    """Seconds between two looks, more and more."""
    wait_s = FIRST_POLL_S
    while True:
        yield wait_s
        wait_s = min(LONGEST_POLL_S, wait_s * 1.5)


def _fail(futures: Iterable[asyncio.Future[RawReply]], fault: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(fault)
