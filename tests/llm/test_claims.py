"""Claims on calls: one process at a time, gone with the process that held them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from datagen_cli.core.errors import UsageError
from datagen_cli.llm.cache import Claims

HOLDER = """
import sys
from pathlib import Path
from datagen_cli.llm.cache import Claims
claims = Claims(Path(sys.argv[1]))
print(claims.take(sys.argv[2]), flush=True)
sys.stdin.readline()
claims.release(sys.argv[2])
print("released", flush=True)
sys.stdin.readline()
"""
CALL, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2


def holder(path: Path, digest: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), digest], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "True\n"
    return process


def test_a_call_that_another_process_makes_is_not_ours_until_it_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "c.claims"
    with holder(path, CALL) as process:
        ours = Claims(path)
        assert not ours.take(CALL) and ours.take(OTHER)
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "released\n"
        assert ours.take(CALL)
        ours.close()
        ours.close()


async def test_the_claims_of_a_killed_process_are_gone_with_it(tmp_path: Path) -> None:
    path = tmp_path / "c.claims"
    with holder(path, CALL) as process:
        ours = Claims(path)
        waiting = asyncio.create_task(ours.wait(CALL, lambda: False, at_most_s=60))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.wait_for(waiting, 600)
        assert ours.take(CALL)
        ours.close()


async def test_a_wait_ends_with_the_reply_and_with_its_time(tmp_path: Path) -> None:
    path = tmp_path / "c.claims"
    with holder(path, CALL) as process:
        ours = Claims(path)
        there: list[bool] = []
        waiting = asyncio.create_task(ours.wait(CALL, lambda: bool(there), at_most_s=60))
        await asyncio.sleep(0.05)
        there.append(True)
        await asyncio.wait_for(waiting, 600)
        await asyncio.wait_for(ours.wait(CALL, lambda: False, at_most_s=0.05), 600)
        assert not ours.take(CALL)
        ours.close()
        process.kill()


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "c.claims").symlink_to(tmp_path / "victim")
    with pytest.raises(UsageError, match="claims"):
        Claims(tmp_path / "c.claims")
    assert (tmp_path / "victim").read_text() == "mine"
