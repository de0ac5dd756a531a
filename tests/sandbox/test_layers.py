"""What lies around the worker: which layers are in force, what each of them stops, what is said where one is missing."""

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox import probe
from trpg_env.sandbox import Sandbox, SandboxFault, Verdict, process, protocol
from trpg_env.sandbox.confinement import landlock, seccomp
from trpg_env.sandbox.process import WorkerProcess

PROBE = Path(__file__).with_name("probe.py")
TRUE = "def validate(action, params, state):\n    return True\n"
LINUX = sys.platform == "linux"


@pytest.fixture(scope="module")
def in_force() -> tuple[str, ...]:
    with Sandbox() as sandbox:
        return sandbox.protection


def needs(layer: str, in_force: tuple[str, ...]) -> None:
    if layer not in in_force:
        pytest.skip(f"this system has no {layer}")


def test_the_layers_in_force_are_named_from_the_outermost_on(in_force: tuple[str, ...]) -> None:
    assert set(in_force) <= set(protocol.LAYERS)
    assert list(in_force) == sorted(in_force, key=protocol.LAYERS.index)
    assert in_force[:2] == ("process", "deadline")


@pytest.mark.skipif(not LINUX, reason="only Linux has these layers")
def test_a_linux_of_these_years_has_all_but_perhaps_landlock(in_force: tuple[str, ...]) -> None:
    assert {"rlimits", "no_new_privs", "seccomp", "unprivileged"} <= set(in_force)
    assert ("landlock" in in_force) == (landlock.version() > 0)


def test_what_is_in_force_can_be_required(in_force: tuple[str, ...]) -> None:
    with Sandbox(require=in_force) as sandbox:
        assert sandbox.validate(TRUE, "a", {}, {}) == Verdict(True)
    with Sandbox(require="rlimits") as sandbox:
        assert sandbox.match("a", "a") == {}


def test_there_is_no_layer_of_another_name() -> None:
    with pytest.raises(ValueError, match="no layer 'magic' to require; choose from process, "):
        Sandbox(require=["rlimits", "magic"])


