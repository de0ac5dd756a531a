"""The fork server: loads all that a worker needs, confines itself, and forks a worker whenever its caller wants one.

So a worker that had to be killed costs a fork, a millisecond or two, and every worker starts from the same clean memory. No
untrusted text ever comes here: it goes to the worker, over a socket of the worker's own.

When the caller goes, so does this process, and the worker with it.
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

from trpg_env.sandbox import kernel, layers, limits, protocol
from trpg_env.sandbox.protocol import END, FORK
from trpg_env.sandbox.worker import Worker


class _ForkServer:
    def __init__(self, control: socket.socket, serve: Callable[[socket.socket, list[str]], None]) -> None:
        self.control = control
        self.serve = serve
        self.packer = protocol.make_packer()
        self.child = 0

    def run(self, names: list[str], address_space: int) -> None:
        while True:
            command, handles, _, _ = socket.recv_fds(self.control, 1, 1)
            if command == FORK and handles:
                try:
                    self.fork(handles[0], names, address_space)
                    self.say(self.child)
                except OSError as error:
                    self.say([protocol.FAILED, f"it cannot fork: {error}"])
                os.close(handles[0])
            elif command == END:
                self.say(self.end())
            else:
                self.end()
                return

    def fork(self, handle: int, names: list[str], address_space: int) -> None:
        self.end()
        server = os.getpid()
        self.child = os.fork()
        if self.child:
            return
        try:
            self.control.detach()
            os.dup2(handle, 0)
            os.close(handle)
            with suppress(OSError):  # where it cannot be had, the end of the socket has to do
                kernel.die_with_parent(signal.SIGKILL)
            if os.getppid() != server:
                return
            connection = socket.socket(fileno=0)
            self.serve(connection, names + layers.around_a_worker(address_space))
            os._exit(0)
        finally:
            os._exit(1)

    def end(self) -> int:
        if not self.child:
            return 0
        os.kill(self.child, signal.SIGKILL)
        _, status = os.waitpid(self.child, 0)
        self.child = 0
        return os.waitstatus_to_exitcode(status)

    def say(self, what: Any) -> None:
        self.control.sendall(protocol.frame(self.packer, what, protocol.MAX_REPLY))


def main(deadline: float) -> None:
    """Greet the caller on descriptor 0, then fork workers for it until it goes.

    Args:
        deadline: The seconds after which the caller will end a worker that has not answered.
    """
    worker = Worker(deadline)
    serve(worker.greet_and_serve)


def serve(answer: Callable[[socket.socket, list[str]], None]) -> None:
    """Do what `main` does, with workers that do something else.

    Args:
        answer: What a forked, confined worker does with its socket and the names of the layers around it.
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
        server.say([protocol.FAILED, repr(error)])
        raise
    server.say([protocol.READY, names])
    server.run(names, address_space)
    os._exit(0)
