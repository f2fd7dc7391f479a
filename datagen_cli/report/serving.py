"""A run's page served on this machine, new whenever the run has gone on, with decisions of a person on its records.

The address holds a token that only who started the server knows; requests under another host's name, or from a page of
another origin, are refused, so that no site in the same browser can read or decide anything. What the page decides goes
through `runs/review.py`, as the terminal's decisions do. Nothing is kept by the browser.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_cli.core.digest import digest
from datagen_cli.core.errors import DataError, DatagenError
from datagen_cli.evaluation.document import document
from datagen_cli.evaluation.evaluate import choose, evaluate, metric
from datagen_cli.evaluation.load import Wanted, base_of, load_dataset
from datagen_cli.report.evaluation import evaluation_page
from datagen_cli.report.html import text
from datagen_cli.report.records import rows_of
from datagen_cli.report.sheet import Sheet, sheet_of, sheet_of_run
from datagen_cli.runs.reader import RunReader
from datagen_cli.runs.review import FILE, NOT_JUDGED, Decision, ReviewFile, read_decision

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"
MOST_BYTES = 1_000_000
REST = 4.0
"""A page is made anew after this many times the seconds that making it took: a large run is not read all the time."""
LEAST_REST_S = 1.0
LARGE_BYTES = 4 << 20
"""Bytes of a run's files that take long to read: a page that says so is shown first."""
PATIENCE_S = 1.0
"""How long a server that ends waits for requests under way."""
MOST_CONNECTIONS, SWEEP_S = 64, 1.0
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'none'",
}
SAYING = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><meta http-equiv="refresh" content="{seconds}">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body style="font: 1rem/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem">
{said}</body></html>
"""
ASKS_AGAIN_S = 5
"""Seconds after which a page that says why there is no report asks again."""
Handler = Callable[["web.Request"], Awaitable["web.StreamResponse"]]


class Pages:
    """The page of a run folder, made again when the folder has changed. Its methods block; one at a time is called.
    `html` is the page as it was made last.

    A run that has ended is shown at once, and once more when it is measured: `measure` may be called beside the others.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.version = ""
        self.html = ""
        self._made_at, self._took = float("-inf"), 0.0
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._finished = False
        self._sheet: tuple[str, Sheet] | None = None
        self.unmeasured = ""

    def refresh(self) -> None:
        """Reads the folder where it is not as it was. Raises `DataError` where there is no run any more."""
        files = fingerprint(self.folder)
        sheet = self._sheet[1] if self._sheet is not None and self._sheet[0] == files else None
        found = files if sheet is None else f"{files}|measured"
        rest = max(LEAST_REST_S, REST * self._took)
        if found == self.version or (self.version and time.monotonic() - self._made_at < rest):
            return
        started = time.monotonic()
        run = RunReader(self.folder)
        rows, self._finished = rows_of(run)
        self._rows = {str(row.get("id")): row for row in rows}
        self.unmeasured = files if sheet is None and self._finished else ""
        shown = sheet or sheet_of_run(run)
        for drawn in shown.records.rows if shown.records else ():
            if "r" not in drawn and drawn["i"] in self._rows:
                drawn["h"] = look_of(self._rows[drawn["i"]])
        self.html = evaluation_page([shown], live={"version": found})
        self.version, self._made_at = found, time.monotonic()
        self._took = self._made_at - started

    def measure(self) -> None:
        """Measures the run as it is; the next `refresh` shows it. Does nothing where it is measured, or goes on."""
        files, self.unmeasured = self.unmeasured, ""
        with suppress(DatagenError):  # what cannot be measured is shown without measures
            self._sheet = (files, measured(RunReader(self.folder))) if files else self._sheet

    @property
    def waiting(self) -> str:
        """What is shown before the first page of a large run is there, and asks for it again; empty for a small one."""
        size = 0 if self.version else sum(map(size_of, written_in(self.folder)))
        if size < LARGE_BYTES:
            return ""
        return saying(str(self.folder), [f"Reading {self.folder}: {size >> 20:,} MB. The page comes by itself."], 1)

    def state(self) -> dict[str, Any]:
        """Counts and state as they are now, and the version that a page should have."""
        self.refresh()
        run = RunReader(self.folder)
        manifest = run.manifest
        return {
            "version": self.version, "state": run.state, "accepted": manifest.accepted, "count": manifest.count,
            "rejected": manifest.rejected, "calls": manifest.calls, "cost_usd": manifest.cost_usd,
            "reviewed": stamp(self.folder / FILE),
        }  # fmt: skip

    def record(self, id_: str) -> Mapping[str, Any]:
        """A record's row in full. Raises `DataError` for an id that is not there."""
        if id_ not in self._rows:
            raise DataError(f"id: {id_!r} is no record of this run")
        return self._rows[id_]

    def decisions(self) -> dict[str, Any]:
        """What counts of the decisions on the records that stand there, by id."""
        found = ReviewFile(self.folder).read().last
        return {id_: one.line() for id_, one in found.items() if id_ in self._rows and one.is_on(self._rows[id_])}

    def decide(self, given: Mapping[str, Any]) -> Decision:
        """Appends a decision. Raises `DataError` for one that cannot be, `UsageError` where it cannot be written.

        `seen` of what is given is the look of the record that the person had before the eyes: one that was made anew
        since then is not decided on.
        """
        told = {name: value for name, value in given.items() if name != "seen"}
        found = read_decision(told, self._rows)
        if given.get("seen", "") not in ("", look_of(self._rows[found.id])):
            hint = "look at the record as it is now, and decide again"
            raise DataError(f"{found.id}: it was made anew since this page was drawn", hint=hint)
        if not self._finished:  # the columns of the dataset are not known yet: it is bound to its row later
            found = Decision(found.id, found.decision, found.reason, found.fields)
        ReviewFile(self.folder).append(found)
        return found

    def undo(self) -> Decision | None:
        """Takes the last decision back."""
        return ReviewFile(self.folder).undo()


