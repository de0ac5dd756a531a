"""What the kernel lets a process have at most: memory, stack, files, processes, processor time (setrlimit(2))."""

import math
import mmap
import os
import resource

HEADROOM = 160 * 2**20
"""Bytes of address space a worker may take beyond what it needs for itself: no single value can reach 200 MB."""

ROOM = 144 * 2**20
"""Bytes that every call must be able to take, whatever earlier calls left behind."""

_STACK = 8 * 2**20
_NOBODY = 65534


def address_space_in_use() -> int:
    """Return how many bytes of addresses this process has taken; where that cannot be read, more than Python needs."""
    try:
        with open("/proc/self/statm", encoding="ascii") as sizes:  # noqa: PTH123  (pathlib costs a tenth of the start)
            pages = int(sizes.read().split()[0])
    except OSError:
        return 120 * 2**20
    return pages * resource.getpagesize()


def has_room() -> bool:
    """Tell whether a call can still have the memory it is promised. Nothing is touched, only asked for."""
    try:
        mmap.mmap(-1, ROOM).close()
    except OSError:
        return False
    return True


def _lower(**ceilings: int) -> list[str]:
    """Set limits, soft and hard, for good (one that is lower already stays), and name those that cannot be set here."""
    refused = []
    for name, ceiling in ceilings.items():
        try:
            limit = getattr(resource, f"RLIMIT_{name}")
            _, hard = resource.getrlimit(limit)
            lowest = ceiling if hard == resource.RLIM_INFINITY else min(ceiling, hard)
            resource.setrlimit(limit, (lowest, lowest))
        except (AttributeError, OSError, ValueError):  # macOS, for one, has no limit on addresses
            refused.append(name)
    return refused


def for_forking() -> None:
    """The limits of the fork server: no core, no file written, few descriptors, and the stack that workers are to have."""
    _lower(CORE=0, FSIZE=0, NOFILE=8, STACK=_STACK)


def for_answering(address_space: int) -> None:
    """The limits of a worker: nothing to open or start, and so much address space, in bytes.

    Raises:
        OSError: If one of them cannot be set; the others are.
    """
    refused = _lower(NOFILE=0, NPROC=0, AS=address_space)
    if refused:
        raise OSError(f"there are no limits here for {', '.join(refused)}")


def grant_cpu(seconds: float) -> None:
    """Let the kernel end this process once it has used so much processor time in all.

    The caller keeps the deadline; this is for a worker whose caller died in the middle of a call.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    granted = math.ceil(seconds)
    resource.setrlimit(
        resource.RLIMIT_CPU, (granted if hard == resource.RLIM_INFINITY else min(granted, hard), hard)
    )


def give_up_root() -> None:
    """Become nobody, where this process is root's: as root, limits on processes would not bind.

    Raises:
        OSError: If it must stay root, as in a container that maps no other user.
    """
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