def system_without(limits: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have sandboxes start as on a system whose kernel has nothing to offer, and not even some limits."""
    program = folder / "start.py"
    program.write_text(
        "import resource, runpy, sys\n"
        f"start = runpy.run_path({process._START!r})\n"
        "start['make_importable'](sys.argv[2:])\n"
        "from trpg_env.sandbox.confinement import kernel\n"
        "kernel.MACHINE = ''\n"
        "setrlimit = resource.setrlimit\n"
        "def refuse(limit, values):\n"
        f"    if limit in [getattr(resource, 'RLIMIT_' + name) for name in {limits!r}]:\n"
        "        raise ValueError('current limit exceeds maximum limit')\n"
        "    setrlimit(limit, values)\n"
        "resource.setrlimit = refuse\n"
        "from trpg_env.sandbox.worker.forkserver import main\n"
        "main(float(sys.argv[1]))\n"
    )
    monkeypatch.setattr(process, "_START", str(program))


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    system_without((), monkeypatch, tmp_path)


@pytest.mark.usefixtures("bare")
def test_without_the_kernels_help_code_is_still_isolated_and_ended() -> None:
    with Sandbox() as sandbox:
        assert set(sandbox.protection) - {"unprivileged"} == {"process", "deadline", "rlimits"}
        for source, fault in (
            ("while True:\n        pass", "timeout"),
            ("x = 'a' * 10**10", "memory"),
            ("return 1 / 0", "exception"),
        ):
            code = f"def validate(action, params, state):\n    {source}\n"
            assert sandbox.validate(code, "a", {}, {}).fault == fault
            assert sandbox.validate(TRUE, "a", {}, {}).accepted


def test_where_not_even_addresses_can_be_limited_it_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    system_without(("AS", "STACK"), monkeypatch, tmp_path)
    with Sandbox() as sandbox:
        assert set(sandbox.protection) - {"unprivileged"} == {"process", "deadline"}
        assert (
            sandbox.validate("def validate(a, b, c):\n    while True: pass", "a", {}, {}).fault == "timeout"
        )
        assert sandbox.validate(TRUE, "a", {}, {}).accepted
    with pytest.raises(SandboxFault, match="cannot put rlimits around"):
        Sandbox(require="rlimits")


@pytest.mark.usefixtures("bare")
def test_what_is_required_and_missing_is_an_error_at_once_that_names_it() -> None:
    with pytest.raises(
        SandboxFault, match=r"cannot put landlock and seccomp around .* only process, deadline, rlimits"
    ):
        Sandbox(require=["landlock", "process", "seccomp"])


def test_from_inside_a_worker_nothing_can_be_reached(
    monkeypatch: pytest.MonkeyPatch, in_force: tuple[str, ...]
) -> None:
    needs("seccomp", in_force)
    monkeypatch.setattr(process, "_START", str(PROBE))
    monkeypatch.setenv("TRPG_CANARY", "canary")
    worker = WorkerProcess(deadline=5)
    try:
        request = protocol.frame(protocol.make_packer(), [], protocol.MAX_REQUEST)
        came_of, environment = worker.exchange(request)
    finally:
        worker.stop()
    assert set(came_of) == set(probe.EVERYTHING)
    assert came_of.pop("start a thread") == "can't start new thread"
    assert {name: what for name, what in came_of.items() if what != "EPERM"} == {}
    assert set(environment) <= {"PYTHONHASHSEED", "LC_CTYPE"}  # the second is the interpreter's own


STOPPED_BY = {
    "unprivileged": ["become root"],
    "rlimits": [*probe.DESCRIPTORS, "open a file to read", "list a folder", "fork", "start a thread"],
    "landlock": [
        *probe.FILES,
        "start a program",
        "signal its parent",
        "signal the first process",
        "trace its parent",
    ],
    "seccomp": list(probe.EVERYTHING),
}


@pytest.mark.parametrize("layer", STOPPED_BY)
def test_a_layer_stops_alone_what_it_is_there_for(layer: str, in_force: tuple[str, ...]) -> None:
    needs(layer, in_force)
    names = STOPPED_BY[layer]
    if layer == "landlock" and landlock.version() < 6:
        names = [name for name in names if not name.startswith("signal")]
    done = subprocess.run(
        [sys.executable, str(PROBE), "alone", layer, *names],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd="/",
    )
    came_of: dict[str, str] = json.loads(done.stdout)
    assert list(came_of) == names
    assert "done" not in came_of.values(), came_of


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


@pytest.mark.skipif(not LINUX, reason="only Linux tells of processes in /proc")
def test_the_kernel_says_so_too(in_force: tuple[str, ...]) -> None:
    with Sandbox() as sandbox:
        sandbox.match("a", "a")
        assert sandbox._worker is not None
        worker = status(sandbox._worker.pid)
        server = status(int(worker["PPid"]))
    assert worker["NoNewPrivs"] == server["NoNewPrivs"] == "1"
    assert worker["Seccomp"] == server["Seccomp"] == "2"
    for process_ in (worker, server):
        assert "0" not in process_["Uid"].split()
        assert process_["CapEff"] == process_["CapPrm"] == "0" * 16
    assert server["PPid"] == str(os.getpid())


def run_filter(steps: bytes, architecture: int, number: int, arguments: list[int]) -> int:
    """What the kernel's packet filter does, as far as our programs use it."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments)
    program = [struct.unpack_from("=HBBI", steps, at) for at in range(0, len(steps), 8)]
    accumulator, at = 0, 0
    while True:
        code, if_true, if_false, value = program[at]
        at += 1
        match code:
            case 0x20:
                accumulator = struct.unpack_from("=I", data, value)[0]
            case 0x54:
                accumulator &= value
            case 0x15:
                at += if_true if accumulator == value else if_false
            case 0x35:
                at += if_true if accumulator >= value else if_false
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(f"instruction {code:#x}")


ANY = st.integers(0, 2**64 - 1)
NUMBERS = st.integers(0, 460) | st.integers(0, 2**32 - 1)
POLICIES = {"answering": seccomp.ANSWERING, "forking": seccomp.FORKING}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("machine", seccomp.MACHINES)
@given(data=st.data())
def test_a_filter_lets_through_what_is_listed_and_nothing_else(
    machine: str, policy: str, data: st.DataObject
) -> None:
    audit, numbers = seccomp.MACHINES[machine]
    allowed = POLICIES[policy]
    steps = seccomp.program(machine, allowed)
    name = data.draw(st.sampled_from(sorted(allowed)) | st.none())
    number = numbers.get(name, -1) if name else data.draw(NUMBERS)
    if number < 0:
        return
    arguments = data.draw(st.lists(ANY, min_size=6, max_size=6))
    for must in allowed.get(name or "", ()):
        if data.draw(st.booleans()):
            arguments[must.argument] = (arguments[must.argument] & ~must.mask & (2**64 - 1)) | must.value
    known = {numbers[name]: musts for name, musts in allowed.items() if name in numbers}
    if number in known:
        fits = all((arguments[m.argument] & 0xFFFFFFFF & m.mask) == m.value for m in known[number])
        expected = seccomp.ALLOW if fits else seccomp.DENY
    else:
        expected = seccomp.KILL if machine == "x86-64" and number >= 0x40000000 else seccomp.DENY
    assert run_filter(steps, audit, number, arguments) == expected
    assert run_filter(steps, audit ^ 1, number, arguments) == seccomp.KILL


OUTSIDE = {
    "clone",
    "connect",
    "execve",
    "execveat",
    "fork",
    "kill",
    "open",
    "openat",
    "ptrace",
    "socket",
    "write",
}


def test_no_filter_lets_through_what_reaches_outside() -> None:
    assert not OUTSIDE & set(seccomp.ANSWERING)
    assert OUTSIDE & set(seccomp.FORKING) == {"kill", "clone", "fork"}


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_numbers_of_calls_are_the_kernels(machine: str) -> None:
    folders = {"x86-64": "x86_64-linux-gnu/asm/unistd_64.h", "arm64": "asm-generic/unistd.h"}
    header = Path("/usr/include") / folders[machine]
    if not header.exists():
        pytest.skip(f"no kernel headers at {header}")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text())
    numbers = {name: int(number) for name, number in found}
    for name, number in seccomp.MACHINES[machine].calls.items():
        assert numbers[name] == number, name


@pytest.mark.parametrize(
    ("version", "sizes"),
    [(1, (13,)), (2, (14,)), (3, (15,)), (4, (15, 2)), (5, (16, 2)), (6, (16, 2, 2)), (9, (16, 2, 2))],
)
def test_a_ruleset_handles_all_that_its_version_knows(version: int, sizes: tuple[int, ...]) -> None:
    handled: Any = struct.unpack(f"={len(sizes)}Q", landlock.ruleset(version))
    assert handled == tuple(2**bits - 1 for bits in sizes)
