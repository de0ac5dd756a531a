"""A sandbox in hosts that are not as one would wish: streams, descriptors, folders, variables, signals, privileges."""

import importlib
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import hosts
import pytest
from hosts import ECHO, LOOP, TRUE

from trpg_env.sandbox import Sandbox, Verdict

ROOT = os.geteuid() == 0


def lives() -> None:
    """A sandbox starts, and lives through a hang."""
    with Sandbox(deadline=0.05) as sandbox:
        assert sandbox.validate(ECHO, "a", {}, 1).message == "a 1"
        assert sandbox.validate(LOOP, "a", {}, 1).fault == "timeout"
        assert sandbox.validate(TRUE, "a", {}, 1).accepted


class NoStream:
    """What a notebook has in place of a standard stream."""

    def write(self, text: str) -> None:
        raise AssertionError(f"said {text!r}")

    def fileno(self) -> int:
        raise OSError("a stream without a descriptor")

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("stream", [NoStream(), None], ids=["without descriptors", "none"])
def test_standard_streams_may_be_anything(monkeypatch: pytest.MonkeyPatch, stream: Any) -> None:
    for name in ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__"):
        monkeypatch.setattr(sys, name, stream)
    lives()


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_descriptors_may_be_closed(closed: str, tmp_path: Path) -> None:
    code = f"""
        with Sandbox(deadline=0.05) as sandbox:
            lives_on(sandbox)
        with open({str(tmp_path / "lived")!r}, "x"):
            pass
        """
    subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *hosts.program(code)], timeout=hosts.LIMIT, check=True
    )
    assert (tmp_path / "lived").exists()


def test_there_may_be_thousands_of_descriptors() -> None:
    if 0 <= resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 3_100:
        pytest.skip("too few descriptors are allowed here")
    hosts.said(
        """
        import resource
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3_100, hard))
        held = [os.open("/dev/null", os.O_RDONLY) for _ in range(3_000)]
        with Sandbox(deadline=0.05) as sandbox:
            lives_on(sandbox)
            assert sandbox._worker._socket.fileno() > 2_000
            text = "é" * 1_000_000
            assert sandbox.match("(é*)", text) == {1: text}
        """
    )


