"""A headless Chromium, driven by its DevTools protocol: what a page shows, says and asks for.

It is found by `DATAGEN_BROWSER`, else by name; where there is none, tests that need it say so and are skipped.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_S, ANSWER_S = 600.0, 600.0


def found() -> str | None:
    """The browser of this machine."""
    return os.environ.get("DATAGEN_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """One page. `errors` are exceptions and console errors, `requests` the addresses that were asked for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self.errors: list[str] = []
        self.requests: list[str] = []

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a method of the protocol. Raises `AssertionError` for its errors."""
        number = len(self._answers) + 1
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        answer = await asyncio.wait_for(self._answers[number], ANSWER_S)
        assert "error" not in answer, (method, answer["error"])
        return dict(answer["result"])

    async def open(self, url: str, *, width: int = 1200, height: int = 900, dark: bool = False) -> None:
        """Loads a page and waits until it is whole."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._loaded.clear()
        await self.call("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), ANSWER_S)

    async def js(self, expression: str) -> Any:
        """The JSON value of an expression, awaited where it is a promise."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def until(self, expression: str) -> None:
        """Waits until an expression is true."""
        async with asyncio.timeout(ANSWER_S):
            while not await self.js(expression):
                await asyncio.sleep(0.05)

    async def key(self, key: str) -> None:
        """Presses a key."""
        text = {"text": key} if len(key) == 1 else {}
        await self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def _read(self) -> None:
        async for message in self._socket:
            self._take(json.loads(message.data))

    def _take(self, found: dict[str, Any]) -> None:
        method, params = found.get("method"), found.get("params", {})
        if "id" in found:
            self._answers[found["id"]].set_result(found)
        elif method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] == "error":
            self.errors.append(json.dumps(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])


class Browser:
    """A browser under way; `tab` opens a page in it."""

    def __init__(self, port: int) -> None:
        self._port = port

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        """A new tab."""
        async with aiohttp.ClientSession() as session:
            async with session.put(f"http://127.0.0.1:{self._port}/json/new?about:blank") as answer:
                target = await answer.json(content_type=None)
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Tab(socket)
            await session.get(f"http://127.0.0.1:{self._port}/json/close/{target['id']}")


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Browser]:
    """A browser of its own, with its profile in a folder; it ends with everything that it started."""
    name = found()
    assert name is not None
    options: Iterable[str] = (
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0", f"--user-data-dir={folder}",
    )  # fmt: skip
    process = subprocess.Popen(
        [name, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        port = folder / "DevToolsActivePort"
        async with asyncio.timeout(START_S):
            while not (port.exists() and port.read_text().strip()):
                assert process.poll() is None, "the browser ended at its start"
                await asyncio.sleep(0.05)
        yield Browser(int(port.read_text().split()[0]))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
