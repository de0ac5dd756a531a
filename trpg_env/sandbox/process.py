"""The caller's hold on a fork server, a worker and a spare: start, exchange frames under a deadline, replace.

Used by one process and one thread at a time; the `Sandbox` sees to that. After an exception from `exchange` the worker must
be replaced before the next one.
"""

import importlib.util
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from trpg_env.sandbox import protocol
from trpg_env.sandbox.faults import SandboxFault
from trpg_env.sandbox.protocol import END, FORK
from trpg_env.sandbox.watch import Watch

START_LIMIT: Final = 10.0
"""Seconds a fork server may take to start or a worker to be forked; not part of any deadline."""

_START = str(Path(__file__).parent / "worker" / "start.py")
_GOODBYE = 1.0
"""Seconds a fork server may take to end a worker, or itself."""

_QUIETLY = getattr(socket, "MSG_NOSIGNAL", 0)  # a caller may have SIGPIPE end it, and a worker may be gone

_STARVED = 0.1
"""Who was given less than this share of a time by the machine is waited for longer,"""

_PATIENCE = 10
"""for at most so many halves of a deadline."""

_MOST_WORDS = 65_536
_CANNOT_START = (OSError, ValueError, ImportError, RuntimeError)  # the last two while the interpreter ends


@cache
def _libraries() -> list[str]:
    """The folders that the worker's two libraries are in: it may not find them by itself (`PYTHONPATH`, say)."""
    specs = (importlib.util.find_spec(name) for name in ("RestrictedPython", "msgpack"))
    return list(dict.fromkeys(str(Path(s.origin).parents[1]) for s in specs if s is not None and s.origin))


def _pair() -> tuple[socket.socket, socket.socket]:
    try:
        return socket.socketpair()
    except OSError as error:
        raise SandboxFault(f"The sandbox cannot talk to its worker process: {error}") from error


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # a caller that becomes a daemon closes every descriptor there is
        connection.close()


def _ready(connection: socket.socket, limit: float) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(limit * 1_000))


class WorkerTimeout(Exception):
    """The worker did not answer within the deadline."""


class WorkerDied(Exception):
    """The worker ended before it answered."""


