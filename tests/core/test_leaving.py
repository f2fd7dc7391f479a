"""A process ends with its own exit code, whatever its threads are doing."""

from __future__ import annotations

import subprocess
import sys

import pytest

NATIVE = """
import threading
import torch
torch.set_num_threads(1)
begun = threading.Event()
def compute():
    with torch.inference_mode():
        table = torch.randn(300, 300)
        begun.set()
        while True:
            table = (table @ table).tanh()
threading.Thread(target=compute, daemon=True).start()
begun.wait()
"""
LEAVE = "from datagen_cli.core.leaving import leave\nprint('told')\nleave(4)\n"


def ended(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.slow
def test_a_thread_in_native_code_does_not_turn_an_exit_code_into_an_abort() -> None:
    pytest.importorskip("torch")
    done = ended(NATIVE + LEAVE)
    assert (done.returncode, done.stdout, done.stderr) == (4, "told\n", "")


def test_without_such_a_thread_the_interpreter_shuts_down() -> None:
    done = ended("import atexit\natexit.register(print, 'cleaned')\n" + LEAVE)
    assert (done.returncode, done.stdout) == (4, "told\ncleaned\n")


def test_a_thread_that_ends_soon_is_waited_for() -> None:
    thread = "import threading, time\nthreading.Thread(target=lambda: time.sleep(0.2), daemon=True).start()\n"
    patient = "from datagen_cli.core import leaving\nleaving.LEAVE_S = 600\n"
    done = ended("import atexit\natexit.register(print, 'cleaned')\n" + patient + thread + LEAVE)
    assert (done.returncode, done.stdout) == (4, "told\ncleaned\n")
