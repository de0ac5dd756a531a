"""A sandbox's losses and its end: workers and fork servers killed and stopped, and interpreters that end in every way."""

import gc
import os
import resource
import signal
import subprocess
import threading
import time
from pathlib import Path

import hosts
import pytest
from hosts import BOMB, CRASH, ECHO, LOOP, TRUE, alive, pid, server
from running import all_gone, descendants, needs_proc, until

from trpg_env.sandbox import Sandbox

SLOW = "def validate(action, params, state):\n    for i in range(5000000):\n        pass\n    return 'slow'\n"


@needs_proc
def test_ten_thousand_calls_and_two_hundred_losses_leave_nothing_behind() -> None:
    # In an interpreter of its own, so that all its descendants are the sandbox's.
    hosts.said(
        """
        import resource
        from pathlib import Path
        from running import descendants

        def lose(n):
            server, worker = family(sandbox)
            fault = {LOOP: "timeout", BOMB: "memory", CRASH: "crash"}
            if n % 25 == 1:
                os.kill(server, signal.SIGKILL)
            elif n % 25 == 2:
                # one whose fork server was killed a moment ago may be about to die, and is replaced then
                os.kill(worker, signal.SIGSTOP)
                assert sandbox.validate(TRUE, "a", {}, {}).fault in ("timeout", None), n
            elif n % 5 == 3:
                os.kill(worker, signal.SIGKILL)
            else:
                code = BOMB if n % 25 == 4 else CRASH if n % 25 == 5 else LOOP
                assert sandbox.validate(code, "a", {}, {}).fault in (fault[code], "timeout"), n

        def answered():
            # a busy machine may let a hundredth of a second pass
            return any(sandbox.validate(TRUE, "a", {}, {}).accepted for _ in range(50))

        def held():
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            return len(os.listdir("/proc/self/fd")), pages * resource.getpagesize()

        with Sandbox(deadline=0.01) as sandbox:
            for n in range(225):
                if n == 25:  # by now whatever is kept for good is there
                    descriptors, memory = held()
                assert answered()
                lose(n)
                assert answered()
                for _ in range(50):
                    sandbox.validate(TRUE, "a", {}, {"n": n})
                if n % 25 == 0:
                    assert len(descendants(os.getpid())) == 3
            assert held()[0] == descriptors
            assert held()[1] - memory < 8 * 2**20
        assert descendants(os.getpid()) == set()
        try:
            assert not os.waitpid(-1, os.WNOHANG), "a child is left"
        except ChildProcessError:
            pass
        """,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )


@pytest.mark.parametrize("which", ["worker", "fork server", "both"])
def test_what_is_killed_between_calls_is_replaced_and_the_call_answered(which: str) -> None:
    with Sandbox(deadline=5) as sandbox:
        assert sandbox.match("a", "a") == {}
        for n in range(4):
            if which != "worker":
                os.kill(server(sandbox), signal.SIGKILL)
            if which != "fork server":
                os.kill(pid(sandbox), signal.SIGKILL)
            if n % 2:  # the next call may come before the kill has, or after
                time.sleep(0.02)
            assert sandbox.validate(ECHO, "a", {}, n).message == f"a {n}"


