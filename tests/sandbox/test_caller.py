"""The caller's side of a sandbox: its worker, its deadline, its batches, its faults."""

import copy
import gc
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from trpg_env.sandbox import Sandbox, SandboxFault, SourceRejected, Verdict, process
from trpg_env.sandbox.process import WorkerProcess

TRUE = "def validate(action, params, state):\n    return True\n"
LOOP = "def validate(action, params, state):\n    while True:\n        pass\n"
BOMB = "def validate(action, params, state):\n    x = 'a' * 10**10\n    return True\n"
CRASH = "def validate(action, params, state):\n    g = range(3)\n    for i in range(120000):\n        g = map(abs, g)\n    return list(g)\n"
RAISES = "def validate(action, params, state):\n    return 1 / 0\n"
ECHO = "def validate(action, params, state):\n    return f'{action} {params} {state}'\n"


def pid(sandbox: Sandbox) -> int:
    assert sandbox._worker is not None
    return sandbox._worker.pid


def exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("source", "fault"),
    [(LOOP, "timeout"), (BOMB, "memory"), (CRASH, "crash"), (RAISES, "exception"), ("x", "rejected")],
)
def test_after_a_fault_the_next_call_is_fine(sandbox: Sandbox, source: str, fault: str) -> None:
    started = time.monotonic()
    verdict = sandbox.validate(source, "a", {}, {})
    assert (verdict.accepted, verdict.fault) == (False, fault)
    assert verdict.message
    assert time.monotonic() - started < 2
    assert sandbox.validate(TRUE, "a", {}, {}) == Verdict(True)


def test_whoever_runs_out_of_memory_is_replaced_at_once_and_who_says_memory_is_not() -> None:
    says = "def validate(action, params, state):\n    return 'memory'\n"
    with Sandbox() as sandbox:
        assert sandbox.validate(says, "a", {}, {}).message == "memory"
        first = pid(sandbox)
        assert sandbox.validate(says, "a", {}, {}).message == "memory"
        assert pid(sandbox) == first
        assert sandbox.validate(BOMB, "a", {}, {}).fault == "memory"
        assert pid(sandbox) != first


def test_nothing_is_started_before_the_first_use() -> None:
    with Sandbox() as sandbox:
        assert sandbox._worker is None


def test_the_deadline_is_the_callers() -> None:
    with Sandbox(deadline=0.05) as sandbox:
        sandbox.validate(TRUE, "a", {}, {})
        started = time.monotonic()
        assert sandbox.validate(LOOP, "a", {}, {}).fault == "timeout"
        assert 0.05 <= time.monotonic() - started < 2


@pytest.mark.parametrize("deadline", [0, -1, float("nan"), float("inf")])
def test_a_deadline_must_be_a_time(deadline: float) -> None:
    with pytest.raises(ValueError, match="deadline"):
        Sandbox(deadline=deadline)


def test_closing_ends_the_worker_and_using_starts_another() -> None:
    sandbox = Sandbox()
    sandbox.close()
    assert sandbox.match("a", "a") == {}
    first = pid(sandbox)
    sandbox.close()
    sandbox.close()
    assert not exists(first)
    assert sandbox.match("a", "a") == {}
    sandbox.close()


def test_a_forgotten_sandbox_takes_its_worker_along() -> None:
    sandbox = Sandbox()
    assert sandbox.match("a", "a") == {}
    worker = pid(sandbox)
    del sandbox
    gc.collect()
    assert not exists(worker)


def test_the_worker_holds_nothing_but_its_socket(sandbox: Sandbox) -> None:
    sandbox.match("a", "a")
    place = Path(f"/proc/{pid(sandbox)}")
    if not place.exists():
        pytest.skip("no /proc")
    targets = {entry.name: str(entry.readlink()) for entry in (place / "fd").iterdir()}
    assert targets.pop("0").startswith("socket:")
    assert set(targets.values()) <= {"/dev/null"}
    assert (place / "environ").read_bytes() == b"PYTHONHASHSEED=0\x00"
    limits = (place / "limits").read_text()
    for name in ("Max open files", "Max file size", "Max core file size", "Max processes"):
        line = next(line for line in limits.splitlines() if line.startswith(name))
        assert line.removeprefix(name).split()[:2] == ["0", "0"]


def test_a_copy_is_an_unstarted_sandbox_with_the_same_settings() -> None:
    with Sandbox(deadline=0.5) as sandbox:
        sandbox.match("a", "a")
        for twin in (copy.deepcopy(sandbox), pickle.loads(pickle.dumps(sandbox))):
            assert (twin.deadline, twin._worker) == (0.5, None)


def test_threads_take_turns(sandbox: Sandbox) -> None:
    def ask(n: int) -> bool:
        return (
            sandbox.match(r"(\d+)", str(n)) == {1: str(n)}
            and sandbox.validate(ECHO, str(n), {}, n).message == f"{n} {{}} {n}"
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(400)))


def test_the_caller_loads_nothing_of_the_language() -> None:
    code = "import sys, trpg_env.sandbox; print('RestrictedPython' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False\n"


def test_a_worker_that_cannot_start_is_a_fault_of_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Sandbox() as sandbox:
        with pytest.raises(SandboxFault, match="cannot be started"):
            sandbox.match("a", "a")
        verdict = sandbox.validate(TRUE, "a", {}, {})
        assert (verdict.accepted, verdict.fault) == (False, "crash")
        monkeypatch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(SandboxFault, match=r"did not start: it ended at once$"):
            sandbox.check(TRUE)


