"""Kernels without Landlock or seccomp, and kernels that lie about them, played by a seccomp filter."""

from __future__ import annotations

import errno
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from datagen_cli.sandbox import confine, run, syscalls
from tests.grids import mostly_slow

pytestmark = pytest.mark.skipif(
    bool(confine.confinement_missing()), reason=f"no guarded layer: {confine.confinement_missing()}"
)
ROOT = Path(__file__).resolve().parents[2]
SECCOMP = {"x86_64": 317, "aarch64": 277}.get(platform.machine(), 0)
PROGRAMS = {
    "plain": "print(6 * 7)",
    "lacking": "from fractions import Fraction\nprint(Fraction(1, 3))",
    "hiding": "try:\n    import sympy\nexcept ImportError:\n    print(0)",
    "wrong": "print(1 / 0)",
    "endless": "while True: pass",
    "hungry": "x = [0] * 10**9",
    "chatty": "print('x' * 70000)",
    "unsafe": "from fractions import Fraction\nprint(Fraction(1, 3))",
}
SCRIPT = """
import ctypes, json, os, sys
from datagen_cli.sandbox import confine
answers, programs = json.loads(sys.argv[1]), json.loads(sys.argv[2])
steps = [(0x20, 0, 0, 0)]
for number, error in answers:
    steps += [(0x15, 0, 1, number), (6, 0, 0, 0x50000 | error)]
from datagen_cli.sandbox import syscalls
packed = syscalls.pack([*steps, (6, 0, 0, 0x7FFF0000)])
confine._prctl(38, 1)
buffer = ctypes.create_string_buffer(packed, len(packed))
described = confine._Filter(len(packed) // 8, ctypes.addressof(buffer))
assert confine._libc().prctl(22, ctypes.c_ulong(2), ctypes.byref(described), 0, 0) == 0
from datagen_cli.sandbox.run import run_program
found = {}
for name, code in programs.items():
    result = run_program(code, timeout_s=0.3, unsafe=name == "unsafe")
    found[name] = [result.status, result.stdout[:10], result.error, result.layer]
json.dump(found, sys.stdout)
"""


def on_a_kernel(answers: list[tuple[int, int]], programs: dict[str, str]) -> dict[str, list[str]]:
    """Runs the programs in a process where the system calls in `answers` get that error (0: done, but nothing was)."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(answers), json.dumps(programs)]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(
    ("number", "reason"), mostly_slow([(444, "the kernel lacks Landlock"), (SECCOMP, "the kernel lacks seccomp")])
)
def test_without_the_means_no_program_runs(number: int, reason: str) -> None:
    found = on_a_kernel([(number, errno.ENOSYS)], PROGRAMS)
    for name in ("plain", "lacking", "hiding", "wrong", "endless", "hungry", "chatty"):
        assert found[name][:2] == ["refused", ""]
        assert found[name][2] == f"{reason}, so that no program may run here (--unsafe-exec runs them unconfined)"
    assert found["unsafe"] == ["ok", "1/3\n", "", "unguarded"]


@pytest.mark.parametrize("number", mostly_slow([446, 445]), ids=["restrict", "add rule"])
def test_a_confinement_that_does_not_hold_is_noticed_before_the_first_program(number: int) -> None:
    found = on_a_kernel([(446, 0)] if number == 446 else [(445, errno.EINVAL)], {"lacking": PROGRAMS["lacking"]})
    status, stdout, error, _ = found["lacking"]
    assert (status, stdout) == ("refused", "")
    assert "the confinement does not hold" in error or "landlock_add_rule" in error


def test_unsafe_changes_nothing_where_programs_can_be_confined(tmp_path: Path) -> None:
    with run.Sandbox(screen=False) as sandbox:
        code = f"import os, posix\nposix.open({str(tmp_path / 'made')!r}, os.O_WRONLY | os.O_CREAT)"
        result = sandbox.run(code, unsafe=True)
    assert (result.status, result.layer) == ("refused", "guarded")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("platform", "darwin", "neither Landlock nor seccomp"),
        ("landlock", 0, "the kernel lacks Landlock"),
        ("machine", "riscv64", "x86_64 and aarch64 only"),
    ],
)
def test_what_is_missing_is_said(name: str, value: object, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "platform":
        monkeypatch.setattr(sys, "platform", value)
    elif name == "landlock":
        monkeypatch.setattr(confine, "landlock_abi", lambda: value)
    else:
        monkeypatch.setattr(syscalls.platform, "machine", lambda: value)  # type: ignore[attr-defined]
    assert words in confine.confinement_missing()


def test_an_unconfined_program_keeps_what_it_writes_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept := tmp_path / "kept").write_text("as it was")
    monkeypatch.setattr(confine, "confinement_missing", lambda: "switched off by the test")
    code = f"""import os
for act in (lambda: open({str(kept)!r}, "w"), lambda: os.remove({str(kept)!r}), lambda: os.rename({str(kept)!r}, "b"),
            lambda: os.mkdir({str(tmp_path / "made")!r}), lambda: os.chmod({str(kept)!r}, 0)):
    try:
        act()
    except OSError as e:
        print(type(e).__name__)
open("own", "w").write("mine")
print(open("own").read())
"""
    with run.Sandbox() as sandbox:
        result = sandbox.run(code, unsafe=True)
    assert (result.status, result.stdout, result.layer) == ("ok", "PermissionError\n" * 5 + "mine\n", "unguarded")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("as it was", 0o644)


def test_what_shows_that_no_file_can_be_made_leaves_none() -> None:
    from datagen_cli.sandbox.server import make_a_file

    before = set(Path("/tmp").glob("datagen-*"))
    make_a_file()
    assert not {path for path in Path("/tmp").glob("datagen-*") if path.is_file()} - before
