"""Models in GGUF files (`gguf/smollm2`, `gguf/<file.gguf>`), run by llama.cpp's server in a child process.

The server starts with the first call, listens on a free loopback port with a key of its own, is spoken to by the fast
path, and ends with the run. Time-outs apply only where the recipe sets them: a slow machine is no outage. What the
recipe says of sampling is what runs; where it cuts no tokens off, llama.cpp's own defaults are sent, see `CUT_OFFS`.

A reply is read while it is written, and broken off where it only repeats itself: a small model falls into a loop now
and then and stays there until its tokens are spent, minutes on a machine like a laptop. llama.cpp ends its work when
the connection closes. What was broken off is a reply that was cut off, of the tokens that had come.

On the machines of an engine each worker has a llama.cpp server, which starts with the first call that its worker gets
and ends with the worker's process. llama.cpp keeps the start of the last prompt, which rounds the numbers of the next
one otherwise: replies are the same wherever they are made where `cache_prompt: false` is among the `params`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.core.errors import MissingExtra, UsageError
from datagen_cli.core.ports import MakeWorkers
from datagen_cli.core.secret import Secret
from datagen_cli.llm.chat_template import refuse_templates
from datagen_cli.llm.events import EVENTS, choice_of
from datagen_cli.llm.faults import TransportError
from datagen_cli.llm.foreign_json import loaded
from datagen_cli.llm.gguf.files import (
    SMOLLM2,
    SUFFIX,
    gguf_digest,
    gguf_file,
    licence,
    sound_templates,
    speaks_of_reasoning,
)
from datagen_cli.llm.gguf.server import LlamaServer, ServerSettings, usable_cores
from datagen_cli.llm.keys import Target, path_of
from datagen_cli.llm.local.host import as_anywhere
from datagen_cli.llm.provider import FOREVER_S, Around, Provider, ProviderFacts, RawReply, Ready, Start, writes
from datagen_cli.text.repetition import LOOKED_AFTER, repeats_at_end

if TYPE_CHECKING:
    import aiohttp

STREAMED = {"stream": True, "stream_options": {"include_usage": True}, "timings_per_token": True}
"""Sent with every request: a stream of events, each with the counts of tokens so far."""
CONTEXT = 4096
WATCHED_EVERY_S = 1.0
MOST_SLOTS = 4
CUT_OFFS = {"top_k": 40, "top_p": 0.95, "min_p": 0.05}
"""Sent when neither the recipe nor its `params` name one of `CUTTING`: a small model needs some, and so they are known
to the fingerprint, too."""
CUTTING = frozenset((*CUT_OFFS, "typical_p", "top_n_sigma", "xtc_probability", "mirostat", "samplers"))


class Gguf(ProviderFacts):
    """Models in GGUF files, run by llama.cpp in a child process: `gguf/smollm2`, `gguf/<file.gguf>`."""

    free = on_this_machine = completes = True
    own_options = ("threads", "context", "slots")
    extra = "gguf"
    prefix = "gguf/"

    @classmethod
    def locate(cls, options: ModelOptions, environ: Mapping[str, str], allow_hosts: Collection[str]) -> Target:
        """A child of this process: no host is contacted, and no key of the user's is needed."""
        given = {"base_url": options.base_url, "api_key_env": options.api_key_env, "headers": options.headers}
        for name in (name for name, value in given.items() if value):
            raise UsageError(
                f"model {options.name}: {name} does not go with a model that is run here",
                hint=f"remove {name}; a llama.cpp server that runs already is {{name: ..., base_url: ...}}",
            )
        room = f"a larger context (`{{name: {options.name}, context: {2 * (options.context or CONTEXT)}}}`)"
        return Target("gguf", cls.model_of(options), loopback=True, room=room)

    @classmethod
    def identity(cls, options: ModelOptions) -> dict[str, Any]:
        """The file's digest, and what is sent that the recipe does not say."""
        file = gguf_file(options.name, cls.model_of(options))
        return {"sha256": gguf_digest(file), "context": options.context or CONTEXT, "cut_offs": CUT_OFFS}

    @classmethod
    def check(cls, options: ModelOptions, role: str, *, chats: bool, to_run: bool) -> None:
        """Raises `UsageError` for a file that is missing, not of its kind, or whose chat template runs or grows without
        end, `MissingExtra` without llama.cpp."""
        from importlib.util import find_spec

        file = gguf_file(options.name, cls.model_of(options))
        if cls.model_of(options) != SMOLLM2:
            refuse_templates(options.name, sound_templates(options.name, file))
        if find_spec("xllamacpp") is None:
            raise MissingExtra(f"model {options.name}: needs xllamacpp", cls.extra, "xllamacpp")

    @classmethod
    def licence(cls, options: ModelOptions) -> str:
        stated = licence(gguf_file(options.name, cls.model_of(options)))
        return f"{stated} (its file)" if stated else ""

    @classmethod
    def time_outs(cls, options: ModelOptions) -> tuple[float, float]:
        """Those that the recipe sets: a call that waits here is not lost, only slow."""
        given = options.model_fields_set
        timeout_s = options.timeout_s if "timeout_s" in given else FOREVER_S
        return timeout_s, options.deadline_s if "deadline_s" in given else FOREVER_S

    @classmethod
    def stopped_by(cls, options: ModelOptions) -> tuple[str, ...]:
        """All, unless its file speaks of reasoning."""
        reasons = speaks_of_reasoning(gguf_file(options.name, cls.model_of(options)))
        return () if reasons else ("max_tokens", "stop", "maxItems")

    @classmethod
    def at_once(cls, options: ModelOptions, concurrency: int) -> int:
        """The calls that are sent side by side: one a slot."""
        return min(concurrency, settings_of(options).slots)

    @classmethod
    def open(cls, options: ModelOptions, target: Target, around: Around) -> Provider:
        """The model, whose server starts with the first call: one, or one a worker where the engine has machines."""
        if around.workers is not None:
            name = target.model if target.model == SMOLLM2 else as_anywhere(target.model)
            moved = options.model_copy(update={"name": cls.prefix + name})
            return GgufOnWorkers(partial(GgufModel, moved, target), around.workers)
        return GgufModel(options, target)