def saying(title: str, said: Sequence[str], seconds: int) -> str:
    """A page of a few sentences that asks for itself again after so many seconds."""
    lines = "".join(f"<p>{text(one)}</p>" for one in said if one)
    return SAYING.format(title=text(title), said=lines, seconds=seconds)


def measured(run: RunReader) -> Sheet:
    """The sheet of a run that has ended, with every measure that needs no embeddings."""
    loaded = load_dataset(str(run.folder), Wanted())
    names = [name for name in choose(None) if not metric(name).needs_vectors]
    base = base_of(run, loaded.dataset)
    found = evaluate(loaded, base, names, embedder=None, given={}, say=lambda _: None)
    return sheet_of(found, document(found, []))


def look_of(row: Mapping[str, Any]) -> str:
    """Changes with what a person judges of a row; the same while its run goes on and after it."""
    return digest([[name, value] for name, value in row.items() if name not in NOT_JUDGED and value is not None])


def fingerprint(folder: Path) -> str:
    """Changes whenever the run writes: sizes and times of its files."""
    found = [stamp(path) for path in written_in(folder) if path.name not in (FILE, "spending.jsonl", "run.json")]
    state = RunReader(folder)
    return digest(state.state, state.manifest.finished, found)


def written_in(folder: Path) -> list[Path]:
    """The files of a run that a page is made of."""
    return sorted([*folder.glob("*.json"), *folder.glob("*.jsonl"), *folder.glob("checkpoints/*.jsonl")])


def size_of(path: Path) -> int:
    """The bytes of a file; 0 where there is none."""
    with suppress(OSError):  # moved aside between the two
        return path.lstat().st_size
    return 0


def stamp(path: Path) -> str:
    """Name, size and time of a file; empty where there is none."""
    with suppress(OSError):  # moved aside between the two
        stat = path.lstat()
        return f"{path.name}:{stat.st_size}:{stat.st_mtime_ns}"
    return ""


