"""The limits a worker sets on itself before it reads its first request. Each is one layer; more can be put beside them."""

import math
import mmap
import resource

HEADROOM = 160 * 2**20
"""Bytes of address space a worker may take beyond what it needs for itself: no single value can reach 200 MB."""

ROOM = 128 * 2**20
"""Bytes that every call must be able to take, whatever earlier calls left behind."""


def _address_space_in_use() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as sizes:  # noqa: PTH123  (pathlib costs a tenth of the start)
            pages = int(sizes.read().split()[0])
    except OSError:  # no /proc: more than an interpreter needs, and still below 300 MB in all
        return 120 * 2**20
    return pages * resource.getpagesize()


def has_room() -> bool:
    """Tell whether a call can still have the memory it is promised. Nothing is touched, only asked for."""
    try:
        mmap.mmap(-1, ROOM).close()
    except OSError:
        return False
    return True


def restrict() -> list[str]:
    """Set the hard limits of this process, for good, and name the layers now in force."""
    ceilings = {
        resource.RLIMIT_AS: _address_space_in_use() + HEADROOM,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    for limit, ceiling in ceilings.items():
        resource.setrlimit(limit, (ceiling, ceiling))
    return ["process", "rlimits"]


def grant_cpu(seconds: float) -> None:
    """Let the kernel end this process once it has used so much processor time in all.

    The caller keeps the deadline; this is for a worker whose caller died in the middle of a call.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), hard))
