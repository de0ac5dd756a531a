"""A program that tries what untrusted code might, had it broken out of the language: the whole library and kernel at hand.

In place of the fork server's program its workers, confined by the very functions that confine a worker, try everything at
their first request and answer with what came of it. With ``alone LAYER NAME...`` it puts on one layer, tries what is named, and prints
what came of it.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import resource
import runpy
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable

START = os.path.join(os.path.dirname(__file__), "../../trpg_env/sandbox/worker/start.py")
VICTIM = os.getpid() if __name__ == "__main__" else 0
FILE, FOLDER = "/tmp/trpg-env-probe-file", "/tmp/trpg-env-probe-folder"


def by_number(x86_64: int, arm64: int, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    number = arm64 if os.uname().machine == "aarch64" else x86_64
    if libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), "")


FILES: dict[str, Callable[[], object]] = {
    "open a file to read": lambda: open(sys.executable),
    "open a file to write": lambda: (open(FILE, "w"), os.unlink(FILE)),
    "list a folder": lambda: os.listdir("/"),
    "make a folder": lambda: (os.mkdir(FOLDER), os.rmdir(FOLDER)),
    "read its environment": lambda: open("/proc/self/environ"),
    "execute a program": lambda: os.execv(sys.executable, [sys.executable, "-c", "pass"]),
}
PROCESSES: dict[str, Callable[[], object]] = {
    "fork": lambda: os.fork() or os._exit(0),
    "start a thread": lambda: threading.Thread(target=int, daemon=True).start(),
    "start a program": lambda: os.posix_spawn(sys.executable, ["python"], {}),
}
OTHERS: dict[str, Callable[[], object]] = {
    "signal its parent": lambda: os.kill(VICTIM, 0),
    "signal the first process": lambda: os.kill(1, 0),
    "trace its parent": lambda: by_number(101, 117, 16, VICTIM, 0, 0),
    "read its parent's memory": lambda: by_number(310, 270, VICTIM, 0, 0, 0, 0, 0),
    "change its parent's limits": lambda: resource.prlimit(VICTIM, resource.RLIMIT_NOFILE),
    "hold its parent": lambda: os.pidfd_open(VICTIM),
}
DESCRIPTORS: dict[str, Callable[[], object]] = {
    "make a network socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "make a local socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "make a pair of sockets": socket.socketpair,
    "make a pipe": os.pipe,
    "make a file in memory": lambda: os.memfd_create("x"),
    "copy a descriptor": lambda: os.dup(0),
}
MORE: dict[str, Callable[[], object]] = {
    "look at a file": lambda: os.stat("/"),
    "change the folder": lambda: os.chdir("/tmp"),
    "write by another call": lambda: os.write(0, b"x"),
    "read by another call": lambda: os.read(0, 1),
    "receive a descriptor": lambda: by_number(47, 212, 0, 0, 0),
    "send a descriptor": lambda: by_number(46, 211, 0, 0, 0),
    "change a descriptor": lambda: fcntl.fcntl(0, fcntl.F_SETFL, 0),
    "wait for descriptors": lambda: select.select([0], [], [], 0),
    "close a descriptor": lambda: os.close(0),
    "set a signal handler": lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "set an alarm": lambda: signal.setitimer(signal.ITIMER_REAL, 100),
    "become root": lambda: os.setuid(0),
    "map executable memory": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    "make memory executable": lambda: by_number(10, 226, 0, 4096, 4),
    "make a namespace": lambda: by_number(272, 97, 0x10000000),
    "mount": lambda: by_number(165, 40, 0, 0, 0, 0, 0),
    "give the kernel a program": lambda: by_number(321, 280, 0, 0, 0),
    "open a ring of calls": lambda: by_number(425, 425, 1, 0),
    "use the kernel's keys": lambda: by_number(250, 219, 0, 0, 0),
    "change its personality": lambda: by_number(135, 92, 0x0040000),
    "change its confinement": lambda: by_number(157, 167, 22, 1),
}
EVERYTHING = FILES | PROCESSES | OTHERS | DESCRIPTORS | MORE


def what_comes_of(attempts: dict[str, Callable[[], object]]) -> dict[str, str]:
    """Try, and say per attempt ``done`` or the error it ended with."""
    came_of = {}
    for name, attempt in attempts.items():
        try:
            attempt()
            came_of[name] = "done"
        except OSError as error:
            came_of[name] = errno.errorcode[error.errno or 0]
        except RuntimeError as error:  # a thread that cannot be started
            came_of[name] = str(error)
    return came_of


def answer(connection: socket.socket, greet: Callable[[], None]) -> None:
    from trpg_env.sandbox import protocol

    greet()
    protocol.receive(connection, protocol.MAX_REQUEST)
    said = [what_comes_of(EVERYTHING), dict(os.environ)]
    connection.sendall(protocol.frame(protocol.make_packer(), said, protocol.MAX_REPLY))


def alone(layer: str, names: list[str]) -> None:
    from trpg_env.sandbox.confinement import kernel, landlock, limits, seccomp

    ours, theirs = socket.socketpair()
    address_space = limits.address_space_in_use() + limits.HEADROOM
    if layer in {"unprivileged", "rlimits"}:  # limits on processes do not bind root
        limits.give_up_root() if os.geteuid() == 0 else None
    if os.fork():  # so that there is a parent outside to go for
        os.wait()
        print(ours.recv(65_536).decode())
        return
    os.dup2(theirs.fileno(), 0)
    theirs = socket.socket(fileno=0)
    if layer == "rlimits":
        limits.for_answering(address_space)
    if layer in {"landlock", "seccomp"}:
        kernel.gain_no_privileges()
    if layer == "landlock":
        landlock.refuse_everything()
    if layer == "seccomp":
        seccomp.allow_only(seccomp.ANSWERING)
    theirs.sendall(json.dumps(what_comes_of({name: EVERYTHING[name] for name in names})).encode())
    os._exit(0)


if __name__ == "__main__":
    start = runpy.run_path(START)
    if sys.argv[1] == "alone":
        start["make_importable"](sys.path)
        alone(sys.argv[2], sys.argv[3:])
    else:
        start["make_importable"](sys.argv[2:])
        from trpg_env.sandbox.worker import forkserver

        forkserver.serve(answer)