class WorkerProcess:
    """A started fork server and its workers: the one that answers, and the one that will when that one has to be ended.

    Attributes:
        pid: The worker's process id.
        layers: The names of the layers that the worker is under.

    Args:
        deadline: Seconds an exchange may take.

    Raises:
        SandboxFault: If it cannot be started.
    """

    def __init__(self, deadline: float) -> None:
        self._owner = os.getpid()
        self._deadline = deadline
        self._control, theirs = _pair()
        self._socket = self._spare = self._control
        try:
            self._server = subprocess.Popen(  # noqa: S603  (our own program, by its full path)
                # -I would ignore the hash seed, and sets of texts would then differ from worker to worker.
                [sys.executable, "-P", "-s", "-S", _START, repr(deadline), *_libraries()],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={"PYTHONHASHSEED": "0"},
                cwd="/",
                close_fds=True,
                start_new_session=True,  # a Ctrl-C meant for the caller is not meant for it
            )
        except _CANNOT_START as error:
            self._control.close()
            raise SandboxFault(f"The sandbox's worker process cannot be started: {error}") from error
        finally:
            theirs.close()
        try:
            self._told(self._control)
            self._spare = self._order()
            self._use_spare()
        except BaseException as error:
            self.stop()
            if isinstance(error, SandboxFault) and (last := self._last_words()):
                raise SandboxFault(f"{error}, saying {last!r}") from error
            raise
        finally:
            self._complaints().close()

    def _complaints(self) -> IO[bytes]:
        assert self._server.stderr is not None
        return self._server.stderr

    def _last_words(self) -> str:
        lines = self._complaints().read(_MOST_WORDS).decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "")

    def _order(self) -> socket.socket:
        """Have a worker forked, and return our end of its socket, on which it will say that it is ready."""
        ours, theirs = _pair()
        with theirs:
            self._tell(FORK, theirs)
        return ours

    def _use_spare(self) -> None:
        self._socket, self._spare = self._spare, self._order()
        self.pid, layers = self._told(self._socket)
        self.layers = tuple(layer for layer in protocol.LAYERS if layer in layers)
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._watch = Watch(self._socket)

    def _tell(self, command: bytes, handle: socket.socket | None = None) -> None:
        with_it = (
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", handle.fileno()))] if handle else []
        )
        try:
            self._control.sendmsg([command], with_it, _QUIETLY)
        except OSError as error:
            raise SandboxFault(f"The sandbox's worker process does not start: {error!r}") from error

    @staticmethod
    def _told(connection: socket.socket, limit: float = START_LIMIT) -> Any:
        if not _ready(connection, limit):
            raise SandboxFault(f"The sandbox's worker process did not start: no word within {limit:g} s")
        try:
            answer = protocol.unpack(protocol.receive(connection, protocol.MAX_REPLY))
        except EOFError:
            raise SandboxFault("The sandbox's worker process did not start: it ended at once") from None
        except (OSError, protocol.FrameError) as error:
            raise SandboxFault(f"The sandbox's worker process did not start: {error!r}") from error
        if isinstance(answer, list) and answer[:1] == [protocol.FAILED]:
            raise SandboxFault(f"The sandbox's worker process did not start: {answer[1:]}")
        return answer

    def exchange(self, frame: bytes) -> Any:
        """Send a request and return the reply.

        Raises:
            WorkerTimeout: If the reply has not come within the deadline.
            WorkerDied: If the worker has ended.
            FrameError: If what came is not a reply.
        """
        connection = self._socket
        try:
            sent = connection.send(frame, _QUIETLY)
            if sent < len(frame):
                with self._patient():
                    connection.sendall(memoryview(frame)[sent:], _QUIETLY)
            data = self._watch.look()
            if data is None:
                data = self._wait()
            body = protocol.whole(data)
            if body is None:
                with self._patient():
                    body = protocol.complete(connection, data, protocol.MAX_REPLY, self._deadline)
            return protocol.unpack_reply(body)
        except TimeoutError:  # of a signal handler of the caller's
            raise
        except (EOFError, OSError):
            raise WorkerDied from None

    @contextmanager
    def _patient(self) -> Iterator[None]:
        self._socket.settimeout(self._deadline)
        try:
            yield
        except TimeoutError:
            raise WorkerTimeout from None
        self._socket.setblocking(False)

    def _wait(self) -> bytes:
        half = self._deadline / 2
        if not self._poll.poll(half * 1_000):
            self._second_half(half)
        return self._socket.recv(protocol.CHUNK)

    def _second_half(self, half: float) -> None:
        # Time in which the machine gave the worker no processor is not the code's: wait on, within reason.
        for _ in range(_PATIENCE):
            before = self._cpu_time()
            if self._poll.poll(half * 1_000):
                return
            if self._cpu_time() - before > _STARVED * half:
                break
        raise WorkerTimeout

    def _cpu_time(self) -> float:
        try:
            # The clock of another process, as clock_getcpuclockid(3) makes it on Linux.
            return time.clock_gettime((~self.pid << 3) | 2)
        except OSError:
            return time.monotonic()

    def replace(self) -> int:
        """End the worker, whatever it is doing; the spare takes its place, and another spare is forked.

        Returns:
            The exit status of the one that ended; negative: the signal.

        Raises:
            SandboxFault: If the fork server does not do it; `stop` is all that is left then.
        """
        _shut(self._socket)
        self._tell(END)
        status = int(self._told(self._control, _GOODBYE))
        self._use_spare()
        return status

    def hang_up(self) -> None:
        """Have an exchange that goes on come to nothing; `stop` is what is left to do."""
        for connection in (self._socket, self._control):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """End the processes and free what they held. In a forked child they are let go of: they are the parent's."""
        for connection in (self._socket, self._spare, self._control):
            _shut(connection)
        if os.getpid() != self._owner:
            self._server.returncode = 0
            return
        try:
            self._server.wait(_GOODBYE)  # it reaps its workers, which nobody else might do
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()

    def __del__(self) -> None:
        if getattr(self, "_server", None) is not None and self._server.returncode is None:
            self.stop()
