"""llama.cpp's server as a child process: started, waited for with a bounded clock, and ended with the run.

The child has a session of its own, so that a Ctrl-C in the terminal reaches the run and not the server, which answers
the calls in flight. It holds one end of a pipe to this process and ends when the other end is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from datagen_cli.core.errors import ProviderError

START_S = 60.0
TEMPLATE_S = 20.0
"""CPU time that the model's chat template may take for a conversation; a sane one takes milliseconds."""
STARVED = 30
"""How many times as long it may take by the clock, on a machine that has other work."""
LOADS_STARVED = 10
"""The same of loading, which waits for disks, too."""
SLOTS_S = 5.0
ASKED_OF_IT = ("messages", "tools", "chat_template_kwargs")
SLOWEST_BYTES_A_SECOND = 20e6
END_S = 5.0
CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a server is started with. `context`: tokens of one slot; `slots`: calls that it works on at once."""

    file: Path
    alias: str
    threads: int
    context: int
    slots: int


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LlamaServer:
    """One server. `key` is random and known to this process and its child only."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.key = secrets.token_urlsafe(24)
        self._process: asyncio.subprocess.Process | None = None
        self._said: IO[bytes] | None = None
        self._session: Any = None

    async def start(self) -> str:
        """Starts the child and waits until the model is loaded. Returns its address, `http://127.0.0.1:PORT`.

        Raises `ProviderError` when the model cannot be loaded, or is not within a minute and a second for each 20 MB,
        ten times as long on a machine that has other work.
        """
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the server
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(CHILD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        told = {**asdict(self.settings), "file": str(self.settings.file), "key": self.key, "parent": os.getpid()}
        self._process.stdin.write((json.dumps(told) + "\n").encode())
        limit_s = START_S + self.settings.file.stat().st_size / SLOWEST_BYTES_A_SECOND
        said = asyncio.ensure_future(self._process.stdout.readline())
        try:
            if not await self._ends_within(limit_s, said, LOADS_STARVED):
                raise self._failed(f"was not loaded within {limit_s:.0f} s")
        finally:
            said.cancel()
        line = await said
        answer: dict[str, str] = json.loads(line) if line.strip() else {}
        if "url" not in answer:
            raise self._failed(f"cannot be loaded: {answer.get('error') or await self._ending()}")
        import aiohttp

        key = {"Authorization": f"Bearer {self.key}"}
        self._session = aiohttp.ClientSession(answer["url"], headers=key)
        return answer["url"]

    async def try_template(self, payload: Mapping[str, Any]) -> None:
        """Has the model's chat template write the conversation of a request once, which costs a millisecond: nothing
        else would end a template that runs for ever. Ends the server and raises `ProviderError` where it does; other
        troubles are the request's own.
        """
        said = {name: payload[name] for name in ASKED_OF_IT if name in payload}
        written = asyncio.ensure_future(self._write_by_template(said))
        try:
            if not await self._ends_within(TEMPLATE_S, written, STARVED):
                await self.close()
                raise ProviderError(
                    f"model gguf/{self.settings.alias}: its chat template was stopped: it takes more than"
                    f" {TEMPLATE_S:g} s",
                    hint="take the model from where it was published, or name another",
                )
        finally:
            written.cancel()

    async def _ends_within(self, limit_s: float, work: asyncio.Future[Any], starved: float) -> bool:
        """Whether the server ends a piece of work within so much of its own time: where other work holds the machine,
        the clock may show `starved` times as much."""
        begun, before = time.monotonic(), self._cpu_s()
        while not (await asyncio.wait({work}, timeout=min(1.0, limit_s)))[0]:
            past_s, now = time.monotonic() - begun, self._cpu_s()
            used_s = past_s if before is None or now is None else max(now - before, past_s / starved)
            if used_s > limit_s:
                return False
        return True

    async def _write_by_template(self, said: Mapping[str, Any]) -> None:
        from aiohttp import ClientError, ClientTimeout

        with suppress(ClientError):
            async with self._session.post("/apply-template", json=said, timeout=ClientTimeout(total=None)) as answer:
                await answer.read()

    def _cpu_s(self) -> float | None:
        """CPU time of the server; None where the system does not tell."""
        try:
            assert self._process is not None
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, LookupError):
            return None

    async def under_way(self) -> list[int] | None:
        """How many tokens each reply that is being written has; zeros while prompts are read. None where it cannot be
        told: a server that reads a long prompt on a busy machine answers late."""
        from aiohttp import ClientError, ClientTimeout

        if self._session is None:
            return None
        try:
            async with self._session.get("/slots", timeout=ClientTimeout(total=SLOTS_S)) as answer:
                slots = await answer.json()
            busy = [slot["next_token"][0]["n_decoded"] for slot in slots if slot["is_processing"]]
        except (TimeoutError, ClientError, ValueError, LookupError, TypeError):  # another version's answer, or none
            return None
        return [tokens for tokens in busy if isinstance(tokens, int)]

    async def has_ended(self) -> bool:
        """Whether the child has ended by itself, or does within a second."""
        if self._process is None:
            return False
        try:
            async with asyncio.timeout(1.0):
                await self._process.wait()
        except TimeoutError:
            return False
        return True

    async def died(self) -> ProviderError:
        """The error for a child that ended while it was needed."""
        return self._failed(f"its server {await self._ending()}")

    async def close(self) -> None:
        """Ends the child; may be called twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(END_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._said is not None:
            self._said.close()

    async def _ending(self) -> str:
        """How the child ended, in words."""
        assert self._process is not None
        code = await self._process.wait()
        return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"

    def _failed(self, what: str) -> ProviderError:
        last = self._last_words()
        settings = self.settings
        return ProviderError(
            f"model gguf/{settings.alias}: {what}" + (f" ({last})" if last else ""),
            hint=f"is the file whole, and of a kind that llama.cpp knows? It is asked for slots: {settings.slots} and"
            f" context: {settings.context}; smaller ones need less memory",
        )

    def _last_words(self) -> str:
        """The last line that the child wrote to its standard error."""
        if self._said is None:
            return ""
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").split("\n")
        told = [" ".join(line.split()) for line in lines if line.strip()]
        return told[-1][:200] if told else ""
