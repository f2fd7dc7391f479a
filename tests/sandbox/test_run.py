"""run_program's promises: verdicts, limits, determinism, nothing left between programs, threads."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datagen_cli.sandbox import confine, run
from datagen_cli.sandbox.guard import Outcome
from datagen_cli.sandbox.protocol import MAX_CODE_BYTES, MAX_STDOUT_BYTES
from datagen_cli.sandbox.run import ProgramResult, Sandbox, run_program
from tests.sandbox.world import children_of

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    bool(confine.confinement_missing()), reason=f"no guarded layer: {confine.confinement_missing()}"
)


LONG_S = 300.0


def asleep_until(flag: Path) -> str:
    """The code of a program that sleeps until a file is there."""
    return f"import os, time\nwhile not os.path.exists({str(flag)!r}): time.sleep(0.02)"


@pytest.fixture(scope="module")
def bare() -> Iterator[Sandbox]:
    with Sandbox(screen=False) as sandbox:
        yield sandbox


def verdict(result: ProgramResult) -> tuple[str, str, str, str]:
    return result.status, result.stdout, result.error, result.layer


def test_the_signature_is_the_contract_s() -> None:
    parameters = inspect.signature(run_program).parameters
    assert list(parameters) == ["code", "timeout_s", "memory_mb", "unsafe"]
    assert [parameters[name].default for name in ("timeout_s", "memory_mb", "unsafe")] == [5.0, 512, False]


def test_a_plain_program_runs() -> None:
    assert verdict(run_program("print(6 * 7)")) == ("ok", "42\n", "", "guarded")


@pytest.mark.slow
def test_monty_is_accepted_and_changes_nothing() -> None:
    for monty in (True, False):
        with Sandbox(monty=monty) as sandbox:
            assert verdict(sandbox.run("print(round(76.265, 2))")) == ("ok", "76.27\n", "", "guarded")


def test_what_was_printed_before_an_error_is_kept() -> None:
    result = run_program("print('before')\nx = 0\nprint(1 / x)")
    assert verdict(result) == ("error", "before\n", "ZeroDivisionError: division by zero (line 3)", "guarded")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("x = 1\nprint(1 / 0)", "ZeroDivisionError: division by zero (line 2)"),
        ("class E(Exception): pass\nraise E('no')", "E: no (line 2)"),
        ("raise ValueError", "ValueError (line 1)"),
        ("import sys\nsys.exit('no answer')", "SystemExit: no answer"),
        ("exit(3)", "SystemExit: 3"),
        ("input()", "EOFError: EOF when reading a line (line 1)"),
        ("print(undefined)", "NameError: name 'undefined' is not defined (line 1)"),
        ("def f(): return f()\nf()", "RecursionError: maximum recursion depth exceeded (line 1)"),
        ("import os\nos._exit(9)", "ended with exit code 9"),
    ],
)
def test_errors_say_what_and_where(code: str, error: str, bare: Sandbox) -> None:
    assert verdict(bare.run(code)) == ("error", "", error, "guarded")


@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/passwd').read()",
        "open('/usr/made', 'w')",
        "import signal\nsignal.raise_signal(signal.SIGUSR1)",
        "import os\nos.pipe()",
        "import socket\nsocket.socket()",
        "import subprocess\nsubprocess.run(['echo', 'a'])",
        "import multiprocessing\nmultiprocessing.Pool(2)",
        "import mmap\nwith open('f', 'w+b') as f:\n    f.write(b'abc')\n    f.flush()\n    mmap.mmap(f.fileno(), 0)",
        "import mmap\nwith open('f', 'w+b') as f:\n    mmap.mmap((lambda x: x.fileno())(f), 1)",
        "try:\n    open('/etc/passwd')\nexcept OSError:\n    raise ValueError('no data')",
        "import sqlite3\nsqlite3.connect(':memory:').execute(\"attach '/tmp/x.db' as other\")",
        "import sqlite3\na, b = (sqlite3.connect('x.db', timeout=0) for _ in 'ab')\na.execute('create table t (x)')\n"
        "a.execute('insert into t values (1)')\nb.execute('select * from t')",
        "import importlib\nimportlib.import_module('requests')",
        "import dbm.gnu",
        "import threading as t\nfor _ in range(128):\n    t.Thread(target=t.Event().wait, daemon=True).start()",
        "from multiprocessing.pool import ThreadPool\nThreadPool(500)",
        "from multiprocessing.pool import Pool\nPool(2)",
        "import sqlite3\nsqlite3.Connection('x.db')",
        "from logging.handlers import QueueListener\nimport queue\nQueueListener(queue.Queue()).start()",
    ],
)
def test_what_the_walls_alone_deny_is_refused_and_no_error(code: str, bare: Sandbox) -> None:
    """An error would count against a program that runs well elsewhere."""
    assert run_program(code).status == "refused"
    result = bare.run(code)
    assert (result.status, result.error.partition(":")[0]) == ("refused", "needs what programs may not")


@pytest.mark.parametrize(
    "code",
    ["open('missing')", "raise PermissionError('wrong password')", "import os\nos.close(99)",
     "import sqlite3\nsqlite3.connect('no/such/folder.db')", "import os\nos.rmdir('none')",
     "import os\nos.makedirs('a/b')\nos.rename('a', 'a/b/c')",
     "a, b = KeyError(), KeyError()\na.__cause__, b.__cause__ = b, a\nraise a",
     "import signal, time\nsignal.alarm(1)\ntime.sleep(5)"],
)  # fmt: skip
def test_what_fails_everywhere_stays_an_error(code: str, bare: Sandbox) -> None:
    assert bare.run(code).status == "error"


def test_a_program_that_does_not_parse_is_an_error() -> None:
    result = run_program("print(1")
    assert (result.status, result.error) == ("error", "SyntaxError: '(' was never closed (line 1)")


@pytest.mark.parametrize("code", ["", "# nothing", "import sys\nsys.exit()", "raise SystemExit(0)"])
def test_a_program_that_says_nothing_is_ok(code: str, bare: Sandbox) -> None:
    assert verdict(bare.run(code)) == ("ok", "", "", "guarded")
    assert verdict(run_program(code))[:3] == ("ok", "", "")


def test_a_refused_program_has_not_run() -> None:
    result = run_program("print('here')\nimport socket\nsocket.socket()")
    assert verdict(result) == ("refused", "", "imports socket, which programs may not", "guarded")


@pytest.mark.parametrize("screen", [True, False])
def test_a_program_that_is_too_long_is_refused(screen: bool) -> None:
    with Sandbox(screen=screen) as sandbox:
        result = sandbox.run("#" * (MAX_CODE_BYTES + 1))
    assert (result.status, result.error) == ("refused", "the program has 20001 bytes, at most 20000")


def test_cpu_time_decides_a_timeout(bare: Sandbox) -> None:
    code = "import time\nwhile time.process_time() < 0.6: pass\nprint('done')"
    assert bare.run(code, timeout_s=5).status == "ok"
    result = bare.run(code, timeout_s=0.2)
    assert verdict(result) == ("timeout", "", "", "guarded")
    assert result.seconds >= 0.2


def test_output_before_a_timeout_is_kept(bare: Sandbox) -> None:
    result = bare.run("print('so far', flush=True)\nwhile True: pass", timeout_s=0.1)
    assert verdict(result) == ("timeout", "so far\n", "", "guarded")


def test_memory_is_counted_beyond_the_interpreter_s(bare: Sandbox) -> None:
    code = "print(len(bytearray(100 << 20)))"
    assert bare.run(code, memory_mb=110).stdout == f"{100 << 20}\n"
    assert verdict(bare.run(code, memory_mb=90)) == ("memory", "", "MemoryError: over the limit", "guarded")
    assert run_program("print(len('x' * (100 << 20)))", memory_mb=90).status == "memory"


def test_output_is_cut_and_marked(bare: Sandbox) -> None:
    full = "x" * MAX_STDOUT_BYTES
    assert bare.run(f"print('x' * {MAX_STDOUT_BYTES}, end='')").stdout == full
    for sandbox in (bare, run):
        execute = sandbox.run if isinstance(sandbox, Sandbox) else sandbox.run_program
        result = execute(f"print('x' * {MAX_STDOUT_BYTES + 1}, end='')")
        assert verdict(result) == ("error", full, "wrote more than 65536 bytes; cut there", "guarded")


@pytest.mark.parametrize(
    ("timeout_s", "memory_mb"),
    [(0, 512), (-1.0, 512), (5.0, 0), (5.0, -1), (float("nan"), 512), (float("inf"), 512), (-float("inf"), 512),
     (1e300, 512), (5.0, 10**18), (5.0, 0.5)],
)  # fmt: skip
def test_limits_are_positive_and_finite(timeout_s: float, memory_mb: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        run_program("print(1)", timeout_s=timeout_s, memory_mb=memory_mb)


SEEDED = """
import random
print(hash("text"), {"b", "a", "c", "word"}, random.random(), random.sample(range(100), 5))
"""


@pytest.mark.slow
def test_the_same_program_gives_the_same_answer_in_every_server() -> None:
    answers = set()
    for _ in range(2):
        with Sandbox(screen=False) as sandbox:
            answers |= {sandbox.run(SEEDED).stdout for _ in range(3)}
    assert len(answers) == 1


def test_nothing_is_left_between_programs(bare: Sandbox) -> None:
    bare.run(
        "import builtins, sys, os, math, random, decimal\n"
        "builtins.len = lambda x: 99\nbuiltins.left = 1\nmath.pi = 3\nsys.modules['json'] = None\n"
        "os.environ['LEFT'] = '1'\nsys.setrecursionlimit(50)\nrandom.seed(9)\ndecimal.getcontext().prec = 2\n"
        "globals()['left'] = 1\nsys.path.append('/left')\nint.__doc__"
    )
    code = (
        "import json, math, os, sys, decimal\n"
        "print(len([]), 'left' in dir(__builtins__), math.pi, 'LEFT' in os.environ, sys.getrecursionlimit(),"
        " decimal.getcontext().prec, 'left' in globals(), '/left' in sys.path)"
    )
    assert bare.run(code).stdout == "0 False 3.141592653589793 False 1000 28 False False\n"


def test_what_the_docstring_admits_is_so(bare: Sandbox, tmp_path: object) -> None:
    assert "its size" in (run.__doc__ or "")
    result = bare.run(f"import os\nprint(os.path.exists({str(tmp_path)!r}))")
    assert result.stdout == "True\n"


def test_many_threads_share_one_sandbox(bare: Sandbox) -> None:
    codes = [f"from fractions import Fraction\nprint(Fraction({n}, 7) * 7)" for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(bare.run, codes))
    assert [result.stdout for result in results] == [f"{n}\n" for n in range(40)]


@pytest.mark.slow
def test_the_server_outlives_the_thread_that_started_it() -> None:
    with Sandbox(screen=False) as sandbox:
        starter = threading.Thread(target=sandbox.run, args=("print(1)",))
        starter.start()
        starter.join()
        server = next(iter(sandbox._servers.values()))
        assert [sandbox.run("print(2)").stdout for _ in range(3)] == ["2\n"] * 3
        assert next(iter(sandbox._servers.values())) is server


def test_what_the_wall_clock_stopped_is_tried_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = [Outcome("wall", "", "", 0.1), Outcome("ok", "7\n", "", 0.2)]
    monkeypatch.setattr(Sandbox, "_guarded", lambda *_: outcomes.pop(0))
    with Sandbox() as sandbox:
        assert verdict(sandbox.run("print(7)")) == ("ok", "7\n", "", "guarded")
        outcomes += [Outcome("wall", "", "", 0.1)] * 2
        assert verdict(sandbox.run("print(7)")) == ("timeout", "", "", "guarded")


def _killed_by_the_system(sandbox: Sandbox, times: int, flag: Path) -> ProgramResult:
    """A program whose process somebody kills from outside, as the kernel does when memory runs short; it ends by itself
    once the flag is there."""
    sandbox.run("print(1)")
    server = next(iter(sandbox._servers.values()))
    code = f"print('so far', flush=True)\n{asleep_until(flag)}\nprint('done')"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(sandbox.run, code, timeout_s=LONG_S)
        seen: set[int] = set()
        while len(seen) < times and not running.done():
            for pid in children_of(frozenset([server.pid])):
                if pid not in seen:
                    seen.add(pid)
                    os.kill(pid, signal.SIGKILL)
        flag.touch()
        return running.result()


def test_what_the_system_killed_is_tried_once_more_and_is_then_no_verdict(bare: Sandbox, tmp_path: Path) -> None:
    assert verdict(_killed_by_the_system(bare, 1, tmp_path / "one")) == ("ok", "so far\ndone\n", "", "guarded")
    result = _killed_by_the_system(bare, 2, tmp_path / "two")
    assert result.status == "refused"
    assert "short of memory" in result.error


@pytest.mark.slow
def test_programs_that_sleep_hold_nobody_up(tmp_path: Path) -> None:
    with Sandbox(cores=1, screen=False) as sandbox:
        sandbox.run("print(0)")
        with ThreadPoolExecutor(4) as pool:
            code = asleep_until(tmp_path / "flag")
            sleeping = [pool.submit(sandbox.run, code, timeout_s=LONG_S) for _ in range(3)]
            for number in range(3):
                assert pool.submit(sandbox.run, f"print({number})").result().stdout == f"{number}\n"
            assert not any(one.done() for one in sleeping)
            (tmp_path / "flag").touch()
            assert [verdict(one.result()) for one in sleeping] == [("ok", "", "", "guarded")] * 3


def test_a_program_that_only_sleeps_is_stopped_by_the_clock_and_not_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries, guarded = [], Sandbox._guarded
    monkeypatch.setattr(Sandbox, "_guarded", lambda *given: (tries.append(1), guarded(*given))[1])
    with Sandbox() as sandbox:
        result = sandbox.run("import time\ntime.sleep(1e6)", timeout_s=0.05)
    assert verdict(result) == ("timeout", "", "", "guarded")
    assert len(tries) == 1


@pytest.mark.slow
def test_a_program_that_sleeps_and_then_works_is_no_timeout(bare: Sandbox) -> None:
    result = bare.run("import time\ntime.sleep(0.8)\nprint(sum(range(10**5)))", timeout_s=0.5)
    assert verdict(result) == ("ok", "4999950000\n", "", "guarded")


MANY_FILES = """
import os, sys
held = [os.open(os.devnull, os.O_RDONLY) for _ in range(int(sys.argv[1]))]
from datagen_cli.sandbox.run import Sandbox
code = "import os\\nfor fd in range(4096):\\n try: print(fd, oct(os.fstat(fd).st_mode >> 12))\\n except OSError: pass"
with Sandbox(screen=False) as sandbox:
    print(sandbox.run(code).stdout)
"""


@pytest.mark.slow
@pytest.mark.parametrize("held", [0, 250, 300, 900])
def test_a_parent_with_many_open_files_leaks_none(held: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MANY_FILES, str(held)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["0", "0o2", "1", "0o1", "2", "0o2", "3", "0o1"]  # null, a pipe, null, a pipe
