"""Seccomp: the kernel answers every system call that a process does not need with EPERM (seccomp(2)).

A filter is an allowlist for one machine: which calls, and which values some of their arguments may have. It is made here as a
program for the kernel's packet filter, so that nothing need be installed.
"""

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

from trpg_env.sandbox.confinement import kernel

ALLOW: Final = 0x7FFF0000
DENY: Final = 0x00050000 | 1  # EPERM
KILL: Final = 0x80000000

_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
# Where `struct seccomp_data` has them; arguments follow at 16, eight bytes each.
_NUMBER, _ARCHITECTURE = 0, 4
_X32 = 0x40000000
_ALL_BITS = 0xFFFFFFFF


class _Machine(NamedTuple):
    audit: int
    calls: Mapping[str, int]


MACHINES: Final = {
    "x86-64": _Machine(
        0xC000003E,
        {
            "brk": 12, "clock_gettime": 228, "clone": 56, "close": 3, "dup2": 33, "dup3": 292, "exit": 60, "exit_group": 231,
            "fork": 57, "futex": 202, "getpid": 39, "getppid": 110, "getrandom": 318, "getrlimit": 97, "getsockname": 51,
            "getsockopt": 55, "gettid": 186, "gettimeofday": 96, "kill": 62, "madvise": 28, "mmap": 9, "mprotect": 10,
            "mremap": 25, "munmap": 11, "prctl": 157, "prlimit64": 302, "recvfrom": 45, "recvmsg": 47, "restart_syscall": 219,
            "rseq": 334, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24, "sendto": 44,
            "set_robust_list": 273, "setrlimit": 160, "wait4": 61,
        },
    ),
    "arm64": _Machine(
        0xC00000B7,
        {
            "brk": 214, "clock_gettime": 113, "clone": 220, "close": 57, "dup3": 24, "exit": 93, "exit_group": 94, "futex": 98,
            "getpid": 172, "getppid": 173, "getrandom": 278, "getrlimit": 163, "getsockname": 204, "getsockopt": 209,
            "gettid": 178, "gettimeofday": 169, "kill": 129, "madvise": 233, "mmap": 222, "mprotect": 226, "mremap": 216,
            "munmap": 215, "prctl": 167, "prlimit64": 261, "recvfrom": 207, "recvmsg": 212, "restart_syscall": 128,
            "rseq": 293, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "sched_yield": 124, "sendto": 206,
            "set_robust_list": 99, "setrlimit": 164, "wait4": 260,
        },
    ),
}  # fmt: skip


class Must(NamedTuple):
    """What the lower half of an argument must be, for a call to be let through.

    Attributes:
        argument: Which one, from 0.
        mask: The bits that are looked at.
        value: What they must be.
    """

    argument: int
    mask: int
    value: int


_NOT_EXECUTABLE = (Must(2, 4, 0),)
_ON_OUR_SOCKET = (Must(0, _ALL_BITS, 0),)
_TO_NO_ADDRESS = (Must(5, _ALL_BITS, 0),)
_ONESELF = (Must(0, _ALL_BITS, 0),)
# SIGCHLD, and setting or clearing the child's id: what fork(2) is made of, and no namespace or thread.
_PLAIN_FORK = (Must(0, _ALL_BITS & ~(0x01000000 | 0x00200000), 17),)

ANSWERING: Final[Mapping[str, tuple[Must, ...]]] = {
    "recvfrom": _ON_OUR_SOCKET,
    "sendto": (*_ON_OUR_SOCKET, *_TO_NO_ADDRESS),
    "mmap": _NOT_EXECUTABLE,
    "mprotect": _NOT_EXECUTABLE,
    "prlimit64": _ONESELF,
    **dict.fromkeys(
        (
            "brk", "clock_gettime", "exit", "exit_group", "futex", "getrandom", "getrlimit", "gettimeofday", "madvise",
            "mremap", "munmap", "restart_syscall", "rt_sigreturn", "sched_yield", "setrlimit",
        ),
        (),
    ),
}  # fmt: skip
"""What a worker needs: its one socket, memory that is not executable, clocks, its own limits and an end."""

FORKING: Final[Mapping[str, tuple[Must, ...]]] = {
    **ANSWERING,
    "clone": _PLAIN_FORK,
    "sendto": _TO_NO_ADDRESS,
    "recvfrom": (),
    **dict.fromkeys(
        (
            "close", "dup2", "dup3", "fork", "getpid", "getppid", "getsockname", "getsockopt", "gettid", "kill", "prctl",
            "recvmsg", "rseq", "rt_sigaction", "rt_sigprocmask", "set_robust_list", "wait4",
        ),
        (),
    ),
}  # fmt: skip
"""What the fork server needs besides: sockets handed to it, children, and to put filters on them."""


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def program(machine: str, allowed: Mapping[str, tuple[Must, ...]]) -> bytes:
    """Return the filter as the kernel wants it: 8 bytes an instruction.

    Args:
        machine: A key of `MACHINES`; a call that comes from another one kills the process.
        allowed: Calls by name (one that a machine does not have is passed over) with what their arguments must be.
    """
    audit, numbers = MACHINES[machine]
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, audit, 1),
        _step(_RETURN, KILL),
        _step(_LOAD, _NUMBER),
    ]
    if machine == "x86-64":
        steps += [_step(_AT_LEAST, _X32, 0, 1), _step(_RETURN, KILL)]
    for name, musts in allowed.items():
        if name not in numbers:
            continue
        block = []
        for must in musts:
            block += [
                _step(_LOAD, 16 + 8 * must.argument),
                _step(_AND, must.mask),
                _step(_EQUAL, must.value, 1),
                _step(_RETURN, DENY),
            ]
        block.append(_step(_RETURN, ALLOW))
        steps += [_step(_EQUAL, numbers[name], 0, len(block)), *block]
    return b"".join([*steps, _step(_RETURN, DENY)])


def allow_only(allowed: Mapping[str, tuple[Must, ...]]) -> None:
    """Let this process, for good, make no system calls but these; needs `kernel.gain_no_privileges` first.

    Raises:
        OSError: If the kernel cannot filter.
    """
    if not kernel.MACHINE:
        raise OSError("the numbers of this machine's system calls are not known")
    kernel.filter_calls(program(kernel.MACHINE, allowed))
