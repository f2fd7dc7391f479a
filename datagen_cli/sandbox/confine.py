"""What the kernel holds a guarded program to: Landlock, seccomp, no privileges. Pure ctypes, no privileges needed.

Landlock (https://docs.kernel.org/userspace-api/landlock.html) leaves the named paths readable and denies everything
else about files, TCP from ABI 4, and signals and abstract sockets across its border from ABI 6. It binds root too. It
does not hide that a file exists, nor its size: `stat` is not one of its rights.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterable
from functools import cache

from datagen_cli.sandbox import syscalls

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
_SECCOMP_MODE_FILTER = 2
_SECCOMP_GET_ACTION_AVAIL = 2
_RET_ERRNO, _RET_KILL_PROCESS = 0x00050000, 0x80000000
# The same numbers on x86_64 and aarch64 but for two.
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION = 0x20080522

_CLOSE_RANGE = 436  # on both architectures, in every kernel that has Landlock

_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_RULE_PATH_BENEATH = 1


class ConfinementError(Exception):
    """The kernel refused a step of the confinement; the program must not run."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    """One system call; -1 on error, errno in `ctypes.get_errno()`."""
    function = _libc().syscall
    function.restype = ctypes.c_long
    converted = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    return int(function(ctypes.c_long(number), *converted))


def _prctl(option: int, *values: int) -> int:
    padded = [*values, 0, 0, 0, 0][:4]
    return int(_libc().prctl(ctypes.c_int(option), *(ctypes.c_ulong(value) for value in padded)))


def _checked(result: int, step: str) -> int:
    if result < 0:
        raise ConfinementError(f"{step}: {os.strerror(ctypes.get_errno())}")
    return result


def landlock_abi() -> int:
    """The kernel's Landlock ABI, 0 where there is none."""
    if not sys.platform.startswith("linux") or not syscalls.machine():
        return 0
    return max(_call(_LANDLOCK_CREATE, None, 0, 1), 0)


def has_seccomp() -> bool:
    """Whether the kernel has seccomp filters with the two actions that ours needs."""
    arch = syscalls.machine()
    if not sys.platform.startswith("linux") or not arch:
        return False
    actions = (ctypes.c_uint32(_RET_ERRNO), ctypes.c_uint32(_RET_KILL_PROCESS))
    return all(_call(_SECCOMP[arch], _SECCOMP_GET_ACTION_AVAIL, 0, ctypes.byref(item)) == 0 for item in actions)


def confinement_missing() -> str:
    """Why a program cannot be confined on this machine; the empty string where it can."""
    if not sys.platform.startswith("linux"):
        return "this system has neither Landlock nor seccomp"
    if not syscalls.machine():
        return "the seccomp filter knows x86_64 and aarch64 only"
    lacking = [name for name, there in (("Landlock", landlock_abi() > 0), ("seccomp", has_seccomp())) if not there]
    return f"the kernel lacks {' and '.join(lacking)}" if lacking else ""


def close_from(first: int) -> None:
    """Closes every descriptor from `first` on, however high; the limit on descriptors says nothing about old ones."""
    if not sys.platform.startswith("linux") or _call(_CLOSE_RANGE, first, 0xFFFFFFFF, 0) < 0:
        os.closerange(first, max(os.sysconf("SC_OPEN_MAX"), 1024))


def read_only_ruleset(paths: Iterable[str]) -> int:
    """A Landlock ruleset, as a descriptor, under which only `paths` and what lies below can be read, nothing written.

    Paths that do not exist are left out. Raises `ConfinementError`.
    """
    abi = landlock_abi()
    rights = (1 << 13) - 1
    rights |= (1 << 13 if abi >= 2 else 0) | (1 << 14 if abi >= 3 else 0) | (1 << 15 if abi >= 5 else 0)
    rules = _Ruleset(rights, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = _checked(_call(_LANDLOCK_CREATE, ctypes.byref(rules), size, 0), "landlock_create_ruleset")
    for path in paths:
        if not os.path.exists(path):
            continue
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rule = _PathBeneath(_READ_FILE | (_READ_DIR if os.path.isdir(path) else 0), descriptor)
            added = _call(_LANDLOCK_ADD, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
            _checked(added, "landlock_add_rule")
        finally:
            os.close(descriptor)
    return ruleset


def drop_privileges() -> None:
    """Gives up every capability for good (for root; anybody else has none) and the gain of any by execve."""
    _checked(_prctl(_PR_SET_NO_NEW_PRIVS, 1), "no_new_privs")
    for capability in range(64):
        if _prctl(_PR_CAPBSET_DROP, capability) < 0:
            break  # EPERM without CAP_SETPCAP, EINVAL past the last one
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_call(_CAPSET[syscalls.machine()], ctypes.byref(header), ctypes.byref(nothing)), "capset")


def die_with(parent: int) -> None:
    """The kernel kills this process when its parent, which must be `parent`, dies. Only for a one-threaded parent."""
    if sys.platform.startswith("linux"):
        _checked(_prctl(_PR_SET_PDEATHSIG, signal.SIGKILL), "parent death signal")
    if os.getppid() != parent:
        raise ConfinementError("the fork server is gone")


def seccomp_program(*, threads: bool) -> bytes:
    """The packed filter for this machine, for a program with or without threads."""
    return syscalls.pack(syscalls.filter_instructions(syscalls.machine(), threads=threads))


def confine(ruleset: int, program: bytes) -> None:
    """Confines the calling process for good: Landlock, no core dump or debugger, then the system-call filter."""
    _checked(_prctl(_PR_SET_NO_NEW_PRIVS, 1), "no_new_privs")
    _checked(_prctl(_PR_SET_DUMPABLE, 0), "dumpable")
    _checked(_call(_LANDLOCK_RESTRICT, ruleset, 0), "landlock_restrict_self")
    steps = ctypes.create_string_buffer(program, len(program))
    described = _Filter(len(program) // 8, ctypes.addressof(steps))
    applied = _libc().prctl(
        ctypes.c_int(_PR_SET_SECCOMP), ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(described), 0, 0
    )
    _checked(applied, "seccomp")
