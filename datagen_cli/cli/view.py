"""`datagen view`: the report of a run in a browser while the run goes on, and the review of its records there."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.cli.run_folder import say_damage
from datagen_cli.core.errors import EXIT_INTERRUPTED, Place, UsageError
from datagen_cli.core.leaving import STOP_SIGNALS
from datagen_cli.runs.reader import RunReader

EXAMPLES = ("datagen view runs/quickstart", "datagen view runs/quickstart --port 8080 --no-browser")


def command(
    run: given.RunArgument,
    port: Annotated[int, given.option(None, "N", "A port; a free one without it.", "--port", min=0, max=65535)] = 0,
    no_browser: Annotated[bool, given.option(None, "", "Only print the address.", "--no-browser")] = False,
    json_: given.Json = False,
) -> int:
    """Serve a run's report to a browser on this machine.

    The page follows a run that goes on. Keys decide on records: k keeps, r rejects, e edits, u takes back. Ctrl-C ends
    it.
    """
    reader = RunReader(Path(run))
    say_damage(reader)
    shown = console.is_terminal(sys.stderr) and not json_ and not no_browser
    return asyncio.run(_serve(Path(run), port, shown=shown, as_json=json_))


async def _serve(folder: Path, port: int, *, shown: bool, as_json: bool) -> int:
    """Serves until a signal comes. Returns the exit code of that signal."""
    from aiohttp import web

    from datagen_cli.report.serving import HOST, Pages, runner_of

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unsaid)
    stopped: asyncio.Future[int] = loop.create_future()
    _on_signals(stopped)
    token = secrets.token_urlsafe(24)
    runner = runner_of(Pages(folder), token)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        try:
            await site.start()
        except OSError as error:
            hint = "leave --port out: a free one is taken"
            raise UsageError(
                f"--port {port}: {os.strerror(error.errno or 0).lower()}", hint=hint, place=Place(HOST)
            ) from error
        bound = runner.addresses[0][1]
        url = f"http://{HOST}:{bound}/?token={token}"
        if as_json:
            console.emit_json({"run": str(folder), "url": url, "port": bound})
        else:
            console.out(url)
        console.say(f"serving {folder} on this machine only; Ctrl-C ends it")
        if shown:
            _open(url)
        return await stopped
    finally:
        await runner.cleanup()


def _unsaid(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Too many connections are no news for who reads the page: they are closed in a moment."""
    if "accept()" not in str(context.get("message")):
        loop.default_exception_handler(context)


def _on_signals(stopped: asyncio.Future[int]) -> None:
    """A signal that asks to stop ends the waiting with its exit code."""
    loop = asyncio.get_running_loop()

    def stop(code: int) -> None:
        if not stopped.done():
            stopped.set_result(code)

    for number, code in STOP_SIGNALS.items():
        try:
            loop.add_signal_handler(number, stop, code)
        except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not in the main thread
            if number == signal.SIGINT and threading.current_thread() is threading.main_thread():
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop, EXIT_INTERRUPTED))


def _open(url: str) -> None:
    """Opens the page beside this: some browsers return only when they are closed."""
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
