"""The filter as the kernel runs it: a small BPF interpreter over both architectures' programs."""

from __future__ import annotations

import errno
import os
import struct

import pytest

from datagen_cli.sandbox import syscalls

ALLOW, KILL = 0x7FFF0000, 0x80000000
REFUSED = 0x00050000 | errno.EPERM
MUST_NOT = {
    "x86_64": {
        "open": 2, "pipe": 22, "socket": 41, "connect": 42, "socketpair": 53, "clone": 56, "fork": 57, "vfork": 58,
        "execve": 59, "kill": 62, "rename": 82, "mkdir": 83, "unlink": 87, "chmod": 90, "ptrace": 101, "setuid": 105,
        "mknod": 133, "prctl": 157, "setrlimit": 160, "mount": 165, "tkill": 200, "tgkill": 234, "unshare": 272,
        "prlimit64": 302, "process_vm_readv": 310, "process_vm_writev": 311, "seccomp": 317, "memfd_create": 319,
        "bpf": 321, "execveat": 322, "userfaultfd": 323, "pidfd_send_signal": 424, "io_uring_setup": 425,
        "io_uring_enter": 426, "pidfd_open": 434, "openat2": 437, "pidfd_getfd": 438, "landlock_create_ruleset": 444,
        "open_by_handle_at": 304, "shmget": 29, "sendto": 44, "sendfile": 40, "inotify_init": 253, "symlink": 88,
    },
    "aarch64": {
        "socket": 198, "connect": 203, "socketpair": 199, "clone": 220, "execve": 221, "kill": 129, "tgkill": 131,
        "ptrace": 117, "prctl": 167, "setrlimit": 164, "mount": 40, "unshare": 97, "prlimit64": 261, "unlinkat": 35,
        "renameat2": 276, "mkdirat": 34, "process_vm_readv": 270, "process_vm_writev": 271, "memfd_create": 279,
        "bpf": 280, "execveat": 281, "userfaultfd": 282, "io_uring_setup": 425, "pidfd_open": 434, "seccomp": 277,
        "openat2": 437, "open_by_handle_at": 265, "shmget": 194, "sendfile": 71, "symlinkat": 36, "pipe2": 59,
    },
}  # fmt: skip
arches = pytest.mark.parametrize("arch", syscalls.ARCHES)


def answer(arch: str, number: int, *arguments: int, audit: int = 0, threads: bool = False) -> int:
    """What the filter for `arch` returns for a call."""
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", number, audit or syscalls.AUDIT_ARCH[arch], 0, *padded)
    steps = syscalls.filter_instructions(arch, threads=threads)
    at = accumulator = 0
    while True:
        code, when_true, when_false, operand = steps[at]
        at += 1
        if code == 0x20:
            accumulator = struct.unpack_from("<I", data, operand)[0]
        elif code == 0x06:
            return operand
        else:
            holds = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}
            at += when_true if holds[code] else when_false


@arches
def test_the_listed_calls_are_allowed_and_they_are_few(arch: str) -> None:
    column = syscalls.ARCHES.index(arch)
    numbers = [pair[column] for pair in syscalls.ALLOWED.values()]
    assert len(set(numbers)) == len(numbers) <= 60
    assert all(number is not None and answer(arch, number) == ALLOW for number in numbers)


@arches
def test_the_dangerous_calls_are_refused(arch: str) -> None:
    assert [name for name, number in MUST_NOT[arch].items() if answer(arch, number) != REFUSED] == []


@arches
def test_with_threads_a_thread_can_be_started_and_nothing_else(arch: str) -> None:
    number, a_thread = syscalls.CLONE[syscalls.ARCHES.index(arch)], syscalls.THREAD_FLAGS[0]
    assert answer(arch, number, a_thread, threads=True) == ALLOW
    assert answer(arch, number, a_thread) == REFUSED
    others = [a_thread ^ 1 << bit for bit in range(32) if a_thread ^ 1 << bit not in syscalls.THREAD_FLAGS]
    assert [flags for flags in (0, 17, *others) if answer(arch, number, flags, threads=True) != REFUSED] == []
    more = [n for n in range(1000) if answer(arch, n, threads=True) == ALLOW != answer(arch, n)]
    assert sorted(more) == sorted(pair[syscalls.ARCHES.index(arch)] for pair in syscalls.THREADS.values())
    refused = [name for name, n in MUST_NOT[arch].items() if answer(arch, n, 17, threads=True) != REFUSED]
    assert refused == []


@arches
def test_whatever_is_not_listed_is_refused(arch: str) -> None:
    allowed = [number for number in range(1000) if answer(arch, number) == ALLOW]
    assert len(allowed) <= 60


@arches
def test_a_foreign_calling_convention_kills(arch: str) -> None:
    assert answer(arch, 0, audit=0x40000003) == KILL
    assert answer("x86_64", 0x40000000) == KILL


@arches
def test_files_open_for_reading_only(arch: str) -> None:
    number = syscalls.OPENAT[syscalls.ARCHES.index(arch)]
    assert answer(arch, number, 0, 0, os.O_RDONLY | os.O_CLOEXEC) == ALLOW
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_APPEND, os.O_PATH, os.O_TMPFILE, os.O_ASYNC):
        assert answer(arch, number, 0, 0, flags) == REFUSED


@arches
def test_no_signal_can_be_asked_for_through_fcntl(arch: str) -> None:
    number = syscalls.FCNTL[syscalls.ARCHES.index(arch)]
    assert [command for command in range(2000) if answer(arch, number, 0, command) == ALLOW] == [1, 2, 3, 1030]


@arches
def test_calls_that_libraries_probe_get_the_answer_they_expect(arch: str) -> None:
    column = syscalls.ARCHES.index(arch)
    assert answer(arch, syscalls.ANSWERED["clone3"][0][column]) == 0x00050000 | errno.ENOSYS
    assert answer(arch, syscalls.ANSWERED["ioctl"][0][column]) == 0x00050000 | errno.ENOTTY


@arches
def test_the_filter_is_packed_as_the_kernel_reads_it(arch: str) -> None:
    steps = syscalls.filter_instructions(arch)
    assert len(syscalls.pack(steps)) == 8 * len(steps)
    assert syscalls.pack([(0x06, 0, 0, ALLOW)]) == bytes.fromhex("060000000000ff7f")
    assert all(0 <= field < 256 for step in steps for field in step[1:3])
