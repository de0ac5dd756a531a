"""The fork server: loads all that a worker needs, confines itself, and forks a worker whenever its caller wants one.

The caller has always one to spare, so that one that had to be killed is replaced at once; and every worker starts from the same
clean memory. No untrusted text ever comes here: it goes to the worker, over a socket of the worker's own.

When the caller goes, so does this process, and its workers with it.
"""

import gc
import os
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from trpg_env.sandbox import protocol
from trpg_env.sandbox.confinement import kernel, layers, limits
from trpg_env.sandbox.protocol import END, FORK
from trpg_env.sandbox.worker.answers import Worker


class _ForkServer:
    def __init__(
        self, control: socket.socket, serve: Callable[[socket.socket, Callable[[], None]], None]
    ) -> None:
        self.control = control
        self.serve = serve
        self.packer = protocol.make_packer()
        self.children: list[int] = []

    def run(self, names: list[str], address_space: int) -> None:
        while True:
            command, handles, _, _ = socket.recv_fds(self.control, 1, 1)
            if command == FORK and handles:
                with socket.socket(fileno=handles[0]) as connection:
                    try:
                        self.fork(connection, names, address_space)
                    except OSError as error:
                        self.say([protocol.FAILED, f"it cannot fork: {error}"], connection)
            elif command == END and self.children:
                self.say(self.end(), self.control)
            else:
                while self.children:
                    self.end()
                return

    def fork(self, connection: socket.socket, names: list[str], address_space: int) -> None:
        server = os.getpid()
        child = os.fork()
        if child:
            self.children.append(child)
            return
        try:
            self.control.detach()
            os.dup2(connection.fileno(), 0)
            connection.close()
            with suppress(OSError):  # where it cannot be had, the end of the socket has to do
                kernel.die_with_parent(signal.SIGKILL)
            if os.getppid() != server:
                return
            connection, pid = socket.socket(fileno=0), os.getpid()
            inside = names + layers.around_a_worker(address_space)
            self.serve(connection, lambda: self.say([pid, inside], connection))
            os._exit(0)
        finally:
            os._exit(1)

    def end(self) -> int:
        oldest = self.children.pop(0)
        os.kill(oldest, signal.SIGKILL)
        _, status = os.waitpid(oldest, 0)
        return os.waitstatus_to_exitcode(status)

    def say(self, what: Any, connection: socket.socket) -> None:
        connection.sendall(protocol.frame(self.packer, what, protocol.MAX_REPLY))


def main(deadline: float) -> None:
    """Greet the caller on descriptor 0, then fork workers for it until it goes.

    Args:
        deadline: The seconds after which the caller will end a worker that has not answered.
    """
    worker = Worker(deadline)

    def answer(connection: socket.socket, greet: Callable[[], None]) -> None:
        worker.warm_up()
        greet()
        worker.serve(connection)

    serve(answer)


def serve(answer: Callable[[socket.socket, Callable[[], None]], None]) -> None:
    """Do what `main` does, with workers that do something else.

    Args:
        answer: What a forked, confined worker does with its socket; it is to call the other argument when it is ready.
    """
    control = socket.socket(fileno=0)
    server = _ForkServer(control, answer)
    try:
        warnings.simplefilter("ignore")
        # A caller's ways with signals are inherited (with SIGCHLD ignored no child can be waited for), and Python has its own.
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGXCPU):
            signal.signal(number, signal.SIG_DFL)
        sys.unraisablehook = lambda _: None
        address_space = limits.address_space_in_use() + limits.HEADROOM
        sys.stdin = sys.stdout = sys.stderr = None
        for handle in (1, 2):
            with suppress(OSError):
                os.close(handle)
        names = layers.around_the_fork_server()
        # Only what calls leave behind is ever looked at, and only between calls.
        gc.disable()
        gc.collect()
        gc.freeze()
    except Exception as error:
        server.say([protocol.FAILED, repr(error)], control)
        raise
    server.say([protocol.READY, names], control)
    server.run(names, address_space)
    os._exit(0)
