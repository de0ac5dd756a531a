"""The caller's hold on one worker process: start it, exchange frames under a deadline, end it.

A worker is used by one process and one thread at a time; the `Sandbox` sees to that. Whoever gets an exception from
`exchange` must not use the worker again.
"""

import importlib.util
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from trpg_env.sandbox import protocol
from trpg_env.sandbox.faults import SandboxFault

START_LIMIT = 10.0
"""Seconds a worker may take to start; not part of any deadline."""

_START = str(Path(__file__).with_name("start.py"))
_STARVED = 0.1
_PATIENCE = 10

# Signals (and exits) that say nothing about the code that was running: the worker retired, or somebody else ended it.
_FROM_OUTSIDE = frozenset({0, -1, -2, -3, -9, -15, -24})


def _libraries() -> list[str]:
    """The folders that the worker's two libraries are in: it may not find them by itself (`PYTHONPATH`, say)."""
    specs = (importlib.util.find_spec(name) for name in ("RestrictedPython", "msgpack"))
    return list(dict.fromkeys(str(Path(s.origin).parents[1]) for s in specs if s is not None and s.origin))


class WorkerTimeout(Exception):
    """The worker did not answer within the deadline."""


class WorkerDied(Exception):
    """The worker ended before it answered.

    Attributes:
        innocent: Whether the code it was running may be tried once more, having had no part in it.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"ended by signal {-status}" if status < 0 else f"exit status {status}")
        self.innocent = status in _FROM_OUTSIDE


class WorkerProcess:
    """A started worker.

    Args:
        deadline: Seconds an exchange may take.

    Raises:
        SandboxFault: If it cannot be started.
    """

    def __init__(self, deadline: float) -> None:
        self._owner = os.getpid()
        self._deadline = deadline
        ours, theirs = socket.socketpair()
        self._socket = ours
        try:
            self._process = subprocess.Popen(  # noqa: S603  (our own program, by its full path)
                # -I would ignore the hash seed, and sets of texts would then differ from worker to worker.
                [sys.executable, "-P", "-s", _START, repr(deadline), *_libraries()],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PYTHONHASHSEED": "0"},
                cwd="/",
                close_fds=True,
                start_new_session=True,  # a Ctrl-C meant for the caller is not meant for it
            )
        except (OSError, ValueError) as error:
            ours.close()
            raise SandboxFault(f"The sandbox's worker process cannot be started: {error}") from error
        finally:
            theirs.close()
        try:
            self.layers = self._greeting()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return int(self._process.pid)

    def _greeting(self) -> list[str]:
        self._socket.settimeout(START_LIMIT)
        try:
            state, detail = protocol.unpack(protocol.receive(self._socket, protocol.MAX_REPLY))
        except (EOFError, OSError, ValueError, TypeError, protocol.FrameError) as error:
            raise SandboxFault(f"The sandbox's worker process did not start: {error!r}") from error
        if state != protocol.READY:
            raise SandboxFault(f"The sandbox's worker process did not start: {detail}")
        # Half the deadline, so that there is a moment in the middle to look how the worker fares.
        self._socket.settimeout(self._deadline / 2)
        return [str(layer) for layer in detail]

    def exchange(self, frame: bytes) -> Any:
        """Send a request and return the reply.

        Raises:
            WorkerTimeout: If the reply has not come within the deadline.
            WorkerDied: If the worker has ended.
            FrameError: If what came is not a reply.
        """
        try:
            self._socket.sendall(frame)
            try:
                data = self._socket.recv(protocol.CHUNK)
            except TimeoutError:
                data = self._second_half()
            return protocol.unpack(protocol.complete(self._socket, data, protocol.MAX_REPLY, self._deadline))
        except TimeoutError:
            raise WorkerTimeout from None
        except (EOFError, OSError):
            raise WorkerDied(self._status()) from None

    def _second_half(self) -> bytes:
        # Time in which the machine gave the worker no processor is not the code's: wait on, within reason.
        for _ in range(_PATIENCE):
            before = self._cpu_time()
            try:
                return self._socket.recv(protocol.CHUNK)
            except TimeoutError:
                if self._cpu_time() - before > _STARVED * self._deadline / 2:
                    raise
        raise TimeoutError

    def _cpu_time(self) -> float:
        try:
            # The clock of another process, as clock_getcpuclockid(3) makes it on Linux.
            return time.clock_gettime((~self.pid << 3) | 2)
        except OSError:
            return time.monotonic()

    def _status(self) -> int:
        try:
            return self._process.wait(1.0)
        except subprocess.TimeoutExpired:  # it only closed its socket
            return 1

    def stop(self) -> None:
        """End the worker and free what it held. In a forked child it is let go of: it is the parent's."""
        self._socket.close()
        if os.getpid() != self._owner:
            self._process.returncode = 0
            return
        self._process.kill()
        self._process.wait()
