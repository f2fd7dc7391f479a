"""The seccomp filter: which system calls a guarded program may make, and the BPF program that says so.

Everything not named is answered with EPERM, so that a program sees a PermissionError and not a sudden death; `ioctl`
with ENOTTY and `clone3` with ENOSYS, which is what the C library expects where these are missing. A call through a
foreign calling convention (32-bit, x32) kills the process. A program with threads may also call `clone` with exactly
the flags of a thread of its own process. Left out on purpose: execve, fork, every other clone, vfork, socket,
kill, tgkill, ptrace, process_vm_*, pidfd_*, io_uring_*, bpf, memfd_create, prctl, prlimit64 (with it a child could
change its parent's limits), mount, unlink, rename, chmod, keyctl, perf_event_open, userfaultfd, open (the C library
uses openat).
"""

from __future__ import annotations

import errno
import os
import platform
import struct
import sys

# name: (x86_64, aarch64); None where the architecture has no such call.
ALLOWED: dict[str, tuple[int | None, int]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "lseek": (8, 62),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "getdents64": (217, 61),
    "fadvise64": (221, 223),
    "dup": (32, 23),
    "dup3": (292, 24),
    "getcwd": (79, 17),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "times": (100, 153),
    "getrusage": (98, 165),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "ppoll": (271, 73),
    "pselect6": (270, 72),
    "getrandom": (318, 278),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "getitimer": (36, 102),
    "setitimer": (38, 103),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
X86_ONLY = {"stat": 4, "lstat": 6, "poll": 7, "select": 23, "dup2": 33, "alarm": 37, "time": 201}
# What starting a thread takes beside `clone`: the C library ends the process where the second of them is refused.
THREADS = {"set_robust_list": (273, 99), "rseq": (334, 293)}
CLONE = (56, 220)
# VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID: a thread as glibc starts it; musl adds
# DETACHED, which the kernel ignores. Without VM and THREAD the call would make a process.
THREAD_FLAGS = (0x3D0F00, 0x7D0F00)
OPENAT = (257, 56)
FCNTL = (72, 25)
ANSWERED = {"ioctl": ((16, 29), errno.ENOTTY), "clone3": ((435, 435), errno.ENOSYS)}
# F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL; F_SETOWN would let a program have signals sent to others.
FCNTL_COMMANDS = (1030, 1, 2, 3)

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ARCHES = ("x86_64", "aarch64")
X32_BIT = 0x40000000

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NR, _ARCH, _ARGUMENTS = 0, 4, 16

Instruction = tuple[int, int, int, int]
"""BPF: code, jump if true, jump if false, operand."""


def machine() -> str:
    """This process's architecture if the filter knows it (64 bits, little-endian), else the empty string."""
    name = platform.machine()
    return name if name in ARCHES and sys.maxsize > 2**32 and sys.byteorder == "little" else ""


def forbidden_open_flags() -> int:
    """Every bit of openat's flags but those of plain reading."""
    reading = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_NONBLOCK | os.O_NOCTTY
    large_file = {"x86_64": 0o100000, "aarch64": 0o400000}.get(machine(), 0)
    return ~(reading | large_file) & 0xFFFFFFFF


def _answer(number: int, action: int) -> list[Instruction]:
    return [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, action)]


def _argument(index: int) -> Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * index)


def _openat(number: int, refused: int) -> list[Instruction]:
    return [
        (_JUMP_EQUAL, 0, 4, number),
        _argument(2),
        (_JUMP_SET, 0, 1, forbidden_open_flags()),
        (_RETURN, 0, 0, refused),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _fcntl(number: int, refused: int) -> list[Instruction]:
    commands = [step for command in FCNTL_COMMANDS for step in _answer(command, _ALLOW)]
    body = [_argument(1), *commands, (_RETURN, 0, 0, refused)]
    return [(_JUMP_EQUAL, 0, len(body), number), *body]


def _clone(number: int, refused: int) -> list[Instruction]:
    """Only the lower half of the flags is read: the kernel takes no more of them."""
    flags = [step for value in THREAD_FLAGS for step in _answer(value, _ALLOW)]
    body = [_argument(0), *flags, (_RETURN, 0, 0, refused)]
    return [(_JUMP_EQUAL, 0, len(body), number), *body]


def filter_instructions(arch: str, *, threads: bool = False) -> list[Instruction]:
    """The whole filter for `x86_64` or `aarch64`, of a program with or without threads; KeyError for any other."""
    column = ARCHES.index(arch) if arch in ARCHES else -1
    refused = _ERRNO | errno.EPERM
    steps: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, AUDIT_ARCH[arch]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NR),
    ]
    if arch == "x86_64":
        steps += [(_JUMP_AT_LEAST, 0, 1, X32_BIT), (_RETURN, 0, 0, _KILL)]
    numbers = [pair[column] for pair in ALLOWED.values()]
    numbers += list(X86_ONLY.values()) if arch == "x86_64" else []
    numbers += [pair[column] for pair in THREADS.values()] if threads else []
    for number in numbers:
        if number is not None:
            steps += _answer(number, _ALLOW)
    for pair, error in ANSWERED.values():
        steps += _answer(pair[column], _ERRNO | error)
    steps += _openat(OPENAT[column], refused)
    steps += _fcntl(FCNTL[column], refused)
    steps += _clone(CLONE[column], refused) if threads else []
    return [*steps, (_RETURN, 0, 0, refused)]


def pack(instructions: list[Instruction]) -> bytes:
    """The instructions as the kernel reads them (`struct sock_filter[]`)."""
    return b"".join(struct.pack("<HBBI", *step) for step in instructions)
