"""What the Linux kernel offers and Python has no function for, by ctypes: nothing to install, x86-64 and arm64 alike.

Where there is no such kernel (or no ctypes), `MACHINE` is empty and everything here answers with an `OSError`.
"""

import os
import struct
import sys
from typing import Any, Final

try:
    import ctypes
except ImportError:  # an interpreter that was built without it
    ctypes = None  # type: ignore[assignment]

MACHINE: Final = (
    {"x86_64": "x86-64", "aarch64": "arm64"}.get(os.uname().machine, "")
    if ctypes and sys.platform == "linux" and sys.byteorder == "little" and struct.calcsize("P") == 8
    else ""
)
"""What this process runs on, where its system calls are known by number; else empty."""

_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP, _FILTER = 22, 2
_PR_SET_NO_NEW_PRIVS = 38


def _ask(function: str, number: int, *arguments: int | bytes | None) -> int:
    if not MACHINE:
        raise OSError(f"there is no {function} here")
    library = ctypes.CDLL(None, use_errno=True)
    given = [ctypes.c_ulong(a) if isinstance(a, int) else ctypes.c_char_p(a) for a in arguments]
    result: int = library[function](ctypes.c_long(number), *given)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def call(number: int, *arguments: int | bytes | None) -> int:
    """Make a system call by its number.

    Args:
        number: The number, on this machine.
        arguments: Whole numbers, or structures as bytes.

    Raises:
        OSError: If the kernel refuses it or does not have it.
    """
    return _ask("syscall", number, *arguments)


def gain_no_privileges() -> None:
    """Let this process and all it becomes gain no privilege by executing a program.

    Raises:
        OSError: If the kernel does not have that.
    """
    _ask("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with_parent(signal: int) -> None:
    """Have the kernel send this process a signal when the one that forked it ends.

    Raises:
        OSError: If the kernel does not have that.
    """
    _ask("prctl", _PR_SET_PDEATHSIG, signal, 0, 0, 0)


def filter_calls(steps: bytes) -> None:
    """Have the kernel run a filter, for good, at each system call of this process.

    Args:
        steps: The filter, 8 bytes an instruction (`struct sock_filter`).

    Raises:
        OSError: If the kernel does not have that, or refuses the filter.
    """
    kept: Any = ctypes and ctypes.create_string_buffer(steps, len(steps))
    program = struct.pack("HxxxxxxP", len(steps) // 8, ctypes.addressof(kept) if kept else 0)
    _ask("prctl", _PR_SET_SECCOMP, _FILTER, program, 0, 0)
