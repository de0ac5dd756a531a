"""The command: what it came to, and in a process of its own watched, interrupted, killed with all that it started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

LIMIT = 60.0


class Ran(NamedTuple):
    """What a command came to: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def closing(self) -> str:
        return self.err.splitlines()[-1]


Run = Callable[..., Ran]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "trpg_env", *arguments]


def start(arguments: list[str], cwd: Path, **keywords: Any) -> subprocess.Popen[bytes]:
    """Start a process with a process group of its own, as a terminal does."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(arguments, cwd=cwd, start_new_session=True, **{**streams, **keywords})


def until(happened: Callable[[], bool], limit: float = LIMIT) -> bool:
    """Wait for something, looking every millisecond; whether it has come about."""
    deadline = time.monotonic() + limit
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def whole_lines(data: bytes) -> bytes:
    """What of a file's content is whole lines."""
    return data[: data.rfind(b"\n") + 1]


def descendants(pid: int) -> set[tuple[int, str]]:
    """All that a process has started, and what these have: each by its id and the time of its start."""
    children: dict[int, list[tuple[int, str]]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append((int(stat.parent.name), fields[19]))
    found: set[tuple[int, str]] = set()
    left = [pid]
    while left:
        for child in children.get(left.pop(), []):
            found.add(child)
            left.append(child[0])
    return found


def all_gone(processes: set[tuple[int, str]]) -> bool:
    """Whether none of some processes lives; the dead whom nobody has fetched do not."""
    for pid, began in processes:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[19] == began and fields[0] not in "ZX":
            return False
    return True


def kill(process: subprocess.Popen[bytes]) -> set[tuple[int, str]]:
    """Kill a process with its group; all that it had started."""
    os.killpg(process.pid, signal.SIGSTOP)  # nothing more is started while its children are counted
    started = descendants(process.pid)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=LIMIT)
    return started


def interrupt(process: subprocess.Popen[bytes]) -> tuple[int, str, set[tuple[int, str]]]:
    """Interrupt a process as Ctrl-C does; its exit code, what it said on standard error, and all it had started."""
    started = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=LIMIT)
    return process.returncode, said.decode(), started