@pytest.mark.parametrize("killer", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_worker_ended_by_any_signal_from_outside_is_replaced(killer: int) -> None:
    with Sandbox(deadline=5) as sandbox:
        assert sandbox.match("a", "a") == {}
        for _ in range(3):
            os.kill(pid(sandbox), killer)
            assert sandbox.validate(TRUE, "a", {}, {}).accepted


@pytest.mark.parametrize("which", [pid, server], ids=["worker", "fork server"])
def test_what_is_killed_in_the_middle_of_a_call_is_replaced_and_the_call_answered(which: type) -> None:
    with Sandbox(deadline=30) as sandbox:
        for _ in range(2):
            assert sandbox.match("a", "a") == {}
            killer = threading.Timer(0.02, hosts.kill, (which(sandbox),))
            killer.start()
            assert sandbox.validate(SLOW, "a", {}, {}).message == "slow"
            killer.join()


@pytest.mark.parametrize("which", ["worker", "fork server", "both"])
def test_what_is_stopped_costs_seconds_and_is_replaced(which: str) -> None:
    with Sandbox(deadline=0.1) as sandbox:
        assert sandbox.match("a", "a") == {}
        family = [pid(sandbox), server(sandbox)]
        for process in family[: 1 if which == "worker" else 2][0 if which != "fork server" else 1 :]:
            os.kill(process, signal.SIGSTOP)
        began = time.monotonic()
        assert sandbox.validate(LOOP, "a", {}, {}).fault == "timeout"
        assert sandbox.validate(TRUE, "a", {}, {}).accepted
        assert time.monotonic() - began < 9
        assert not (alive(family[0]))


def test_closing_ends_what_is_stopped() -> None:
    sandbox = Sandbox()
    assert sandbox.match("a", "a") == {}
    family = [server(sandbox), pid(sandbox)]
    for process in family:
        os.kill(process, signal.SIGSTOP)
    sandbox.close()
    assert until(lambda: not any(map(alive, family)), 20)


def test_a_descriptor_is_not_lost_with_a_sandbox_nor_kept_by_one_that_could_not_start() -> None:
    place = Path("/proc/self/fd")
    if not place.exists():
        pytest.skip("needs /proc")
    gc.collect()
    before = len(list(place.iterdir()))
    for _ in range(3):
        sandbox = Sandbox()
        assert sandbox.match("a", "a") == {}
        os.kill(server(sandbox), signal.SIGKILL)
        del sandbox
    gc.collect()
    assert len(list(place.iterdir())) == before


# How a host ends, with which status; `sandbox` has been used.
ENDS = {
    "by itself": ("", 0),
    "in a function": ("def main():\n    local = Sandbox()\n    local.match('a', 'a')\n    print(*family(local))\nmain()", 0),
    "in a cycle": ("kept = [sandbox]\nkept.append(kept)\ndel sandbox", 0),
    "sys.exit": ("sys.exit(7)", 7),
    "os._exit": ("os._exit(8)", 8),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM)", -15),
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", -9),
    "SIGKILL in a call": (
        "threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGKILL)).start()\nsandbox.validate(LOOP, 'a', {}, {})",
        -9,
    ),
    "SIGTERM in a call": (
        "threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()\nsandbox.validate(LOOP, 'a', {}, {})",
        -15,
    ),
    "a daemon thread in a call": (
        "threading.Thread(target=sandbox.validate, args=(LOOP, 'a', {}, {}), daemon=True).start()\ntime.sleep(0.1)",
        0,
    ),
    "a thread in a call": (
        "quick = Sandbox(deadline=0.3)\nthreading.Thread(target=quick.validate, args=(LOOP, 'a', {}, {})).start()",
        0,
    ),
    "used at exit": (
        "import atexit\natexit.register(lambda: print(*family(sandbox)) if sandbox.match('a', 'a') == {} else 0)",
        0,
    ),
    "used at exit, after its own end": (
        "import atexit, weakref\natexit.unregister(weakref.finalize._exitfunc)\n"
        "atexit.register(lambda: print(*family(sandbox)) if sandbox.match('a', 'a') == {} else 0)\n"
        "atexit.register(weakref.finalize._exitfunc)",
        0,
    ),
    "used by an object's end": (
        "class Last:\n    def __init__(self, sandbox):\n        self.sandbox = sandbox\n"
        "    def __del__(self):\n        print(len(self.sandbox.match('a', 'a')))\n"
        "last = Last(sandbox)",
        0,
    ),
    "closed by an object's end": (
        "class Last:\n    def __init__(self, sandbox):\n        self.sandbox = sandbox\n"
        "    def __del__(self):\n        self.sandbox.close()\n"
        "last = Last(sandbox)",
        0,
    ),
    "worker killed": ("os.kill(family(sandbox)[1], signal.SIGKILL)", 0),
    "fork server killed": ("os.kill(family(sandbox)[0], signal.SIGKILL)", 0),
    "closed": ("sandbox.close()", 0),
}  # fmt: skip


@needs_proc
@pytest.mark.parametrize("end", ENDS)
def test_an_interpreter_ends_cleanly_and_nobody_stays(end: str, tmp_path: Path) -> None:
    code, status = ENDS[end]
    (tmp_path / "msgpack.py").write_text("raise SystemExit('the working directory was imported from')")
    start = "sandbox = Sandbox(deadline=20)\nsandbox.match('a', 'a')\nprint(*family(sandbox), flush=True)\n"
    began = time.monotonic()
    done = hosts.run(start + code, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (status, "")
    assert time.monotonic() - began < 15
    family = [int(process) for process in done.stdout.split()]
    assert len(family) >= 2
    assert until(lambda: not any(map(alive, family)), 10)


@needs_proc
def test_an_uncaught_exception_is_all_that_is_said() -> None:
    done = hosts.run(
        "sandbox = Sandbox()\nsandbox.match('a', 'a')\nprint(*family(sandbox))\nraise KeyError('x')"
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith("Traceback")
    assert done.stderr.splitlines()[-1] == "KeyError: 'x'"
    assert done.stderr.count("Error") == 1
    assert not any(alive(int(process)) for process in done.stdout.split())


@needs_proc
@pytest.mark.parametrize("stopped", [False, True], ids=["running", "worker stopped"])
def test_a_host_killed_in_a_call_takes_its_processes_along(stopped: bool) -> None:
    code = "sandbox = Sandbox(deadline=50)\nsandbox.match('a', 'a')\nprint(sandbox._worker.pid, flush=True)\nsandbox.validate(LOOP, 'a', {}, {})"
    with subprocess.Popen(hosts.program(code), stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        worker = int(host.stdout.readline())
        started = descendants(host.pid)
        assert len(started) == 3
        if stopped:
            os.kill(worker, signal.SIGSTOP)
        host.kill()
    assert until(lambda: all_gone(started), 20)


def test_memory_of_the_host_does_not_grow_with_starts() -> None:
    def start() -> None:
        with Sandbox() as sandbox:
            assert sandbox.match("a", "a") == {}

    start()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(10):
        start()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 2**10


@pytest.mark.parametrize("code", [BOMB, CRASH], ids=["memory", "crash"])
def test_a_fault_of_the_code_is_not_taken_for_one_from_outside(code: str) -> None:
    with Sandbox(deadline=5) as sandbox:
        for _ in range(3):
            assert sandbox.validate(code, "a", {}, {}).fault in ("memory", "crash")
            fork_server = server(sandbox)
            assert sandbox.validate(TRUE, "a", {}, {}).accepted
            assert server(sandbox) == fork_server