def test_where_descriptors_run_out_a_call_says_so_and_the_next_is_fine() -> None:
    hosts.said(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        sandbox = Sandbox(deadline=0.05)
        for left in range(7):
            held = []
            try:
                while True:
                    held.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                pass
            for _ in range(left):
                os.close(held.pop())
            verdicts = [sandbox.validate(code, "a", {}, {}) for code in (TRUE, LOOP, TRUE)]
            for handle in held:
                os.close(handle)
            faults = [verdict.fault for verdict in verdicts]
            assert faults in (["crash"] * 3, [None, "timeout", None]), verdicts
            assert faults[0] is None or "Too many open files" in verdicts[0].message
            if left == 3:
                lives_on(sandbox)  # and what is held now makes the next round's kills hard
        lives_on(sandbox)
        sandbox.close()
        """
    )


def test_a_host_may_close_every_descriptor_there_is() -> None:
    hosts.said(
        """
        sandbox = Sandbox(deadline=0.05)
        assert sandbox.match("a", "a") == {}
        os.closerange(3, 256)
        lives_on(sandbox)
        sandbox.match("a", "a")
        os.closerange(3, 256)
        sandbox.close()
        """
    )


@pytest.mark.parametrize("place", ["deleted", "read-only", "unreadable"])
def test_the_working_directory_may_be_anything(
    place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "re.py").write_text("raise SystemExit('the working directory was imported from')")
    monkeypatch.chdir(folder)
    with Sandbox(deadline=0.05) as before:
        assert before.match("a", "a") == {}
        if place == "deleted":
            shutil.rmtree(folder)
        else:
            folder.chmod(0o500 if place == "read-only" else 0)
        lives()
        assert before.validate(LOOP, "a", {}, {}).fault == "timeout"
        assert before.validate(TRUE, "a", {}, {}).accepted
    if folder.exists():
        folder.chmod(0o700)


@pytest.mark.parametrize("mask", [0, 0o777])
def test_the_mask_for_new_files_may_be_anything(mask: int) -> None:
    before = os.umask(mask)
    try:
        lives()
    finally:
        os.umask(before)


@pytest.mark.parametrize("module", ["re", "msgpack", "ast", "RestrictedPython", "sitecustomize", "encodings"])
def test_the_hosts_variables_do_not_reach_the_worker(
    module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / f"{module}.py").write_text("import os\nos.write(2, b'imported')\nos._exit(1)\n")
    monkeypatch.setenv("LD_PRELOAD", str(tmp_path / "none.so"))
    monkeypatch.setenv("PYTHONHOME", "/nonsense")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / f"{module}.py"))
    monkeypatch.setenv("PYTHONINSPECT", "1")
    monkeypatch.setenv("PYTHONVERBOSE", "3")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("PYTHONHASHSEED", "nonsense")
    lives()


@pytest.mark.parametrize("ways", ["signal.SIG_IGN", "signal.SIG_DFL", "lambda *_: None"])
def test_signals_of_children_and_pipes_may_be_handled_in_any_way(ways: str) -> None:
    hosts.said(
        f"""
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXCPU, signal.SIGTERM):
            signal.signal(number, {ways})
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - {{signal.SIGPIPE}})
        with Sandbox(deadline=0.5) as sandbox:
            assert sandbox.match("a", "a") == {{}}
            server = family(sandbox)[0]
            for code, fault in ((LOOP, "timeout"), (BOMB, "memory"), (CRASH, "crash")):
                for _ in range(2):
                    verdict = sandbox.validate(code, "a", {{}}, {{}})
                    assert verdict.fault == fault
                    assert fault != "crash" or "signal" in verdict.message, verdict
                    time.sleep(0.05)  # a worker that retires has gone
                    assert sandbox.validate(TRUE, "a", {{}}, {{}}).accepted
            for process in reversed(family(sandbox)):
                os.kill(process, signal.SIGKILL)
                time.sleep(0.05)
                assert sandbox.validate(TRUE, "a", {{}}, {{}}).accepted
        """
    )


def test_a_host_may_fetch_whatever_child_has_ended() -> None:
    hosts.said(
        """
        over = threading.Event()
        def fetch():
            while not over.wait(0.001):
                try:
                    os.waitpid(-1, os.WNOHANG)
                except ChildProcessError:
                    pass
        thread = threading.Thread(target=fetch)
        thread.start()
        for _ in range(3):
            with Sandbox(deadline=0.02) as sandbox:
                lives_on(sandbox)
                os.kill(family(sandbox)[0], signal.SIGKILL)
                assert sandbox.match("a", "a") == {}
        over.set()
        thread.join()
        """
    )


def test_the_deadline_holds_and_answers_are_right_while_signals_rain() -> None:
    hosts.said(
        """
        slow = "def validate(action, params, state):\\n    for i in range(300000):\\n        pass\\n    return 'slow'\\n"
        ticks = []
        signal.signal(signal.SIGALRM, lambda *_: ticks.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        text = "é" * 1_000_000
        with Sandbox(deadline=0.3) as sandbox:
            began = time.monotonic()
            for _ in range(3):
                assert sandbox.validate(slow, "a", {}, {}).message == "slow"
                assert sandbox.validate(LOOP, "a", {}, {}).fault == "timeout"
                assert sandbox.match("(é*)", text) == {1: text}
            assert time.monotonic() - began < 30
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert len(ticks) > 10
        """
    )


@pytest.mark.parametrize("error", ["TimeoutError", "KeyboardInterrupt", "RuntimeError"])
def test_what_a_signal_handler_raises_comes_through_and_the_next_call_is_fine(error: str) -> None:
    said = hosts.said(
        f"""
        def late(*_):
            raise {error}("mine")
        signal.signal(signal.SIGALRM, late)
        with Sandbox(deadline=20) as sandbox:
            assert sandbox.match("a", "a") == {{}}
            for code in (LOOP, LOOP):
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                try:
                    print(sandbox.validate(code, "a", {{}}, {{}}))
                except {error} as raised:
                    print(raised)
                assert sandbox.validate(TRUE, "a", {{}}, {{}}).accepted
        """
    )
    assert said == "mine\nmine\n"


def test_ctrl_c_in_the_middle_of_a_call_reaches_the_host_alone() -> None:
    said = hosts.said(
        """
        with Sandbox(deadline=20) as sandbox:
            for _ in range(3):
                assert sandbox.match("a", "a") == {}
                threading.Timer(0.05, os.killpg, (0, signal.SIGINT)).start()
                try:
                    sandbox.validate(LOOP, "a", {}, {})
                except KeyboardInterrupt:
                    print("interrupted")
                assert sandbox.validate(TRUE, "a", {}, {}).accepted
        """,
        start_new_session=True,
    )
    assert said == "interrupted\n" * 3


def test_a_signal_handler_may_close_the_sandbox_in_the_middle_of_a_call() -> None:
    done = hosts.run(
        """
        def leave(*_):
            sandbox.close()
            print("closed", flush=True)
            sys.exit(3)
        signal.signal(signal.SIGALRM, leave)
        sandbox = Sandbox(deadline=20)
        assert sandbox.match("a", "a") == {}
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        sandbox.validate(LOOP, "a", {}, {})
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "closed\n", "")


