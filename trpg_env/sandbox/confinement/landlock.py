"""Landlock: the kernel refuses this process every file, every TCP port and every signal to others (landlock(7)).

A ruleset that handles all rights and grants none; what a kernel's version does not know it cannot refuse, and seccomp
stands behind it.
"""

import os
import struct

from trpg_env.sandbox.confinement import kernel

_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # the same number on every machine
_TELL_VERSION = 1

# Version of the interface, and the highest right over files that it knows.
_LAST_FILE_RIGHT = {1: 12, 2: 13, 3: 14, 5: 15}
_NETWORK_SINCE, _BIND_AND_CONNECT = 4, 0b11
_SCOPES_SINCE, _SOCKETS_AND_SIGNALS = 6, 0b11


def version() -> int:
    """Return the version of the kernel's Landlock; 0 where there is none, or it is switched off."""
    try:
        return kernel.call(_CREATE_RULESET, None, 0, _TELL_VERSION)
    except OSError:
        return 0


def ruleset(known: int) -> bytes:
    """Return the ruleset that handles every right of a version, as the kernel wants it (`struct landlock_ruleset_attr`)."""
    files = (2 << max(right for since, right in _LAST_FILE_RIGHT.items() if since <= known)) - 1
    handled = [files]
    if known >= _NETWORK_SINCE:
        handled.append(_BIND_AND_CONNECT)
    if known >= _SCOPES_SINCE:
        handled.append(_SOCKETS_AND_SIGNALS)
    return struct.pack(f"={len(handled)}Q", *handled)


def refuse_everything() -> None:
    """Put this process, for good, under a ruleset without exceptions; needs `kernel.gain_no_privileges` first.

    Raises:
        OSError: If the kernel does not have Landlock.
    """
    known = version()
    if not known:
        raise OSError("there is no Landlock here")
    rules = ruleset(known)
    handle = kernel.call(_CREATE_RULESET, rules, len(rules), 0)
    try:
        kernel.call(_RESTRICT_SELF, handle, 0)
    finally:
        os.close(handle)