class GgufModel(Ready):
    def __init__(self, options: ModelOptions, target: Target) -> None:
        self._options = options
        self._server = LlamaServer(settings_of(options))
        self._model = target.model
        self._starting: asyncio.Task[Ready] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._under_way: list[int] = []
        self._in_turn = asyncio.Lock()
        self._calls = 0
        self._http: Any = None

    @property
    def writing(self) -> str:
        """See `llm/provider.py`; as of a second ago."""
        if self._starting is not None and not self._starting.done():
            return "is being loaded"
        known = self._under_way[: self._calls]
        return writes(len(known) or min(self._calls, self._server.settings.slots), max(known, default=0))

    async def complete_when(self, payload: Mapping[str, Any], draw: Draw, start: Start) -> RawReply:
        """One call. The server is up before `start` is awaited, so that loading is on no clock. Calls ask for their
        place in the order in which they came: records are accepted in theirs, which a slow model's user waits for.
        Raises the faults of `llm/faults.py`, and `ProviderError` when the server cannot run or died."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
        http = await asyncio.shield(self._starting)
        if "messages" in payload:
            async with self._in_turn:
                await self._server.try_template(payload)
        self._calls += 1
        try:
            return await http.complete_when({**with_cut_offs(payload), **STREAMED}, draw, start)
        except TransportError:
            if await self._server.has_ended():
                raise await self._server.died() from None
            raise
        finally:
            self._calls -= 1

    async def close(self) -> None:
        """Ends the server; may be called twice."""
        for task in (self._watching, self._starting):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._http is not None:
            await self._http.close()
        await self._server.close()

    async def _start(self) -> Ready:
        from datagen_cli.llm.openai_http import OpenAIHTTP

        url = f"{await self._server.start()}/v1/{path_of(self._options)}"
        target = Target("gguf", self._model, url, loopback=True, key=Secret(self._server.key))
        self._http = OpenAIHTTP(self._options, target, watch=until_it_loops)
        self._watching = asyncio.create_task(self._watch())
        return self._http

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCHED_EVERY_S)
            told = await self._server.under_way()
            self._under_way = self._under_way if told is None else told


def settings_of(options: ModelOptions) -> ServerSettings:
    """The server's settings: a core is left free, because llama.cpp's threads wait busily; there are no more slots than
    threads, because a thread that works on several answers none of them sooner."""
    threads = options.threads or max(1, usable_cores() - 1)
    name = Gguf.model_of(options)
    file = gguf_file(options.name, name)
    alias = name if name == SMOLLM2 else file.name.removesuffix(SUFFIX)
    return ServerSettings(file, alias, threads, options.context or CONTEXT, options.slots or min(MOST_SLOTS, threads))


def with_cut_offs(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The request with llama.cpp's usual cut-offs, where it names none of its own."""
    return dict(payload) if CUTTING & payload.keys() else {**payload, **CUT_OFFS}


