"""A sandbox in company: other processes, other threads, event loops, vector environments."""

import asyncio
import multiprocessing
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import hosts
import pytest
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from hosts import ECHO, LOOP, TRUE, alive, ask, pid
from running import needs_proc, until

import trpg_env  # noqa: F401 - registers AgentRefine-v0
from trpg_env.sandbox import Sandbox

METHODS = multiprocessing.get_all_start_methods()

# Other tests' threads are no concern of a forked child here.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


@pytest.fixture
def short() -> Any:
    with Sandbox(deadline=0.1) as sandbox:
        assert sandbox.match("a", "a") == {}
        yield sandbox


@pytest.mark.parametrize("method", METHODS)
def test_a_sandbox_handed_to_a_process_works_on_both_sides(short: Sandbox, method: str) -> None:
    parents = pid(short)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        answers = pool.map(partial(ask, short), range(3))
        assert ask(short, 7) == ("a7 7", "timeout", "a7 7")
        replaced = pid(short)
        assert list(answers) == [(f"a{n} {n}", "timeout", f"a{n} {n}") for n in range(3)]
    assert pid(short) == replaced != parents
    assert short.validate(TRUE, "a", {}, {}).accepted


def test_a_childs_end_leaves_the_parents_sandbox_alone(short: Sandbox) -> None:
    parents = pid(short)
    context = multiprocessing.get_context("fork")
    for end in (short.close, partial(ask, short, 1), sys.exit, partial(os._exit, 0)):
        child = context.Process(target=end)
        child.start()
        child.join(hosts.LIMIT)
        assert child.exitcode == 0
        assert short.validate(TRUE, "a", {}, {}).accepted
        assert pid(short) == parents


def test_a_fork_in_the_middle_of_another_threads_hanging_call() -> None:
    with Sandbox(deadline=1) as sandbox, ThreadPoolExecutor(1) as pool:
        assert sandbox.match("a", "a") == {}
        hanging = pool.submit(sandbox.validate, LOOP, "a", {}, {})
        assert until(hanging.running)
        time.sleep(0.05)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            try:
                os._exit(0 if sandbox.validate(ECHO, "a", {}, 1).message == "a 1" else 1)
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert hanging.result(hosts.LIMIT).fault == "timeout"
        assert sandbox.validate(TRUE, "a", {}, {}).accepted


@needs_proc
def test_a_forked_child_that_outlives_a_killed_host_does_not_keep_its_worker() -> None:
    printed = hosts.run(
        """
        sandbox = Sandbox()
        sandbox.match("a", "a")
        if child := os.fork():
            print(child, *family(sandbox), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        for stream in (1, 2):
            os.close(stream)
        time.sleep(60)
        """
    )
    child, *family = map(int, printed.stdout.split())
    try:
        assert until(lambda: not any(map(alive, family)), 20)
        assert alive(child)
    finally:
        os.kill(child, 9)


def test_a_hang_in_one_thread_leaves_the_others_their_answers(short: Sandbox) -> None:
    def call(n: int) -> bool:
        if n % 40 == 20:
            return short.validate(LOOP, "a", {}, {}).fault == "timeout"
        return short.validate(ECHO, f"a{n}", {}, n).message == f"a{n} {n}"

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(160)))


def test_a_sandbox_of_ones_own_is_not_held_up_by_anothers_hang() -> None:
    with Sandbox(deadline=30) as slow, Sandbox() as quick, ThreadPoolExecutor(1) as pool:
        assert slow.match("a", "a") == {}
        hanging = pool.submit(slow.validate, LOOP, "a", {}, {})
        assert all(quick.validate(ECHO, f"a{n}", {}, n).message == f"a{n} {n}" for n in range(50))
        assert not hanging.done()
        while not hanging.done():  # it is tried anew, but not for ever
            if worker := slow._worker:
                hosts.kill(worker.pid)
            time.sleep(0.01)
        assert hanging.result(hosts.LIMIT).fault == "crash"


def test_threads_with_sandboxes_of_their_own() -> None:
    def live(n: int) -> Any:
        with Sandbox(deadline=0.1) as sandbox:
            return ask(sandbox, n)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(live, range(6))) == [(f"a{n} {n}", "timeout", f"a{n} {n}") for n in range(6)]


def test_coroutines_may_ask_directly_and_by_way_of_threads(short: Sandbox) -> None:
    async def main() -> None:
        assert short.validate(ECHO, "a", {}, 0).message == "a 0"
        answers = await asyncio.gather(*(asyncio.to_thread(ask, short, n) for n in range(4)))
        assert answers == [(f"a{n} {n}", "timeout", f"a{n} {n}") for n in range(4)]
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        assert short.validate(LOOP, "a", {}, 0).fault == "timeout"
        assert await child.wait() == 0

    asyncio.run(main())


def test_a_cancelled_coroutine_leaves_the_sandbox_in_order(short: Sandbox) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(short.validate, LOOP, "a", {}, 0), 0.01)
        assert short.validate(ECHO, "a", {}, 1).message == "a 1"

    asyncio.run(main())


def make_coded() -> gym.Env[str, str]:
    code = "def validate(action, params, state):\n    return params['n'] == 'two' or f\"{params['n']} is wrong\"\n"
    script = {
        "goal": "Say two.",
        "environment": {"player": {}, "places": {"hall": {}}},
        "completion_conditions": [{"text": "Said.", "when": "player.said"}],
        "available_actions": {
            "say {n}": {
                "verification_code": code,
                "parameters": {"n": ["one", "two"]},
                "effects": ["player.said = true"],
            }
        },
    }
    return gym.make("AgentRefine-v0", script=script)


@pytest.mark.parametrize(
    "make_vector",
    [
        SyncVectorEnv,
        *(partial(AsyncVectorEnv, shared_memory=False, context=method) for method in METHODS),
    ],
    ids=["sync", *METHODS],
)
def test_gymnasiums_vector_environments_verify(make_vector: Callable[..., Any]) -> None:
    vector = make_vector([make_coded, make_coded])
    try:
        vector.reset(seed=0)
        observations, rewards, *_ = vector.step(("say one", "say two"))
        assert "one is wrong" in observations[0]
        assert list(rewards) == [0.0, 1.0]
    finally:
        vector.close()


def test_a_vector_environment_beside_a_sandbox_in_use(short: Sandbox) -> None:
    hang = threading.Thread(target=short.validate, args=(LOOP, "a", {}, {}))
    hang.start()
    test_gymnasiums_vector_environments_verify(
        partial(AsyncVectorEnv, shared_memory=False, context=METHODS[0])
    )
    hang.join(hosts.LIMIT)
    assert not hang.is_alive()
    assert short.validate(TRUE, "a", {}, {}).accepted


@needs_proc
def test_many_sandboxes_at_once_are_many_families_and_then_none() -> None:
    sandboxes = [Sandbox() for _ in range(5)]
    assert all(sandbox.match("a", "a") == {} for sandbox in sandboxes)
    families = {process for sandbox in sandboxes for process in (pid(sandbox), hosts.server(sandbox))}
    assert len(families) == 10
    for sandbox in sandboxes:
        sandbox.close()
    assert not any(Path(f"/proc/{process}").exists() for process in families)
