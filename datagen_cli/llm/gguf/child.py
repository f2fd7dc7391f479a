"""The program of the child process: llama.cpp's server, on a free loopback port, for as long as its parent lives.

It is run as a file by `server.py`, so it imports nothing of this package. The first line on its standard input is a
JSON object: `{file, alias, key, threads, context, slots, parent}`. The first line on its standard output answers it:
`{"url": ...}` once the model is loaded, else `{"error": ...}`. The child ends when its standard input ends, which the
system sees to whichever way the parent goes; on Linux it also asks to be killed with its parent.

On Linux the child bounds its own memory: it takes no more than the machine has while it loads the model, and
afterwards no more than `SPARE_BYTES`, or the file's size, beyond what the model took. What asks for more in between is
the model's chat template, whoever wrote it; llama.cpp answers such a call with an error.

Requests that say nothing of sampling are drawn from the model's own probabilities: all that llama.cpp would cut by
default is off, and the parent sends what it wants.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
from typing import Any, TextIO

PR_SET_PDEATHSIG = 1
SPARE_BYTES = 1 << 30


def main() -> None:
    """Serves until standard input ends."""
    settings = json.loads(sys.stdin.readline())
    _die_with(settings["parent"])
    threading.Thread(target=_wait_for_the_end, daemon=True).start()
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the library prints is no answer
    try:
        import xllamacpp

        _bound(None)
        server = xllamacpp.Server(_parameters(xllamacpp, settings))
        _bound(os.stat(settings["file"]).st_size)
    except Exception as error:  # whatever the library raises is the answer
        _tell(answer, error=str(error) or type(error).__name__)
        os._exit(1)
    _tell(answer, url=server.listening_address)
    threading.Event().wait()


def _tell(answer: TextIO, **said: str) -> None:
    answer.write(json.dumps(said) + "\n")
    answer.close()


def _parameters(xllamacpp: Any, settings: dict[str, Any]) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = settings["file"]
    params.model_alias = {settings["alias"]}
    params.api_keys = [settings["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["context"] * settings["slots"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.n_threads_http = settings["slots"] + 2
    params.cache_ram_mib = 0
    params.ui = params.warmup = False
    params.endpoint_slots = True  # how far replies are; it takes the key, as all else does
    params.verbosity = 1
    sampling = params.sampling
    sampling.temp, sampling.top_p, sampling.min_p, sampling.top_k = 1.0, 1.0, 0.0, 0
    return params


def _bound(file_bytes: int | None) -> None:
    """What this process may have of its own: `SPARE_BYTES`, or as much as the file holds, beyond what it has now; None
    for what the machine has (Linux only)."""
    if sys.platform != "linux":
        return
    import resource

    page = os.sysconf("SC_PAGE_SIZE")
    with open("/proc/self/statm", "rb") as file:
        now = int(file.read().split()[5]) * page
    most = now + (os.sysconf("SC_PHYS_PAGES") * page if file_bytes is None else max(SPARE_BYTES, file_bytes))
    ceiling = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (most if ceiling < 0 else min(most, ceiling), ceiling))


def _die_with(parent: int) -> None:
    """Has the kernel kill this process when its parent is gone (Linux only)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before we asked
        os._exit(1)


def _wait_for_the_end() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