@pytest.mark.parametrize("does", ["sandbox.close()", 'sandbox.validate(TRUE, "a", {}, {})'])
def test_a_signal_handler_may_use_the_sandbox_in_the_middle_of_a_call(does: str) -> None:
    hosts.said(
        f"""
        slow = "def validate(action, params, state):\\n    for i in range(3000000):\\n        pass\\n    return 'slow'\\n"
        signal.signal(signal.SIGALRM, lambda *_: print({does}))
        with Sandbox(deadline=10) as sandbox:
            assert sandbox.match("a", "a") == {{}}
            signal.setitimer(signal.ITIMER_REAL, 0.03)
            assert sandbox.validate(slow, "a", {{}}, {{}}).message == "slow"
            assert sandbox.validate(TRUE, "a", {{}}, {{}}).accepted
        """
    )


def test_a_host_with_little_processor_time_left_to_it_may_still_ask() -> None:
    hosts.said(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_CPU, (9, 9))
        with Sandbox(deadline=0.05) as sandbox:
            lives_on(sandbox)
        """
    )


@pytest.mark.parametrize(
    ("name", "limit"), [("AS", 2**29), ("STACK", 2**19), ("FSIZE", 0), ("CORE", 0), ("NOFILE", 16)]
)
def test_limits_of_the_host_may_be_low(name: str, limit: int) -> None:
    hosts.said(
        f"""
        import resource
        resource.setrlimit(resource.RLIMIT_{name}, ({limit}, {limit}))
        with Sandbox(deadline=0.1) as sandbox:
            lives_on(sandbox)
        """
    )


def can(*command: str) -> bool:
    """Whether a command is there and permitted."""
    try:
        return (
            subprocess.run(
                [*command, "true"], capture_output=True, timeout=hosts.LIMIT, check=False
            ).returncode
            == 0
        )
    except OSError:
        return False


NOBODY = (
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--no-new-privs",
    "--bounding-set=-all,+dac_read_search",
)
# An interpreter in somebody's home would not be found by anybody else.
READING = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
CONTAINERS = {
    "nobody": (*NOBODY, *READING),
    "root without capabilities": ("setpriv", "--bounding-set=-all", "--inh-caps=-all"),
    "no /proc": ("unshare", "-m", "sh", "-c", 'umount -l /proc && exec "$@"', "sh"),
    "a process namespace": ("unshare", "-p", "-f", "--mount-proc"),
    "a user namespace of root alone": ("unshare", "-U", "-r"),
    "read-only": ("unshare", "-m", "sh", "-c", 'mount -o remount,ro,bind / && exec "$@"', "sh"),
}  # fmt: skip


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_container_without_user_namespaces_will_do(container: str) -> None:
    before = CONTAINERS[container]
    if not ROOT:
        pytest.skip("needs root to make a container of a kind")
    if not can(*before):
        pytest.skip("not permitted here")
    said = hosts.said(
        """
        with Sandbox(deadline=0.5) as sandbox:
            lives_on(sandbox)
            assert sandbox.validate(BOMB, "a", {}, {}).fault == "memory"
            assert sandbox.validate(TRUE, "a", {}, {}).accepted
            print(*sandbox.protection)
        """,
        *before,
    )
    assert {"process", "deadline", "rlimits"} <= set(said.split())


def test_the_search_path_may_change_after_a_sandbox_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as sandbox:
        assert sandbox.validate(TRUE, "a", {}, {}) == Verdict(True)
    monkeypatch.setattr(sys, "path", [])
    importlib.invalidate_caches()
    lives()
