"""The layers that lie around untrusted code, which of them this system has, and the order in which they are put on."""

from collections.abc import Callable
from contextlib import suppress

from trpg_env.sandbox.confinement import kernel, landlock, limits, seccomp
from trpg_env.sandbox.protocol import (
    DEADLINE,
    LANDLOCK,
    NO_NEW_PRIVS,
    PROCESS,
    RLIMITS,
    SECCOMP,
    UNPRIVILEGED,
)


def _put_on(*layers: tuple[str, Callable[[], None]]) -> list[str]:
    in_force = []
    for name, put_on in layers:
        with suppress(OSError):  # not to be had on this system
            put_on()
            in_force.append(name)
    return in_force


def around_the_fork_server() -> list[str]:
    """Confine this process to forking workers, and name the layers that they will inherit."""
    limits.for_forking()
    inherited = _put_on(
        (UNPRIVILEGED, limits.give_up_root),
        (NO_NEW_PRIVS, kernel.gain_no_privileges),
        (LANDLOCK, landlock.refuse_everything),
    )
    _put_on((SECCOMP, lambda: seccomp.allow_only(seccomp.FORKING)))
    return [PROCESS, DEADLINE, *inherited]


def around_a_worker(address_space: int) -> list[str]:
    """Confine this process, forked by a confined fork server, to answering; name the layers that this adds."""
    return _put_on(
        (RLIMITS, lambda: limits.for_answering(address_space)),
        (SECCOMP, lambda: seccomp.allow_only(seccomp.ANSWERING)),
    )