async def unwaited(work: Callable[[], Any]) -> Any:
    """Runs what only reads in a thread for which the end of the process does not wait."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def told(tell: Callable[[Any], None], what: Any) -> None:
        if not done.done():
            tell(what)

    def run() -> None:
        try:
            tell, what = done.set_result, work()
        except Exception as error:
            tell, what = done.set_exception, error
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(told, tell, what)

    threading.Thread(target=run, daemon=True).start()
    return await done


def application(pages: Pages, token: str) -> web.Application:
    """The server's routes. Everything is refused without the token."""
    from aiohttp import web

    lock = asyncio.Lock()
    measuring = threading.Thread()
    reading: asyncio.Task[Any] | None = None

    async def beside(work: Callable[[], Any], run: Callable[..., Awaitable[Any]] = asyncio.to_thread) -> Any:
        """Runs what reads or writes files in a thread, one at a time."""
        async with lock:
            return await run(work)

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        why = refusal(request, token)
        try:
            answer = _told(request, 403, why) if why else await handler(request)
        except DatagenError as error:
            answer = _told(request, 400, str(error), error.advice)
        except web.HTTPException as error:
            answer = _told(request, error.status, error.reason)
        except ConnectionError:  # whoever asked is gone
            answer = _told(request, 400, "the request ended too early")
        except Exception as error:  # told where it is seen: on the page
            answer = _told(request, 500, f"unexpected {type(error).__name__}: {error}")
        answer.headers.update(HEADERS)
        return answer

    async def whole(request: web.Request) -> web.StreamResponse:
        nonlocal measuring, reading
        if not (reading and reading.done()) and (page := await asyncio.to_thread(lambda: pages.waiting)):
            reading = reading or asyncio.create_task(beside(pages.refresh, unwaited))
            return web.Response(text=page, content_type="text/html", charset="utf-8")
        first, reading = reading, None
        await (first or beside(pages.refresh, unwaited))
        if pages.unmeasured and not measuring.is_alive():  # Ctrl-C does not wait for it
            measuring = threading.Thread(target=pages.measure, daemon=True)
            measuring.start()
        return web.Response(text=pages.html, content_type="text/html", charset="utf-8")

    async def state(request: web.Request) -> web.StreamResponse:
        return _json(web, await beside(pages.state, unwaited))

    async def record(request: web.Request) -> web.StreamResponse:
        row = await beside(lambda: pages.record(request.query.get("id", "")))
        return _json(web, {"row": row, "seen": look_of(row)})

    async def decisions(request: web.Request) -> web.StreamResponse:
        return _json(web, {"decisions": await beside(pages.decisions)})

    async def decide(request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            return _json(web, {"error": "expected application/json"}, 415)
        try:
            given = json.loads(await request.read())
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            return _json(web, {"error": "expected a JSON object"}, 400)
        found = await beside(lambda: pages.decide(given))
        return _json(web, {"decided": found.line()})

    async def undo(request: web.Request) -> web.StreamResponse:
        found = await beside(pages.undo)
        return _json(web, {"undone": found.line() if found else None})

    app = web.Application(middlewares=[guarded], client_max_size=MOST_BYTES)
    app.router.add_get("/", whole)
    app.router.add_get("/state", state)
    app.router.add_get("/record", record)
    app.router.add_get("/decisions", decisions)
    app.router.add_post("/review", decide)
    app.router.add_post("/undo", undo)
    return app


def runner_of(pages: Pages, token: str) -> web.AppRunner:
    """What serves the pages. What is no HTTP is answered by a refusal, of which nothing is printed.

    It ends soon after it is told to, however slowly anybody still sends or reads.
    """
    from aiohttp import web

    quiet = logging.getLogger("datagen_cli.view")
    quiet.setLevel(logging.CRITICAL + 1)

    async def swept(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(_sweep(runner))
        yield
        task.cancel()

    app = application(pages, token)
    app.cleanup_ctx.append(swept)
    runner = web.AppRunner(app, access_log=None, logger=quiet, shutdown_timeout=PATIENCE_S, lingering_time=0.0)
    return runner


async def _sweep(runner: web.AppRunner) -> None:
    """Closes the oldest connections of too many: who opens them and says nothing keeps nobody else out."""
    while True:
        await asyncio.sleep(SWEEP_S)
        for one in runner.server.connections[:-MOST_CONNECTIONS] if runner.server else ():
            if one.transport is not None:
                one.transport.abort()


def refusal(request: web.Request, token: str) -> str:
    """Why a request is not answered; empty when it is."""
    port = request.transport.get_extra_info("sockname")[1] if request.transport else 0
    own = {f"{name}:{port}" for name in (HOST, "localhost")}
    if request.host.lower() not in own:
        return "this server answers under its own name only"
    given = request.headers.get("X-Datagen-Token") or request.query.get("token", "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
        return "the token is missing or wrong: use the address that datagen view printed"
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() not in {f"http://{name}" for name in own}:
        return "requests of other pages are not answered"
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return "requests of other pages are not answered"
    return ""


def _told(request: web.Request, status: int, why: str, hint: str | None = None) -> web.Response:
    """Why there is no answer: as a page to who opens one in a browser, else as JSON."""
    from aiohttp import web

    if "text/html" not in request.headers.get("Accept", ""):
        return _json(web, {"error": why, **({"hint": hint} if hint else {})}, status)
    page = saying("datagen view", [f"There is nothing to show: {why}.", hint or ""], ASKS_AGAIN_S)
    return web.Response(text=page, status=status, content_type="text/html", charset="utf-8")


def _json(web: Any, value: Any, status: int = 200) -> web.Response:
    answer: web.Response = web.Response(
        text=json.dumps(value, ensure_ascii=True, default=str), content_type="application/json", status=status
    )
    return answer
