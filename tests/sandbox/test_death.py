"""Who dies with whom: parents killed with -9, servers killed under a running program, processes that fork."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from datagen_cli.sandbox import confine
from datagen_cli.sandbox.run import ProgramResult, Sandbox, run_program
from tests.endpoint import HANG_S
from tests.sandbox.world import children_of, server_pids

pytestmark = pytest.mark.skipif(
    bool(confine.confinement_missing()), reason=f"no guarded layer: {confine.confinement_missing()}"
)
ROOT = Path(__file__).resolve().parents[2]
ENDLESS = "import threading\nwhile True: pass"
# Its first thread, of which alone the kernel was told whom it dies with, has left.
WITHOUT_ITS_FIRST_THREAD = """import ctypes, platform, threading
threading.Thread(target=exec, args=("while True: pass",)).start()
ctypes.CDLL(None).syscall(ctypes.c_long(60 if platform.machine() == "x86_64" else 93), 0)"""
BUSY_PARENT = f"""
import threading
from datagen_cli.sandbox.run import Sandbox
sandbox = Sandbox(screen=False)
sandbox.run("print(1)")
threading.Thread(target=sandbox.run, args=({ENDLESS!r},), kwargs={{"timeout_s": 60}}).start()
with_sympy = "import sympy\\nsympy.pi\\n" + {ENDLESS!r}
threading.Thread(target=sandbox.run, args=(with_sympy,), kwargs={{"timeout_s": 60}}).start()
"""


def ended(pids: list[int], timeout_s: float = HANG_S) -> bool:
    """Waits until none of the processes is left."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([handle], [], [], timeout_s)[0]:
                return False
        finally:
            os.close(handle)
    return True


def until(find: Callable[[], list[int]], count: int, process: subprocess.Popen[bytes] | None = None) -> list[int]:
    """Looks until `count` processes are found."""
    tick = threading.Event()
    for _ in range(60_000):
        if len(found := find()) >= count:
            return found
        assert process is None or process.poll() is None, "the parent ended early"
        tick.wait(0.01)
    raise AssertionError("the processes never appeared")


def confined(pid: int) -> bool:
    """Whether a child is past its preparations, which end with its filter of system calls."""
    return "\nSeccomp:\t2\n" in Path(f"/proc/{pid}/status").read_text()


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children_of(frozenset(waiting))
        found += below
        waiting = below
    return found


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_everything_dies_with_the_parent(number: int) -> None:
    parent = subprocess.Popen([sys.executable, "-c", BUSY_PARENT], cwd=ROOT)
    try:
        # Two servers with a child each.
        family = until(lambda: descendants(parent.pid), 4, parent)
        parent.send_signal(number)
        parent.wait(HANG_S)
    finally:
        parent.kill()
    assert ended(family)


def test_the_server_ends_although_a_copy_of_its_parent_lives_on() -> None:
    code = (
        "import os, signal\nfrom datagen_cli.sandbox.run import Sandbox\nsandbox = Sandbox()\n"
        "sandbox.run('print(1)')\npid = os.fork()\n"
        "if pid:\n    print(pid, flush=True)\nsignal.alarm(600)\nsignal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        copy = int(parent.stdout.readline())
        servers = list(server_pids(parent.pid))
        assert len(servers) == 1
        parent.kill()
        try:
            assert ended(servers)
            assert not ended([copy], 0)
        finally:
            os.kill(copy, signal.SIGKILL)


@pytest.mark.slow
def test_a_parent_that_ends_by_itself_leaves_nothing() -> None:
    code = (
        "import os\nfrom datagen_cli.sandbox.run import run_program\n"
        "assert run_program('import fractions').status == 'ok'\n"
        "assert run_program('import sympy; sympy.pi').status == 'ok'\n"
        "from tests.sandbox.test_death import descendants\nprint(*descendants(os.getpid()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    family = [int(pid) for pid in done.stdout.split()]
    assert len(family) >= 2
    assert ended(family)


def test_a_server_that_was_killed_is_started_again() -> None:
    before = server_pids()
    with Sandbox(screen=False) as sandbox:
        assert sandbox.run("print(1)").stdout == "1\n"
        (server,) = server_pids() - before
        os.kill(server, signal.SIGKILL)
        assert sandbox.run("print(2)").stdout == "2\n"
        assert server_pids() - before != {server}


def without_its_first_thread(pid: int) -> bool:
    return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "ready"), [(ENDLESS, confined), (WITHOUT_ITS_FIRST_THREAD, without_its_first_thread)], ids=["one", "left"]
)
def test_a_program_whose_server_is_killed_dies_with_it_and_is_run_again(
    code: str, ready: Callable[[int], bool]
) -> None:
    before, results = server_pids(), []
    with Sandbox(screen=False) as sandbox:
        sandbox.run("print(1)")
        (server,) = server_pids() - before

        def work() -> None:
            results.append(sandbox.run(code, timeout_s=1.0))

        thread = threading.Thread(target=work)
        thread.start()
        (child,) = until(lambda: [pid for pid in children_of(frozenset([server])) if ready(pid)], 1)
        os.kill(child, signal.SIGSTOP)  # it comes to none of its own limits
        os.kill(server, signal.SIGKILL)
        assert ended([child])
        thread.join()
    result: ProgramResult = results[0]
    assert result.status == "timeout"


@pytest.mark.slow
def test_a_forked_process_has_a_sandbox_of_its_own() -> None:
    assert run_program("import fractions\nprint(1)").stdout == "1\n"
    servers = server_pids()
    pid = os.fork()
    if pid == 0:
        signal.alarm(600)  # a hang must not outlive the test
        try:
            right = run_program("import fractions\nprint(2)").stdout == "2\n" and len(server_pids()) == 1
            right = right and run_program("print(3)").stdout == "3\n"
            from datagen_cli.sandbox.run import _shared

            _shared.close()
            os._exit(0 if right else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert server_pids() == servers
    assert run_program("import fractions\nprint(4)").stdout == "4\n"


FORKS = """
import os
from datagen_cli.sandbox.run import run_program
assert run_program("print(1)").status == "ok"
child = os.fork()
if child == 0 and {again}:
    grandchild = os.fork()
    if grandchild:
        os.waitpid(grandchild, 0)
if child == 0:
    {end}
os.waitpid(child, 0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("end", ["os._exit(0)", "raise SystemExit"])
def test_a_process_that_was_forked_in_between_ends_all_the_same(again: bool, end: str) -> None:
    subprocess.run([sys.executable, "-c", FORKS.format(again=again, end=end)], cwd=ROOT, check=True, timeout=HANG_S)