def test_what_keeps_a_worker_from_starting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_libraries", list)
    with (
        Sandbox() as sandbox,
        pytest.raises(SandboxFault, match=r"No module named '(msgpack|RestrictedPython)'"),
    ):
        sandbox.match("a", "a")


@pytest.mark.parametrize(
    "reply",
    [
        7,
        2**70,
        [[[]]],
        [],
        [7],
        [None],
        [["timeout"]],
        [["no fault", "x"]],
        ["a", "b"],
        {"a": 1},
        [["exception", 3]],
    ],
)
def test_a_lying_worker_is_not_believed(monkeypatch: pytest.MonkeyPatch, reply: Any) -> None:
    with Sandbox() as sandbox:
        monkeypatch.setattr(WorkerProcess, "exchange", lambda *_: reply)
        assert sandbox.validate(TRUE, "a", {}, {}).fault == "crash"
        with pytest.raises(SourceRejected) as rejected:
            sandbox.match("a", "a")
        assert rejected.value.fault == "crash"


def test_nothing_survives_between_calls(sandbox: Sandbox) -> None:
    code = (
        "SEEN = []\ndef remember(item, kept=[]):\n    kept.append(item)\n    return len(kept)\n"
        "def validate(action, params, state):\n    SEEN.append(action)\n    state.append(1)\n    params['x'] = 1\n"
        "    global len_\n    len_ = 3\n    return f'{SEEN} {remember(1)} {state} {params}'\n"
    )
    params, state = {"a": "b"}, [0]
    verdicts = sandbox.validate_many([(code, "go", params, state)] * 3)
    verdicts.append(sandbox.validate(code, "go", params, state))
    assert {verdict.message for verdict in verdicts} == {"['go'] 1 [0, 1] {'a': 'b', 'x': 1}"}
    assert (params, state) == ({"a": "b"}, [0])


def test_every_call_has_the_memory_it_is_promised() -> None:
    hoard = "KEPT = []\ndef validate(action, params, state):\n    KEPT.append('a' * (120 * 2**20))\n    return True\n"
    with Sandbox(deadline=3) as sandbox:
        assert all(sandbox.validate(hoard, "a", {}, {}).accepted for _ in range(4))


def test_a_batch_gives_what_single_calls_give(sandbox: Sandbox) -> None:
    checks = [
        (source, f"a{n}", {"n": "1"}, {"k": n}) for n in range(40) for source in (TRUE, ECHO, RAISES, "x")
    ]
    for place, source in ((3, LOOP), (50, BOMB), (51, CRASH), (120, LOOP)):
        checks.insert(place, (source, "a", {}, {}))
    assert sandbox.validate_many(checks) == [sandbox.validate(*check) for check in checks]
    assert sandbox.validate_many([]) == []


def test_a_long_batch_of_honest_work_does_not_run_into_the_deadline(sandbox: Sandbox) -> None:
    slow = (
        "def validate(action, params, state):\n    for i in range(600000):\n        pass\n    return True\n"
    )
    started = time.monotonic()
    assert all(verdict.accepted for verdict in sandbox.validate_many([(slow, "a", {}, {})] * 60))
    assert time.monotonic() - started > 0.2


DEEP: list[Any] = []
for _ in range(10_000):
    DEEP = [DEEP]
CYCLE: list[Any] = []
CYCLE.append(CYCLE)


UNASKABLE: dict[str, tuple[Any, Any, Any, Any]] = {
    "no source": (None, "a", {}, {}),
    "bytes": (b"x", "a", {}, {}),
    "a list": (["x"], "a", {}, {}),
    "no action": (TRUE, None, {}, {}),
    "no params": (TRUE, "a", None, {}),
    "an object": (TRUE, "a", {}, object()),
    "a deep state": (TRUE, "a", {}, DEEP),
    "a cyclic state": (TRUE, "a", {}, CYCLE),
    "NUL": ("\0", "a", {}, {}),
    "a lone surrogate": ("'\ud800'", "a", {}, {}),
    "a huge source": ("#" * 10_000_000, "a", {}, {}),
    "a huge action": (TRUE, "a" * 20_000_000, {}, {}),
    "brackets": ("(" * 3_000, "a", {}, {}),
    "minus signs": ("-" * 30_000 + "1", "a", {}, {}),
}


@pytest.mark.parametrize("asked", UNASKABLE)
def test_what_cannot_be_asked_is_rejected(sandbox: Sandbox, asked: str) -> None:
    verdict = sandbox.validate(*UNASKABLE[asked])
    assert (verdict.accepted, verdict.fault) == (False, "rejected")
    assert verdict.message
    assert sandbox.validate_many([(TRUE, "a", {}, {}), UNASKABLE[asked]]) == [Verdict(True), verdict]


@pytest.mark.parametrize(
    "value", [2**70, -(2**63) - 1, "\ud800\udc00 é\0", {1: {2: 3}}, [None, 1.5, True], {"": []}], ids=repr
)
def test_any_json_value_crosses_unchanged(sandbox: Sandbox, value: Any) -> None:
    code = (
        f"def validate(action, params, state):\n    return state == {value!r} and params['p'] == {value!r}\n"
    )
    assert sandbox.validate(code, "a", {"p": value}, value).accepted


def test_a_large_request_crosses(sandbox: Sandbox) -> None:
    text = "é" * 1_000_000
    assert sandbox.match("(é*)", text) == {1: text}
