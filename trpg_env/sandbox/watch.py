"""Waiting for what is on its way: for some microseconds with open eyes, since to be woken on another core takes longer."""

import os
import socket
import time
from typing import Final

from trpg_env.sandbox.protocol import CHUNK

_AWAKE: Final = 100e-6
"""Seconds to look before going to sleep: most answers take less."""

_AWAY: Final = 12e-6
"""Seconds: a yield that takes longer has let somebody else run on this core."""

_NAPS: Final = 16
"""How many frames are slept for then, before it is tried again."""


class Watch:
    """Looks at a socket for the other side's next frame, yielding in between to whoever wants this core.

    Where both sides share a core, to look would only keep the other one from it: then it is left for a while.

    Args:
        connection: The socket, blocking or not.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._receive = connection.recv
        self._naps = 0

    def look(self) -> bytes | None:
        """Return what came meanwhile (empty where the other side has gone), or None where it is time to sleep.

        Raises:
            OSError: As the socket does.
        """
        if self._naps:
            self._naps -= 1
            return None
        began = before = time.monotonic()
        while before - began < _AWAKE:
            os.sched_yield()
            try:
                return self._receive(CHUNK, socket.MSG_DONTWAIT)
            except BlockingIOError:
                now = time.monotonic()
            if now - before > _AWAY:
                self._naps = _NAPS
                break
            before = now
        return None
