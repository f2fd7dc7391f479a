"""Layer zero: what it refuses, what it lets through, what it takes out, and where it sends a program."""

from __future__ import annotations

import pytest

from datagen_cli.sandbox.protocol import MAX_CODE_BYTES
from datagen_cli.sandbox.screen import PRELOADED, Imported, refusal, scan, too_long


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("import socket\nsocket.socket()", "imports socket"),
        ("import math, socket as s\ns.socket()", "imports socket"),
        ("def f():\n    from subprocess import run\n    run('ls')", "imports subprocess"),
        ("from . import x\nx()", "imports ., which"),
        ("from socket import *", "imports socket"),
        ("import socket\neval('socket')", "imports socket"),
        ("import _ctypes\n_ctypes.dlopen", "imports _ctypes"),
        ("import urllib.request\nurllib.request.urlopen('http://x')", "imports urllib.request"),
        ("from urllib import request\nrequest.urlopen('http://x')", "imports urllib.request"),
        ("import os\nos.system('ls')", "uses os.system"),
        ("import os as o, os.path\no.fork()", "uses os.fork"),
        ("import os.path\nos.chown('x', 1, 1)", "uses os.chown"),
        ("from concurrent.futures import ProcessPoolExecutor as P\nP()", "uses ProcessPoolExecutor"),
        ("import asyncio\nasyncio.run(asyncio.open_connection('x', 1))", "uses open_connection"),
        ("import multiprocessing\nmultiprocessing.Pool()", "uses multiprocessing.Pool"),
        ("from multiprocessing import Pool\nPool()", "imports multiprocessing.Pool"),
        ("import ctypes\nctypes.CDLL(None)", "uses ctypes.CDLL"),
        ("import ctypes as c\nf = c", "uses ctypes"),
        ("import http.server as s\ns.HTTPServer", "imports http.server"),
        ("from os import system\nsystem('ls')", "imports os.system"),
        ("import os\nrun = os\nrun.system('ls')", "uses os,"),
        ("__import__('math')", "__import__"),
        ("object.__subclasses__()", "__subclasses__"),
        ("try:\n    import socket\nexcept ValueError:\n    pass\nsocket.socket()", "imports socket"),
        ("try:\n    pass\nexcept ImportError:\n    import socket\nsocket.socket()", "imports socket"),
        ("f.__globals__", "__globals__"),
        ("-" * 19000 + "1", "nested too deeply"),
    ],
)
def test_it_refuses_in_words(code: str, word: str) -> None:
    assert word in refusal(scan(code))


@pytest.mark.parametrize(
    "code",
    [
        "",
        "import math",
        "from collections.abc import Mapping",
        "x.__class__.__name__",
        "import os_like = 1",
        "import os\nos.makedirs('a')\nos.remove('b')",
        "import threading\nthreading.Thread(target=print).start()",
        "def open_connection(): pass\nopen_connection()",
        "import logging\nlogging.warning('x')",
        "from pathlib import Path\nprint(Path('a') / 'b')",
        "import os\nprint(os.path.join('a', 'b'), os.environ.get('X'))",
        "from os import path\npath.join('a')",
        "from urllib.parse import quote\nquote('a b')",
        "import os.path as p\np.join('a')",
        "import ctypes\nprint(ctypes.c_int32(2**31).value)",
        "from http import HTTPStatus\nprint(HTTPStatus.OK)",
        "import multiprocessing as mp\nfrom multiprocessing.pool import ThreadPool\nThreadPool(mp.cpu_count())",
        "import tqdm, yaml\nfrom dateutil.parser import parse\nparse(tqdm.x, yaml.y)",
        "print(int.__mro__, int.__bases__, (lambda: 1).__code__.co_varnames)",
    ],
)
def test_it_lets_plain_programs_through(code: str) -> None:
    assert refusal(scan(code)) == ""


