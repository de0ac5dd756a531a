"""Hosts: interpreters of their own in which a sandbox lives, with warnings as errors; and what children of a test run."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL
from textwrap import dedent
from typing import Any

from trpg_env.sandbox import Sandbox

TRUE = "def validate(action, params, state):\n    return True\n"
ECHO = "def validate(action, params, state):\n    return f'{action} {state}'\n"
LOOP = "def validate(action, params, state):\n    while True:\n        pass\n"
BOMB = "def validate(action, params, state):\n    x = 'a' * 10**10\n    return True\n"
CRASH = "def validate(action, params, state):\n    g = range(3)\n    for i in range(120000):\n        g = map(abs, g)\n    return list(g)\n"

LIMIT = 240.0

_PRELUDE = f"""
import os, signal, sys, threading, time
from trpg_env.sandbox import Sandbox
TRUE, LOOP, BOMB, CRASH = {(TRUE, LOOP, BOMB, CRASH)!r}

def family(sandbox):
    return sandbox._worker._server.pid, sandbox._worker.pid

def lives_on(sandbox):
    faults = [sandbox.validate(code, "a", {{}}, {{}}).fault for code in (TRUE, LOOP, TRUE, LOOP, TRUE)]
    assert faults == [None, "timeout", None, "timeout", None], faults
    assert sandbox.match("(a)b", "ab") == {{1: "a"}}
"""


def program(code: str) -> list[str]:
    """The command that runs code with `Sandbox`, codes, `family` and `lives_on` at hand."""
    return [sys.executable, "-X", "dev", "-W", "error", "-P", "-c", _PRELUDE + dedent(code)]


def run(code: str, *before: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
    """Run a host to its end, by way of a command if one is given."""
    return subprocess.run(
        [*before, *program(code)], capture_output=True, text=True, timeout=LIMIT, check=False, **keywords
    )


def said(code: str, *before: str, **keywords: Any) -> str:
    """What a host printed that ended as it should: with status 0 and nothing on standard error."""
    done = run(code, *before, **keywords)
    assert (done.returncode, done.stderr) == (0, ""), f"{done.returncode}\n{done.stderr}"
    return done.stdout


def alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has fetched does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def pid(sandbox: Sandbox) -> int:
    worker = sandbox._worker
    assert worker is not None
    return worker.pid


def server(sandbox: Sandbox) -> int:
    worker = sandbox._worker
    assert worker is not None
    return worker._server.pid


def kill(process: int) -> None:
    """Kill a process, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(process, SIGKILL)


def ask(sandbox: Sandbox, n: int) -> tuple[str | None, str | None, str | None]:
    """What becomes of a call, a hang and a call."""
    first, hang, second = (sandbox.validate(code, f"a{n}", {}, n) for code in (ECHO, LOOP, ECHO))
    return first.message, hang.fault, second.message
