"""A process ends with its own exit code, whatever its threads are doing."""

from __future__ import annotations

import subprocess
import sys

import pytest

NATIVE = """
import threading, time
import torch
torch.set_num_threads(1)
def compute():
    with torch.inference_mode():
        table = torch.randn(300, 300)
        while True:
            table = (table @ table).tanh()
threading.Thread(target=compute, daemon=True).start()
time.sleep(0.2)
"""
LEAVE = "from datagen_cli.core.leaving import leave\nprint('told')\nleave(4)\n"


def ended(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)


def test_a_thread_in_native_code_does_not_turn_an_exit_code_into_an_abort() -> None:
    pytest.importorskip("torch")
    done = ended(NATIVE + LEAVE)
    assert (done.returncode, done.stdout, done.stderr) == (4, "told\n", "")


def test_without_such_a_thread_the_interpreter_shuts_down() -> None:
    done = ended("import atexit\natexit.register(print, 'cleaned')\n" + LEAVE)
    assert (done.returncode, done.stdout) == (4, "told\ncleaned\n")


def test_a_thread_that_ends_soon_is_waited_for() -> None:
    thread = "import threading, time\nthreading.Thread(target=lambda: time.sleep(0.2), daemon=True).start()\n"
    done = ended("import atexit\natexit.register(print, 'cleaned')\n" + thread + LEAVE)
    assert (done.returncode, done.stdout) == (4, "told\ncleaned\n")