@pytest.mark.parametrize("kind", ["ImportError", "(ValueError, ModuleNotFoundError)", "Exception as e", ""])
@pytest.mark.parametrize("module", ["socket", "some_missing_module", "urllib.request"])
def test_a_module_that_a_program_can_do_without_is_not_there(module: str, kind: str) -> None:
    name = module.partition(".")[0]
    found = scan(f"try:\n    import {module}\nexcept {kind}:\n    {name} = None\nprint({name})")
    assert refusal(found) == ""
    with pytest.raises(ModuleNotFoundError, match=f"No module named '{module}'"):
        exec(found.code.splitlines()[1].strip())


def test_a_module_that_is_there_stays_where_a_program_could_do_without_it() -> None:
    code = "try:\n    import math\nexcept ImportError:\n    math = None\nprint(math)"
    assert scan(code).code == code


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert refusal(scan("import sympy\nsympy.pi")) == "needs sympy, which is not installed (extra: sympy)"
    assert refusal(scan("import scipy.stats as st\nst.norm")) == "needs scipy, which is not installed"
    assert refusal(scan("import pandas as pd\nprint(1)")) == ""


@pytest.mark.parametrize("code", ["print(1", "x = = 2", "a\0b", "'\ud800'"])
def test_what_does_not_parse_is_broken_not_refused(code: str) -> None:
    found = scan(code)
    assert found.broken.startswith("SyntaxError")
    assert refusal(found) == ""


def test_size_is_counted_in_bytes() -> None:
    assert too_long("é" * (MAX_CODE_BYTES // 2)) == ""
    assert too_long("é" * (MAX_CODE_BYTES // 2) + "x") == (
        f"the program has {MAX_CODE_BYTES + 1} bytes, at most {MAX_CODE_BYTES}"
    )


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("import subprocess\nprint(1)", "pass\nprint(1)\n"),
        ("import fcntl, math\nprint(math.pi)", "import math\nprint(math.pi)\n"),
        ("try:\n    import pandas as pd\nexcept ImportError:\n    pd = None\nprint(1)",
         "try:\n    pass\nexcept ImportError:\n    pd = None\nprint(1)\n"),
        ("from socket import (\n    socket,\n    create_connection,\n)\nprint(1 / 0)",
         "pass \\\n \\\n \\\n \nprint(1 / 0)\n"),
        ("é = 1; import socket; import math; print(é)", "é = 1; pass; import math; print(é)\n"),
        ("from subprocess import (run,\n  PIPE); print(1)", "pass \\\n ; print(1)\n"),
        ("import socket\r\nprint(1)", "pass\nprint(1)\n"),
        ("import socket", "pass\n"),
    ],
)  # fmt: skip
def test_imports_that_are_not_used_are_taken_out(code: str, left: str) -> None:
    found = scan(code)
    assert found.code == left
    assert refusal(found) == ""
    compile(found.code, "", "exec")


@pytest.mark.parametrize("code", ["import math\nprint(1)", "print(1)", "import math, sys # é\n"])
def test_a_program_without_such_imports_is_left_as_it_is(code: str) -> None:
    assert scan(code).code == code


@pytest.mark.parametrize(
    ("code", "server"),
    [
        ("import math", ""),
        ("def f():\n    import sympy\n    sympy.pi", "sympy"),
        ("import numpy, sympy\nnumpy.pi, sympy.pi", "sympy"),
        ("import numpy as np\nnp.pi", "numpy"),
        ("import numpy as np\nfrom scipy.optimize import fsolve\nfsolve(np.cos, 1)", "scipy"),
        ("import numpy, sympy", ""),
    ],
)
def test_a_program_goes_to_the_server_that_has_its_package(code: str, server: str) -> None:
    assert scan(code).preload == server


def test_what_the_servers_hold_ready_programs_may_import() -> None:
    assert all(Imported(name, name, True).allowed for name in PRELOADED)


@pytest.mark.parametrize("code", ["import asyncio\nasyncio.run(f())", "from threading import Thread\nThread()"])
def test_only_what_uses_threads_may_start_some(code: str) -> None:
    assert scan(code).threads
    assert not scan(code.partition("\n")[0]).threads