class ServerHost:
    """What a worker holds: a model's server, and the loop that speaks to it, in a thread of its own. Calls block."""

    def __init__(self, make: Callable[[], Provider]) -> None:
        self._model = make()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="gguf", daemon=True).start()

    def complete(self, payload: Mapping[str, Any], draw: Draw, timeout_s: float, stop: Callable[[], bool]) -> RawReply:
        """The reply. Raises what the model's `complete` does."""
        work = self._model.complete(payload, draw, timeout_s=timeout_s)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class GgufOnWorkers:
    """One model, run by all workers; `make` makes what each of them holds, and must be picklable."""

    def __init__(self, make: Callable[[], Provider], workers: MakeWorkers) -> None:
        self._workers = workers(partial(ServerHost, make))

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        """One call. Raises the faults of `llm/faults.py`, and `ProviderError` when no server can run."""
        reply: RawReply = await self._workers.call("complete", dict(payload), draw, timeout_s, stop=bool)
        return reply

    async def close(self) -> None:
        """Ends the workers, and the servers with them."""
        self._workers.close()


class Watch:
    """The text of a stream so far. `loops` says whether it has begun to repeat itself."""

    def __init__(self) -> None:
        self.text = ""
        self.tokens = 0
        self.loops = False
        self._timings: Mapping[str, Any] = {}
        self._rest = b""

    def add(self, part: bytes) -> None:
        """Takes bytes as they come; half a line waits for its end."""
        *lines, self._rest = (self._rest + part).split(b"\n")
        for line in lines:
            if line.startswith(EVENTS):
                self._take(line.removeprefix(EVENTS))

    def end(self) -> bytes:
        """The events that end a stream that is broken off here."""
        usage = {"completion_tokens": self.tokens, "prompt_tokens": self._read}
        event = {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}], "usage": usage}
        return f"\n\ndata: {json.dumps(event)}\n\ndata: [DONE]\n\n".encode()

    @property
    def _read(self) -> int:
        found = [self._timings.get(name) for name in ("prompt_n", "cache_n")]
        return sum(count for count in found if isinstance(count, int))

    def _take(self, data: bytes) -> None:
        event = loaded(data)
        if not isinstance(event, dict):
            return  # the end mark, or what the reader of the whole stream refuses
        choice = choice_of(event)
        delta = choice.get("delta")
        said = delta.get("content") if isinstance(delta, dict) else choice.get("text")
        timings = event.get("timings")
        self._timings = timings if isinstance(timings, dict) else self._timings
        if isinstance(said, str) and said:
            self.text += said
            self.tokens += 1
            self.loops = self.tokens % LOOKED_AFTER == 0 and repeats_at_end(self.text)


async def until_it_loops(response: aiohttp.ClientResponse) -> bytes:
    """The body of a reply, to its end or to where the text repeats itself; then the connection is closed."""
    watch, parts = Watch(), []
    async for part in response.content.iter_any():
        parts.append(part)
        watch.add(part)
        if watch.loops:
            response.close()
            parts.append(watch.end())
            break
    return b"".join(parts)
